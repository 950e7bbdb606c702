"""Any recording in, 16 kHz mono PCM out; each recording is read in a process of its own.

    probe(path)         is it audio, what, how long?       MediaError if it can't be transcribed
    survey(path)        how does each of its tracks sound?
    open_decoder(path)  PCM int16 LE mono 16 kHz, lazily   the same, and DecoderDiedError
    read_excerpt(path)  a few seconds from anywhere, soon
    write_beeped(path)  a copy with a tone in the place of some spans
    OriginalDecoder     every channel at its own rate, as floats
    warm_up()           once at the start of a process: later starts cost milliseconds
    FORMATS             what is promised

Nothing here touches the database or Django; all of it may be called from any thread.
"""

from transcripts.media.beeped import BEEPED_FORMATS, write_beeped
from transcripts.media.decoder import (
    Decoder,
    MediaWarning,
    open_decoder,
    probe,
    read_excerpt,
    survey,
    warm_up,
)
from transcripts.media.errors import DecoderDiedError, MediaError
from transcripts.media.formats import FORMATS
from transcripts.media.messages import Pick, Probe, Track
from transcripts.media.originals import OriginalDecoder, SoundShape

__all__ = [
    "BEEPED_FORMATS",
    "FORMATS",
    "Decoder",
    "DecoderDiedError",
    "MediaError",
    "MediaWarning",
    "OriginalDecoder",
    "Pick",
    "Probe",
    "SoundShape",
    "Track",
    "open_decoder",
    "probe",
    "read_excerpt",
    "survey",
    "warm_up",
    "write_beeped",
]
