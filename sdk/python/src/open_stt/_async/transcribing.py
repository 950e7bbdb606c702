"""From a recording to its transcript (asyncio): sent, followed, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from open_stt._async.primitives import sleep
from open_stt._async.transport import Transport
from open_stt._async.uploads import upload
from open_stt.calls import Call
from open_stt.errors import ConnectionFailedError, NotFoundError, ServerError, TranscriptionError
from open_stt.policy import Deadline, wait_before_retry
from open_stt.progress import ProgressReport, is_over
from open_stt.recordings import Form, Recording
from open_stt.types import Accepted, TranscriptDetail

OnProgress = Callable[[ProgressReport], Any]
Result = TranscriptDetail | str
# A recording from here on is sent in parts that go on where they were cut.
PARTS_FROM_BYTES = 64 * 1024 * 1024
TEXT_FORMATS = {"txt": "txt", "text": "txt", "srt": "srt", "vtt": "vtt"}
# The server's streams send something every 15 s.
_SILENCE_S = 45.0
_MOST_FAILURES = 8


async def submit(
    transport: Transport,
    recording: Recording,
    options: dict[str, str],
    *,
    on_progress: OnProgress | None = None,
) -> Accepted:
    """Send a recording, and return what it became once the server has all of it."""
    size = recording.size_bytes
    in_parts = transport.api_key and (size is None or size >= PARTS_FROM_BYTES)
    if not in_parts:
        form = Form({**options, "async": "true"}, recording)
        call = Call("POST", "/v1/transcribe", form=form, is_idempotent=True)
        return await transport.answer(Accepted, call)

    def report(sent: int) -> None:
        if on_progress is not None:
            on_progress(ProgressReport("uploading", done=sent, total=size))

    transcript_id = await upload(transport, recording, options, on_sent=report)
    detail = await transport.get(TranscriptDetail, f"/api/v1/transcripts/{transcript_id}/")
    return as_accepted(detail)


async def submit_url(transport: Transport, url: str, options: dict[str, str]) -> Accepted:
    """Have the server fetch a recording from its address."""
    form = Form({**options, "url": url, "async": "true"}, None)
    call = Call("POST", "/v1/transcribe", form=form, is_idempotent=True)
    return await transport.answer(Accepted, call)


async def wait_for(
    transport: Transport,
    transcript_id: str,
    *,
    token: str = "",
    on_progress: OnProgress | None = None,
    timeout: float | None = None,
) -> TranscriptDetail:
    """Follow a transcript to its end and return it.

    Raises TranscriptionError where it failed or was stopped, DeadlineError after `timeout` s.
    """
    deadline = Deadline(timeout)
    failures = 0
    last_id = ""
    while True:
        try:
            async for event in transport.events(
                Call(
                    "GET",
                    f"/api/v1/transcripts/{transcript_id}/events/",
                    token=token,
                    headers={"Last-Event-ID": last_id} if last_id else {},
                ),
                read_s=deadline.bounded(_SILENCE_S),
            ):
                failures = 0
                last_id = event.id or last_id
                report = ProgressReport.of_event(event.event, cast("Any", event.json()))
                if report is not None and on_progress is not None:
                    on_progress(report)
                deadline.left()
        except (ConnectionFailedError, ServerError):
            deadline.left()
            failures += 1
            if failures >= _MOST_FAILURES:
                raise
            await sleep(deadline.bounded(wait_before_retry(failures) or 0.0))
        # Where the stream was held back on its way, the transcript itself has the answer.
        detail = await read(transport, transcript_id, token=token)
        if is_over(detail["status"]):
            return finished(detail)
        deadline.left()


async def read(transport: Transport, transcript_id: str, *, token: str = "") -> TranscriptDetail:
    """Return a transcript as it is now."""
    call = Call("GET", f"/api/v1/transcripts/{transcript_id}/", token=token)
    return await transport.answer(TranscriptDetail, call)


async def as_result(
    transport: Transport, detail: TranscriptDetail, response_format: str, *, token: str = ""
) -> Result:
    """Return a finished transcript in the format that was asked for: an object, or text."""
    if response_format == "json":
        return detail
    if response_format == "verbose_json":
        words = [word for segment in detail["segments"] for word in segment["words"]]
        return cast("TranscriptDetail", {**detail, "words": words})
    name = TEXT_FORMATS[response_format]
    path = f"/api/v1/transcripts/{detail['id']}/export/{name}/"
    call = Call("GET", path, headers={"Accept": "*/*"}, token=token)
    return (await transport.send(call)).content.decode()


async def cancel(transport: Transport, transcript_id: str, *, token: str = "") -> bool:
    """Stop a transcription. Returns whether it was still there to be stopped."""
    try:
        await transport.send(
            Call("POST", f"/api/v1/transcripts/{transcript_id}/cancel/", token=token)
        )
    except NotFoundError:
        return False
    return True


def as_accepted(detail: TranscriptDetail) -> Accepted:
    return {
        "id": detail["id"],
        "status": detail["status"],
        "queue_position": detail["queue_position"],
        "progress": detail["progress"],
    }


def finished(detail: TranscriptDetail) -> TranscriptDetail:
    """Return a transcript that has text. Raises TranscriptionError."""
    if detail["status"] in ("completed", "completed_with_warnings"):
        return detail
    error = detail["error"]
    message = error["message"] if error else f"The transcription ended as {detail['status']}."
    code = error["code"] if error else detail["status"]
    raise TranscriptionError(message, code=code, transcript_id=detail["id"])


async def join(
    transport: Transport,
    recording: Recording,
    options: dict[str, str],
    *,
    response_format: str,
    timeout: float | None,
) -> Result:
    """Get a recording's text by sending it again: for keys that may transcribe and not read.

    The server joins the transcription that runs, or has its result; it is charged once.
    """
    deadline = Deadline(timeout)
    while True:
        form = Form({**options, "response_format": response_format}, recording)
        try:
            reply = await transport.send(
                Call("POST", "/v1/transcribe", form=form, is_idempotent=True), deadline=deadline
            )
        except ServerError as error:
            if error.code != "still_processing":
                raise
            await sleep(deadline.bounded(error.retry_after or 1.0))
            continue
        is_json = response_format in ("json", "verbose_json")
        return cast("Result", reply.json() if is_json else reply.content.decode())
