"""The process that reads one recording: confined, watched, and never trusted.

It sends messages (messages.py) and ends. It dies with its parent.
"""

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Final

import av.error
import av.logging

from transcripts.media.beep import beep_out
from transcripts.media.describe import describe
from transcripts.media.errors import MediaError
from transcripts.media.excerpt import read_excerpt
from transcripts.media.limits import longest_s
from transcripts.media.messages import MediaTask, note_message, pcm_message
from transcripts.media.original import original_out
from transcripts.media.pcm import RATE_HZ, read_pcm
from transcripts.media.recording import RecordingFile, open_recording, too_long
from transcripts.media.report import Report
from transcripts.media.survey import survey

_SAMPLES_PER_MS: Final = RATE_HZ // 1000
# While the start is decoded and discarded, so often the parent gets a sign of life.
_TICK_SAMPLES: Final = 300 * RATE_HZ


def serve(connection: Connection, job: MediaTask) -> None:
    """Do the job and report the result."""
    prepare_process()
    try:
        for message in _answer(job):
            connection.send_bytes(message)
    except MediaError as error:
        send_error(connection.send_bytes, error)
    except MemoryError:
        send_error(connection.send_bytes, _too_complex("memory"))
    except BrokenPipeError:
        return  # the parent has read enough
    except (av.error.FFmpegError, UnicodeError) as error:
        # FFmpeg refused something that it had accepted, or PyAV could not read what it gave.
        send_error(connection.send_bytes, _odd(), fault=_place_of(error))
    except Exception as error:  # noqa: BLE001  # the outermost guard of this process
        send_error(connection.send_bytes, _our_fault(), fault=_place_of(error))


def _answer(job: MediaTask) -> Iterator[bytes]:
    is_whole = job.is_survey or job.is_original or job.beep is not None
    is_probe = job.start_ms is None and not is_whole
    with open_recording(
        job.path, is_probe=is_probe, pick=job.pick, is_encoding=job.beep is not None
    ) as file:
        if job.beep is not None:
            yield from beep_out(file, job.beep, pick=job.pick)
        elif job.is_original:
            yield from original_out(file, pick=job.pick)
        elif job.is_survey:
            yield from survey(file)
        elif job.start_ms is None:
            yield describe(file, pick=job.pick)
        elif job.length_ms is not None:
            chunks = read_excerpt(
                file, pick=job.pick, start_ms=job.start_ms, length_ms=job.length_ms
            )
            yield from map(pcm_message, chunks)
            yield note_message("end")
        else:
            yield from _decode(file, job, start_ms=job.start_ms)


def _decode(file: RecordingFile, job: MediaTask, *, start_ms: int) -> Iterator[bytes]:
    report = Report()
    limit_samples = longest_s(file.size_bytes) * RATE_HZ
    skip_samples = start_ms * _SAMPLES_PER_MS
    position = ticked = 0
    for chunk in read_pcm(file, pick=job.pick, report=report):
        skipped = max(0, skip_samples - position)
        position += len(chunk) // 2
        if position > limit_samples:
            raise too_long()
        if fresh := chunk[skipped * 2 :]:
            yield pcm_message(fresh)
        elif position - ticked >= _TICK_SAMPLES:
            ticked = position
            yield note_message("tick")
    if position == 0:
        raise MediaError("corrupt_media", "No audio could be decoded from this file.")
    yield note_message("end", **report.as_fields(decoded_ms=position // _SAMPLES_PER_MS))


def _odd() -> MediaError:
    return MediaError("corrupt_media", "This file is damaged or unusual: its audio can't be read.")


def _our_fault() -> MediaError:
    return MediaError(
        "decoder_fault",
        "This recording could not be read because of a fault in this program. Sending it again"
        " will not help; another format of it may.",
        status=500,
    )


def _place_of(error: BaseException) -> str:
    """Return what failed and where, without a word of what the file holds."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def send_error(send: Callable[[bytes], None], error: MediaError, *, fault: str = "") -> None:
    """`fault`: for the log, where the error was not foreseen."""
    send(
        note_message(
            "error", code=error.code, message=error.message, status=error.status, fault=fault
        )
    )


def _too_complex(resource_name: str) -> MediaError:
    return MediaError("too_complex", f"Decoding this file takes too much {resource_name}.")


def prepare_process() -> None:
    """Signals of the terminal or the supervisor are for the parent, which then ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, _stop_for_cpu)
    # FFmpeg's errors are counted (`pcm.Loss`), and go nowhere.
    av.logging.set_level(av.logging.ERROR)
    logging.getLogger("libav").addHandler(logging.NullHandler())
    logging.getLogger("libav").propagate = False
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _stop_for_cpu(_signal: int, _frame: FrameType | None) -> None:
    raise _too_complex("time")


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "the child of a fork server has a parent"  # noqa: S101
    wait([parent.sentinel])
    os._exit(1)
