"""The pages as an app: a manifest that is whole, a worker that stores the shell only."""

import re

import pytest
import requests

from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]


def test_the_manifest_names_icons_that_are_there(guest: Client) -> None:
    answer = guest.get("/manifest.webmanifest")

    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = answer.json()
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        found = guest.get(icon["src"])
        assert (found.status_code, found.headers["Content-Type"]) == (200, "image/png")
    for page in (manifest["start_url"], *(shortcut["url"] for shortcut in manifest["shortcuts"])):
        assert guest.get(page).status_code == 200
    assert manifest["share_target"]["action"] == "/share/"


def stored_files(guest: Client) -> list[str]:
    """The addresses that the worker stores beside the offline page."""
    [listed] = re.findall(r'const FILES = "(.*?)"', guest.get("/service-worker.js").text)
    return str(listed).split()


def test_the_worker_stores_no_page_but_the_offline_one(guest: Client) -> None:
    worker = guest.get("/service-worker.js")

    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert worker.headers["Cache-Control"] == "no-cache"
    assert re.findall(r"addAll\((.*?)\)", worker.text) == ["[OFFLINE, ...FILES]"]
    assert worker.text.count("cache.put(") == 1, "a shared file, until the page takes it"
    for address in stored_files(guest):
        assert address.startswith("/static/")
        assert guest.get(address).status_code == 200


@pytest.mark.parametrize("language", ["en", "cs"])
def test_the_offline_page_needs_only_what_is_stored_with_it(guest: Client, language: str) -> None:
    page = guest.get("/offline/", headers={"Accept-Language": language})

    assert f'<html lang="{language}">' in page.text
    needed = set(re.findall(r'(?:src|href)="(.+?)"', page.text))
    assert needed == set(stored_files(guest))


def test_what_is_shared_without_a_worker_is_not_read(guest: Client) -> None:
    """No token against forgery comes with it, so nothing is done with it."""
    answer = requests.post(
        f"{guest.url}/share/", files={"file": ("a.mp3", b"abc")}, allow_redirects=False, timeout=10
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/?shared=missed")
