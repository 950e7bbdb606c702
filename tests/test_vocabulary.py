"""Identifiers are made of the field's words: the retired ones come back nowhere.

An identifier is split at `_` and at capitals: `_SpanSettled` has the parts span and settled. What
the web tier renames is added to `ROOTS` and `RETIRED` by the room that does it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOTS = ("inference_service", "tests/inference_service")

# The retired word → what stands for it now.
RETIRED = {
    **dict.fromkeys(("tell", "tells", "told", "telling", "untold"), "deliver, report"),
    **dict.fromkeys(("say", "says", "said"), "report, return"),
    **dict.fromkeys(("hear", "hears", "heard", "unheard", "hearing", "ears"), "recognise, receive"),
    **dict.fromkeys(("keep", "keeps", "kept", "forget"), "store, retain, commit; discard"),
    **dict.fromkeys(("settle", "settles", "settled"), "finalize, decide"),
    **dict.fromkeys(("gone", "nobody", "somebody", "whoever", "whatever"), "a plain noun"),
    **dict.fromkeys(("anew", "meanwhile"), "again, concurrently"),
    **dict.fromkeys(("look", "looks", "looked"), "check, fetch"),
    **dict.fromkeys(("lane", "lanes"), "queue"),
    **dict.fromkeys(("house", "belongings", "visitor", "departure", "farewell"), "in flight, user"),
    **dict.fromkeys(("stretch", "stretches"), "utterance, interval"),
    **dict.fromkeys(("piece", "pieces"), "chunk"),
    **dict.fromkeys(("span", "spans"), "window, interval"),
    **dict.fromkeys(("spell", "spelled", "respell", "unindent"), "join_words, normalize"),
    **dict.fromkeys(("doubtful", "believe", "believed"), "uncertain, accepted"),
    **dict.fromkeys(("restore", "restored"), "map"),
    **dict.fromkeys(("wish", "wishes"), "request, options"),
    **dict.fromkeys(
        ("scribe", "outbox", "guessing", "hopeless", "plausible"), "result_writer, queue"
    ),
    "slot": "permit",
}
# Names that the retired words are right in, or that others chose.
EXCEPTIONS = {
    "forget": "the forget gate of an LSTM",
}
# Files of the exceptions above: nowhere else.
EXCEPTED_FILES = {"forget": "inference_service/engines/diarization/segmentation_graph.py"}


def parts_of(identifier: str) -> list[str]:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)
    return [word.lower() for word in words]


def identifiers_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.alias):
            yield node.asname or ""


def retired_in(path: Path) -> set[str]:
    found = set(identifiers_in(path.read_text(encoding="utf-8"))) | {path.stem}
    where = path.relative_to(ROOT).as_posix()
    return {
        name
        for name in found
        if RETIRED.keys() & parts_of(name) and EXCEPTED_FILES.get(name) != where
    }


@pytest.mark.parametrize("root", ROOTS)
def test_no_identifier_has_a_retired_part(root: str) -> None:
    files = sorted((ROOT / root).rglob("*.py"))
    assert files
    found = {str(file.relative_to(ROOT)): retired_in(file) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


def test_a_retired_part_is_found_in_every_kind_of_identifier() -> None:
    source = (
        "class AllHeard:\n    told_ms = 0\ndef f(lane, *, is_kept=1):\n    lane.settle(span=1)\n"
    )
    found = {name for name in identifiers_in(source) if RETIRED.keys() & parts_of(name)}
    assert found == {"AllHeard", "told_ms", "lane", "is_kept", "settle", "span"}


def test_words_that_only_contain_a_retired_one_are_allowed() -> None:
    assert parts_of("housekeeping_Unspanned2") == ["housekeeping", "unspanned"]
    assert parts_of("_HTTPServer_maxMS") == ["http", "server", "max", "ms"]
