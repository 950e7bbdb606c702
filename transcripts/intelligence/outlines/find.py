"""Templates by their ids: the built-in ones, in English and Czech, and an account's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.intelligence.models import NoteTemplate
from transcripts.intelligence.outlines.builtin import BUILT_IN
from transcripts.intelligence.outlines.fill import SOURCES
from transcripts.intelligence.outlines.variables import VARIABLES, find_faults
from transcripts.services.note_templates import check_template_id, find_template

MOST_SECTIONS = 20
MOST_TITLE = 100
MOST_INSTRUCTION = 1_000
MOST_TEMPLATES = 100
BUILT_IN_NAMES: dict[str, Any] = {
    "meeting": _("Meeting"),
    "stand_up": _("Stand-up"),
    "interview": _("Interview"),
    "lecture": _("Lecture"),
    "sales_call": _("Sales call"),
    "medical_visit": _("Medical visit"),
}


class TemplateNotFoundError(ApiError):
    """There is no such template."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such template.")


class InvalidTemplateError(ApiError):
    """A template that can't be stored; the sentence says what to change."""

    code = "invalid_template"


class TooManyTemplatesError(ApiError):
    """The account has as many templates as it may have."""

    status = 409
    code = "too_many_templates"

    def __init__(self) -> None:
        super().__init__(f"You have {MOST_TEMPLATES} templates. Delete some of them first.")


def get_template(user: User, template_id: str) -> NoteTemplate:
    """Return the user's own template. Raises TemplateNotFoundError. One query."""
    found = find_template(user, template_id)
    if found is None:
        raise TemplateNotFoundError
    return found


def snapshot_template(user: User, template_id: str, *, language: str) -> dict[str, Any]:
    """Return the template as it is now: {"id", "name", "sections"}; a built-in one in `language`,
    where it has that, else in English. Raises UnknownTemplateError.
    """
    check_template_id(user, template_id)
    if template_id in BUILT_IN_NAMES:
        return describe_built_in(template_id, language=language)
    own = get_template(user, template_id)
    return {"id": str(own.pk), "name": own.name, "sections": own.sections}


def describe_built_in(template_id: str, *, language: str) -> dict[str, Any]:
    spoken = "cs" if language.split("-")[0] == "cs" else "en"
    name, sections = BUILT_IN[spoken][template_id]
    described = [
        {"title": title, "instruction": instruction, "source": source}
        for title, instruction, source in sections
    ]
    return {"id": template_id, "name": name, "sections": described}


def check_sections(sections: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the sections as they are stored. Raises InvalidTemplateError."""
    if not 1 <= len(sections) <= MOST_SECTIONS:
        raise InvalidTemplateError(f"A template has 1 to {MOST_SECTIONS} sections.")
    return [_check_section(section, number) for number, section in enumerate(sections, 1)]


def _check_section(section: Mapping[str, Any], number: int) -> dict[str, str]:
    title = " ".join(str(section.get("title") or "").split())
    instruction = str(section.get("instruction") or "").strip()
    source = str(section.get("source") or "passages")
    if not title or len(title) > MOST_TITLE:
        raise InvalidTemplateError(
            f"Section {number} needs a title of at most {MOST_TITLE} characters."
        )
    if len(instruction) > MOST_INSTRUCTION:
        raise InvalidTemplateError(
            f"The instruction of section {number} may have at most {MOST_INSTRUCTION} characters."
        )
    if source not in SOURCES:
        raise InvalidTemplateError(
            f"The source of section {number} must be one of {', '.join(SOURCES)}."
        )
    faults = find_faults(title) + find_faults(instruction)
    if faults:
        raise InvalidTemplateError(
            f"Section {number} has {faults[0]!r:.60} in braces, which is no variable. There are:"
            f" {', '.join(VARIABLES)}."
        )
    return {"title": title, "instruction": instruction, "source": source}
