"""Forms of the account's pages. They check shapes; what is allowed, services decide."""

from datetime import datetime, time
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.keys.issue import DEFAULT_LIFETIME, OPERATE, SCOPES
from accounts.models import User
from accounts.profile import EMAIL_PREFERENCES, read_email_preferences

SCOPE_LABELS = {
    "transcribe": _("Transcribe recordings"),
    "read": _("Read transcripts and the account"),
    "manage": _("Change the account and its keys"),
    OPERATE: _("Examine the server, fetch models"),
}
PREFERENCE_LABELS = {
    "transcript_ready": _("A transcript is ready"),
    "transcript_failed": _("A transcript failed"),
    "credits_low": _("Minutes and credits run low"),
    "key_created": _("An API key was created"),
    "new_device": _("A new device logged in"),
    "webhook_disabled": _("A webhook endpoint was disabled"),
}


def list_time_zones() -> list[tuple[str, str]]:
    """Places of the world, and UTC; without the aliases."""
    places = (name for name in available_timezones() if "/" in name)
    usual = sorted(name for name in places if not name.startswith(("Etc/", "SystemV/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in usual)]


class ProfileForm(forms.Form):
    """A user's own profile data. `cleaned_data` fits `update_profile`."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=list_time_zones,
        help_text=_("Usage is counted per day in this time zone."),
    )
    language = forms.ChoiceField(
        label=_("Language of pages and emails"), choices=settings.LANGUAGES
    )
    email_preferences = forms.MultipleChoiceField(
        label=_("Email me when"),
        choices=list(PREFERENCE_LABELS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, user: User) -> "ProfileForm":
        wanted = [name for name, is_on in read_email_preferences(user).items() if is_on]
        known = {"name": user.name, "time_zone": user.time_zone, "language": user.language}
        return cls(initial={**known, "email_preferences": wanted})

    def clean_email_preferences(self) -> dict[str, bool]:
        wanted = self.cleaned_data["email_preferences"]
        return {name: name in wanted for name in EMAIL_PREFERENCES}


class KeyForm(forms.Form):
    """A key that is asked for. `cleaned_data` fits `issue_requested_key`."""

    name = forms.CharField(
        label=pgettext_lazy("of a key", "Name"),
        max_length=100,
        help_text=_("Where will it be used?"),
    )
    expires_at = forms.DateField(
        label=_("Expires on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("A year from now unless you choose another day. Empty: never expires."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Permissions (all if none selected)"),
        choices=[(scope, SCOPE_LABELS[scope]) for scope in SCOPES if scope != OPERATE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: object, time_zone: str = "UTC", **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as Django's own
        self._zone = ZoneInfo(time_zone)

    @classmethod
    def of(cls, user: User) -> "KeyForm":
        zone = ZoneInfo(user.time_zone)
        last_day = (timezone.now() + DEFAULT_LIFETIME).astimezone(zone).date()
        return cls(time_zone=user.time_zone, initial={"expires_at": last_day})

    def clean_expires_at(self) -> datetime | None:
        """The end of that day where the user lives."""
        day = self.cleaned_data["expires_at"]
        if day is None:
            return None
        end = datetime.combine(day, time(23, 59, 59), self._zone)
        if end <= timezone.now():
            raise forms.ValidationError(_("This day is in the past."))
        return end


class LeaveForm(forms.Form):
    """Typing one's own address, so that no account is closed by mistake."""

    email = forms.EmailField(label=_("Enter your email address to confirm"))

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as Django's own
        self._user = user

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if email.lower() != self._user.email.lower():
            raise forms.ValidationError(_("This is not the address of your account."))
        return email
