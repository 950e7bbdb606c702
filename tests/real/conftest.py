"""Real weights, pulled by the project's own catalogue, and real speech: each once, then kept.

They lie in STT_TEST_CACHE (~/.cache/open-stt), outside the checkout. Without any source the tests
skip and report why; where STT_TEST_REQUIRE lists `real_weights`, they fail.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest

from inference_service.assembly import assemble
from inference_service.catalog import CatalogError
from inference_service.catalog.pull import pull
from inference_service.config import Config, read_config
from tests import report
from tests.real.packages import NoSourceError, read_cache_dir
from tests.real.speech import Speech, load_real_speech

REAL_WEIGHTS = "real_weights"
DEFAULT_MODEL = "base"


@dataclass
class RealService:
    """A running inference service on real weights, and a channel to it."""

    address: str
    channel: grpc.aio.Channel


@pytest.fixture(scope="session")
def real_models_dir() -> Path:
    """A models folder that holds `base` and `tiny.en`."""
    return pull_real("base", "tiny.en")


@pytest.fixture(scope="session")
def real_speaker_models_dir() -> Path:
    """A models folder that holds the speaker model beside `base`."""
    return pull_real("base", "campplus")


@pytest.fixture(scope="session")
def real_embedders_dir() -> Path:
    """A models folder that holds both embedders, converted here."""
    return pull_real("multilingual-e5-small", "all-minilm-l6-v2")


@pytest.fixture(scope="session")
def real_language_models_dir() -> Path:
    """A models folder that holds SmolLM2-135M-Instruct."""
    return pull_real("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def real_speech() -> dict[str, Speech]:
    """Readings by name: austen_0870 … austen_0930, beckett, two_cities, endgame_nagg_nell."""
    try:
        speech = load_real_speech()
    except NoSourceError as error:
        report.require(REAL_WEIGHTS, is_there=False, reason=str(error))
        raise  # not reached: `require` skips or fails
    report.used("speech", "pocketsphinx's and moonshine_voice's readings")
    return speech


@pytest.fixture
def real_config(real_models_dir: Path) -> Config:
    return Config(
        listen="127.0.0.1:0",
        models_dir=real_models_dir,
        default_model=DEFAULT_MODEL,
        device="cpu",
        cpu_threads=2,
    )


@pytest.fixture
async def real_service(real_config: Config) -> AsyncIterator[RealService]:
    """Run a whole inference service in this process; `base` is loaded with the first call."""
    server = assemble(real_config)
    await server.start()
    report.used("model", f"Whisper {DEFAULT_MODEL} (faster-whisper, int8)")
    try:
        async with grpc.aio.insecure_channel(server.address) as channel:
            yield RealService(server.address, channel)
    finally:
        await server.close()


def pull_real(*names: str) -> Path:
    """Install the models in the cache and return its models folder."""
    config = replace(read_config(), models_dir=read_cache_dir() / "models")
    for name in names:
        try:
            pull(name, config, report=print)
        except CatalogError as error:
            report.require(REAL_WEIGHTS, is_there=False, reason=str(error))
    return config.models_dir
