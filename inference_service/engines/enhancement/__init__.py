"""Noise out of speech: engines that take and give samples, one stream a channel.

    DeepFilterNet3   48 kHz, speech of full bandwidth                (`deepfilternet`)
    GTCRN            16 kHz, for sources of a telephone's bandwidth  (`gtcrn`)
    Wiener           any rate, stationary noise only, no weights     (`stationary`)

What an engine takes away is bounded (`aligned`): music and clean speech lose no more than the
limit.
"""

from inference_service.engines.enhancement.enhancer import (
    LIMITS_DB,
    Enhancer,
    EnhancerStream,
    Samples,
    Strength,
)

__all__ = ["LIMITS_DB", "Enhancer", "EnhancerStream", "Samples", "Strength"]
