"""`POST …/diarize/`: the speakers of a finished transcript, counted again from its voices."""

import base64
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.editing.test_api import key, make_edited
from tests.transcripts.fake_inference import FakeInference
from tests.transcripts.rows import run_transcript, update_transcripts
from tests.transcripts.served_api import Client, make_client
from transcripts.diarization.voices import analyse_voices
from transcripts.jobs.models import TranscriptionJob, Window
from transcripts.models import Revision, Segment, Status, Transcript
from transcripts.services.embeddings import delete_embeddings


@pytest.fixture(autouse=True)
def reset_inference(inference: FakeInference) -> Iterator[None]:
    """One serves the whole session: what a test makes of it ends with the test."""
    yield
    inference.voices, inference.diarize_status, inference.find_turns_status = 2, None, None
    inference.diarized.clear()


VOICE = base64.b64encode(bytes(8)).decode()


def make_voiced(client: Client, *, segments: int = 4, turns_a_segment: int = 1) -> Transcript:
    """Segments of a second; a turn each, or two of half a second."""
    transcript = make_edited(
        client, segments=segments, embedder="fake-voices", model_used="tiny", diarize=True
    )
    length = 1000 // turns_a_segment
    turns = [
        {"start_ms": at, "end_ms": at + length, "overlap": 0.0, "embedding": VOICE}
        for at in range(0, segments * 1000, length)
    ]
    Window.objects.create(
        job=transcript.job, start_ms=0, end_ms=segments * 1000, speaker_turns=turns
    )
    return transcript


def recount(client: Client, transcript: Transcript, **options: Any) -> Any:
    body = {key: options.pop(key) for key in ("speakers",) if key in options}
    return client.call("POST", f"{path_of(transcript)}diarize/", json=body, **options)


def speakers_of(transcript: Transcript) -> list[int | None]:
    rows = transcript.segments.order_by("position")
    return list(rows.values_list("speaker__position", flat=True))


def test_the_speakers_are_counted_again_and_text_and_times_stay(
    client: Client, inference: FakeInference
) -> None:
    inference.voices = 4
    transcript = make_voiced(client)
    before = list(transcript.segments.values_list("key", "text", "start_ms", "end_ms", "words"))

    answer = recount(client, transcript, speakers=4)

    assert answer.status_code == 200
    assert (answer.json()["found"], answer.json()["warnings"]) == (4, [])
    assert [each["label"] for each in answer.json()["speakers"]] == [
        f"Speaker {n}" for n in (1, 2, 3, 4)
    ]
    assert speakers_of(transcript) == [1, 2, 3, 4]
    after = list(transcript.segments.values_list("key", "text", "start_ms", "end_ms", "words"))
    assert after == before
    request = inference.diarized[-1]
    assert (request.embedder, request.speakers, len(request.turns)) == ("fake-voices", 4, 4)
    transcript.refresh_from_db()
    assert transcript.credits_charged == 0
    assert not transcript.is_corrected


def test_it_is_a_revision_that_can_be_taken_back(client: Client) -> None:
    transcript = make_voiced(client)

    recount(client, transcript, speakers=1)
    assert speakers_of(transcript) == [1, 1, 1, 1]
    client.call("POST", f"{path_of(transcript)}revisions/0/restore/", json={})

    assert speakers_of(transcript) == [1, 2, 1, 2]
    assert transcript.speakers.count() == 2


def test_the_engine_that_counted_is_named_until_that_is_taken_back(client: Client) -> None:
    transcript = make_voiced(client)
    jobs = TranscriptionJob.objects.filter(pk=transcript.job_id)
    jobs.update(diarizer_used="pyannote-fake")

    def read_engine() -> str:
        return str(client.call("GET", path_of(transcript)).json()["diarization"]["engine"])

    counted = recount(client, transcript, speakers=2)
    assert (counted.json()["engine"], read_engine()) == ("fake-voices", "fake-voices")
    client.call("POST", f"{path_of(transcript)}revisions/1/revert/", json={})
    assert read_engine() == "pyannote-fake"
    client.call("POST", f"{path_of(transcript)}revisions/2/revert/", json={})
    assert read_engine() == "fake-voices"


def test_the_same_number_twice_changes_nothing_the_second_time(client: Client) -> None:
    transcript = make_voiced(client, turns_a_segment=2)
    recount(client, transcript, speakers=2)
    first = list(transcript.segments.order_by("position").values("key", "text", "speaker"))

    again = recount(client, transcript, speakers=2)

    assert again.json()["revision"] == 1
    assert list(transcript.segments.order_by("position").values("key", "text", "speaker")) == first


def test_a_segment_in_which_the_speaker_changes_is_cut(client: Client) -> None:
    transcript = make_voiced(client, segments=1, turns_a_segment=2)
    Segment.objects.filter(transcript=transcript).update(
        words=[
            {
                "word": "Yes.",
                "start_ms": 0,
                "end_ms": 400,
                "confidence": 0.5,
                "space_before": False,
            },
            {"word": "No", "start_ms": 500, "end_ms": 900, "confidence": 0.5, "space_before": True},
        ],
        text="Yes. No",
    )

    recount(client, transcript, speakers=2)

    rows = transcript.segments.order_by("position")
    assert [(row.text, str(row.speaker)) for row in rows] == [
        ("Yes.", "Speaker 1"),
        ("No", "Speaker 2"),
    ]
    assert rows[0].key == key(0)


def make_sentence(client: Client, words: str = "So we all went home") -> Transcript:
    """One segment of three turns of a second, a word about every half second."""
    transcript = make_voiced(client, segments=3)
    rows = list(transcript.segments.order_by("position"))
    spelt = words.split()
    texts = ["", *(" " * (not word.startswith("-")) + word for word in spelt[1:])]
    texts[0] = spelt[0]
    rows[0].text = "".join(texts)
    rows[0].end_ms = 3000
    rows[0].words = [
        {
            "word": word,
            "start_ms": at * 3000 // len(spelt),
            "end_ms": (at + 1) * 3000 // len(spelt),
            "confidence": 0.5,
            "space_before": texts[at].startswith(" "),
        }
        for at, word in enumerate(spelt)
    ]
    rows[0].save()
    for row in rows[1:]:
        row.delete()
    return transcript


def rows_of(transcript: Transcript) -> list[dict[str, Any]]:
    fields = ("key", "position", "text", "start_ms", "end_ms", "words", "speaker__position")
    return list(transcript.segments.order_by("position").values(*fields))


def test_what_a_count_cut_is_whole_again_when_one_speaker_speaks_it(
    client: Client, inference: FakeInference
) -> None:
    inference.voices = 3
    transcript = make_sentence(client, "Yes. They took MS -13 home")
    before = rows_of(transcript)

    for number in (2, 3, 2):
        recount(client, transcript, speakers=number)
        assert len(rows_of(transcript)) == 3
    recount(client, transcript, speakers=1)

    assert rows_of(transcript) == before
    again = recount(client, transcript, speakers=1)
    assert again.json()["revision"] == 4


def test_a_part_joins_the_neighbour_whose_speaker_it_has(
    client: Client, inference: FakeInference
) -> None:
    inference.voices = 3
    transcript = make_sentence(client, "one two three four five six")
    recount(client, transcript, speakers=3)
    assert [row["text"] for row in rows_of(transcript)] == ["one two", "three four", "five six"]
    window = transcript.job.windows.get()
    window.speaker_turns = [
        {**turn, "start_ms": start_ms, "end_ms": end_ms}
        for turn, (start_ms, end_ms) in zip(
            window.speaker_turns, [(0, 1500), (1500, 2900), (2900, 3000)], strict=True
        )
    ]
    window.save()

    recount(client, transcript, speakers=2)

    found = [(row["text"], row["speaker__position"]) for row in rows_of(transcript)]
    assert found == [("one two three", 1), ("four five six", 2)]


def test_a_count_that_joined_can_be_taken_back(client: Client, inference: FakeInference) -> None:
    inference.voices = 3
    transcript = make_sentence(client)
    recount(client, transcript, speakers=3)
    cut = rows_of(transcript)
    recount(client, transcript, speakers=1)

    client.call("POST", f"{path_of(transcript)}revisions/1/restore/", json={})
    assert rows_of(transcript) == cut

    recount(client, transcript, speakers=1)
    assert [row["text"] for row in rows_of(transcript)] == ["So we all went home"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "segments/{first}/split/", {"at_word": 1}),
        ("POST", "segments/move-words/", {"segment": "{first}", "to": "next"}),
        ("PATCH", "segments/{second}/", {"start": 1.3}),
    ],
)
def test_a_border_that_a_person_made_stays(
    client: Client,
    inference: FakeInference,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    inference.voices = 3
    transcript = make_sentence(client, "one two three four five six")
    recount(client, transcript, speakers=3)
    keys = [row["key"] for row in rows_of(transcript)]
    names = {"{first}": keys[0], "{second}": keys[1]}
    sent = {name: names.get(str(value), value) for name, value in body.items()}
    where = path.format(first=keys[0], second=keys[1])
    edited = client.call(method, f"{path_of(transcript)}{where}", json=sent)
    assert edited.status_code == 200, edited.text

    recount(client, transcript, speakers=1)

    assert len(rows_of(transcript)) == 2
    assert speakers_of(transcript) == [1, 1]


def test_corrected_words_stay_when_their_parts_are_joined(
    client: Client, inference: FakeInference
) -> None:
    inference.voices = 3
    transcript = make_sentence(client, "one two three four five six")
    recount(client, transcript, speakers=3)
    second = rows_of(transcript)[1]["key"]
    client.call("PATCH", f"{path_of(transcript)}segments/{second}/", json={"text": "free for"})

    recount(client, transcript, speakers=1)

    assert [row["text"] for row in rows_of(transcript)] == ["one two free for five six"]


def test_given_names_go_to_the_speaker_of_most_of_their_words(
    client: Client, inference: FakeInference
) -> None:
    inference.voices = 4
    transcript = make_voiced(client)
    client.call("PATCH", f"{path_of(transcript)}speakers/2/", json={"name": "Bob"})

    recount(client, transcript, speakers=4)

    names = transcript.speakers.order_by("position").values_list("display_name", flat=True)
    assert list(names) == ["", "Bob", "", ""]


def test_fewer_than_asked_for_are_reported_in_the_answer_and_stay_a_warning(client: Client) -> None:
    transcript = make_voiced(client)

    answer = recount(client, transcript, speakers=7)

    assert [each["code"] for each in answer.json()["warnings"]] == ["fewer_speakers"]
    transcript.refresh_from_db()
    assert [each["code"] for each in transcript.job.warnings] == ["fewer_speakers"]
    recount(client, transcript, speakers=2)
    transcript.refresh_from_db()
    assert transcript.job.warnings == []


def test_an_older_revision_is_refused(client: Client) -> None:
    transcript = make_voiced(client)
    client.call("PATCH", f"{path_of(transcript)}speakers/2/", json={"name": "Bob"})

    late = recount(client, transcript, speakers=1, headers={"If-Match": '"0"'})

    assert late.status_code == 412
    assert speakers_of(transcript) == [1, 2, 1, 2]


def test_deleted_voices_answer_409_with_the_reason(client: Client) -> None:
    transcript = make_voiced(client)

    deletion = client.call("DELETE", f"{path_of(transcript)}embeddings/")
    answer = recount(client, transcript, speakers=2)

    assert deletion.status_code == 204
    assert "embedding" not in str(transcript.job.windows.get().speaker_turns)
    assert (answer.status_code, answer.json()["code"]) == (409, "speakers_not_available")
    assert "deleted" in answer.json()["error"]
    assert client.call("DELETE", f"{path_of(transcript)}embeddings/").status_code == 204


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"model_used": ""}, "imported"),
        ({"model_used": "tiny", "diarize": False}, "diarize=true"),
        ({"model_used": "tiny", "diarize": True}, "No voices"),
    ],
)
def test_a_transcript_without_voices_answers_409_with_the_reason(
    client: Client, fields: dict[str, Any], sentence: str
) -> None:
    answer = recount(client, make(client, **fields), speakers=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "speakers_not_available")
    assert sentence in answer.json()["error"]


def test_speakers_that_are_channels_are_not_counted(client: Client) -> None:
    transcript = make(client, model_used="tiny")
    TranscriptionJob.objects.filter(pk=transcript.job_id).update(
        further_options={"channels": "split"}
    )
    assert "channel" in recount(client, transcript).json()["error"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(grpc.StatusCode.INVALID_ARGUMENT, 409), (grpc.StatusCode.UNAVAILABLE, 503)],
)
def test_a_server_that_cannot_cluster_these_voices_changes_nothing(
    client: Client, inference: FakeInference, status: grpc.StatusCode, expected: int
) -> None:
    transcript = make_voiced(client)
    inference.diarize_status = status
    assert recount(client, transcript, speakers=1).status_code == expected
    assert speakers_of(transcript) == [1, 2, 1, 2]
    assert not Revision.objects.filter(transcript=transcript).exists()


def test_one_that_is_worked_on_is_refused(client: Client) -> None:
    transcript = make_voiced(client)
    update_transcripts(Transcript.objects.filter(pk=transcript.pk), status=Status.PROCESSING)
    answer = recount(client, transcript, speakers=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")


@pytest.mark.parametrize("speakers", [-1, 1001, "many"])
def test_a_number_that_makes_no_sense_is_refused(client: Client, speakers: object) -> None:
    assert recount(client, make_voiced(client), speakers=speakers).status_code == 400


def test_only_the_owner_may(client: Client, guest: Client) -> None:
    transcript = make_voiced(client)
    other = make_client(client.url)
    for method, path in (("POST", "diarize/"), ("GET", "diarize/"), ("DELETE", "embeddings/")):
        address = f"{path_of(transcript)}{path}"
        assert guest.call(method, address, json={}).status_code == 401
        assert other.call(method, address, json={}).status_code == 404
        assert client.call("PUT", address, json={}).status_code == 405
    assert speakers_of(transcript) == [1, 2, 1, 2]


def test_no_export_holds_an_embedding(client: Client) -> None:
    transcript = make_voiced(client)
    exported = client.get(f"{path_of(transcript)}export/?format=json").text
    assert VOICE not in exported
    assert VOICE not in client.get(path_of(transcript)).text
    assert delete_embeddings(transcript.job)


def finish_without_voices(make_transcript: MakeTranscript, client: Client) -> Transcript:
    transcript = make_transcript(seconds=3, diarize=False, account=client.account)
    run_transcript(transcript.pk)
    transcript.refresh_from_db()
    return transcript


def test_speakers_that_were_not_asked_for_are_found_in_the_recording_by_a_worker(
    client: Client, inference: FakeInference, make_transcript: MakeTranscript
) -> None:
    transcript = finish_without_voices(make_transcript, client)
    charged = transcript.credits_charged

    answer = recount(client, transcript, speakers=2)
    assert (answer.status_code, answer.json()) == (202, {"status": "processing"})
    again = recount(client, transcript, speakers=2)
    state = client.get(f"{path_of(transcript)}diarize/").json()
    analyse_voices(transcript.pk)
    analyse_voices(transcript.pk)  # a message that came twice

    assert (again.status_code, state) == (202, {"status": "processing"})
    assert client.get(f"{path_of(transcript)}diarize/").json() == {"status": "idle"}
    assert speakers_of(transcript) == [1, 2, 1]
    transcript.refresh_from_db()
    assert (transcript.job.diarize, transcript.job.embedder) == (True, "fake-voices")
    assert (transcript.credits_charged, transcript.revision) == (charged, 1)
    assert recount(client, transcript, speakers=1).status_code == 200


def test_voices_that_are_deleted_are_found_again_while_the_recording_is_there(
    client: Client, inference: FakeInference, make_transcript: MakeTranscript
) -> None:
    transcript = make_transcript(seconds=2, diarize=True, account=client.account)
    run_transcript(transcript.pk)
    client.call("DELETE", f"{path_of(transcript)}embeddings/")

    assert recount(client, transcript, speakers=1).status_code == 202
    analyse_voices(transcript.pk)

    assert set(speakers_of(transcript)) == {1}


@pytest.mark.parametrize(
    "status", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNAVAILABLE]
)
def test_voices_that_cannot_be_found_change_nothing_and_can_be_asked_for_again(
    client: Client,
    inference: FakeInference,
    make_transcript: MakeTranscript,
    status: grpc.StatusCode,
) -> None:
    transcript = finish_without_voices(make_transcript, client)
    inference.find_turns_status = status
    recount(client, transcript, speakers=2)
    analyse_voices(transcript.pk)

    assert client.get(f"{path_of(transcript)}diarize/").json() == {"status": "failed"}
    assert set(speakers_of(transcript)) == {None}
    assert recount(client, transcript, speakers=2).status_code == 202


def test_an_older_revision_is_refused_before_a_worker_is_sent(
    client: Client, inference: FakeInference, make_transcript: MakeTranscript
) -> None:
    transcript = finish_without_voices(make_transcript, client)
    late = recount(client, transcript, speakers=2, headers={"If-Match": '"7"'})
    assert late.status_code == 412
    assert client.get(f"{path_of(transcript)}diarize/").json() == {"status": "idle"}
