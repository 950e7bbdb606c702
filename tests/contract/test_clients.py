"""Real clients, unchanged but for the address: the SDK, curl, requests, Node; and their errors."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sttai

from tests import report
from tests.contract.conftest import TEXT
from tests.e2e.processes import ROOT, System

pytestmark = [pytest.mark.clients, pytest.mark.e2e]

SAMPLES = Path(__file__).parent / "samples"
NODE_PACKAGES = ("node-fetch@2.7.0", "form-data@4.0.4")
NODE_CACHE = ROOT / "tests" / ".cache" / "node"


def sample(name: str, system: System, key: str) -> str:
    text = (SAMPLES / name).read_text()
    return text.replace("https://api.stt.ai", system.url).replace("YOUR_API_KEY", key)


def run(argv: list[str], folder: Path, **env: str) -> str:
    done = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, timeout=90, env={**os.environ, **env}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_sdk_transcribes(system: System, key: str, meeting: Path) -> None:
    client = sttai.STTClient(key, base_url=system.url)

    result = client.transcribe(str(meeting))
    verbose = client.transcribe(str(meeting), response_format="verbose_json", diarize=False)

    assert (result["text"], result["language"]) == (TEXT, "en")
    assert result["model"] == "whisper-en-cs-tiny"
    assert [word["word"] for word in verbose["words"]] == TEXT.split()


def test_the_sdk_lists_models_and_languages_and_reads_the_health(system: System, key: str) -> None:
    client = sttai.STTClient(key, base_url=system.url)

    models = [model["id"] for model in client.models()["models"]]
    assert models[:4] == ["large-v3-turbo", "large-v3", "medium", "small"]
    assert {"base", "whisper-en-cs-tiny"} <= set(models)
    assert len(client.languages()["languages"]) == 100
    assert client.health()["status"] == "ok"


def test_the_sdk_raises_its_error_for_a_bad_key(system: System, meeting: Path) -> None:
    with pytest.raises(sttai.AuthError) as caught:
        sttai.STTClient("stt_wrong", base_url=system.url).transcribe(str(meeting))

    assert caught.value.status_code == 401


def test_the_sdk_raises_its_error_where_no_credits_are_left(system: System, meeting: Path) -> None:
    poor = system.create_api_key("poor@example.com", plan="paid")

    with pytest.raises(sttai.CreditError):
        sttai.STTClient(poor, base_url=system.url).transcribe(str(meeting))


def test_the_sdk_raises_its_error_with_the_seconds_to_wait(system: System, meeting: Path) -> None:
    limited = system.create_api_key("limited@example.com", plan="free")
    system.freeze("worker-short")
    try:
        for speakers in ("1", "2"):
            fields = ["-F", "async=true", "-F", f"speakers={speakers}"]
            curl(system, limited, "-F", f"file=@{meeting}", *fields)
        with pytest.raises(sttai.RateLimitError) as caught:
            sttai.STTClient(limited, base_url=system.url).transcribe(str(meeting))
    finally:
        system.thaw("worker-short")

    assert isinstance(caught.value.retry_after, int)


def test_the_curl_samples_work(system: System, key: str, meeting: Path) -> None:
    shutil.copy(meeting, meeting.with_name("video.mp4"))

    out = run(["sh", "-e", "-c", sample("sample.sh", system, key)], meeting.parent)

    transcript, rest = json.JSONDecoder().raw_decode(out)
    assert transcript["text"] == TEXT
    assert '"whisper-en-cs-tiny"' in out[rest:]
    assert (meeting.parent / "subtitles.srt").read_text().splitlines()[2] == TEXT


def test_the_python_sample_works(system: System, key: str, meeting: Path) -> None:
    out = run([sys.executable, "-c", sample("sample.py.txt", system, key)], meeting.parent)

    assert out.startswith("Language: en, Duration: 2.7s\n")
    assert TEXT in out


def test_the_node_sample_works(system: System, key: str, meeting: Path) -> None:
    node, modules = node_with_packages()
    preload = meeting.parent / "fetch.js"
    preload.write_text('globalThis.fetch = require("node-fetch");')
    (meeting.parent / "sample.js").write_text(sample("sample.js", system, key))

    argv = [node, "--require", str(preload), "sample.js"]
    out = run(argv, meeting.parent, NODE_PATH=str(modules))

    assert out.startswith("Duration: 2.7s\n")
    assert TEXT in out


def test_health_is_degraded_while_inference_is_down(system: System) -> None:
    system.kill("inference")
    try:
        status, body = health(system)
    finally:
        system.start("inference")

    assert (status, body["status"], body["inference"]) == ("503", "degraded", "down")


def health(system: System) -> tuple[str, dict[str, str]]:
    out = run(["curl", "-s", "-w", "\n%{http_code}", system.url + "/health"], system.folder)
    body, status = out.rsplit("\n", 1)
    return status, json.loads(body)


def curl(system: System, key: str, *arguments: str) -> str:
    header = f"Authorization: Bearer {key}"
    return run(
        ["curl", "-sS", "-H", header, *arguments, system.url + "/v1/transcribe"], system.folder
    )


def node_with_packages() -> tuple[str, Path]:
    """Return Node and a folder with the sample's two packages, fetched once."""
    node, npm = shutil.which("node"), shutil.which("npm")
    report.require("node", is_there=node is not None and npm is not None)
    assert node is not None
    modules = NODE_CACHE / "node_modules"
    if not (modules / "node-fetch").exists():
        NODE_CACHE.mkdir(parents=True, exist_ok=True)
        options = ["--no-audit", "--no-fund", "--prefix", str(NODE_CACHE)]
        fetched = subprocess.run(
            [str(npm), "install", *options, *NODE_PACKAGES], capture_output=True, timeout=90
        )
        report.require("npm's registry", is_there=fetched.returncode == 0)
    return node, modules
