"""The places to look at first: which, in which order, and until when."""

from dataclasses import replace
from typing import Any

from tests.transcripts.api.test_transcripts import path_of
from tests.transcripts.editing.test_api import key, make_edited, send
from tests.transcripts.served_api import Client
from transcripts.gaps.models import Gap
from transcripts.models import Segment
from transcripts.review.risks import list_risks
from transcripts.services.shown_gaps import ShownGap
from transcripts.text.segments import Segment as TextSegment
from transcripts.text.words import Word


def make_segment(text: str, *confidences: float, start_ms: int = 0, **fields: Any) -> TextSegment:
    words = tuple(
        Word(word, start_ms + 100 * at, start_ms + 100 * at + 100, confidence, at > 0)
        for at, (word, confidence) in enumerate(zip(text.split(), confidences, strict=True))
    )
    row = Segment(
        key=f"k{start_ms}", position=start_ms, start_ms=start_ms, end_ms=start_ms + 1000, text=text
    )
    return replace(TextSegment.from_row(row), words=words, **fields)


def test_unsure_words_that_stand_together_are_one_place() -> None:
    (risk,) = list_risks([make_segment("We saw the sea", 0.9, 0.2, 0.4, 0.9)], [], language="en")
    assert (risk.kind, risk.text, risk.first, risk.last) == ("words", "saw the", 3, 10)
    assert (risk.start_ms, risk.end_ms, risk.score) == (100, 300, 0.7)


def test_the_worst_comes_first_and_each_kind_is_found() -> None:
    segments = [
        make_segment("And then", 0.9, 0.3, speaker=1),
        make_segment("we went.", 0.9, 0.9, start_ms=1100, speaker=2),
        make_segment("Guten Tag.", 0.9, 0.9, start_ms=2200, speaker=2, language="de"),
    ]
    gap = ShownGap(keys=("g",), start_ms=5000, end_ms=7000, reason="not_recognised")
    found = list_risks(segments, [gap], language="en")
    assert [(risk.kind, risk.place) for risk in found] == [
        ("gap", "g"),
        ("words", "k0"),
        ("language", "k2200"),
        ("speaker", "k1100"),
    ]
    # A new sentence may be another's; words that nothing measured are no doubt.
    answer = make_segment("We went.", 0.9, 0.9, start_ms=1100, speaker=2)
    assert not list_risks([make_segment("Yes.", 0.9, speaker=1), answer], [], language="en")


def test_what_is_accepted_is_not_listed_until_its_text_changes(client: Client) -> None:
    transcript = make_edited(client)
    Segment.objects.filter(key=key(0)).update(
        words=[
            {
                "word": word,
                "start_ms": at,
                "end_ms": at + 1,
                "confidence": 0.1,
                "space_before": True,
            }
            for at, word in enumerate(["one", "two", "three", "word0"])
        ]
    )
    Segment.objects.filter(key=key(1)).update(words=[])
    path = path_of(transcript, "review/")
    (risk,) = client.get(path).json()["results"]
    assert (risk["place"], risk["text"]) == (key(0), "one two three word0")
    body = {name: risk[name] for name in ("kind", "place", "text")}

    for _ in range(2):  # twice is once
        assert client.call("POST", path, json=body).status_code == 204
    assert client.get(path).json() == {"count": 0, "results": []}
    send(client, transcript, "PATCH", f"segments/{key(0)}/", {"text": "one two three changed"})
    assert [each["text"] for each in client.get(path).json()["results"]] == ["one two three"]


def test_a_gap_is_a_risk(client: Client) -> None:
    transcript = make_edited(client)
    Gap.objects.create(
        transcript=transcript, key="gap", start_ms=5000, end_ms=9000, reason="not_recognised"
    )
    transcript.job.warnings = [
        {"code": "speech_not_transcribed", "message": "…", "gaps": 1, "seconds": 4}
    ]
    transcript.job.save()
    kinds = [each["kind"] for each in client.get(path_of(transcript, "review/")).json()["results"]]
    assert kinds[0] == "gap"
