"""What enhancers gain on speech in noise, what they take from clean speech, how fast they are.

    python -m benchmarks.enhancement MODELS [--extras FOLDER] [--speech FILE] [--hour]

MODELS is a models folder with deepfilternet3 and gtcrn. Speech is a reading that
`tests.real.speech` fetches, nine seconds at 48 kHz (16 for GTCRN). FOLDER may hold pystoi and pesq
(`pip install --no-deps --target FOLDER pystoi pesq`): PESQ's licence excludes it from the locks.
DNSMOS's network comes out of the package speechmos, by its hash. Noises are drawn once, the same
each time; ratios are those of the band up to 8 kHz, in which all is scored. FILE: other speech, as
free of noise as can be, in the place of the reading. --hour: an hour of generated sound through
each, and how much the process grew.
"""

import argparse
import importlib
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from faster_whisper.audio import decode_audio
from scipy.signal import lfilter, resample_poly

from inference_service.catalog import Catalog, Kind
from inference_service.config import Config
from inference_service.engines.enhancement import LIMITS_DB, Enhancer, Samples, Strength
from inference_service.engines.enhancement.deepfilternet import DeepFilterNet
from inference_service.engines.enhancement.gtcrn import load_gtcrn
from inference_service.engines.enhancement.stationary import WienerEnhancer
from tests.real.packages import Package, read_members
from tests.real.speech import load_real_speech

Noise = npt.NDArray[np.float64]

_RATE_HZ = 48_000
_SECONDS = 9
_SPEECHMOS = Package(
    "speechmos",
    "speechmos-0.0.1.1-py3-none-any.whl",
    "31c4c9d3234f6ee10102edff74333014c50006a3f389daf7ecacae34e68ebbf7",
)
_DNSMOS = "speechmos/dnsmos_models/sig_bak_ovr.onnx"
_DNSMOS_SAMPLES = 144_160  # 9.01 s at 16 kHz
# The overall score, as the authors map the network's third output (speechmos 0.0.1.1).
_DNSMOS_OVERALL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])


def make_noises(others: list[Samples]) -> dict[str, Callable[[np.random.Generator], Noise]]:
    """others: further voices, for babble."""
    count = _SECONDS * _RATE_HZ

    def pink(random: np.random.Generator) -> Noise:
        spectrum = np.fft.rfft(random.standard_normal(count))
        hz = np.maximum(np.fft.rfftfreq(count, 1 / _RATE_HZ), 20)
        return np.asarray(np.fft.irfft(spectrum / np.sqrt(hz), count))

    def hum(random: np.random.Generator) -> Noise:
        at_s = np.arange(count) / _RATE_HZ
        tones = [np.sin(2 * np.pi * 50 * n * at_s + random.uniform(0, 6)) / n for n in range(1, 9)]
        return np.asarray(np.sum(tones, axis=0))

    def keyboard(random: np.random.Generator) -> Noise:
        noise, at = np.zeros(count), 0
        while at < count - 3000:
            length = int(random.uniform(0.01, 0.03) * _RATE_HZ)
            click = random.standard_normal(length) * np.exp(-5 * np.arange(length) / length)
            noise[at : at + length] += click * random.uniform(0.5, 1.5)
            at += int(random.uniform(0.08, 0.3) * _RATE_HZ)
        return np.asarray(lfilter([1, -0.7], [1], noise))

    return {
        "white": lambda random: random.standard_normal(count),
        "pink": pink,
        "keyboard": keyboard,
        "hum": hum,
        "babble": lambda random: np.sum([other.astype(float) for other in others], axis=0),
    }


def si_sdr_db(reference: Samples, made: Samples) -> float:
    target = np.dot(reference, made) / np.dot(reference, reference) * reference
    return float(10 * np.log10(np.sum(target**2) / np.sum((made - target) ** 2)))


class Judges:
    """The scores of 16-kHz sound that can be had here."""

    def __init__(self, extras: Path | None) -> None:
        if extras is not None:
            sys.path.append(str(extras))
        self._stoi = _import("pystoi")
        self._pesq = _import("pesq")
        weights = read_members(_SPEECHMOS, [_DNSMOS])[_DNSMOS]
        self._dnsmos = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])

    def score(self, reference: Samples, made: Samples) -> dict[str, float]:
        scores = {"SI-SDR": si_sdr_db(reference, made), "DNSMOS": self._dnsmos_of(made)}
        if self._stoi is not None:
            scores["STOI"] = float(self._stoi.stoi(reference, made, 16_000))
        if self._pesq is not None:
            scores["PESQ"] = float(self._pesq.pesq(16_000, reference, made, "wb"))
        return scores

    def _dnsmos_of(self, made: Samples) -> float:
        window = np.resize(made, _DNSMOS_SAMPLES).astype(np.float32)[np.newaxis]
        (scores,) = self._dnsmos.run(None, {"input_1": window})
        return float(_DNSMOS_OVERALL(scores[0][2]))


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not there: its score is left out.")
        return None


def load_enhancers(models_dir: Path) -> dict[str, Enhancer]:
    entries = {
        each.id: each for each in Catalog(Config(models_dir=models_dir)).entries(Kind.ENHANCER)
    }
    deepfilternet, gtcrn = entries["deepfilternet3"].path, entries["gtcrn"]
    if deepfilternet is None or gtcrn.path is None:
        raise SystemExit("Pull deepfilternet3 and gtcrn first.")
    return {
        "DeepFilterNet 3": DeepFilterNet("deepfilternet3", deepfilternet),
        "GTCRN": load_gtcrn(gtcrn),
        "Wiener": WienerEnhancer(),
    }


def read_voices() -> Iterator[Samples]:
    """Nine seconds of each reading, at 48 kHz."""
    for speech in load_real_speech().values():
        pcm = speech.samples
        if len(pcm) >= _SECONDS * 16_000:
            yield resample_poly(pcm[: _SECONDS * 16_000], 3, 1).astype(np.float32)


def read_speech(path: Path) -> Samples:
    samples: Samples = decode_audio(str(path), sampling_rate=_RATE_HZ)[: _SECONDS * _RATE_HZ]
    return samples


def measure_noises(
    enhancers: dict[str, Enhancer], judges: Judges, *, speech: Samples | None
) -> None:
    clean, *others = read_voices()
    clean = clean if speech is None else speech
    for name, enhancer in enhancers.items():
        at_16k = name == "GTCRN"
        gains: dict[str, list[float]] = {}
        for kind, draw in make_noises(others[:6]).items():
            for snr_db in (5,) if kind == "babble" else (0, 5, 10):
                noise = draw(np.random.default_rng(snr_db))
                reference = resample_poly(clean, 1, 3).astype(np.float32)
                audible = np.sum(resample_poly(noise, 1, 3) ** 2)
                scale = np.sqrt(np.sum(reference**2) / audible) * 10 ** (-snr_db / 20)
                noisy = (clean + scale * noise).astype(np.float32)
                made = _enhance(enhancer, noisy, at_16k=at_16k)
                before = judges.score(reference, resample_poly(noisy, 1, 3).astype(np.float32))
                after = judges.score(reference, made)
                gained = {each: after[each] - before[each] for each in after}
                print(f"{name:16} {kind:9} {snr_db:3} dB  {_show(gained)}")
                if kind != "babble":
                    for each, value in gained.items():
                        gains.setdefault(each, []).append(value)
        means = {each: float(np.mean(values)) for each, values in gains.items()}
        print(f"{name:16} mean without babble  {_show(means)}")


def measure_clean(enhancers: dict[str, Enhancer], judges: Judges) -> None:
    clean = next(read_voices())
    reference = resample_poly(clean, 1, 3).astype(np.float32)
    for name, enhancer in enhancers.items():
        for strength, limit_db in LIMITS_DB.items():
            made = _enhance(enhancer, clean, at_16k=name == "GTCRN", limit_db=limit_db)
            print(f"{name:16} clean speech, {strength:8}  {_show(judges.score(reference, made))}")


def measure_speed(enhancers: dict[str, Enhancer]) -> None:
    clean = next(read_voices())
    for name, enhancer in enhancers.items():
        rate_hz = 16_000 if name == "GTCRN" else _RATE_HZ
        samples = np.tile(clean[:: _RATE_HZ // rate_hz], 5)
        stream = enhancer.open(rate_hz=rate_hz, limit_db=24)
        started = time.process_time()
        stream.push(samples)
        stream.finish()
        spent_s = time.process_time() - started
        print(f"{name:16} RTFx a core {len(samples) / rate_hz / spent_s:.0f}")


def measure_hour(enhancers: dict[str, Enhancer]) -> None:
    random = np.random.default_rng(1)
    for name, enhancer in enhancers.items():
        rate_hz = 16_000 if name == "GTCRN" else _RATE_HZ
        minute = (0.1 * random.standard_normal(60 * rate_hz)).astype(np.float32)
        stream = enhancer.open(rate_hz=rate_hz, limit_db=24)
        stream.push(minute)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(59):
            stream.push(minute)
        stream.finish()
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
        print(f"{name:16} an hour: + {grown_mb:.0f} MB behind its first minute")


def _enhance(
    enhancer: Enhancer,
    samples: Samples,
    *,
    at_16k: bool,
    limit_db: float = LIMITS_DB[Strength.STANDARD],
) -> Samples:
    """Return what it makes of 48-kHz sound, at 16 kHz."""
    rate_hz = 16_000 if at_16k else _RATE_HZ
    sent = resample_poly(samples, 1, 3).astype(np.float32) if at_16k else samples
    stream = enhancer.open(rate_hz=rate_hz, limit_db=limit_db)
    made = np.concatenate((stream.push(sent), stream.finish()))
    return made if at_16k else resample_poly(made, 1, 3).astype(np.float32)


def _show(scores: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:+.2f}" for name, value in scores.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--extras", type=Path)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--hour", action="store_true")
    asked = parser.parse_args()
    enhancers = load_enhancers(asked.models)
    judges = Judges(asked.extras)
    measure_speed(enhancers)
    speech = None if asked.speech is None else read_speech(asked.speech)
    measure_noises(enhancers, judges, speech=speech)
    measure_clean(enhancers, judges)
    if asked.hour:
        measure_hour(enhancers)


if __name__ == "__main__":
    main()
