"""At which length a window is encoded, and that nothing else follows from it."""

import itertools
from dataclasses import replace

import pytest

from inference_service.catalog.entries import WindowMargin
from inference_service.engines.asr import DecodeOptions, Samples, Verdict, WindowRequest, WindowText
from inference_service.engines.whisper import WhisperRecogniser
from inference_service.engines.window_length import choose_length, count_frames
from tests.inference_service.engines.recordings import (
    RATE_HZ,
    check_times,
    load_sample,
    make_noise,
    make_request,
    make_window_text,
    recognise_one,
)

MARGIN = WindowMargin(behind_s=2, shortest_s=10, step_s=2.5)


@pytest.mark.parametrize(
    ("duration_s", "length"),
    [(0.3, 1000), (8.0, 1000), (8.02, 1250), (10.5, 1250), (20, 2250), (28, 3000), (30, 3000)],
)
def test_a_window_is_encoded_with_silence_behind_it_in_steps(
    duration_s: float, length: int
) -> None:
    assert choose_length(count_frames(duration_s), MARGIN) == length


def test_a_window_is_padded_to_30_s_where_the_model_was_not_measured() -> None:
    assert choose_length(count_frames(1.0), None) == 3000


def test_every_length_is_even_and_within_the_models_bounds() -> None:
    for step_s, n_frames in itertools.product((0.33, 1, 7), range(0, 3001, 97)):
        length = choose_length(n_frames, WindowMargin(2, 3, step_s))
        assert length % 2 == 0
        assert min(n_frames + 200, 3000) <= length <= 3000


def test_only_windows_of_equal_length_share_a_batch(short_whisper: WhisperRecogniser) -> None:
    options = DecodeOptions("en")

    def key(duration_s: float, **asked: bool) -> object:
        return short_whisper.batch_key(WindowRequest(None, duration_s, options, **asked))

    assert key(7.5) == key(8.0)
    assert key(7.5) != key(9.0)
    assert key(7.5, is_padded=True) == key(9.0, is_padded=True)


def test_a_draft_is_encoded_shorter_and_after_detection_as_that_was(
    short_whisper: WhisperRecogniser,
) -> None:
    short_whisper.window_margin = WindowMargin(behind_s=2, shortest_s=15, step_s=5)
    final = _ask(short_whisper, load_sample("en_short_2.flac")[0])
    draft = replace(final, is_draft=True)

    lengths = [2 * short_whisper.encode([each]).split()[0].shape[1] for each in (final, draft)]
    short_whisper.detect_language([draft.features])

    assert lengths[1] < lengths[0]
    assert 2 * short_whisper.encode([draft]).split()[0].shape[1] == lengths[0]
    assert short_whisper.recognise([draft])[0].verdict is Verdict.ACCEPTED


def test_windows_in_a_batch_of_their_length_decode_like_alone(
    short_whisper: WhisperRecogniser,
) -> None:
    speech = load_sample("long_3min.flac")[0]
    requests = [_ask(short_whisper, speech[n * RATE_HZ :][: 7 * RATE_HZ]) for n in (0, 20, 40)]

    batched = short_whisper.recognise(requests)

    for request, result in zip(requests, batched, strict=True):
        [alone] = short_whisper.recognise([request])
        assert make_window_text(alone) == make_window_text(result)
        # The sums of a batch are rounded otherwise, by the processor: a word's time may move by a
        # step of 20 ms, and one on the edge between two paths by some (60 ms on one machine).
        pairs = zip(_starts_of(alone), _starts_of(result), strict=True)
        moved = [abs(one - other) for one, other in pairs if abs(one - other) > 0.021]
        assert len(moved) <= 1
        assert all(each < 0.1 for each in moved)


def _starts_of(text: WindowText) -> list[float]:
    return [word.start_s for segment in text.segments for word in segment.words]


def test_a_window_that_fails_at_its_own_length_is_answered_as_if_padded_always(
    short_whisper: WhisperRecogniser,
) -> None:
    noise = make_noise()
    request = _ask(short_whisper, noise)

    [short] = short_whisper.recognise([request])
    [padded] = short_whisper.recognise([replace(request, is_padded=True)])
    short_whisper.window_margin = None
    [always] = short_whisper.recognise([_ask(short_whisper, noise)])

    assert short.verdict is Verdict.PAD
    assert padded.verdict is always.verdict is not Verdict.PAD


def test_what_language_detection_encoded_serves_only_at_its_length(
    short_whisper: WhisperRecogniser,
) -> None:
    speech = load_sample("en_short_2.flac")[0]
    fresh, detected = _ask(short_whisper, speech), _ask(short_whisper, speech)
    short_whisper.detect_language([detected.features])

    for is_padded in (False, True):
        [one] = short_whisper.decode([replace(fresh, is_padded=is_padded)])
        [other] = short_whisper.decode([replace(detected, is_padded=is_padded)])
        assert one.tokens == other.tokens


def test_languages_of_windows_of_different_lengths_come_back_in_order(
    short_whisper: WhisperRecogniser,
) -> None:
    names = ["en_talk_20s.flac", "cs_short_1.flac", "en_short_2.flac", "cs_talk_20s.flac"]
    features = [short_whisper.prepare(load_sample(name)[0]) for name in names]

    guessed = short_whisper.detect_language(features)

    assert [guesses[0].language for guesses in guessed] == ["en", "cs", "en", "cs"]


@pytest.mark.parametrize("name", ["en_short_2.flac", "cs_short_1.flac", "cs_talk_20s.flac"])
def test_words_of_short_windows_lie_inside_them(
    short_whisper: WhisperRecogniser, name: str
) -> None:
    samples, known = load_sample(name)

    result = recognise_one(short_whisper, samples, known["language"])

    assert result.segments
    check_times(result, duration_s=len(samples) / RATE_HZ)


def _ask(whisper: WhisperRecogniser, samples: Samples) -> WindowRequest:
    return make_request(whisper, samples, DecodeOptions("en"))
