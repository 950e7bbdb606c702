"""A transcript too large for a web process is made by a worker, and answered as others are."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.exports.test_api import ExportWorker
from tests.transcripts.served_api import Client
from transcripts.exports.worker_exports import is_large
from transcripts.models import Segment, Speaker, Transcript
from transcripts.text.bounds import MAX_SEGMENT_WORDS

WORD = {"word": "ab", "start_ms": 0, "end_ms": 1, "confidence": None, "space_before": True}


@pytest.fixture
def export_worker(transactional_db: None) -> Iterator[ExportWorker]:
    with ExportWorker() as worker:
        yield worker


def make_large(client: Client, *, words: int, words_a_segment: int) -> Transcript:
    transcript = make(client, title="Talk", language="en")
    speaker = Speaker.objects.create(transcript=transcript, position=1, label="Speaker 1")
    Segment.objects.bulk_create(
        (
            Segment(
                transcript=transcript,
                position=number,
                start_ms=1000 * number,
                end_ms=1000 * number + 900,
                text="ab " * (words_a_segment - 1) + "ab",
                words=[WORD] * words_a_segment,
                speaker=speaker,
            )
            for number in range(1, words // words_a_segment + 1)
        ),
        batch_size=100,
    )
    return transcript


@pytest.mark.parametrize("is_worker_there", [True, False])
def test_a_large_transcript_is_answered_like_a_small_one(
    client: Client,
    is_worker_there: bool,
    request: pytest.FixtureRequest,
    settings: Settings,
) -> None:
    if is_worker_there:
        request.getfixturevalue("export_worker")
    else:
        settings.LARGE_ANSWER_WAIT_S = 0.1
    transcript = make_large(client, words=2_000, words_a_segment=40)
    small = client.get(path_of(transcript)).json()
    settings.LARGE_TRANSCRIPT_CHARACTERS = 100
    assert is_large(transcript)

    large = client.get(path_of(transcript))

    assert large.headers["Content-Type"] == "application/json"
    assert large.headers["ETag"] == '"0"'
    assert large.json() == small
    assert len(small["segments"]) == 50


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "json", "csv", "lint"])
def test_a_large_transcript_is_exported_by_the_worker(
    client: Client, export_worker: ExportWorker, name: str, settings: Settings
) -> None:
    transcript = make_large(client, words=400, words_a_segment=40)
    small = client.get(path_of(transcript, f"export/{name}/"))
    assert export_worker.made == 0
    settings.LARGE_TRANSCRIPT_CHARACTERS = 100

    large = client.get(path_of(transcript, f"export/{name}/"))

    assert export_worker.made == 1
    assert (large.status_code, large.content) == (200, small.content)
    assert large.headers["Content-Type"] == small.headers["Content-Type"]


def test_other_times_of_words_make_another_file(
    client: Client, export_worker: ExportWorker, settings: Settings
) -> None:
    settings.LARGE_TRANSCRIPT_CHARACTERS = 100
    transcript = make_large(client, words=400, words_a_segment=40)
    before = client.get(path_of(transcript)).json()["segments"][0]["words"][0]["end"]
    Segment.objects.filter(transcript=transcript).update(words=[{**WORD, "end_ms": 500}] * 40)

    after = client.get(path_of(transcript)).json()["segments"][0]["words"][0]["end"]

    assert (before, after) == (0.001, 0.5)


def test_a_page_of_the_longest_segments_has_as_many_words_as_others(client: Client) -> None:
    transcript = make_large(client, words=150_000, words_a_segment=MAX_SEGMENT_WORDS)

    page = client.get(path_of(transcript, "segments/?page_size=500")).json()

    assert len(page["results"]) == 100
    assert page["count"] == 150
    assert page["next"] is not None
