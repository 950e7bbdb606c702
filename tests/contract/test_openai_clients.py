"""OpenAI's own clients, unchanged but for the address, against the product's processes."""

from pathlib import Path

import pytest

from tests.contract.client_environments import FOLDER, node_of, node_with, python_with, run
from tests.contract.conftest import TEXT
from tests.e2e.processes import System

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(400)]
# By the version of Node.js that they run on; from 7 on they need 22.
NODE = {"20": "openai@6.49.0", "22": "openai@7.59.0"}


@pytest.mark.parametrize("name", ["openai-3", "openai-2"])
def test_the_python_client(system: System, key: str, meeting: Path, name: str) -> None:
    got = run(python_with(name), FOLDER / "openai_python.py", system.url, key, meeting)

    assert {got["text"], got["plain"].strip(), got["async"]} == {TEXT}
    assert got["srt"].startswith("1\n00:00:00,")
    assert got["words"] == got["logprobs"] == TEXT.split()
    assert set(got["segments"]) == {"int"}
    assert (got["language"], round(got["duration"], 1)) == ("english", 2.7)
    assert set(got["diarized"]) == {"str"}
    assert got["stream"] == {
        "types": ["transcript.text.delta", "transcript.text.done"],
        "deltas": TEXT,
        "whole": TEXT,
    }
    assert got["stream_diarized"]["types"] == [
        "transcript.text.delta",
        "transcript.text.done",
        "transcript.text.segment",
    ]
    assert "whisper-en-cs-tiny" in got["models"]
    assert got["model"] == "whisper-1"
    assert got["errors"] == [
        ["AuthenticationError", "invalid_api_key", None, True],
        ["BadRequestError", "invalid_value", "response_format", True],
        ["BadRequestError", "model_not_found", "model", True],
        ["NotFoundError", "model_not_found", "model", True],
    ]


@pytest.mark.parametrize("version", NODE)
def test_the_node_client(system: System, key: str, meeting: Path, version: str) -> None:
    folder = node_with(NODE[version])
    got = run(node_of(version), FOLDER / "openai_node.mjs", system.url, key, meeting, folder)

    assert (got["text"], got["deltas"], got["whole"]) == (TEXT, TEXT, TEXT)
    assert got["words"] == TEXT.split()
    assert got["segments"] >= 1
    assert got["refused"] == ["BadRequestError", 400, "invalid_value", "response_format"]
