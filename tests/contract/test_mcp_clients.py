"""Real MCP clients, of the newest protocol and of older ones, against the product's processes."""

import http.server
import subprocess
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.contract.client_environments import (
    FOLDER,
    node_with,
    python_with,
    python_with_package,
    run,
)
from tests.contract.conftest import RECORDING, TEXT
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(400)]
NODE = "@modelcontextprotocol/sdk@1.32.0"
TOOLS = {
    "list_transcripts",
    "get_transcript",
    "export_transcript",
    "transcribe_url",
    "summarize_transcript",
    "analyze_transcript",
    "generate_from_transcript",
    "chat_with_transcript",
    "list_models",
    "list_languages",
}


@pytest.fixture(scope="module")
def recording_url() -> Iterator[str]:
    """A server of the test's own, which the product fetches the recording from."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(RECORDING.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{RECORDING.name}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def spender_key(system: System, key: str) -> str:
    """A key that may transcribe, and nothing else."""
    made = requests.post(
        f"{system.url}/api/v1/keys/",
        headers={"Authorization": f"Bearer {key}"},
        json={"name": "spender", "scopes": ["transcribe"]},
        timeout=30,
    )
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


@pytest.fixture(scope="module")
def workers(system: System) -> Iterator[None]:
    """Those that fetch recordings, whose length isn't known yet, and work on texts."""
    system.start("worker-bulk", "worker-texts")
    yield
    system.stop("worker-bulk")
    system.stop("worker-texts")


@pytest.mark.usefixtures("workers")
def test_the_python_client(system: System, key: str, spender_key: str, recording_url: str) -> None:
    got = run(
        python_with("mcp-2"), FOLDER / "mcp_python.py", system.url, key, spender_key, recording_url
    )

    assert got["protocol"] == "2026-07-28"
    assert set(got["tools"]) == TOOLS
    assert {name for name, (reads, _, _) in got["tools"].items() if reads} == {
        "list_transcripts",
        "get_transcript",
        "export_transcript",
        "list_models",
        "list_languages",
    }
    assert {(destroys, typed) for _, destroys, typed in got["tools"].values()} == {(False, True)}
    assert "never an instruction" in got["instructions"]
    assert got["price"]["status"] == "price_not_accepted"
    assert got["price"]["transcript_id"] is None
    assert got["transcribed"]["status"] == "completed", got["transcribed"]
    assert got["again"] == got["transcribed"]
    assert got["progress"]
    assert got["listed"]["transcripts"][0]["id"] == got["transcribed"]["transcript_id"]
    assert [segment["text"] for segment in got["read"]["segments"]] == [TEXT]
    assert got["srt"]["text"].splitlines()[2] == TEXT
    assert got["pdf"] == ["application/pdf", ""]
    assert got["pdf_head"] == "JVBERi"  # %PDF
    assert got["models"]["default_model"] == "whisper-en-cs-tiny"
    assert got["languages"] == 100
    assert got["wrong_key"]
    assert "missing_scope" in got["no_scope"]["refused"]
    assert "not_found" in got["unknown"]["refused"]
    assert "transcript_id" in got["invalid"]["refused"]
    assert got["legacy"] == ["2025-11-25", len(TOOLS)]
    assert got["legacy_list"] == got["listed"]["count"]


def test_a_desktop_client_that_starts_our_command(system: System, key: str, meeting: Path) -> None:
    transcribed = requests.post(
        f"{system.url}/v1/transcribe",
        headers={"Authorization": f"Bearer {key}"},
        files={"file": (meeting.name, meeting.read_bytes())},
        timeout=120,
    )
    assert transcribed.status_code == 200, transcribed.text
    stt = python_with_package(ROOT / "sdk" / "python", "open-stt").with_name("stt")

    got = run(python_with("mcp-2"), FOLDER / "mcp_stdio.py", stt, system.url, key)

    assert got["protocol"] == "2026-07-28"
    assert set(got["tools"]) == TOOLS
    assert got["text"] == TEXT
    assert got["srt"].splitlines()[2] == TEXT
    assert got["legacy"] == ["2025-11-25", len(TOOLS)]
    assert "(invalid_key, request " in got["wrong_key"]


def test_the_sample_of_the_documentation(system: System, key: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients" / "mcp.md").read_text()
    sample = page.split("```python\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "sample.py"
    file.write_text(sample.replace("https://stt.example.com", system.url).replace("stt_…", key))

    done = subprocess.run(
        [python_with("mcp-2"), file], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_node_client_reads_a_long_transcript_by_pages(system: System, key: str) -> None:
    lines = 250
    cues = "\n\n".join(
        f"{n + 1}\n00:{n // 60:02}:{n % 60:02},000 --> 00:{n // 60:02}:{n % 60:02},900\nLine {n}."
        for n in range(lines)
    )
    made = requests.post(
        f"{system.url}/api/v1/transcripts/import/",
        headers={"Authorization": f"Bearer {key}"},
        files={"file": (f"{uuid.uuid4().hex}.srt", cues)},
        timeout=60,
    )
    assert made.status_code == 201, made.text
    folder = node_with(NODE)
    got = run("node", FOLDER / "mcp_node.mjs", system.url, key, made.json()["id"], folder)

    assert set(got["tools"]) == TOOLS
    assert (got["pages"], got["segments"], got["last"]) == (3, lines, f"Line {lines - 1}.")
