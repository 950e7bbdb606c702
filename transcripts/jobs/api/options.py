"""A request for a transcription: the options of the job, and how it is to be answered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from transcripts.option_kinds import ChoiceOption, FlagOption
from transcripts.options import RESPONSE_FORMATS, TranscriptionOptions

_RESPOND_ASYNC = re.compile(r"(^|[,;\s])respond-async($|[,;\s])", re.IGNORECASE)


@dataclass(frozen=True)
class TranscriptionRequest:
    options: TranscriptionOptions
    response_format: str
    is_async: bool


def read_request(sent: Mapping[str, str], *, prefer: str = "") -> TranscriptionRequest:
    """Return the checked request. `prefer`: the header (RFC 7240). Raises InvalidOptionError."""
    prefers_async = FlagOption(default=bool(_RESPOND_ASYNC.search(prefer)))
    return TranscriptionRequest(
        options=TranscriptionOptions.parse(sent),
        response_format=ChoiceOption(RESPONSE_FORMATS).parse(
            "response_format", sent.get("response_format", "")
        ),
        is_async=prefers_async.parse("async", sent.get("async", "")),
    )
