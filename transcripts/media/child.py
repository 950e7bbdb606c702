"""The process that reads one recording: confined, watched, and never trusted.

It sends messages (messages.py) and ends. It dies with its parent.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Final

import av.logging

from transcripts.media.describe import describe
from transcripts.media.errors import MediaError
from transcripts.media.excerpt import read_excerpt
from transcripts.media.limits import longest_s
from transcripts.media.messages import Job, note_message, pcm_message
from transcripts.media.pcm import RATE_HZ, Damage, read_pcm
from transcripts.media.recording import Recording, open_recording, too_long

_SAMPLES_PER_MS: Final = RATE_HZ // 1000
# While the start is decoded and discarded, so often the parent hears that we live.
_TICK_SAMPLES: Final = 300 * RATE_HZ


def serve(connection: Connection, job: Job) -> None:
    """Do the job and say how it went."""
    prepare_process()
    try:
        for message in _answer(job):
            connection.send_bytes(message)
    except MediaError as error:
        send_error(connection.send_bytes, error)
    except MemoryError:
        send_error(connection.send_bytes, _too_complex("memory"))
    except BrokenPipeError:
        return  # the parent has heard enough


def _answer(job: Job) -> Iterator[bytes]:
    is_probe = job.start_ms is None
    with open_recording(job.path, is_probe=is_probe) as recording:
        if job.start_ms is None:
            yield describe(recording)
        elif job.length_ms is not None:
            pieces = read_excerpt(recording, start_ms=job.start_ms, length_ms=job.length_ms)
            yield from map(pcm_message, pieces)
            yield note_message("end")
        else:
            yield from _decode(recording, start_ms=job.start_ms)


def _decode(recording: Recording, *, start_ms: int) -> Iterator[bytes]:
    damage = Damage()
    limit_samples = longest_s(recording.size_bytes) * RATE_HZ
    skip_samples = start_ms * _SAMPLES_PER_MS
    position = ticked = 0
    for chunk in read_pcm(recording, damage=damage):
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
    yield note_message(
        "end",
        decoded_ms=position // _SAMPLES_PER_MS,
        promised_ms=recording.promised_ms,
        damaged_packets=damage.packets,
        damaged_ms=round(damage.seconds * 1000),
    )


def send_error(send: Callable[[bytes], None], error: MediaError) -> None:
    send(note_message("error", code=error.code, message=error.message, status=error.status))


def _too_complex(resource_name: str) -> MediaError:
    return MediaError("too_complex", f"Decoding this file takes too much {resource_name}.")


def prepare_process() -> None:
    """Signals of the terminal or the supervisor are for the parent, which then ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, _stop_for_cpu)
    av.logging.set_level(None)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _stop_for_cpu(_signal: int, _frame: FrameType | None) -> None:
    raise _too_complex("time")


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "the child of a fork server has a parent"  # noqa: S101
    wait([parent.sentinel])
    os._exit(1)
