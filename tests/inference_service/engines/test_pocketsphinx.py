"""The engine that needs no download, on speech made with flite (tests/speech)."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from inference_service.engines.alignment import AlignmentRequest, GivenWord, UnalignableError
from inference_service.engines.asr import DecodeOptions, Samples, TimedWord, Verdict
from inference_service.engines.pocketsphinx import PocketSphinxRecogniser
from inference_service.engines.pocketsphinx_processes import DecoderDiedError, DecoderProcess
from tests.inference_service.engines.recordings import (
    RATE_HZ,
    check_times,
    load_speech,
    make_noise,
    make_request,
    make_tone,
    measure_wer,
    recognise_one,
    spell_window,
)

CLEAN = [f"clean_{number:02}" for number in range(1, 11)]
ENGLISH = DecodeOptions("en")
_PARENT = """
from pathlib import Path
from inference_service.catalog import Catalog
from inference_service.config import Config
from inference_service.engines.loading import load_recogniser
config = Config(models_dir=Path("/nowhere"), cpu_threads=1)
recogniser = load_recogniser(Catalog(config).resolve("pocketsphinx-en-us"), config)
print("loaded", flush=True)
input()
"""


def test_at_most_one_word_in_ten_is_wrong_on_clean_speech(sphinx: PocketSphinxRecogniser) -> None:
    recordings = [load_speech(name) for name in CLEAN]

    results = sphinx.recognise([make_request(sphinx, audio, ENGLISH) for audio, _ in recordings])

    texts = [spell_window(result) for result in results]
    assert measure_wer([text for _, text in recordings], texts) <= 0.10
    for (audio, _), result in zip(recordings, results, strict=True):
        check_times(result, duration_s=len(audio) / RATE_HZ)


def test_a_pause_ends_a_phrase(sphinx: PocketSphinxRecogniser) -> None:
    audio, _ = load_speech("talk_30s")
    window = audio[: 10 * RATE_HZ]

    result = recognise_one(sphinx, window, "en")

    assert len(result.segments) == 2
    check_times(result, duration_s=10)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(5 * RATE_HZ, np.float32), np.zeros(0, np.float32), make_noise(), make_tone()],
    ids=["silence", "no samples", "noise", "tone"],
)
def test_nothing_is_heard_where_nobody_speaks(
    sphinx: PocketSphinxRecogniser, samples: Samples
) -> None:
    result = recognise_one(sphinx, samples, "en")

    assert result.verdict is Verdict.NO_SPEECH
    assert result.segments == ()


def test_a_window_gives_the_same_words_whatever_was_decoded_before(
    sphinx: PocketSphinxRecogniser,
) -> None:
    audio, _ = load_speech("clip_5s")
    before = recognise_one(sphinx, audio, "en")
    sphinx.recognise([make_request(sphinx, load_speech(name)[0], ENGLISH) for name in CLEAN[:2]])

    assert recognise_one(sphinx, audio, "en") == before


def test_python_goes_on_while_it_decodes(sphinx: PocketSphinxRecogniser) -> None:
    """PocketSphinx holds the GIL: in this process it would stop every other thread."""
    audio, _ = load_speech("clip_5s")
    request = make_request(sphinx, audio, ENGLISH)
    turns = 0
    with ThreadPoolExecutor(1) as thread:
        decoding = thread.submit(sphinx.recognise, [request])
        while not decoding.done():
            turns += 1

    assert turns > 1000


def test_a_decoder_that_dies_is_replaced(sphinx: PocketSphinxRecogniser) -> None:
    audio, text = load_speech("clean_02")
    for child in _decoders(psutil.Process()):
        child.kill()

    results = sphinx.recognise([make_request(sphinx, audio, ENGLISH) for _ in range(3)])

    assert [spell_window(result) for result in results] == [text] * 3


def test_a_decoder_that_is_stuck_is_given_up() -> None:
    others = _decoders(psutil.Process())
    process = DecoderProcess()
    process.wait_until_ready()
    [child] = [child for child in _decoders(psutil.Process()) if child not in others]
    child.suspend()

    with pytest.raises(DecoderDiedError):
        process.decode(bytes(32_000), deadline_s=0.2)

    process.close()
    assert not child.is_running()


@pytest.mark.e2e
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_decoders_end_with_their_parent(how: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )
    assert parent.stdin
    assert parent.stdout
    with parent.stdin, parent.stdout:
        assert parent.stdout.readline() == b"loaded\n"
        decoders = _decoders(psutil.Process(parent.pid))
        parent.send_signal(how)
        parent.wait(timeout=30)

    _, alive = psutil.wait_procs(decoders, timeout=30)

    assert len(decoders) == 1
    assert not alive


def _decoders(process: psutil.Process) -> list[psutil.Process]:
    children = process.children(recursive=True)
    return [child for child in children if any("pocketsphinx_worker" in a for a in child.cmdline())]


def test_given_words_are_placed_where_they_are_recognised(
    sphinx: PocketSphinxRecogniser,
) -> None:
    samples, text = load_speech("clean_05")
    [segment] = recognise_one(sphinx, samples, "en").segments

    placed = align(sphinx, samples, text.capitalize() + ".")

    assert [word.text for word in placed] == (text.capitalize() + ".").split()
    heard = [word.start_s for word in segment.words]
    assert [word.start_s for word in placed] == pytest.approx(heard, abs=0.1)


def test_a_word_that_was_missed_is_placed_between_its_neighbours(
    sphinx: PocketSphinxRecogniser,
) -> None:
    samples, text = load_speech("clip_5s")
    placed = align(sphinx, samples, text.replace("you all", "you – ALL"))

    times = [edge for word in placed for edge in (word.start_s, word.end_s)]
    assert times == sorted(times)
    [every] = [word for word in placed if word.text == "ALL"]
    assert 0.1 < every.end_s - every.start_s < 0.6


@pytest.mark.parametrize("text", ["zxqwv", "in 2026", "–"])
def test_words_that_it_cannot_pronounce_are_refused(
    sphinx: PocketSphinxRecogniser, text: str
) -> None:
    with pytest.raises(UnalignableError):
        sphinx.check_words([GivenWord(word, True) for word in text.split()], language="en")


def test_it_recognises_as_before_after_an_alignment(sphinx: PocketSphinxRecogniser) -> None:
    samples, text = load_speech("clean_05")
    before = recognise_one(sphinx, samples, "en")
    for _ in range(sphinx.max_calls):
        align(sphinx, samples, text)

    assert recognise_one(sphinx, samples, "en") == before


def align(sphinx: PocketSphinxRecogniser, samples: Samples, text: str) -> tuple[TimedWord, ...]:
    words = tuple(GivenWord(word, at > 0) for at, word in enumerate(text.split()))
    sphinx.check_words(words, language="en")
    request = AlignmentRequest(sphinx.prepare(samples), len(samples) / RATE_HZ, "en", words)
    [placed] = sphinx.align([request])
    return placed
