"""`manage.py grant_credits EMAIL N --reason WHY`: an operator gives credits to an account."""

import uuid

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from billing.ledger import grant_credits, read_balance
from billing.plans import account_for

_MAX_REASON = 200


class Command(BaseCommand):
    help = "Grant credits to the account of EMAIL, with a reason that the ledger keeps."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("credits", type=int)
        parser.add_argument("--reason", required=True)
        parser.add_argument(
            "--reference", default="", help="granted once for each; without one, each time"
        )

    def handle(
        self,
        *args: object,
        email: str,
        credits: int,
        reason: str,
        reference: str,
        **options: object,
    ) -> None:
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"There is no account {email!r}.")
        if not reason.strip() or len(reason) > _MAX_REASON:
            raise CommandError(f"Say why, in at most {_MAX_REASON} characters.")
        account = account_for(user)
        try:
            grant_credits(
                account,
                amount=credits,
                reference=f"command:{reference or uuid.uuid4()}",
                reason=reason.strip(),
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{user.email} has {read_balance(account).credits} credits now.")
