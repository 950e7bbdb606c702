"""The resource: what is stored of every transcript, split by noun.

`transcript` is the resource itself, `status` where it stands, `recordings` the file that was
received, `revisions` what people change in it, `idempotency` which stored responses hold it. What a
capability stores is in its room (`transcripts/<room>/models.py`), and imported from there; the
names are here because this is the module that Django imports to learn of all models.
"""

from transcripts.comments.models import Comment
from transcripts.editing.models import EditAlignment
from transcripts.enhancement.models import Enhancement
from transcripts.gaps.models import Gap, GapReason
from transcripts.glossary.models import GlossaryTerm
from transcripts.intelligence.models import (
    ChatSession,
    ChatTurn,
    NoteTemplate,
    ProcessingRule,
    ResultKind,
    SegmentVectors,
    StoredResult,
    TextJob,
    TextOperation,
)
from transcripts.jobs.models import (
    JobKind,
    Queue,
    TranscriptionJob,
    Window,
)
from transcripts.live.models import LiveSession
from transcripts.models.idempotency import StoredResponseLink
from transcripts.models.recordings import Recording
from transcripts.models.revisions import EditAction, Revision
from transcripts.models.status import OPEN_STATUSES, READABLE_STATUSES, Status
from transcripts.models.transcript import (
    Origin,
    Segment,
    Source,
    Speaker,
    Tag,
    Transcript,
)
from transcripts.retention.models import RetentionPolicy
from transcripts.review.models import AcceptedRisk
from transcripts.search.models import TITLE_BUCKET, WHOLE_BUCKET, SearchChunk
from transcripts.sharing.models import ShareLink
from transcripts.uploads.models import AssemblyTranscript, HeldRecording, ResumableUpload
from transcripts.voices.models import (
    SigningCertificate,
    VoiceConsent,
    VoiceJob,
    VoiceReferenceUse,
)
from transcripts.webhooks.models import (
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
    "AcceptedRisk",
    "AssemblyTranscript",
    "ChatSession",
    "ChatTurn",
    "Comment",
    "DeliveryStatus",
    "EditAction",
    "EditAlignment",
    "Enhancement",
    "Gap",
    "GapReason",
    "GlossaryTerm",
    "HeldRecording",
    "JobKind",
    "LiveSession",
    "NoteTemplate",
    "Origin",
    "ProcessingRule",
    "Queue",
    "Recording",
    "ResultKind",
    "ResumableUpload",
    "RetentionPolicy",
    "Revision",
    "SearchChunk",
    "Segment",
    "SegmentVectors",
    "ShareLink",
    "SigningCertificate",
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
    "VoiceConsent",
    "VoiceJob",
    "VoiceReferenceUse",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Window",
]
