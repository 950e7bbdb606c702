"""What is stored of transcripts, split by noun.

`transcript` is the resource and its job, `webhooks` who is told of it, `sharing` who else may read
it, `idempotency` the answers to requests that may be sent twice.
"""

from transcripts.models.idempotency import IdempotencyRecord
from transcripts.models.sharing import ShareLink
from transcripts.models.transcript import (
    OPEN_STATUSES,
    READABLE_STATUSES,
    Queue,
    Segment,
    Source,
    Speaker,
    Status,
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
    "DeliveryStatus",
    "IdempotencyRecord",
    "Queue",
    "Segment",
    "ShareLink",
    "Source",
    "Speaker",
    "Status",
    "Transcript",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Window",
]
