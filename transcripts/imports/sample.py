"""The transcript that a new account of `make run` begins with: a shipped recording and its text.

Nothing is recognised for it. It is given once: `User.sample_given_at` is set in the transaction
that makes it, by compare-and-set, so two starts at once make one, and one that was deleted stays
deleted.
"""

import hashlib
import logging
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from stt_web.core import media_store
from stt_web.core.durable import sync_new_file
from transcripts.imports.create import ImportOptions, insert_imported
from transcripts.imports.own_json import read_json
from transcripts.models import Recording, Transcript

logger = logging.getLogger(__name__)

_SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"
_RECORDING, _TEXT = _SAMPLES / "hello.flac", _SAMPLES / "hello.json"


def give_sample(user: User) -> Transcript | None:
    """Return the user's sample; None where they had one before. A file is copied the first time."""
    if user.sample_given_at is not None:
        return None
    path = Path(settings.MEDIA_ROOT) / uuid.uuid4().hex / "recording"
    path.parent.mkdir(parents=True)
    shutil.copyfile(_RECORDING, path)
    sync_new_file(path)
    try:
        media_store.put(path)
        transcript = _insert(user, path)
    except BaseException:
        media_store.delete_folder(path.parent)
        raise
    if transcript is None:
        media_store.delete_folder(path.parent)
    return transcript


def _insert(user: User, path: Path) -> Transcript | None:
    imported = read_json(_TEXT.read_text(encoding="utf-8"))
    with override(user.language):
        title = _("Welcome (sample)")
    size_bytes = path.stat().st_size
    with transaction.atomic():
        rows = User.objects.filter(pk=user.pk, sample_given_at=None)
        if not rows.update(sample_given_at=timezone.now()):
            return None
        transcript = insert_imported(
            user,
            imported,
            ImportOptions(file_name=_RECORDING.name, title=title),
            size_bytes=size_bytes,
        )
        Recording.objects.filter(pk=transcript.recording_id).update(
            path=str(path.relative_to(settings.MEDIA_ROOT)),
            container="flac",
            probed_ms=imported.duration_ms,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            is_sample=True,
        )
    logger.info("event=sample_given transcript_id=%s", transcript.pk)
    return transcript
