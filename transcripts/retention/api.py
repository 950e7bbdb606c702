"""`/api/v1/retention/`: how long the account's recordings and transcripts are stored."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import user_of
from transcripts.editing.api.conditional import read_body
from transcripts.editing.api.serializers import RetentionSerializer
from transcripts.retention.models import RetentionPolicy
from transcripts.retention.policy import read_policy, write_policy


class RetentionView(APIView):
    scopes = {"GET": "read", "PUT": "manage"}

    @extend_schema(operation_id="read_retention", responses=RetentionSerializer)
    def get(self, request: Request) -> Response:
        """Return how long your recordings and transcripts are stored."""
        return Response(_show(read_policy(user_of(request))))

    @extend_schema(
        operation_id="set_retention", request=RetentionSerializer, responses=RetentionSerializer
    )
    def put(self, request: Request) -> Response:
        """Set how long they are stored. What is past its time goes within the hour."""
        body = read_body(RetentionSerializer, request)
        return Response(_show(write_policy(user_of(request), **body)))


def _show(policy: RetentionPolicy) -> dict[str, int | None]:
    return {
        "audio_days": policy.audio_days,
        "transcript_days": policy.transcript_days,
        "embedding_days": policy.embedding_days,
    }
