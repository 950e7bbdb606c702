"""The vectors of a transcript's text, made before any question needs them.

By the server's default embedder; those of another model serve until they are replaced.
"""

from django.db import transaction

from transcripts.exports.document import load_document
from transcripts.intelligence.chat import make_index, store_index
from transcripts.intelligence.engines import TextEngines
from transcripts.intelligence.models import SegmentVectors, TextJob
from transcripts.intelligence.retrieval import list_passages
from transcripts.intelligence.text_jobs.lease import TextLease
from transcripts.jobs.lease import LeaseLostError
from transcripts.locks import lock_transcript
from transcripts.models import READABLE_STATUSES


def index_text(lease: TextLease, job: TextJob, engines: TextEngines) -> None:
    """Make and store them where an embedder is installed, and delete the job. Raises
    LeaseLostError, InferenceError, ApiError.
    """
    transcript = job.transcript
    embedders = engines.list_embedders()
    if transcript is None or transcript.status not in READABLE_STATUSES or not embedders:
        lease.rows().delete()
        return
    revision = transcript.revision
    current = SegmentVectors.objects.filter(
        transcript=transcript,
        revision=revision,
        model=embedders[0].id,
        weights_revision=embedders[0].revision,
    )
    passages = list_passages(load_document(transcript, has_words=False))
    index = None if current.exists() or not passages else make_index(passages, engines)
    with transaction.atomic():
        if not lock_transcript(transcript.pk) or not lease.rows().exists():
            raise LeaseLostError
        if index is not None:
            store_index(index, transcript, revision=revision)
            others = SegmentVectors.objects.filter(transcript=transcript)
            others.exclude(model=index.model).delete()
        lease.rows().delete()
