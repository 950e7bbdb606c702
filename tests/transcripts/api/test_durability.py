"""An upload that was accepted is on the disk, also after a power cut."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_save

from tests.disk import watched_disk
from tests.transcripts.served_api import Client, wav
from transcripts.models import Recording, Transcript

pytestmark = pytest.mark.database


def test_a_recording_and_its_folders_are_synced_before_its_row_is_written(client: Client) -> None:
    root, at_insert = Path(settings.MEDIA_ROOT), []

    with watched_disk() as disk:

        def note(**_: object) -> None:
            at_insert.extend(disk.synced)

        post_save.connect(note, sender=Recording)
        try:
            accepted = client.transcribe(is_async=True)
        finally:
            post_save.disconnect(note, sender=Recording)

    assert accepted.status_code == 202
    recording = root / Transcript.objects.get().recording.path
    assert at_insert == [recording, recording.parent, root]
    assert disk.sizes[recording] == len(wav())


def test_a_recording_that_is_refused_costs_no_sync(client: Client) -> None:
    with watched_disk() as disk:
        assert client.transcribe(b"no sound", is_async=True).status_code == 400
    assert disk.synced == []


@pytest.mark.django_db
def test_a_commit_is_on_the_disk_when_it_returns() -> None:
    """SQLite: 2 is FULL. PostgreSQL: its own default."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit")
        assert cursor.fetchone()[0] == (2 if is_sqlite else "on")
