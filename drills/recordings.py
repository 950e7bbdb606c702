"""Speech for the drills: the beginning of the long recording that the tests have."""

import wave
from pathlib import Path

from drills.product import SAMPLES
from transcripts.media import open_decoder

_BYTES_A_SECOND = 32_000


def talk(*, seconds: int) -> bytes:
    """Return that many seconds of speech: 16-bit PCM, 16 kHz, mono. At most 180."""
    pcm = bytearray()
    with open_decoder(SAMPLES / "long_3min.flac") as decoder:
        for chunk in decoder:
            pcm += chunk
            if len(pcm) >= seconds * _BYTES_A_SECOND:
                break
    return bytes(pcm[: seconds * _BYTES_A_SECOND])


def write_talk(path: Path, *, seconds: int) -> None:
    """Write the same as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(talk(seconds=seconds))
