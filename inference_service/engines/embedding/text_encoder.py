"""Sentence vectors by an encoder on CTranslate2: mean over the tokens, unit length.

Texts are sorted by length and cut into batches of a bounded number of tokens, padding included, so
that a batch takes a fraction of a second: the caller gives each to the CPU stages, where
recognition has its turn in between. One batch is one thread's work.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import ctranslate2
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from inference_service.catalog import ModelEntry
from inference_service.engines.settings import EngineSettings, count_threads

Vectors = npt.NDArray[np.float32]

DESCRIPTION_FILE = "embedder.json"
TOKENIZER_FILE = "tokenizer.json"
# 2,048 tokens take 0.1 s on one core (six layers), 0.2 s (twelve).
_BATCH_TOKENS = 2_048


class TextKind(StrEnum):
    """What a text is embedded as; some models have a prefix for each."""

    PLAIN = "plain"
    QUERY = "query"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Some texts of a call: where they stand in it, and their tokens."""

    places: tuple[int, ...]
    tokens: list[list[int]]


@dataclass(frozen=True, slots=True)
class EmbeddingPlan:
    """A call's batches, and for each text whether it is longer than the model reads."""

    batches: tuple[TextBatch, ...]
    truncated: tuple[bool, ...]


class TextEmbedder(Protocol):
    """A loaded model that turns texts into vectors. Safe to be called from several threads."""

    model_id: str
    revision: str
    dimensions: int
    max_tokens: int

    def plan(self, texts: Sequence[str], kind: TextKind) -> EmbeddingPlan: ...

    def embed(self, batch: TextBatch) -> Vectors:
        """Return (texts of the batch, dimensions), each row of unit length."""
        ...

    @property
    def memory_bytes(self) -> int: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderDescription:
    """How a model is used; stands beside its weights."""

    dimensions: int
    max_tokens: int
    query_prefix: str = ""
    passage_prefix: str = ""

    def prefix(self, kind: TextKind) -> str:
        prefixes = {TextKind.QUERY: self.query_prefix, TextKind.PASSAGE: self.passage_prefix}
        return prefixes.get(kind, "")

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=1)
        (folder / DESCRIPTION_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "EncoderDescription":
        """Raises OSError, ValueError."""
        content = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        try:
            return cls(**content)
        except TypeError as error:
            raise ValueError(f"{DESCRIPTION_FILE} describes no embedder.") from error


class TextEncoder:
    """A `TextEmbedder` on CTranslate2."""

    def __init__(
        self,
        folder: Path,
        *,
        model_id: str,
        revision: str = "",
        threads: int = 1,
        compute_type: str = "int8",
    ) -> None:
        """Load it; 0.2 s. Raises OSError, ValueError or RuntimeError for bad weights."""
        self._description = EncoderDescription.read(folder)
        self.model_id = model_id
        self.revision = revision
        self.dimensions = self._description.dimensions
        self.max_tokens = self._description.max_tokens
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        self._weights_bytes = (folder / "model.bin").stat().st_size
        self._encoder = ctranslate2.Encoder(
            str(folder),
            device="cpu",
            compute_type=compute_type,
            inter_threads=threads,
            intra_threads=1,
        )

    @property
    def memory_bytes(self) -> int:
        return self._weights_bytes

    def plan(self, texts: Sequence[str], kind: TextKind) -> EmbeddingPlan:
        prefix = self._description.prefix(kind)
        encodings = self._tokenizer.encode_batch_fast([prefix + text for text in texts])
        return EmbeddingPlan(
            tuple(_cut_into_batches([encoding.ids for encoding in encodings])),
            tuple(bool(encoding.overflowing) for encoding in encodings),
        )

    def embed(self, batch: TextBatch) -> Vectors:
        output = self._encoder.forward_batch(batch.tokens)
        states = np.asarray(output.last_hidden_state)
        lengths = np.array([len(tokens) for tokens in batch.tokens])
        mask = np.arange(states.shape[1]) < lengths[:, None]
        sums = np.einsum("bth,bt->bh", states, mask.astype(np.float32))
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.asarray(sums / np.maximum(norms, 1e-12), dtype=np.float32)

    def close(self) -> None:
        self._encoder.unload_model()


def load_text_encoder(entry: ModelEntry, settings: EngineSettings) -> TextEncoder:
    """Raises OSError, ValueError or RuntimeError for bad weights."""
    if entry.path is None:
        raise ValueError(f"The weights of {entry.id} are not here.")
    threads = count_threads(settings)
    return TextEncoder(entry.path, model_id=entry.id, revision=entry.revision, threads=threads)


def embed_texts(embedder: TextEmbedder, texts: Sequence[str], kind: TextKind) -> Vectors:
    """Embed in this thread: for converters, tests and benchmarks."""
    plan = embedder.plan(texts, kind)
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    for batch in plan.batches:
        vectors[list(batch.places)] = embedder.embed(batch)
    return vectors


def _cut_into_batches(tokens: Sequence[list[int]]) -> Iterator[TextBatch]:
    """Longest first: the padded size of a batch is its first text's, times their number."""
    order = sorted(range(len(tokens)), key=lambda place: -len(tokens[place]))
    while order:
        count = max(1, _BATCH_TOKENS // max(1, len(tokens[order[0]])))
        places, order = order[:count], order[count:]
        yield TextBatch(tuple(places), [tokens[place] for place in places])
