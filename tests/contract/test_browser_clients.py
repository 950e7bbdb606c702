"""OpenAI's own client in a page of another site, unchanged but for the address."""

import shutil
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import sync_playwright

from tests.browser.conftest import serve_folder
from tests.contract.client_environments import FOLDER, node_with
from tests.contract.conftest import TEXT
from tests.contract.test_live_clients import NODE, write_pcm
from tests.contract.tls_front import tls_before
from tests.e2e.processes import System
from tests.services import chromium

pytestmark = [pytest.mark.clients, pytest.mark.e2e, pytest.mark.timeout(400)]


def test_openai_in_a_page(system: System, key: str, meeting: Path, tmp_path: Path) -> None:
    write_pcm(tmp_path, 24_000)
    shutil.copy(FOLDER / "openai_browser.html", tmp_path / "index.html")
    (tmp_path / "node_modules").symlink_to(node_with(*NODE["22"]) / "node_modules")
    made = requests.post(
        f"{system.url}/v1/realtime/client_secrets",
        json={"session": {"type": "transcription"}},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    port = int(system.url.rpartition(":")[2])
    with (
        tls_before(port, tmp_path / "tls") as (url, _),
        serve_folder(tmp_path) as site,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium()) as browser,
    ):
        page = browser.new_page(ignore_https_errors=True)
        asked = urlencode({"url": url, "key": key, "secret": made.json()["value"]})
        page.goto(f"{site}/?{asked}")
        page.wait_for_function("window.got", timeout=60_000)
        got = page.evaluate("window.got")

    assert "failed" not in got, got
    assert got["live"] == {"transcript": TEXT, "deltas": TEXT, "protocol": "realtime"}
    assert got["refused"]
    assert got["text"] == TEXT
    assert got["error"] == ["BadRequestError", 400, "response_format"]
