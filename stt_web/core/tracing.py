"""Traces by OpenTelemetry over OTLP/HTTP: off unless STT_OTLP_URL is set, and then nothing costs.

One upload is one trace: request → task → stages → the inference service's call → its windows, which
the batches that served them link to. So is one live socket, from its opening to its end. Their
queries are spans, too: verb and table, without the SQL and its values. The parent travels in
Celery's headers and gRPC's metadata as W3C `traceparent`. One that a client sends is ignored: who
has traces made is the operator's matter.

A span holds only attributes that `ATTRIBUTES` lists: no text, key, file name, path, query string,
and no exception, whose message may quote any of them.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

ATTRIBUTES: Final = frozenset(
    (
        "db.collection.name",
        "db.operation.name",
        "db.system.name",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.destination.name",
        "stt.audio.duration",
        "stt.language",
        "stt.model",
        "stt.request_id",
        "stt.stage",
    )
)
# Statements of Django's own making: a verb, and the first table that is named.
_VERB = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([a-z][a-z0-9_]{0,62})\b"?', re.IGNORECASE)
_tracer: "Tracer | None" = None


def start_tracing(service: str) -> None:
    """Send the spans of this process to STT_OTLP_URL, as `service`; nothing where none is set."""
    global _tracer  # one for a process
    if not settings.OTLP_URL or _tracer is not None:
        return
    # Only now: they take 100 ms to import.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        resource=Resource.create({"service.name": service}),
        sampler=ParentBased(TraceIdRatioBased(settings.TRACE_RATIO)),
    )
    exporter = OTLPSpanExporter(endpoint=f"{settings.OTLP_URL}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    _tracer = provider.get_tracer("stt")
    connection_created.connect(_trace_connection, dispatch_uid="stt-tracing")


def _trace_connection(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _trace_query not in connection.execute_wrappers:  # it was connected before
        connection.execute_wrappers.append(_trace_query)


def _trace_query(
    execute: Callable[..., Any], sql: str, params: object, many: bool, context: dict[str, Any]
) -> Any:
    """Trace a query, where what it belongs to is traced; nothing of its values is read."""
    from opentelemetry.trace import get_current_span

    if not get_current_span().is_recording():
        return execute(sql, params, many, context)
    verb, table = describe_query(sql)
    system = str(context["connection"].vendor)
    name = f"{verb} {table}".strip()
    with span(name, db__system__name=system, db__operation__name=verb) as traced:
        if table:
            note(traced, db__collection__name=table)
        return execute(sql, params, many, context)


def describe_query(sql: str) -> tuple[str, str]:
    """Return the verb and the first table of a statement; `OTHER` and nothing for other ones."""
    verb = _VERB.match(sql)
    if verb is None:
        return "OTHER", ""
    table = _TABLE.search(sql)
    return verb.group(1).upper(), table.group(1) if table else ""


@contextlib.contextmanager
def span(
    name: str, *, parent: Mapping[str, str] | None = None, **attributes: str | float
) -> "Iterator[Span | None]":
    """Trace the block, as a part of what is traced around it, or of `parent` (see `carry`).

    Names of attributes have `__` for a dot. Yields None where tracing is off.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract(parent) if parent is not None else None
    with _tracer.start_as_current_span(
        name, context=context, record_exception=False, set_status_on_exception=False
    ) as current:
        note(current, **attributes)
        try:
            yield current
        except BaseException:
            current.set_status(Status(StatusCode.ERROR))
            raise


def note(current: "Span | None", **attributes: str | float) -> None:
    """Add attributes to a span; `__` in a name stands for a dot."""
    if current is None:
        return
    for name, value in attributes.items():
        dotted = name.replace("__", ".")
        if dotted not in ATTRIBUTES:
            raise ValueError(f"{dotted} is no attribute of a span; see ATTRIBUTES.")
        current.set_attribute(dotted, value)


def note_current(**attributes: str | float) -> None:
    """Add attributes to the span of the block at hand, if it is traced."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span

        if (current := get_current_span()).is_recording():
            note(current, **attributes)


def carry() -> dict[str, str]:
    """Return `{"traceparent": …}` of the block at hand, for a message; empty outside of a trace."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(carrier)
    return {name: value for name, value in carrier.items() if name == "traceparent"}
