"""Tools that only read: transcripts, their files, models and languages."""

from typing import Annotated, Any, Literal, cast
from uuid import UUID

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, ResourceLink, TextContent
from pydantic import Field

from transcripts.dialects.mcp import shapes
from transcripts.dialects.mcp.rest import RestAnswer, RestClient
from transcripts.exports.render import EXPORTS
from transcripts.models import Status

REST = "stt.rest"  # where the layer puts the message's RestClient in the scope
Ctx = Context[Any, Any]
TranscriptId = Annotated[UUID, Field(description="As list_transcripts has it.")]
Page = Annotated[int, Field(ge=1, description="From 1; `next_page` of the page before.")]
TextFormat = Literal["txt", "srt", "vtt", "csv", "json", "docx", "pdf"]
_CHARACTERS = 20_000


def rest_of(ctx: Ctx) -> RestClient:
    return cast("RestClient", cast("Any", ctx.request_context.request).scope[REST])


async def list_transcripts(
    ctx: Ctx,
    search: Annotated[
        str, Field(description='Words in title and text; "a phrase", the begin* of a word.')
    ] = "",
    status: Annotated[
        str, Field(description=f"Empty: any. Else one of {', '.join(Status.values)}.")
    ] = "",
    language: Annotated[str, Field(description="A code of list_languages.")] = "",
    tag: str = "",
    page: Page = 1,
    page_size: Annotated[int, Field(ge=1, le=100)] = 20,
) -> shapes.TranscriptPage:
    """List the transcripts of the account, newest first, without their text. Free."""
    body = await rest_of(ctx).get(
        "/api/v1/transcripts/",
        search=search,
        status=status,
        language=language,
        tag=tag,
        page=page,
        page_size=page_size,
    )
    return shapes.TranscriptPage(
        count=body["count"],
        next_page=page + 1 if body["next"] else None,
        transcripts=[_list(row) for row in body["results"]],
    )


async def get_transcript(
    ctx: Ctx,
    transcript_id: TranscriptId,
    page: Page = 1,
    page_size: Annotated[int, Field(ge=1, le=200, description="Segments on a page.")] = 100,
) -> shapes.TranscriptText:
    """Read a transcript, page by page: who says what, and when. Also while it is still worked on:
    `status` and `progress` say how far it is. Free.
    """
    return await read_transcript(rest_of(ctx), str(transcript_id), page=page, page_size=page_size)


async def read_transcript(
    rest: RestClient, transcript_id: str, *, page: int, page_size: int
) -> shapes.TranscriptText:
    """Raises RestError."""
    address = f"/api/v1/transcripts/{transcript_id}/"
    found = await rest.get(address, segments="false")
    rows = await rest.get(f"{address}segments/", page=page, page_size=page_size)
    return shapes.TranscriptText(
        id=found["id"],
        title=found["title"],
        status=found["status"],
        duration=found["duration"],
        language=found["language"],
        model=found["model"],
        speakers=found["speakers"],
        progress=found["progress"],
        credits_charged=found["credits_charged"],
        error=found["error"]["message"] if found["error"] else None,
        warnings=[warning["message"] for warning in found["warnings"]],
        segment_count=rows["count"],
        next_page=page + 1 if rows["next"] else None,
        segments=rows["results"],
    )


async def export_transcript(
    ctx: Ctx,
    transcript_id: TranscriptId,
    format: Annotated[
        TextFormat, Field(description="docx and pdf come as a resource only.")
    ],  # the tool's own argument
    offset: Annotated[int, Field(ge=0, description="Characters; `next_offset` of before.")] = 0,
    max_characters: Annotated[int, Field(ge=100, le=100_000)] = _CHARACTERS,
) -> Annotated[CallToolResult, shapes.ExportedText]:
    """Read a transcript as a file: text, subtitles (srt, vtt), csv or json, in parts; docx and pdf
    as a resource. Free.
    """
    uri = uri_of(str(transcript_id), format)
    exported = await fetch_export(rest_of(ctx), str(transcript_id), format)
    content: list[ContentBlock] = []
    if is_text(format):
        whole = exported.body.decode()
        part, size = whole[offset : offset + max_characters], len(whole)
    else:
        part, size = "", len(exported.body)
        offset = size
    end = offset + len(part)
    body = shapes.ExportedText(
        format=format,
        uri=uri,
        size=size,
        next_offset=end if end < size else None,
        text=part,
    )
    content.append(TextContent(type="text", text=body.model_dump_json()))
    content.append(
        ResourceLink(
            type="resource_link",
            uri=uri,
            name=f"{transcript_id}.{format}",
            mime_type=mime_of(format),
            size=len(exported.body),
        )
    )
    return CallToolResult(content=content, structured_content=body.model_dump(mode="json"))


async def list_models(ctx: Ctx) -> shapes.ModelList:
    """List the recognition models, which of them are installed here, and the default. Free."""
    body = await rest_of(ctx).get("/v1/models")
    return shapes.ModelList(default_model=body["default_model"], models=body["models"])


async def list_languages(ctx: Ctx) -> shapes.LanguageList:
    """List the languages that can be transcribed, with their codes. Free."""
    body = await rest_of(ctx).get("/v1/languages")
    return shapes.LanguageList(languages=body["languages"])


async def fetch_export(rest: RestClient, transcript_id: str, format_name: str) -> RestAnswer:
    """Raises RestError; ToolError while a worker still makes the file."""
    answer = await rest.fetch(f"/api/v1/transcripts/{transcript_id}/export/{format_name}/")
    if answer.status == 202:
        raise ToolError(
            f"The {format_name} file is still being made (code: preparing). Ask again in some"
            " seconds."
        )
    return answer


def uri_of(transcript_id: str, format_name: str) -> str:
    return f"transcript://{transcript_id}/{format_name}"


def mime_of(format_name: str) -> str:
    return EXPORTS[format_name].content_type.partition(";")[0]


def is_text(format_name: str) -> bool:
    return format_name not in ("docx", "pdf")


def _list(row: dict[str, Any]) -> shapes.ListedTranscript:
    found = [highlight["text"] for highlight in row.get("highlights", ())]
    return shapes.ListedTranscript.model_validate({**row, "found": found})
