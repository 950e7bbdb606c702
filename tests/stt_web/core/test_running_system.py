"""Commands find the inference service that `make run` started, and only while it runs."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stt_web.core.running_system import (
    RUN_FILE,
    AlreadyRunningError,
    RunningSystem,
    find_running,
    hold_data_folder,
    publish_running,
)

_PUBLISHED = RunningSystem(inference_target="127.0.0.1:7001", inference_token="of-this-run")
_SYSTEM = """
import sys, time
from pathlib import Path
from stt_web.core.running_system import RunningSystem, hold_data_folder, publish_running
folder = Path(sys.argv[1])
with hold_data_folder(folder):
    publish_running(folder, RunningSystem("127.0.0.1:7001", "of-this-run"))
    print("runs", flush=True)
    time.sleep(60)
"""
_SHOW = """
import json, sys
from stt_web import settings
print(json.dumps([settings.INFERENCE_TARGET, settings.INFERENCE_TOKEN]))
"""


def read_settings(folder: Path, **env: str) -> list[str]:
    others = {key: value for key, value in os.environ.items() if not key.startswith("STT_")}
    shown = subprocess.run(
        [sys.executable, "-c", _SHOW],
        env={**others, "STT_DATA_DIR": str(folder), "STT_SECRET_KEY": "test", **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(shown.stdout))


def test_it_is_found_while_it_runs_and_its_file_is_private(tmp_path: Path) -> None:
    assert find_running(tmp_path) == RunningSystem()
    with hold_data_folder(tmp_path):
        assert find_running(tmp_path) == RunningSystem()  # it has nothing to publish yet
        publish_running(tmp_path, _PUBLISHED)
        assert find_running(tmp_path) == _PUBLISHED
        assert stat.S_IMODE((tmp_path / RUN_FILE).stat().st_mode) == 0o600
        assert "of-this-run" not in repr(find_running(tmp_path))
    assert find_running(tmp_path) == RunningSystem()
    assert not (tmp_path / RUN_FILE).exists()


def test_settings_take_what_runs_unless_they_name_another(tmp_path: Path) -> None:
    with hold_data_folder(tmp_path):
        publish_running(tmp_path, _PUBLISHED)
        assert read_settings(tmp_path) == ["127.0.0.1:7001", "of-this-run"]
        elsewhere = read_settings(tmp_path, STT_INFERENCE_TARGET="elsewhere:50051")
        assert elsewhere == ["elsewhere:50051", ""]  # no token of ours goes to another's server
        assert read_settings(tmp_path, STT_INFERENCE_TOKEN="mine") == ["127.0.0.1:7001", "mine"]
    assert read_settings(tmp_path) == ["127.0.0.1:50051", ""]


def test_the_file_of_a_killed_system_is_stale(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SYSTEM, str(tmp_path)], stdout=subprocess.PIPE
    ) as system:
        assert system.stdout is not None
        assert system.stdout.readline() == b"runs\n"
        assert find_running(tmp_path) == _PUBLISHED
        with pytest.raises(AlreadyRunningError), hold_data_folder(tmp_path):
            pass
        assert find_running(tmp_path) == _PUBLISHED  # the refused one took nothing away
        system.send_signal(signal.SIGKILL)
    assert (tmp_path / RUN_FILE).exists()
    assert find_running(tmp_path) == RunningSystem()
    with hold_data_folder(tmp_path):  # the next one clears it away
        assert not (tmp_path / RUN_FILE).exists()


@pytest.mark.parametrize("written", ["", "{", "[]", "7"])
def test_a_file_that_is_damaged_counts_as_none(tmp_path: Path, written: str) -> None:
    with hold_data_folder(tmp_path):
        (tmp_path / RUN_FILE).write_text(written)
        assert find_running(tmp_path) == RunningSystem()
