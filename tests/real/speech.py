"""Real speech with its text, out of packages, and what tests make of it.

Five readings from LibriVox (Sense and Sensibility, one reader, in the public domain) lie in
pocketsphinx's source package; three readings by actors in moonshine_voice's wheel (MIT), and a
Chinese sentence of 7 s, the second language, in f5_tts's (MIT).
"""

import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from tests.real.packages import Package, read_members

Samples = npt.NDArray[np.float32]
RATE_HZ = 16_000

POCKETSPHINX = Package(
    "pocketsphinx",
    "pocketsphinx-5.1.1.tar.gz",
    "675778b309a22dfc9b7d37f7621976bba491d2a5f8c59696bd77fd6d07271355",
)
MOONSHINE = Package(
    "moonshine-voice",
    "moonshine_voice-0.1.5-py3-none-manylinux_2_34_x86_64.whl",
    "1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496",
)
F5_TTS = Package(
    "f5-tts",
    "f5_tts-1.1.22-py3-none-any.whl",
    "f0505dfb5463645caa526bace346ed1c89bcc9acb9ef42fdffd56c2c4c0a09d1",
)
_CHINESE = "f5_tts/infer/examples/basic/basic_ref_zh.wav"
_LIBRIVOX = "pocketsphinx-5.1.1/test/data/librivox/sense_and_sensibility_01_austen_64kb-"
_ACTORS = "moonshine_voice/assets/"
# The package's transcript, but for a word that the reader repeats.
_AUSTEN = {
    "0870": "And Mr. John Dashwood had then leisure to consider how much there might be prudently "
    "in his power to do for them.",
    "0880": "He was not an ill-disposed young man,",
    "0890": "unless to be rather cold-hearted and rather selfish is to be ill-disposed.",
    "0920": "Had he married a more amiable woman, he might have been made still more respectable "
    "than he was.",
    "0930": "He might even have been made amiable himself.",
}
_TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the "
    "age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season of light, it was the season of darkness, it was the spring of hope, it was the winter "
    "of despair, we had everything before us, we had nothing before us, we were all going direct "
    "to heaven, we were all going direct the other way – in short, the period was so far like the "
    "present period that some of its noisiest authorities insisted on its being received, for "
    "good or for evil, in the superlative degree of comparison only."
)


@dataclass(frozen=True, eq=False)
class Speech:
    """A recording: float32 (n_samples,), mono, 16 kHz, [-1, 1]. `text` is empty where unknown."""

    name: str
    samples: Samples
    text: str
    speakers: int = 1

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ

    @property
    def pcm(self) -> bytes:
        """int16 little-endian, as the inference service takes it."""
        return bytes(np.round(np.clip(self.samples, -1, 1) * 32767).astype("<i2"))


def load_real_speech() -> dict[str, Speech]:
    """Return every reading by name. Raises NoSourceError."""
    readings = {f"austen_{number}": f"{_LIBRIVOX}{number}.wav" for number in _AUSTEN}
    austen = read_members(POCKETSPHINX, list(readings.values()))
    loaded = {
        name: Speech(name, _read_wav(austen[member]), _AUSTEN[name.removeprefix("austen_")])
        for name, member in readings.items()
    }
    acted = {"beckett": 1, "endgame_nagg_nell": 2, "two_cities": 1}
    texts = {
        "beckett": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
        "two_cities": _TWO_CITIES,
    }
    actors = read_members(MOONSHINE, [f"{_ACTORS}{name}.wav" for name in acted])
    for name, speakers in acted.items():
        samples = _read_wav(actors[f"{_ACTORS}{name}.wav"])
        loaded[name] = Speech(name, samples, texts.get(name, ""), speakers)
    chinese = read_members(F5_TTS, [_CHINESE])[_CHINESE]
    loaded["chinese"] = Speech("chinese", _read_wav(chinese), "对，这就是我，万人敬仰的太乙真人。")
    return loaded


def join(speeches: Sequence[Speech], *, pause_s: float = 0.5) -> Speech:
    """Put recordings behind one another, with silence between."""
    pause = silence(pause_s)
    parts: list[Samples] = []
    for speech in speeches:
        parts += [pause, speech.samples] if parts else [speech.samples]
    return Speech(
        name="+".join(speech.name for speech in speeches),
        samples=np.concatenate(parts),
        text=" ".join(speech.text for speech in speeches),
        speakers=max(speech.speakers for speech in speeches),
    )


def repeat(speech: Speech, times: int, *, pause_s: float = 0.5) -> Speech:
    return join([speech] * times, pause_s=pause_s)


def cut(speech: Speech, start_s: float, end_s: float) -> Speech:
    """Take a stretch; its text is not known any more."""
    samples = speech.samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return replace(speech, samples=samples, text="")


def mix(one: Speech, other: Speech, *, delay_s: float = 0.0) -> Speech:
    """Let two talk at once, the other from `delay_s` on; the text is the first one's."""
    start = round(delay_s * RATE_HZ)
    length = max(len(one.samples), start + len(other.samples))
    mixed = np.zeros(length, np.float32)
    mixed[: len(one.samples)] += one.samples
    mixed[start : start + len(other.samples)] += other.samples
    peak = max(1.0, float(np.abs(mixed).max()))
    return Speech(f"{one.name}|{other.name}", mixed / np.float32(peak), one.text, speakers=2)


def add_noise(speech: Speech, *, snr_db: float, seed: int = 0) -> Speech:
    """Add white noise, so many dB below the speech's mean power."""
    power = float(np.mean(speech.samples**2)) / 10 ** (snr_db / 10)
    added = noise(speech.duration_s, level=power**0.5, seed=seed)
    return replace(speech, samples=np.clip(speech.samples + added, -1, 1))


def noise(seconds: float, *, level: float = 0.05, seed: int = 0) -> Samples:
    """White noise of that standard deviation."""
    generator = np.random.default_rng(seed)
    return generator.normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def _read_wav(content: bytes) -> Samples:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        rate_hz = file.getframerate()
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    samples = pcm.astype(np.float32) / np.float32(32768)
    if rate_hz == RATE_HZ:
        return samples
    return np.asarray(resample_poly(samples, RATE_HZ, rate_hz), np.float32)
