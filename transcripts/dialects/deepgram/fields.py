"""What becomes of each parameter of `POST /v1/listen`: the table in docs/deepgram.md."""

from typing import Final

from transcripts.dialects.fidelity import Fate, Field

_BEHIND = "nothing is made of the text here; ask `/api/v1/transcripts/:id/` for it"
_MODELS_OWN = "numbers are written as the model writes them"
FIELDS: Final[dict[str, Field]] = {
    "url": Field(
        Fate.HONOURED, "in a JSON body: fetched by this server, never from private networks"
    ),
    "model": Field(
        Fate.HONOURED,
        "Deepgram's names mean the default model, names of this server's models those;"
        " `X-Model-Used` and `metadata.model_info` say which ran",
    ),
    "language": Field(Fate.HONOURED, "a code or an English name; `multi`; without it, detected"),
    "detect_language": Field(
        Fate.HONOURED, "`true`, or codes, of which alone one is detected; `detected_language`"
    ),
    "language_hint": Field(Fate.HONOURED, "with `language=multi`: only these are expected"),
    "punctuate": Field(Fate.HONOURED, "`transcript` as it is written; else in lower case, bare"),
    "smart_format": Field(Fate.HONOURED, "as `punctuate`, and with `paragraphs`"),
    "diarize": Field(Fate.HONOURED, "`speaker` on words, utterances and paragraphs, from 0"),
    "diarize_model": Field(Fate.HONOURED, "as `diarize`; there is one here"),
    "paragraphs": Field(Fate.HONOURED, "one speaker's sentences up to a pause of 2 s"),
    "utterances": Field(Fate.HONOURED, "words of one speaker up to a pause of `utt_split`"),
    "utt_split": Field(Fate.HONOURED, "seconds; 0.8"),
    "keyterm": Field(Fate.HONOURED, "words that are likely to occur"),
    "keywords": Field(Fate.HONOURED, "as `keyterm`; the weight behind a colon is dropped"),
    "search": Field(
        Fate.HONOURED, "where it is said, word for word, up to 20 phrases of 10 words: `search`"
    ),
    "redact": Field(
        Fate.HONOURED,
        "`pii`, `pci`, `ssn` or kinds of ours, masked in the answer; the stored transcript is"
        " whole. `numbers` and others are refused",
    ),
    "callback": Field(
        Fate.HONOURED, "https, delivered like webhooks: by retries for days, to public hosts only"
    ),
    "callback_method": Field(Fate.HONOURED, "`POST` or `PUT`"),
    "tag": Field(Fate.HONOURED, "in `metadata.tags` of the answer"),
    "extra": Field(Fate.HONOURED, "`key:value`, in `metadata.extra` of the answer"),
    "multichannel": Field(
        Fate.REFUSED, "send `channels=split` to `/v1/transcribe` for a speaker a channel"
    ),
    "translate": Field(Fate.REFUSED, "send `task=translate` to `/v1/transcribe`"),
    "profanity_filter": Field(Fate.REFUSED, "words are never removed"),
    "replace": Field(Fate.REFUSED, "words are never replaced"),
    "numerals": Field(Fate.IGNORED, _MODELS_OWN),
    "measurements": Field(Fate.IGNORED, _MODELS_OWN),
    "dictation": Field(Fate.IGNORED, "punctuation is the model's own"),
    "filler_words": Field(Fate.IGNORED, "they stay or go as the model has it"),
    "summarize": Field(Fate.IGNORED, _BEHIND),
    "sentiment": Field(Fate.IGNORED, _BEHIND),
    "topics": Field(Fate.IGNORED, _BEHIND),
    "intents": Field(Fate.IGNORED, _BEHIND),
    "detect_entities": Field(Fate.IGNORED, _BEHIND),
    "alternatives": Field(Fate.IGNORED, "there is one"),
    "encoding": Field(Fate.IGNORED, "recordings are recognised by their content"),
    "version": Field(Fate.IGNORED, "there is one of each model"),
    "mip_opt_out": Field(Fate.IGNORED, "nothing is learnt from recordings"),
}
