"""A real Chromium, and one whose microphone is a recording."""

import functools
import http.server
import threading
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from faster_whisper import decode_audio
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.services import chromium

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

_MICROPHONE_HZ = 48_000


class StartBrowser(Protocol):
    """Start a Chromium whose microphone plays `recording` once (WAV); None: it has none.

    `is_allowed`: the browser lets every page use it, else none. Those without a recording are one
    for a module's tests, each of which has contexts of its own: a start takes a second.
    """

    def __call__(self, recording: Path | None, *, is_allowed: bool = True) -> Browser: ...


@pytest.fixture(scope="module")  # while it runs, no other event loop may in this thread
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def start_browser(playwright: Playwright) -> Iterator[StartBrowser]:
    with ExitStack() as stack:
        silent: dict[bool, Browser] = {}

        def start(recording: Path | None, *, is_allowed: bool = True) -> Browser:
            if recording is not None:
                return launch(recording, is_allowed=is_allowed)
            if is_allowed not in silent or not silent[is_allowed].is_connected():
                silent[is_allowed] = launch(None, is_allowed=is_allowed)
            return silent[is_allowed]

        def launch(recording: Path | None, *, is_allowed: bool) -> Browser:
            arguments = [*_ARGUMENTS]
            if is_allowed:
                arguments.append("--use-fake-ui-for-media-stream")
            if recording is not None:
                once = f"--use-file-for-fake-audio-capture={recording}%noloop"
                arguments += ["--use-fake-device-for-media-stream", once]
            launched = playwright.chromium.launch(executable_path=chromium(), args=arguments)
            stack.callback(launched.close)
            return launched

        yield start


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Another site than the product's, with these files; yields its address."""
    handler = functools.partial(_Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


def make_wav(recording: Path, wav: Path, *, silence_s: float = 3.0) -> Path:
    """Write the recording as the fake microphone takes it: 48 kHz, silence at the end."""
    samples = decode_audio(str(recording), sampling_rate=_MICROPHONE_HZ)
    silence = np.zeros(round(silence_s * _MICROPHONE_HZ))
    pcm = np.round(np.concatenate([samples, silence]) * 32767).astype("<i2")
    with wave.open(str(wav), "wb") as file:
        file.setparams((1, 2, _MICROPHONE_HZ, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return wav
