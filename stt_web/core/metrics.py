"""What Prometheus scrapes of a process of the web tier: names, and the port STT_METRICS_LISTEN.

Never on the public port. A label is a name of ours, one of few: no id, no path, no text of a client
(`bounded`). What is counted from the database is `transcripts.queue_metrics`, in one process.
"""

import threading
from collections.abc import Callable, Iterable

from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from stt_web.core.env import BadSettingError
from stt_web.core.metrics_server import start_metrics_server

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_WORK_SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 1800, 7200)
_OTHER = "other"
_MOST_VALUES = 200


def _histogram(
    name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


REQUEST_SECONDS = _histogram(
    "stt_http_request_duration_seconds",
    "From a request's head to the end of its answer.",
    "route",
    "method",
    "status_class",
)
JOB_WAIT_SECONDS = _histogram(
    "stt_job_wait_seconds", "From a job's order to its first worker.", "queue", "kind"
)
JOB_SECONDS = _histogram(
    "stt_job_duration_seconds",
    "From a job's first worker to its end.",
    "queue",
    "kind",
    "status",
    buckets=_WORK_SECONDS,
)
FIRST_SEGMENT_SECONDS = _histogram(
    "stt_time_to_first_segment_seconds",
    "From a recording's order to the first of its text.",
    "queue",
)
LIVE_FINAL_SECONDS = _histogram(
    "stt_live_final_latency_seconds",
    "From the end of what was said live to its final text; for audio that is sent as it is spoken.",
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30),
)
ERRORS = _counter("stt_errors", "Requests refused and jobs failed, by code.", "source", "code")
RATE_LIMITED = _counter("stt_rate_limited", "Requests refused because there were too many.")
CREDITS_CHARGED = _counter("stt_credits_charged", "Credits and free minutes charged.")
LEASES_LOST = _counter("stt_leases_lost", "Work whose lease another process took, or that ran out.")
SWEEPS_REQUEUED = _counter("stt_sweeps_requeued", "Work found without a worker and queued again.")
DELIVERIES = _counter("stt_webhook_deliveries", "Tries of webhook deliveries.", "result")


class _Bounds:
    """The values that each label has had: past `_MOST_VALUES` further ones are `other`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, set[str]] = {}

    def bound(self, label: str, value: str) -> str:
        with self._lock:
            seen = self._seen.setdefault(label, set())
            if value not in seen and len(seen) >= _MOST_VALUES:
                return _OTHER
            seen.add(value)
            return value


_bounds = _Bounds()


def bounded(label: str, value: str) -> str:
    """Return `value` as a label's value: a name in small letters, and not one too many."""
    is_name = len(value) <= 60 and value.replace("_", "").isalnum() and value.isascii()
    return _bounds.bound(label, value.lower()) if is_name else _OTHER


def count_error(source: str, code: str, *, status: int = 0) -> None:
    """Count a refusal; `source`: request or job."""
    ERRORS.labels(source, bounded("code", code)).inc()
    if status == 429:
        RATE_LIMITED.inc()


class GaugeCollector(Collector):
    """Gauges that are read together when they are scraped. Each: (name, help, labels, values)."""

    def __init__(
        self,
        read: Callable[[], Iterable[tuple[str, str, list[str], dict[tuple[str, ...], float]]]],
    ) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return []  # nothing is read before it is scraped

    def collect(self) -> Iterable[Metric]:
        for name, text, labels, values in self._read():
            family = GaugeMetricFamily(name, text, labels=labels)
            for label_values, value in values.items():
                family.add_metric(list(label_values), value)
            yield family


def serve_metrics() -> int:
    """Serve them at STT_METRICS_LISTEN, in a thread; return the port, 0 where none is set.

    Raises BadSettingError where the address can't be used.
    """
    if not settings.METRICS_LISTEN:
        return 0
    host, _, port = settings.METRICS_LISTEN.rpartition(":")
    try:
        return start_metrics_server(host.strip("[]"), int(port), REGISTRY)
    except OSError as error:
        raise BadSettingError(
            f"STT_METRICS_LISTEN is {settings.METRICS_LISTEN!r}, which can't be used: {error}. "
            "Each process needs a port of its own."
        ) from error
