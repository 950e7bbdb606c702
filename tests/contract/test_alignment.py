"""A word that the recogniser missed and a person types lands where it is spoken."""

from typing import Any

import pytest
import requests

from tests.contract.conftest import RECORDING, TEXT
from tests.e2e.processes import System

pytestmark = [pytest.mark.clients, pytest.mark.e2e]


def call(system: System, method: str, path: str, **options: object) -> requests.Response:
    answer = requests.request(
        method,
        system.url + path,
        headers=system.headers,
        timeout=60,
        **options,  # type: ignore[arg-type]
    )
    answer.raise_for_status()
    return answer


def wait_for_times(system: System, home: str) -> dict[str, Any]:
    """Follow the edits until none waits for its times; return the segment."""
    events = home.replace("segments/", "events/?edits_since=0")
    stream = call(system, "GET", events).text  # which ends when nothing waits
    assert "event: aligned" in stream
    (segment,) = call(system, "GET", home).json()["results"]
    return dict(segment)


def test_a_word_that_is_put_in_lands_where_it_was_spoken(system: System) -> None:
    with RECORDING.open("rb") as file:
        recognised = call(
            system, "POST", "/v1/transcribe", files={"file": file}, data={"diarize": "false"}
        )
    assert recognised.json()["text"] == TEXT
    home = f"/api/v1/transcripts/{recognised.headers['X-Transcript-Id']}/segments/"
    (segment,) = call(system, "GET", home).json()["results"]
    spoken = {word["word"]: word for word in segment["words"]}

    call(system, "PATCH", f"{home}{segment['id']}/", json={"text": TEXT.replace("meeting ", "")})
    call(system, "PATCH", f"{home}{segment['id']}/", json={"text": TEXT})
    fixed = wait_for_times(system, home)

    placed = {word["word"]: word for word in fixed["words"]}
    assert placed["meeting"]["timing"] in ("aligned", "attention")
    assert placed["meeting"]["start"] == pytest.approx(spoken["meeting"]["start"], abs=0.2)
    assert placed["meeting"]["end"] == pytest.approx(spoken["meeting"]["end"], abs=0.2)
    for word in ("The", "next", "Friday."):
        assert placed[word] == spoken[word]


def test_a_text_that_was_never_spoken_does_not_claim_to_be_recognised(system: System) -> None:
    with RECORDING.open("rb") as file:
        recognised = call(
            system, "POST", "/v1/transcribe", files={"file": file}, data={"diarize": "false"}
        )
    home = f"/api/v1/transcripts/{recognised.headers['X-Transcript-Id']}/segments/"
    (segment,) = call(system, "GET", home).json()["results"]
    text = "Call me at +420 777 123 456 or jan@example.com, IBAN CZ6508000000192000145399"

    call(system, "PATCH", f"{home}{segment['id']}/", json={"text": text})
    changed = wait_for_times(system, home)

    assert {word["timing"] for word in changed["words"]} == {"interpolated"}
    edges = [edge for word in changed["words"] for edge in (word["start"], word["end"])]
    assert edges == sorted(edges)
