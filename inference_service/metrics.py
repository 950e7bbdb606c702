"""What Prometheus scrapes: queue depth, batch fill, speed, the models' memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from inference_service.metrics_server import start_metrics_server
from inference_service.priority import Priority

Readings = Callable[[], Mapping[tuple[str, ...], float]]

_WAITS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The numbers of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._batch_fill = Histogram(
            "stt_batch_fill_ratio",
            "Windows in a batch, as a part of the largest batch of its model.",
            buckets=(0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0),
            registry=self.registry,
        )
        self._windows = self._counter("stt_windows", "Windows that went through the accelerator.")
        self._audio_s = self._counter("stt_audio_seconds", "Audio in these windows.")
        self._compute_s = self._counter(
            "stt_compute_seconds", "Time at work; RTFx = rate(audio) / rate(compute)."
        )
        self._uncovered = Counter(
            "stt_uncovered_speech_seconds",
            "Speech that is not in the text, by reason.",
            ["model", "reason"],
            registry=self.registry,
        )
        self._wait_s = Histogram(
            "stt_window_wait_seconds",
            "From a window's turn in the queue to the start of its batch.",
            ["priority", "model"],
            buckets=_WAITS_S,
            registry=self.registry,
        )
        self._embedded = self._labelled("stt_embedded_texts", "Texts that became vectors.")
        self._prompt_tokens = self._labelled(
            "stt_prompt_tokens", "Tokens that a language model read, without those it had cached."
        )
        self._completion_tokens = self._labelled(
            "stt_completion_tokens", "Tokens that a language model made."
        )
        self._translated = self._labelled("stt_translated_sentences", "Sentences translated.")
        self._untranslated = Counter(
            "stt_untranslated_sentences",
            "Sentences whose translation failed a guard, by guard.",
            ["reason"],
            registry=self.registry,
        )
        self._failed = self._counter("stt_failed_batches", "Batches in which the engine failed.")

    def record_batch(
        self, *, windows: int, max_batch: int, audio_s: float, elapsed_s: float
    ) -> None:
        self._batch_fill.observe(windows / max(1, max_batch))
        self._windows.inc(windows)
        self._audio_s.inc(audio_s)
        self._compute_s.inc(elapsed_s)

    def record_wait(self, model: str, priority: Priority, *, seconds: float) -> None:
        self._wait_s.labels(priority.name.lower(), model).observe(max(0.0, seconds))

    def record_gap(self, model: str, reason: str, *, seconds: float) -> None:
        self._uncovered.labels(model, reason).inc(seconds)

    def record_embedding(self, model: str, *, texts: int) -> None:
        self._embedded.labels(model).inc(texts)

    def record_generation(self, model: str, *, prompt_tokens: int, completion_tokens: int) -> None:
        self._prompt_tokens.labels(model).inc(max(0, prompt_tokens))
        self._completion_tokens.labels(model).inc(completion_tokens)

    def record_translation(self, model: str, *, sentences: int, failed: Sequence[str]) -> None:
        """failed: of these the guards that were failed."""
        self._translated.labels(model).inc(sentences - len(failed))
        for reason in failed:
            self._untranslated.labels(reason).inc()

    def record_failed_batch(self) -> None:
        self._failed.inc()

    def watch(
        self,
        *,
        count_waiting: Callable[[Priority], int],
        count_sessions: Callable[[Priority], int],
        count_requests: Callable[[], Mapping[tuple[Priority, str, bool], int]],
        loaded_models: Callable[[], Mapping[str, int]],
    ) -> None:
        """Read these at every scrape. `count_requests`: by priority, model, and if they run."""
        for state, is_running in (("running", True), ("waiting", False)):
            self._gauge(
                f"stt_requests_{state}",
                f"Sessions with a window that is {state}.",
                ("priority", "model"),
                partial(_count_where, count_requests, is_running=is_running),
            )
        self._gauge(
            "stt_queue_windows",
            "Windows waiting for the accelerator.",
            ("priority",),
            lambda: {(name.name.lower(),): count_waiting(name) for name in Priority},
        )
        self._gauge(
            "stt_sessions",
            "Open sessions.",
            ("priority",),
            lambda: {(name.name.lower(),): count_sessions(name) for name in Priority},
        )
        self._gauge(
            "stt_model_memory_bytes",
            "Memory of a loaded model.",
            ("model",),
            lambda: {(model,): memory for model, memory in loaded_models().items()},
        )

    def serve(self, *, host: str, port: int) -> int:
        """Serve /metrics in a thread; return the port (the one chosen, for port 0)."""
        return start_metrics_server(host, port, self.registry)

    def _counter(self, name: str, description: str) -> Counter:
        return Counter(name, description, registry=self.registry)

    def _labelled(self, name: str, description: str) -> Counter:
        return Counter(name, description, ["model"], registry=self.registry)

    def _gauge(self, name: str, description: str, labels: tuple[str, ...], read: Readings) -> None:
        self.registry.register(_Gauge(name, description, labels, read))


class _Gauge(Collector):
    """A value for each combination of labels, read when asked for."""

    def __init__(
        self, name: str, description: str, labels: tuple[str, ...], read: Readings
    ) -> None:
        self._name, self._description, self._labels, self._read = name, description, labels, read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._description, labels=self._labels)
        for labels, value in self._read().items():
            family.add_metric(labels, value)
        yield family


def _count_where(
    count_requests: Callable[[], Mapping[tuple[Priority, str, bool], int]], *, is_running: bool
) -> dict[tuple[str, ...], float]:
    return {
        (priority.name.lower(), model): count
        for (priority, model, runs), count in count_requests().items()
        if runs is is_running
    }
