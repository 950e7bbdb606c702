"""A stored result as sections of items, each with what bears it out: what its files are made of.

`static/result-sections.js` is the same for the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from transcripts.intelligence.models import ResultKind, StoredResult


@dataclass(frozen=True)
class MadeItem:
    """`starts_s`: where it stands, in seconds, in order; none of a text without times."""

    text: str
    starts_s: tuple[float, ...] = ()
    speaker: str = ""
    owner: str = ""
    due: str = ""
    due_date: str = ""
    choices: tuple[str, ...] = ()
    answer: str = ""


@dataclass(frozen=True)
class MadeSection:
    """`name`: of `made_names.SECTION_NAMES`, or empty; `title` instead of it where there is one."""

    name: str
    items: list[MadeItem] = field(default_factory=list)
    title: str = ""


def list_sections(result: StoredResult) -> list[MadeSection]:
    """Return the sections of a result as it was made; none where it is only a text."""
    return [section for section in _sections_of(result) if section.items]


def list_tasks(result: StoredResult) -> list[MadeItem]:
    """Return its action items; none where it has no such list."""
    if (result.kind, result.name) == (ResultKind.ANALYSIS, "action_items"):
        return [_item_of(each) for each in _list_of(result.body.get("result"))]
    data = result.body.get("data")
    listed = data.get("action_items") if isinstance(data, dict) else None
    return [_item_of(each) for each in _list_of(listed)]


def _sections_of(result: StoredResult) -> Iterator[MadeSection]:
    body = result.body
    if result.kind == ResultKind.SUMMARY:
        yield MadeSection("", _summary_items(body))
        return
    is_analysis = result.kind == ResultKind.ANALYSIS
    if is_analysis and result.name == "pii_redact":
        return  # a masked text, and what it hides
    data = body.get("result") if is_analysis else body.get("data", body.get("segments"))
    if is_analysis and result.name == "sentiment":
        data = data.get("segments") if isinstance(data, dict) else None
    if is_analysis and result.name in ("sentiment", "entities"):
        yield from _group(_list_of(data))
    elif isinstance(data, list):
        yield MadeSection("", [_item_of(each) for each in data])
    elif isinstance(data, dict):
        for name, listed in data.items():
            yield from _listed_sections(name, listed)


def _summary_items(body: dict[str, Any]) -> list[MadeItem]:
    """Return the lines where each has a sentence that bears it out, else the sentences."""
    sentences = _list_of(body.get("sentences"))
    lines = [line for line in str(body.get("summary", "")).split("\n") if line.strip()]
    if len(lines) != len(sentences):
        return [_item_of(each) for each in sentences]
    return [
        _item_of({**each, "text": line.removeprefix("- ")})
        for line, each in zip(lines, sentences, strict=True)
    ]


def _group(listed: list[Any]) -> Iterator[MadeSection]:
    groups: dict[str, list[MadeItem]] = {}
    for each in listed:
        groups.setdefault(str(each.get("label", "")), []).append(_item_of(each))
    for name, items in groups.items():
        yield MadeSection(name, items)


def _listed_sections(name: str, listed: object) -> Iterator[MadeSection]:
    items = _list_of(listed)
    first = items[0] if items and isinstance(items[0], dict) else {}
    inner = next((key for key in ("points", "items") if key in first), "")
    if inner:
        for each in items:
            points = [_item_of(point) for point in _list_of(each.get(inner))]
            yield MadeSection(name, points, title=str(each.get("title", "")))
    else:
        yield MadeSection(name, [_item_of(each) for each in items])


def _item_of(each: Any) -> MadeItem:
    if not isinstance(each, dict):
        return MadeItem(str(each))
    names = ("topic", "question", "task", "quote", "title", "front", "text")
    text = next((each[name] for name in names if each.get(name)), "")
    return MadeItem(
        text=str(text),
        starts_s=_starts_of(each.get("evidence") or each),
        speaker=str(each.get("speaker") or ""),
        owner=str(each.get("owner") or ""),
        due=str(each.get("due") or ""),
        due_date=str(each.get("due_date") or ""),
        choices=tuple(map(str, _list_of(each.get("choices")))),
        answer=str(each.get("answer") or each.get("back") or ""),
    )


def _starts_of(evidence: object) -> tuple[float, ...]:
    listed = evidence if isinstance(evidence, list) else [evidence]
    starts = {
        float(each["start"])
        for each in listed
        if isinstance(each, dict) and isinstance(each.get("start"), int | float)
    }
    return tuple(sorted(starts))


def _list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
