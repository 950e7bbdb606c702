"""The Czech catalogue is complete: the sentences of pages, scripts and mails, and its .mo file."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from tests import report
from transcripts.live import pages as live_pages
from transcripts.pages import ask, home, library, transcript_texts
from transcripts.pages.script_texts import render_texts
from transcripts.uploads import pages as uploads_pages

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "stt_web" / "locale" / "cs" / "LC_MESSAGES"
ROOMS = ROOT / "transcripts"
APPS = ("accounts", "billing", "stt_web", "transcripts")
# A page's first script, and the texts that its template hands over.
PAGES: dict[str, Mapping[str, Any]] = {
    "pages/static/home.js": home.TEXTS,
    "pages/static/guest-try.js": home.TEXTS,
    "pages/static/library.js": library.TEXTS,
    "uploads/static/queue.js": uploads_pages.QUEUE_TEXTS,
    "uploads/static/record.js": uploads_pages.QUEUE_TEXTS | uploads_pages.TEXTS,
    "live/static/live.js": live_pages.TEXTS | live_pages.NOTICES | live_pages.PROBLEMS,
    "editing/static/editor.js": transcript_texts.TEXTS,
    "intelligence/static/panels.js": transcript_texts.TEXTS,
    "intelligence/static/ask.js": ask.TEXTS,
}
_IMPORT = re.compile(r"(?:from|import)\s+\"(\.[\w/.-]+\.js)\"")
_USED = re.compile(r"\btexts\.(?!js\b)(\w+)")


def run_gettext(*command: str) -> str:
    """Return what the tool printed; the test is skipped, or fails, where gettext is missing."""
    report.require("gettext", is_there=shutil.which(command[0]) is not None)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def entries(listed: str) -> list[str]:
    """Return the msgids, without the header's."""
    return [
        line for line in listed.splitlines() if line.startswith("msgid ") and line != 'msgid ""'
    ]


def test_nothing_is_fuzzy_or_empty_and_the_header_is_filled() -> None:
    po = str(CATALOGUE / "django.po")

    assert entries(run_gettext("msgattrib", "--no-wrap", "--only-fuzzy", po)) == []
    assert entries(run_gettext("msgattrib", "--no-wrap", "--untranslated", po)) == []
    run_gettext("msgfmt", "--check", "--output-file=/dev/null", po)
    header = (CATALOGUE / "django.po").read_text().partition("\n\n")[0]
    assert '"Language: cs\\n"' in header
    for placeholder in ("PACKAGE", "YEAR", "FULL NAME", "SOME DESCRIPTIVE TITLE", "LANGUAGE <"):
        assert placeholder not in header


def test_the_compiled_file_is_that_of_the_catalogue(tmp_path: Path) -> None:
    run_gettext("msgfmt", f"--output-file={tmp_path / 'django.mo'}", str(CATALOGUE / "django.po"))

    def read(path: Path) -> dict[object, str]:
        with path.open("rb") as file:
            catalogue: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
        return catalogue

    assert read(CATALOGUE / "django.mo") == read(tmp_path / "django.mo"), "run `make messages`"


def test_the_catalogue_has_what_the_sources_have_and_no_more(tmp_path: Path) -> None:
    for app in APPS:
        shutil.copytree(
            ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("*.pyc", "static", "*.mo")
        )
    shutil.copy(ROOT / "manage.py", tmp_path)
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    po = tmp_path / "stt_web" / "locale" / "cs" / "LC_MESSAGES" / "django.po"
    known = run_gettext("msgcat", "--no-wrap", "--sort-output", str(po))

    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "cs", "--no-location", "--no-obsolete"],
        cwd=tmp_path,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "stt_web.settings"},
        capture_output=True,
        check=True,
    )

    found = run_gettext("msgcat", "--no-wrap", "--sort-output", str(po))
    assert entries(found) == entries(known), "run `make messages`"


def scripts_of(first: str) -> set[Path]:
    """Return the script and all that it imports."""
    found: set[Path] = set()
    open_ones = [ROOMS / first]
    while open_ones:
        path = open_ones.pop()
        if path not in found:
            found.add(path)
            names = _IMPORT.findall(path.read_text())
            open_ones += [(path.parent / name).resolve() for name in names]
    return found


@pytest.mark.parametrize("first", PAGES)
def test_a_page_hands_over_the_texts_that_its_scripts_use(first: str) -> None:
    used = {name for path in scripts_of(first) for name in _USED.findall(path.read_text())}

    assert used
    assert used - PAGES[first].keys() == set()


@pytest.mark.parametrize("first", PAGES)
def test_the_texts_of_scripts_are_czech_in_czech(first: str) -> None:
    with translation.override("cs"):
        czech = render_texts(PAGES[first])
    with translation.override("en"):
        english = render_texts(PAGES[first])

    same = {name for name, text in czech.items() if text == english[name]}
    assert same <= {"refused", "text"}  # "{name}: {problem}", "Text"


def test_a_plural_has_the_forms_of_its_language() -> None:
    with translation.override("cs"):
        forms = render_texts(transcript_texts.TEXTS)["issues"]

    assert set(forms) == {"one", "few", "other"}
    assert len(set(forms.values())) == 3
