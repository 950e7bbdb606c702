"""How good what is quoted from a text is: chapters, tasks, main points, moods.

`python -m benchmarks.language_quoting MODELS`, on the labelled texts of `tests/labelled` with
multilingual-e5-small of the folder MODELS. A chapter counts where it begins within two lines of a
border, a task where it is in its line; of a detailed summary, how many sentences are main points.
"""
# ruff: noqa: E402  # Django is set up before its models are imported

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from benchmarks.language_retrieval import Embedder
from inference_service.catalog.text_models import E5_SMALL
from tests.labelled_texts import LabelledText, read_sentiments, read_texts
from transcripts.intelligence.extractive.action_items import find_action_items
from transcripts.intelligence.extractive.chapters import find_chapters
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.extractive.sentiment import SentimentModel, describe
from transcripts.intelligence.extractive.summaries import summarise
from transcripts.intelligence.source import Sentence, read_text

NEAR_LINES = 2


def main() -> None:
    embedder = Embedder(E5_SMALL, Path(sys.argv[1]))
    for language in ("en", "cs"):
        texts = read_texts(language)
        readings = [
            Reading(
                read_text(text.as_text(), language=language),
                embed=lambda each: embedder.queries(each)[0],
            )
            for text in texts
        ]
        for text, reading in zip(texts, readings, strict=True):
            _report_chapters(text, reading)
            _report_tasks(text, reading)
            _report_summary(text, reading)
    _report_moods(embedder)


def _report_chapters(text: LabelledText, reading: Reading) -> None:
    borders = [at for at, line in enumerate(text.lines) if line.is_border and at]
    found = [_line_of(each.opening, text) for each in find_chapters(reading)]
    found = [line for line in found if line]
    hit = [at for at in borders if any(abs(at - line) <= NEAR_LINES for line in found)]
    false = [line for line in found if all(abs(at - line) > NEAR_LINES for at in borders)]
    print(f"{text.name}: chapters {len(hit)} of {len(borders)}, {len(false)} false")


def _report_tasks(text: LabelledText, reading: Reading) -> None:
    wanted = {at for at, line in enumerate(text.lines) if line.owner}
    found = {_line_of(item.sentence, text) for item in find_action_items(reading.source)}
    print(f"{text.name}: tasks {len(wanted & found)} of {len(wanted)}, {len(found - wanted)} false")


def _report_summary(text: LabelledText, reading: Reading) -> None:
    lines = [_line_of(each, text) for each in summarise(reading, style="detailed").sentences]
    main_lines = {at for at, line in enumerate(text.lines) if line.is_main}
    share = len(main_lines) / len(text.lines)
    print(
        f"{text.name}: summary, main points {_count(lines, main_lines)} of {len(lines)}"
        f" sentences (of all lines {share:.2f} are)"
    )


def _report_moods(embedder: Embedder) -> None:
    model = SentimentModel(lambda texts: embedder.queries(texts)[0])
    for language in ("en", "cs"):
        rows = [row[1:] for row in read_sentiments() if row[0] == language]
        judged = model.judge(embedder.queries([text for _, text in rows])[0])
        right = sum(
            describe(own).label == label for (label, _), own in zip(rows, judged, strict=True)
        )
        print(f"{language}: moods {right} of {len(rows)}")


def _line_of(sentence: Sentence, text: LabelledText) -> int:
    return text.as_text()[: sentence.start].count("\n")


def _count(lines: Sequence[int], wanted: Collection[int]) -> int:
    return sum(line in wanted for line in lines)


if __name__ == "__main__":
    main()
