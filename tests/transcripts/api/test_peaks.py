"""The waveform of a recording: made once, served to who may hear it, gone with it."""

import base64
import uuid
from pathlib import Path

import pytest
from django.conf import settings

from tests.transcripts.api.test_transcripts import make, path_of
from tests.transcripts.conftest import write_wav
from tests.transcripts.served_api import Client
from transcripts.models import Transcript
from transcripts.services.peaks import make_peaks, peaks_path
from transcripts.services.recordings import detach_recording


@pytest.fixture
def transcript(client: Client) -> Transcript:
    name = f"{uuid.uuid4().hex}/recording"
    write_wav(Path(settings.MEDIA_ROOT) / name, seconds=3)
    return make(client, path=name, container="WAV", probed_ms=3000, audio_duration_ms=3000)


def test_peaks_are_made_when_they_are_asked_for_and_stay(
    client: Client, transcript: Transcript
) -> None:
    path = path_of(transcript, "peaks/")
    first = client.get(path)
    assert (first.status_code, first.headers["Retry-After"]) == (202, "1")

    make_peaks(transcript.pk)

    answer = client.get(path)
    assert (answer.status_code, answer.json()["peaks_per_second"]) == (200, 50)
    assert len(base64.b64decode(answer.json()["peaks"])) == 150
    again = client.call("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    written = peaks_path(transcript).stat().st_mtime_ns
    make_peaks(transcript.pk)
    assert peaks_path(transcript).stat().st_mtime_ns == written


def test_peaks_go_with_the_recording(client: Client, transcript: Transcript) -> None:
    make_peaks(transcript.pk)
    stored = peaks_path(transcript)
    detach_recording(transcript)
    assert not stored.exists()
    assert client.get(path_of(transcript, "peaks/")).status_code == 404
    make_peaks(transcript.pk)  # ordered before, worked on after
    assert not stored.exists()


def test_what_cannot_be_read_has_an_empty_waveform(client: Client, transcript: Transcript) -> None:
    (Path(settings.MEDIA_ROOT) / transcript.recording.path).write_bytes(b"not a recording")
    make_peaks(transcript.pk)
    assert client.get(path_of(transcript, "peaks/")).json()["peaks"] == ""
