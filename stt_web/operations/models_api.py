"""`/api/v1/operator/models/`: what is installed, and having another model fetched, for operators'
keys (scope `operate`); the operators' page of models over the API.

Of the shared inference service. It fetches in a process of its own: the list tells how far it is.
"""

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import record_action_on
from accounts.keys.issue import OPERATE, NotOperatorError
from accounts.permissions import KeyAuthentication, user_of
from stt_web.core.documentation import raises
from stt_web.core.errors import ApiError
from stt_web.operations.api import check_operator
from transcripts.inference.catalog import InferenceUnavailableError, NoSuchModelError
from transcripts.inference.errors import InferenceError, ModelNotInstalledError
from transcripts.inference.servers import shared_server
from transcripts.inference.weights import list_weights, pull_weights
from transcripts.operator_models import OBJECT_TYPE


class NotAllRightsError(ApiError):
    """An operator without all rights sees the models, and has none fetched."""

    status = 403
    code = "not_all_rights"

    def __init__(self) -> None:
        super().__init__("Only an operator with all rights may do this.")


class ModelWeightsSerializer(serializers.Serializer[object]):
    id = serializers.CharField()
    kind = serializers.CharField(help_text="What it is for: recogniser, voice, …")
    licence = serializers.CharField()
    size_bytes = serializers.IntegerField(help_text="To be fetched; 0 where that is unknown.")
    disk_bytes = serializers.IntegerField(help_text="Of what is installed.")
    is_installed = serializers.BooleanField()
    is_pulling = serializers.BooleanField(help_text="Whether it is being fetched now.")
    pulled_bytes = serializers.IntegerField()
    pull_line = serializers.CharField(help_text="What fetching reported last; empty before.")
    pull_error = serializers.CharField(help_text="Why the last try failed, or nothing.")


class WeightsOnDiskSerializer(serializers.Serializer[object]):
    models = ModelWeightsSerializer(many=True)
    free_bytes = serializers.IntegerField(help_text="Of the disk that they lie on.")
    total_bytes = serializers.IntegerField()
    is_offline = serializers.BooleanField(help_text="Then nothing can be fetched.")


class PullRequestSerializer(serializers.Serializer[object]):
    model = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=500, help_text="For the audit log.")


class ModelsView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"GET": OPERATE}

    @raises(NotOperatorError, InferenceUnavailableError)
    @extend_schema(operation_id="list_weights", responses=WeightsOnDiskSerializer)
    def get(self, request: Request) -> Response:
        """List the models that are installed or could be, and what is fetched. Of operators."""
        check_operator(request)
        try:
            weights = list_weights(shared_server())
        except InferenceError as error:
            raise InferenceUnavailableError from error
        return Response(WeightsOnDiskSerializer(asdict(weights)).data)


class PullView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"POST": OPERATE}

    @raises(NotOperatorError, NotAllRightsError, NoSuchModelError, InferenceUnavailableError)
    @extend_schema(
        operation_id="pull_weights",
        request=PullRequestSerializer,
        responses={202: ModelWeightsSerializer},
    )
    def post(self, request: Request) -> Response:
        """Have a model fetched. Of operators with all rights; it is written in the audit log.

        It answers once fetching has begun: the list tells how far it is. A model that is there
        already stays as it is.
        """
        check_operator(request)
        operator = user_of(request)
        if not operator.is_superuser:
            raise NotAllRightsError
        asked = PullRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        model: str = asked.validated_data["model"]
        answer = _pull(model)
        record_action_on(
            operator,
            action="pull-model",
            object_type=OBJECT_TYPE,
            object_id=model,
            reason=asked.validated_data["reason"],
        )
        return Response(answer, status=202)


def _pull(model: str) -> dict[str, Any]:
    """Raises NoSuchModelError, InferenceUnavailableError."""
    try:
        begun = pull_weights(shared_server(), model)
    except ModelNotInstalledError as error:
        raise NoSuchModelError("There is no such model in the catalogue.") from error
    except InferenceError as error:
        raise InferenceUnavailableError from error
    return dict(ModelWeightsSerializer(asdict(begun)).data)


models_urlpatterns = [
    path("operator/models/", ModelsView.as_view()),
    path("operator/models/pull/", PullView.as_view()),
]
