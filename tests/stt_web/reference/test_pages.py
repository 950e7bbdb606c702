"""/docs: served from here alone, small, in both languages; its samples run as they stand."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stt_web.openapi import build_document
from stt_web.reference.operations import KEY
from tests.stt_web.core.asgi.test_compression import fetch
from tests.transcripts.served_api import (
    Client,
    Worker,
    client,
    guest,
    inference,
    server,
    wav,
    worker,
)

__all__ = ["client", "guest", "inference", "server", "worker"]
MOST_BYTES = 60_000  # of HTML, compressed
_SAMPLE = re.compile(r'id="sample-(\w+)".*?<code>(.*?)</code>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def read_samples(page: str) -> dict[str, str]:
    return {name: html.unescape(_TAG.sub("", code)) for name, code in _SAMPLE.findall(page)}


def run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "meeting.mp3").write_bytes(wav())  # what it is, the server sees by its content
    return tmp_path


@pytest.fixture
def samples(client: Client) -> dict[str, str]:
    found = read_samples(client.get("/docs").text)
    return {name: code.replace(KEY, client.key) for name, code in found.items()}


def test_the_page_loads_nothing_from_elsewhere_and_is_small(guest: Client) -> None:
    page = guest.get("/docs")

    assert page.status_code == 200
    own = page.text.replace(guest.url, "").replace(guest.url.replace("http", "ws", 1), "")
    assert re.findall(r'(?:src|href)="[a-z]+://', own) == []
    _answer, body = fetch(guest.url, "/docs")
    assert len(body) < MOST_BYTES


def test_every_operation_can_be_linked_to(guest: Client) -> None:
    page = guest.get("/docs").text

    for methods in build_document()["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page


def test_the_text_around_the_reference_is_in_the_readers_language(guest: Client) -> None:
    page = guest.get("/docs", headers={"Accept-Language": "cs"}).text

    assert "Rychlý začátek" in page
    assert "Quick start" not in page


def test_asyncapi_is_served(guest: Client) -> None:
    answer = guest.get("/asyncapi.yaml")

    assert yaml.safe_load(answer.text)["asyncapi"].startswith("3.")


def test_the_curl_sample_transcribes(samples: dict[str, str], worker: Worker, folder: Path) -> None:
    printed = run(["sh", "-c", samples["curl"]], folder)

    assert json.loads(printed)["segments"]


def test_the_python_sample_transcribes(
    samples: dict[str, str], worker: Worker, folder: Path
) -> None:
    printed = run([sys.executable, "-c", samples["python"]], folder)

    assert re.search(r"\d\.\d s", printed)


@pytest.mark.skipif(shutil.which("node") is None, reason="There is no Node.js here.")
def test_the_node_sample_transcribes(samples: dict[str, str], worker: Worker, folder: Path) -> None:
    (folder / "sample.mjs").write_text(samples["node"])

    assert run(["node", "sample.mjs"], folder).strip()


def test_the_samples_are_short(samples: dict[str, str]) -> None:
    assert set(samples) == {"curl", "python", "node", "browser"}
    assert all(code.count(os.linesep) < 20 for code in samples.values())
