"""A browser with a user logged in, without going through the forms."""

import functools
import sys

from playwright.sync_api import BrowserContext

from tests.e2e.processes import System

LOG_IN = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
user = User.objects.get(email="e2e@example.com")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(settings.SESSION_COOKIE_NAME, session.session_key)
"""


def log_in(context: BrowserContext, system: System) -> None:
    """Give the browser the session of the account whose key `system.headers` has."""
    name, value = _session(system)
    context.add_cookies([{"name": name, "value": value, "url": system.url}])


@functools.lru_cache(maxsize=4)  # one for all tests of a system: a shell takes seconds
def _session(system: System) -> tuple[str, str]:
    """Return the cookie's name and value."""
    output = system.run(sys.executable, "manage.py", "shell", "-v0", "-c", LOG_IN)
    name, value = output.split()[-2:]
    return name, value
