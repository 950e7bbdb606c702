"""Models are loaded once, counted, and unloaded when their time or their room is over."""

import asyncio
import shutil
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from inference_service.catalog import Catalog, Kind, ModelEntry, NotInstalledError
from inference_service.config import Config
from inference_service.engines.asr import Recogniser
from inference_service.engines.settings import EngineSettings
from inference_service.engines.whisper import WhisperRecogniser
from inference_service.pool import ModelLoadError, ModelMemoryError, ModelPool
from tests.inference_service.engines.recordings import TINY_WHISPER

MB = 1_000_000


class StubRecogniser:
    """Takes memory and can be closed; recognises nothing."""

    def __init__(self, entry: ModelEntry, closed: list[str]) -> None:
        self.model_id = entry.id
        self.memory_bytes = 3 * MB
        self._closed = closed

    def close(self) -> None:
        self._closed.append(self.model_id)


class Loader:
    """Counts what is loaded and closed; can be held up, and can fail."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.closed: list[str] = []
        self.failures = 0
        self.may_finish = threading.Event()
        self.may_finish.set()

    def __call__(self, entry: ModelEntry, settings: EngineSettings) -> Recogniser:
        self.may_finish.wait(timeout=30)
        self.loaded.append(entry.id)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("File model.bin is incomplete")
        return cast("Recogniser", StubRecogniser(entry, self.closed))


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    for name in ("one", "two", "three"):
        (tmp_path / name).symlink_to(TINY_WHISPER)
    return tmp_path


async def test_a_model_is_loaded_once_even_when_many_ask_at_the_same_time(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader)

    async def work() -> Recogniser:
        async with pool.lease("one") as recogniser:
            await asyncio.sleep(0)
            return recogniser

    recognisers = await asyncio.gather(*(work() for _ in range(20)))

    assert loader.loaded == ["one"]
    assert len({id(recogniser) for recogniser in recognisers}) == 1
    assert pool.loaded() == {"one": 3 * MB}


async def test_the_loop_goes_on_while_a_model_loads(models_dir: Path, loader: Loader) -> None:
    pool = _make_pool(models_dir, loader)
    loader.may_finish.clear()
    leasing = asyncio.create_task(_use(pool, "one"))
    await asyncio.sleep(0)

    assert pool.loaded() == {}
    loader.may_finish.set()
    await leasing
    assert pool.loaded() == {"one": 3 * MB}


async def test_one_who_gives_up_waiting_does_not_spoil_the_load_for_others(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader)
    loader.may_finish.clear()
    first, second = (asyncio.create_task(_use(pool, "one")) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    loader.may_finish.set()
    await second

    assert loader.loaded == ["one"]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_idle_model_is_unloaded_after_its_time_but_never_a_leased_one(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader, ttl_s=0.05)
    async with pool.lease("one"):
        await _use(pool, "one")
        await _use(pool, "two")
        await _until(lambda: loader.closed == ["two"])
        assert list(pool.loaded()) == ["one"]

    await _until(lambda: loader.closed == ["two", "one"])
    assert pool.loaded() == {}


async def test_a_lease_in_time_prevents_unloading(models_dir: Path, loader: Loader) -> None:
    pool = _make_pool(models_dir, loader, ttl_s=30)
    await _use(pool, "one")
    await _use(pool, "one")

    assert loader.loaded == ["one"]


async def test_a_model_leased_again_within_its_time_stays_under_its_session(
    models_dir: Path, loader: Loader
) -> None:
    ttl_s = 0.05
    pool = _make_pool(models_dir, loader, ttl_s=ttl_s)
    await _use(pool, "one")  # from here on its time runs
    async with pool.lease("one"):
        await _use(pool, "two")
        await _until(lambda: loader.closed == ["two"])  # whose time began later, and is over
        await asyncio.sleep(ttl_s)
        assert loader.closed == ["two"]
        assert "one" in pool.loaded()
    await _until(lambda: loader.closed == ["two", "one"])


async def test_for_lack_of_memory_the_model_goes_that_was_idle_longest(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader, memory_mb=6)  # two of the three
    await _use(pool, "one")
    await _use(pool, "two")
    await _use(pool, "one")

    await _use(pool, "three")

    assert loader.closed == ["two"]
    assert set(pool.loaded()) == {"one", "three"}


async def test_models_at_work_are_never_unloaded_for_memory(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader, memory_mb=6)
    async with pool.lease("one"), pool.lease("two"):
        with pytest.raises(ModelMemoryError, match="Try again later") as refusal:
            await _use(pool, "three")

    assert refusal.value.is_retryable
    assert loader.closed == []
    await _use(pool, "three")


async def test_a_model_larger_than_the_budget_is_refused_for_good(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader, memory_mb=2)

    with pytest.raises(ModelMemoryError, match="STT_MODEL_MEMORY_MB") as refusal:
        await _use(pool, "one")

    assert not refusal.value.is_retryable


async def test_a_failed_load_raises_in_all_that_wait_and_the_next_tries_again(
    models_dir: Path, loader: Loader
) -> None:
    pool = _make_pool(models_dir, loader)
    loader.failures = 1

    outcomes = await asyncio.gather(*(_use(pool, "one") for _ in range(3)), return_exceptions=True)
    await _use(pool, "one")

    assert [type(outcome) for outcome in outcomes] == [ModelLoadError] * 3
    assert loader.loaded == ["one", "one"]


async def test_close_frees_every_model(models_dir: Path, loader: Loader) -> None:
    pool = _make_pool(models_dir, loader)
    await _use(pool, "one")
    await _use(pool, "two")

    await pool.close()

    assert sorted(loader.closed) == ["one", "two"]
    assert pool.loaded() == {}


async def test_a_lease_of_a_model_that_is_not_installed_is_refused(
    models_dir: Path, loader: Loader
) -> None:
    with pytest.raises(NotInstalledError):
        await _use(_make_pool(models_dir, loader), "medium")


async def test_a_model_of_another_kind_is_lent_and_counted_like_a_recogniser(
    models_dir: Path, loader: Loader
) -> None:
    translator = ModelEntry(
        id="a-translator",
        name="A translator",
        engine="fake",
        speed="",
        languages=frozenset(),
        is_available=True,
        kind=Kind.TRANSLATOR,
        path=models_dir / "one",
    )
    pool = _make_pool(models_dir, loader, memory_mb=6)

    async with pool.lease_entry(translator), pool.lease_entry(translator), pool.lease("one"):
        assert sorted(pool.loaded()) == ["a-translator", "one"]
        with pytest.raises(ModelMemoryError):
            await _use(pool, "two")
    await pool.close()

    assert loader.loaded == ["a-translator", "one"]
    assert sorted(loader.closed) == ["a-translator", "one"]


async def test_a_model_that_no_engine_here_can_load_is_refused_with_a_sentence(
    models_dir: Path,
) -> None:
    config = Config(models_dir=models_dir, device="cpu")
    catalog = Catalog(config)
    strange = replace(catalog.resolve("one"), id="strange", engine="of another version")
    pool = ModelPool(catalog, config)

    with pytest.raises(ModelLoadError, match="The model strange could not be loaded"):
        async with pool.lease_entry(strange):
            pass


async def test_real_weights_are_loaded_and_freed(models_dir: Path) -> None:
    config = Config(models_dir=models_dir, device="cpu", cpu_threads=1)
    pool = ModelPool(Catalog(config), config)

    async with pool.lease("one") as recogniser:
        features = recogniser.prepare(np.zeros(16_000, np.float32))
        [guesses] = recogniser.detect_language([features])
        assert len(guesses) == 99
        weights = weakref.ref(cast("WhisperRecogniser", recogniser).model)
        assert weights() is not None
    await pool.close()

    assert weights() is None


@pytest.mark.parametrize("damaged", ["model.bin", "config.json", "tokenizer.json"])
async def test_damaged_weights_give_a_sentence(tmp_path: Path, damaged: str) -> None:
    folder = Path(shutil.copytree(TINY_WHISPER, tmp_path / "ours"))
    whole = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(whole[: len(whole) // 2])
    config = Config(models_dir=tmp_path, device="cpu")
    pool = ModelPool(Catalog(config), config)

    with pytest.raises(ModelLoadError, match="The model ours could not be loaded"):
        await _use(pool, "ours")

    (folder / damaged).write_bytes(whole)
    await _use(pool, "ours")
    await pool.close()


def _make_pool(
    models_dir: Path, loader: Loader, *, ttl_s: float = 0.0, memory_mb: int = 0
) -> ModelPool:
    config = Config(models_dir=models_dir, model_ttl_s=ttl_s, model_memory_mb=memory_mb)
    catalog = Catalog(config, hub_cache=models_dir / ".no-cache")
    return ModelPool(catalog, config, load=loader, estimate=lambda *_: 3 * MB)


async def _use(pool: ModelPool, model_id: str) -> None:
    async with pool.lease(model_id):
        pass


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
