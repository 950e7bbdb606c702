"""What becomes of each parameter of `/asr` and `/detect-language`: the table in
docs/whisper-asr.md."""

from typing import Final

from transcripts.dialects.fidelity import Fate, Field

FIELDS: Final[dict[str, Field]] = {
    "audio_file": Field(Fate.HONOURED, "every container that is accepted here, or PCM"),
    "encode": Field(
        Fate.HONOURED,
        "`false`: the file is headerless PCM, 16 bits, mono, 16 kHz; else a container",
    ),
    "task": Field(Fate.HONOURED, "transcribe, or translate (into English)"),
    "language": Field(Fate.HONOURED, "a code or an English name; without it, detected"),
    "output": Field(Fate.HONOURED, "txt, vtt, srt, tsv, json"),
    "initial_prompt": Field(Fate.HONOURED, "up to 1,000 characters"),
    "word_timestamps": Field(Fate.HONOURED, "with json: `words` of each segment"),
    "diarize": Field(Fate.HONOURED, "with json: `speaker` of each segment"),
    "min_speakers": Field(
        Fate.HONOURED, "where `max_speakers` is the same; else the number is found"
    ),
    "max_speakers": Field(
        Fate.HONOURED, "where `min_speakers` is the same; else the number is found"
    ),
    "vad_filter": Field(Fate.IGNORED, "speech is always found by voice activity"),
    "video_file": Field(Fate.IGNORED, "a name of the client's own"),
}
