"""`python -m inference_service.catalog`: list and pull, against a hub of our own."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from inference_service.catalog import PullError
from inference_service.catalog.pull import pull
from inference_service.catalog.weights import is_whisper_folder
from tests.inference_service.engines.recordings import TINY_WHISPER

REPOSITORY = "Systran/faster-whisper-small"
ROOT = Path(__file__).parents[2]


class Hub(BaseHTTPRequestHandler):
    """As much of huggingface.co as a client needs to fetch one repository's files."""

    files: ClassVar[dict[str, bytes]] = {
        **{path.name: path.read_bytes() for path in TINY_WHISPER.iterdir()},
        "README.md": b"not for us",
    }
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def _answer(self, *, has_body: bool) -> None:
        name = self.path.rpartition("/")[2]
        self.asked.append(name)
        if self.path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            tree = [
                {"type": "file", "path": file, "size": len(content), "oid": "0" * 40}
                for file, content in self.files.items()
            ]
            body = json.dumps(tree).encode()
        elif self.path.startswith(f"/api/models/{REPOSITORY}"):
            listing = [{"rfilename": file} for file in self.files]
            body = json.dumps({"id": REPOSITORY, "sha": "c" * 40, "siblings": listing}).encode()
        elif name in self.files:
            body = self.files[name]
        else:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.end_headers()
        if has_body:
            self.wfile.write(body)
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.e2e
def test_pull_installs_a_model_and_shows_progress(hub: str, tmp_path: Path) -> None:
    done = _run("pull", "small", models_dir=tmp_path, hub=hub)

    assert done.returncode == 0, done.stderr
    assert is_whisper_folder(tmp_path / "small")
    assert "The model small is installed in" in done.stdout
    assert "100%" in done.stderr
    assert "README.md" not in Hub.asked
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["small"]
    assert "small                    installed" in _run("list", models_dir=tmp_path).stdout


@pytest.mark.e2e
def test_pull_without_a_network_fails_with_a_sentence(tmp_path: Path) -> None:
    done = _run("pull", "small", models_dir=tmp_path, hub="http://127.0.0.1:9")

    assert done.returncode == 1
    assert done.stderr.startswith("The model small could not be fetched from https://huggingface")
    assert "is there a network?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "small").exists()


@pytest.mark.e2e
def test_pull_of_a_model_that_is_there_needs_no_network(tmp_path: Path) -> None:
    shutil.copytree(TINY_WHISPER, tmp_path / "small")

    done = _run("pull", "small", models_dir=tmp_path, hub="http://127.0.0.1:9")

    assert done.returncode == 0, done.stderr


def test_pull_offline_is_refused_without_trying(tmp_path: Path) -> None:
    with pytest.raises(PullError, match="STT_OFFLINE"):
        pull("small", tmp_path, is_offline=True, fetch=_fetch_nothing)


def test_pull_of_an_unknown_model_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(PullError, match="large-v3-turbo, large-v3, medium, small"):
        pull("enormous", tmp_path, fetch=_fetch_nothing)


def test_an_incomplete_pull_installs_nothing(tmp_path: Path) -> None:
    def fetch_half(_: str, folder: Path) -> None:
        folder.mkdir()
        (folder / "config.json").write_text("{}")

    with pytest.raises(PullError, match="incomplete"):
        pull("small", tmp_path, fetch=fetch_half)

    assert not (tmp_path / "small").exists()


def test_a_pull_goes_on_where_one_broke_off_and_replaces_an_incomplete_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "small").mkdir()
    found: list[list[str]] = []

    def fetch(repository: str, folder: Path) -> None:
        found.append(sorted(path.name for path in folder.glob("*")))
        shutil.copytree(TINY_WHISPER, folder, dirs_exist_ok=True)
        if len(found) == 1:
            (folder / "model.bin").unlink()
            raise ConnectionError("gone")

    with pytest.raises(PullError, match="could not be fetched"):
        pull("small", tmp_path, fetch=fetch)
    pull("small", tmp_path, fetch=fetch)

    assert found[0] == []
    assert "tokenizer.json" in found[1]
    assert is_whisper_folder(tmp_path / "small")


def _fetch_nothing(repository: str, folder: Path) -> None:
    raise AssertionError("nothing should be fetched")


def _run(*arguments: str, models_dir: Path, hub: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inference_service.catalog", *arguments],
        env={
            **os.environ,
            "STT_MODELS_DIR": str(models_dir),
            "HF_HOME": f"{models_dir}-hub-cache",
            "HF_ENDPOINT": hub,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
