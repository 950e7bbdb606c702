"""Which models an inference server has, and which of them runs for a name.

The answer is cached for a few seconds, and used for a minute longer while the service is down, so
that a restart of it is not an outage of every page that lists models. Work that may wait in a queue
is accepted on an answer of a day (`REMEMBERED_S`), also another process's (`catalog_memory`). One
call at a time asks; while the service is down, that is also once a second only.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from stt_web.core.errors import ApiError
from transcripts.inference.catalog_memory import CatalogMemory
from transcripts.inference.errors import InferenceError
from transcripts.inference.results import Model, ServerModels
from transcripts.options import PYANNOTE, TranscriptionOptions

logger = logging.getLogger(__name__)

FRESH_S = 3.0
STALE_S = 60.0
REMEMBERED_S = 24 * 3600.0
RETRY_S = 1.0
NO_TORCH = "The inference service knows no torch engines: it is of an older version."


class NoSuchModelError(ApiError):
    """There is no such model."""

    code = "unknown_model"


class NotInstalledHereError(ApiError):
    """No model is installed that can do this; the sentence has what to install."""

    status = 503
    code = "not_installed"


class InferenceUnavailableError(ApiError):
    """The inference service can't be reached; with Retry-After."""

    status = 503
    code = "inference_unavailable"
    message_text = "The inference service can't be reached at the moment. Try again shortly."

    def __init__(self) -> None:
        super().__init__(self.message_text, retry_after_s=5)


# What looking for a model raises, for `stt_web.core.documentation.raises`.
MODEL_ERRORS = (NoSuchModelError, NotInstalledHereError, InferenceUnavailableError)


class ModelDirectory:
    """The cached answer of one server. Thread-safe. `fetch` raises `InferenceError`."""

    def __init__(
        self,
        fetch: Callable[[], ServerModels],
        *,
        memory: CatalogMemory | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._memory = memory
        self._clock = clock
        self._lock = threading.Lock()
        self._known: ServerModels | None = None
        self._fetched_at = 0.0
        self._failed_at: float | None = None

    def list_models(self, *, stale_s: float = STALE_S) -> ServerModels:
        """Return what the server has, or had `stale_s` ago at most. Blocks ≤ 2 s.

        Raises `InferenceUnavailableError`.
        """
        with self._lock:
            if self._known is not None and self._age_s() < FRESH_S:
                return self._known
            if not self._failed_just_now():
                self._refresh()
            is_unknown = self._known is None or self._age_s() >= stale_s
            if is_unknown and stale_s > STALE_S:
                self._recall()
            if self._known is None or self._age_s() >= stale_s:
                raise InferenceUnavailableError
            if self._age_s() < FRESH_S:
                return self._known
            return replace(self._known, is_stale=True)

    def _refresh(self) -> None:
        try:
            self._known = self._fetch()
        except InferenceError as error:
            self._failed_at = self._clock()
            logger.warning("event=inference_info_failed code=%s", error.code)
            return
        self._fetched_at = self._clock()
        self._failed_at = None
        if self._memory is not None:
            self._memory.write(self._known)

    def _recall(self) -> None:
        recalled = self._memory.read() if self._memory is not None else None
        if recalled is not None:
            self._known, age_s = recalled
            self._fetched_at = self._clock() - max(age_s, FRESH_S)

    def _age_s(self) -> float:
        return self._clock() - self._fetched_at

    def _failed_just_now(self) -> bool:
        return self._failed_at is not None and self._clock() - self._failed_at < RETRY_S


def resolve_among(known: ServerModels, name: str) -> Model:
    """Return the model that runs when `name` (empty: the default) is asked for.

    Raises `ApiError`: 400 `unknown_model`, 503 `not_installed`.
    """
    asked = known.find(name or known.default_model)
    if asked is None and name:
        names = ", ".join(model.id for model in known.models)
        raise NoSuchModelError(f"There is no model {name!r:.100}. This server knows: {names}.")
    running = known.find(asked.served_by) if asked is not None else None
    if running is None:
        raise _not_installed(asked, known)
    return running


def check_engines(known: ServerModels, options: TranscriptionOptions) -> None:
    """Raise ApiError 503 `not_installed` where an engine that was named is not there."""
    for kind, name in (("diarizer", options.diarizer), ("aligner", options.aligner)):
        engines = [each for each in known.optional_engines if each.kind == kind]
        is_torch = name == PYANNOTE or any(each.id == name for each in engines)
        if not is_torch or any(each.available for each in engines):
            continue
        hint = next((each.install_hint for each in engines), NO_TORCH)
        raise NotInstalledHereError(
            f"{name} can't be used on this server at the moment. {hint}",
            extra={"missing": name, "install_hint": hint},
        )


def merge_models(several: Sequence[ServerModels]) -> ServerModels:
    """Return what several servers have together; of a model, the one that is installed counts.

    Other properties of a server are the first one's.
    """
    merged: dict[str, Model] = {}
    for model in (model for known in several for model in known.models):
        seen = merged.get(model.id)
        if seen is None or _rank(model) > _rank(seen):
            merged[model.id] = model
    texts = {model.id: model for known in several for model in known.text_models}
    texts |= {
        model.id: model for known in several for model in known.text_models if model.available
    }
    able = next((known for known in several if known.torch_state == "ok"), several[0])
    return replace(
        several[0],
        models=tuple(merged.values()),
        text_models=tuple(texts.values()),
        optional_engines=able.optional_engines,
        torch_state=able.torch_state,
    )


def _rank(model: Model) -> tuple[bool, bool]:
    return model.available, bool(model.served_by)


def _not_installed(asked: Model | None, known: ServerModels) -> NotInstalledHereError:
    installed = known.installed()
    there = f"Installed: {', '.join(installed)}."
    if not installed:
        there = "No speech recognition model is installed on this server yet."
    lacking = f"{asked.id} is not installed on this server." if asked and installed else ""
    hint = asked.install_hint if asked and installed else _first_hint(known)
    return NotInstalledHereError(
        " ".join(filter(None, (lacking, there, hint))),
        extra={"installed": installed, "install_hint": hint},
    )


def _first_hint(known: ServerModels) -> str:
    """Return how to install the smallest model that knows more than English."""
    hints = [each.install_hint for each in known.models if each.detects_language]
    return next(filter(None, reversed(hints)), "")
