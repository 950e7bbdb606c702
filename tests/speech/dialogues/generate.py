"""Makes dialogues of flite voices with the truth about who speaks when.

Needs Debian's `flite` on the path. Run as a module, it makes the committed fixtures of this folder
again: `python -m tests.speech.dialogues.generate`.
"""

import functools
import io
import itertools
import json
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import av
import numpy as np
import numpy.typing as npt
from faster_whisper.vad import VadOptions, get_speech_timestamps
from scipy.signal import resample_poly

from tests.speech.dialogues.sentences import HELD_OUT

Samples = npt.NDArray[np.float32]
Channel = Literal["clean", "mp3", "telephone", "noise"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

RATE_HZ = 16_000
VOICES = ("slt", "rms", "awb", "kal16", "kal")
FIXTURES = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence of the truth."""

    start_s: float
    end_s: float
    speaker: str  # the voice
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How a dialogue is made; equal plans make equal dialogues."""

    seed: int
    voices: tuple[str, ...]
    length_s: float = 30.0
    pause_s: tuple[float, float] = (0.2, 1.5)  # between speakers
    sentences_a_turn: tuple[int, int] = (1, 3)
    volume_db: float = 0.0  # each voice is louder or quieter by up to this
    channel: Channel = "clean"
    sentences: tuple[str, ...] = HELD_OUT


@dataclass(frozen=True, slots=True, eq=False)
class Dialogue:
    samples: Samples  # float32 (n_samples,), mono, 16 kHz, [-1, 1]
    spoken: tuple[Spoken, ...]


@functools.lru_cache(maxsize=1024)
def speak(voice: str, text: str) -> Samples:
    """float32 (n_samples,), 16 kHz, without the silence around it, at an RMS of -23 dB."""
    made = subprocess.run(
        ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"],
        check=True,
        capture_output=True,
    ).stdout
    # flite writes a WAV header before it knows the length: the frames are what follows it.
    with wave.open(io.BytesIO(made)) as opened:
        rate_hz = opened.getframerate()
    pcm = np.frombuffer(made[44 : 44 + (len(made) - 44) // 2 * 2], "<i2") / 32768
    samples = pcm if rate_hz == RATE_HZ else resample_poly(pcm, RATE_HZ, rate_hz)
    return trim_and_level(samples)


def trim_and_level(samples: npt.NDArray[np.floating]) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    trimmed = samples[loud[0] : loud[-1] + 1]
    return np.asarray(trimmed * (0.07 / np.sqrt(np.mean(trimmed**2))), np.float32)


def make_dialogue(plan: Plan) -> Dialogue:
    """Every voice of the plan speaks at least once; nobody speaks two turns running."""
    rng = np.random.default_rng(plan.seed)
    texts = itertools.cycle(rng.permutation(np.array(plan.sentences, object)).tolist())
    gains = {v: 10 ** (rng.uniform(-1, 1) * plan.volume_db / 20) for v in plan.voices}
    pieces: list[Samples] = [np.zeros(int(rng.uniform(0.1, 0.8) * RATE_HZ), np.float32)]
    spoken: list[Spoken] = []
    at = pieces[0].size
    for voice in _speaking_order(plan.voices, rng):
        if at >= plan.length_s * RATE_HZ and {s.speaker for s in spoken} == set(plan.voices):
            break
        for number in range(rng.integers(*plan.sentences_a_turn, endpoint=True)):
            if number:
                pieces.append(np.zeros(int(rng.uniform(0.15, 0.45) * RATE_HZ), np.float32))
                at += pieces[-1].size
            text = next(texts)
            pieces.append(speak(voice, text) * np.float32(gains[voice]))
            spoken.append(Spoken(at / RATE_HZ, (at + pieces[-1].size) / RATE_HZ, voice, text))
            at += pieces[-1].size
        pieces.append(np.zeros(int(rng.uniform(*plan.pause_s) * RATE_HZ), np.float32))
        at += pieces[-1].size
    return Dialogue(send_through(plan.channel, np.concatenate(pieces), rng), tuple(spoken))


def _speaking_order(voices: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    last = ""
    for voice in rng.permutation(np.array(voices)):
        last = str(voice)
        yield last
    while True:
        others = [voice for voice in voices if voice != last] or list(voices)
        last = others[int(rng.integers(len(others)))]
        yield last


def send_through(channel: Channel, samples: Samples, rng: np.random.Generator) -> Samples:
    """What a recording goes through: hardly audible noise at least (-66 dB), as any room has."""
    level = 10 ** (-43 / 20) if channel == "noise" else 10 ** (-66 / 20)
    noisy = samples + rng.normal(0, level, samples.size).astype(np.float32)
    if channel == "telephone":
        noisy = resample_poly(resample_poly(noisy, 1, 2), 2, 1)
    if channel == "mp3":
        noisy = _through_mp3(noisy)
    return np.asarray(np.clip(noisy, -1, 1)[: samples.size], np.float32)


def _through_mp3(samples: Samples) -> Samples:
    coded = io.BytesIO()
    encode(samples, coded, container="mp3", codec="libmp3lame", bit_rate=48_000)
    coded.seek(0)
    return decode(coded)


def encode(
    samples: Samples, target: io.BytesIO, *, container: str, codec: str, bit_rate: int = 0
) -> None:
    with av.open(target, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=RATE_HZ, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if bit_rate:
            stream.bit_rate = bit_rate
        pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=RATE_HZ, frame_size=stream.frame_size or 4096
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            opened.mux(stream.encode(piece))
        opened.mux(stream.encode(None))


def decode(source: io.BytesIO | Path) -> Samples:
    """float32 (n_samples,), mono, 16 kHz, of any recording."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(source, "r") as opened:
        frames = [f for frame in opened.decode(audio=0) for f in resampler.resample(frame)]
        frames += resampler.resample(None)
    pcm = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return (pcm / 32768).astype(np.float32)


def find_speech(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of speech with their padding, (start, end) in samples, as sessions cut them."""
    options = VadOptions(min_silence_duration_ms=160, speech_pad_ms=400)
    return [(s["start"], s["end"]) for s in get_speech_timestamps(samples, options)]


COMMITTED = {
    "one_voice": Plan(seed=5, voices=("rms",), length_s=20),
    "two_voices": Plan(seed=1, voices=("slt", "rms"), length_s=20),
    "two_men": Plan(seed=2, voices=("awb", "kal16"), length_s=20, channel="mp3", volume_db=3),
    "three_voices": Plan(seed=3, voices=("slt", "awb", "kal16"), length_s=26, volume_db=3),
    "four_voices": Plan(seed=4, voices=("slt", "rms", "awb", "kal16"), length_s=32),
}


def main() -> None:
    truth = {}
    for name, plan in COMMITTED.items():
        dialogue = make_dialogue(plan)
        coded = io.BytesIO()
        encode(dialogue.samples, coded, container="flac", codec="flac")
        (FIXTURES / f"{name}.flac").write_bytes(coded.getvalue())
        truth[name] = [
            {"start": round(s.start_s, 3), "end": round(s.end_s, 3), "speaker": s.speaker}
            | {"text": s.text}
            for s in dialogue.spoken
        ]
    (FIXTURES / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


if __name__ == "__main__":
    main()
