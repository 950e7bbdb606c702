"""Markdown of what was found: what people copy into their notes."""

import re

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~])")


def escape(text: str) -> str:
    """Return the text as Markdown shows it: no markup, link or HTML of what was said."""
    return _ACTIVE.sub(r"\\\1", " ".join(text.split()))


def section(title: str, lines: list[str]) -> str:
    """Return a heading with its lines; nothing where there are none."""
    return f"## {escape(title)}\n\n" + "\n".join(lines) if lines else ""


def join_sections(*sections: str) -> str:
    return "\n\n".join(filter(None, sections)) + "\n"
