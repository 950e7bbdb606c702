"""Where new words were spoken: asked of the inference service after the edit was answered."""

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from django.utils import timezone
from pytest_django import Settings

from protos.stt.v1 import speech_pb2
from tests.transcripts.api.test_transcripts import path_of
from tests.transcripts.conftest import write_wav
from tests.transcripts.editing.test_api import key, make_edited, send
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.jobs.test_events_api import Feed
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client
from transcripts.editing.align_edits import align_edit, sweep_alignments
from transcripts.editing.models import EditAlignment
from transcripts.editing.realign import align_segment
from transcripts.exports.document import load_document
from transcripts.models import Revision, Segment, Transcript
from transcripts.text.segments import Segment as TextSegment
from transcripts.text.words import Word

CORRECTION = {"text": "one two new three word0"}


@pytest.fixture
def align_again(
    client: Client, settings: Settings, tmp_path: Path, inference: FakeInference
) -> Iterator[Transcript]:
    """A transcript with its recording of 60 s, and a service that aligns."""
    settings.MEDIA_ROOT = tmp_path
    recording = f"{uuid.uuid4().hex}/recording"
    write_wav(tmp_path / recording, seconds=60)
    inference.aligned.clear()
    yield make_edited(client, segments=2, path=recording, model_used="tiny")
    inference.align_status, inference.align_delay_s = None, 0.0
    inference.align_times_ms, inference.align_probability = None, 1.0
    inference.align_timing = speech_pb2.TIMING_ALIGNED


Words = list[tuple[str, float, float, str]]


def run_alignments() -> None:
    """What a worker does with the messages of the edits."""
    for pk in EditAlignment.objects.filter(finished_at=None).values_list("pk", flat=True):
        align_edit(pk)


def edit_first(client: Client, transcript: Transcript, text: str) -> Words:
    """Edit the first segment; return its words as the answer has them."""
    answer = send(client, transcript, "PATCH", "segments/{a}/", {"text": text})
    assert answer.status_code == 200, answer.text
    return words_of(answer.json()["segments"][0])


def correct(client: Client, transcript: Transcript, text: str) -> Words:
    """Edit the first segment, let the worker align, and return the words that it has then."""
    edit_first(client, transcript, text)
    run_alignments()
    return read_first(client, transcript)


def read_first(client: Client, transcript: Transcript) -> Words:
    return words_of(client.get(path_of(transcript, "segments/")).json()["results"][0])


def words_of(segment: dict[str, Any]) -> Words:
    return [(w["word"], w["start"], w["end"], w["timing"]) for w in segment["words"]]


def timings(words: Words) -> list[str]:
    return [timing for *_, timing in words]


def test_an_edit_is_answered_with_interpolated_times_and_aligned_afterwards(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    answered = edit_first(client, align_again, CORRECTION["text"])
    assert timings(answered) == ["aligned", *["interpolated"] * 3, "aligned"]
    assert inference.aligned == []

    run_alignments()

    # The fake one returns five words in 1.2 s, which is the segment and the margin behind it.
    assert read_first(client, align_again) == [
        ("one", 0.0, 0.25, "aligned"),
        ("two", 0.25, 0.48, "aligned"),
        ("new", 0.48, 0.72, "aligned"),
        ("three", 0.72, 0.75, "aligned"),
        ("word0", 0.75, 1.0, "aligned"),
    ]
    (asked,) = inference.aligned
    assert (asked.model, asked.language, asked.offset_ms) == ("tiny", "en", 0)
    assert [word.text for word in asked.words] == ["one", "two", "new", "three", "word0"]
    assert len(asked.pcm) == 1200 * 32
    exported = client.get(path_of(align_again, "export/json/")).json()["segments"][0]["words"]
    assert [word.get("timing") for word in exported] == [None, *["aligned"] * 3, None]


def test_aligning_makes_no_revision_that_would_refuse_the_next_change(
    client: Client, align_again: Transcript
) -> None:
    send(client, align_again, "PATCH", "segments/{a}/", CORRECTION, if_match='"0"')
    run_alignments()

    answer = send(client, align_again, "PATCH", "speakers/1/", {"name": "Eve"}, if_match='"1"')

    assert answer.status_code == 200
    assert Revision.objects.filter(transcript=align_again).count() == 2


def test_words_that_stay_cost_no_call(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    correct(client, align_again, "one two word0.")

    assert inference.aligned == []
    assert not EditAlignment.objects.exists()


@pytest.mark.parametrize(
    ("status", "is_over"),
    [
        (grpc.StatusCode.UNAVAILABLE, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, False),
        (grpc.StatusCode.INTERNAL, False),
        (grpc.StatusCode.FAILED_PRECONDITION, True),
        (grpc.StatusCode.UNIMPLEMENTED, True),
    ],
)
def test_words_stay_interpolated_where_the_service_refuses_and_are_tried_again_if_that_may_help(
    client: Client,
    align_again: Transcript,
    inference: FakeInference,
    status: grpc.StatusCode,
    is_over: bool,  # a parameter of the test
) -> None:
    inference.align_status = status
    words = correct(client, align_again, "one 2 three word0")
    assert timings(words) == ["aligned", "interpolated", "aligned", "aligned"]
    assert EditAlignment.objects.filter(finished_at=None).exists() is not is_over

    inference.align_status = None
    run_alignments()

    expected = "interpolated" if is_over else "aligned"
    assert timings(read_first(client, align_again))[1] == expected


def test_an_edit_does_not_wait_for_a_service_that_is_slow_or_down(
    client: Client, align_again: Transcript, inference: FakeInference, settings: Settings
) -> None:
    inference.align_delay_s = 30.0
    edit_first(client, align_again, "one 1 three word0")  # warm
    began = time.monotonic()
    edit_first(client, align_again, "one 2 three word0")
    slow_s = time.monotonic() - began
    with FakeInference() as stopped:
        settings.INFERENCE_TARGET = stopped.target
    began = time.monotonic()
    edit_first(client, align_again, "one 3 three word0")

    # Far from 30 and from any deadline of a call; how fast this machine is, benchmarks measure.
    assert max(slow_s, time.monotonic() - began) < 2


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "xx"},
        {"language": ""},
        {"task": "translate"},
        {"path": ""},
        {"path": "gone/recording"},
        {"warnings": [{"code": "corrupt_audio_skipped", "message": "Damaged."}]},
    ],
    ids=lambda fields: "-".join(map(str, fields)),
)
def test_nothing_is_asked_where_nothing_could_be_recognised(
    client: Client, align_again: Transcript, inference: FakeInference, fields: dict[str, Any]
) -> None:
    update_transcripts(Transcript.objects.filter(pk=align_again.pk), **fields)

    words = correct(client, align_again, "one 2 three word0")

    assert timings(words) == ["aligned", "interpolated", "aligned", "aligned"]
    assert inference.aligned == []
    assert not EditAlignment.objects.filter(finished_at=None).exists()


def align_while(
    client: Client, align_again: Transcript, change: tuple[str, str, dict[str, Any]]
) -> None:
    """Align the waiting edit; a person makes a change while the service is asked."""
    (waiting,) = EditAlignment.objects.filter(finished_at=None)
    method, path, body = change

    def align_slowly(transcript: Transcript, segment: TextSegment) -> tuple[Word, ...]:
        aligned = align_segment(transcript, segment)
        assert send(client, align_again, method, path, body).status_code == 200
        return aligned

    align_edit(waiting.pk, align=align_slowly)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "segments/{a}/", {"text": "one two other three word0"}),
        ("PATCH", "segments/{a}/", {"end": 0.9}),
        ("POST", "segments/{a}/split/", {"at_word": 2}),
        ("DELETE", "segments/{a}/", {}),
        ("POST", "revisions/0/restore/", {}),
    ],
)
def test_a_later_edit_is_never_overwritten(
    client: Client, align_again: Transcript, method: str, path: str, body: dict[str, Any]
) -> None:
    edit_first(client, align_again, CORRECTION["text"])

    align_while(client, align_again, (method, path, body))

    waiting = EditAlignment.objects.earliest("pk")
    assert waiting.finished_at is not None
    assert not waiting.is_aligned
    words = read_first(client, align_again)
    assert words == [] or "new" not in [w[0] for w in words if w[3] == "aligned"]


def test_an_edit_of_another_segment_in_between_changes_nothing(
    client: Client, align_again: Transcript
) -> None:
    edit_first(client, align_again, CORRECTION["text"])

    align_while(client, align_again, ("PATCH", "segments/{b}/", {"text": "four five six seven"}))
    run_alignments()

    assert set(timings(read_first(client, align_again))) == {"aligned"}
    assert not EditAlignment.objects.filter(finished_at=None).exists()


def test_a_lost_message_or_a_dead_worker_is_made_good_by_the_sweeper(
    client: Client, align_again: Transcript
) -> None:
    edit_first(client, align_again, CORRECTION["text"])
    announced: list[int] = []

    def send(pk: int) -> bool:
        announced.append(pk)
        return True

    sweep_alignments(send=send)
    assert announced == []  # it was enqueued a moment ago

    for age_s in (11, 21, 41):
        EditAlignment.objects.update(enqueued_at=timezone.now() - timedelta(seconds=age_s))
        sweep_alignments(send=send)
        sweep_alignments(send=send)

    (waiting,) = EditAlignment.objects.all()
    assert announced == [waiting.pk] * 3
    align_edit(waiting.pk)
    align_edit(waiting.pk)
    assert set(timings(read_first(client, align_again))) == {"aligned"}


def test_what_waits_too_long_is_given_up_and_what_is_over_is_deleted(
    client: Client, align_again: Transcript
) -> None:
    edit_first(client, align_again, CORRECTION["text"])
    rows = EditAlignment.objects.all()

    rows.update(created_at=timezone.now() - timedelta(minutes=16))
    sweep_alignments()
    assert rows.get().finished_at is not None
    rows.update(finished_at=timezone.now() - timedelta(minutes=61))
    sweep_alignments()

    assert not rows.exists()


def test_an_open_page_learns_of_the_times(client: Client, align_again: Transcript) -> None:
    edit_first(client, align_again, CORRECTION["text"])
    with closing(Feed(client, align_again, query="?edits_since=0")) as feed:
        run_alignments()
        words, over = feed.rest()

    assert (words.name, words.data["revision"]) == ("words", 1)
    assert words.data["segment"]["id"] == key(0)
    assert set(timings(words_of(words.data["segment"]))) == {"aligned"}
    assert (over.name, over.id) == ("aligned", "aligned")


def test_a_page_that_comes_back_gets_what_it_missed_and_stays_away_at_the_end(
    client: Client, align_again: Transcript
) -> None:
    edit_first(client, align_again, CORRECTION["text"])
    run_alignments()

    with closing(Feed(client, align_again, query="?edits_since=0")) as feed:
        assert [event.name for event in feed.rest()] == ["words", "aligned"]
    with closing(Feed(client, align_again, query="?edits_since=1")) as feed:
        assert [event.name for event in feed.rest()] == ["aligned"]
    path = path_of(align_again, "events/?edits_since=0")
    assert client.call("GET", path, headers={"Last-Event-ID": "aligned"}).status_code == 204
    assert client.get(path_of(align_again, "events/?edits_since=x")).status_code == 400


def test_timing_comes_back_with_its_revision(client: Client, align_again: Transcript) -> None:
    correct(client, align_again, CORRECTION["text"])
    corrected = load_document(align_again)
    send(client, align_again, "POST", "segments/{a}/split/", {"at_word": 2})
    send(client, align_again, "DELETE", "segments/{a}/")

    send(client, align_again, "POST", "revisions/1/restore/")

    assert load_document(align_again) == corrected
    assert [word.timing for word in corrected.segments[0].words] == ["", *["aligned"] * 3, ""]


def test_the_way_the_service_placed_a_word_is_what_it_reports(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    inference.align_timing = speech_pb2.TIMING_ATTENTION

    words = correct(client, align_again, "one 2 three word0")

    assert timings(words)[1] == "attention"


def test_words_squeezed_into_no_time_are_interpolated_in_order(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    inference.align_times_ms = [(0, 500), (500, 990), *[(990, 990)] * 5, (1000, 1000)]

    words = correct(client, align_again, "call four nine zero seven seven seven IBAN")

    assert set(timings(words)) == {"interpolated"}
    assert all(end - start >= 0.08 for _, start, end, _ in words)
    assert all(one[2] <= other[1] for one, other in pairwise(words))


def test_one_squeezed_word_costs_only_the_times_of_those_beside_it(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    inference.align_times_ms = [(0, 200), (200, 400), (400, 600), (600, 600), (600, 900)]

    assert correct(client, align_again, "she had not a clue") == [
        ("she", 0.0, 0.2, "aligned"),
        ("had", 0.2, 0.4, "aligned"),
        ("not", 0.4, 0.6, "aligned"),
        ("a", 0.6, 0.66, "interpolated"),
        ("clue", 0.66, 0.9, "interpolated"),
    ]


def test_words_that_the_model_thinks_were_never_spoken_are_interpolated(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    inference.align_probability = 0.001

    assert set(timings(correct(client, align_again, "four words never said"))) == {"interpolated"}


def long_segment(align_again: Transcript) -> None:
    """One segment of 60 words, a second each."""
    words = [
        {
            "word": f"w{at}",
            "start_ms": at * 1000,
            "end_ms": at * 1000 + 1000,
            "confidence": 0.5,
            "space_before": at > 0,
        }
        for at in range(60)
    ]
    Segment.objects.filter(transcript=align_again, key=key(1)).delete()
    Segment.objects.filter(transcript=align_again, key=key(0)).update(
        end_ms=60_000, words=words, text=" ".join(f"w{at}" for at in range(60))
    )


def test_changes_far_apart_are_aligned_in_parts(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    long_segment(align_again)
    text = " ".join({5: "five", 50: "fifty"}.get(at, f"w{at}") for at in range(60))

    words = correct(client, align_again, text)

    assert [(len(asked.words), asked.offset_ms) for asked in inference.aligned] == [
        (9, 800),
        (9, 45_800),
    ]
    assert timings(words) == ["aligned"] * 60
    assert [word for word, start, *_ in words if start in (5.0, 50.0)] == ["five", "fifty"]


def test_more_than_a_window_typed_at_once_is_interpolated(
    client: Client, align_again: Transcript, inference: FakeInference
) -> None:
    long_segment(align_again)

    assert set(timings(correct(client, align_again, "all of it is new"))) == {"interpolated"}
    assert inference.aligned == []
