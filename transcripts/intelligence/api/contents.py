"""What content is asked for: one of the kinds that there are, or a template."""

from typing import Any

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.intelligence.api.bodies import Body
from transcripts.intelligence.operations import CONTENTS
from transcripts.intelligence.outlines.find import snapshot_template


def read_content(user: User, body: Body, *, language: str) -> dict[str, Any]:
    """Return the fields of the task: `type`, or `template` (as it is now) and `notes`.

    language: of the text, which a built-in template is written in. Raises ApiError.
    """
    template = body.name("template")
    if not template:
        return {"type": body.choice("type", CONTENTS)}
    if body.has("type"):
        raise ApiError("Send type or template, not both.", code="invalid_value")
    outline = snapshot_template(user, template, language=language)
    return {"template": outline, "notes": body.notes()}
