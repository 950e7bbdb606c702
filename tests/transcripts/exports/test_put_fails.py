"""A file that a worker made and the bucket did not take is made again, and is then in the bucket:
who waits for it may be on another machine."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pytest_django import Settings

from stt_web.core import media_store
from stt_web.core.outages import StorageUnavailableError
from tests.s3_server import S3Server
from tests.transcripts.conftest import MakeTranscript
from transcripts.exports.masked_audio import make_masked_audio
from transcripts.exports.options import ExportOptions
from transcripts.exports.worker_exports import make_export
from transcripts.models import Transcript
from transcripts.services.peaks import make_peaks
from transcripts.services.recordings import recording_path

pytestmark = pytest.mark.database


@pytest.fixture
def bucket(settings: Settings) -> Iterator[S3Server]:
    with S3Server() as server:
        settings.STORAGES = {**settings.STORAGES, "media": server.as_storage()}
        yield server


def export(transcript: Transcript) -> None:
    make_export(transcript.pk, format_name="txt", options=ExportOptions())


def mask(transcript: Transcript) -> None:
    make_masked_audio(transcript.pk, kinds=(), format_name="flac", track=0)


def draw(transcript: Transcript) -> None:
    make_peaks(transcript.pk)


@pytest.mark.parametrize(
    ("make", "pattern"),
    [(export, "*/exports/*.txt"), (mask, "*/audio/*.flac"), (draw, "*/peaks.json")],
)
def test_what_could_not_be_put_is_made_again_and_put(
    make_transcript: MakeTranscript,
    bucket: S3Server,
    settings: Settings,
    make: Callable[[Transcript], None],
    pattern: str,
) -> None:
    transcript = make_transcript()
    media_store.put(recording_path(transcript))
    root = Path(settings.MEDIA_ROOT)
    with bucket.failing("drop_put"), suppress(StorageUnavailableError):
        make(transcript)
    assert not list(root.glob(pattern))
    make(transcript)
    (path,) = root.glob(pattern)
    assert bucket.read(media_store.key_of(path)) == path.read_bytes()
    names = {each.name for each in path.parent.iterdir()}
    assert names <= {path.name, "recording"}  # no temporary file is left
