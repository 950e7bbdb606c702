"""The keys of the transcript page, as `?` shows them; `pages/static/shortcuts.js` listens to them.

Rows of name, key anywhere, key outside the text. Alt and a letter work within the text, too;
letters by themselves don't, and can be turned off (WCAG 2.1.4).
"""

from typing import Any

from django.utils.translation import gettext_lazy

SHORTCUTS: list[tuple[Any, str, str]] = [
    (gettext_lazy("Play or pause"), "Alt+K", "K"),
    (gettext_lazy("Back 3 seconds"), "Alt+J", "J"),
    (gettext_lazy("Forward 3 seconds"), "Alt+L", "L"),
    (gettext_lazy("Slower, faster"), "Alt+, Alt+.", ", ."),
    (gettext_lazy("Play from the line"), "Alt+P", "P"),
    (gettext_lazy("Next unsure word"), "Alt+N", "N"),
    (gettext_lazy("Previous unsure word"), "Alt+Shift+N", "Shift+N"),
    (gettext_lazy("Correct the same word everywhere"), "Alt+A", ""),
    (gettext_lazy("Review: accept and go on"), "Alt+Y", "Y"),
    (gettext_lazy("Review: play the place"), "Alt+R", "R"),
    (gettext_lazy("Split the line"), "Enter", ""),
    (gettext_lazy("Merge with the previous line"), "Backspace", ""),
    (gettext_lazy("Actions of the line"), "Alt+M", ""),
    (gettext_lazy("Comment on the selection"), "Alt+C", ""),
    (gettext_lazy("Highlight the selection"), "Alt+H", ""),
    (gettext_lazy("Find and replace"), "Alt+F", "/"),
    (gettext_lazy("Undo"), "Ctrl+Z", ""),
    (gettext_lazy("Redo"), "Ctrl+Shift+Z", ""),
    (gettext_lazy("These shortcuts"), "Alt+/", "?"),
]
