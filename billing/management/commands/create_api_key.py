"""`manage.py create_api_key EMAIL`: an account where there is none, and a raw key on stdout.

Stands in `billing`, because it also grants credits and sets the plan, and `accounts` knows neither.
"""

import uuid

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts.keys.issue import SCOPES, NotOperatorError, issue_api_key
from accounts.models import User
from billing.ledger import grant_credits
from billing.plans import PlanNotFoundError, account_for, change_plan

_MAX_NAME = 100


class Command(BaseCommand):
    help = "Create an API key, and the account where there is none; print the raw key alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--credits", type=int, default=0, help="credits to grant")
        parser.add_argument("--plan", default="", help="plan to put the account on")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            choices=SCOPES,
            help="narrow the key to this, and to others that are named so (default: everything)",
        )
        parser.add_argument("--name", default="command line", help="name of the key")

    def handle(
        self,
        *args: object,
        email: str,
        credits: int,
        plan: str,
        name: str,
        scope: list[str],
        **options: object,
    ) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an email address.") from None
        if credits < 0:
            raise CommandError(f"{credits} credits can't be granted: it must be 0 or more.")
        if len(name) > _MAX_NAME:
            raise CommandError(f"The name of a key has at most {_MAX_NAME} characters.")
        try:
            with transaction.atomic():
                raw = _create(email, credits=credits, plan=plan, name=name, scopes=scope)
        except PlanNotFoundError as error:
            raise CommandError(error.message) from None
        except NotOperatorError:
            raise CommandError(
                f"{email} is no operator of this server. `manage.py create_operator {email}`"
                " makes one."
            ) from None
        self.stdout.write(raw)


def _create(email: str, *, credits: int, plan: str, name: str, scopes: list[str]) -> str:
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email)
    account = account_for(user)
    if plan:
        change_plan(account, plan_id=plan)
    if credits:
        grant_credits(
            account,
            amount=credits,
            reference=f"command:{uuid.uuid4()}",
            reason="granted with create_api_key",
        )
    _, raw = issue_api_key(user, name=name, scopes=scopes)
    return raw
