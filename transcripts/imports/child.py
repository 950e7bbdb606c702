"""Reading a file that a client sent, in a process of its own: bounded in time and memory.

The parsers are linear, but sixteen megabytes occupy Python for a second, and the web process has
others to answer. The child knows neither Django nor the database: it imports none of it.
"""

import logging
import re
import resource
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from transcripts.imports.bounds import check_bounds, check_size
from transcripts.imports.decoding import decode_file
from transcripts.imports.own_json import read_json
from transcripts.imports.segments import Imported, ImportFileError, ImportTooLargeError
from transcripts.imports.subtitles import read_subtitles
from transcripts.media.errors import DecoderDiedError
from transcripts.media.process import end_process, start_process
from transcripts.media.sandbox import seal
from transcripts.text.retokenize import share_out
from transcripts.text.segments import Segment
from transcripts.text.words import INTERPOLATED, Word

log = logging.getLogger(__name__)

# The largest legal file takes about 3 s of one core; its objects 1.2 GB.
_CPU_S: Final = 30
_PATIENCE_S: Final = 60.0
_MEMORY_BYTES: Final = 3 * 1024**3
# Not MicroDVD's "{12}{345}", nor LRC's "[00:12.00]" or SubStation's "[Script Info]".
_JSON_START: Final = re.compile(r"\s*(?:\{(?!\d{1,9}\}\{)|\[\s*(?:[\[{\]]|-?\d{1,9}\s*[,\]]))")
_SEGMENTS_A_MESSAGE: Final = 500  # so that no message holds up the receiver's other threads


@dataclass(frozen=True)
class ImportJob:
    """`notices`: how our own files end (`exports.notice.all_notices`)."""

    path: Path
    encoding: str = ""
    language: str = ""
    notices: Mapping[str, str] = field(default_factory=dict)


class ImportStalledError(ImportFileError):
    """Reading took too much time or memory, or was killed; with Retry-After."""

    status = 503
    code = "import_failed"


# What reading a file raises, for `stt_web.core.documentation.raises`.
IMPORT_ERRORS = (ImportFileError, ImportTooLargeError, ImportStalledError)


def read_in_child(job: ImportJob) -> Imported:
    """Return what the file holds, each segment with words.

    Raises ImportFileError: 400 for a file that can't be imported, 413 too large, 503 where the
    child was killed.
    """
    check_size(job.path.stat().st_size)
    receiver, sender = Pipe(duplex=False)
    try:
        process = start_process(serve, (sender, job))
    except DecoderDiedError as error:
        receiver.close()
        raise _stalled() from error
    finally:
        sender.close()
    try:
        return _receive(receiver)
    except (EOFError, OSError) as error:
        raise _stalled() from error
    finally:
        receiver.close()
        end_process(process)


def _stalled() -> ImportStalledError:
    return ImportStalledError(
        "Reading this file was stopped: it took too long, or the server was too busy. Try again, or"
        " split the file.",
        retry_after_s=10,
    )


def _receive(receiver: Connection) -> Imported:
    segments: list[Segment] = []
    while True:
        if not receiver.poll(_PATIENCE_S):
            raise EOFError
        message = receiver.recv()
        if isinstance(message, list):
            segments += message
        elif isinstance(message, Imported):
            return replace(message, segments=tuple(segments))
        else:
            text, status, code, extra = message
            raise ImportFileError(text, status=status, code=code, extra=extra)


def serve(connection: Connection, job: ImportJob) -> None:
    """The child's main function: sends lists of segments, then the rest; or the error."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    seal(may_open_files=True)  # the file itself, and Python's tables of encodings
    try:
        imported = read_file(job)
    except ImportFileError as error:
        connection.send((error.message, error.status, error.code, error.extra))
        return
    segments = imported.segments
    for start in range(0, len(segments), _SEGMENTS_A_MESSAGE):
        part = segments[start : start + _SEGMENTS_A_MESSAGE]
        connection.send([_with_words(segment) for segment in part])
    connection.send(replace(imported, segments=()))


def read_file(job: ImportJob) -> Imported:
    """Return what the file holds; words as far as it has any. Raises ImportFileError."""
    content = job.path.read_bytes()
    text, guess = decode_file(content, encoding=job.encoding, language=job.language)
    text = text.replace("\x00", "")
    if _JSON_START.match(text) is not None:
        imported = read_json(text)
    else:
        imported = read_subtitles(text, notices=job.notices)
    check_bounds(imported)
    if guess is not None:
        imported = replace(imported, remarks=(guess, *imported.remarks))
    return imported


def _with_words(segment: Segment) -> Segment:
    return segment if segment.words else replace(segment, words=tuple(_share_out(segment)))


def _share_out(segment: Segment) -> Iterator[Word]:
    """Yield the words of a text without times of their own: its time, shared out by length."""
    parts = segment.text.split()
    if not parts:
        return
    times = share_out([len(part) for part in parts], segment.start_ms, segment.end_ms)
    for number, (part, (start_ms, end_ms)) in enumerate(zip(parts, times, strict=True)):
        yield Word(part, start_ms, end_ms, segment.confidence, number > 0, INTERPOLATED)
