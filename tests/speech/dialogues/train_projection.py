"""Trains `inference_service/engines/diarization/statistics.npz` (a few seconds a voice).

    python -m tests.speech.dialogues.train_projection

Voices: flite's five as they are and with vocal tract and pitch scaled, and a dozen of espeak-ng,
each saying the development sentences through four channels. Needs `flite` and `espeak-ng`. The
held-out sentences and the dialogues are not looked at; the flite voices are (there are no others).
"""

import io
import subprocess
import wave
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from inference_service.engines.diarization import splitting, statistics
from inference_service.engines.diarization.features import analyse
from tests.speech.dialogues.generate import (
    CHANNELS,
    RATE_HZ,
    VOICES,
    Samples,
    send_through,
    speak,
    trim_and_level,
)
from tests.speech.dialogues.sentences import DEVELOPMENT

Array = npt.NDArray[np.float64]

TARGET = Path(statistics.__file__).with_name("statistics.npz")
DIMENSION = 10
# People vary more than synthesisers: the scatter of a voice is taken for so many times what it is.
# (Without, one espeak voice speaking two languages falls into several speakers.)
CAUTION = 2.0
SCALES = ((1, 1), (25, 22), (50, 57))  # as is, a larger head, a smaller one
ESPEAK_VOICES = (
    "en-us+f2",
    "en-us+f4",
    "en-gb+m3",
    "en-us+m7",
    "en-us+edward2",
    "en-gb+f5",
    "en-us+m1",
    "en-gb+croak",
    "en-us+linda",
    "en-gb-scotland+m5",
    "en-us+steph",
    "en-us+iven",
)


def say_everything() -> Iterator[tuple[str, Samples]]:
    """(voice, what it says)"""
    for text in DEVELOPMENT:
        for voice in VOICES:
            for up, down in SCALES:
                scaled = resample_poly(speak(voice, text), up, down)
                yield f"{voice} {up}/{down}", scaled.astype(np.float32)
        for voice in ESPEAK_VOICES:
            yield voice, _espeak(voice, text)


def _espeak(voice: str, text: str) -> Samples:
    command = ["espeak-ng", "-v", voice, "-s", "165", "--stdout", text]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(made)) as opened:
        rate_hz = opened.getframerate()
    pcm = np.frombuffer(made[44 : 44 + (len(made) - 44) // 2 * 2], "<i2") / 32768
    return trim_and_level(resample_poly(pcm, RATE_HZ, rate_hz))


def collect() -> dict[tuple[str, str], list[tuple[float, Array]]]:
    """By channel and voice: the seconds and the statistics of each sentence."""
    rng = np.random.default_rng(0)
    said: dict[tuple[str, str], list[tuple[float, Array]]] = defaultdict(list)
    for voice, samples in say_everything():
        louder = samples * np.float32(10 ** (rng.uniform(-6, 6) / 20))
        for channel in CHANNELS:
            frames = analyse(send_through(channel, np.pad(louder, RATE_HZ // 4), rng))
            loud = frames.pick(splitting.is_loud(frames))
            said[channel, voice].append((len(loud) / 100, statistics.describe(loud)))
    return said


def train(said: dict[tuple[str, str], list[tuple[float, Array]]]) -> tuple[Array, Array]:
    """(weights, between): linear discriminant analysis, the classes weighted by their seconds."""
    within = freedom = between = between_freedom = 0.0
    centres: dict[str, list[Array]] = defaultdict(list)
    for (channel, _), sentences in said.items():
        seconds = np.array([s for s, _ in sentences])
        rows = np.array([r for _, r in sentences])
        centre = np.average(rows, axis=0, weights=seconds)
        within = within + ((rows - centre) * seconds[:, None]).T @ (rows - centre)
        freedom += len(rows) - 1
        centres[channel].append(centre)
    for voices in centres.values():
        off = np.array(voices) - np.mean(voices, axis=0)
        between = between + off.T @ off
        between_freedom += len(voices) - 1
    whiten = np.linalg.cholesky(np.linalg.inv(CAUTION * within / freedom))
    values, vectors = np.linalg.eigh(whiten.T @ (between / between_freedom) @ whiten)
    best = np.argsort(-values)[:DIMENSION]
    return whiten @ vectors[:, best], values[best]


def main() -> None:
    weights, between = train(collect())
    np.savez(TARGET, weights=weights.astype(np.float32), between=between.astype(np.float32))


if __name__ == "__main__":
    main()
