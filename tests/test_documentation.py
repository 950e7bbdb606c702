"""The documents agree with the code: its settings, its commands, its sample calls."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ("stt_web", "accounts", "billing", "transcripts", "inference_service")
# As one of the readers' arguments: read_int("STT_…"), reader.seconds("STT_…"), or read_text("PORT"…
_READ = re.compile(r"(?:read_\w+|reader\.\w+)\(\s*\"(\w+)\"")
_LISTED = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)


def settings_read() -> set[str]:
    files = (file for part in CODE for file in (ROOT / part).rglob("*.py"))
    return {name for file in files for name in _READ.findall(file.read_text())}


def settings_listed() -> set[str]:
    rows = _LISTED.findall((ROOT / "docs" / "operating.md").read_text())
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_setting_is_listed_and_every_listed_one_is_read() -> None:
    read = {name for name in settings_read() if name.startswith("STT_") or name == "PORT"}
    assert len(read) > 30
    assert settings_listed() == read


def test_every_page_that_a_page_links_to_is_there() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        named = set(re.findall(r"`(?:\w+=\S+ )*make (\w+)", page.read_text()))
        assert named <= targets, page.name


def test_the_lock_files_agree() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        return {line.partition("#")[0].strip() for line in lines} - {""}

    assert len(pins("web")) > 20
    assert pins("web") | pins("inference") <= pins("dev"), "run `make lock`"
