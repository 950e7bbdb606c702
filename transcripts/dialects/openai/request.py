"""OpenAI's form → what a transcription is asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from transcripts.dialects.fidelity import named_as, refuse_unhonoured
from transcripts.dialects.openai.fields import FIELDS
from transcripts.option_kinds import ChoiceOption, FlagOption, InvalidOptionError, show_value
from transcripts.options import TranscriptionOptions

Task = Literal["transcribe", "translate"]
DIARIZED: Final = "diarized_json"
_TRANSLATION_FORMATS: Final = ("json", "text", "srt", "verbose_json", "vtt")
_FORMATS: Final = (*_TRANSLATION_FORMATS, DIARIZED)
GRANULARITIES: Final = ("segment", "word")
_STREAMED: Final = ("json", "text", DIARIZED)
_LOGPROBS: Final = "logprobs"
_LISTS: Final = tuple(name.removesuffix("[]") for name in FIELDS if name.endswith("[]"))
# The service's own models, dated ones too. What is named otherwise is a model of this server.
_ALIAS = re.compile(
    r"(whisper-1|gpt-(live-|realtime-)?(4o-(mini-)?)?(transcribe|whisper)(-diarize)?)(-\d{4}-\d\d-\d\d)?\Z"
)


@dataclass(frozen=True)
class OpenAIRequest:
    """`granularities`: what verbose_json has, of `GRANULARITIES`."""

    options: TranscriptionOptions
    response_format: str
    granularities: frozenset[str]
    has_logprobs: bool
    is_stream: bool


def is_alias(model: str) -> bool:
    """Whether it is a name of OpenAI's, which the default model answers to."""
    return bool(_ALIAS.match(model))


def read_request(
    sent: Mapping[str, str], lists: Mapping[str, list[str]], *, task: Task
) -> OpenAIRequest:
    """Return what the form asks for. Raises InvalidOptionError, which names the field."""
    lists = _with_bare_names(sent, lists)
    named = {*sent, *(f"{name}[]" for name in lists)}
    refuse_unhonoured((name for name in FIELDS if name in named), FIELDS)
    model = sent.get("model", "").strip()
    response_format = _read_format(sent, task)
    is_stream = FlagOption().parse("stream", sent.get("stream", ""))
    if is_stream and response_format not in _STREAMED:
        raise InvalidOptionError(
            "stream",
            f"A stream can't be {response_format}: response_format must be one of"
            f" {', '.join(_STREAMED)}.",
        )
    _check_temperature(sent.get("temperature", ""))
    is_diarized = response_format == DIARIZED or "diarize" in model
    asked = {
        "model": "" if is_alias(model) else model,
        "language": sent.get("language", ""),
        "languages": ",".join(lists.get("languages", ())),
        "prompt": sent.get("prompt", ""),
        "hot_words": ",".join(word.replace(",", " ") for word in lists.get("keywords", ())),
        "diarize": str(is_diarized),
        "task": task,
    }
    with named_as({"hot_words": "keywords[]", "languages": "languages[]"}):
        options = TranscriptionOptions.parse(asked)
    return OpenAIRequest(
        options=options,
        response_format=response_format,
        granularities=_read_granularities(lists),
        has_logprobs=_read_include(lists.get("include", [])),
        is_stream=is_stream,
    )


def _with_bare_names(
    sent: Mapping[str, str], lists: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Return the lists, also those of one value that came without brackets."""
    bare = {name: [sent[name]] for name in _LISTS if sent.get(name)}
    return {**bare, **lists}


def _read_format(sent: Mapping[str, str], task: Task) -> str:
    formats = _TRANSLATION_FORMATS if task == "translate" else _FORMATS
    return ChoiceOption(formats).parse("response_format", sent.get("response_format", ""))


def _read_include(asked: list[str]) -> bool:
    unknown = next((value for value in asked if value != _LOGPROBS), None)
    if unknown is not None:
        raise InvalidOptionError(
            "include[]", f"include[] has {show_value(unknown)}, but may list {_LOGPROBS}."
        )
    return bool(asked)


def _check_temperature(sent: str) -> None:
    try:
        is_good = 0 <= float(sent or 0) <= 1
    except ValueError:
        is_good = False
    if not is_good:
        raise InvalidOptionError(
            "temperature", f"temperature is {show_value(sent)}, but must be a number from 0 to 1."
        )


def _read_granularities(lists: Mapping[str, list[str]]) -> frozenset[str]:
    name = "timestamp_granularities"
    asked = lists.get(name, [])
    return frozenset(
        ChoiceOption(GRANULARITIES).parse(f"{name}[]", value) for value in asked
    ) or frozenset({"segment"})
