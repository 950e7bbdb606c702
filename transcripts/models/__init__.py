"""What is stored of transcripts, split by noun.

`transcript` is the resource, `jobs` what a run was asked for and found, `revisions` what people
change in it, `edit_alignments` which of their words still wait for times, `search` what it is found
by, `retention` how long it is kept, `webhooks` who is told of it, `sharing` who else may read it,
`live` what a live session has beyond it, `idempotency` which kept answers tell of it.
"""

from transcripts.models.edit_alignments import EditAlignment
from transcripts.models.idempotency import AnswerAbout
from transcripts.models.jobs import Gap, GapReason, TranscriptionJob
from transcripts.models.live import LiveSession
from transcripts.models.retention import RetentionPolicy
from transcripts.models.revisions import Action, Revision
from transcripts.models.search import TITLE_BUCKET, WHOLE_BUCKET, SearchChunk
from transcripts.models.sharing import ShareLink
from transcripts.models.transcript import (
    OPEN_STATUSES,
    READABLE_STATUSES,
    Origin,
    Queue,
    Segment,
    Source,
    Speaker,
    Status,
    Tag,
    Transcript,
    Window,
)
from transcripts.models.webhooks import (
    DeliveryStatus,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

__all__ = [
    "OPEN_STATUSES",
    "READABLE_STATUSES",
    "TITLE_BUCKET",
    "WHOLE_BUCKET",
    "Action",
    "AnswerAbout",
    "DeliveryStatus",
    "EditAlignment",
    "Gap",
    "GapReason",
    "LiveSession",
    "Origin",
    "Queue",
    "RetentionPolicy",
    "Revision",
    "SearchChunk",
    "Segment",
    "ShareLink",
    "Source",
    "Speaker",
    "Status",
    "Tag",
    "Transcript",
    "TranscriptionJob",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Window",
]
