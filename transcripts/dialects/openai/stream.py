"""`stream=true`: the text in deltas while it is recognised, whole at the end.

    {"type": "transcript.text.delta", "delta": …}       added to those before it, the text so far
    {"type": "transcript.text.segment", "speaker": …}   diarized_json only, once speakers are known
    {"type": "transcript.text.done", "text": …}         the whole text, which counts; then [DONE]

A delta is never taken back. A failure in mid-stream is an event `error`, which clients raise.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async

from stt_web.core.errors import ApiError
from transcripts.dialects.openai.answers import as_json, diarized_segment, write_event
from transcripts.dialects.openai.errors import as_openai
from transcripts.dialects.openai.request import DIARIZED, OpenAIRequest
from transcripts.editing.original import load_original
from transcripts.exports.document import Document
from transcripts.job_errors import job_error
from transcripts.jobs.api.events import read_segments, wait_for_change
from transcripts.jobs.api.transcribe import DeletedWhileWaitingError
from transcripts.jobs.status_watch import get_watcher
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.text.writing import is_spaced_between

_END = b"data: [DONE]\n\n"


async def stream_transcript(transcript_id: UUID, asked: OpenAIRequest) -> AsyncIterator[bytes]:
    """Yield the events until the job has ended."""
    sent_ms, text = 0, ""
    async with get_watcher().subscribe(transcript_id) as subscription:
        while True:
            snapshot = await wait_for_change(subscription)
            if snapshot is None:
                yield b": still here\n\n"
                continue
            while snapshot.is_open and (
                found := await sync_to_async(read_segments)(transcript_id, sent_ms)
            ):
                for end_ms, segment in found:
                    sent_ms = max(sent_ms, end_ms)
                    space = " " if is_spaced_between(text, segment["text"]) else ""
                    delta = space + segment["text"]
                    text += delta
                    yield write_event({"type": "transcript.text.delta", "delta": delta})
            if not snapshot.is_open:
                break
    try:
        document = await sync_to_async(_load)(transcript_id)
    except ApiError as error:
        yield write_event(as_openai(error), name="error")
        return
    for event in _end(document, asked, text):
        yield event


def _end(document: Document, asked: OpenAIRequest, text: str) -> list[bytes]:
    """What is left to say: the deltas that no one was told of, the speakers, the whole."""
    events = []
    if document.text.startswith(text) and len(document.text) > len(text):
        rest = document.text[len(text) :]
        events.append(write_event({"type": "transcript.text.delta", "delta": rest}))
    if asked.response_format == DIARIZED:
        events += [write_event(diarized_segment(*pair)) for pair in enumerate(document.segments)]
    whole = as_json(document, has_logprobs=asked.has_logprobs)
    del whole["usage"]  # its type there counts tokens only
    events.append(write_event({"type": "transcript.text.done", **whole}))
    return [*events, _END]


def _load(transcript_id: UUID) -> Document:
    transcript = Transcript.objects.filter(pk=transcript_id).first()
    if transcript is None:
        raise DeletedWhileWaitingError("This transcript was deleted while it was being worked on.")
    if transcript.status not in READABLE_STATUSES:
        raise job_error(transcript)
    return load_original(transcript)
