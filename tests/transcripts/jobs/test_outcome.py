"""What a finished run reports: gaps, silence that is free, a doubtful language."""

import pytest
from django.utils import timezone

from billing.anonymous import count_anonymous_use
from billing.ledger import read_balance
from billing.models import AnonymousUse
from protos.stt.v1 import speech_pb2
from tests.billing.conftest import create_account
from tests.transcripts.conftest import MakeTranscript
from tests.transcripts.fake_inference import FakeInference, Script
from tests.transcripts.jobs.test_run import run, texts, warning_codes
from transcripts.exports.document import load_document
from transcripts.models import Status

pytestmark = pytest.mark.database


def gap(
    start_ms: int, end_ms: int, reason: str = "not_recognised", text: str = ""
) -> speech_pb2.Gap:
    found = speech_pb2.Gap(start_ms=start_ms, end_ms=end_ms, reason=reason)
    if text:
        words = text.split()
        step_ms = (end_ms - start_ms) // len(words)
        for number, word in enumerate(words):
            found.text.words.add(
                text=word,
                start_ms=start_ms + number * step_ms,
                end_ms=start_ms + (number + 1) * step_ms,
                confidence=0.2,
                space_before=number > 0,
            )
        found.text.start_ms, found.text.end_ms = start_ms, end_ms
        found.text.text, found.text.confidence, found.text.language = text, 0.2, "en"
    return found


def test_a_gap_is_a_warning_with_its_place_and_completes_with_warnings(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    fake.scripts = [Script(gaps={1: [gap(1000, 3500, "repetition", "I pledge I pledge")]})]

    done = run(make_transcript(seconds=5, account=account))

    assert done.status == Status.COMPLETED_WITH_WARNINGS
    [warning] = done.job.warnings
    assert (warning["code"], warning["gaps"], warning["seconds"]) == (
        "speech_not_transcribed",
        1,
        2.5,
    )
    assert "0:01.0–0:03.5" in warning["message"]
    [shown] = load_document(done).gaps
    assert (shown.start_ms, shown.end_ms, shown.reason) == (1000, 3500, "repetition")
    assert shown.text == "I pledge I pledge"
    assert [word.text for word in shown.words] == ["I", "pledge", "I", "pledge"]
    assert read_balance(account).minutes_left == 59


@pytest.mark.parametrize(
    "gaps",
    [
        {1: [gap(1000, 3500, "not_speech")]},
        {1: [gap(1000, 1999)]},
        {1: [gap(1000, 1250, "low_confidence", "So")]},
    ],
    ids=["not-speech", "short", "shorter-than-a-word"],
)
def test_what_is_no_loss_is_stored_and_not_shown(
    fake: FakeInference, make_transcript: MakeTranscript, gaps: dict[int, list[speech_pb2.Gap]]
) -> None:
    fake.scripts = [Script(gaps=gaps)]

    done = run(make_transcript(seconds=5))

    assert (done.status, done.job.warnings) == (Status.COMPLETED, [])
    assert load_document(done).gaps == ()
    assert done.gaps.count() == 1


def test_neighbouring_gaps_are_one_and_named_by_what_most_of_it_is(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    parts = [
        gap(1000, 1600, "low_confidence", "uh well"),
        gap(1700, 2600),
        gap(2000, 2400, "low_confidence", "so"),
    ]
    fake.scripts = [Script(gaps={1: parts, 4: [gap(4000, 4800, "low_confidence", "Alone")]})]

    done = run(make_transcript(seconds=6))

    first, second = load_document(done).gaps
    assert (first.start_ms, first.end_ms, first.text) == (1000, 2600, "uh well so")
    assert len(first.keys) == 3
    assert (second.text, second.reason) == ("Alone", "low_confidence")
    assert done.job.warnings[0]["gaps"] == 2


def test_silence_is_free_and_has_no_language(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    fake.scripts = [Script(is_silent=True, language="en")]

    done = run(make_transcript(seconds=3, account=account))

    assert (done.status, texts(done), warning_codes(done)) == (
        Status.COMPLETED,
        [],
        ["no_speech"],
    )
    assert (done.language, done.job.language_probability, done.credits_charged) == ("", None, 0)
    assert read_balance(account).minutes_left == 60


def test_silence_uses_no_free_try(fake: FakeInference, make_transcript: MakeTranscript) -> None:
    digest = count_anonymous_use("192.0.2.7", now=timezone.now())
    fake.scripts = [Script(is_silent=True)]

    run(make_transcript(seconds=3, is_anonymous=True, guest_address_digest=digest))

    assert sum(AnonymousUse.objects.values_list("count", flat=True)) == 0


def test_speech_without_words_is_not_called_silence(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    """A second attempt found nothing in what voice activity detection took for speech."""
    account = create_account(minutes=60)
    fake.scripts = [
        Script(is_silent=True, speech_ms=700, gaps={1: [gap(1000, 3000, "not_speech")]})
    ]

    done = run(make_transcript(seconds=3, account=account))

    assert warning_codes(done) == ["no_words"]
    assert "2.1 s" in done.job.warnings[0]["message"]
    assert (done.status, done.credits_charged) == (Status.COMPLETED, 0)
    assert read_balance(account).minutes_left == 60


def test_speech_that_could_not_be_recognised_is_a_gap_and_charged_as_received(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    account = create_account(minutes=60)
    fake.scripts = [Script(is_silent=True, speech_ms=900, gaps={0: [gap(0, 2700)]})]

    done = run(make_transcript(seconds=3, account=account))

    assert (done.status, warning_codes(done)) == (
        Status.COMPLETED_WITH_WARNINGS,
        ["speech_not_transcribed"],
    )
    assert (done.credits_charged, read_balance(account).minutes_left) == (1, 59)


@pytest.mark.parametrize(
    ("script", "asked", "codes"),
    [
        (Script(probability=0.22, language="la"), "", ["language_uncertain"]),
        (Script(probability=0.6), "", []),
        (Script(probability=0.22), "cs", []),
        (Script(probability=0.0, detects=False), "", ["language_not_detected"]),
    ],
    ids=["uncertain", "certain", "asked-for", "not-detected"],
)
def test_a_language_that_is_a_guess_is_reported(
    fake: FakeInference,
    make_transcript: MakeTranscript,
    script: Script,
    asked: str,
    codes: list[str],
) -> None:
    fake.scripts = [script]

    done = run(make_transcript(seconds=1, language_requested=asked))

    assert (warning_codes(done), done.status) == (codes, Status.COMPLETED)
    if codes == ["language_uncertain"]:
        assert "Latin" in done.job.warnings[0]["message"]
        assert "22%" in done.job.warnings[0]["message"]


def test_gaps_survive_a_call_that_breaks_off_and_are_stored_once(
    fake: FakeInference, make_transcript: MakeTranscript
) -> None:
    gaps = {1: [gap(1000, 2000)], 3: [gap(3000, 4200)]}
    fake.scripts = [Script(windows=2, gaps=gaps), Script(gaps=gaps)]

    done = run(make_transcript(seconds=5))

    assert [(each.start_ms, each.end_ms) for each in done.gaps.all()] == [
        (1000, 2000),
        (3000, 4200),
    ]
    assert done.job.warnings[0]["seconds"] == pytest.approx(2.2)
