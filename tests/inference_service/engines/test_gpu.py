"""What a GPU needs, proved without one: its probe, its libraries, copies and memory."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
import pytest

from inference_service.engines.asr import DecodeOptions, WindowRequest
from inference_service.engines.batch_memory import choose_batch_size, run_halving
from inference_service.engines.cuda_libraries import preload_cublas
from inference_service.engines.gpu_probe import encode_silence, main, probe_gpu
from inference_service.engines.whisper import WhisperRecogniser
from inference_service.engines.whisper_decode import EncodedBatch
from tests.inference_service.engines.recordings import RATE_HZ, load_sample, make_request

OUT_OF_MEMORY = "CUDA failed with error out of memory"


def test_the_probe_encodes_a_window_on_the_device_that_is_there() -> None:
    encode_silence("cpu")
    assert main("cpu") == 0


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="there is a GPU here")
def test_the_probe_gives_the_reason_where_there_is_no_gpu() -> None:
    reason = probe_gpu()

    assert "cuda" in reason.lower()
    assert reason.endswith(".")


def test_the_probe_gives_up_in_time() -> None:
    assert "within 0 s" in probe_gpu(deadline_s=0.01)


def test_the_libraries_of_the_package_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    [some_library] = Path(ctranslate2.__file__).parent.parent.glob("ctranslate2.libs/libgomp*")
    shutil.copy(some_library, folder / "libcublasLt.so.12")
    (folder / "libcublas.so.12").write_text("not a library")
    monkeypatch.syspath_prepend(tmp_path)

    assert preload_cublas() == (folder / "libcublasLt.so.12",)


class CardStorage:
    """The encoder's output on a card: float16, and each copy to the host is counted."""

    dtype = ctranslate2.DataType.float16
    device = "cuda"

    def __init__(self, values: npt.NDArray[np.float32]) -> None:
        self.values = values
        self.shape = list(values.shape)
        self.copies = 0

    def to(self, dtype: object) -> "CardStorage":
        self.dtype = ctranslate2.DataType.float32
        return self

    def to_device(self, device: object) -> npt.NDArray[np.float32]:
        self.copies += 1
        return self.values


def test_a_batch_is_copied_to_the_host_once_however_many_items_are_asked_for() -> None:
    values = np.arange(4 * 3 * 2, dtype=np.float32).reshape(4, 3, 2)
    storage: Any = CardStorage(values)
    batch = EncodedBatch(storage)

    items = [batch.copy_item(index) for index in range(4)]
    taken = np.asarray(batch.take([1, 3]))
    batch.split()

    assert storage.copies == 1
    np.testing.assert_array_equal(np.concatenate(items), values)
    np.testing.assert_array_equal(taken, values[[1, 3]])


def test_a_batch_that_nothing_is_taken_from_stays_on_the_device() -> None:
    storage: Any = CardStorage(np.zeros((2, 3, 2), np.float32))

    assert EncodedBatch(storage).take([0, 1]) is storage
    assert storage.copies == 0


def test_a_batch_too_large_for_the_memory_is_halved_until_it_fits() -> None:
    sizes: list[int] = []
    halved: list[int] = []

    def double(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise RuntimeError(OUT_OF_MEMORY)
        return [2 * each for each in batch]

    assert run_halving(double, range(7), on_halved=halved.append) == [0, 2, 4, 6, 8, 10, 12]
    assert sizes == [7, 4, 2, 2, 3, 2, 1]
    assert min(halved) == 2


@pytest.mark.parametrize(("message", "size"), [(OUT_OF_MEMORY, 1), ("the weights are damaged", 4)])
def test_what_halving_cannot_mend_is_raised(message: str, size: int) -> None:
    def fail(batch: Sequence[int]) -> list[int]:
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match=message):
        run_halving(fail, range(size), on_halved=lambda _: None)


@pytest.mark.parametrize(
    ("card_mb", "weights_mb", "windows"),
    [(0, 1600, 16), (80_000, 3100, 16), (8_000, 1600, 6), (2_000, 3100, 1)],
)
def test_a_batch_is_bounded_by_the_memory_of_the_card(
    card_mb: int, weights_mb: int, windows: int
) -> None:
    assert (
        choose_batch_size(memory_bytes=card_mb * 1_000_000, weights_bytes=weights_mb * 1_000_000)
        == windows
    )


class SmallMemory:
    """A model that holds no more than so many windows."""

    def __init__(self, model: ctranslate2.models.Whisper, *, windows: int) -> None:
        self._model = model
        self._windows = windows

    def encode(self, mel: ctranslate2.StorageView) -> ctranslate2.StorageView:
        if mel.shape[0] > self._windows:
            raise RuntimeError(OUT_OF_MEMORY)
        return self._model.encode(mel)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


@pytest.fixture
def cramped_whisper(whisper: WhisperRecogniser) -> Iterator[WhisperRecogniser]:
    model, max_batch = whisper.model, whisper.max_batch
    memory: Any = SmallMemory(model, windows=2)
    whisper.model = memory
    yield whisper
    whisper.model, whisper.max_batch = model, max_batch


def test_windows_that_memory_does_not_hold_together_get_the_text_they_get_alone(
    cramped_whisper: WhisperRecogniser,
) -> None:
    speech = load_sample("long_3min.flac")[0]
    requests = [_ask(cramped_whisper, speech, at_s=at_s) for at_s in (0, 20, 40, 60)]

    together = cramped_whisper.recognise(requests)

    assert cramped_whisper.max_batch == 2
    alone = [cramped_whisper.recognise([_ask(cramped_whisper, speech, at_s=at_s)])[0]
             for at_s in (0, 20, 40, 60)]  # fmt: skip
    assert together == alone


def _ask(whisper: WhisperRecogniser, speech: Any, *, at_s: int) -> WindowRequest:
    return make_request(whisper, speech[at_s * RATE_HZ :][: 5 * RATE_HZ], DecodeOptions("en"))
