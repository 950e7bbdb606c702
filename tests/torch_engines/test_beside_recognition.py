"""The main service with the real process behind it: used, killed, and done without."""

import pytest
import requests

from tests.e2e.processes import System, wait_until
from tests.torch_engines.conftest import ROOT, TorchProcess

pytestmark = [pytest.mark.torch_engines, pytest.mark.timeout(600)]
SAMPLE = ROOT / "samples" / "hello.flac"


def transcribe(system: System, **options: str) -> requests.Response:
    with SAMPLE.open("rb") as file:
        return requests.post(
            f"{system.url}/v1/transcribe",
            headers=system.headers,
            files={"file": file},
            data=options,
            timeout=280,
        )


def torch_state(system: System) -> str:
    return str(requests.get(f"{system.url}/health", timeout=10).json()["torch_engines"])


def test_a_recording_is_diarized_by_pyannote_and_by_the_light_engine_once_it_is_killed(
    torch_process: TorchProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environ = {
        "STT_TORCH_SOCKET": str(torch_process.socket),
        "STT_MODELS_DIR": str(torch_process.models_dir),
        "STT_DEFAULT_MODEL": "tiny",
    }
    with System(tmp_path_factory.mktemp("system"), env=environ) as system:
        system.start("inference", "worker-short", "web")
        wait_until(lambda: torch_state(system) == "ok", what="the torch engines are found")
        models = requests.get(f"{system.url}/v1/models", timeout=10).json()
        used = transcribe(system, diarizer="pyannote", model="tiny", language="en")
        torch_process.kill()
        wait_until(lambda: torch_state(system) == "down", what="its death is noticed")
        refused = transcribe(system, diarizer="pyannote", speakers="1", language="en")
        light = transcribe(system, speakers="1", model="tiny", language="en")
        torch_process.start()
        wait_until(lambda: torch_state(system) == "ok", what="its return is noticed")

    assert {each["id"] for each in models["engines"] if each["available"]} >= {
        "pyannote-campplus",
        "wav2vec2",
        "perth",
    }
    assert used.status_code == 200, used.text
    assert used.json()["diarization"]["engine"].startswith("pyannote-")
    assert (refused.status_code, refused.json()["code"]) == (503, "not_installed"), refused.text
    assert light.status_code == 200, light.text
    assert light.json()["diarization"]["engine"] == "campplus"
