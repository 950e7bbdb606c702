"""From the list to one archive: what was ticked, or what was found."""

import asyncio
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.pages.people import browser_of, member
from tests.transcripts.pages.test_library import transcribed
from transcripts.exports.render import EXPORTS

pytestmark = pytest.mark.django_db(transaction=True)  # the archive is written by other threads
PATH = "/transcripts/export/"


@pytest.fixture
def ann(settings: Settings, tmp_path: Path) -> User:
    settings.MEDIA_ROOT = tmp_path
    return member("ann@example.com")


def names_in(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Disposition"].startswith("attachment")

    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    with zipfile.ZipFile(io.BytesIO(asyncio.run(read()))) as archive:
        assert archive.testzip() is None
        return sorted(archive.namelist())


def test_every_page_offers_every_format(ann: User) -> None:
    transcript = transcribed(ann, title="A")
    browser = browser_of(ann)
    home, own, live = (
        browser.get(path).content.decode()
        for path in ("/", f"/transcripts/{transcript.pk}/", "/live/")
    )

    assert re.findall(r'data-format="(\w+)"', home) == list(EXPORTS)
    assert re.findall(r'data-format="(\w+)"', own) == list(EXPORTS)
    assert re.findall(r'data-formats="([^"]*)"', live) == [" ".join(EXPORTS)]


def test_what_is_ticked_is_in_the_archive(ann: User) -> None:
    first, second, _third = (transcribed(ann, title=title) for title in ("A", "B", "C"))
    ids = [first.pk, second.pk]

    answer = browser_of(ann).post(PATH, {"which": "selected", "ids": ids, "format": "srt"})

    assert names_in(answer) == ["A.srt", "B.srt"]


def test_all_that_the_filters_let_through_are(ann: User) -> None:
    transcribed(ann, title="A", source="upload")
    transcribed(ann, title="B", source="live")
    transcribed(ann, title="Under way", status="processing")
    transcribed(member("bob@example.com"), title="Bobs")
    browser = browser_of(ann)

    assert names_in(browser.post(PATH, {"which": "all", "format": "txt"})) == ["A.txt", "B.txt"]
    narrowed = browser.post(PATH, {"which": "all", "format": "txt", "source": "live"})
    assert names_in(narrowed) == ["B.txt"]


def test_the_page_hands_on_what_it_was_narrowed_by(ann: User) -> None:
    done = transcribed(ann, title="A")
    open_one = transcribed(ann, title="B", status="processing")

    page = browser_of(ann).get("/transcripts/?source=api&ordering=title").content.decode()

    assert '<input type="hidden" name="source" value="api">' in page
    assert f'name="ids" value="{done.pk}"' in page
    assert str(open_one.pk) in page
    assert f'name="ids" value="{open_one.pk}"' not in page


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"which": "selected", "format": "txt"}, "Select the transcripts to download first."),
        (
            {"which": "all", "format": "txt", "status": "failed"},
            "None of these transcripts is ready",
        ),
        ({"which": "all", "format": "exe"}, "exe"),
        ({"which": "all", "format": "txt", "status": "odd"}, "status must be one of"),
    ],
)
def test_what_can_not_be_had_is_shown_on_the_list(
    ann: User, asked: dict[str, str], sentence: str
) -> None:
    transcribed(ann)

    page = browser_of(ann).post(PATH, asked, follow=True)

    assert page.redirect_chain[0][0].startswith("/transcripts/")
    assert sentence in page.content.decode()


def test_anothers_can_not_be_ticked(ann: User) -> None:
    theirs = transcribed(member("bob@example.com"), title="Bobs")

    asked = {"which": "selected", "ids": [theirs.pk], "format": "txt"}
    page = browser_of(ann).post(PATH, asked, follow=True)

    assert page["Content-Type"].startswith("text/html")


def test_no_one_without_a_log_in_gets_one(ann: User) -> None:
    answer = Client().post(PATH, {"which": "all", "format": "txt"})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")
