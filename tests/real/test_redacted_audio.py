"""What is beeped is not first any more, by the recogniser that first it before."""

import wave
from pathlib import Path

import pytest

from tests.inference_service.calls import transcribe
from tests.real.conftest import RealService
from tests.real.speech import Speech, join
from tests.transcripts.exports.documents import document
from tests.word_errors import count_word_errors
from transcripts.exports.beep_check import is_beeped
from transcripts.exports.redaction import redact
from transcripts.exports.spoken_intervals import find_intervals
from transcripts.media import Pick, open_decoder, write_beeped
from transcripts.text.segments import Segment

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(300)]

RATE_HZ = 16_000


@pytest.mark.parametrize("format_name", ["mp3", "flac"])
async def test_a_masked_name_is_not_recognised_and_the_rest_is(
    real_service: RealService,
    real_speech: dict[str, Speech],
    tmp_path: Path,
    format_name: str,
) -> None:
    names = ("austen_0870", "austen_0890", "austen_0920")
    speech = join([real_speech[name] for name in names], pause_s=0.6)
    recording, copy = tmp_path / "recording.wav", tmp_path / f"copy.{format_name}"
    with wave.open(str(recording), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(speech.pcm)
    first = await transcribe(real_service.channel, speech.pcm, language="en")
    segments = [Segment.from_proto(each) for each in first.segments]
    made = document(*segments)
    assert "Dashwood" in made.text

    redacted = redact(made, kinds=["person"])
    intervals = find_intervals(made, redacted.items)
    with copy.open("wb") as target:
        duration_ms = write_beeped(
            recording,
            target,
            intervals_ms=intervals,
            format_name=format_name,
            pick=Pick(),
            on_progress=lambda done_ms: None,
        )
    with open_decoder(copy) as decoder:
        pcm = b"".join(decoder)
    again = await transcribe(real_service.channel, pcm, language="en")

    assert is_beeped(
        copy, intervals_ms=intervals, duration_ms=duration_ms, on_progress=lambda done_ms: None
    )
    assert 0 < sum(end - start for start, end in intervals) < 2_500
    assert not any(part in again.text for part in ("Dash", "dash", "wood", "John"))
    rest = speech.text.replace("John Dashwood", "")
    errors = count_word_errors(rest, again.text)
    assert errors.deleted <= 4, again.text
