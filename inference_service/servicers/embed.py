"""Language.Embed: texts as vectors, in batches that take turns with recognition's CPU stages."""

import asyncio
from typing import cast

import numpy as np

from inference_service.catalog import Kind
from inference_service.engines.embedding.text_encoder import (
    EmbeddingPlan,
    TextBatch,
    TextEmbedder,
    TextKind,
    Vectors,
)
from inference_service.priority import Priority
from inference_service.runtime import Runtime
from inference_service.servicers.requests import BadRequestError
from inference_service.servicers.text_requests import check_deadline, check_texts, read_text_class
from protos.stt.v1 import language_pb2

_MAX_TEXTS = 2_048
_MAX_BYTES = 4 << 20
# Batches of one call that may wait for a thread: the next ones go behind what came meanwhile.
_BATCHES_AT_ONCE = 2
_KINDS = {
    language_pb2.EmbedRequest.KIND_UNSPECIFIED: TextKind.PLAIN,
    language_pb2.EmbedRequest.KIND_PLAIN: TextKind.PLAIN,
    language_pb2.EmbedRequest.KIND_QUERY: TextKind.QUERY,
    language_pb2.EmbedRequest.KIND_PASSAGE: TextKind.PASSAGE,
}


async def embed(
    runtime: Runtime, request: language_pb2.EmbedRequest, *, has_deadline: bool
) -> language_pb2.EmbedResponse:
    """Raises what `servicers.status_codes` knows."""
    check_deadline(has_deadline=has_deadline)
    if request.kind not in _KINDS:
        raise BadRequestError("The kind of the texts is unknown.")
    check_texts(request.texts, at_most=_MAX_TEXTS, most_bytes=_MAX_BYTES)
    priority = read_text_class(request.text_class)
    async with runtime.admission.enter_text():
        entry = runtime.catalog.resolve_kind(Kind.EMBEDDER, request.model)
        async with runtime.pool.lease_entry(entry) as model:
            embedder = cast("TextEmbedder", model)  # its engine is an embedder's
            texts, kind = list(request.texts), _KINDS[request.kind]
            plan = await runtime.stages.run(priority, embedder.plan, texts, kind)
            vectors = await _embed_plan(runtime, embedder, plan, priority)
            runtime.metrics.record_embedding(embedder.model_id, texts=len(texts))
            return language_pb2.EmbedResponse(
                model=embedder.model_id,
                dimensions=embedder.dimensions,
                vectors=vectors.astype("<f4").tobytes(),
                truncated=plan.truncated,
                max_tokens=embedder.max_tokens,
                revision=embedder.revision,
            )


async def _embed_plan(
    runtime: Runtime, embedder: TextEmbedder, plan: EmbeddingPlan, priority: Priority
) -> Vectors:
    vectors = np.empty((len(plan.truncated), embedder.dimensions), dtype=np.float32)
    permits = asyncio.Semaphore(_BATCHES_AT_ONCE)

    async def embed_batch(batch: TextBatch) -> None:
        async with permits:
            vectors[list(batch.places)] = await runtime.stages.run(priority, embedder.embed, batch)

    async with asyncio.TaskGroup() as group:
        for batch in plan.batches:
            group.create_task(embed_batch(batch))
    return vectors
