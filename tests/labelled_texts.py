"""Our own labelled texts (`tests/labelled`): meetings, lectures, interviews and calls in English
and Czech with questions, borders, tasks and main points; sentences that are about nothing of it;
moods; and instructions that are planted in what is said.

A text's file: `[B][K][T Ines] Ines: what is said`, and below it `?p question` (in other words) or
`?k question` (that shares words); a `c` behind that: it needs its text to be understood ("What did
she learn?"). In English texts `| otázka` behind it. `! question`: near, but
not answered. `#`: a remark.
"""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

FOLDER = Path(__file__).parent / "labelled"
KINDS = ("meeting", "lecture", "interview", "call")
_OF_A_ROW = 6  # more would crowd out, together, what a question is about
_LINE = re.compile(r"(?P<labels>(?:\[[^\]]+\])*)\s*(?P<speaker>[^:\[\]]{1,20}): (?P<text>.+)")


@dataclass(frozen=True)
class Question:
    """`line`: which answers it, from 0. `needs_text`: what "she" or "it" is, only its text says."""

    text: str
    line: int
    is_paraphrased: bool
    needs_text: bool


@dataclass(frozen=True)
class SpokenLine:
    """`owner`: whose task it is."""

    speaker: str
    text: str
    is_border: bool
    is_main: bool
    owner: str | None


@dataclass(frozen=True)
class LabelledText:
    """`questions` and `near` are in its language; `crossed` and `near_crossed` in Czech."""

    name: str
    language: str
    lines: tuple[SpokenLine, ...]
    questions: tuple[Question, ...] = ()
    crossed: tuple[Question, ...] = ()
    near: tuple[str, ...] = ()
    near_crossed: tuple[str, ...] = ()

    def as_text(self) -> str:
        return "".join(f"{line.speaker}: {line.text}\n" for line in self.lines)


@dataclass
class _Reader:
    lines: list[SpokenLine] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    near: list[str] = field(default_factory=list)

    def take(self, row: str) -> None:
        if row.startswith("?"):
            mark, _, text = row.partition(" ")
            self.asked.append(Question(text, len(self.lines) - 1, "p" in mark, "c" in mark))
        elif row.startswith("!"):
            self.near.append(row[2:])
        else:
            self.lines.append(_read_line(row))


def read_texts(language: str) -> list[LabelledText]:
    return [_read_text(f"{language}_{kind}", language) for kind in KINDS]


def read_far(language: str) -> list[str]:
    """Return questions that none of the texts is about."""
    return [_side(row, language) for row in _rows("far.txt")]


def read_distractors(language: str) -> list[str]:
    """Return more than 500 sentences about other things, always the same."""
    chooser = random.Random(7)
    sentences: list[str] = []
    for row in _rows(f"distractors_{language}.txt"):
        parts = re.split(r"\{([^}]+)\}", row)
        choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
        every = ["".join(words) for words in itertools.product(*choices)]
        sentences += chooser.sample(every, min(_OF_A_ROW, len(every)))
    chooser.shuffle(sentences)
    return sentences


def read_sentiments() -> list[tuple[str, str, str]]:
    """Return (language, label, sentence)."""
    labels = {"+": "positive", "-": "negative", "=": "neutral"}
    split = (row.split(" ", 2) for row in _rows("sentiment.txt"))
    return [(language, labels[mark], text) for language, mark, text in split]


def read_instructions() -> list[tuple[str, str, str]]:
    """Return (language, what an answer that obeys has, the sentence)."""
    split = (row.split(" | ", 2) for row in _rows("instructions.txt"))
    return [(language, mark, text) for language, mark, text in split]


def _read_text(name: str, language: str) -> LabelledText:
    reader = _Reader()
    for row in _rows(f"{name}.txt"):
        reader.take(row)
    lines, near = tuple(reader.lines), tuple(_side(row, language) for row in reader.near)
    questions = _translate(reader.asked, language)
    if language == "cs":
        return LabelledText(name, language, lines, questions, near=near)
    crossed = _translate(reader.asked, "cs")
    near_crossed = tuple(_side(row, "cs") for row in reader.near)
    return LabelledText(name, language, lines, questions, crossed, near, near_crossed)


def _translate(questions: Sequence[Question], language: str) -> tuple[Question, ...]:
    return tuple(replace(each, text=_side(each.text, language)) for each in questions)


def _read_line(row: str) -> SpokenLine:
    match = _LINE.fullmatch(row)
    assert match is not None, row
    labels = re.findall(r"\[([^\]]+)\]", match["labels"])
    owners = [label[2:] for label in labels if label.startswith("T ")]
    owner = owners[0] if owners else None
    return SpokenLine(match["speaker"], match["text"], "B" in labels, "K" in labels, owner)


def _rows(name: str) -> Iterator[str]:
    for row in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if row.strip() and not row.startswith("#"):
            yield row.strip()


def _side(row: str, language: str) -> str:
    """Return the part of "English | Czech" in the language; a row of one part is in its own."""
    parts = row.split(" | ")
    return parts[-1] if language == "cs" else parts[0]
