"""Stand-ins that implement the engines' Protocols: quick, deterministic, recording their calls."""

import threading
import zlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from inference_service.engines.asr import (
    LanguageGuess,
    Samples,
    TextSegment,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.diarization import Description, VoiceTurn, known_descriptions

SAMPLE_RATE_HZ = 16_000


class EngineBrokenError(RuntimeError):
    """What a broken engine raises."""


@dataclass
class ManualClock:
    """A clock that the test moves."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def accept(request: WindowRequest) -> Verdict:
    return Verdict.ACCEPTED


@dataclass(eq=False)
class FakeRecogniser:
    """Answers a word for each second of a window, derived from that second's samples.

    While `gate` is cleared the accelerator hangs in a batch; `entered` is set once one began.
    """

    model_id: str = "fake"
    engine: str = "fake"
    device: str = "cpu"
    compute_type: str = "int8"
    detects_language: bool = True
    languages: frozenset[str] = frozenset({"cs", "en"})
    max_batch: int = 4
    max_calls: int = 1
    memory_bytes: int = 1000
    judge: Callable[[WindowRequest], Verdict] = accept
    guess: Callable[[object], list[LanguageGuess]] = lambda _: [LanguageGuess("en", 0.9)]
    revise: Callable[[TextSegment], TextSegment] = lambda segment: segment
    is_broken_by: Callable[[WindowRequest], bool] = lambda _: False
    clock: ManualClock | None = None
    seconds_per_window: float = 0.0
    batches: list[list[WindowRequest]] = field(default_factory=list)
    detections: list[int] = field(default_factory=list)
    prepared: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    is_closed: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    def prepare(self, samples: Samples) -> object:
        self.prepared += 1
        return samples.copy()

    def batch_key(self, request: WindowRequest) -> Hashable:
        return request.attempt

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        self.batches.append(list(batch))
        self.entered.set()
        self.gate.wait(timeout=30)
        if self.clock:
            self.clock.now_s += len(batch) * self.seconds_per_window
        if any(self.is_broken_by(request) for request in batch):
            raise EngineBrokenError
        return [self._answer(request) for request in batch]

    def detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        self.detections.append(len(features))
        return [self.guess(item) for item in features]

    def close(self) -> None:
        self.is_closed = True

    def _answer(self, request: WindowRequest) -> WindowText:
        verdict = self.judge(request)
        words = make_words(request.features) if isinstance(request.features, np.ndarray) else ()
        if verdict in {Verdict.RETRY, Verdict.EMPTY, Verdict.PAD}:
            return WindowText(verdict)
        if not words:
            return WindowText(Verdict.EMPTY)
        text = " ".join(word.text for word in words)
        language = request.options.language
        segment = self.revise(TextSegment(0.0, words[-1].end_s, text, words, language=language))
        if verdict is not Verdict.ACCEPTED:
            return WindowText(verdict, discarded=(segment,))
        return WindowText(verdict, (segment,))


def make_words(samples: Samples) -> tuple[TimedWord, ...]:
    """A word for each whole second."""
    seconds = [
        samples[start : start + SAMPLE_RATE_HZ]
        for start in range(0, len(samples) - SAMPLE_RATE_HZ + 1, SAMPLE_RATE_HZ)
    ]
    return tuple(
        TimedWord(
            text=f"{zlib.crc32(second.tobytes()):08x}",
            start_s=float(index),
            end_s=index + 1.0,
            confidence=0.9,
            space_before=index > 0,
        )
        for index, second in enumerate(seconds)
    )


@dataclass
class FakeEmbedder:
    """One turn for each region of speech, a step each, or an error; vectors of two numbers."""

    description: Description = field(default_factory=lambda: describe_model("fake-embedder", 2))
    is_broken: bool = False

    def start_task(
        self, samples: Samples, *, offset_s: float, speech: Sequence[tuple[float, float]]
    ) -> "FakeDiarizationTask":
        if self.is_broken:
            raise EngineBrokenError
        embedding = np.array([1.0, 2.0], np.float32)
        return FakeDiarizationTask(
            [VoiceTurn(offset_s + a, offset_s + b, embedding) for a, b in speech]
        )


@dataclass
class FakeDiarizationTask:
    waiting: list[VoiceTurn]
    turns: list[VoiceTurn] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return not self.waiting

    def step(self) -> None:
        self.turns.append(self.waiting.pop(0))


def describe_model(name: str, dimension: int) -> Description:
    """A description with the numbers of the real model, for vectors of another length."""
    (real,) = known_descriptions().values()
    return replace(real, name=name, embedding=replace(real.embedding, dimension=dimension))


@dataclass(eq=False)
class FakeTranslator:
    """Answers from a dictionary, the second time from another one; what it lacks comes back."""

    model_id: str
    first: dict[str, str] = field(default_factory=dict)
    second: dict[str, str] | None = None
    memory_bytes: int = 1000
    calls: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def has_second_attempt(self) -> bool:
        return self.second is not None

    def translate(
        self, sentences: Sequence[str], *, source: str, target: str, is_second: bool = False
    ) -> list[str]:
        self.calls.append((source, target, is_second))
        known = (self.second or {}) if is_second else self.first
        return [known.get(sentence, sentence) for sentence in sentences]

    def close(self) -> None:
        """There is nothing to free."""
