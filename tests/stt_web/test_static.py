"""Static files: kept for a year under an address with their version, and served compressed."""

import brotli
import pytest
from django.templatetags.static import static

from stt_web.static import static_version
from tests.stt_web.core.asgi.test_compression import fetch
from tests.transcripts.served_api import Client, guest, inference, server

__all__ = ["guest", "inference", "server"]
STYLES = "stt_web/site.css"


def test_a_file_with_its_version_is_cached_for_a_year(guest: Client) -> None:
    address = static(STYLES)
    assert address == f"/static/v-{static_version()}/{STYLES}"

    answer = guest.get(address)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=31536000, public, immutable"


@pytest.mark.parametrize("version", ["", "v-000000000000/"])
def test_without_its_version_the_file_is_the_same_and_is_cached_for_a_minute(
    guest: Client, version: str
) -> None:
    answer = guest.get(f"/static/{version}{STYLES}")

    assert answer.text == guest.get(static(STYLES)).text
    assert answer.headers["Cache-Control"] == "max-age=60, public"
    again = guest.get(
        f"/static/{version}{STYLES}", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_script_imports_others_of_the_same_version(guest: Client) -> None:
    """They are named relative to each other, and the version stands in front of the path."""
    page = guest.get("/").text
    assert f'src="{static("transcripts/pages/static/home.js")}"' in page
    assert 'from "./dom.js"' in guest.get(static("transcripts/pages/static/home.js")).text
    assert guest.get(static("transcripts/pages/static/dom.js")).status_code == 200


def test_a_file_is_served_compressed(guest: Client) -> None:
    answer, body = fetch(guest.url, static(STYLES))

    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Content-Length"] == str(len(body))
    assert brotli.decompress(body).decode() == guest.get(static(STYLES)).text
    part, start = fetch(guest.url, static(STYLES), Range="bytes=0-9")
    assert (part.status, len(start)) == (206, 10)
    assert "Content-Encoding" not in part.headers


@pytest.mark.parametrize("name", ["stt_web/nothing.css", "../settings.py", "stt_web/", ""])
def test_what_is_no_static_file_is_not_found(guest: Client, name: str) -> None:
    assert guest.get(f"/static/{name}").status_code == 404
    assert guest.get(f"/static/v-{static_version()}/{name}").status_code == 404
