"""Speakers' names in what was made of a transcript, as they are when it is read.

A summary is made of "Speaker 1", and who that is may be found out later. The label stands for the
speaker: it is shown as the name, and the summary needn't be made again for that.
"""

import re
from typing import Any

from transcripts.models import Transcript


def read_names(transcript: Transcript) -> dict[str, str]:
    """Return the name of each label that has one. One query."""
    named = transcript.speakers.exclude(display_name="")
    return dict(named.values_list("label", "display_name"))


def put_names(made: Any, names: dict[str, str]) -> Any:
    """Return text, or JSON with texts, with names in the place of labels."""
    labels = sorted(filter(None, names), key=len, reverse=True)
    if not labels:
        return made
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, labels))})(?!\w)")
    return _put(made, pattern, names)


def _put(made: Any, pattern: re.Pattern[str], names: dict[str, str]) -> Any:
    if isinstance(made, str):
        return pattern.sub(lambda found: names[found[0]], made)
    if isinstance(made, list):
        return [_put(each, pattern, names) for each in made]
    if isinstance(made, dict):
        return {name: _put(value, pattern, names) for name, value in made.items()}
    return made
