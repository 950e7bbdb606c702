"""What people call what is made of a transcript, and the parts of it."""

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
SECTION_NAMES: dict[str, Any] = {
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
}
