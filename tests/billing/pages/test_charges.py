"""The billing page: a line a recording with its cost, and the ledger behind "Details"."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.ledger import place_hold, release_hold, settle_hold
from billing.models import BillingAccount
from tests.billing.conftest import create_account
from tests.transcripts.rows import create_transcript

pytestmark = pytest.mark.django_db
URL = "/billing/"
MINUTE_MS = 60_000


@pytest.fixture
def account() -> BillingAccount:
    return create_account(minutes=5, credits=10)


@pytest.fixture
def browser(account: BillingAccount) -> Client:
    client = Client()
    assert account.user is not None
    client.force_login(account.user)
    return client


def read(client: Client) -> list[str]:
    """Return the lines of the charges, as text."""
    part = client.get(URL).content.decode().partition('id="charges"')[2].partition("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def charge(account: BillingAccount, *, title: str, minutes: int, billed_ms: int = 0) -> str:
    """Have a recording paid for, as finalizing does."""
    transcript = create_transcript(owner=account.user, title=title)
    place_hold(str(transcript.pk), account=account, minutes=minutes)
    transcript.jobs.update(hold_reference=str(transcript.pk))
    if billed_ms:
        settle_hold(str(transcript.pk), billed_ms=billed_ms)
    return str(transcript.pk)


def test_each_recording_is_one_line_with_its_cost(account: BillingAccount, browser: Client) -> None:
    charge(account, title="Interview", minutes=4, billed_ms=3 * MINUTE_MS - 500)
    charge(account, title="Lecture", minutes=6, billed_ms=6 * MINUTE_MS)
    silent = charge(account, title="Silence", minutes=2)
    release_hold(silent)
    charge(account, title="At work", minutes=1)

    assert read(browser) == [
        "At work just now – Reserved",
        "Silence just now – Free of charge",
        "Lecture just now 6:00 4 credits",
        "Interview just now 2:59 3 free minutes",
    ]


def test_a_line_leads_to_its_transcript_until_that_is_deleted(
    account: BillingAccount, browser: Client
) -> None:
    key = charge(account, title="Interview", minutes=1, billed_ms=MINUTE_MS)
    assert f'href="/transcripts/{key}/"' in browser.get(URL).content.decode()
    assert account.user is not None
    account.user.transcripts.all().delete()

    assert read(browser) == ["Deleted recording just now 1:00 1 free minute"]


def test_charges_of_others_are_not_shown(account: BillingAccount, browser: Client) -> None:
    charge(create_account(minutes=5), title="Secret", minutes=1, billed_ms=MINUTE_MS)

    assert read(browser) == []
    assert "Each recording appears here with its cost." in browser.get(URL).content.decode()


def test_many_charges_take_as_many_queries_as_one(account: BillingAccount, browser: Client) -> None:
    counts = []
    for number in range(9):
        charge(account, title=f"Recording {number}", minutes=1, billed_ms=MINUTE_MS)
        if number in (0, 8):
            with CaptureQueriesContext(connection) as queries:
                browser.get(URL)
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_movements_stand_behind_details(account: BillingAccount, browser: Client) -> None:
    page = browser.get(URL).content.decode()
    assert '<details class="unfold" id="movements">' in page
    assert (
        '<details class="unfold" id="movements" open>'
        in browser.get(f"{URL}?page=1").content.decode()
    )
