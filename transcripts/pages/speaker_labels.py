"""Speakers whom no one has named: stored and exported as "Speaker 1", shown in the reader's
language. `labelOf` in editing/static/lines.js does the same."""

import re

from django.utils.translation import gettext

_LABEL = re.compile(r"Speaker ([0-9]+)")


def show_speaker(name: str) -> str:
    """Return the name as a page shows it."""
    label = _LABEL.fullmatch(name)
    return gettext("Speaker {number}").format(number=label[1]) if label else name
