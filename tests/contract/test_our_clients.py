"""Our own clients, installed from their packages into clean environments, against the product."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio

from tests.contract.client_environments import (
    FOLDER,
    node_with_our_package,
    python_with_package,
    run,
)
from tests.contract.conftest import TEXT
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(400)]
STT = ROOT / "sdk" / "python"


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of an environment in which our package is installed."""
    return python_with_package(STT, "open-stt")


@pytest.fixture
def pcm(tmp_path: Path, meeting: Path) -> Path:
    """The recording as the wire wants it, with a second of silence behind it."""
    path = tmp_path / "audio.raw"
    samples = decode_audio(str(meeting))
    path.write_bytes(bytes(np.round(samples * 32767).astype("<i2")) + bytes(32_000))
    return path


def test_the_python_client(
    system: System, key: str, meeting: Path, pcm: Path, python: Path
) -> None:
    got = run(python, FOLDER / "open_stt_python.py", system.url, key, meeting, pcm)

    assert got["installed"]
    same = ("text", "in_parts", "pipe", "narrow", "guest", "async", "stream", "live")
    assert {name: got[name] for name in same} == dict.fromkeys(same, TEXT)
    assert got["words"] == TEXT.split()
    assert got["srt"].startswith("1\n00:00:00,")
    assert got["stream_pieces"] == TEXT
    assert got["stages"][0].startswith("completed")  # the tiny model has warnings
    assert (got["usage"], got["revision"]) == (30, 1)
    assert "Corrected text." in got["exported"]
    assert (got["found"], got["tagged"], got["audio"]) == ([True], ["A title"], True)
    assert got["narrow_reads"] == ["AuthError", "missing_scope", True]
    assert got["keys"] == ["only transcribes"]
    assert got["revoked"] == ["AuthError", "invalid_key", True]
    assert got["unknown"] == ["NotFoundError", "not_found", True]
    assert got["not_audio"][0] == "BadRequestError"
    assert got["no_model"] == ["BadRequestError", "unknown_model", True]


def stt(
    python: Path, system: System, key: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "STT_BASE_URL": system.url, "STT_API_KEY": key}
    argv = [str(python.with_name("stt")), *arguments]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=90, check=False)


def test_the_command_line(system: System, key: str, meeting: Path, python: Path, pcm: Path) -> None:
    text = stt(python, system, key, "transcribe", str(meeting))
    spoken = stt(python, system, key, "live", str(pcm), "-l", "en")
    listed = stt(python, system, key, "list", "--json", "-n", "1")
    detached = stt(python, system, key, "transcribe", str(meeting), "--detach", "--speakers", "1")
    waited = stt(python, system, key, "wait", detached.stdout.split("\t")[0])

    assert text.returncode == spoken.returncode == waited.returncode == 0, (text, spoken, waited)
    assert TEXT in text.stdout
    assert spoken.stdout.strip() == TEXT
    assert TEXT in waited.stdout
    assert json.loads(listed.stdout)["status"].startswith("completed")


def test_the_pause_that_ends_an_utterance_is_chosen(
    system: System, key: str, python: Path, pcm: Path
) -> None:
    """The sentence twice, a second between."""
    pcm.write_bytes(pcm.read_bytes() * 2)

    def count_texts(*arguments: str) -> int:
        done = stt(python, system, key, "live", str(pcm), "-l", "en", *arguments)
        assert done.returncode == 0, done.stderr
        return len(done.stdout.splitlines())

    assert [count_texts("--endpointing-ms", pause_ms) for pause_ms in ("500", "5000")] == [2, 1]
    refused = stt(python, system, key, "live", str(pcm), "--endpointing-ms", "299")
    assert refused.returncode == 1
    assert "300 to 5000" in refused.stderr


def test_doctor_finds_the_way_free(system: System, key: str, python: Path) -> None:
    done = stt(python, system, key, "doctor", "--json")

    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["check"]: each["is_ok"] for each in findings} == dict.fromkeys(
        ("reach", "health", "clock", "key", "websocket", "upload", "events"), True
    ), findings
    assert done.returncode == 0


def test_doctor_names_a_wrong_key(system: System, python: Path) -> None:
    done = stt(python, system, "stt_wrong", "doctor")

    assert done.returncode == 1
    assert "FAILED key" in done.stdout
    assert "ok     reach" in done.stdout


@pytest.mark.parametrize("node", ["20", "22"])
def test_the_node_client(system: System, key: str, meeting: Path, pcm: Path, node: str) -> None:
    program, folder = node_with_our_package(node)

    got = run(program, FOLDER / "open_stt_node.mjs", system.url, key, meeting, pcm, folder)

    same = ("text", "bytes", "pipe", "narrow", "guest", "live")
    assert {name: got[name] for name in same} == dict.fromkeys(same, TEXT)
    assert got["srt"].startswith("1\n00:00:00,")
    assert "".join(got["pieces"]).strip() == TEXT
    assert got["shortPause"][:2] == ["LiveError", "invalid_value"]
    assert got["patient"] == 1
    assert got["stage"].startswith("completed")  # the tiny model has warnings
    assert got["found"] == [True]
    assert "Node has corrected it." in got["exported"]
    assert got["narrowReads"] == ["AuthError", "missing_scope", True]
    assert got["revoked"] == ["AuthError", "invalid_key", True]
    assert got["unknown"] == ["NotFoundError", "not_found", True]
    assert got["unknownChat"] == ["There is no such transcript.", True]
    assert got["notAudio"][0] == "BadRequestError"
    assert got["clean"] == "RIFF"
    assert got["unspoken"][:2] == ["NotInstalledError", "not_installed"]
    assert got["notOperator"][:2] == ["AuthError", "not_an_operator"]
