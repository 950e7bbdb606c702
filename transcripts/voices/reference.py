"""A reference, measured: is it one voice, some seconds of speech, without music?

By the inference service's own voice activity detection and speaker models, before anything is
spoken: `FindTurns` finds where which voice speaks, `Diarize` how many voices there are.

    ReferenceError (ApiError, 400)   too short or long, silent, music, two voices; with `measured`
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stt_web.core.errors import ApiError
from transcripts.inference.client import diarize, find_turns
from transcripts.inference.errors import UnsupportedRequestError
from transcripts.inference.results import SpeakerTurn
from transcripts.inference.servers import Server
from transcripts.media import Decoder, open_decoder, probe
from transcripts.voices.consent import MeasuredReference

SHORTEST_SPEECH_MS, LONGEST_SPEECH_MS = 3_000, 10_000
LONGEST_FILE_MS = 30_000
_RATE_HZ = 16_000
_BYTES_A_MS = 32
_CHUNK_BYTES = 32_000
# Below this the loudest tenth of a second is silence: the noise of a muted microphone.
_SILENT_DBFS = -50.0
# Speech stands out of what lies between its words by 20 dB and more where it is recorded alone;
# music below it fills the pauses. Measured on our own recordings and on them with chords below.
_LEAST_CONTRAST_DB = 12.0
_FRAME_MS = 20
_LEAST_PAUSE_FRAMES = 8
# A second voice that speaks less than this is a cough, a laugh or a fault of the model.
_SECOND_VOICE_MS = 700


class VoiceReferenceError(ApiError):
    """The reference is not some seconds of one voice alone; `measured` has what was found."""

    status = 400
    code = "bad_reference"


class NoSpeakerModelError(ApiError):
    """References can't be checked here: no speaker model is installed."""

    status = 503
    code = "not_installed"


@dataclass(frozen=True)
class Measured:
    """`contrast_db`: how far speech stands out of what lies around it; None: nothing lies there."""

    duration_ms: int
    speech_ms: int
    loudest_dbfs: float
    contrast_db: float | None
    voices: int

    def as_json(self) -> dict[str, object]:
        return {
            "duration": self.duration_ms / 1000,
            "speech": self.speech_ms / 1000,
            "loudest_dbfs": round(self.loudest_dbfs, 1),
            "contrast_db": None if self.contrast_db is None else round(self.contrast_db, 1),
            "voices": self.voices,
        }


def check_reference(path: Path, *, sha256: str, server: Server) -> MeasuredReference:
    """Return what is stored of it. Blocks for a second.

    Raises VoiceReferenceError, NoSpeakerModelError, MediaError, DecoderDiedError, InferenceError.
    """
    stated_ms = probe(path).duration_ms
    if stated_ms > LONGEST_FILE_MS:
        raise VoiceReferenceError(
            f"The reference is {stated_ms / 1000:.0f} s long. Send {_WANTED}.",
            extra={"measured": {"duration": stated_ms / 1000}},
        )
    measured = measure(_read_pcm(path), server=server)
    problem = _find_problem(measured)
    if problem:
        raise VoiceReferenceError(
            f"{problem} Send {_WANTED}.", extra={"measured": measured.as_json()}
        )
    return MeasuredReference(sha256, measured.duration_ms, measured.speech_ms)


_WANTED = "3 to 10 seconds of one person speaking, without music or noise"


def measure(pcm: bytes, *, server: Server) -> Measured:
    """pcm: int16 little-endian, mono, 16 kHz. Raises InferenceError, NoSpeakerModelError."""
    call = find_turns(_chunks(pcm), server=server)
    try:
        windows = list(call)
    except UnsupportedRequestError as error:
        raise NoSpeakerModelError(error.message) from error
    finally:
        call.cancel()
    turns = [turn for window in windows for turn in window.turns]
    intervals = [(turn.start_ms, turn.end_ms) for turn in turns]
    levels = _levels_db(pcm)
    return Measured(
        duration_ms=len(pcm) // _BYTES_A_MS,
        speech_ms=_covered_ms(intervals),
        loudest_dbfs=float(levels.max(initial=-120.0)),
        contrast_db=_contrast_db(levels, intervals),
        voices=_count_voices(turns, embedder=call.embedder, server=server),
    )


def _find_problem(found: Measured) -> str:
    if found.loudest_dbfs < _SILENT_DBFS:
        how = "too quiet" if found.speech_ms else "silent"
        return f"The reference is {how}: its loudest moment is at {found.loudest_dbfs:.0f} dBFS."
    if not found.speech_ms:
        return "No speech was found in the reference: it is music, noise or something else."
    if found.speech_ms < SHORTEST_SPEECH_MS:
        return f"The reference has only {found.speech_ms / 1000:.1f} s of speech."
    if found.speech_ms > LONGEST_SPEECH_MS:
        return f"The reference has {found.speech_ms / 1000:.1f} s of speech, which is too much."
    # Before the voices: under a voice, music may be taken for another one.
    if found.contrast_db is not None and found.contrast_db < _LEAST_CONTRAST_DB:
        return (
            "Music or noise lies under the speech of the reference: it is only "
            f"{found.contrast_db:.0f} dB louder than what is around it."
        )
    if found.voices > 1:
        return f"The reference has {found.voices} voices."
    return ""


def _read_pcm(path: Path) -> bytes:
    decoder: Decoder
    with open_decoder(path) as decoder:
        pcm = bytearray()
        for chunk in decoder:
            pcm += chunk
            if len(pcm) > LONGEST_FILE_MS * _BYTES_A_MS:
                seconds = LONGEST_FILE_MS // 1000
                raise VoiceReferenceError(
                    f"The reference is longer than {seconds} s. Send {_WANTED}.",
                    extra={"measured": {"duration": len(pcm) / _BYTES_A_MS / 1000}},
                )
        return bytes(pcm)


def _chunks(pcm: bytes) -> Iterator[bytes]:
    for start in range(0, len(pcm), _CHUNK_BYTES):
        yield pcm[start : start + _CHUNK_BYTES]


def _levels_db(pcm: bytes) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Levels of frames of 20 ms, in dBFS."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64) / 32_768
    frame = _RATE_HZ * _FRAME_MS // 1000
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-12))


def _contrast_db(
    levels: "np.ndarray[tuple[int], np.dtype[np.float64]]", intervals: list[tuple[int, int]]
) -> float | None:
    """How far the speech (its louder half) stands out of the quietest tenth of all frames."""
    if not intervals or len(levels) < _LEAST_PAUSE_FRAMES:
        return None
    is_speech = np.zeros(len(levels), bool)
    for start_ms, end_ms in intervals:
        is_speech[start_ms // _FRAME_MS : -(-end_ms // _FRAME_MS)] = True
    speech = np.median(levels[is_speech]) if is_speech.any() else None
    return None if speech is None else float(speech - np.percentile(levels, 5))


def _covered_ms(intervals: list[tuple[int, int]]) -> int:
    covered, until = 0, 0
    for start_ms, end_ms in sorted(intervals):
        covered += max(0, end_ms - max(start_ms, until))
        until = max(until, end_ms)
    return covered


def _count_voices(turns: list[SpeakerTurn], *, embedder: str, server: Server) -> int:
    """Voices that speak for more than a moment; 0 where no one does."""
    if not turns:
        return 0
    turns = sorted(turns, key=lambda turn: turn.start_ms)
    labels = diarize(turns, embedder=embedder, speakers=0, server=server, deadline_s=60.0)
    spoken: dict[int, int] = {}
    for turn, label in zip(turns, labels.speakers, strict=True):
        spoken[label] = spoken.get(label, 0) + turn.end_ms - turn.start_ms
    return max(1, sum(total >= _SECOND_VOICE_MS for total in spoken.values()))
