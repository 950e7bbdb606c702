"""What becomes of each field of a Realtime session. The table in docs/realtime.md is this one."""

from typing import Final

from transcripts.dialects.fidelity import Fate, Field

SESSION_FIELDS: Final[dict[str, Field]] = {
    "type": Field(Fate.HONOURED, "`transcription`; sessions that answer are refused"),
    "audio.input.format": Field(
        Fate.HONOURED, "`audio/pcm` with a `rate` of 8000 to 48000 (24000), `audio/pcmu`,"
        " `audio/pcma`; once there is audio it stays"
    ),
    "audio.input.transcription.model": Field(
        Fate.HONOURED,
        "OpenAI's names mean the default model, names of this server's models those; of"
        " `gpt-realtime-whisper` and `gpt-live-transcribe` turn detection is off",
    ),
    "audio.input.transcription.language": Field(
        Fate.HONOURED, "a code or an English name; may change at any time"
    ),
    "audio.input.transcription.languages": Field(Fate.HONOURED, "only these are detected"),
    "audio.input.transcription.prompt": Field(
        Fate.HONOURED, "up to 1,000 characters; once there is audio it stays"
    ),
    "audio.input.transcription.keywords": Field(
        Fate.HONOURED, "words that are likely to occur; once there is audio they stay"
    ),
    "audio.input.transcription.delay": Field(Fate.IGNORED, "words come once two hypotheses agree"),
    "audio.input.turn_detection": Field(
        Fate.HONOURED,
        "`server_vad` and `semantic_vad`: a pause ends an item, of 0.6 s, and of 2.1 s"
        " where hardly 2 s were spoken or the sentence isn't over; null: the client commits; may"
        " change at any time",
    ),
    "audio.input.turn_detection.threshold": Field(Fate.IGNORED, "as voice activity is found here"),
    "audio.input.turn_detection.prefix_padding_ms": Field(Fate.IGNORED, "no word is cut off"),
    "audio.input.turn_detection.silence_duration_ms": Field(
        Fate.HONOURED,
        "of `server_vad`: this pause ends an item, whole sentence or not; from 300 to 5000, beyond"
        " that the nearest of these; once there is audio it stays",
    ),
    "audio.input.turn_detection.idle_timeout_ms": Field(Fate.IGNORED, "nothing is prompted"),
    "audio.input.turn_detection.eagerness": Field(
        Fate.IGNORED, "an unfinished sentence is waited for, as above"
    ),
    "audio.input.noise_reduction": Field(
        Fate.IGNORED, "live audio is recognised as it comes; the answer has null"
    ),
    "include": Field(
        Fate.HONOURED, "`item.input_audio_transcription.logprobs`, in `completed`: a word each"
    ),
}  # fmt: skip
