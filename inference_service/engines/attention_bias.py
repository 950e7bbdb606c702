"""How much too early the cross-attention of a Whisper places words, measured on exact truth.

`benchmarks/word_times.py` measures it: flite with its own durations (four voices, 535 words found)
and espeak-ng in German, English, Italian and Spanish (282 words), base on a CPU with int8. The
median error of a start is −54 ms and the mean −74 ms, alike in all languages and voices (mean −60
to −88 ms); after a shift of 60 ms and with the silence cut off, −8 ms. The rest is scatter, which
no constant takes away. tiny.en: see the table.

The bias comes from the 20-ms frames and from dynamic time warping, which gives the rise of
attention before a word to that word; it is a property of the family, so a Whisper that was not
measured is taken to have the one of base.
"""

from inference_service.engines.asr import Recogniser

_MEASURED_S = {"base": 0.06}
_OF_THE_FAMILY_S = 0.06


def attention_bias_s(recogniser: Recogniser) -> float:
    """Return what to add to the times of this model's words, in seconds."""
    if recogniser.engine != "faster-whisper":
        return 0.0
    return _MEASURED_S.get(recogniser.model_id, _OF_THE_FAMILY_S)
