"""Where utterances begin and end."""

from hypothesis import given
from hypothesis import strategies as st

from inference_service.engines.vad import FRAME_SAMPLES
from inference_service.sessions.endpoints import PAD_SAMPLES, Endpointer

SECOND = 31  # frames
SPEECH, SILENCE = 0.9, 0.05

talks = st.lists(
    st.tuples(st.sampled_from([SPEECH, 0.4, SILENCE]), st.integers(1, 80)), max_size=30
)


def frames(*parts: tuple[float, int]) -> list[float]:
    return [probability for probability, count in parts for _ in range(count)]


@given(talks, st.integers(1, 50))
def test_utterances_follow_each_other_and_fit_into_a_window(
    parts: list[tuple[float, int]], block: int
) -> None:
    ears = Endpointer()
    heard = frames(*parts)
    stretches = []
    for start in range(0, len(heard), block):
        stretches += ears.push(heard[start : start + block])
    end = len(heard) * FRAME_SAMPLES
    stretches += ears.flush(end)
    reached = 0
    for stretch in stretches:
        assert reached <= stretch.start <= stretch.speech_end <= stretch.end <= end
        assert stretch.end - stretch.start < 30 * 16_000
        reached = stretch.end


@given(talks)
def test_all_speech_lies_in_utterances(parts: list[tuple[float, int]]) -> None:
    """But for clicks of less than 0.1 s."""
    heard = frames(*[(probability, max(3, count)) for probability, count in parts])
    ears = Endpointer()
    stretches = ears.push(heard) + ears.flush(len(heard) * FRAME_SAMPLES)
    for index, probability in enumerate(heard):
        sample = index * FRAME_SAMPLES
        if probability == SPEECH:
            assert any(each.start <= sample < each.end for each in stretches)


def test_a_pause_ends_an_utterance_and_a_breath_does_not() -> None:
    ears = Endpointer()
    assert not ears.push(frames((SILENCE, SECOND), (SPEECH, SECOND), (SILENCE, 15), (SPEECH, 20)))
    assert ears.start == SECOND * FRAME_SAMPLES - PAD_SAMPLES
    (stretch,) = ears.push(frames((SILENCE, 19)))
    assert stretch.speech_end == (2 * SECOND + 35) * FRAME_SAMPLES
    assert ears.start is None


def test_a_click_is_no_utterance() -> None:
    ears = Endpointer()
    assert not ears.push(frames((SILENCE, 9), (SPEECH, 2), (SILENCE, 40)))
    assert ears.start is None
    assert ears.speech_samples == 0


def test_speech_that_grows_too_long_is_cut_in_its_last_pause() -> None:
    ears = Endpointer()
    heard = frames((SPEECH, 700), (SILENCE, 8), (SPEECH, 300))
    (stretch,) = ears.push(heard)
    assert stretch.is_cut
    assert 700 * FRAME_SAMPLES < stretch.end < 708 * FRAME_SAMPLES
    assert ears.start == stretch.end
