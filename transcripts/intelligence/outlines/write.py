"""An account's own templates: listed, and one more made."""

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from transcripts.intelligence.models import NoteTemplate
from transcripts.intelligence.outlines.find import MOST_TEMPLATES, TooManyTemplatesError


def list_templates(user: User) -> QuerySet[NoteTemplate]:
    return NoteTemplate.objects.filter(owner=user)


def create_template(user: User, *, name: str, sections: list[dict[str, str]]) -> NoteTemplate:
    """Raises TooManyTemplatesError. The race: two at once may make one too many: no harm."""
    with transaction.atomic():
        if list_templates(user).count() >= MOST_TEMPLATES:
            raise TooManyTemplatesError
        return NoteTemplate.objects.create(owner=user, name=name, sections=sections)
