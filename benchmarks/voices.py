"""Fixed voices: how well `base` understands them, how fast they are made, and how soon they begin.

    STT_MODELS_DIR=… python -m benchmarks.voices [VOICES]      kokoro and base must be in it

The first sentences of Harvard's lists 1 and 2 (IEEE 1969), in 3 voices; the engine alone, without
the service, in one process.
"""

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from scipy.signal import resample_poly

from inference_service.engines.voice.engine import (
    Samples,
    SynthesisRequest,
    SynthesizedChunk,
)
from inference_service.engines.voice.kokoro import SAMPLE_RATE_HZ, VOICES, KokoroSynthesizer
from inference_service.engines.voice.threaded import ThreadedEngine
from tests.word_errors import WordErrors, count_word_errors

SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
    "The boy was there when the sun rose.",
    "A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring.",
    "Kick the ball straight and follow through.",
    "Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall.",
    "The salt breeze came across from the sea.",
    "The girl at the booth sold fifty bonds.",
)
_WHISPER_RATE_HZ = 16_000


def main() -> None:
    folder = Path(os.environ.get("STT_MODELS_DIR", "var/models"))
    names = sys.argv[1:] or [VOICES[0].id, VOICES[1].id, VOICES[-1].id]
    synthesizer = KokoroSynthesizer(folder / "kokoro", model_id="kokoro", revision="", threads=1)
    engine = ThreadedEngine(synthesizer)
    whisper = WhisperModel(str(folder / "base"), device="cpu", compute_type="int8")
    asyncio.run(_speak(engine, "Warm up.", names[0]))  # the dictionary is read with the first
    print(f"load {os.getloadavg()[0]:.0f}, one thread")
    total = WordErrors(0, 0, 0, 0)
    for name in names:
        total += _report_voice(engine, whisper, name)
    print(f"all: WER {100 * total.rate:.1f} % of {total.words} words")
    _report_start(engine, names[0])


def _report_voice(engine: ThreadedEngine, whisper: WhisperModel, voice: str) -> WordErrors:
    errors = WordErrors(0, 0, 0, 0)
    speech_s = wall_s = cpu_s = 0.0
    for sentence in SENTENCES:
        wall, cpu = time.perf_counter(), time.process_time()
        samples, _ = asyncio.run(_speak(engine, sentence, voice))
        wall_s += time.perf_counter() - wall
        cpu_s += time.process_time() - cpu
        speech_s += len(samples) / SAMPLE_RATE_HZ
        errors += count_word_errors(sentence, _recognise(whisper, samples))
    print(
        f"{voice}: WER {100 * errors.rate:.1f} %, {speech_s:.0f} s of speech, "
        f"RTFx {speech_s / wall_s:.1f} by the clock, {speech_s / cpu_s:.1f} by CPU time",
        flush=True,
    )
    return errors


def _report_start(engine: ThreadedEngine, voice: str) -> None:
    """Time to the first chunk of a text of twenty sentences, five times."""
    starts = [asyncio.run(_speak(engine, " ".join(SENTENCES), voice, ends_early=True))[1]]
    starts += [
        asyncio.run(_speak(engine, " ".join(SENTENCES), voice, ends_early=True))[1]
        for _ in range(4)
    ]
    print(
        f"first audio of 20 sentences: median {statistics.median(starts):.2f} s, "
        f"worst {max(starts):.2f} s"
    )
    print(f"characters a second: {_characters_a_second(engine, voice):.1f}")


def _characters_a_second(engine: ThreadedEngine, voice: str) -> float:
    text = " ".join(SENTENCES[:8])
    samples, _ = asyncio.run(_speak(engine, text, voice))
    return len(text) * SAMPLE_RATE_HZ / len(samples)


async def _speak(
    engine: ThreadedEngine, text: str, voice: str, *, ends_early: bool = False
) -> tuple[Samples, float]:
    """Return the speech, and the seconds until its first chunk was there."""
    began, first = time.perf_counter(), 0.0
    chunks: list[Samples] = []
    async for event in engine.synthesize(SynthesisRequest(text=text, voice=voice)):
        if isinstance(event, SynthesizedChunk):
            first = first or time.perf_counter() - began
            chunks.append(event.samples)
            if ends_early:
                break
    return np.concatenate(chunks), first


def _recognise(whisper: WhisperModel, samples: Samples) -> str:
    audio = resample_poly(samples, _WHISPER_RATE_HZ, SAMPLE_RATE_HZ).astype(np.float32)
    segments, _ = whisper.transcribe(audio, language="en", beam_size=5)
    return " ".join(segment.text for segment in segments)


if __name__ == "__main__":
    main()
