"""The panels of a transcript's page: what can be made of it, and the texts of their scripts.

The panels are part of the transcript's page (`transcripts/pages/transcript.py`); what they show
comes by the public API.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

# What can be asked for, by the kind of its result and by its name there. What masks personal data
# is among the downloads, and has no place here.
MADE_NAMES: dict[str, dict[str, Any]] = {
    "summary": {
        "brief": _("Brief summary"),
        "detailed": _("Detailed summary"),
        "bullet_points": _("Bullet points"),
        "action_items": _("Action items"),
        "headline": _("Headline"),
    },
    "content": {
        "meeting_notes": _("Meeting notes"),
        "key_quotes": _("Key quotes"),
        "chapter_markers": _("Chapters"),
        "show_notes": _("Show notes"),
        "study_guide": _("Study guide"),
        "flashcards": _("Flashcards"),
        "quiz": _("Quiz"),
        "blog_post": _("Blog post"),
        "social_media": _("Social media posts"),
        "newsletter": _("Newsletter"),
    },
    "analysis": {
        "topics": _("Topics"),
        "questions": _("Questions and answers"),
        "action_items": _("Action items with owners and dates"),
        "sentiment": _("Sentiment"),
        "entities": _("Names, dates, and amounts"),
    },
}
_GROUPS = {
    "summary": _("Summaries"),
    "content": _("Notes and content"),
    "analysis": _("Analyses"),
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
    "owner": _("Owner: {name}"),
    "due": _("When: {due}"),
    "sections": {
        "speakers": _("Speakers"),
        "summary": _("Summary"),
        "topics": _("Topics"),
        "decisions": _("Decisions"),
        "action_items": _("Action items"),
        "open_questions": _("Open questions"),
        "chapters": _("Chapters"),
        "quotes": _("Quotes"),
        "links": _("Links"),
        "terms": _("Terms"),
        "review": _("Review"),
        "positive": _("Positive"),
        "neutral": _("Neutral"),
        "negative": _("Negative"),
        "NAME": _("Names"),
        "PERSON": _("People"),
        "ORGANISATION": _("Organisations"),
        "PLACE": _("Places"),
        "DATE": _("Dates"),
        "MONEY": _("Amounts of money"),
        "PERCENT": _("Percentages"),
    },
    "overall": _("Overall: {label}"),
    "translating": _("Translating… A long transcript takes minutes."),
    "languages_installed": _("Installed"),
    "languages_installable": _("Not installed"),
    "language_missing": _("Translation into this language ({language}) is not installed here."),
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


def list_choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Return groups with what can be made: "kind/name", and its name for people."""
    return [
        (_GROUPS[kind], [(f"{kind}/{name}", label) for name, label in names.items()])
        for kind, names in MADE_NAMES.items()
    ]
