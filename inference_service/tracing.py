"""Traces by OpenTelemetry over OTLP/HTTP: off unless STT_OTLP_URL is set.

A call that comes with a `traceparent` gets a span, each of its windows one below that, and each
batch one that links to the windows it served: it is no part of one call. Attributes are those
below: no text, nothing that a client wrote.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

# Of the call at work. Never reset: it ends with the context of the call's task.
_context: ContextVar["Context | None"] = ContextVar("trace_context", default=None)
_tracer: "Tracer | None" = None


def start_tracing(url: str) -> Callable[[], None]:
    """Send spans to `url`, if it isn't empty; return what sends the last ones at the end."""
    global _tracer  # one for a process
    if not url:
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "stt-inference"}))
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    _tracer = provider.get_tracer("stt")
    return provider.shutdown


def is_tracing() -> bool:
    return _tracer is not None


def begin_call(name: str, traceparent: str) -> "Span | None":
    """Begin the span of a call, and let what the call does be part of it."""
    if _tracer is None or not traceparent:
        return None
    from opentelemetry.trace import set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
    span = _tracer.start_span(name, context=parent)
    _context.set(set_span_in_context(span))
    return span


def begin_window(*, model: str, audio_s: float) -> "Span | None":
    """Begin the span of a window, from its place in the queue to its answer."""
    context = _context.get()
    if _tracer is None or context is None:
        return None
    attributes: dict[str, Any] = {"stt.model": model, "stt.audio.duration": audio_s}
    return _tracer.start_span("window", context=context, attributes=attributes)


def begin_batch(windows: "Sequence[Span | None]", *, model: str) -> "Span | None":
    """Begin the span of a batch; None where none of its windows is traced."""
    traced = [window for window in windows if window is not None]
    if _tracer is None or not traced:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace import Link

    attributes: dict[str, Any] = {"stt.model": model, "stt.batch.size": len(windows)}
    return _tracer.start_span(
        "batch",
        context=Context(),
        attributes=attributes,
        links=[Link(window.get_span_context()) for window in traced],
    )


def end(span: "Span | None", *, is_error: bool = False) -> None:
    if span is None:
        return
    if is_error:
        from opentelemetry.trace import Status, StatusCode

        span.set_status(Status(StatusCode.ERROR))
    span.end()
