"""An ordinary Firefox, started as Chromium is in these tests, and a sound card without a sound."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.browser import firefox_bridge
from tests.e2e.processes import wait_until
from tests.services import firefox, pulseaudio

# Without a server of PulseAudio there is no device, whatever else this machine has.
_PREFERENCES = {"media.cubeb.backend": "pulse-rust"}
_NO_SOUND = {"PULSE_SERVER": "unix:/nowhere"}
_DARK = {"layout.css.prefers-color-scheme.content-override": 0}
_MICROPHONE = {"media.navigator.permission.disabled": True}


@contextmanager
def run_firefox(
    playwright: Playwright,
    folder: Path,
    *,
    sound: Mapping[str, str] = _NO_SOUND,
    is_dark: bool = False,
) -> Iterator[Browser]:
    """Yield a Firefox that lets every page use its microphone.

    `folder`: what it saves is found there while it runs. `sound`: what `run_sound_card` yields.
    """
    command = folder / "firefox"
    words = (sys.executable, firefox_bridge.__file__, str(firefox()))
    command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    command.chmod(0o755)
    preferences: dict[str, Any] = {**_PREFERENCES, **_MICROPHONE, **(_DARK if is_dark else {})}
    browser = playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=command,
        firefox_user_prefs=preferences,
        downloads_path=folder,
        env={**os.environ, **sound},
    )
    try:
        yield browser
    finally:
        browser.close()


def faults_of(context: BrowserContext) -> list[str]:
    """Return the list that the context's errors are added to: of scripts, policies, requests."""
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("console", lambda note: faults.append(note.text) if note.type == "error" else None)
    return faults


@contextmanager
def run_sound_card(folder: Path) -> Iterator[dict[str, str]]:
    """Run a sound server of the test's own; yields the environment that leads to it.

    It has a speaker, and a microphone in which is heard what is played on `for_microphone`.
    """
    address = f"unix:{folder}/sound"
    sound = {"PULSE_SERVER": address, "XDG_RUNTIME_DIR": str(folder)}
    modules = (
        f"module-native-protocol-unix socket={folder}/sound auth-anonymous=1",
        "module-null-sink sink_name=speaker",
        "module-null-sink sink_name=for_microphone",
        "module-remap-source master=for_microphone.monitor source_name=microphone",
    )
    command = [str(pulseaudio()), "-n", "--daemonize=no", "--exit-idle-time=-1"]
    command += ["--use-pid-file=no", *(f"--load={module}" for module in modules)]
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **sound}, stdout=log, stderr=log)
    try:
        wait_until(lambda: _set_defaults(sound), what="a sound card")
        yield sound
    finally:
        server.terminate()
        server.wait()


def _set_defaults(sound: Mapping[str, str]) -> bool:
    env = {**os.environ, **sound}
    for words in (("set-default-sink", "speaker"), ("set-default-source", "microphone")):
        if subprocess.run(["pactl", *words], env=env, capture_output=True).returncode:
            return False
    return True


@contextmanager
def speaking(recording: Path, sound: Mapping[str, str]) -> Iterator[None]:
    """Play a WAV file into the microphone."""
    command = ["paplay", "--device=for_microphone", str(recording)]
    with subprocess.Popen(command, env={**os.environ, **sound}) as player:
        yield
        player.terminate()
