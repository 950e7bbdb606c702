"""Which templates an account may name, wherever it names one: the built-in ones and its own."""

from uuid import UUID

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.intelligence.models import NoteTemplate
from transcripts.option_kinds import InvalidOptionError
from transcripts.options import TranscriptionOptions

BUILT_IN_IDS = ("meeting", "stand_up", "interview", "lecture", "sales_call", "medical_visit")


class UnknownTemplateError(ApiError):
    """`template` names none that there is."""

    code = "unknown_template"


def find_template(user: User, template_id: str) -> NoteTemplate | None:
    """Return the user's own template; None: there is none. One query at most."""
    try:
        wanted = UUID(template_id)
    except ValueError:
        return None
    return NoteTemplate.objects.filter(owner=user, pk=wanted).first()


def check_template_id(user: User, template_id: str) -> None:
    """Raise UnknownTemplateError where the user has no such template. One query at most."""
    if not template_id or template_id in BUILT_IN_IDS:
        return
    if find_template(user, template_id) is None:
        raise UnknownTemplateError(
            f"There is no template {template_id!r:.60}. Use the id of one of yours, or one of"
            f" {', '.join(BUILT_IN_IDS)}."
        )


def check_processing(options: TranscriptionOptions, user: User | None) -> None:
    """Raise ApiError where what is to be made of the transcript can't be: an unknown template, or
    a guest's request, of which nothing is stored that it could be made of.
    """
    if user is not None:
        check_template_id(user, options.template)
        return
    for name in ("auto_process", "template"):
        if getattr(options, name):
            raise InvalidOptionError(name, f"{name} needs an account: send an API key with it.")
