"""Fixed voices: how well `base` understands them, how fast they are made, and how soon they begin.

    STT_MODELS_DIR=… python -m benchmarks.voices [VOICES]      hibari, kokoro and base must be in it

Twenty sentences as people write them, in 3 voices, and the first six of Harvard's list 1 (IEEE
1969), which give a recogniser no context; the engine alone, in one process, without the service.
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
from inference_service.engines.voice.hibari import VOICES as OF_HIBARI
from inference_service.engines.voice.hibari import HibariSynthesizer
from inference_service.engines.voice.kokoro import SAMPLE_RATE_HZ, KokoroSynthesizer
from inference_service.engines.voice.threaded import ThreadedEngine
from tests.word_errors import WordErrors, count_word_errors

SENTENCES = (
    "The committee agreed to postpone the meeting until Thursday afternoon.",
    "Please send me the report before the end of the week.",
    "We expect the new office to open in the middle of next month.",
    "The train to London leaves from platform four at half past nine.",
    "She has worked for the company for more than ten years.",
    "Could you tell me how to get to the nearest station?",
    "The doctor said that he should rest for a few days.",
    "Our customers often ask for a shorter delivery time.",
    "It was raining when we arrived at the hotel last night.",
    "The price of electricity has gone up twice this year.",
    "I would like to thank everyone who helped with the project.",
    "The museum is open every day except Monday.",
    "He forgot his keys and had to wait outside the house.",
    "The results will be published in the spring.",
    "You can find more information on our website.",
    "My brother is learning to play the piano.",
    "The government announced a new plan for public schools.",
    "They walked along the river until the sun went down.",
    "This recipe needs two eggs and a cup of flour.",
    "Nobody knew what to say after the last question.",
)
HARVARD = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
)
_WHISPER_RATE_HZ = 16_000


def main() -> None:
    folder = Path(os.environ.get("STT_MODELS_DIR", "var/models"))
    names = sys.argv[1:] or ["heart", "jf_alpha", "jm_kumo"]
    whisper = WhisperModel(str(folder / "base"), device="cpu", compute_type="int8")
    total = WordErrors(0, 0, 0, 0)
    for name in names:
        engine = _load(folder, name)
        asyncio.run(_speak(engine, "Warm up.", name))  # the dictionary is read with the first
        print(f"load {os.getloadavg()[0]:.0f}, one thread")
        total += _report_voice(engine, whisper, name)
        _report_voice(engine, whisper, name, HARVARD)
        _report_start(engine, name)
    print(f"all: WER {100 * total.rate:.1f} % of {total.words} words")


def _load(folder: Path, voice: str) -> ThreadedEngine:
    if any(each.id == voice for each in OF_HIBARI):
        return ThreadedEngine(
            HibariSynthesizer(folder / "hibari", model_id="hibari", revision="", threads=1)
        )
    return ThreadedEngine(
        KokoroSynthesizer(folder / "kokoro", model_id="kokoro", revision="", threads=1)
    )


def _report_voice(
    engine: ThreadedEngine,
    whisper: WhisperModel,
    voice: str,
    sentences: tuple[str, ...] = SENTENCES,
) -> WordErrors:
    errors = WordErrors(0, 0, 0, 0)
    speech_s = wall_s = cpu_s = 0.0
    for sentence in sentences:
        wall, cpu = time.perf_counter(), time.process_time()
        samples, _ = asyncio.run(_speak(engine, sentence, voice))
        wall_s += time.perf_counter() - wall
        cpu_s += time.process_time() - cpu
        speech_s += len(samples) / SAMPLE_RATE_HZ
        errors += count_word_errors(sentence, _recognise(whisper, samples))
    print(
        f"{voice}, {len(sentences)} sentences: WER {100 * errors.rate:.1f} %, "
        f"{speech_s:.0f} s of speech, RTFx {speech_s / wall_s:.1f} by the clock, "
        f"{speech_s / cpu_s:.1f} by CPU time",
        flush=True,
    )
    return errors


def _report_start(engine: ThreadedEngine, voice: str) -> None:
    """Time to the first chunk of a text of twenty sentences, five times."""
    text = " ".join(SENTENCES)
    starts = [asyncio.run(_speak(engine, text, voice, ends_early=True))[1] for _ in range(5)]
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
