"""A GPU, with random weights of large-v3-turbo's shape: no download, at most 8 minutes.

    python -m benchmarks.gpu            # on a machine with an NVIDIA GPU
    python -m benchmarks.gpu cpu small  # the script itself, anywhere

Random weights never end a text: each window is decoded to its bound of 224 tokens,
about twice what speech has, so the decoder's figures are a lower bound and the encoder's are true.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.recordings import MODEL, RATE_HZ
from inference_service.assembly import fit_to_device
from inference_service.catalog.entries import FASTER_WHISPER_ENGINE, ModelEntry, WindowMargin
from inference_service.config import Config
from inference_service.device import choose_device
from inference_service.engines.asr import DecodeOptions, WindowRequest
from inference_service.engines.random_whisper import TURBO, WhisperShape, make_random_whisper
from inference_service.engines.whisper import WhisperRecogniser
from inference_service.engines.whisper_decode import to_host

_BATCHES = (1, 2, 4, 8, 16)
_TURBO_WORDS = 51_866
_SMALL = {"d_model": 64, "heads": 1, "encoder_layers": 1, "decoder_layers": 2, "n_mels": 128}
_CLIP_S = 8.0
_MARGIN = WindowMargin(behind_s=2, shortest_s=5, step_s=1)
_LONGEST_S = 360.0  # after which no further step begins


def main(device: str = "cuda", size: str = "turbo") -> None:
    started = time.monotonic()
    chosen = choose_device(device=device, compute_type="auto")
    print(f"{chosen} (probed in {time.monotonic() - started:.1f} s)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        config = fit_to_device(Config(device=device), chosen)
        engine = load_engine(Path(folder), config, is_small=size == "small")
        print(f"batches of {engine.max_batch} at most, by memory", flush=True)
        report_batches(engine)
        report_short_windows(engine)
        report_copies(engine)
        if time.monotonic() - started < _LONGEST_S and size != "small":
            report_memory(engine)
        engine.close()


def load_engine(folder: Path, config: Config, *, is_small: bool) -> WhisperRecogniser:
    """Write the weights, with the tokenizer of the 3 MB model, and load them."""
    started = time.monotonic()
    names = _read_vocabulary()
    if not is_small:
        names += tuple(f"<|filler{n}|>" for n in range(_TURBO_WORDS - len(names)))
    shape = WhisperShape(**(_SMALL if is_small else TURBO), vocabulary=names)
    make_random_whisper(folder, shape)
    shutil.copy(MODEL / "tokenizer.json", folder)
    config_file = (MODEL / "preprocessor_config.json").read_text()
    (folder / "preprocessor_config.json").write_text(config_file.replace("80", "128"))
    entry = ModelEntry(
        id="random",
        name="random",
        engine=FASTER_WHISPER_ENGINE,
        speed="fast",
        languages=frozenset({"en"}),
        is_available=True,
        path=folder,
    )
    written_s = time.monotonic() - started
    engine = WhisperRecogniser(entry, config)
    print(f"written in {written_s:.1f} s, loaded in {time.monotonic() - started - written_s:.1f} s")
    return engine


def report_batches(engine: WhisperRecogniser) -> None:
    for windows in _BATCHES:
        batch = make_batch(engine, windows=windows, duration_s=30.0)
        encode_s = measure(engine.encode, batch)
        total_s = measure(engine.decode, batch)
        print(
            f"{windows:3} windows of 30 s: encoder {encode_s * 1000:.0f} ms "
            f"(RTFx {30 * windows / encode_s:.0f}), with 224 tokens each {total_s * 1000:.0f} ms "
            f"(RTFx {30 * windows / total_s:.0f})",
            flush=True,
        )


def report_short_windows(engine: WhisperRecogniser) -> None:
    times = {}
    for name, margin in (("padded", None), ("own length", _MARGIN)):
        engine.window_margin = margin
        batch = make_batch(engine, windows=16, duration_s=_CLIP_S)
        times[name] = (measure(engine.encode, batch), measure(engine.decode, batch))
    (padded, padded_all), (own, own_all) = times["padded"], times["own length"]
    print(
        f"16 clips of {_CLIP_S:.0f} s: encoder {padded * 1000:.0f} → {own * 1000:.0f} ms "
        f"(× {padded / own:.2f}), with text × {padded_all / own_all:.2f}",
        flush=True,
    )
    engine.window_margin = None


def report_copies(engine: WhisperRecogniser) -> None:
    encoded = engine.encode(make_batch(engine, windows=16, duration_s=30.0))
    started = time.perf_counter()
    items = [encoded.copy_item(index) for index in range(16)]
    once_s = time.perf_counter() - started
    started = time.perf_counter()
    for index in range(16):
        to_host(encoded.storage)[index : index + 1].copy()
    each_s = time.perf_counter() - started
    size_mb = sum(item.nbytes for item in items) / 1e6
    print(
        f"16 items to the host ({size_mb:.0f} MB): {once_s * 1000:.0f} ms copied once, "
        f"{each_s * 1000:.0f} ms once an item",
        flush=True,
    )


def report_memory(engine: WhisperRecogniser) -> None:
    """Ask for ever larger batches until one does not fit; it is answered all the same."""
    windows = 32
    while windows <= 1024:
        engine.max_batch = windows
        batch = make_batch(engine, windows=windows, duration_s=30.0)
        started = time.perf_counter()
        answers = engine.recognise(batch)
        elapsed_s = time.perf_counter() - started
        print(
            f"{windows} windows at once: {len(answers)} answers in {elapsed_s:.1f} s, "
            f"then at most {engine.max_batch}",
            flush=True,
        )
        if engine.max_batch < windows or elapsed_s > 60:
            return
        windows *= 4


def make_batch(
    engine: WhisperRecogniser, *, windows: int, duration_s: float
) -> Sequence[WindowRequest]:
    noise = np.random.default_rng(0).standard_normal(round(duration_s * RATE_HZ))
    samples = (0.1 * noise).astype(np.float32)
    options = DecodeOptions("en")
    return [
        WindowRequest(engine.prepare(samples), duration_s, options, is_padded=False)
        for _ in range(windows)
    ]


def measure(
    call: Callable[[Sequence[WindowRequest]], object], batch: Sequence[WindowRequest]
) -> float:
    """Return the seconds of the better of two calls, after one that warms up."""
    call(batch)
    times = []
    for _ in range(2):
        started = time.perf_counter()
        call(batch)
        times.append(time.perf_counter() - started)
    return min(times)


def _read_vocabulary() -> tuple[str, ...]:
    return tuple(json.loads((MODEL / "vocabulary.json").read_text()))


if __name__ == "__main__":
    main(*sys.argv[1:])
