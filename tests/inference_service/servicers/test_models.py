"""What is on the disk, and a model that is fetched while the server runs, by a real process."""

import asyncio
import hashlib
import json
from pathlib import Path

import grpc
import pytest

from protos.stt.v1 import models_pb2, models_pb2_grpc
from tests.inference_service.conftest import Serve, ServedInference
from tests.inference_service.fakes import FakeRecogniser

CONTENT = b"weights of our own"
WITHIN_S = 30


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A catalogue with a model of our own, whose weights lie in a folder: the environment's, too,
    since the process that fetches reads it."""
    entry = {
        "id": "ours",
        "kind": "language_model",
        "engine": "llama.cpp",
        "licence": "Apache-2.0",
        "attribution": "By us.",
        "max_tokens": 4096,
        "files": [
            {
                "name": "ours.gguf",
                "size_bytes": len(CONTENT),
                "sha256": hashlib.sha256(CONTENT).hexdigest(),
            }
        ],
    }
    catalogue = tmp_path / "own.json"
    catalogue.write_text(json.dumps([entry]))
    weights = tmp_path / "weights"
    (weights / "ours").mkdir(parents=True)
    for name, value in (
        ("STT_CATALOGUE_FILE", catalogue),
        ("STT_WEIGHTS_DIR", weights),
        ("STT_OFFLINE", "1"),
    ):
        monkeypatch.setenv(name, str(value))
    return {
        "models_dir": tmp_path / "models",
        "catalogue_file": catalogue,
        "weights_dir": weights,
        "offline": True,
    }


async def list_weights(served: ServedInference) -> models_pb2.WeightsList:
    stub = models_pb2_grpc.ModelsStub(served.channel)
    return await stub.ListWeights(models_pb2.ListWeightsRequest(), timeout=10)


async def pull(served: ServedInference, name: str) -> None:
    stub = models_pb2_grpc.ModelsStub(served.channel)
    await stub.PullWeights(models_pb2.PullWeightsRequest(id=name), timeout=10)


async def wait_for_end(served: ServedInference, name: str) -> models_pb2.Weights:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = {model.id: model for model in (await list_weights(served)).models}[name]
            if found.HasField("pull") and not found.pull.running:
                return found
            await asyncio.sleep(0.05)


async def test_it_lists_what_is_installed_with_its_size_and_licence(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        answer = await list_weights(served)

    models = {model.id: model for model in answer.models}
    assert models["tiny"].installed
    assert models["tiny"].disk_bytes > 1_000_000
    assert not models["base"].installed
    assert models["base"].licence
    assert models["base"].size_bytes > 100_000_000
    assert 0 < answer.free_bytes <= answer.total_bytes
    assert {"recogniser", "speaker_model", "translator"} <= {model.kind for model in answer.models}


async def test_a_model_is_fetched_and_then_installed(
    serve: Serve, recogniser: FakeRecogniser, settings: dict[str, object]
) -> None:
    (Path(str(settings["weights_dir"])) / "ours" / "ours.gguf").write_bytes(CONTENT)
    async with serve(recogniser, **settings) as served:
        await pull(served, "ours")
        await pull(served, "ours")  # twice is once
        done = await wait_for_end(served, "ours")

    assert (done.installed, done.pull.error, done.licence) == (True, "", "Apache-2.0")
    assert done.disk_bytes >= len(CONTENT)


async def test_a_pull_that_fails_gives_its_reason_and_may_be_tried_again(
    serve: Serve, recogniser: FakeRecogniser, settings: dict[str, object]
) -> None:
    async with serve(recogniser, **settings) as served:
        await pull(served, "ours")
        failed = await wait_for_end(served, "ours")
        assert not failed.installed
        assert "could not be fetched" in failed.pull.error
        (Path(str(settings["weights_dir"])) / "ours" / "ours.gguf").write_bytes(CONTENT)
        await pull(served, "ours")
        assert (await wait_for_end(served, "ours")).installed


async def test_a_model_that_there_is_not_is_refused(
    serve: Serve, recogniser: FakeRecogniser
) -> None:
    async with serve(recogniser) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await pull(served, "nothing")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def check(served: ServedInference, *, within_ms: int = 5000) -> models_pb2.WeightsCheck:
    stub = models_pb2_grpc.ModelsStub(served.channel)
    request = models_pb2.CheckWeightsRequest(within_ms=within_ms, try_sources=True)
    return await stub.CheckWeights(request, timeout=10)


async def test_a_file_that_is_not_its_publishers_is_found(
    serve: Serve, recogniser: FakeRecogniser, settings: dict[str, object]
) -> None:
    folder = Path(str(settings["models_dir"])) / "ours"
    folder.mkdir(parents=True)
    weights = folder / "ours.gguf"
    async with serve(recogniser, **settings) as served:
        weights.write_bytes(CONTENT)
        sound = await check(served)
        weights.write_bytes(CONTENT.swapcase())
        damaged = await check(served)
        weights.write_bytes(CONTENT[:-1])
        cut = await check(served)

    assert (list(sound.faults), sound.hashed_bytes) == ([], len(CONTENT))
    assert [(each.model, each.file, each.problem) for each in damaged.faults] == [
        ("ours", "ours.gguf", "hash")
    ]
    assert [each.problem for each in cut.faults] == ["size"]
    assert sound.offline
    assert [(each.name, each.problem) for each in sound.sources] == [("STT_WEIGHTS_DIR", "")]


async def test_hashing_stops_in_time_and_goes_on_with_the_next_call(
    serve: Serve, recogniser: FakeRecogniser, settings: dict[str, object]
) -> None:
    folder = Path(str(settings["models_dir"])) / "ours"
    folder.mkdir(parents=True)
    (folder / "ours.gguf").write_bytes(CONTENT)
    async with serve(recogniser, **settings) as served:
        hurried = await check(served, within_ms=0)
        whole = await check(served)
        remembered = await check(served, within_ms=0)

    assert (hurried.hashed_bytes, hurried.waiting_bytes) == (0, len(CONTENT))
    assert (whole.hashed_bytes, whole.waiting_bytes) == (len(CONTENT), 0)
    assert (remembered.hashed_bytes, remembered.waiting_bytes) == (len(CONTENT), 0)
