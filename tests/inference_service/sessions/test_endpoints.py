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


def test_an_utterance_that_is_unfinished_is_waited_for_longer() -> None:
    ears = Endpointer(holds=True)
    assert not ears.push(frames((SPEECH, SECOND), (SILENCE, 60), (SPEECH, SECOND), (SILENCE, 19)))
    ears.is_unfinished = False
    (stretch,) = ears.push([SILENCE])
    assert stretch.speech_samples == 2 * SECOND * FRAME_SAMPLES
    assert stretch.speech_end == (2 * SECOND + 60) * FRAME_SAMPLES


def test_an_utterance_that_nothing_follows_ends_after_two_seconds() -> None:
    ears = Endpointer(holds=True)
    assert not ears.push(frames((SPEECH, SECOND), (SILENCE, 65)))
    assert len(ears.push([SILENCE])) == 1


def test_pauses_are_told_longest_first_and_speech_is_counted_up_to_a_cut() -> None:
    ears = Endpointer()
    ears.push(frames((SPEECH, 10), (SILENCE, 5), (SPEECH, 10), (SILENCE, 9), (SPEECH, 10)))
    assert [
        (start // FRAME_SAMPLES, end // FRAME_SAMPLES) for start, end in ears.find_pauses()
    ] == [
        (25, 34),
        (10, 15),
    ]
    assert ears.cut(30 * FRAME_SAMPLES) == 20 * FRAME_SAMPLES
    assert not ears.find_pauses()
    (stretch,) = ears.flush(44 * FRAME_SAMPLES)
    assert stretch.speech_samples == 10 * FRAME_SAMPLES


def test_the_frames_of_speech_are_those_of_the_utterance_under_way() -> None:
    ears = Endpointer()
    ears.push(frames((SPEECH, 4), (SILENCE, 5), (SPEECH, 2)))
    voiced = ears.voiced_frames(0, 12 * FRAME_SAMPLES)
    assert "".join("x" if each else "-" for each in voiced) == "xxxx-----xx-"
