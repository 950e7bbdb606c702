"""How long a question takes over a transcript of ten hours, and over a library of 1,000 hours.

`python -m benchmarks.language_latency MODELS [DATABASE_URL]`: on SQLite in a folder of its own, or
the database that is named, which is filled if it is empty, and kept. The texts are made up; the 30
transcripts that are nearest to the questions have their 720 segments, the others vectors only, as
nothing else of them is read. The question is embedded by an inference service, a process of its
own, from the folder MODELS.
"""
# ruff: noqa: S311

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # models need Django's settings, which need the database
    from accounts.models import User
    from transcripts.intelligence.engines import TextEngines
    from transcripts.models import Transcript

HOURS, NEAR, SEGMENTS, REQUESTS = 1_000, 30, 720, 60
LONG = "Ten hours"
QUESTIONS = (
    "When does the plumber come?",
    "Who lost the keys in the snow?",
    "How do you make the soup?",
    "Where is the museum free on Sundays?",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, run_inference(Path(sys.argv[1])) as target:
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/bench.sqlite3"
        os.environ |= {
            "STT_DATABASE_URL": url,
            "STT_DATA_DIR": folder,
            "STT_INFERENCE_TARGET": target,
            "STT_SECRET_KEY": "benchmark-only",
            "DJANGO_SETTINGS_MODULE": "stt_web.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        try:
            _measure()
        finally:
            connections.close_all()


@contextmanager
def run_inference(models: Path) -> Iterator[str]:
    """Run an inference service on the folder; yields where it listens."""
    environment = os.environ | {
        "STT_INFERENCE_LISTEN": "127.0.0.1:0",
        "STT_MODELS_DIR": str(models),
        "STT_OFFLINE": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "inference_service"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.kill()


def _measure() -> None:
    from django.db import connection

    from accounts.models import User
    from transcripts.inference.language import CancelToken
    from transcripts.intelligence.engines import TextEngines

    random.seed(4)
    owner, is_new = User.objects.get_or_create(email="bench@example.org")
    token = CancelToken(within_s=3_600)
    engines = TextEngines(owner, token=token, is_interactive=True)
    engines.embed_queries(["Hello."])
    print(f"{connection.vendor}, load average {os.getloadavg()[0]:.0f}")
    if is_new:
        _fill(owner, engines)
    _measure_long(owner, engines)
    _measure_library(owner, engines)


def _fill(owner: "User", engines: "TextEngines") -> None:
    transcript = _make_transcript(owner, segments=10 * SEGMENTS, title=LONG)
    _store_vectors(transcript, engines, count=10 * SEGMENTS)
    for number in range(HOURS):
        is_near = number < NEAR
        transcript = _make_transcript(owner, segments=SEGMENTS if is_near else 0)
        _store_vectors(transcript, engines, count=SEGMENTS, is_near=is_near)


def _measure_long(owner: "User", engines: "TextEngines") -> None:
    """Ten hours: the question's vector, the stored vectors, the search; and all of the answer."""
    from transcripts.intelligence.chat import answer_question, find_passages, prepare_question
    from transcripts.models import Transcript

    transcript = Transcript.objects.get(title=LONG)

    def ask(number: int) -> Callable[[], object]:
        question = prepare_question(
            transcript, f"{_question(number)} {number}", session=None, model="extractive"
        )
        return lambda: find_passages(question, engines)

    def answer(number: int) -> Callable[[], object]:
        def work() -> object:
            question = prepare_question(
                transcript, _question(number), session=None, model="extractive"
            )
            return answer_question(question, engines, emit=lambda name, data: None)

        return work

    _report("10 hours, the question's vector and the search", ask)
    _report("10 hours, all of the answer with reading the transcript", answer)


def _measure_library(owner: "User", engines: "TextEngines") -> None:
    from transcripts.intelligence import library_chat, library_search
    from transcripts.models import Transcript

    def ask(number: int) -> Callable[[], object]:
        def work() -> object:
            found = Transcript.objects.filter(owner=owner).order_by("-created_at")
            question = library_chat.prepare_library_question(
                owner, _question(number), searched=_question(number), transcripts=list(found)
            )
            vectors = library_chat.embed_library_question(question, engines)
            return library_chat.quote_from_library(
                library_chat.find_in_library(vectors, question), question
            )

        return work

    began = time.perf_counter()
    ask(0)()
    print(f"1,000 hours, the first question: {1000 * (time.perf_counter() - began):.0f} ms")
    _report("1,000 hours, all of the answer", ask)
    cached_mb = library_search._cache.used_bytes / 1e6
    print(f"vectors kept in memory: {cached_mb:.0f} MB")


def _make_transcript(owner: "User", *, segments: int, title: str = "") -> "Transcript":
    from tests.labelled_texts import read_distractors
    from tests.transcripts.rows import create_transcript
    from transcripts.models import Segment, Status

    texts = read_distractors("en") if segments else []
    transcript = create_transcript(owner=owner, status=Status.COMPLETED, language="en", title=title)
    Segment.objects.bulk_create(
        [
            Segment(
                transcript=transcript,
                position=at + 1,
                start_ms=5_000 * at,
                end_ms=5_000 * at + 5_000,
                text=random.choice(texts),
            )
            for at in range(segments)
        ],
        batch_size=500,
    )
    return transcript


def _store_vectors(
    transcript: "Transcript", engines: "TextEngines", *, count: int, is_near: bool = True
) -> None:
    """Random directions; of what is to be near, around a question's vector."""
    from transcripts.intelligence.chat import store_index
    from transcripts.intelligence.retrieval import SegmentIndex

    vectors = np.random.default_rng(count).normal(size=(count, 2, 384)).astype(np.float32)
    if is_near:
        vectors += 20 * engines.embed_queries([_question(transcript.pk.int)])[0][0]
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    keys = list(transcript.segments.order_by("position").values_list("key", flat=True))
    index = SegmentIndex(
        engines.embedder, engines.revision, tuple(map(str, keys)), vectors.astype(np.float16)
    )
    store_index(index, transcript, revision=transcript.revision)


def _question(number: int) -> str:
    return QUESTIONS[number % len(QUESTIONS)]


def _report(name: str, make: Callable[[int], Callable[[], object]]) -> None:
    walls = []
    cpu = 0.0
    for number in range(REQUESTS):
        work = make(number)
        began, used = time.perf_counter(), time.process_time()
        work()
        cpu += time.process_time() - used
        walls.append(1000 * (time.perf_counter() - began))
    p95 = statistics.quantiles(walls, n=20)[-1]
    print(
        f"{name}: p50 {statistics.median(walls):.0f} ms, p95 {p95:.0f} ms,"
        f" CPU of this process {1000 * cpu / REQUESTS:.0f} ms"
    )


if __name__ == "__main__":
    main()
