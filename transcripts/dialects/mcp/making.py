"""Tools that make something: a transcript of an address, and results and answers from a transcript.

A wait ends before most clients' patience; the work goes on, and the same call waits on.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import anyio
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from transcripts.dialects.mcp import shapes
from transcripts.dialects.mcp.reading import Ctx, TranscriptId, rest_of
from transcripts.dialects.mcp.rest import RestBody, RestClient, RestError
from transcripts.models import OPEN_STATUSES

PRICE = (
    "One minute of the monthly allowance, or one credit, for each started minute of the recording;"
    " a recording that can't be fetched or transcribed costs nothing."
)
_OPEN = tuple(str(status) for status in OPEN_STATUSES)
WaitS = Annotated[
    int, Field(ge=0, le=280, description="Seconds to wait for the end; the work goes on after it.")
]
IdempotencyKey = Annotated[
    str,
    Field(
        max_length=255,
        description="Any text that you make up for this one request: sent again with the same, it"
        " is not done, or charged, twice.",
    ),
]
ModelName = Annotated[
    str, Field(description="`extractive` (quotes only), or a language model; empty: the best here.")
]


async def transcribe_url(
    ctx: Ctx,
    url: Annotated[str, Field(description="Of the audio or video file itself (http, https).")],
    accept_price: Annotated[
        bool, Field(description="false: only the price is answered. true: do it.")
    ] = False,
    idempotency_key: IdempotencyKey = "",
    language: Annotated[str, Field(description="A code of list_languages; empty: detect.")] = "",
    model: Annotated[str, Field(description="Of list_models; empty: the default.")] = "",
    diarize: Annotated[bool, Field(description="Tell speakers apart.")] = True,
    wait_s: WaitS = 45,
) -> shapes.Transcription:
    """Transcribe a recording that the server fetches from its address. This spends: one minute of
    the monthly allowance, or one credit, for each started minute of the recording. Called without
    accept_price it only answers what it costs and what is left; ask the user, then call it again
    with accept_price and an idempotency_key.
    """
    rest = rest_of(ctx)
    if not accept_price:
        return _answer("price_not_accepted", minutes_left=await _read_minutes_left(rest))
    fields = {
        "url": url,
        "language": language,
        "model": model,
        "diarize": str(diarize).lower(),
        "async": "true",
    }
    accepted = await rest.post(
        "/v1/transcribe", RestBody.of_form(fields), idempotency_key=idempotency_key
    )
    try:
        with anyio.move_on_after(wait_s):
            await _follow(ctx, rest, accepted["id"])
        found = await rest.get(f"/api/v1/transcripts/{accepted['id']}/", segments="false")
    except RestError as refusal:
        if refusal.code != "missing_scope":
            raise
        # A key that may transcribe and not read: what was accepted is all that it may know.
        return _answer(accepted["status"], transcript_id=accepted["id"])
    return _answer(
        found["status"],
        minutes_left=await _read_minutes_left(rest),
        transcript_id=found["id"],
        duration=found["duration"],
        credits_charged=found["credits_charged"],
        progress=found["progress"],
        error=found["error"]["message"] if found["error"] else None,
    )


async def summarize_transcript(
    ctx: Ctx,
    transcript_id: TranscriptId,
    style: Literal["brief", "detailed", "action_items", "bullet_points", "headline"] = "brief",
    speaker: Annotated[str, Field(description="Only what this speaker says.")] = "",
    start: Annotated[float | None, Field(description="Seconds: only from here")] = None,
    end: Annotated[float | None, Field(description="to here.")] = None,
    model: ModelName = "",
    idempotency_key: IdempotencyKey = "",
    wait_s: WaitS = 45,
) -> shapes.MadeResult:
    """Summarize a transcript; the summary is stored with it. It costs no credits."""
    fields = {"style": style, "speaker": speaker, "start": start, "end": end, "model": model}
    return await _make(ctx, transcript_id, "summarize", fields, idempotency_key, wait_s)


async def analyze_transcript(
    ctx: Ctx,
    transcript_id: TranscriptId,
    type: Literal[
        "sentiment", "topics", "entities", "action_items", "questions", "pii_redact"
    ],  # the tool's own argument
    idempotency_key: IdempotencyKey = "",
    wait_s: WaitS = 45,
) -> shapes.MadeResult:
    """Analyze a transcript: its sentiment, topics, names, tasks or questions, or the text with
    personal data masked; stored with it. It costs no credits.
    """
    return await _make(ctx, transcript_id, "analyze", {"type": type}, idempotency_key, wait_s)


async def generate_from_transcript(
    ctx: Ctx,
    transcript_id: TranscriptId,
    type: Annotated[  # the tool's own argument
        str,
        Field(
            description="key_quotes, show_notes, meeting_notes, study_guide, flashcards, quiz,"
            " chapter_markers; with a language model installed also blog_post, social_media,"
            " newsletter. Empty where `template` is sent."
        ),
    ] = "",
    template: Annotated[str, Field(description="The id of a template of notes.")] = "",
    notes: Annotated[str, Field(description="What `{{notes}}` of the template becomes.")] = "",
    model: ModelName = "",
    idempotency_key: IdempotencyKey = "",
    wait_s: WaitS = 45,
) -> shapes.MadeResult:
    """Make content from a transcript, as Markdown; stored with it. It costs no credits."""
    fields = {"type": type, "template": template, "notes": notes, "model": model}
    return await _make(ctx, transcript_id, "generate", fields, idempotency_key, wait_s)


async def chat_with_transcript(
    ctx: Ctx,
    transcript_id: TranscriptId,
    question: Annotated[str, Field(min_length=1, max_length=2000)],
    session_id: Annotated[str, Field(description="Of an answer before, to go on with it.")] = "",
    model: ModelName = "",
) -> shapes.ChatReply:
    """Ask a question about a transcript; the answer names its sources with their times. The
    conversation is stored. It costs no credits.
    """
    body = RestBody.of_json({"question": question, "session_id": session_id, "model": model})
    written = 0
    path = f"/api/v1/transcripts/{transcript_id}/chat/"
    async with rest_of(ctx).stream(path, body=body) as events:
        async for event in events:
            if event.name == "error":
                raise ToolError(f"{event.data['error']} (code: {event.data['code']})")
            if event.name == "done":
                return shapes.ChatReply.model_validate(event.data)
            written += len(event.data.get("text", ""))
            await ctx.report_progress(written, message="Characters of the answer are written.")
    raise ToolError("The answer broke off. Ask again.")


async def _follow(ctx: Ctx, rest: RestClient, transcript_id: str) -> None:
    """Return once the transcript is finished; report its progress until then."""
    async with rest.stream(f"/api/v1/transcripts/{transcript_id}/events/") as events:
        async for event in events:
            if event.name == "progress":
                done, total = event.data["done_s"], event.data["total_s"]
                await ctx.report_progress(done, total, "Seconds of the recording are transcribed.")
            elif event.name == "queue" and event.data["position"]:
                place = event.data["position"]
                await ctx.report_progress(0, message=f"Waiting at place {place} of the queue.")
            elif event.name == "done":
                return


async def _make(
    ctx: Ctx,
    transcript_id: object,
    operation: str,
    fields: Mapping[str, Any],
    idempotency_key: str,
    wait_s: int,
) -> shapes.MadeResult:
    rest, address = rest_of(ctx), f"/api/v1/transcripts/{transcript_id}/"
    job = await rest.post(
        f"{address}{operation}/",
        RestBody.of_json({**fields, "async": True}),
        idempotency_key=idempotency_key,
    )
    with anyio.move_on_after(wait_s):
        await _follow_text(ctx, rest, address, job["id"])
    job = await rest.get(f"/api/v1/text-jobs/{job['id']}/")
    if job["error"]:
        raise ToolError(f"{job['error']['message']} (code: {job['error']['code']})")
    result: dict[str, Any] = {}
    if job["result_id"]:
        result = await rest.get(f"{address}results/{job['result_id']}/")
    return shapes.MadeResult(
        status=job["status"],
        transcript_id=str(transcript_id),
        job_id=job["id"],
        result_id=job["result_id"],
        model=result.get("model"),
        text=result.get("text", ""),
        result=result.get("result"),
    )


async def _follow_text(ctx: Ctx, rest: RestClient, address: str, job_id: str) -> None:
    """Return once the job has ended; report its progress until then."""
    async with rest.stream(f"{address}events/", text_jobs="true") as events:
        async for event in events:
            if event.name != "text_job" or event.data["id"] != job_id:
                continue
            if event.data["status"] not in _OPEN:
                return
            done, total = event.data["progress"]["done"], event.data["progress"]["of"]
            await ctx.report_progress(done, total, "Parts of the text are read.")


async def _read_minutes_left(rest: RestClient) -> int | None:
    try:
        account = await rest.get("/api/v1/account/")
    except RestError as refusal:
        if refusal.code != "missing_scope":
            raise
        return None
    if account["minutes_left"] is None:
        return None
    return int(account["credits"]) + int(account["minutes_left"])


def _answer(status: str, **facts: Any) -> shapes.Transcription:
    empty: dict[str, Any] = dict.fromkeys(shapes.Transcription.model_fields)
    return shapes.Transcription.model_validate({**empty, "status": status, "price": PRICE, **facts})
