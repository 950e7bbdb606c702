"""What is left when all is quiet again, held against what clients were promised."""

import difflib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from drills.clients import BYTES_A_SECOND, HeardSession, Notes

QUIET_WITHIN_S = 300.0
_ENDS = ("completed", "completed_with_warnings", "failed", "cancelled")


@dataclass
class Verdict:
    """`found`: figures for people. `broken`: every promise that was not kept, in a sentence."""

    found: dict[str, object] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def hold(self, promise: str, wrong: Sequence[object]) -> None:
        self.found[promise] = len(wrong)
        if wrong:
            shown = "; ".join(str(each)[:300] for each in wrong[:5])
            self.broken.append(f"{promise}: {len(wrong)} ({shown})")


def wait_until_quiet(within_s: float = QUIET_WITHIN_S) -> list[str]:
    """Wait until no transcript is queued or processing; returns those that still are when
    `within_s` have passed in which none was finished. A busy machine may take longer in all.
    """
    from transcripts.models import Transcript  # after django.setup()

    open_ones = Transcript.objects.exclude(status__in=_ENDS)
    left, ends_at = open_ones.count(), time.monotonic() + within_s
    while left and time.monotonic() < ends_at:
        time.sleep(0.5)
        if (now_left := open_ones.count()) < left:
            left, ends_at = now_left, time.monotonic() + within_s
    return [f"{each.pk} {each.status} {each.job.error_code}" for each in open_ones[:20]]


def judge_files(verdict: Verdict, notes: Notes, expected: Sequence[dict[str, Any]]) -> None:
    """Every accepted recording is a transcript like the undisturbed one, charged once."""
    from billing.models import EntryKind, Hold, HoldState, LedgerEntry
    from transcripts.models import Segment, Transcript

    texts = [each["text"] for each in expected]
    lost, failed, other, charged = [], [], [], []
    ids = {transcript_id for _, transcript_id in notes.accepted}
    known = {str(each.pk): each for each in Transcript.objects.filter(pk__in=ids)}
    for transcript_id in sorted(ids):
        transcript = known.get(transcript_id)
        if transcript is None:
            lost.append(transcript_id)
            continue
        if transcript.status != "completed":
            failed.append(f"{transcript_id} {transcript.status} {transcript.job.error_code}")
            continue
        rows = Segment.objects.filter(transcript_id=transcript_id).order_by("position")
        found = list(rows.values_list("text", flat=True))
        if found != texts:
            other.append(f"{transcript_id}: {_difference(texts, found)}")
        reference = transcript.job.hold_reference or transcript_id
        settled = LedgerEntry.objects.filter(reference=reference, kind=EntryKind.SETTLEMENT)
        states = list(Hold.objects.filter(reference=reference).values_list("state", flat=True))
        if states != [HoldState.SETTLED] or settled.count() != 1:
            charged.append(f"{transcript_id}: holds {states}, settled {settled.count()} times")
    verdict.found["recordings accepted"] = len(ids)
    verdict.hold("accepted recordings lost", lost)
    verdict.hold("accepted recordings failed", failed)
    verdict.hold("transcripts unlike the undisturbed one", other)
    verdict.hold("recordings not charged exactly once", charged)


def judge_live(verdict: Verdict, notes: Notes, expected: str) -> None:
    """All audio that was sent is heard, and all text that a speaker got stands in the transcript.

    Where every web process was away for longer than a session waits, the speaker is cut off, and
    what was stored until then stands all the same. Words that differ from those of an undisturbed
    session are counted, not forbidden: where a stream was taken up again, the model hears the
    utterance in other pieces.
    """
    from transcripts.models import Segment, Transcript

    audio, taken_back, doubled, unfinished, differing = [], [], [], [], 0
    for session in notes.sessions:
        transcript = Transcript.objects.filter(pk=session.transcript_id).first()
        if transcript is None:
            unfinished.append(f"{session.transcript_id} is not there")
            continue
        if transcript.status not in ("completed", "completed_with_warnings"):
            unfinished.append(f"{session.transcript_id} {transcript.status}")
            continue
        heard_ms = transcript.job.audio_duration_ms or 0
        if heard_ms != session.sent_ms and not session.was_cut_off:
            audio.append(f"{session.transcript_id}: {heard_ms} of {session.sent_ms} ms")
        rows = Segment.objects.filter(transcript_id=transcript.pk).order_by("position")
        text = " ".join(rows.values_list("text", flat=True)).split()
        got = " ".join(session.texts).split()
        if not _is_within(got, text):
            taken_back.append(f"{session.transcript_id}: {_difference(text, got)}")
        if len(got) > len(text):
            doubled.append(session.transcript_id)
        if not session.was_cut_off:
            differing += _words_missing(expected.split(), text)
    verdict.found |= {
        "live sessions": len(notes.sessions),
        "live sessions taken up again": sum(each.resumed for each in notes.sessions),
        "live sessions cut off": sum(each.was_cut_off for each in notes.sessions),
        "live words unlike the undisturbed ones": differing,
        "live words": len(expected.split()) * len(notes.sessions),
    }
    verdict.hold("live sessions without an end", unfinished)
    verdict.hold("live sessions with audio lost", audio)
    verdict.hold("live sessions whose text was taken back", taken_back)
    verdict.hold("live sessions with text sent twice", doubled)


def judge_edits(verdict: Verdict, notes: Notes, transcript_id: str) -> None:
    """The last accepted edit stands; every accepted edit is a revision, and just one."""
    from transcripts.models import Revision, Segment

    verdict.found["edits accepted"] = len(notes.edits)
    if not notes.edits:
        return
    _, text = notes.edits[-1]
    row = Segment.objects.filter(transcript_id=transcript_id).order_by("position").first()
    assert row is not None
    revisions = Revision.objects.filter(transcript_id=transcript_id).exclude(number=0).count()
    verdict.hold("edits lost", [row.text] if row.text != text else [])
    wrong = [f"{revisions} revisions"] if revisions != len(notes.edits) else []
    verdict.hold("edits not exactly one revision", wrong)


def judge_webhooks(verdict: Verdict, notes: Notes, bodies: Sequence[dict[str, Any]]) -> None:
    """Each completed recording was announced, under one id however often it came."""
    ids: dict[str, set[str]] = {}
    for body in bodies:
        ids.setdefault(body["data"]["id"], set()).add(body["webhook-id"])
    accepted = {transcript_id for _, transcript_id in notes.accepted}
    verdict.found["webhook messages"] = len(bodies)
    verdict.hold("recordings not announced", sorted(accepted - set(ids)))
    twice = [each for each in accepted if len(ids.get(each, set())) > 1]
    verdict.hold("recordings announced under two ids", twice)


def judge_ledger(verdict: Verdict) -> None:
    """Every balance is the sum of its entries, and no hold is left open."""
    from billing.audit import check_ledger
    from billing.models import Hold, HoldState

    verdict.hold("balances that are not their sum", check_ledger())
    is_open = Hold.objects.exclude(state__in=(HoldState.SETTLED, HoldState.RELEASED))
    verdict.hold("holds left open", list(is_open.values_list("reference", flat=True)))


def judge_clients(verdict: Verdict, notes: Notes) -> None:
    """No 500, and nobody was left without an answer."""
    verdict.found |= {"exports": notes.exports, "requests sent again": notes.retries}
    verdict.hold("answers 500", notes.server_errors)
    verdict.hold("clients left without an answer", notes.gave_up)


def words_of(session: HeardSession) -> str:
    return str(session.last.get("transcript", ""))


def milliseconds(pcm: bytes) -> int:
    return len(pcm) * 1000 // BYTES_A_SECOND


def _is_within(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether `part` stands in `whole` in its order, with nothing of it left out."""
    rest = iter(whole)
    return all(word in rest for word in part)


def _words_missing(expected: Sequence[str], found: Sequence[str]) -> int:
    return (Counter(expected) - Counter(found)).total()


def _difference(expected: Sequence[str], found: Sequence[str]) -> str:
    lines = difflib.unified_diff(list(expected), list(found), lineterm="", n=0)
    return " | ".join(line for line in lines if line[:3] not in ("---", "+++"))[:400]
