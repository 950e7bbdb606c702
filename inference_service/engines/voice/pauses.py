"""From a model's samples to a sentence: its own silence is cut, and a pause of ours follows.

What is too loud for 16 bits is turned down as a whole, not cut off.
"""

from collections.abc import Sequence

import numpy as np

from inference_service.engines.voice.engine import Samples

# Models surround speech with up to 0.3 s of silence before and 0.8 s behind: it is cut where the
# level is below −40 dBFS, but for some milliseconds.
_SILENCE = 0.01
_BEFORE_MS, _BEHIND_MS, _PAUSE_MS = 30, 80, 250
# −1 dBFS: Kokoro's voice jm_kumo goes beyond 1 in short shouts.
_HIGHEST = 0.891


def join_parts(parts: Sequence[Samples], *, sample_rate_hz: int, is_last: bool) -> Samples:
    """Return a sentence of one or more parts, with the pause behind it unless it is the last."""
    joined = [_trim(part, sample_rate_hz) for part in parts]
    if joined and not is_last:
        joined.append(np.zeros(sample_rate_hz * _PAUSE_MS // 1000, np.float32))
    sentence = np.concatenate(joined) if joined else np.zeros(0, np.float32)
    peak = np.abs(sentence).max(initial=0.0)
    return sentence * np.float32(_HIGHEST / peak) if peak > _HIGHEST else sentence


def _trim(samples: Samples, sample_rate_hz: int) -> Samples:
    spoken = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not len(spoken):
        return samples[:0]
    start = max(0, int(spoken[0]) - sample_rate_hz * _BEFORE_MS // 1000)
    return samples[start : int(spoken[-1]) + sample_rate_hz * _BEHIND_MS // 1000]
