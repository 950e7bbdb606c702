"""Pictures of every page (`python -m tests.browser.screenshots`), into tests/.screens/, to leaf
through; those of README.md: `STT_MODELS_DIR=… python -m tests.browser.screenshots readme`.

The latter start the product with installed weights (`base`, and a speaker model), have the
recordings of `samples/` and `tests/speech/` transcribed, and photograph the list and a transcript,
light. They write `docs/images/*.webp`.
"""

import io
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import requests
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.gallery import PAGES, fill, log_in_as_member, open_page
from tests.browser.session import log_in
from tests.e2e.processes import ROOT, System, wait_until
from tests.services import chromium

IMAGES = ROOT / "docs" / "images"
SCREENS = ROOT / "tests" / ".screens"
LOCALES, SCHEMES = ("en", "cs"), ("light", "dark")
DEVICES = {"desktop": (1280, 800), "phone": (390, 844)}
WIDTH, LIST_HEIGHT, TEXT_HEIGHT = 900, 720, 1200
MOST_BYTES = 120_000
RATE_HZ = 16_000
PAUSE_S = 0.7
# Two voices in turn (tests/speech/recordings.json has the texts).
CONVERSATION = ("clean_01", "clean_02", "clean_05", "clean_06", "clean_09", "clean_10")


def main() -> None:
    if sys.argv[1:] == ["readme"]:
        picture_readme()
    else:
        picture_every_page()


def picture_every_page() -> None:
    """Write each page on a phone and a desktop, light and dark, in English and Czech."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        System(Path(folder) / "data") as system,
        sync_playwright() as playwright,
    ):
        system.start("web")
        transcript = fill(system)
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for locale, scheme, (device, size) in itertools.product(LOCALES, SCHEMES, DEVICES.items()):
            options: dict[str, Any] = {
                "locale": locale,
                "color_scheme": scheme,
                "viewport": {"width": size[0], "height": size[1]},
            }
            guest = browser.new_context(**options)
            member = log_in_as_member(browser.new_context(**options), system)
            for shown in PAGES:
                page = open_page(
                    shown, guest=guest, member=member, system=system, transcript=transcript
                )
                name = f"{shown.name}-{device}-{scheme}-{locale}.png"
                page.screenshot(path=SCREENS / name, full_page=True)
                page.close()
        browser.close()


def picture_readme() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, System(Path(folder) / "data") as system:
        system.start("inference", "worker-short", "worker-housekeeping", "web")
        transcribe(system, "Welcome", (ROOT / "samples" / "hello.flac").read_bytes())
        transcribe(system, "Reading of 30 seconds", _speech("talk_30s").read_bytes())
        conversation = transcribe(system, "Two people at the station", _join(CONVERSATION))
        peaks = f"{system.url}/api/v1/transcripts/{conversation}/peaks/"
        wait_until(
            lambda: requests.get(peaks, headers=system.headers, timeout=10).status_code == 200,
            what="the waveform",
        )
        for name, page in _pages(system, conversation):
            _save(page.screenshot(), IMAGES / f"{name}.webp")


def transcribe(system: System, title: str, recording: bytes) -> str:
    """Return the id of the recording's transcript; `title` becomes its title."""
    answer = requests.post(
        f"{system.url}/v1/transcribe",
        headers=system.headers,
        files={"file": (f"{title}.flac", recording)},
        data={"language": "en"},
        timeout=300,
    )
    answer.raise_for_status()
    return answer.headers["X-Transcript-Id"]


def _pages(system: System, transcript_id: str) -> Iterator[tuple[str, Page]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        context = browser.new_context(
            locale="en", color_scheme="light", viewport={"width": WIDTH, "height": LIST_HEIGHT}
        )
        log_in(context, system)
        page = context.new_page()
        # Not until the network idles: open pages follow an event stream.
        page.goto(f"{system.url}/transcripts/")
        yield "library", page
        page.set_viewport_size({"width": WIDTH, "height": TEXT_HEIGHT})
        page.goto(f"{system.url}/transcripts/{transcript_id}/")
        page.locator("stt-player canvas").wait_for()
        yield "transcript", page
        browser.close()


def _save(png: bytes, path: Path) -> None:
    """Write the picture as WebP, in the best quality of at most MOST_BYTES bytes."""
    picture = Image.open(io.BytesIO(png))
    for quality in (95, 90, 80, 70, 60):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            return
    raise SystemExit(f"{path} has more than {MOST_BYTES} bytes in every quality.")


def _speech(name: str) -> Path:
    return ROOT / "tests" / "speech" / f"{name}.flac"


def _join(names: tuple[str, ...]) -> bytes:
    """Return one FLAC file of the recordings, 16 kHz mono, with pauses between them."""
    pause = np.zeros(int(PAUSE_S * RATE_HZ), np.int16)
    samples = np.concatenate([part for name in names for part in (_read(_speech(name)), pause)])
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return out.getvalue()


def _read(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return the samples of a recording of the tests: 16 kHz mono, int16 (n,)."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


if __name__ == "__main__":
    main()
