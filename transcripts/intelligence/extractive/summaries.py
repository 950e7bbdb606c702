"""Summaries: the most central sentences, in the text's order."""

from dataclasses import dataclass

from transcripts.intelligence.extractive.action_items import ActionItem, find_action_items
from transcripts.intelligence.extractive.centrality import choose_diverse
from transcripts.intelligence.extractive.cues import heading
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.source import Sentence
from transcripts.text.writing import ends_clause, ends_sentence

STYLES = ("brief", "detailed", "action_items", "bullet_points", "headline")
_HEADLINE_CHARACTERS = 90
_HEADLINE_WORDS = range(4, 19)


@dataclass(frozen=True)
class Summary:
    """`sentences`: what it is made of, each as it stands in the text."""

    text: str
    sentences: tuple[Sentence, ...]


def summarise(reading: Reading, *, style: str) -> Summary:
    """Return the summary in a style of `STYLES`."""
    if style == "action_items":
        return _list_actions(reading)
    if style == "headline":
        return _write_headline(reading)
    chosen = choose_sentences(reading, count=_count(len(reading.sentences), style))
    if style == "bullet_points":
        return Summary("\n".join(f"- {_one_line(each)}" for each in chosen), tuple(chosen))
    return Summary(" ".join(map(_one_line, chosen)), tuple(chosen))


def choose_sentences(reading: Reading, *, count: int) -> list[Sentence]:
    """Return the most central sentences that repeat each other least, in the text's order."""
    if len(reading.sentences) <= 1:
        return list(reading.sentences)
    places = choose_diverse(reading.centred, reading.weights, count=count)
    return [reading.sentences[place] for place in places]


def _count(sentences: int, style: str) -> int:
    if style == "brief":
        return max(1, min(3, sentences // 3))
    if style == "bullet_points":
        return max(1, min(7, sentences // 3))
    return max(1, min(12, max(5, sentences // 8), sentences // 2))


def _list_actions(reading: Reading) -> Summary:
    items = find_action_items(reading.source)
    if not items:
        return Summary(heading("no_actions", reading.language), ())
    lines = [f"- {write_action(item, reading.language)}" for item in items]
    return Summary("\n".join(lines), tuple(item.sentence for item in items))


def write_action(item: ActionItem, language: str) -> str:
    """Return a line such as "send the draft (owner: Anna, due: by Friday)"."""
    facts = (("owner", item.owner), ("due", item.due))
    notes = ", ".join(f"{heading(name, language)}: {value}" for name, value in facts if value)
    return f"{item.task} ({notes})" if notes else item.task


def _write_headline(reading: Reading) -> Summary:
    """Return a short central sentence without its stop: a whole one where there is any, else the
    clauses of one that fit, else its first words.
    """
    weights = dict(zip(reading.sentences, map(float, reading.weights), strict=True))
    ranked = sorted(reading.sentences, key=lambda each: -weights[each])
    short = [each for each in ranked if each.words in _HEADLINE_WORDS]
    for sentence in short:
        line = _one_line(sentence)
        if len(line) <= _HEADLINE_CHARACTERS and _is_whole(line, reading.language):
            return Summary(line.rstrip(".。 "), (sentence,))
    best = (short or ranked)[0]
    text = _take_clauses(_one_line(best), reading.language)
    text = text or shorten(_one_line(best), characters=_HEADLINE_CHARACTERS)
    return Summary(text.rstrip(".。 "), (best,))


def _is_whole(line: str, language: str) -> bool:
    """Whether it begins and ends as a sentence; speech that was cut in its middle does not."""
    first = next(filter(str.isalnum, line), "")
    return not first.islower() and ends_sentence(line.split()[-1], language=language)


def _take_clauses(line: str, language: str) -> str:
    """Return all of a short line, else the first clauses of it that fit; empty where none does."""
    if len(line) <= _HEADLINE_CHARACTERS:
        return line
    taken, length = "", 0
    for count, word in enumerate(line.split(), start=1):
        length += len(word) + (count > 1)
        if length > _HEADLINE_CHARACTERS + 1:  # the mark behind it goes
            break
        if count in _HEADLINE_WORDS and ends_clause(word, language=language):
            taken = line[:length].rstrip(" ,;:–—-、，；")
    return taken


def shorten(text: str, *, characters: int) -> str:
    """Return the text, or its first words and an ellipsis."""
    if len(text) <= characters:
        return text
    cut = text[: characters - 1]
    return cut[: max(cut.rfind(" "), characters // 2)].rstrip(" ,;:–-") + "…"


def _one_line(sentence: Sentence) -> str:
    return " ".join(sentence.text.split())
