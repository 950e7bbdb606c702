"""The history of what people changed: reading it, comparing, and working out a restore.

A change is stored as what it changed, before and after (`models.revisions`). Several in a row fold
into one; taking that back is a restore, and viewing it is a diff.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from stt_web.core.errors import ApiError
from transcripts.models import Revision, Transcript
from transcripts.text.matching import match_sequences

Change = dict[str, dict[str, Any] | None]  # {"before": …, "after": …}
Changes = dict[str, dict[str, Change]]  # {"segments": {key: …}, "speakers": …, "fields": …, "gaps"}
_SUMMARISED = 3  # pairs of words
_SUMMARY_CHARACTERS = 60
KINDS = ("segments", "speakers", "fields", "gaps")


class RevisionNotFoundError(ApiError):
    """There is no such revision."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such revision.")


def list_revisions(transcript: Transcript) -> QuerySet[Revision]:
    """Return the changes, the last one first, without what they changed."""
    rows = Revision.objects.filter(transcript=transcript).select_related("author")
    return rows.defer("changes").order_by("-number")


def check_revision(transcript: Transcript, number: int) -> None:
    """Raise RevisionNotFoundError unless the transcript has been at this revision. No query."""
    if not 0 <= number <= transcript.revision:
        raise RevisionNotFoundError


def changes_between(transcript: Transcript, older: int, newer: int) -> Changes:
    """Return what changed from one revision to a later one, folded. One query."""
    rows = Revision.objects.filter(transcript=transcript, number__gt=older, number__lte=newer)
    folded: Changes = {}
    for changes in rows.order_by("number").values_list("changes", flat=True):
        folded = fold(folded, changes)
    return folded


def fold(first: Changes, then: Changes) -> Changes:
    """Return one change for two in a row; what the second undid is removed."""
    folded: Changes = {}
    for kind in KINDS:
        both = dict(first.get(kind, {}))
        for key, change in then.get(kind, {}).items():
            both[key] = _fold_one(both[key], change) if key in both else change
        retained = {
            key: change for key, change in both.items() if change["before"] != change["after"]
        }
        if retained:
            folded[kind] = retained
    return folded


def overlaps(one: Changes, other: Changes) -> bool:
    """Whether both change the same line, speaker, gap or field. Pure.

    That a transcript is corrected is no one's change: every edit says so.
    """
    own, others = (_touched(changes) for changes in (one, other))
    return not own.isdisjoint(others)


def _touched(changes: Changes) -> set[tuple[str, str]]:
    found = {(kind, key) for kind in KINDS if kind != "fields" for key in changes.get(kind, {})}
    for change in changes.get("fields", {}).values():
        names = {*(change["before"] or ()), *(change["after"] or ())}
        found |= {("fields", name) for name in names - {"is_corrected"}}
    return found


def reverse(changes: Changes) -> Changes:
    """Return the change that takes this one back."""
    return {
        kind: {
            key: {"before": change["after"], "after": change["before"]}
            for key, change in changed.items()
        }
        for kind, changed in changes.items()
    }


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Change | None:
    """Return the change of one thing from all its fields then and now; None where there is none."""
    if before is None or after is None:
        return (
            None
            if before == after
            else {
                "before": None if before is None else dict(before),
                "after": None if after is None else dict(after),
            }
        )
    names = [name for name in after if before[name] != after[name]]
    if not names:
        return None
    return {
        "before": {name: before[name] for name in names},
        "after": {name: after[name] for name in names},
    }


def compare_texts(before: str, after: str) -> list[dict[str, str]]:
    """Return the words of two texts as runs that are `equal`, `delete` or `insert`, in order."""
    old, new = before.split(), after.split()
    runs: list[tuple[str, list[str]]] = []
    i = j = 0
    for next_i, next_j in [*match_sequences(old, new), (len(old), len(new))]:
        _add_run(runs, "delete", old[i:next_i])
        _add_run(runs, "insert", new[j:next_j])
        _add_run(runs, "equal", old[next_i : next_i + 1])
        i, j = next_i + 1, next_j + 1
    return [{"op": op, "text": " ".join(words)} for op, words in runs]


def changes_speech(changes: Changes) -> bool:
    """Whether summaries and the like are out of date after it. A title doesn't count, and neither
    does a name for who had a label only: labels in such texts are shown as the names."""
    if "segments" in changes or "gaps" in changes:
        return True
    return any(
        change["before"] is not None
        and change["after"] is not None
        and bool(change["before"].get("display_name") or "label" in change["before"])
        for change in changes.get("speakers", {}).values()
    )


def summarise(changes: Changes) -> list[dict[str, str]]:
    """Return the first few words that a change replaced, put in or took out, shortened."""
    pairs: list[dict[str, str]] = []
    named = [*_each(changes, "fields", "title"), *_each(changes, "speakers", "display_name")]
    pairs += [{"before": before, "after": after} for before, after in named]
    for before, after in _each(changes, "segments", "text"):
        if len(pairs) >= _SUMMARISED:
            break
        pairs += _pair_runs(compare_texts(before, after))
    return [{side: _shorten(text) for side, text in pair.items()} for pair in pairs[:_SUMMARISED]]


def _each(changes: Changes, kind: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield a field of what was there before and after, where it differs."""
    for change in changes.get(kind, {}).values():
        before, after = change["before"], change["after"]
        if before is not None and after is not None and name in before and name in after:
            yield str(before[name]), str(after[name])


def _pair_runs(runs: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return a deletion and the insertion behind it as one pair."""
    pairs: list[dict[str, str]] = []
    last = "equal"
    for run in runs:
        op, text = run["op"], run["text"]
        if op == "delete":
            pairs.append({"before": text, "after": ""})
        elif op == "insert" and last == "delete":
            pairs[-1]["after"] = text
        elif op == "insert":
            pairs.append({"before": "", "after": text})
        last = op
    return pairs


def _shorten(text: str) -> str:
    return text if len(text) <= _SUMMARY_CHARACTERS else f"{text[: _SUMMARY_CHARACTERS - 1]}…"


def _add_run(runs: list[tuple[str, list[str]]], op: str, words: list[str]) -> None:
    if not words:
        return
    if runs and runs[-1][0] == op:
        runs[-1][1].extend(words)
    else:
        runs.append((op, words))


def _fold_one(first: Change, then: Change) -> Change:
    was, later = first["before"], then["after"]
    before = None if was is None else {**(then["before"] or {}), **was}
    after = None if later is None else {**(first["after"] or {}), **later}
    return difference(before, after) or {"before": None, "after": None}
