"""How much too early the cross-attention of a Whisper places words, measured on exact truth.

`benchmarks/word_times.py` measures it: flite with its own durations (four voices, 535 words found)
and espeak-ng in German, English, Italian and Spanish (282 words), on a CPU with int8.

- base: the median error of a start is -54 ms and the mean -74 ms, alike in all languages and voices
  (means -60 to -88 ms). After a shift of 65 ms and with the silence cut off: -3 ms
  (de -19, es 15, it 3, 197 words, windows encoded at their own length).
- tiny.en: 98 ms late (its conversion names other attention heads than base's).

So it is a property of a model and its conversion, not of the family: a model that was not measured
has its times unchanged. The rest is scatter, which no constant takes away.
"""

from inference_service.engines.asr import Recogniser

_MEASURED_S = {"base": 0.065, "tiny.en": -0.1}


def attention_bias_s(recogniser: Recogniser) -> float:
    """Return what to add to the times of this model's words, in seconds; 0 if not measured."""
    return _MEASURED_S.get(recogniser.model_id, 0.0)
