"""What a Deepgram callback is sent: the answer that a client that waits would get."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from stt_web.core.errors import ApiError
from transcripts.dialects.deepgram.answers import describe
from transcripts.dialects.deepgram.errors import as_deepgram
from transcripts.dialects.deepgram.request import DeepgramRequest, read_request
from transcripts.job_errors import job_error
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.webhooks.callbacks import Callback

DIALECT = "deepgram"


def callback_of(asked: DeepgramRequest, query: QueryDict) -> Callback:
    return Callback(
        url=asked.callback,
        dialect=DIALECT,
        asked={"query": query.urlencode()},
        method=asked.callback_method,
    )


def write_body(transcript: Transcript, asked: Mapping[str, object]) -> Mapping[str, Any]:
    """Return the body; of a transcript that failed, its error."""
    try:
        if transcript.status not in READABLE_STATUSES:
            raise job_error(transcript)
        return describe(transcript, read_request(QueryDict(str(asked["query"]))))
    except ApiError as error:
        return as_deepgram(error) | {"request_id": str(transcript.pk)}
