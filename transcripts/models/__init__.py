"""What is stored of transcripts, split by noun.

`transcript` is the resource, `recordings` the file that was received, `jobs` what a run was asked
for and found, `gaps` the speech it left out, `revisions` what people
change in it, `edit_alignments` which of their words still wait for times, `search` what it is found
by, `retention` how long it is stored, `webhooks` who is notified of it, `sharing` who else may read
it, `live` what a live session has beyond it, `idempotency` which stored responses hold it,
`intelligence` what was made of its text, `text_jobs` the work on that in the background.
"""

from transcripts.models.edit_alignments import EditAlignment
from transcripts.models.gaps import Gap, GapReason
from transcripts.models.idempotency import StoredResponseLink
from transcripts.models.intelligence import (
    ChatSession,
    ChatTurn,
    ResultKind,
    SegmentVectors,
    StoredResult,
)
from transcripts.models.jobs import (
    OPEN_STATUSES,
    READABLE_STATUSES,
    JobKind,
    Queue,
    Status,
    TranscriptionJob,
    Window,
)
from transcripts.models.live import LiveSession
from transcripts.models.recordings import Recording
from transcripts.models.retention import RetentionPolicy
from transcripts.models.revisions import EditAction, Revision
from transcripts.models.search import TITLE_BUCKET, WHOLE_BUCKET, SearchChunk
from transcripts.models.sharing import ShareLink
from transcripts.models.text_jobs import NoteTemplate, ProcessingRule, TextJob, TextOperation
from transcripts.models.transcript import (
    Origin,
    Segment,
    Source,
    Speaker,
    Tag,
    Transcript,
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
    "ChatSession",
    "ChatTurn",
    "DeliveryStatus",
    "EditAction",
    "EditAlignment",
    "Gap",
    "GapReason",
    "JobKind",
    "LiveSession",
    "NoteTemplate",
    "Origin",
    "ProcessingRule",
    "Queue",
    "Recording",
    "ResultKind",
    "RetentionPolicy",
    "Revision",
    "SearchChunk",
    "Segment",
    "SegmentVectors",
    "ShareLink",
    "Source",
    "Speaker",
    "Status",
    "StoredResponseLink",
    "StoredResult",
    "Tag",
    "TextJob",
    "TextOperation",
    "Transcript",
    "TranscriptionJob",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Window",
]
