"""A long text through the product's own processes and a real, weak language model (SmolLM2-135M):
in parts, with progress, in a worker; nothing that the text doesn't bear out is shown.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.processes import System
from tests.transcripts.intelligence.texts import MEETING
from transcripts.intelligence.extractive.cues import stop_words_of
from transcripts.intelligence.writing import share_words

pytestmark = [pytest.mark.real_weights, pytest.mark.timeout(600)]

WRITER = "smollm2-135m-instruct"
WITHIN_S = 400.0


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    real_language_models_dir: Path,
    real_embedders_dir: Path,
) -> Iterator[System]:
    assert real_language_models_dir == real_embedders_dir
    env = {"STT_MODELS_DIR": str(real_embedders_dir), "STT_LLM_CONTEXT": "1024"}
    with System(tmp_path_factory.mktemp("real_texts") / "data", env=env) as running:
        running.start("inference", "worker-texts", "worker-housekeeping", "web")
        yield running


def test_a_text_longer_than_the_context_is_read_in_parts_with_progress(system: System) -> None:
    text = MEETING * 3
    body = {"text": text, "template": "stand_up", "model": WRITER, "async": True}
    job = call(system, "POST", "/v1/generate", json=body)
    seen: set[tuple[int, int]] = set()
    deadline = time.monotonic() + WITHIN_S
    while job["status"] in ("queued", "processing"):
        assert time.monotonic() < deadline, job
        time.sleep(0.3)
        job = call(system, "GET", f"/api/v1/text-jobs/{job['id']}/")
        seen.add((job["progress"]["done"], job["progress"]["of"] or 0))
    assert (job["status"], job["error"]) == ("completed", None)
    assert len(seen) > 2, seen
    answer = job["answer"]
    assert answer["coverage"]["parts"] > 1
    lines = [line.partition(": ")[2] for line in text.splitlines()]
    stops = stop_words_of("en")
    for section in answer["data"]["sections"]:
        for item in section["items"]:
            if section["approximate"]:
                quoted = item.get("task", item["text"])
                assert any(_plain(quoted) in _plain(line) for line in lines), quoted
            else:
                assert share_words(item["text"], lines, stops=stops), item["text"]


def call(system: System, method: str, path: str, **options: Any) -> dict[str, Any]:
    answer = requests.request(
        method, system.url + path, headers=system.headers, timeout=60, **options
    )
    assert answer.ok, answer.text
    return dict(answer.json())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
