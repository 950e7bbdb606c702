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
    endpointer = Endpointer()
    probabilities = frames(*parts)
    utterances = []
    for start in range(0, len(probabilities), block):
        utterances += endpointer.push(probabilities[start : start + block])
    end = len(probabilities) * FRAME_SAMPLES
    utterances += endpointer.flush(end)
    reached = 0
    for utterance in utterances:
        assert reached <= utterance.start <= utterance.speech_end <= utterance.end <= end
        assert utterance.end - utterance.start < 30 * 16_000
        reached = utterance.end


@given(talks)
def test_all_speech_lies_in_utterances(parts: list[tuple[float, int]]) -> None:
    """But for clicks of less than 0.1 s."""
    probabilities = frames(*[(probability, max(3, count)) for probability, count in parts])
    endpointer = Endpointer()
    utterances = endpointer.push(probabilities) + endpointer.flush(
        len(probabilities) * FRAME_SAMPLES
    )
    for index, probability in enumerate(probabilities):
        sample = index * FRAME_SAMPLES
        if probability == SPEECH:
            assert any(each.start <= sample < each.end for each in utterances)


def test_a_pause_ends_an_utterance_and_a_breath_does_not() -> None:
    endpointer = Endpointer()
    assert not endpointer.push(
        frames((SILENCE, SECOND), (SPEECH, SECOND), (SILENCE, 15), (SPEECH, 20))
    )
    assert endpointer.start == SECOND * FRAME_SAMPLES - PAD_SAMPLES
    (utterance,) = endpointer.push(frames((SILENCE, 19)))
    assert utterance.speech_end == (2 * SECOND + 35) * FRAME_SAMPLES
    assert endpointer.start is None


def test_a_click_is_no_utterance() -> None:
    endpointer = Endpointer()
    assert not endpointer.push(frames((SILENCE, 9), (SPEECH, 2), (SILENCE, 40)))
    assert endpointer.start is None
    assert endpointer.speech_samples == 0


def test_speech_that_grows_too_long_is_cut_in_its_last_pause() -> None:
    endpointer = Endpointer()
    probabilities = frames((SPEECH, 700), (SILENCE, 8), (SPEECH, 300))
    (utterance,) = endpointer.push(probabilities)
    assert utterance.is_cut
    assert 700 * FRAME_SAMPLES < utterance.end < 708 * FRAME_SAMPLES
    assert endpointer.start == utterance.end


def test_an_utterance_that_is_unfinished_is_waited_for_longer() -> None:
    endpointer = Endpointer(holds=True)
    assert not endpointer.push(
        frames((SPEECH, SECOND), (SILENCE, 60), (SPEECH, SECOND), (SILENCE, 19))
    )
    endpointer.is_unfinished = False
    (utterance,) = endpointer.push([SILENCE])
    assert utterance.speech_samples == 2 * SECOND * FRAME_SAMPLES
    assert utterance.speech_end == (2 * SECOND + 60) * FRAME_SAMPLES


def test_a_pause_that_was_asked_for_ends_an_utterance_however_unfinished() -> None:
    for pause_ms, count in ((320, 10), (1600, 50)):
        endpointer = Endpointer(holds=True, pause_ms=pause_ms)
        assert not endpointer.push(frames((SPEECH, SECOND), (SILENCE, count - 1)))
        assert len(endpointer.push([SILENCE])) == 1


def test_an_utterance_that_nothing_follows_ends_after_two_seconds() -> None:
    endpointer = Endpointer(holds=True)
    assert not endpointer.push(frames((SPEECH, SECOND), (SILENCE, 65)))
    assert len(endpointer.push([SILENCE])) == 1


def test_pauses_are_returned_longest_first_and_speech_is_counted_up_to_a_cut() -> None:
    endpointer = Endpointer()
    endpointer.push(frames((SPEECH, 10), (SILENCE, 5), (SPEECH, 10), (SILENCE, 9), (SPEECH, 10)))
    assert [
        (start // FRAME_SAMPLES, end // FRAME_SAMPLES) for start, end in endpointer.find_pauses()
    ] == [
        (25, 34),
        (10, 15),
    ]
    assert endpointer.cut(30 * FRAME_SAMPLES) == 20 * FRAME_SAMPLES
    assert not endpointer.find_pauses()
    (utterance,) = endpointer.flush(44 * FRAME_SAMPLES)
    assert utterance.speech_samples == 10 * FRAME_SAMPLES


def test_the_frames_of_speech_are_those_of_the_utterance_under_way() -> None:
    endpointer = Endpointer()
    endpointer.push(frames((SPEECH, 4), (SILENCE, 5), (SPEECH, 2)))
    voiced = endpointer.voiced_frames(0, 12 * FRAME_SAMPLES)
    assert "".join("x" if each else "-" for each in voiced) == "xxxx-----xx-"
