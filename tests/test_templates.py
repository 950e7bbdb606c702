"""The templates: djlint's rules, lines of 120, and nothing that a strict CSP refuses."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "billing", "stt_web", "transcripts")
LINE = 120
TEMPLATES = sorted(
    path for app in APPS for path in (ROOT / app).rglob("*.html") if "templates" in path.parts
)
# Mail programs know no stylesheets.
MAILS = {ROOT / "accounts" / "templates" / "mail" / "notice.html"}
_INLINE = re.compile(
    r"<style\b|\bstyle=|\bon[a-z]+=\"|javascript:|<script(?![^>]*\b(?:src|type=\"application/json\"))",
    re.IGNORECASE,
)
_STATIC = re.compile(r"{% static \"([^\"]+)\" %}")
_ROOM_FILES = sorted((ROOT / "transcripts").glob("*/static/*"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_djlint_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "djlint", "--lint", "--quiet", *APPS],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_line_of_a_template_is_longer_than_120(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert [n for n, line in enumerate(lines, 1) if len(line) > LINE] == []


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path not in MAILS], ids=name)
def test_a_page_has_no_inline_script_or_style(path: Path) -> None:
    assert _INLINE.findall(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_each_static_file_that_a_template_names_is_there(path: Path) -> None:
    named = _STATIC.findall(path.read_text())

    assert [address for address in named if finders.find(address) is None] == []


def test_a_static_file_of_a_room_is_served_at_its_path_in_the_repository() -> None:
    """So that what one script imports of another is the same address for all readers."""
    assert _ROOM_FILES
    found = {path: finders.find(name(path)) for path in _ROOM_FILES}
    assert {path: at for path, at in found.items() if at != str(path)} == {}
