"""`make run`, as a stranger would: a fresh clone, the printed line pasted, Ctrl-C.

STT_VENV shares this run's environment with the clone, for speed; the install itself is
`requirements/install.sh`'s, which then finds nothing to do.
"""

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.processes import ROOT, free_port, wait_until
from tests.report import used
from tests.services import chromium

pytestmark = [pytest.mark.real_weights, pytest.mark.e2e, pytest.mark.timeout(240)]
STARTS_WITHIN_S = 120.0
_END = "(it printed no more)"


class MakeRun:
    """`make run` in a clone, with its lines as they come. A group of its own, like a terminal's."""

    def __init__(self, clone: Path, *, data_dir: Path, port: int, **settings: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("STT_")},
            "STT_VENV": sys.prefix,
            "STT_DATA_DIR": str(data_dir),
            "PORT": str(port),
            # No test here asks a real source of models; this hub refuses at once.
            "HF_ENDPOINT": f"http://127.0.0.1:{free_port()}",
            "STT_WEIGHTS_FROM_INDEX": "false",
            "DJANGO_SETTINGS_MODULE": "stt_web.settings",
            **settings,
        }
        self.data_dir = data_dir
        self.lines: list[str] = []
        self._queue: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            ["make", "run", f"PYTHON={sys.executable}"],
            cwd=clone,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip())
        self._queue.put(_END)

    def wait_for_line(self, pattern: str, *, within_s: float = STARTS_WITHIN_S) -> str:
        """Return the next line that matches."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                line = self._queue.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"No line like {pattern!r}:\n{self.printed()}") from None
            self.lines.append(line)
            if line == _END:
                raise AssertionError(f"It ended without a line like {pattern!r}:\n{self.printed()}")
            if re.search(pattern, line):
                return line

    def printed(self) -> str:
        return "\n".join(self.lines[-60:])

    def processes(self) -> list[psutil.Process]:
        """Every process that works on this data folder, started by anyone."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine = process.environ().get("STT_DATA_DIR") == str(self.data_dir)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def find(self, argument: str) -> list[psutil.Process]:
        return [found for found in self.processes() if argument in found.cmdline()]

    def interrupt(self) -> int:
        """Press Ctrl-C; returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=60)

    def clean_up(self) -> None:
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone") / "open-stt"
    subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def running(
    clone: Path, real_models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeRun]:
    """A first start: Whisper comes from a local folder, the speaker model from the index."""
    data_dir = tmp_path_factory.mktemp("data")
    weights = str(real_models_dir)
    settings = {"STT_WEIGHTS_DIR": weights, "STT_WEIGHTS_FROM_INDEX": "true"}
    run = MakeRun(clone, data_dir=data_dir, port=free_port(), **settings)
    try:
        yield run
    finally:
        run.clean_up()


@pytest.fixture(scope="module")
def curl_line(running: MakeRun) -> str:
    return running.wait_for_line(r"^curl ")


def transcribe(curl_line: str) -> dict[str, object]:
    done = subprocess.run(curl_line, shell=True, capture_output=True, text=True)  # noqa: S602  # as pasted
    answer: dict[str, object] = json.loads(done.stdout)
    assert "text" in answer, answer
    return answer


def test_the_printed_line_gives_the_transcript_of_the_sample(
    running: MakeRun, curl_line: str
) -> None:
    answer = transcribe(curl_line)
    words = re.findall(r"\w+", str(answer["text"]).lower())
    assert {"speech", "text", "service", "server", "everything"} <= set(words), answer
    assert (answer["model"], answer["speakers"]) == ("base", ["Speaker 1"])
    used("model", "Whisper base, from make run")


def test_without_any_source_of_models_it_starts_and_recognition_states_what_to_install(
    clone: Path, tmp_path: Path
) -> None:
    run = MakeRun(clone, data_dir=tmp_path, port=free_port(), STT_OFFLINE="true")
    try:
        run.wait_for_line("The model base could not be fetched")
        run.wait_for_line(r"  model     none: recognition answers 503 `not_installed`")
        line = run.wait_for_line("^curl ") + " -w '\\n%{http_code}'"
        done = subprocess.run(line, shell=True, capture_output=True, text=True)  # noqa: S602  # as pasted
        body, _, status = done.stdout.rpartition("\n")
        answer = json.loads(body)
        assert (int(status), answer["code"]) == (503, "not_installed")
        assert "catalog pull base" in answer["error"]
        health = subprocess.run(["curl", "-s", f"{run.url}/health"], capture_output=True, text=True)
        assert json.loads(health.stdout)["status"] == "ok"
    finally:
        run.clean_up()


def test_commands_of_the_same_folder_find_the_inference_service(
    running: MakeRun, curl_line: str
) -> None:
    command = [sys.executable, "manage.py", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=running.env, capture_output=True, text=True)
    findings = json.loads(done.stdout)["findings"]
    found = [each for each in findings if each["subject"] == "inference"]
    assert [each["level"] for each in found] == ["ok"], found


def test_the_key_is_stored_for_its_owner_alone(running: MakeRun, curl_line: str) -> None:
    key_file = running.data_dir / "api-key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key_file.read_text().strip() in curl_line


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("python", (sys.executable, "-")),
        ("js", ("node", "--input-type=module", "-")),
        ("sh", ("sh",)),
    ],
)
def test_the_samples_of_the_guide_work_as_printed(
    running: MakeRun, curl_line: str, language: str, command: tuple[str, ...]
) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"There is no {command[0]} here.")
    guide = (ROOT / "docs" / "api.md").read_text()
    samples = re.findall(rf"```{language}\n(.*?)```", guide, re.DOTALL)
    key = (running.data_dir / "api-key").read_text().strip()
    env = {**running.env, "STT_URL": f"http://127.0.0.1:{running.env['PORT']}", "STT_KEY": key}
    script = "\n".join(sample for sample in samples if "export" not in sample)
    done = subprocess.run(
        command, input=script, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert "everything" in done.stdout, done.stdout + done.stderr


@pytest.mark.browser
def test_the_docs_show_the_api_in_a_real_browser(running: MakeRun, curl_line: str) -> None:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{running.env['PORT']}/docs")
        page.get_by_text("/v1/transcribe").first.wait_for(timeout=30_000)
        assert errors == []
        browser.close()


def test_a_second_one_on_the_same_folder_is_refused_with_a_sentence(
    clone: Path, running: MakeRun, curl_line: str
) -> None:
    second = MakeRun(clone, data_dir=running.data_dir, port=free_port())
    second.wait_for_line("Another open-stt already runs on")
    assert second.process.wait(timeout=30) != 0


def test_a_port_that_is_taken_is_refused_with_a_sentence(
    clone: Path, running: MakeRun, curl_line: str, tmp_path: Path
) -> None:
    second = MakeRun(clone, data_dir=tmp_path, port=int(running.env["PORT"]))
    second.wait_for_line(r"can't be used \(Address already in use\)")
    assert second.process.wait(timeout=30) != 0


def test_a_process_that_dies_is_started_again_and_the_system_works_on(
    running: MakeRun, curl_line: str
) -> None:
    (inference,) = running.find("inference_service")
    inference.kill()
    running.wait_for_line("inference was ended by SIGKILL; it is started again in 1 s")
    wait_until(lambda: bool(running.find("inference_service")), what="a new one")
    # With another option, so that it is recognised again.
    assert "everything" in str(transcribe(f"{curl_line} -F diarize=false")["text"])


def test_ctrl_c_leaves_no_process_and_the_next_start_reuses_the_key(
    clone: Path, running: MakeRun, curl_line: str
) -> None:
    running.interrupt()
    running.wait_for_line("open-stt has stopped", within_s=5)
    assert running.processes() == []
    key = (running.data_dir / "api-key").read_text().strip()

    second = MakeRun(clone, data_dir=running.data_dir, port=free_port())
    assert key in second.wait_for_line(r"^curl ")
    (supervisor,) = second.find("stt_web.supervisor")
    supervisor.kill()
    wait_until(lambda: not second.processes(), what="a killed supervisor takes all along")
