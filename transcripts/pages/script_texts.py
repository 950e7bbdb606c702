"""The sentences of the pages' scripts: in the reader's language, handed over as JSON.

A value is a sentence with `{places}`, a `Plural`, or a mapping of such values. The script chooses
a plural's form with `Intl.PluralRules` (`fillCount` in texts.js).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy

from transcripts.pages.refusals import REFUSALS

# A whole number of each category of CLDR that a language of ours has for whole numbers.
_EXAMPLES = {"one": 1, "few": 2, "other": 5}


@dataclass(frozen=True)
class OtherThanEnglish:
    """Sentences that only pages in other languages need: the API has its own English ones."""

    texts: Mapping[str, Any]


# Of every page with a script: requests.js, dom.js and upload.js show them.
COMMON: dict[str, Any] = {
    "no_connection": gettext_lazy(
        "Can't reach the server. Check that it is running, then try again."
    ),
    "no_answer": gettext_lazy("The server took too long to answer. Try again."),
    "server_error": gettext_lazy("The server answered with an error ({status}). Try again later."),
    "logged_out": gettext_lazy("You have been logged out. Reload the page to log in again."),
    "try_again": gettext_lazy("Try again"),
    "reload": gettext_lazy("Reload"),
    "refusals": OtherThanEnglish(REFUSALS),
}
# Of every page that sends files: queue.js, guest-try.js.
FILES = {
    "paused": gettext_lazy("Choose the same file again to go on."),
    "refused_empty": gettext_lazy("This file is empty."),
    "refused_foreign": gettext_lazy("This is not an audio or video file."),
    "refused_too_large": gettext_lazy("This file has {size}; your limit is {limit} a file."),
}
# Of every page that makes files: exports.js.
EXPORT = {
    "export_too_slow": gettext_lazy("Preparing the file takes too long. Try again later."),
}


@dataclass(frozen=True)
class Plural:
    """A sentence that depends on a number, `{count}`.

    `text`: of `ngettext_lazy` without its number, so that makemessages finds both forms.
    """

    text: Any  # Django's lazy text, whose type only its stubs have

    def forms(self) -> dict[str, str]:
        """Return the sentence in the language now active, by category of CLDR."""
        # Django chooses the form by the operand, and leaves a text without a `%` as it is.
        return {category: str(self.text % number) for category, number in _EXAMPLES.items()}

    def fill(self, count: int, **values: object) -> str:
        """Return the sentence for `count`, filled in, in the language now active."""
        return str(self.text % count).format(count=count, **values)


def render_texts(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts in the language now active, as JSON holds them."""
    return {name: _render(text) for name, text in texts.items()}


def _render(text: Any) -> Any:
    if isinstance(text, Plural):
        return text.forms()
    if isinstance(text, OtherThanEnglish):
        return {} if (get_language() or "en").startswith("en") else render_texts(text.texts)
    if isinstance(text, Mapping):
        return render_texts(text)
    return str(text)
