"""A form with a NUL character is refused, at addresses where something is."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/audio/transcriptions", 404, "not_found"),  # OpenAI's, without /v1
        ("/v1/somewhere", 404, "not_found"),
        ("/account/login/", 400, "invalid_value"),
    ],
)
def test_a_recording_where_nothing_is_learns_that(
    db: None, address: str, status: int, code: str
) -> None:
    form = {"file": SimpleUploadedFile("a.wav", b"RIFF\x00\x00\x00")}
    answer = Client().post(address, form, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
