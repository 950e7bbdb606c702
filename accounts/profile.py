"""What users may enter about themselves, and which mail they want."""

from collections.abc import Collection
from zoneinfo import available_timezones

from django.conf import settings

from accounts.models import User
from stt_web.core.errors import ApiError

# Each mail that the system sends, and whether it is sent by default.
EMAIL_PREFERENCES = {
    "transcript_ready": True,
    "transcript_failed": True,
    "credits_low": True,
    "key_created": True,
    "new_device": True,
    "webhook_disabled": True,
}


# They report what an intruder does, so a key, which may be in wrong hands, can't switch them off.
SECURITY_NOTICES = ("key_created", "new_device")


class BadProfileError(ApiError):
    """A time zone or a language that isn't known."""

    code = "invalid_value"


class SecurityNoticeError(ApiError):
    """A key may not switch off the mail that reports it to its owner."""

    status = 403
    code = "forbidden"


def read_email_preferences(user: User) -> dict[str, bool]:
    """Every preference, with its default where the user chose nothing."""
    chosen = user.email_preferences
    return {name: bool(chosen.get(name, usual)) for name, usual in EMAIL_PREFERENCES.items()}


def update_profile(
    user: User,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    language: str | None = None,
    email_preferences: dict[str, bool] | None = None,
    by_key: bool = False,
) -> User:
    """Change what is given, leave the rest; return the user as stored.

    Preferences that aren't named stay as they are. `by_key`: a program asks, not the person.
    Raises BadProfileError, SecurityNoticeError, and changes nothing.
    """
    user = User.objects.get(pk=user.pk)
    if time_zone is not None:
        user.time_zone = _known(time_zone, available_timezones(), what="time zone")
    if language is not None:
        user.language = _known(language, dict(settings.LANGUAGES), what="language")
    for preference in email_preferences or {}:
        _known(preference, EMAIL_PREFERENCES, what="email preference")
    silenced = _silenced_notices(user, email_preferences or {})
    if silenced and by_key:
        raise SecurityNoticeError(
            f"An API key can't switch off {', '.join(silenced)}: do that on the page of your"
            " profile."
        )
    user.email_preferences = {**user.email_preferences, **(email_preferences or {})}
    user.name = user.name if name is None else name
    user.save(update_fields=["name", "time_zone", "language", "email_preferences"])
    return user


def _silenced_notices(user: User, changes: dict[str, bool]) -> list[str]:
    """Return the security notices that are on and that `changes` would switch off."""
    now = read_email_preferences(user)
    return [name for name in SECURITY_NOTICES if now[name] and not changes.get(name, True)]


def _known(value: str, known: Collection[str], *, what: str) -> str:
    if value in known:
        return value
    some = "" if len(known) > 20 else f" There are: {', '.join(sorted(known))}."
    raise BadProfileError(f"“{value[:64]}” is no {what} that we know.{some}")
