"""A user's sessions, and ending them."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from accounts.audit import USER_TYPE, record_own_action
from accounts.models import User
from stt_web.core.sessions import SessionStore

# In this order: each browser also claims to be those below it.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def load_session_user(session_key: str | None) -> User | None:
    """Return whose session it is now, by the database: None once it has ended. Two queries."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    return user if isinstance(user, User) else None


def list_sessions(user: User) -> list[UserSession]:
    """Sessions that still work, newest first."""
    sessions: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(sessions, key=lambda session: session.created_at, reverse=True)


def record_session(request: HttpRequest) -> None:
    """List the session of a log-in that allauth's pages have no part in: what isn't listed is not
    ended by `end_all_sessions`."""
    UserSession.objects.create_from_request(request)


def end_session(user: User, session_id: int) -> bool:
    """End one session of `user`; False if there is none with this id."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        return False
    session.end()
    record_own_action(
        user.pk, action="end_session", object_type=USER_TYPE, object_ids=[str(user.pk)]
    )
    return True


def end_all_sessions(user: User) -> int:
    """Log `user` out everywhere, here too; return how many sessions there were."""
    sessions = UserSession.objects.filter(user=user)
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    record_own_action(
        user.pk, action="end_all_sessions", object_type=USER_TYPE, object_ids=[str(user.pk)]
    )
    return len(keys)


def purge_sessions() -> None:
    """Delete sessions that have ended, and their metadata."""
    SessionStore.clear_expired()
    living = Session.objects.values("session_key")
    UserSession.objects.exclude(session_key__in=living).delete()


def describe_browser(user_agent: str) -> str:
    """A name that a person knows, such as “Firefox, Linux”; else the browser's own header."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent[:60] or "?"


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())
