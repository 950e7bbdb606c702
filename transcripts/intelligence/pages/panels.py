"""The panels of a transcript's page: what can be made of it, and the texts of their scripts.

The panels are part of the transcript's page (`transcripts/pages/transcript.py`); what they show
comes by the public API.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from transcripts.intelligence.made_names import MADE_NAMES, SECTION_NAMES
from transcripts.intelligence.outlines.find import BUILT_IN_NAMES
from transcripts.intelligence.outlines.write import list_templates

_GROUPS = {
    "summary": _("Summaries"),
    "content": _("Notes and content"),
    "analysis": _("Analyses"),
    "template": _("Notes by a template"),
}
# Of a conversation: the transcript's page and the library's have the same script.
CHAT_TEXTS: dict[str, Any] = {
    "asking": _("Searching the transcript…"),
    "answered": _("The answer is above."),
    "not_here": _("Not in this transcript"),
    "searched": _(
        "{searched} of {transcripts} transcripts were searched so far. Ask again: each question"
        " adds some."
    ),
    "sources": _("Sources"),
    "stopped": _("Stopped."),
    "stale_answer": _("The text has changed since this answer."),
    "delete": _("Delete"),
    "delete_chat": _("Permanently delete all questions and answers shown here?"),
    "made_deleted": _("Deleted."),
}
TEXTS: dict[str, Any] = {
    **CHAT_TEXTS,
    "made_names": MADE_NAMES,
    "made_part": _("{name} (part)"),
    "built_in_templates": BUILT_IN_NAMES,
    "making_parts": _("Reading the transcript… {done} of {total} parts"),
    "processing": _("Making the automatic notes… {done} of {total}"),
    "processing_failed": _("Some automatic notes could not be made: {reason}"),
    "making": _("Reading the transcript… A long one takes minutes."),
    "made": _("{name}: ready."),
    "quoted": _("quoted from the text"),
    "edited_by_you": _("edited by you"),
    "stale": _("The text has changed since. Make it again to include the changes."),
    "nothing_made": _("Nothing of this kind was found in the text."),
    "copy": _("Copy"),
    "copied": _("Copied"),
    "not_copied": _("This browser doesn't allow copying here. Select the text and copy it."),
    "delete_made": _("Permanently delete “{name}”?"),
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
    "translating": _("Translating… A long transcript takes minutes."),
    "languages_installed": _("Installed"),
    "languages_installable": _("Not installed"),
    "language_missing": _("Translation into this language ({language}) is not installed here."),
    "ask_administrator": _("Ask your administrator to install it."),
    "no_languages": _("This server has no translation from the language of this transcript."),
    "show_beside": _("Show beside the text"),
    "hide_beside": _("Hide translation"),
    "shown_beside": _("{language}: shown beside the text."),
    "file_of_both": _("{format}, both languages"),
    "original_and": _("Original and {language}"),
    "untranslated": _("(not translated)"),
    "may_be": _("{label} may be {name}:"),
    "use_name": _("Use this name"),
    "use_name_for": _("Use the name {name} for {label}"),
    "dismiss": _("Dismiss"),
    "dismiss_for": _("Dismiss the name {name} for {label}"),
    "dismissed": _("Dismissed."),
}


def list_choices(user: User) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Return groups with what can be made: "kind/name", and its name for people. One query."""
    named = {**MADE_NAMES, "template": dict(name_templates(user))}
    return [
        (_GROUPS[kind], [(f"{kind}/{name}", label) for name, label in names.items()])
        for kind, names in named.items()
    ]


def name_templates(user: User) -> list[tuple[str, Any]]:
    """Return the ids and names of the templates that the user may name. One query."""
    own = [(str(each.pk), each.name) for each in list_templates(user)]
    return [*BUILT_IN_NAMES.items(), *own]
