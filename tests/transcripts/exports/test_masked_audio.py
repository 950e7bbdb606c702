"""`GET …/redacted-audio/`: beeps where personal data is spoken, and nothing of it in the file."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connections
from pytest_django import Settings

from stt_web.celery import app as celery
from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.exports.documents import document, segment
from tests.transcripts.media.recordings import RECIPES, make_recording, noise
from tests.transcripts.media.test_beeped import cut, decode, likeness
from tests.transcripts.served_api import Client, make_client
from transcripts.exports.beep_check import is_beeped
from transcripts.exports.masked_audio import SHORT_QUEUE, make_masked_audio
from transcripts.exports.redaction import KINDS, redact
from transcripts.exports.spoken_intervals import find_intervals
from transcripts.models import Recording, Segment, Speaker, Transcript
from transcripts.services.recordings import drop_audio, recording_path
from transcripts.services.shown_gaps import ShownGap
from transcripts.tasks import mask_audio
from transcripts.text.segments import Segment as Spoken
from transcripts.text.words import ALIGNED, ATTENTION, INTERPOLATED, Word

TEXT = "So call 601 123 456 now please"


def words_of(text: str, *, timing: str = ALIGNED, step_ms: int = 800) -> tuple[Word, ...]:
    return tuple(
        Word(part, step_ms * n + 100, step_ms * (n + 1) - 100, 0.9, n > 0, timing)
        for n, part in enumerate(text.split())
    )


def intervals_of(spoken: Spoken, **fields: Any) -> list[tuple[int, int]]:
    made = document(spoken, **fields)
    return find_intervals(made, redact(made, kinds=KINDS).items)


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (ALIGNED, [(1_580, 4_020)]),
        (ATTENTION, [(1_450, 4_150)]),
        (INTERPOLATED, [(0, 5_250)]),
        ("", [(0, 5_250)]),
    ],
)
def test_an_interval_has_a_margin_by_how_sure_its_words_are(
    timing: str, expected: list[tuple[int, int]]
) -> None:
    spoken = Spoken(0, 5_000, TEXT, words_of(TEXT, timing=timing))

    assert intervals_of(spoken) == expected


def test_a_word_of_unsure_time_reaches_to_the_sure_ones_beside_it() -> None:
    words = list(words_of(TEXT))
    for number in (2, 3, 4, 5):
        words[number] = replace(words[number], timing=INTERPOLATED)

    # From the end of "call" to the begin of "please", and a margin.
    assert intervals_of(Spoken(0, 5_000, TEXT, tuple(words))) == [(1_250, 5_150)]


def test_without_words_of_its_text_a_whole_segment_is_an_interval() -> None:
    assert intervals_of(Spoken(2_000, 5_000, TEXT, ())) == [(1_750, 5_250)]
    other = words_of("quite something else")
    assert intervals_of(Spoken(2_000, 5_000, TEXT, other)) == [(1_750, 5_250)]


def test_speech_that_was_not_read_is_an_interval_and_what_is_no_secret_is_none() -> None:
    gap = ShownGap(("g",), 9_000, 9_500, "not_recognised", "")
    spoken = segment(0, 3_000, "Nothing to see here.", is_timed=True)

    assert intervals_of(spoken, gaps=(gap,)) == [(9_000, 9_500)]
    assert intervals_of(spoken) == []


def test_a_number_over_the_end_of_a_segment_is_beeped_in_both() -> None:
    first = replace(segment(0, 2_000, "It is 4111 1111"), words=words_of("It is 4111 1111"))
    second = segment(4_000, 6_000, "1111 1111 and so on")
    made = document(first, second)

    intervals = find_intervals(made, redact(made, kinds=KINDS).items)

    assert intervals == [(1_580, 3_220), (3_750, 6_250)]


def make_spoken(client: Client, settings: Settings, container: str = "wav") -> Transcript:
    """A recording of noise, with a number from 1.6 s to 4.1 s."""
    transcript = make(client, title="Talk", language="en", audio_duration_ms=6_000)
    folder = Path(settings.MEDIA_ROOT) / uuid.uuid4().hex
    folder.mkdir(parents=True)
    make_recording(folder / "recording", RECIPES[container], seconds=6, source=noise)
    Recording.objects.filter(transcript=transcript).update(
        path=f"{folder.name}/recording", probed_ms=6_000, container="WAV"
    )
    speaker = Speaker.objects.create(transcript=transcript, position=1, label="Speaker 1")
    Segment.objects.create(
        transcript=transcript,
        position=1,
        start_ms=0,
        end_ms=5_000,
        text=TEXT,
        speaker=speaker,
        confidence=0.9,
        words=[word.as_json() for word in words_of(TEXT)],
    )
    return Transcript.objects.get(pk=transcript.pk)


class MaskingWorker:
    """Takes what the server orders from the real broker, and runs the real task."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="masking-worker", daemon=True)
        self.made = 0

    def __enter__(self) -> "MaskingWorker":
        with celery.connection_for_write() as broker, broker.SimpleQueue(SHORT_QUEUE) as queue:
            queue.clear()  # what earlier tests ordered
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(20)

    def _work(self) -> None:
        with celery.connection_for_read() as broker, broker.SimpleQueue(SHORT_QUEUE) as queue:
            while not self._stopped.is_set():
                try:
                    message = queue.get(timeout=0.1)
                except queue.Empty:
                    continue
                arguments, _, _ = message.payload
                self.made += 1
                mask_audio(*arguments)
                message.ack()
        connections.close_all()


@pytest.fixture
def masking_worker(transactional_db: None) -> Iterator[MaskingWorker]:
    with MaskingWorker() as worker:
        yield worker


def test_it_is_made_once_and_served_in_ranges_until_the_text_changes(
    client: Client, masking_worker: MaskingWorker, settings: Settings, tmp_path: Path
) -> None:
    transcript = make_spoken(client, settings)
    path = path_of(transcript, "redacted-audio/")

    first, again = client.get(path), client.get(path)
    part = client.get(path, headers={"Range": "bytes=100-199"})
    known = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    Segment.objects.update(text="So call 601 123 789 now please")
    changed = client.get(path)

    assert (first.status_code, first.headers["Content-Type"]) == (200, "audio/mpeg")
    assert 'filename="transcript.mp3"' in first.headers["Content-Disposition"]
    assert (part.status_code, part.content) == (206, first.content[100:200])
    assert known.status_code == 304
    assert first.content == again.content
    assert (changed.status_code, masking_worker.made) == (200, 2)
    copies = list((Path(settings.MEDIA_ROOT) / transcript.pk.hex / "audio").iterdir())
    assert [copy.suffix for copy in copies] == [".mp3"]


@pytest.mark.parametrize("format_name", ["mp3", "flac", "wav"])
def test_what_is_masked_in_the_text_is_not_in_the_sound(
    client: Client,
    masking_worker: MaskingWorker,
    settings: Settings,
    tmp_path: Path,
    format_name: str,
) -> None:
    transcript = make_spoken(client, settings)
    answer = client.get(path_of(transcript, f"redacted-audio/?format={format_name}"))
    copy = tmp_path / "copy"
    copy.write_bytes(answer.content)

    original, made = decode(recording_path(transcript)), decode(copy)

    assert likeness(cut(made, 1_650, 3_950), cut(original, 1_650, 3_950)) < 0.05
    assert likeness(cut(made, 200, 1_400), cut(original, 200, 1_400)) > 0.8
    assert likeness(cut(made, 4_200, 5_800), cut(original, 4_200, 5_800)) > 0.8


def test_only_the_kinds_that_were_asked_for_are_beeped(
    client: Client, masking_worker: MaskingWorker, settings: Settings, tmp_path: Path
) -> None:
    transcript = make_spoken(client, settings)
    answer = client.get(path_of(transcript, "redacted-audio/?redact=email,iban&format=flac"))
    (tmp_path / "copy").write_bytes(answer.content)

    assert likeness(decode(tmp_path / "copy"), decode(recording_path(transcript))) > 0.99


def test_without_a_worker_it_is_being_prepared(client: Client, settings: Settings) -> None:
    answer = client.get(path_of(make_spoken(client, settings), "redacted-audio/"))

    assert (answer.status_code, answer.json()) == (202, {"status": "preparing", "progress": 0.0})
    assert answer.headers["Retry-After"] == "5"


def test_a_recording_that_retention_deleted_is_deleted_with_its_copies(
    client: Client, masking_worker: MaskingWorker, settings: Settings
) -> None:
    transcript = make_spoken(client, settings)
    path = path_of(transcript, "redacted-audio/")
    assert client.get(path).status_code == 200

    drop_audio(transcript, now=datetime.now(UTC))
    make_masked_audio(transcript.pk, kinds=KINDS, format_name="mp3", track=0)
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (410, "recording_deleted")
    assert not (Path(settings.MEDIA_ROOT) / transcript.pk.hex / "audio").exists()


def test_one_without_a_recording_is_a_404_and_a_deleted_one_leaves_nothing(
    client: Client, masking_worker: MaskingWorker, settings: Settings
) -> None:
    transcript = make_spoken(client, settings)
    assert client.get(path_of(transcript, "redacted-audio/")).status_code == 200

    client.call("DELETE", path_of(transcript))

    assert not (Path(settings.MEDIA_ROOT) / transcript.pk.hex).exists()
    answer = client.get(path_of(make(client), "redacted-audio/"))
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")


def test_one_that_cannot_be_read_is_refused(
    client: Client, masking_worker: MaskingWorker, settings: Settings
) -> None:
    transcript = make_spoken(client, settings)
    recording_path(transcript).write_bytes(b"RIFF" + bytes(200))

    answer = client.get(path_of(transcript, "redacted-audio/"))

    assert answer.status_code == 400
    assert answer.json()["code"] in ("not_audio", "corrupt_media")


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("?redact=names", (400, "invalid_value")),
        ("?format=ogg", (400, "invalid_value")),
        ("?track=7", (400, "invalid_value")),
        ("?track=x", (400, "invalid_value")),
        ("?redacted=all", (400, "invalid_value")),
    ],
)
def test_an_option_that_there_is_not_is_refused(
    client: Client, settings: Settings, then: str, expected: tuple[int, str]
) -> None:
    answer = client.get(path_of(make_spoken(client, settings), f"redacted-audio/{then}"))

    assert (answer.status_code, answer.json()["code"]) == expected


def test_anothers_is_a_404_without_a_key_401_and_a_post_405(
    client: Client, guest: Client, settings: Settings
) -> None:
    theirs = make_spoken(make_client(guest.url), settings)

    assert client.get(path_of(theirs, "redacted-audio/")).status_code == 404
    assert guest.get(path_of(theirs, "redacted-audio/")).status_code == 401
    assert client.call("POST", path_of(theirs, "redacted-audio/")).status_code == 405


def test_a_copy_in_which_something_is_left_is_refused(tmp_path: Path) -> None:
    """The check itself: noise in one tenth of a second is enough, and so is a wrong length."""
    seconds = np.arange(4 * 16_000) / 16_000
    tone = 3_000 * np.sin(2 * np.pi * 1_000 * seconds)
    leaky = tone.copy()
    leaky[24_000:25_600] += np.random.default_rng(1).normal(0, 1_500, 1_600)

    def check(samples: "np.ndarray[Any, np.dtype[np.float64]]", duration_ms: int = 4_000) -> bool:
        path = tmp_path / "copy.wav"
        make_recording(
            path,
            replace(RECIPES["wav"], rate_hz=16_000),
            seconds=len(samples) / 16_000,
            source=lambda count, rate_hz: samples[:count].astype("<i2").tobytes(),
        )
        return is_beeped(
            path,
            intervals_ms=[(500, 3_000)],
            duration_ms=duration_ms,
            on_progress=lambda done_ms: None,
        )

    assert check(tone)
    assert not check(leaky)
    assert not check(np.zeros_like(tone))
    assert not check(tone, duration_ms=9_000)
