"""What becomes of each field of `POST /v2/transcript`. The table in docs/assemblyai.md is this."""

from typing import Final

from transcripts.dialects.fidelity import Fate, Field

_BEHIND = "nothing is made of the text here; ask `/api/v1/transcripts/:id/` for it"
FIELDS: Final[dict[str, Field]] = {
    "audio_url": Field(Fate.HONOURED, "an `upload_url`, or an address, never of a private network"),
    "language_code": Field(Fate.HONOURED, "a code or an English name; without it, detected"),
    "language_detection": Field(Fate.HONOURED, "`language_code` and `language_confidence`"),
    "language_codes": Field(Fate.HONOURED, "only these are detected"),
    "speaker_labels": Field(Fate.HONOURED, "`utterances`, and `speaker` on words: A, B, …"),
    "speakers_expected": Field(Fate.HONOURED, "exactly so many"),
    "keyterms_prompt": Field(Fate.HONOURED, "words that are likely to occur"),
    "word_boost": Field(Fate.HONOURED, "as `keyterms_prompt`"),
    "prompt": Field(Fate.HONOURED, "up to 1,000 characters"),
    "speech_model": Field(
        Fate.HONOURED,
        "AssemblyAI's names mean the default model, names of this server's models those;"
        " `speech_model_used` says which ran",
    ),
    "speech_models": Field(Fate.HONOURED, "as `speech_model`, the first of them"),
    "punctuate": Field(Fate.HONOURED, "`false`: words bare, as `format_text`"),
    "format_text": Field(Fate.HONOURED, "`false`: words in lower case, without marks"),
    "redact_pii": Field(
        Fate.HONOURED,
        "masked in all that is answered under this id, found by rules; the stored transcript is"
        " whole",
    ),
    "redact_pii_policies": Field(
        Fate.HONOURED, "those that rules can find; others are refused; without it, all kinds"
    ),
    "redact_pii_audio": Field(
        Fate.HONOURED,
        "with `redact_pii`: a beep in the place of what is masked, at `/redacted-audio`; no webhook"
        " of its own",
    ),
    "redact_pii_audio_quality": Field(Fate.HONOURED, "`mp3` or `wav`"),
    "webhook_url": Field(
        Fate.HONOURED, "https, delivered like webhooks: by retries for days, to public hosts only"
    ),
    "webhook_auth_header_name": Field(Fate.HONOURED, "sent with the webhook, stored encrypted"),
    "webhook_auth_header_value": Field(Fate.HONOURED, "sent with the webhook, stored encrypted"),
    "redact_pii_audio_options": Field(Fate.REFUSED, "sound is masked by a beep"),
    "redact_pii_sub": Field(Fate.IGNORED, "what is masked gives way to its kind: `[name]`"),
    "redact_pii_return_unredacted": Field(Fate.IGNORED, "the answer holds the masked text alone"),
    "multichannel": Field(
        Fate.REFUSED, "send `channels=split` to `/v1/transcribe` for a speaker a channel"
    ),
    "dual_channel": Field(
        Fate.REFUSED, "send `channels=split` to `/v1/transcribe` for a speaker a channel"
    ),
    "audio_start_from": Field(Fate.REFUSED, "recordings are transcribed whole"),
    "audio_end_at": Field(Fate.REFUSED, "recordings are transcribed whole"),
    "filter_profanity": Field(Fate.REFUSED, "words are never removed"),
    "custom_spelling": Field(Fate.REFUSED, "words are never replaced"),
    "speech_threshold": Field(Fate.REFUSED, "no recording is refused for its silence"),
    "language_confidence_threshold": Field(
        Fate.REFUSED, "`language_confidence` says how sure it is"
    ),
    "speech_understanding": Field(
        Fate.REFUSED, "translate by `/api/v1/transcripts/:id/translate/`"
    ),
    "speaker_options": Field(Fate.IGNORED, "the number is found; `speakers_expected` sets it"),
    "boost_param": Field(Fate.IGNORED, "there is one weight"),
    "disfluencies": Field(Fate.IGNORED, "they stay or go as the model has it"),
    "temperature": Field(
        Fate.IGNORED, "decoding begins at 0 and rises where a window fails, as Whisper's does"
    ),
    "summarization": Field(Fate.IGNORED, _BEHIND),
    "auto_chapters": Field(Fate.IGNORED, _BEHIND),
    "auto_highlights": Field(Fate.IGNORED, _BEHIND),
    "sentiment_analysis": Field(Fate.IGNORED, _BEHIND),
    "entity_detection": Field(Fate.IGNORED, _BEHIND),
    "iab_categories": Field(Fate.IGNORED, _BEHIND),
    "content_safety": Field(Fate.IGNORED, _BEHIND),
}
