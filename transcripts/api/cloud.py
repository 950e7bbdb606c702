"""GET /api/v1/cloud/: the account's Private Cloud instances, and how they are at this moment."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import user_of
from billing.cloud import list_instances
from billing.models import CloudInstance
from transcripts.inference.health import ServerHealth, read_health
from transcripts.serializers import CloudSerializer


class CloudView(APIView):
    scopes = {"GET": "read"}

    @extend_schema(operation_id="list_cloud_instances", responses=CloudSerializer)
    def get(self, request: Request) -> Response:
        """Return your Private Cloud instances and their health; an empty list without any."""
        instances = list_instances(user_of(request))
        pairs = zip(instances, read_health(instances), strict=True)
        return Response({"instances": [_describe(*pair) for pair in pairs]})


def _describe(instance: CloudInstance, health: ServerHealth) -> dict[str, Any]:
    return {
        "id": str(instance.pk),
        "name": instance.name,
        "region": instance.region,
        "gpu": instance.gpu,
        "status": instance.status,
        "health": health.word,
        **_describe_server(health),
    }


def _describe_server(health: ServerHealth) -> dict[str, Any]:
    server = health.server
    if server is None:
        return {"device": None, "models": [], "queues": []}
    device = server.device
    return {
        "device": {
            "kind": device.kind,
            "name": device.name,
            "memory_bytes": device.memory_bytes,
            "compute_type": device.compute_type,
        },
        "models": [
            {"id": model.id, "loaded": model.loaded, "memory_bytes": model.memory_bytes}
            for model in server.models
            if model.available
        ],
        "queues": [
            {"priority": queue.priority, "waiting": queue.windows, "running": queue.sessions}
            for queue in server.queues
        ],
    }
