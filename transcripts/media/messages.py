"""What parent and child say to each other: plain bytes and JSON, never pickles.

The child reads hostile files. Whatever it sends is checked here as input and can't run code in
the parent. A message is one tag byte and a body: PCM, or a JSON object.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """What a recording is, by its content; some of its audio was really decoded.

    `duration_ms` is what the container declares, 0 where it declares nothing believable: use it
    for holds and progress, never for charging. `codec` is FFmpeg's name of the audio codec.
    """

    container: str
    codec: str
    duration_ms: int
    channels: int
    rate_hz: int
    has_video: bool
