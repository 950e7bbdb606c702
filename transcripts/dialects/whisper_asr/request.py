"""The query of `/asr` → what a transcription is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from transcripts.dialects.fidelity import named_as
from transcripts.option_kinds import ChoiceOption, CountOption, FlagOption
from transcripts.options import TASKS, TranscriptionOptions

OUTPUTS: Final = ("txt", "vtt", "srt", "tsv", "json")


@dataclass(frozen=True, kw_only=True)
class AsrRequest:
    options: TranscriptionOptions
    output: str
    has_words: bool


def read_request(query: Mapping[str, str]) -> AsrRequest:
    """Return what the query asks for. Raises InvalidOptionError, which names the parameter."""
    counts = {
        name: CountOption(most=50).parse(name, query.get(name, ""))
        for name in ("min_speakers", "max_speakers")
    }
    is_fixed = counts["min_speakers"] == counts["max_speakers"]
    asked = {
        "task": ChoiceOption(TASKS).parse("task", query.get("task", "")),
        "language": query.get("language", ""),
        "prompt": query.get("initial_prompt", ""),
        "diarize": str(FlagOption().parse("diarize", query.get("diarize", ""))),
        "speakers": str(counts["max_speakers"] if is_fixed else 0),
    }
    with named_as({"prompt": "initial_prompt"}):
        options = TranscriptionOptions.parse(asked)
    return AsrRequest(
        options=options,
        output=ChoiceOption(OUTPUTS).parse("output", query.get("output", "")),
        has_words=FlagOption().parse("word_timestamps", query.get("word_timestamps", "")),
    )
