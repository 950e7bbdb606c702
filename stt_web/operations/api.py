"""`/api/v1/operator/`: doctor's and bench's reports, for operators' keys (scope `operate`).

By key alone: a session at the pages has not shown a second factor, as the admin asks for. The views
check who asks, and threads of their own wait for the report: those of requests are shared, and a
minute in one would delay every request that sticks to it (`stt_web.core.asgi.thread_slots`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.keys.issue import OPERATE, NotOperatorError
from accounts.permissions import KeyAuthentication, user_of
from stt_web.core.documentation import documented_as, raises
from stt_web.operations.doctor import WITHIN_S
from stt_web.operations.reports import ReportFailedError, ReportRunningError, run_report

_LONGEST_BENCH_S = 60  # proxies end a request that is silent for longer
_SHORTEST_BENCH_S = 30
_LEVELS = ("ok", "warning", "failure")
_reporters = ThreadPoolExecutor(max_workers=4, thread_name_prefix="report")


class FindingSerializer(serializers.Serializer[object]):
    subject = serializers.CharField()
    level = serializers.ChoiceField(choices=_LEVELS)
    sentence = serializers.CharField(help_text="How it is.")
    cure = serializers.CharField(help_text="What to do; empty where nothing is to be done.")


class DoctorReportSerializer(serializers.Serializer[object]):
    worst = serializers.ChoiceField(choices=_LEVELS)
    findings = FindingSerializer(many=True)


class DoctorQuerySerializer(serializers.Serializer[object]):
    network = serializers.BooleanField(
        default=False, help_text="Also try the places that weights are fetched from."
    )


class FigureSerializer(serializers.Serializer[object]):
    name = serializers.CharField()
    value = serializers.FloatField()
    unit = serializers.CharField()
    detail = serializers.CharField(help_text="How it was measured, and its spread.")


class SkippedSerializer(serializers.Serializer[object]):
    name = serializers.CharField()
    reason = serializers.CharField()


class BenchReportSerializer(serializers.Serializer[object]):
    machine = serializers.DictField(
        child=serializers.JSONField(), help_text="What the figures depend on."
    )
    figures = FigureSerializer(many=True)
    skipped = SkippedSerializer(many=True, help_text="What could not be measured, and why.")
    took_s = serializers.FloatField()
    remark = serializers.CharField(help_text="What makes the figures worse than they could be.")


class BenchRequestSerializer(serializers.Serializer[object]):
    seconds = serializers.IntegerField(
        default=_LONGEST_BENCH_S,
        min_value=_SHORTEST_BENCH_S,
        max_value=_LONGEST_BENCH_S,
        help_text="About how long it may take.",
    )


class ReportResponse(Response):
    """Stands for a report that is still to be made: `answer_with_report` has it made."""

    def __init__(self, command: str, *arguments: str, within_s: float) -> None:
        super().__init__()
        self.command, self.arguments, self.within_s = command, arguments, within_s


def answer_with_report(view: type[APIView]) -> Callable[..., Any]:
    """Return the URL's view for an APIView that answers with a ReportResponse."""
    checked = view.as_view()

    @documented_as(view)
    @csrf_exempt  # there is no session
    async def answer(request: HttpRequest) -> HttpResponseBase:
        asked = await sync_to_async(checked)(request)
        if not isinstance(asked, ReportResponse):
            return asked
        make = sync_to_async(_make_report, thread_sensitive=False, executor=_reporters)
        return JsonResponse(await make(asked), headers={"Cache-Control": "no-store"})

    return answer


def _make_report(asked: ReportResponse) -> dict[str, Any]:
    """Raises ReportRunningError, ReportFailedError."""
    try:
        return run_report(asked.command, *asked.arguments, within_s=asked.within_s)
    finally:
        connections.close_all()  # the cache may be the database's


class DoctorView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"GET": OPERATE}

    @raises(NotOperatorError, ReportRunningError, ReportFailedError)
    @extend_schema(
        operation_id="examine_server",
        parameters=[DoctorQuerySerializer],
        responses=DoctorReportSerializer,
    )
    def get(self, request: Request) -> Response:
        """Examine the server: what is amiss, and what to do. Of operators; takes up to ten seconds.

        The same as `manage.py doctor` on the machine of the web process that answers.
        """
        check_operator(request)
        asked = DoctorQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        options = ("--network",) if asked.validated_data["network"] else ()
        return ReportResponse("doctor", *options, within_s=WITHIN_S)


class BenchView(APIView):
    authentication_classes = [KeyAuthentication]
    scopes = {"POST": OPERATE}

    @raises(NotOperatorError, ReportRunningError, ReportFailedError)
    @extend_schema(
        operation_id="measure_server",
        request=BenchRequestSerializer,
        responses=BenchReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """Measure the server on its own machine. Of operators; takes about a minute.

        The same as `manage.py bench` against the web process that answers. It leaves nothing
        behind, and others wait longer while it runs.
        """
        check_operator(request)
        asked = BenchRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        seconds = asked.validated_data["seconds"]
        options = ("--seconds", str(seconds), "--url", _own_address(request._request))
        return ReportResponse("bench", *options, within_s=seconds)


def check_operator(request: Request) -> None:
    """Raise NotOperatorError for a key of anyone else."""
    if not user_of(request).is_staff:
        raise NotOperatorError


def _own_address(request: HttpRequest) -> str:
    """Return where this process was called: its own socket, not that of a proxy."""
    host, port = request.META["SERVER_NAME"], request.META["SERVER_PORT"]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


operations_urlpatterns = [
    path("operator/doctor/", answer_with_report(DoctorView)),
    path("operator/bench/", answer_with_report(BenchView)),
]
