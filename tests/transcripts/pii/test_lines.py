"""Precision and recall by kind over labelled lines: `language<TAB>text with [[KIND:what]]`."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from transcripts.pii.find import find_personal_data
from transcripts.pii.kinds import PARTIAL, PiiItem, PiiKind

_LABEL = re.compile(r"\[\[(\w+):(.*?)\]\]")
_FILE = Path(__file__).parent / "lines.tsv"
# Kinds that have a form; names and streets have none, and are reported, not promised.
WITH_FORM = [kind for kind in PiiKind if kind not in PARTIAL]


@dataclass(frozen=True)
class Line:
    language: str
    text: str
    labels: tuple[PiiItem, ...]


def read_lines() -> list[Line]:
    lines = []
    for row in _FILE.read_text(encoding="utf-8").splitlines():
        language, marked = row.split("\t")
        text, labels, position = "", [], 0
        for match in _LABEL.finditer(marked):
            text += marked[position : match.start()]
            labels.append(PiiItem(PiiKind(match[1]), len(text), len(text) + len(match[2])))
            text += match[2]
            position = match.end()
        lines.append(Line(language, text + marked[position:], tuple(labels)))
    return lines


LINES = read_lines()


def overlap(one: PiiItem, other: PiiItem) -> bool:
    return one.kind == other.kind and one.start < other.end and other.start < one.end


@dataclass
class Score:
    found: Counter[PiiKind]
    missed: list[tuple[PiiKind, str]]
    wrong: list[tuple[PiiKind, str]]


def measure() -> Score:
    score = Score(Counter(), [], [])
    for line in LINES:
        findings = find_personal_data(line.text, language=line.language)
        for label in line.labels:
            if any(overlap(label, finding) for finding in findings):
                score.found[label.kind] += 1
            else:
                score.missed.append((label.kind, line.text))
        score.wrong += [
            (finding.kind, line.text)
            for finding in findings
            if not any(overlap(label, finding) for label in line.labels)
        ]
    return score


@pytest.fixture(scope="module")
def score() -> Score:
    return measure()


def test_there_are_lines_enough_and_traps_among_them() -> None:
    assert len(LINES) >= 300
    assert sum(1 for line in LINES if not line.labels) >= 80
    assert {line.language for line in LINES} >= {"en", "cs", "de", "fr", "es", "pl"}


@pytest.mark.parametrize("kind", WITH_FORM)
def test_each_kind_with_a_form_is_found_and_little_else(score: Score, kind: PiiKind) -> None:
    missed = [text for of, text in score.missed if of == kind]
    wrong = [text for of, text in score.wrong if of == kind]
    found = score.found[kind]
    assert found / (found + len(missed)) >= 0.9, missed
    assert found / (found + len(wrong)) >= 0.95, wrong


def test_names_and_streets_are_found_where_rules_can() -> None:
    """Measured coarsely: the answers say that these are partial."""
    score = measure()
    for kind in PARTIAL:
        missed = [text for of, text in score.missed if of == kind]
        wrong = [text for of, text in score.wrong if of == kind]
        assert score.found[kind] >= 2 * len(missed), missed
        assert score.found[kind] >= 5 * len(wrong), wrong
