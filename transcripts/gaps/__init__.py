"""Gaps: speech that is not in the text, shown in place, and what can be done about it."""
