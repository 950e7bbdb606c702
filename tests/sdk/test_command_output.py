"""What `stt` writes beside results: whole ids, and remarks about a text."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.terminal import environment, run, terminal
from tests.sdk.test_sending import Product
from tests.sdk.unreliable_server import Answer

SRT = b"1\n00:00:00,000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.mp3").write_bytes(b"RIFF" * 1000)
    return tmp_path


def test_ids_are_whole_however_long_the_titles_are(folder: Path, serve: Any) -> None:
    transcript_id = "5e73e2b7-dcfd-4a79-923f-2c9ce2191d77"
    long = {"id": transcript_id, "status": "completed", "duration": 21.36, "title": "a talk " * 30}
    server = serve([Answer(body={"count": 1, "next": None, "results": [long]})])
    env = environment(STT_BASE_URL=server.url)

    piped = run("list", cwd=folder, env=env).stdout.decode()
    with terminal("list", cwd=folder, env=env) as screen:
        assert screen.exit_code() == 0

    assert piped.splitlines()[1].split(maxsplit=3)[0] == transcript_id
    assert len(piped.splitlines()) == 2
    assert transcript_id in screen.shown


def test_what_a_text_lacks_is_a_remark(folder: Path, serve: Any) -> None:
    product = Product()
    product.detail["warnings"] = [{"code": "no_speech", "message": "No speech was found."}]
    server = serve(product)
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    done = run("transcribe", "a.mp3", "-f", "srt", cwd=folder, env=env)
    waited = run("wait", "t1", "-f", "srt", cwd=folder, env=env)
    lines = run("transcribe", "a.mp3", "--json", cwd=folder, env=env).stdout.splitlines()

    assert (done.stdout, done.stderr) == (SRT + b"\n", b"a.mp3: No speech was found.\n")
    assert (waited.stdout, waited.stderr) == (SRT + b"\n", b"No speech was found.\n")
    assert json.loads(lines[-1])["warnings"] == ["No speech was found."]
