"""Where new words were spoken: asked of the inference service, and done without where it can't."""

import threading
import time
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from pytest_django import Settings

from tests.transcripts.api.conftest import Client
from tests.transcripts.api.test_editing import key, make_edited, send
from tests.transcripts.api.test_transcripts import path_of
from tests.transcripts.conftest import write_wav
from tests.transcripts.fake_inference import FakeInference
from transcripts.exports.document import load_document
from transcripts.models import Segment, Transcript

CORRECTION = {"text": "one two new three word0"}


@pytest.fixture
def heard(
    client: Client, settings: Settings, tmp_path: Path, inference: FakeInference
) -> Iterator[Transcript]:
    """A transcript with its recording of 60 s, and a service that aligns."""
    settings.MEDIA_ROOT = tmp_path
    recording = f"{uuid.uuid4().hex}/recording"
    write_wav(tmp_path / recording, seconds=60)
    inference.aligned.clear()
    yield make_edited(client, segments=2, recording=recording, model_used="tiny")
    inference.align_status, inference.align_delay_s = None, 0.0
    inference.align_times_ms, inference.align_probability = None, 1.0


def words_of(answer: Any) -> list[tuple[str, float, float, str]]:
    assert answer.status_code == 200, answer.text
    return [
        (word["word"], word["start"], word["end"], word["timing"])
        for segment in answer.json()["segments"]
        for word in segment["words"]
    ]


def timings(answer: Any) -> list[str]:
    return [timing for *_, timing in words_of(answer)]


def test_new_words_are_where_the_service_heard_them(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    answer = send(client, heard, "PATCH", "segments/{a}/", CORRECTION)

    # The fake one says: five words in 1.2 s, which is the segment and the margin behind it.
    assert words_of(answer) == [
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
    exported = client.get(path_of(heard, "export/json/")).json()["segments"][0]["words"]
    assert [word.get("timing") for word in exported] == [None, *["aligned"] * 3, None]


def test_words_that_stay_cost_no_call(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    send(client, heard, "PATCH", "segments/{a}/", {"text": "one two word0."})

    assert inference.aligned == []


@pytest.mark.parametrize(
    "status",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
    ],
)
def test_words_are_interpolated_where_the_service_refuses(
    client: Client, heard: Transcript, inference: FakeInference, status: grpc.StatusCode
) -> None:
    inference.align_status = status

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "one 2 three word0"})

    assert timings(answer) == ["aligned", "interpolated", "aligned", "aligned"]
    assert len(inference.aligned) == 1


def test_an_edit_waits_two_seconds_for_a_slow_service_and_no_longer(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    inference.align_delay_s = 30.0
    began = time.monotonic()

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "one 2 three word0"})

    assert timings(answer)[1] == "interpolated"
    assert (
        time.monotonic() - began < 10
    )  # not 30: how fast this machine is otherwise isn't at issue


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "xx"},
        {"language": ""},
        {"task": "translate"},
        {"recording": ""},
        {"recording": "gone/recording"},
        {"warnings": [{"code": "corrupt_audio_skipped", "message": "Damaged."}]},
    ],
    ids=lambda fields: "-".join(map(str, fields)),
)
def test_nothing_is_asked_where_nothing_could_be_heard(
    client: Client, heard: Transcript, inference: FakeInference, fields: dict[str, Any]
) -> None:
    Transcript.objects.filter(pk=heard.pk).update(**fields)

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "one 2 three word0"})

    assert timings(answer) == ["aligned", "interpolated", "aligned", "aligned"]
    assert inference.aligned == []


def test_a_service_that_is_down_fails_no_edit(
    client: Client, heard: Transcript, settings: Settings
) -> None:
    with FakeInference() as gone:
        settings.INFERENCE_TARGET = gone.target

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "one 2 three word0"})

    assert timings(answer)[1] == "interpolated"


def test_another_edit_meanwhile_wins_and_the_late_one_is_told(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    """While words are being aligned, nothing is locked."""
    inference.align_delay_s = 1.0
    early = Client(client.url, client.key)
    answers: list[int] = []

    def rename_meanwhile() -> None:
        while not inference.aligned:
            time.sleep(0.01)
        answer = send(early, heard, "PATCH", "speakers/1/", {"name": "Eve"}, if_match='"0"')
        answers.append(answer.status_code)

    thread = threading.Thread(target=rename_meanwhile)
    thread.start()
    late = send(client, heard, "PATCH", "segments/{a}/", CORRECTION, if_match='"0"')
    thread.join()

    assert (answers, late.status_code) == ([200], 412)


def test_words_aligned_for_a_text_that_changed_meanwhile_are_not_used(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    inference.align_delay_s = 1.0

    def change_meanwhile() -> None:
        while not inference.aligned:
            time.sleep(0.01)
        send(Client(client.url, client.key), heard, "DELETE", "segments/{b}/")
        send(Client(client.url, client.key), heard, "PATCH", "segments/{a}/", {"text": "one word0"})

    thread = threading.Thread(target=change_meanwhile)
    thread.start()
    answer = send(client, heard, "PATCH", "segments/{a}/", CORRECTION)
    thread.join()

    assert answer.json()["segments"][0]["text"] == CORRECTION["text"]
    assert timings(answer) == ["aligned", *["interpolated"] * 3, "aligned"]
    rows = client.get(path_of(heard, "segments/")).json()["results"]
    assert all(word["start"] < word["end"] for row in rows for word in row["words"])


def test_timing_comes_back_with_its_revision(client: Client, heard: Transcript) -> None:
    send(client, heard, "PATCH", "segments/{a}/", CORRECTION)
    corrected = load_document(heard)
    send(client, heard, "POST", "segments/{a}/split/", {"at_word": 2})
    send(client, heard, "DELETE", "segments/{a}/")

    send(client, heard, "POST", "revisions/1/restore/")

    assert load_document(heard) == corrected
    assert [word.timing for word in corrected.segments[0].words] == ["", *["aligned"] * 3, ""]


def test_words_squeezed_into_no_time_are_interpolated_in_order(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    inference.align_times_ms = [(0, 500), (500, 990), *[(990, 990)] * 5, (1000, 1000)]
    text = "call four nine zero seven seven seven IBAN"

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": text})

    words = words_of(answer)
    assert set(timings(answer)) == {"interpolated"}
    assert all(end - start >= 0.08 for _, start, end, _ in words)
    assert all(one[2] <= other[1] for one, other in pairwise(words))


def test_one_squeezed_word_costs_only_the_times_of_those_beside_it(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    inference.align_times_ms = [(0, 200), (200, 400), (400, 600), (600, 600), (600, 900)]

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "she had not a clue"})

    assert words_of(answer) == [
        ("she", 0.0, 0.2, "aligned"),
        ("had", 0.2, 0.4, "aligned"),
        ("not", 0.4, 0.6, "aligned"),
        ("a", 0.6, 0.66, "interpolated"),
        ("clue", 0.66, 0.9, "interpolated"),
    ]


def test_words_that_the_model_thinks_were_never_said_are_interpolated(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    inference.align_probability = 0.001

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "four words never said"})

    assert set(timings(answer)) == {"interpolated"}


def long_segment(heard: Transcript) -> None:
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
    Segment.objects.filter(transcript=heard, key=key(1)).delete()
    Segment.objects.filter(transcript=heard, key=key(0)).update(
        end_ms=60_000, words=words, text=" ".join(f"w{at}" for at in range(60))
    )


def test_changes_far_apart_are_aligned_in_pieces(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    long_segment(heard)
    text = " ".join({5: "five", 50: "fifty"}.get(at, f"w{at}") for at in range(60))

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": text})

    assert [(len(asked.words), asked.offset_ms) for asked in inference.aligned] == [
        (9, 800),
        (9, 45_800),
    ]
    assert timings(answer) == ["aligned"] * 60
    assert [word for word, start, *_ in words_of(answer) if start in (5.0, 50.0)] == [
        "five",
        "fifty",
    ]


def test_more_than_a_window_typed_anew_is_interpolated(
    client: Client, heard: Transcript, inference: FakeInference
) -> None:
    long_segment(heard)

    answer = send(client, heard, "PATCH", "segments/{a}/", {"text": "all of it is new"})

    assert set(timings(answer)) == {"interpolated"}
    assert inference.aligned == []
