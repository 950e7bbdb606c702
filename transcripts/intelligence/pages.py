"""The panels of a transcript's page: what can be made of it, and the texts of their scripts.

The panels are part of the transcript's page (`transcripts/pages/transcript.py`); what they show
comes by the public API.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from transcripts.intelligence.made_names import MADE_NAMES, SECTION_NAMES

_GROUPS = {
    "summary": _("Summaries"),
    "content": _("Notes and content"),
    "analysis": _("Analyses"),
}
TEXTS: dict[str, Any] = {
    "made_names": MADE_NAMES,
    "made_part": _("{name} (part)"),
    "making": _("Reading the transcript… A long one takes minutes."),
    "made": _("{name}: ready."),
    "quoted": _("quoted from the text"),
    "edited_by_you": _("edited by you"),
    "stale": _("The text has changed since. Make it again to include the changes."),
    "stale_answer": _("The text has changed since this answer."),
    "nothing_made": _("Nothing of this kind was found in the text."),
    "copy": _("Copy"),
    "copied": _("Copied"),
    "not_copied": _("This browser doesn't allow copying here. Select the text and copy it."),
    "delete": _("Delete"),
    "delete_made": _("Permanently delete “{name}”?"),
    "made_deleted": _("Deleted."),
    "play_from": _("Play from {time}"),
    "go_to": _("Go to {time}"),
    "answer": _("Answer"),
    "personal_none": _("Nothing of these types was found."),
    "masking": _("Masking the recording… {percent} %"),
    "masked_ready": _("{name}: downloaded."),
    "result_files": _("Download"),
    "owner": _("Owner: {name}"),
    "due": _("When: {due}"),
    "sections": SECTION_NAMES,
    "overall": _("Overall: {label}"),
    "asking": _("Searching the transcript…"),
    "answered": _("The answer is above."),
    "not_here": _("Not in this transcript"),
    "sources": _("Sources"),
    "stopped": _("Stopped."),
    "delete_chat": _("Permanently delete all questions and answers shown here?"),
}


def list_choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Return groups with what can be made: "kind/name", and its name for people."""
    return [
        (_GROUPS[kind], [(f"{kind}/{name}", label) for name, label in names.items()])
        for kind, names in MADE_NAMES.items()
    ]
