"""Gaps by HTTP: how answers show them, keeping their text, having them recognised again."""

import threading
import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
from django.db import connections
from pytest_django import Settings

from protos.stt.v1 import speech_pb2
from tests.transcripts.api.test_transcripts import path_of
from tests.transcripts.conftest import write_wav
from tests.transcripts.editing.test_api import key, make_edited, send
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.rows import update_transcripts
from tests.transcripts.served_api import Client, Worker, make_client, wav
from transcripts.editing.original import load_original
from transcripts.exports.document import load_document
from transcripts.gaps.models import Gap
from transcripts.models import Revision, Segment, Status, Transcript

pytestmark = pytest.mark.database
LOST = "0123456789abcdef"
WARNING = {
    "code": "speech_not_transcribed",
    "message": "1 part of the speech (3.0 s) is not in the text: 0:02.0–0:05.0.",
    "gaps": 1,
    "seconds": 3.0,
}


@pytest.fixture
def transcript(
    client: Client, settings: Settings, tmp_path: Path, inference: FakeInference
) -> Transcript:
    """Ten segments of a second each, of which three (2 to 5 s) are a gap; with its recording."""
    settings.MEDIA_ROOT = tmp_path
    recording = f"{uuid.uuid4().hex}/recording"
    write_wav(tmp_path / recording, seconds=10)
    made = make_edited(
        client,
        segments=10,
        path=recording,
        model_used="tiny",
        status=Status.COMPLETED_WITH_WARNINGS,
        warnings=[WARNING],
    )
    made.segments.filter(start_ms__gte=2000, start_ms__lt=5000).delete()
    add_gap(made, 2000, 5000, key=LOST, text="said again and again")
    return made


def add_gap(transcript: Transcript, start_ms: int, end_ms: int, **fields: Any) -> Gap:
    values = {"reason": "repetition", **fields}
    return Gap.objects.create(transcript=transcript, start_ms=start_ms, end_ms=end_ms, **values)


def act(
    client: Client, transcript: Transcript | str, action: str, *, if_match: str = "", **body: Any
) -> Any:
    sent = {"action": action, **body}
    return send(client, transcript, "POST", f"gaps/{LOST}/", sent, if_match=if_match)


def spoken(transcript: Transcript) -> list[tuple[int, str]]:
    rows = transcript.segments.order_by("position")
    return [(row.start_ms, row.text) for row in rows]


def test_answers_show_gaps_in_every_format(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    lost = speech_pb2.Gap(start_ms=1000, end_ms=2500, reason="not_recognised")
    recordings = (wav(sample=bytes([number, 0])) for number in range(1, 9))  # none joins another

    def transcribe(**fields: str) -> Any:
        inference.scripts.append(Script(gaps={1: [lost]}))
        return client.transcribe(next(recordings), is_async=False, diarize="false", **fields)

    body = transcribe()
    vtt = transcribe(response_format="vtt")
    txt = transcribe(response_format="txt")
    verbose = transcribe(response_format="verbose_json").json()

    [shown] = body.json()["gaps"]
    assert (shown["start"], shown["end"], shown["reason"]) == (1.0, 2.5, "not_recognised")
    assert "text" not in shown
    assert body.json()["status"] == "completed_with_warnings"
    assert body.json()["warnings"][0]["seconds"] == 1.5
    assert {segment["language"] for segment in body.json()["segments"]} == {"en"}
    for answer in (body, vtt, txt):
        assert (answer.headers["X-Gap-Seconds"], answer.headers["X-Warnings"]) == ("1.500", "1")
    assert "NOTE gaps: 1, 1.500 s" in vtt.text
    assert "00:00:01.000 to 00:00:02.500: not_recognised" in vtt.text
    assert "NOTE" not in txt.text
    assert verbose["gaps"][0]["start"] == 1.0
    listed = client.get("/api/v1/transcripts/").json()["results"]
    assert {row["gap_seconds"] for row in listed} == {1.5}
    events = client.get(path_of(body.json()["id"], "events/")).text
    assert '"gap_seconds": 1.5' in events


def test_silence_is_reported_with_no_language_and_no_charge(
    client: Client, worker: Worker, inference: FakeInference
) -> None:
    inference.scripts.append(Script(is_silent=True))

    answer = client.transcribe()

    assert (answer.json()["language"], answer.json()["gaps"]) == (None, [])
    assert answer.headers["X-Credits-Charged"] == "0"
    assert [warning["code"] for warning in answer.json()["warnings"]] == ["no_speech"]


def test_keeping_puts_the_text_into_its_place_and_can_be_taken_back(
    client: Client, transcript: Transcript
) -> None:
    before = load_document(transcript)

    answer = act(client, transcript, "keep", if_match='"0"')

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["revision"], body["found"], body["gaps"], body["warnings"]) == (1, True, [], [])
    [new] = body["segments"]
    assert (new["start"], new["end"], new["text"]) == (2.0, 5.0, "said again and again")
    assert [start // 1000 for start, _ in spoken(transcript)] == [0, 1, 2, 5, 6, 7, 8, 9]
    transcript.refresh_from_db()
    assert (transcript.status, transcript.is_corrected) == (Status.COMPLETED, True)
    assert Revision.objects.get(transcript=transcript).action == "keep_gap"
    assert load_original(transcript) == before

    send(client, transcript, "POST", "revisions/0/restore/")
    transcript.refresh_from_db()
    assert load_document(transcript) == before
    assert transcript.job.warnings == [WARNING]

    again = act(client, transcript, "keep")
    assert again.json()["segments"][0]["text"] == "said again and again"


def test_who_speaks_on_both_sides_states_what_is_stored(
    client: Client, transcript: Transcript
) -> None:
    numbers = {row.start_ms: row.speaker for row in transcript.segments.all()}
    transcript.segments.filter(start_ms=5000).update(speaker=numbers[1000])

    answer = act(client, transcript, "keep").json()

    assert answer["segments"][0]["speaker_number"] == 2


def test_a_gap_inside_a_segment_cuts_it(client: Client, transcript: Transcript) -> None:
    transcript.gaps.update(start_ms=6300, end_ms=6700)
    words = transcript.segments.get(start_ms=6000).words
    words[1]["end_ms"], words[2]["start_ms"] = 6300, 6700
    transcript.segments.filter(start_ms=6000).update(words=words)

    act(client, transcript, "keep")

    around = [text for start, text in spoken(transcript) if 6000 <= start < 7000]
    assert around == ["one two", "said again and again", "three word6"]


def test_gaps_retain_their_times_when_segments_are_edited(
    client: Client, transcript: Transcript
) -> None:
    pair = {"segments": [key(0), key(1)]}
    assert send(client, transcript, "POST", "segments/merge/", pair).status_code == 200
    send(client, transcript, "PATCH", f"segments/{key(5)}/", {"text": "Something else"})

    [shown] = load_document(transcript).gaps
    answer = act(client, transcript, "keep")

    assert (shown.start_ms, shown.end_ms) == (2000, 5000)
    assert answer.status_code == 200
    assert [text for _, text in spoken(transcript)][1] == "said again and again"


def test_a_retry_recognises_the_place_again_and_costs_nothing(
    client: Client, transcript: Transcript, inference: FakeInference
) -> None:
    answer = act(client, transcript, "retry", language="cs")

    body = answer.json()
    [config] = inference.configs
    assert (config.offset_ms, config.language, config.model) == (1700, "cs", "tiny")
    assert config.priority == speech_pb2.PRIORITY_SHORT
    assert (answer.status_code, body["found"], body["gaps"]) == (200, True, [])
    assert all(2.0 <= each["start"] < each["end"] <= 5.0 for each in body["segments"])
    row = Segment.objects.get(key=body["segments"][0]["id"])
    assert row.language == "cs"
    transcript.refresh_from_db()
    assert transcript.credits_charged == 0
    assert Revision.objects.get(transcript=transcript).action == "retry_gap"
    assert transcript.gaps.get().resolution == "retried"


def test_a_retry_that_finds_nothing_shows_it_and_leaves_the_gap(
    client: Client, transcript: Transcript, inference: FakeInference
) -> None:
    inference.scripts.append(Script(is_silent=True))

    answer = act(client, transcript, "retry").json()

    assert (answer["found"], answer["revision"], len(answer["gaps"])) == (False, 0, 1)
    assert not Revision.objects.exists()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.UNAVAILABLE, "inference_unavailable"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "inference_full"),
    ],
)
def test_a_retry_that_the_service_cannot_do_now_is_503_and_changes_nothing(
    client: Client,
    transcript: Transcript,
    inference: FakeInference,
    status: grpc.StatusCode,
    code: str,
) -> None:
    inference.scripts.append(Script(windows=0, status=status))

    answer = act(client, transcript, "retry")

    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert "Retry-After" in answer.headers
    assert not Revision.objects.exists()


def test_without_its_recording_a_gap_cannot_be_retried(
    client: Client, transcript: Transcript
) -> None:
    update_transcripts(Transcript.objects.filter(pk=transcript.pk), path="")

    answer = act(client, transcript, "retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "no_recording")
    assert act(client, transcript, "keep").status_code == 200


def test_what_cannot_be_done_is_refused(
    client: Client, guest: Client, transcript: Transcript
) -> None:
    working = make_edited(client, status=Status.PROCESSING)
    add_gap(working, 0, 2000, key=LOST, text="x")

    assert act(guest, transcript, "keep").status_code == 401
    assert act(make_client(guest.url), transcript, "keep").status_code == 404
    assert act(Client(guest.url, "sttt_" + "x" * 43), transcript, "keep").status_code in (
        401,
        404,
    )
    assert act(client, str(uuid.uuid4()), "keep").status_code == 404
    assert act(client, transcript, "drop").status_code == 400
    assert act(client, transcript, "retry", language="klingon").status_code == 400
    assert send(client, transcript, "GET", f"gaps/{LOST}/").status_code == 405
    unknown = send(client, transcript, "POST", "gaps/ffff/", {"action": "keep"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    for action in ("keep", "retry"):
        busy = act(client, working, action)
        assert (busy.status_code, busy.json()["code"]) == (409, "not_finished")
        stale = act(client, transcript, action, if_match='"7"')
        assert (stale.status_code, stale.json()["code"]) == (412, "revision_changed")
    transcript.gaps.update(text="")
    empty = act(client, transcript, "keep")
    assert (empty.status_code, empty.json()["code"]) == (400, "invalid_edit")
    transcript.gaps.update(reason="not_speech")
    assert act(client, transcript, "keep").status_code == 404
    assert not Revision.objects.exists()


def test_of_two_at_once_one_fills_the_gap(client: Client, transcript: Transcript) -> None:
    answers: list[int] = []
    start = threading.Barrier(2)

    def resolve(action: str) -> None:
        start.wait()
        own = Client(client.url, client.key)
        answers.append(act(own, transcript, action).status_code)
        connections.close_all()

    threads = [threading.Thread(target=resolve, args=(each,)) for each in ("keep", "retry")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 409]
    assert Revision.objects.count() == 1
    assert act(client, transcript, "keep").json()["code"] == "gap_resolved"


@pytest.mark.parametrize("format_name", ["txt", "srt", "vtt", "csv", "json"])
def test_an_export_names_gaps_in_their_places_where_it_is_asked_to(
    client: Client, transcript: Transcript, format_name: str
) -> None:
    path = path_of(transcript, f"export/{format_name}/")

    plain, asked = client.get(path), client.get(path + "?include_gaps=true")
    german = update_transcripts(Transcript.objects.filter(pk=transcript.pk), language="de")
    in_german = client.get(path + "?include_gaps=true")

    assert german == 1
    assert "[3 s not transcribed]" not in plain.text
    assert "[3 s not transcribed]" in asked.text
    assert "[3 s nicht transkribiert]" in in_german.text
    text = asked.text
    assert text.index("word1") < text.index("[3 s not") < text.index("word5")
    for answer in (plain, asked):
        assert (answer.headers["X-Gap-Seconds"], answer.headers["X-Warnings"]) == ("3.000", "1")
