"""Tests lie at the path of what they test: `transcripts/jobs/` by `tests/transcripts/jobs/`."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("stt_web", "accounts", "billing", "transcripts", "inference_service")
# Tests of the whole: real processes, browsers, clients, weights, and every endpoint at once.
OF_THE_WHOLE = {
    "browser",
    "contract",
    "drills",
    "e2e",
    "js",
    "labelled",
    "probes",
    "real",
    "specs",
    "sdk",
    "speech",
    "torch_engines",
    "weights",
}
# Tested where they are used: tables, commands, names for templates; the torch engines in their own
# suite (tests/torch_engines).
_WITHOUT_TESTS = {"management", "migrations", "models", "templatetags", "torch_engines"}


def packages_below(folder: Path) -> set[str]:
    """Return the paths of all packages below `folder`, relative to it, with /."""
    return {file.parent.relative_to(folder).as_posix() for file in folder.rglob("__init__.py")}


@pytest.mark.parametrize("part", CODE)
def test_each_folder_of_tests_names_a_package_that_exists(part: str) -> None:
    assert packages_below(ROOT / "tests" / part) - packages_below(ROOT / part) == set()


@pytest.mark.parametrize("part", CODE)
def test_each_area_of_the_code_has_its_folder_of_tests(part: str) -> None:
    areas = {path for path in packages_below(ROOT / part) if path != "." and "/" not in path}
    tested = packages_below(ROOT / "tests" / part)
    assert areas - tested - _WITHOUT_TESTS == set()


def test_a_folder_of_tests_is_an_areas_or_of_the_whole() -> None:
    below = (path for path in (ROOT / "tests").iterdir() if path.is_dir())
    folders = {path.name for path in below if path.name[0] not in "._"}
    assert folders == {*CODE, *OF_THE_WHOLE}
