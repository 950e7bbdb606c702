"""The true faster-whisper path, on a Whisper of our own (tests/weights/whisper-en-cs-tiny)."""

from dataclasses import replace

import numpy as np
import pytest

from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeContext,
    DecodeOptions,
    Samples,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.whisper import WhisperRecogniser
from tests.inference_service.engines.recordings import (
    RATE_HZ,
    check_times,
    cut_windows,
    load_sample,
    make_noise,
    make_request,
    make_tone,
    make_window_text,
    measure_wer,
    recognise_one,
)

ANCHORS = ["en_short_2.flac", "cs_short_1.flac", "cs_short_2.flac"]
OTHERS = [
    "en_digits.flac",
    "en_short_1.flac",
    "en_talk_20s.flac",
    "dialogue_1.flac",
    "dialogue_2.flac",
    "cs_talk_20s.flac",
    "long_3min.flac",
]


@pytest.mark.parametrize("name", ANCHORS)
def test_text_is_exact_on_the_anchors(whisper: WhisperRecogniser, name: str) -> None:
    samples, known = load_sample(name)

    result = recognise_one(whisper, samples, known["language"])

    assert make_window_text(result) == known["text"]


@pytest.mark.parametrize("name", ANCHORS)
def test_language_is_right_on_the_anchors(whisper: WhisperRecogniser, name: str) -> None:
    samples, known = load_sample(name)

    [guesses] = whisper.detect_language([whisper.prepare(samples)])

    assert guesses[0].language == known["language"]
    assert guesses[0].probability > 0.9
    assert sum(guess.probability for guess in guesses) == pytest.approx(1, abs=1e-3)


@pytest.fixture(scope="module")
def windows(whisper: WhisperRecogniser) -> list[tuple[Samples, str, WindowText]]:
    """Every sample, cut into windows: the audio, what is spoken in it, and what was recognised."""
    recognised = []
    for name in [*ANCHORS, *OTHERS]:
        language = load_sample(name)[1]["language"]
        for samples, text in cut_windows(name):
            recognised.append((samples, text, recognise_one(whisper, samples, language)))
    return recognised


def test_most_words_are_right_on_all_samples(
    windows: list[tuple[Samples, str, WindowText]],
) -> None:
    spoken = [text for _, text, _ in windows]
    recognised = [make_window_text(result) for _, _, result in windows]

    assert measure_wer(spoken, recognised) <= 0.5


def test_words_make_up_the_text_and_times_rise(
    windows: list[tuple[Samples, str, WindowText]],
) -> None:
    for samples, _, result in windows:
        assert result.segments
        check_times(result, duration_s=len(samples) / RATE_HZ)


def test_words_are_timed_near_where_they_were_spoken(whisper: WhisperRecogniser) -> None:
    samples, known = load_sample("en_short_2.flac")

    [segment] = recognise_one(whisper, samples, "en").segments

    spoken = [word["start"] for word in known["segments"][0]["words"]]
    assert [word.start_s for word in segment.words] == pytest.approx(spoken, abs=0.15)


def test_batched_windows_of_any_language_decode_like_single_ones(
    whisper: WhisperRecogniser,
) -> None:
    requests = _mixed_requests(whisper)
    assert len({whisper.batch_key(request) for request in requests}) == 1

    batched = whisper.decode(requests)

    for request, decoded in zip(requests, batched, strict=True):
        [single] = whisper.decode([request])
        assert decoded.tokens == single.tokens
    assert len({decoded.tokens for decoded in batched}) == len(requests)


def test_batched_windows_get_the_times_of_single_ones(whisper: WhisperRecogniser) -> None:
    requests = _mixed_requests(whisper)

    batched = whisper.recognise(requests)

    for request, result in zip(requests, batched, strict=True):
        [single] = whisper.recognise([request])
        assert result.verdict is single.verdict
        assert _outline(result) == _outline(single)


def test_a_window_whose_language_was_detected_gives_the_same_text(
    whisper: WhisperRecogniser,
) -> None:
    fresh, detected = _mixed_requests(whisper), _mixed_requests(whisper)
    whisper.detect_language([request.features for request in detected[::2]])

    assert whisper.recognise(detected) == whisper.recognise(fresh)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(5 * RATE_HZ, np.float32), make_noise(), make_tone(), make_tone(frequency_hz=1000)],
    ids=["silence", "noise", "tone", "high tone"],
)
def test_nothing_is_recognised_where_no_one_speaks(
    whisper: WhisperRecogniser, samples: Samples
) -> None:
    result = recognise_one(whisper, samples, "en")

    assert result.verdict is Verdict.NO_SPEECH
    assert result.segments == ()


def test_text_made_up_on_a_tone_is_dropped_while_the_speech_before_it_stays(
    whisper: WhisperRecogniser,
) -> None:
    speech, known = load_sample("en_short_2.flac")

    result = recognise_one(whisper, np.concatenate([speech, make_tone()]), "en")

    assert make_window_text(result).startswith(known["text"])
    assert result.segments[-1].end_s < len(speech) / RATE_HZ + 0.5


def test_the_last_attempt_never_asks_for_another(whisper: WhisperRecogniser) -> None:
    gibberish = np.random.default_rng(2).standard_normal(8 * RATE_HZ)
    gibberish *= np.sin(np.arange(len(gibberish)) / 3000)  # so that it isn't stationary
    request = make_request(whisper, gibberish.astype(np.float32), DecodeOptions("cs"), ATTEMPTS - 1)

    [result] = whisper.recognise([request])

    assert result.verdict is not Verdict.RETRY


def test_windows_share_a_batch_unless_prompt_length_or_attempt_differ(
    whisper: WhisperRecogniser,
) -> None:
    samples, _ = load_sample("en_short_2.flac")

    def key(options: DecodeOptions, attempt: int = 0, *, is_draft: bool = False) -> object:
        request = make_request(whisper, samples, options, attempt)
        return whisper.batch_key(replace(request, is_draft=is_draft))

    plain = key(DecodeOptions("en"))
    assert key(DecodeOptions("cs", task="translate")) == plain
    assert key(DecodeOptions("en", context=DecodeContext(prompt="A meeting."))) != plain
    assert key(DecodeOptions("en"), attempt=1) != plain
    assert key(DecodeOptions("en"), is_draft=True) != plain


def test_a_draft_has_text_and_times_like_any_window(whisper: WhisperRecogniser) -> None:
    samples, known = load_sample("en_short_2.flac")
    request = make_request(whisper, samples, DecodeOptions("en"))

    [result] = whisper.recognise([replace(request, is_draft=True)])

    assert make_window_text(result) == known["text"]
    check_times(result, duration_s=len(samples) / RATE_HZ)


def test_a_draft_that_loops_asks_for_a_real_decoding(endless_whisper: WhisperRecogniser) -> None:
    samples = load_sample("long_3min.flac")[0][: 3 * RATE_HZ]
    request = make_request(endless_whisper, samples, DecodeOptions("en"))

    [result] = endless_whisper.recognise([replace(request, is_draft=True)])

    assert result.verdict in {Verdict.RETRY, Verdict.REPETITION}
    assert result.segments == ()


@pytest.mark.parametrize(("duration_s", "most_tokens"), [(3, 112), (20, 224)])
def test_a_decoder_that_never_stops_is_stopped(
    endless_whisper: WhisperRecogniser, duration_s: int, most_tokens: int
) -> None:
    samples = load_sample("long_3min.flac")[0][: duration_s * RATE_HZ]
    plain = DecodeOptions("en")
    context = DecodeContext(
        prompt="the project meeting " * 50, hot_words=tuple(f"budget {n}" for n in range(100))
    )
    longest = DecodeOptions("en", context=context)

    [decoded] = endless_whisper.decode([make_request(endless_whisper, samples, plain)])
    [prompted] = endless_whisper.decode([make_request(endless_whisper, samples, longest)])

    assert len(decoded.tokens) == most_tokens
    # The longest prompt leaves a little less than Whisper's half of the 448 positions.
    assert 0.95 * most_tokens < len(prompted.tokens) <= most_tokens + 1


def test_a_window_may_be_translated(whisper: WhisperRecogniser) -> None:
    """What is asked of the decoder is the next test's: our Whisper was taught no translation."""
    samples, _ = load_sample("cs_short_1.flac")

    result = recognise_one(whisper, samples, "cs", task="translate")

    assert result.verdict is not Verdict.RETRY
    check_times(result, duration_s=len(samples) / RATE_HZ)


@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_a_prompt_names_its_language_and_its_task(whisper: WhisperRecogniser, task: str) -> None:
    prompt = whisper._make_prompt(DecodeOptions("cs", task=task))
    vocabulary = whisper._whisper.hf_tokenizer
    named = [vocabulary.id_to_token(token) for token in prompt.tokens]
    assert named[-3:] == ["<|startoftranscript|>", "<|cs|>", f"<|{task}|>"]


def test_it_describes_itself(whisper: WhisperRecogniser) -> None:
    assert (whisper.engine, whisper.device, whisper.model_id) == ("faster-whisper", "cpu", "tiny")
    assert whisper.compute_type.startswith("int8")
    assert whisper.detects_language
    assert {"en", "cs"} <= whisper.languages
    assert "yue" not in whisper.languages  # this tokenizer has the 99 older ones
    assert len(whisper.languages) == 99


def _mixed_requests(whisper: WhisperRecogniser) -> list[WindowRequest]:
    windows = [(samples, "en") for samples, _ in cut_windows("long_3min.flac", longest_s=12)[:3]]
    windows += [(samples, "cs") for samples, _ in cut_windows("cs_talk_20s.flac", longest_s=10)[:2]]
    windows += [(load_sample("en_talk_20s.flac")[0], "en")]
    return [make_request(whisper, samples, DecodeOptions(code)) for samples, code in windows]


def _outline(result: WindowText) -> list[tuple[str, float, float]]:
    return [
        (word.text, word.start_s, word.end_s)
        for segment in result.segments
        for word in segment.words
    ]
