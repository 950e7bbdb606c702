"""A job over several tracks or channels: one after another, each word once, charged once."""

import array
from pathlib import Path

import grpc
import pytest
from pytest_django import Settings

from billing.ledger import read_balance
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.media.sounds import Sound, make_file, speechlike, stereo, write_wav
from tests.transcripts.rows import run_transcript
from transcripts.gaps.models import GapReason
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import Status, Transcript
from transcripts.services.sources import list_pauses

SECONDS = 3


def run(transcript: Transcript) -> Transcript:
    run_transcript(transcript.pk)
    transcript.refresh_from_db()
    return transcript


def codes(transcript: Transcript) -> list[str]:
    return [warning["code"] for warning in transcript.job.warnings]


def spoken(transcript: Transcript) -> list[tuple[str, str]]:
    """The words in the order of time, each with its speaker."""
    words = [
        (word["start_ms"], word["word"], segment.speaker.label if segment.speaker else "")
        for segment in transcript.segments.select_related("speaker")
        for word in segment.words
    ]
    return [(word, label) for _, word, label in sorted(words)]


@pytest.fixture
def recording(make_transcript: MakeTranscript, settings: Settings) -> MakeTranscript:
    """Make a transcript of the file at `path`, with options of its job."""

    def make(*, path: Path, **fields: object) -> Transcript:
        transcript = make_transcript(**fields)  # type: ignore[arg-type]
        (settings.MEDIA_ROOT / transcript.recording.path).write_bytes(path.read_bytes())
        return transcript

    return make  # type: ignore[return-value]


@pytest.fixture
def two_tracks(tmp_path: Path) -> Path:
    sounds = [Sound(speechlike(SECONDS, seed=seed), codec="flac") for seed in (1, 2)]
    return make_file(tmp_path / "two.mkv", "matroska", *sounds)


@pytest.fixture
def two_channels(tmp_path: Path) -> Path:
    both = stereo(speechlike(SECONDS), speechlike(SECONDS, seed=2))
    return write_wav(tmp_path / "stereo.wav", both, channels=2)


def one_word_a_second(prefix: str) -> Script:
    """Words that show from which source and second they are."""
    return Script(words=tuple(f"{prefix}{second}" for second in range(10)))


def test_each_channel_is_a_speaker_where_they_are_split(
    fake: FakeInference, recording: MakeTranscript, two_channels: Path
) -> None:
    account = create_account(minutes=60)
    fake.scripts = [one_word_a_second("a"), one_word_a_second("b")]

    done = run(
        recording(
            path=two_channels, channels="split", account=account, diarize=True, seconds=SECONDS
        )
    )

    assert done.status == Status.COMPLETED
    assert spoken(done) == [
        (f"{prefix}{second}", f"Speaker {speaker}")
        for second in range(SECONDS)
        for speaker, prefix in ((1, "a"), (2, "b"))
    ]
    assert done.job.audio_duration_ms == SECONDS * 1000
    assert not any(config.with_speaker_turns for config in fake.configs)
    assert read_balance(account).minutes_left == 59


def test_all_tracks_are_recognised_each_at_its_own_time(
    fake: FakeInference, recording: MakeTranscript, two_tracks: Path
) -> None:
    fake.scripts = [one_word_a_second("a"), one_word_a_second("b")]

    done = run(recording(path=two_tracks, track="all", seconds=SECONDS))

    assert [text for text, _ in spoken(done)] == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert {label for _, label in spoken(done)} == {""}
    assert codes(done) == []


def test_what_two_sources_both_hold_appears_once(
    fake: FakeInference, recording: MakeTranscript, two_channels: Path
) -> None:
    fake.scripts = [Script(text="What we all said."), Script(text="What we all said.")]

    done = run(recording(path=two_channels, channels="split", diarize=True, seconds=SECONDS))

    assert [text for text, _ in spoken(done)] == ["What", "we", "all", "said."] * SECONDS


def test_work_goes_on_in_the_source_where_it_broke_off(
    fake: FakeInference, recording: MakeTranscript, two_channels: Path
) -> None:
    seen: list[int] = []
    fake.scripts = [
        one_word_a_second("a"),
        Script(words=("b0", "b1", "b2"), windows=1, status=grpc.StatusCode.UNAVAILABLE),
        one_word_a_second("b"),
    ]
    transcript = recording(path=two_channels, channels="split", diarize=True, seconds=SECONDS)
    for script in fake.scripts:
        script.before_window = lambda _: seen.append(progress_of(transcript))

    done = run(transcript)

    assert fake.offsets == [0, 0, 1000]
    assert seen == sorted(seen)
    assert [text for text, _ in spoken(done)] == ["a0", "b0", "a1", "b1", "a2", "b2"]


def progress_of(transcript: Transcript) -> int:
    from django.db import connection

    try:
        return Transcript.objects.values_list("job__resume_ms", flat=True).get(pk=transcript.pk)
    finally:
        connection.close()  # this is a thread of the fake's


def test_another_worker_goes_on_with_the_same_sources(
    fake: FakeInference, recording: MakeTranscript, two_channels: Path, settings: Settings
) -> None:
    settings.PROGRESS_DEADLINE_S = 4.0  # a decoder has to start within it, too
    fake.scripts = [
        one_word_a_second("a"),
        Script(words=("b0", "b1", "b2"), windows=1, hangs=True),
    ]
    transcript = recording(path=two_channels, channels="split", diarize=True, seconds=SECONDS)
    assert run(transcript).status == Status.QUEUED

    fake.scripts = [one_word_a_second("b")]
    done = run(transcript)

    assert fake.offsets == [0, 0, 1000]
    assert [text for text, _ in spoken(done)] == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_tracks_that_were_not_used_are_reported(
    fake: FakeInference, recording: MakeTranscript, two_tracks: Path
) -> None:
    done = run(recording(path=two_tracks, seconds=SECONDS))

    assert (done.status, codes(done)) == (Status.COMPLETED_WITH_WARNINGS, ["tracks_not_used"])
    assert "track=all" in done.job.warnings[0]["message"]
    assert len(fake.configs) == 1


def test_a_silent_default_track_gives_way_to_one_with_sound(
    fake: FakeInference, recording: MakeTranscript, tmp_path: Path
) -> None:
    silent = array.array("h", bytes(2 * 48_000 * SECONDS))
    path = make_file(tmp_path / "obs.mp4", "mp4", Sound(silent), Sound(speechlike(SECONDS)))

    done = run(recording(path=path, seconds=SECONDS))

    assert (done.status, codes(done)) == (Status.COMPLETED, ["other_track_recognised"])
    assert "track 2 was recognised" in done.job.warnings[0]["message"]
    (source,) = TranscriptionJob.objects.get(transcript=done).sources
    assert source["track"] == 2


def test_the_loudest_channel_is_taken_where_the_mix_cancels(
    fake: FakeInference, recording: MakeTranscript, tmp_path: Path
) -> None:
    left = speechlike(SECONDS)
    both = stereo(left, [-value for value in left])
    path = write_wav(tmp_path / "inverted.wav", both, channels=2)

    done = run(recording(path=path, seconds=SECONDS))

    (source,) = TranscriptionJob.objects.get(transcript=done).sources
    assert (source["channel"], codes(done)) == (1, [])


def test_a_damaged_part_is_a_gap_with_its_place(
    fake: FakeInference, recording: MakeTranscript, tmp_path: Path
) -> None:
    path = make_file(tmp_path / "whole.flac", "flac", Sound(speechlike(9), codec="flac"))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + len(content) // 10] = bytes(range(256)) * (len(content) // 2560)
    path.write_bytes(content)

    done = run(recording(path=path, seconds=9))

    assert done.status == Status.COMPLETED_WITH_WARNINGS
    assert "corrupt_audio_skipped" in codes(done)
    gaps = list(done.gaps.all())
    assert {gap.reason for gap in gaps} == {GapReason.UNREADABLE}
    assert 2_000 < gaps[0].start_ms < gaps[0].end_ms < 8_000


def test_a_pause_that_the_file_does_not_hold_is_known_to_the_page(
    fake: FakeInference, recording: MakeTranscript, tmp_path: Path
) -> None:
    sound = Sound(speechlike(4), codec="libopus", gaps=((2.0, 3.0),))
    path = make_file(tmp_path / "muted.webm", "webm", sound)

    done = run(recording(path=path, seconds=7))

    assert codes(done) == []
    assert done.job.audio_duration_ms == pytest.approx(7_000, abs=60)
    ((start_s, length_s),) = list_pauses(done)
    assert start_s == pytest.approx(2.0, abs=0.05)
    assert length_s == pytest.approx(3.0, abs=0.05)
