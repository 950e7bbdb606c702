"""What an account wants made of its finished transcripts: a rule for all, and one for each tag."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from stt_web.core.errors import ApiError
from transcripts.intelligence.models import ProcessingRule
from transcripts.options import STEPS
from transcripts.services.note_templates import check_template_id

MOST_RULES = 50
_MOST_TAG = 50


class InvalidRuleError(ApiError):
    """A rule with a step that there isn't, a tag twice or none, or too many rules."""

    code = "invalid_value"


def describe_rules(user: User) -> dict[str, Any]:
    """Return the account's rules as the API has them. One query."""
    described: dict[str, Any] = {"auto_process": [], "template": "", "tags": []}
    for rule in ProcessingRule.objects.filter(owner=user):
        shown = {"auto_process": rule.steps, "template": rule.template}
        if rule.tag:
            described["tags"].append({"tag": rule.tag, **shown})
        else:
            described |= shown
    return described


def write_rules(user: User, rules: Sequence[tuple[str, Sequence[Any], str]]) -> None:
    """Put these (tag, steps, template) in the place of all rules; the first is that for all.

    Raises InvalidRuleError, UnknownTemplateError.
    """
    tags = [tag for tag, *_ in rules[1:]]
    if len(set(tags)) != len(tags) or not all(0 < len(tag) <= _MOST_TAG for tag in tags):
        raise InvalidRuleError(
            f"Each rule under tags needs a tag of its own, of at most {_MOST_TAG} characters."
        )
    if len(tags) > MOST_RULES:
        raise InvalidRuleError(f"There may be rules for at most {MOST_RULES} tags.")
    rows = []
    for tag, steps, template in rules:
        unknown = [step for step in steps if step not in STEPS]
        if unknown:
            raise InvalidRuleError(
                f"auto_process may list {', '.join(STEPS)}, not {unknown[0]!r:.60}."
            )
        check_template_id(user, template)
        rows.append(
            ProcessingRule(owner=user, tag=tag, steps=list(dict.fromkeys(steps)), template=template)
        )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two at once: one wholly after the other
        ProcessingRule.objects.filter(owner=user).delete()
        ProcessingRule.objects.bulk_create(rows)
