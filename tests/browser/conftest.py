"""A real Chromium, and one whose microphone is a recording."""

import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import decode_audio
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.services import chromium

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_FAKE_MICROPHONE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")

_MICROPHONE_HZ = 48_000

StartBrowser = Callable[[Path | None], Browser]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def start_browser(playwright: Playwright) -> Iterator[StartBrowser]:
    """Start a Chromium whose microphone plays `recording` once (WAV); None: it has none."""
    with ExitStack() as stack:

        def start(recording: Path | None) -> Browser:
            arguments = [*_ARGUMENTS]
            if recording is not None:
                once = f"{recording}%noloop"
                arguments += [*_FAKE_MICROPHONE, f"--use-file-for-fake-audio-capture={once}"]
            launched = playwright.chromium.launch(executable_path=chromium(), args=arguments)
            stack.callback(launched.close)
            return launched

        yield start


def make_wav(recording: Path, wav: Path, *, silence_s: float = 3.0) -> Path:
    """Write the recording as the fake microphone takes it: 48 kHz, silence at the end."""
    samples = decode_audio(str(recording), sampling_rate=_MICROPHONE_HZ)
    silence = np.zeros(round(silence_s * _MICROPHONE_HZ))
    pcm = np.round(np.concatenate([samples, silence]) * 32767).astype("<i2")
    with wave.open(str(wav), "wb") as file:
        file.setparams((1, 2, _MICROPHONE_HZ, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return wav
