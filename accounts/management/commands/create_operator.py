"""`manage.py create_operator EMAIL`: create or appoint a user of /admin/.

A new person's password is asked for, or read from standard input where that is no terminal. A
second factor is set up at the first visit.
"""

import getpass
import sys

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts.audit import record_action
from accounts.models import User


class Command(BaseCommand):
    help = "Make a person an operator of /admin/, with an account where there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: object, email: str, **options: object) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an email address.") from None
        known = User.objects.filter(email=email.lower()).first()
        needs_password = known is None or not known.has_usable_password()
        user = known or User(email=email.lower())
        if needs_password:
            user.set_password(_read_password(user))
        with transaction.atomic():
            user.is_staff = user.is_superuser = user.is_active = True
            user.save()
            _verify_address(user)
            record_action(user, action="make-operator", subject=user, reason="create_operator")
        self.stdout.write(f"{user.email} is an operator. Log in and open /admin/.")


def _read_password(user: User) -> str:
    is_asked = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if is_asked else sys.stdin.readline().rstrip("\n")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password


def _verify_address(user: User) -> None:
    """With a shell on the server no mail is needed to prove the address."""
    address, _ = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True, "verified": True}
    )
    EmailAddress.objects.filter(pk=address.pk).update(verified=True)
