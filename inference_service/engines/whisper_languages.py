"""Which languages Whisper finds in the windows of a batch, from what its encoder gave already."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Protocol

import ctranslate2
import numpy as np

from inference_service.engines.asr import (
    LanguageGuess,
    LanguageRun,
    WindowRequest,
    WindowText,
)
from inference_service.engines.language_track import (
    LanguageTrack,
    Slice,
    choose_certain,
    place_interval,
    place_slices,
    track_languages,
)
from inference_service.engines.whisper_decode import Encoded, EncodedBatch

Guesses = list[tuple[str, float]]  # `<|en|>` and its probability, likeliest first


# Of parts of a window, in the encoder's frames of 20 ms.
Examine = Callable[[WindowRequest, Sequence[Slice]], list[list[LanguageGuess]]]


class Detector(Protocol):
    """What is needed of `ctranslate2.models.Whisper`."""

    def detect_language(self, features: ctranslate2.StorageView) -> list[Guesses]: ...


def track_batch(
    encoded: EncodedBatch,
    batch: Sequence[WindowRequest],
    n_frames: Sequence[int],
    *,
    detector: Detector,
    examine: Examine,
    known: Set[str],
) -> list[tuple[LanguageRun, ...]]:
    """Return the languages of each window, in time order; one where none is to be detected.

    The decoder is asked about slices of the encoder's output: a short step for each, no further
    encoding (7 slices for 30 s: 60 ms beside 2 s for the window, with base on one core). Half
    slices are examined where one disagrees with the language that is expected.
    n_frames: of 10 ms, that hold audio. examine: guesses the languages of parts of a window, each
    encoded by itself.
    """
    tracks: list[tuple[LanguageRun, ...]] = []
    for request, frames, item in zip(batch, n_frames, _split(encoded, batch), strict=True):
        if item is None:
            tracks.append((LanguageRun(0.0, request.duration_s, request.options.language),))
            continue
        languages = (request.options.languages or known) | {request.options.language}
        window = _Window(item, request, min(frames // 2, item.shape[1]), languages)
        tracks.append(_track(window, detector=detector, examine=examine).runs)
    return tracks


def set_language(request: WindowRequest, language: str) -> WindowRequest:
    """Return the request with the language that was found."""
    if request.options.language == language:
        return request
    return replace(request, options=replace(request.options, language=language))


def with_probability(text: WindowText, probability: float) -> WindowText:
    """Return the text with how probable its language was; 0: that was not asked."""
    if not probability:
        return text
    segments = [replace(each, language_probability=probability) for each in text.segments]
    return replace(text, segments=tuple(segments))


def read_guesses(guesses: Guesses) -> list[LanguageGuess]:
    return [LanguageGuess(token[2:-2], float(probability)) for token, probability in guesses]


def _split(encoded: EncodedBatch, batch: Sequence[WindowRequest]) -> list[Encoded | None]:
    """Return the items of windows whose language isn't certain; from a GPU they are copied."""
    is_open = [request.options.switch_penalty is not None for request in batch]
    if not any(is_open):
        return [None] * len(batch)
    items = encoded.split()
    return [item if wanted else None for item, wanted in zip(items, is_open, strict=True)]


@dataclass(frozen=True, slots=True)
class _Window:
    item: Encoded
    request: WindowRequest
    frames: int  # of the encoder's, that hold audio
    languages: Set[str]  # that may occur


def _track(window: _Window, *, detector: Detector, examine: Examine) -> LanguageTrack:
    """Look closer, and closer still, only where something disagrees."""
    slices, guesses = _guess(window, detector=detector, is_fine=False)
    track = track_languages(slices, guesses, window.request, known=window.languages)
    if not track.is_uncertain:
        return track
    slices, guesses = _guess(window, detector=detector, is_fine=True)
    track = track_languages(slices, guesses, window.request, known=window.languages)
    if not track.intervals:
        return track
    parts = [place_interval(interval, slices) for interval in track.intervals]
    certain = {
        index: language
        for interval, found in zip(track.intervals, examine(window.request, parts), strict=True)
        if (language := choose_certain(found, known=window.languages))
        for index in interval
    }
    return track_languages(slices, guesses, window.request, known=window.languages, certain=certain)


def _guess(
    window: _Window, *, detector: Detector, is_fine: bool
) -> tuple[list[Slice], list[list[LanguageGuess]]]:
    slices = place_slices(window.frames, is_fine=is_fine)
    views = np.concatenate([window.item[:, first:behind] for first, behind in slices])
    found = detector.detect_language(ctranslate2.StorageView.from_array(views))
    return slices, list(map(read_guesses, found))
