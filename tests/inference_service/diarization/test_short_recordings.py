"""How many speak in a recording of seconds, cut into stretches of speech by a session's own parts.

Such a recording is what a newcomer tries first: the sample, or a sentence into a microphone.
"""

from pathlib import Path

import numpy as np
import pytest

from inference_service.engines.diarization import Embedder, Turn, cluster_turns
from inference_service.sessions.spans import SpanFinder
from tests.speech.dialogues.generate import (
    FIXTURES,
    RATE_HZ,
    Channel,
    Samples,
    decode,
    send_through,
)

SPEECH = Path(__file__).parents[2] / "speech"
SAMPLE = Path(__file__).parents[3] / "samples" / "hello.flac"
ONE_VOICE = (SAMPLE, FIXTURES / "one_voice.flac", *sorted(SPEECH.glob("*.flac")))


def _count_speakers(samples: Samples, embedder: Embedder) -> int:
    finder = SpanFinder()
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    pieces = [piece for span in [*finder.push(pcm), *finder.finish()] for piece in span.pieces]
    turns: list[Turn] = []
    for piece in pieces:
        turns += embedder.embed_turns(piece.read(), offset_s=piece.start_sample / RATE_HZ)
    assert turns
    return max(cluster_turns(turns, speakers=0, embedder_name=embedder.name))


@pytest.mark.parametrize("path", ONE_VOICE, ids=lambda path: path.stem)
def test_one_voice_is_one_speaker(path: Path, statistics_embedder: Embedder) -> None:
    assert _count_speakers(decode(path), statistics_embedder) == 1


@pytest.mark.parametrize("channel", ["mp3", "telephone", "noise"])
def test_the_sample_is_one_speaker_through_any_channel(
    channel: Channel, statistics_embedder: Embedder
) -> None:
    heard = send_through(channel, decode(SAMPLE), np.random.default_rng(0))
    assert _count_speakers(heard, statistics_embedder) == 1


@pytest.mark.parametrize(("name", "seconds"), [("two_voices", 10), ("two_men", 14)])
def test_two_voices_are_two_speakers_before_a_quarter_of_a_minute(
    name: str, seconds: int, statistics_embedder: Embedder
) -> None:
    heard = decode(FIXTURES / f"{name}.flac")[: seconds * RATE_HZ]
    assert _count_speakers(heard, statistics_embedder) == 2
