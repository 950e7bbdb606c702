"""Signing up takes as long for an address that has an account as for one that hasn't.

The answers are the same already (allauth); the time would reveal it, for only a new account's
password is hashed. So the other's is hashed, too: the same work, and thrown away. Log-in does that
by itself (Django's and allauth's backends), resetting and changing an address hash nothing on
either branch.
"""

from typing import Any

from allauth.account.forms import SignupForm
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest


class EqualWorkSignupForm(SignupForm):
    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)
