"""What becomes of each field of OpenAI's requests. The table in docs/openai.md is this one."""

from typing import Final

from transcripts.dialects.fidelity import Fate, Field

FIELDS: Final[dict[str, Field]] = {
    "file": Field(Fate.HONOURED, "every container that is accepted here"),
    "model": Field(
        Fate.HONOURED,
        "OpenAI's names mean the default model, those with “diarize” in them with speakers;"
        " names of this server's models mean those; `X-Model-Used` says which ran",
    ),
    "language": Field(Fate.HONOURED, "a code or an English name"),
    "languages[]": Field(Fate.HONOURED, "only these are detected"),
    "prompt": Field(Fate.HONOURED, "up to 1,000 characters"),
    "keywords[]": Field(Fate.HONOURED, "words that are likely to occur"),
    "response_format": Field(
        Fate.HONOURED, "json, text, srt, verbose_json, vtt; diarized_json (not for translations)"
    ),
    "timestamp_granularities[]": Field(
        Fate.HONOURED, "with verbose_json: segment (the default), word, or both"
    ),
    "include[]": Field(
        Fate.HONOURED, "`logprobs`, with json: a word each, the logarithm of its probability"
    ),
    "stream": Field(
        Fate.HONOURED,
        "text as it is recognised, whole at the end; json, text, diarized_json; by every model",
    ),
    "temperature": Field(
        Fate.IGNORED,
        "from 0 to 1; decoding begins at 0 and rises where a window fails, as Whisper's does",
    ),
    "chunking_strategy": Field(
        Fate.IGNORED, "speech is always cut at pauses found by voice activity"
    ),
    "known_speaker_names[]": Field(Fate.REFUSED, "voices are not compared across recordings"),
    "known_speaker_references[]": Field(Fate.REFUSED, "voices are not compared across recordings"),
}
