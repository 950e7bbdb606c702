"""allauth's mails, in our words: one function for each of its messages.

They can't be switched off: they carry a link that was requested, or report that something
about getting in has changed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.mail.outbox import MailContent, site_url

Details = Mapping[str, Any]


def write_account_mail(template_prefix: str, details: Details) -> MailContent:
    """Return the mail for allauth's `template_prefix`, in the language that is active.

    Raises KeyError for an unknown one, of a newer release of allauth.
    """
    return _MAILS[template_prefix](details)


def _confirm_at_signup(details: Details) -> MailContent:
    return MailContent(
        subject=_("Confirm your email address"),
        paragraphs=[
            _("Someone, hopefully you, signed up for Open STT with this address."),
            _("Confirm that it is yours to activate your account."),
            _(
                "If that wasn't you, ignore this email: without confirmation, no one can use the "
                "account."
            ),
        ],
        action=(_("Confirm the address"), details["activate_url"]),
    )


def _confirm_new_address(details: Details) -> MailContent:
    return MailContent(
        subject=_("Confirm your new email address"),
        paragraphs=[_("You asked to use this address for your Open STT account.")],
        action=(_("Confirm the address"), details["activate_url"]),
    )


def _reset_password(details: Details) -> MailContent:
    return MailContent(
        subject=_("Choose a new password"),
        paragraphs=[
            _("Someone asked to reset the password of your account."),
            _("If that wasn't you, ignore this email: your password stays the same."),
        ],
        action=(_("Choose a new password"), details["password_reset_url"]),
    )


def _unknown_account(details: Details) -> MailContent:
    return MailContent(
        subject=_("There is no account with this address"),
        paragraphs=[
            _("Someone asked to reset the password for this address, but no account uses it."),
            _("If that was you, you may have signed up with another address."),
        ],
        action=(_("Sign up"), details["signup_url"]),
    )


def _already_exists(details: Details) -> MailContent:
    return MailContent(
        subject=_("You already have an account"),
        paragraphs=[
            _(
                "Someone, perhaps you, tried to sign up with this address, which already has an "
                "account."
            ),
            _("If you forgot your password, you can choose a new one."),
        ],
        action=(_("Choose a new password"), details["password_reset_url"]),
    )


def _report(subject: str, sentence: str) -> Callable[[Details], MailContent]:
    """A message that something has changed. The two are translated when it is written."""

    def write(details: Details) -> MailContent:
        return MailContent(
            subject=_(subject),
            paragraphs=[
                _(sentence),
                _("Time: %(time)s (UTC)")
                % {"time": date_format(details["timestamp"], "DATETIME_FORMAT")},
                _("Network address: %(address)s") % {"address": details["ip"]},
                _(
                    "If that wasn't you, choose a new password, log out everywhere, and revoke your"
                    " API keys: they keep working until you do."
                ),
            ],
            action=(_("Check your security settings"), site_url("/account/security/")),
        )

    return write


_MAILS: dict[str, Callable[[Details], MailContent]] = {
    "account/email/email_confirmation_signup": _confirm_at_signup,
    "account/email/email_confirmation": _confirm_new_address,
    "account/email/password_reset_key": _reset_password,
    "account/email/unknown_account": _unknown_account,
    "account/email/account_already_exists": _already_exists,
    "account/email/password_changed": _report(
        gettext_noop("Your password was changed"),
        gettext_noop("The password of your account was changed."),
    ),
    "account/email/password_set": _report(
        gettext_noop("Your password was set"),
        gettext_noop("Your account now has a password."),
    ),
    "account/email/password_reset": _report(
        gettext_noop("Your password was changed"),
        gettext_noop("A new password was chosen for your account."),
    ),
    "account/email/email_changed": _report(
        gettext_noop("Your email address was changed"),
        gettext_noop("Your account now uses another email address."),
    ),
    "account/email/email_confirm": _report(
        gettext_noop("Your email address was confirmed"),
        gettext_noop("The email address of your account was confirmed."),
    ),
    "account/email/email_deleted": _report(
        gettext_noop("An email address was removed"),
        gettext_noop("An email address was removed from your account."),
    ),
    "mfa/email/totp_activated": _report(
        gettext_noop("Two-step log-in is on"),
        gettext_noop("Logging in to your account now also requires a code from your app."),
    ),
    "mfa/email/totp_deactivated": _report(
        gettext_noop("Two-step log-in is off"),
        gettext_noop("Logging in to your account now requires only your password."),
    ),
    "mfa/email/recovery_codes_generated": _report(
        gettext_noop("New recovery codes"),
        gettext_noop(
            "New recovery codes were generated for your account; the old ones no longer work."
        ),
    ),
}
