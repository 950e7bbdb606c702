"""What an AssemblyAI webhook is sent: an id, to ask with."""

from collections.abc import Mapping
from typing import Any

from transcripts.dialects.assemblyai.answers import COMPLETED, FAILED
from transcripts.dialects.assemblyai.request import AssemblyRequest
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.uploads.models import AssemblyTranscript
from transcripts.webhooks.callbacks import Callback

DIALECT = "assemblyai"


def callback_of(row: AssemblyTranscript, asked: AssemblyRequest) -> Callback:
    return Callback(
        url=asked.webhook_url,
        dialect=DIALECT,
        asked={"id": str(row.pk)},
        headers=asked.webhook_headers,
    )


def write_body(transcript: Transcript, asked: Mapping[str, object]) -> Mapping[str, Any]:
    is_readable = transcript.status in READABLE_STATUSES
    return {"transcript_id": asked["id"], "status": COMPLETED if is_readable else FAILED}
