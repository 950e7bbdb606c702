"""Embed, as a client sees it: a real encoder with small random weights."""

from pathlib import Path

import grpc
import numpy as np
import numpy.typing as npt
import pytest

from inference_service.catalog.text_models import E5_SMALL, MINILM
from protos.stt.v1 import language_pb2, language_pb2_grpc, server_pb2, server_pb2_grpc
from tests.inference_service.calls import DEADLINE_S
from tests.inference_service.conftest import Serve, read_counter
from tests.inference_service.tiny_encoder import SHAPE, install_encoder


@pytest.fixture
def text_models_dir(tmp_path: Path) -> Path:
    """A models folder in which the small encoder stands for multilingual-e5-small."""
    install_encoder(tmp_path / "models" / E5_SMALL)
    return tmp_path / "models"


async def embed(
    channel: grpc.aio.Channel, *texts: str, timeout: float | None = DEADLINE_S, **fields: object
) -> language_pb2.EmbedResponse:
    request = language_pb2.EmbedRequest(texts=texts, **fields)  # type: ignore[arg-type]
    return await language_pb2_grpc.LanguageStub(channel).Embed(request, timeout=timeout)


def unpack(answer: language_pb2.EmbedResponse) -> npt.NDArray[np.float32]:
    return np.frombuffer(answer.vectors, "<f4").reshape(-1, answer.dimensions)


async def test_texts_become_unit_vectors_in_their_order(
    serve: Serve, text_models_dir: Path
) -> None:
    texts = ["the budget", "tuesday", "was approved on tuesday " * 3]
    async with serve(models_dir=text_models_dir) as served:
        answer = await embed(served.channel, *texts)
        alone = [await embed(served.channel, text) for text in texts]
        counted = read_counter(served, "stt_embedded_texts_total", model=E5_SMALL)

    assert (answer.model, answer.dimensions, answer.max_tokens) == (E5_SMALL, SHAPE.hidden, 8)
    assert counted == 6
    assert list(answer.truncated) == [False, False, True]
    assert np.linalg.norm(unpack(answer), axis=1) == pytest.approx(1, abs=1e-5)
    for vector, each in zip(unpack(answer), alone, strict=True):
        assert vector @ unpack(each)[0] == pytest.approx(1, abs=1e-3)


async def test_a_query_is_embedded_with_the_prefix_of_the_model(
    serve: Serve, text_models_dir: Path
) -> None:
    kinds = language_pb2.EmbedRequest
    async with serve(models_dir=text_models_dir) as served:
        query = await embed(served.channel, "budget", kind=kinds.KIND_QUERY)
        written_out = await embed(served.channel, "query : budget", kind=kinds.KIND_PLAIN)

    assert unpack(query)[0] @ unpack(written_out)[0] == pytest.approx(1, abs=1e-5)


async def test_a_model_that_is_not_installed_is_named_with_what_to_do(
    serve: Serve, text_models_dir: Path
) -> None:
    async with serve(models_dir=text_models_dir) as served:
        with pytest.raises(grpc.aio.AioRpcError) as named:
            await embed(served.channel, "the budget", model=MINILM)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await embed(served.channel, "the budget", model="word2vec")

    assert named.value.code() == unknown.value.code() == grpc.StatusCode.NOT_FOUND
    assert f"installed: {E5_SMALL}" in str(named.value.details())
    assert f"catalog pull {MINILM}" in str(named.value.details())
    assert "'word2vec'" in str(unknown.value.details())


async def test_a_server_without_any_embedder_names_one_to_install(serve: Serve) -> None:
    async with serve() as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await embed(served.channel, "the budget")

    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert f"catalog pull {E5_SMALL}" in str(refused.value.details())


@pytest.mark.parametrize(
    ("texts", "fields", "expected"),
    [
        ([], {}, "no texts"),
        (["a"] * 2_049, {}, "2048"),
        (["a" * (5 << 20)], {}, "4 MiB"),
        (["a"], {"kind": 9}, "kind"),
        (["a"], {"text_class": 9}, "class"),
        (["a"], {"timeout": None}, "deadline"),
    ],
)
async def test_what_breaks_a_rule_is_refused(
    serve: Serve,
    text_models_dir: Path,
    texts: list[str],
    fields: dict[str, float | None],
    expected: str,
) -> None:
    async with serve(models_dir=text_models_dir) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await embed(served.channel, *texts, **fields)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert expected in str(refused.value.details())


async def test_damaged_weights_are_reported_as_such(serve: Serve, text_models_dir: Path) -> None:
    (text_models_dir / E5_SMALL / "model.bin").write_bytes(b"nothing")
    async with serve(models_dir=text_models_dir) as served:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await embed(served.channel, "the budget")

    assert failed.value.code() == grpc.StatusCode.INTERNAL
    assert "damaged" in str(failed.value.details())


async def test_more_calls_than_allowed_are_refused(serve: Serve, text_models_dir: Path) -> None:
    async with serve(models_dir=text_models_dir, max_text_calls=1) as served:
        async with served.runtime.admission.enter_text():
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await embed(served.channel, "the budget")
        answer = await embed(served.channel, "the budget")

    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert answer.model == E5_SMALL


async def test_the_server_lists_its_embedders(serve: Serve, text_models_dir: Path) -> None:
    async with serve(models_dir=text_models_dir) as served:
        answer = await embed(served.channel, "the budget")
        stub = server_pb2_grpc.ServerStub(served.channel)
        info = await stub.GetInfo(server_pb2.GetInfoRequest(), timeout=DEADLINE_S)

    models = {model.id: model for model in info.text_models if model.kind == "embedder"}
    assert list(models) == [E5_SMALL, MINILM]
    installed, missing = models[E5_SMALL], models[MINILM]
    assert (installed.available, installed.is_default, installed.loaded) == (True, True, True)
    assert installed.memory_bytes > 0
    assert (installed.dimensions, installed.licence) == (384, "MIT")
    assert answer.revision == installed.revision != missing.revision
    assert (missing.available, missing.is_default) == (False, False)
    assert f"pull {MINILM}" in missing.install_hint
    assert list(missing.languages) == ["en"]
