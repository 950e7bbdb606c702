"""What must not stay does not stay; what has an owner does."""

import os
import time
from datetime import timedelta
from typing import Any

from django.utils import timezone
from pytest_django import Settings

from tests.transcripts.conftest import MakeTranscript, write_wav
from transcripts.models import Status, Transcript
from transcripts.retention.purge import ORPHAN_AGE_S, purge_anonymous, purge_orphans


def test_anonymous_text_is_deleted_an_hour_after_the_end(make_transcript: MakeTranscript) -> None:
    now = timezone.now()
    ended: dict[str, Any] = {"status": Status.COMPLETED, "path": ""}
    old = make_transcript(is_anonymous=True, finished_at=now - timedelta(minutes=61), **ended)
    recent = make_transcript(is_anonymous=True, finished_at=now - timedelta(minutes=59), **ended)
    waiting = make_transcript(is_anonymous=True)
    owned = make_transcript(finished_at=now - timedelta(days=9), **ended)

    purge_anonymous()

    assert not Transcript.objects.filter(pk=old.pk).exists()
    retained = Transcript.objects.filter(pk__in=[recent.pk, waiting.pk, owned.pk])
    assert retained.count() == 3


def test_anonymous_recording_left_behind_by_a_dead_worker_is_deleted(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    transcript = make_transcript(
        is_anonymous=True, status=Status.COMPLETED, finished_at=timezone.now()
    )

    purge_anonymous()

    assert not (settings.MEDIA_ROOT / transcript.recording.path).exists()
    transcript.refresh_from_db()
    assert transcript.recording.path == ""


def test_old_upload_without_a_row_is_removed(
    make_transcript: MakeTranscript, settings: Settings
) -> None:
    transcript = make_transcript()
    root = settings.MEDIA_ROOT
    for name in ("orphan", "fresh"):
        write_wav(root / name / "recording", seconds=1)
    long_ago = time.time() - ORPHAN_AGE_S - 60
    for folder in ("orphan", transcript.recording.path.split("/")[0]):
        for path in (root / folder / "recording", root / folder):
            os.utime(path, (long_ago, long_ago))

    purge_orphans()

    assert not (root / "orphan").exists()
    assert (root / "fresh").exists()
    assert (root / transcript.recording.path).exists()
