"""Every page of the product with something on it: for pictures of all, and for axe on all."""

import sys
from dataclasses import dataclass

import requests
from playwright.sync_api import BrowserContext, Page

from tests.browser.session import log_in
from tests.e2e.processes import System

_SUBTITLES = """1
00:00:00,500 --> 00:00:03,000
Good morning, can you send me the numbers for October?

2
00:00:03,500 --> 00:00:07,250
Of course. We had two thousand visitors, and most of them came on Sunday.
"""
_FILL = """
from accounts.models import User
from billing.ledger import grant_credits
from billing.plans import account_for
from transcripts.glossary.terms import SpokenTerm, write_terms
user = User.objects.get(email="e2e@example.com")
user.is_staff = user.is_superuser = True
user.save()
grant_credits(account_for(user), amount=40, reference="gallery", reason="welcome")
terms = [SpokenTerm(text="Žižkov", misheard=("Zhizhkov",)), SpokenTerm(text="EBITDA", tag="board")]
write_terms(user, terms)
"""


@dataclass(frozen=True)
class Shown:
    """A page: `TRANSCRIPT` in its path stands for the id of the one that there is."""

    name: str
    path: str
    is_guest: bool = False


PAGES = (
    *(
        Shown(name, path, is_guest=True)
        for name, path in (
            ("front", "/"),
            ("live-guest", "/live/"),
            ("pricing", "/pricing/"),
            ("private-cloud", "/private-cloud/"),
            ("docs", "/docs"),
            ("docs-operation", "/docs#transcribe"),
            ("log-in", "/account/login/"),
            ("sign-up", "/account/signup/"),
            ("password-reset", "/account/password/reset/"),
            ("not-found", "/nowhere/"),
            ("offline", "/offline/"),
        )
    ),
    *(
        Shown(name, path)
        for name, path in (
            ("transcribe", "/"),
            ("record", "/record/"),
            ("enhance", "/enhance/"),
            ("library", "/transcripts/"),
            ("library-nothing-found", "/transcripts/?search=nowhere"),
            ("transcript", "/transcripts/TRANSCRIPT/"),
            ("share", "/transcripts/TRANSCRIPT/share/"),
            ("live", "/live/"),
            ("ask", "/ask/"),
            ("account", "/account/"),
            ("usage", "/account/usage/"),
            ("billing", "/billing/"),
            ("notes", "/account/processing/"),
            ("template", "/account/templates/new/"),
            ("glossary", "/account/glossary/"),
            ("voices", "/account/voices/"),
            ("retention", "/account/retention/"),
            ("keys", "/account/keys/"),
            ("webhooks", "/webhooks/"),
            ("profile", "/account/profile/"),
            ("security", "/account/security/"),
            ("password", "/account/password/change/"),
            ("delete-account", "/account/delete/"),
            ("design", "/design/"),
        )
    ),
)
# Opens whatever unfolds, so that what lies in it is looked at, too.
OPEN_ALL = """() => {
  for (const each of document.querySelectorAll('main details')) each.open = true;
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fill(system: System) -> str:
    """Give the account of `system.headers` something to show; return the id of its transcript."""
    system.run(sys.executable, "manage.py", "shell", "-v0", "-c", _FILL)
    answer = requests.post(
        f"{system.url}/api/v1/transcripts/import/",
        headers=system.headers,
        files={"file": ("Interview.srt", _SUBTITLES.encode())},
        data={"language": "en"},
        timeout=60,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


def open_page(
    shown: Shown, *, guest: BrowserContext, member: BrowserContext, system: System, transcript: str
) -> Page:
    page = (guest if shown.is_guest else member).new_page()
    page.goto(system.url + shown.path.replace("TRANSCRIPT", transcript))
    return page


def log_in_as_member(context: BrowserContext, system: System) -> BrowserContext:
    log_in(context, system)
    return context
