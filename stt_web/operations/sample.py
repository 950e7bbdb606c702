"""Ten seconds of real speech, which doctor and bench have recognised: it tries everything."""

from functools import cache
from pathlib import Path

from transcripts.media import open_decoder

SAMPLE = Path(__file__).resolve().parent.parent.parent / "samples" / "hello.flac"
BYTES_A_SECOND = 2 * 16_000


@cache
def read_sample() -> bytes:
    """Return the sample: int16 little-endian, mono, 16 kHz."""
    with open_decoder(SAMPLE) as decoder:
        return b"".join(decoder)


def read_speech(seconds: float, *, shift: int = 0) -> bytes:
    """Return so much of the sample, repeated, each `shift` from another start.

    The same file twice would be recognised once (`STT_JOIN_WINDOW_S`).
    """
    whole = read_sample()
    start = (shift * 7_001) % (len(whole) // 2) * 2
    rolled = whole[start:] + whole[:start]
    wanted = int(seconds * 16_000) * 2
    return (rolled * (wanted // len(rolled) + 1))[:wanted]
