"""`GET transcripts/:id/` of a transcript that is too large to be rendered in a web process.

The head is written here; the segments are a worker's file, made as exports are, and sent in pieces.
Where no worker makes it in time, they are rendered here a few at a time, so that other requests
come in between.
"""

import json
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Avg
from django.db.models.functions import Length
from django.http import StreamingHttpResponse

from transcripts.exports.document import load_segments, spoken_language
from transcripts.exports.json import segment_as_json
from transcripts.exports.options import ExportOptions
from transcripts.exports.render import SEGMENTS
from transcripts.exports.waiting import read_in_chunks, wait_for_file
from transcripts.exports.worker_exports import ExportFailedError
from transcripts.models import Transcript
from transcripts.responses import describe_without_segments

_NO_SEGMENTS = '"segments": []'
_CHARACTERS_AT_ONCE = 50_000  # of text, with its words: tens of milliseconds


def answer_large(transcript: Transcript, headers: dict[str, str]) -> StreamingHttpResponse:
    """Return the transcript as `describe_transcript` has it. Five queries, and those of sending."""
    # No text can contain the empty list: the quotes in it are escaped.
    body = json.dumps(describe_without_segments(transcript), ensure_ascii=False)
    head, empty, tail = body.partition(_NO_SEGMENTS)
    return StreamingHttpResponse(
        _stream(transcript, head=head + empty.removesuffix("[]"), tail=tail),
        content_type="application/json",
        headers={**headers, "X-Accel-Buffering": "no"},
    )


async def _stream(transcript: Transcript, *, head: str, tail: str) -> AsyncIterator[bytes]:
    yield head.encode()
    segments = await _made_by_worker(transcript)
    async for chunk in segments or _made_here(transcript):
        yield chunk
    yield tail.encode()


async def _made_by_worker(transcript: Transcript) -> AsyncIterator[bytes] | None:
    try:
        file = await wait_for_file(
            transcript,
            format_name=SEGMENTS,
            options=ExportOptions(),
            timeout_s=settings.LARGE_ANSWER_WAIT_S,
        )
    except ExportFailedError:
        return None
    return None if file is None else read_in_chunks(file)


async def _made_here(transcript: Transcript) -> AsyncIterator[bytes]:
    count = await sync_to_async(_segments_at_once)(transcript)
    position, separator = 0, ""
    yield b"["
    while True:
        text, position = await sync_to_async(_render_some)(transcript, position, count)
        if not text:
            break
        yield (separator + text).encode()
        separator = ", "
    yield b"]"


def _segments_at_once(transcript: Transcript) -> int:
    size = transcript.segments.aggregate(mean=Avg(Length("text")))
    return max(1, int(_CHARACTERS_AT_ONCE / max(size["mean"] or 0, 50)))


def _render_some(transcript: Transcript, after: int, count: int) -> tuple[str, int]:
    """Return the next segments without brackets, and the position of the last."""
    language = spoken_language(transcript)
    segments, position = load_segments(transcript, after=after, count=count)
    shown = (
        json.dumps(segment_as_json(each, language=language), ensure_ascii=False)
        for each in segments
    )
    return ", ".join(shown), position
