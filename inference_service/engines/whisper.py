"""Whisper on CTranslate2, through faster-whisper's parts, batched across requests.

The model's `encode`, `generate` and `align` are called here directly: the items of one call may
differ in language, task and the text of the prompt, so windows of different requests share it.
"""

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import cast

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, pad_or_trim

from inference_service.catalog import ModelEntry
from inference_service.engines.alignment import AlignmentRequest, GivenWord
from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeOptions,
    LanguageGuess,
    LanguageRun,
    Samples,
    TextSegment,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.language_track import place_slices, track_languages
from inference_service.engines.loading import EngineSettings, estimate_memory_bytes
from inference_service.engines.quality import (
    Scores,
    compute_compression_ratio,
    is_stationary,
    judge,
)
from inference_service.engines.whisper_alignment import place_words, tokenize_words
from inference_service.engines.whisper_prompt import Prompt, build_prompt
from inference_service.engines.whisper_storage import (
    Encoded,
    copy_item,
    take_items,
    to_host,
    to_storage,
)
from inference_service.engines.whisper_words import (
    AlignedText,
    find_token_starts,
    spell,
    split_into_phrases,
    time_words,
)

Features = npt.NDArray[np.float32]

_BEAM_SIZE = 5
_MAX_INITIAL_TIMESTAMP_INDEX = 50  # the first words begin in the first second (Whisper's default)
_MAX_FRAMES = 3000  # of 10 ms: 30 s
# Whisper's own bound on the text of a window; a short window gets a lower one, so that a decoder
# that never stops costs less. Two steps only: windows with different bounds can't share a batch.
_MAX_TOKENS = 224
_POSITIONS = 448  # of the decoder, for prompt and text
_SHORT_WINDOW_S = 6.0
_MAX_SHORT_TOKENS = 112
_CPU_BATCH = 8
# On a CPU two calls run side by side on the same weights (one where there is one core: they would
# only take turns on it); a GPU would hold them twice.
_CPU_CALLS = 2
_GPU_BATCH = 16


@dataclass(slots=True, eq=False)
class WindowFeatures:
    """One window, ready for the model, and what the model made of it so far."""

    mel: Features  # (n_mels, 3000), log, padded to 30 s
    n_frames: int  # of 10 ms, that hold audio
    # One item, kept after language detection and before a retry: encoding is the dear part.
    encoded: Encoded | None = None
    first: "Decoded | None" = None  # what the first attempt gave, if it was improbable


@dataclass(frozen=True, slots=True)
class Decoded:
    """One window's tokens, time tokens included, as the decoder gave them."""

    tokens: tuple[int, ...]
    text: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class _Timed:
    """A window with text, to align: its place in the batch."""

    index: int
    request: WindowRequest
    decoded: Decoded
    verdict: Verdict


class WhisperRecogniser:
    """A loaded Whisper; see the Protocols `Recogniser` and `Aligner`."""

    engine = "faster-whisper"

    def __init__(self, entry: ModelEntry, settings: EngineSettings) -> None:
        """Load the weights. Raises RuntimeError where they are damaged."""
        device = choose_device(settings.device)
        cpu_threads = settings.cpu_threads or len(os.sched_getaffinity(0))
        self.max_calls = min(_CPU_CALLS, cpu_threads) if device == "cpu" else 1
        self._whisper = _load(
            str(entry.path),
            device=device,
            calls=self.max_calls,
            compute_type=choose_compute_type(settings.compute_type, device),
            cpu_threads=cpu_threads,
        )
        self.model = self._whisper.model
        self.model_id = entry.id
        self.device = "cpu" if device == "cpu" else f"cuda:{self.model.device_index[0]}"
        self.compute_type = str(self.model.compute_type)
        self.languages = entry.languages
        self.detects_language = bool(self.model.is_multilingual)
        self.max_batch = settings.batch_size or (_CPU_BATCH if device == "cpu" else _GPU_BATCH)
        self.memory_bytes = estimate_memory_bytes(entry)
        self._get_tokenizer = lru_cache(maxsize=256)(self._make_tokenizer)
        self._get_prompt = lru_cache(maxsize=1024)(self._make_prompt)
        tokenizer = self._get_tokenizer("en", "transcribe")
        self.suppressed_tokens = list(get_suppressed_tokens(tokenizer, [-1]))
        self.end_token = tokenizer.eot

    def prepare(self, samples: Samples) -> WindowFeatures:
        # Only the audio is transformed; the rest of the 30 s are zeros, as in faster-whisper.
        mel = self._whisper.feature_extractor(samples)[..., :-1]
        return WindowFeatures(mel=pad_or_trim(mel), n_frames=min(mel.shape[-1], _MAX_FRAMES))

    def batch_key(self, request: WindowRequest) -> Hashable:
        prompt = self._get_prompt(request.options)
        return (prompt.sot_index, _bound_tokens(request.duration_s), request.attempt)

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        encoded = self._encode([_features_of(request) for request in batch])
        tracks = self._track_languages(encoded, batch)
        texts = [WindowText(Verdict.MIXED, languages=runs) for runs in tracks]
        single = [index for index, runs in enumerate(tracks) if len(runs) == 1]
        if not single:
            return texts
        if len(single) < len(batch):
            encoded = take_items(encoded, single)
        requests = [_speak(batch[index], tracks[index][0].language) for index in single]
        for index, text in zip(single, self._recognise_encoded(encoded, requests), strict=True):
            texts[index] = text
        return texts

    def _recognise_encoded(
        self, encoded: ctranslate2.StorageView, batch: Sequence[WindowRequest]
    ) -> list[WindowText]:
        """Decode and align windows of one language each."""
        attempts = self._generate(encoded, batch)
        texts: list[WindowText] = []
        timed: list[_Timed] = []
        for index, (request, attempt) in enumerate(zip(batch, attempts, strict=True)):
            decoded = _choose(request, attempt)
            verdict = judge(decoded.text, decoded.scores, is_last_attempt=_is_last(request))
            texts.append(WindowText(verdict))
            if verdict is Verdict.RETRY:
                features = _features_of(request)
                features.first, features.encoded = decoded, copy_item(encoded, index)
            elif decoded.text:
                timed.append(_Timed(index, request, decoded, verdict))
        for item, text in self._align(encoded, timed):
            texts[item.index] = text
        return texts

    def decode(self, batch: Sequence[WindowRequest]) -> list[Decoded]:
        """Return the tokens of each window as the decoder gives them, before the quality gate."""
        return self._generate(self._encode([_features_of(request) for request in batch]), batch)

    def detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        windows = [cast("WindowFeatures", item) for item in features]
        encoded = self._encode(windows)
        for index, window in enumerate(windows):
            window.encoded = copy_item(encoded, index)
        return self._guess(encoded)

    def check_words(self, words: Sequence[GivenWord], *, language: str) -> None:
        tokenize_words(words, self._get_tokenizer(language, "transcribe"))

    def align(self, batch: Sequence[AlignmentRequest]) -> list[tuple[TimedWord, ...]]:
        tokenizer = self._get_tokenizer(batch[0].language, "transcribe")
        tokens = [tokenize_words(request.words, tokenizer) for request in batch]
        windows = [cast("WindowFeatures", request.features) for request in batch]
        aligned = self._align_tokens(
            self._encode(windows),
            tokenizer,
            [[token for word in each for token in word] for each in tokens],
            n_frames=[window.n_frames for window in windows],
            durations_s=[request.duration_s for request in batch],
        )
        return [
            place_words(request.words, own, text)
            for request, own, text in zip(batch, tokens, aligned, strict=True)
        ]

    def close(self) -> None:
        self.model.unload_model()
        # The caches above refer back to this object: without this, memory waits for the collector.
        del self.model, self._whisper

    def _make_tokenizer(self, language: str, task: str) -> Tokenizer:
        return Tokenizer(
            self._whisper.hf_tokenizer, self.detects_language, task=task, language=language
        )

    def _make_prompt(self, options: DecodeOptions) -> Prompt:
        return build_prompt(self._get_tokenizer(options.language, options.task), options)

    def _encode(self, windows: Sequence[WindowFeatures]) -> ctranslate2.StorageView:
        """Encode what is not encoded yet; on the accelerator, (n, 1500, d_model)."""
        fresh = [window.mel for window in windows if window.encoded is None]
        if not fresh:
            return to_storage([window.encoded for window in windows if window.encoded is not None])
        output = self.model.encode(ctranslate2.StorageView.from_array(np.stack(fresh)))
        if len(fresh) == len(windows):
            return output
        encoded = iter(np.split(to_host(output), len(fresh)))
        return to_storage(
            [next(encoded) if window.encoded is None else window.encoded for window in windows]
        )

    def _generate(
        self, encoded: ctranslate2.StorageView, batch: Sequence[WindowRequest]
    ) -> list[Decoded]:
        prompts = [self._get_prompt(request.options) for request in batch]
        max_tokens = _bound_tokens(batch[0].duration_s)
        results = self.model.generate(
            encoded,
            [list(prompt.tokens) for prompt in prompts],
            # CTranslate2 allows min(max_length / 2, max_length - length of the prompt) new tokens.
            max_length=min(max(2 * max_tokens, len(prompts[0].tokens) + max_tokens), _POSITIONS),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self.suppressed_tokens,
            max_initial_timestamp_index=_MAX_INITIAL_TIMESTAMP_INDEX,
            # Beam search first; the second opinion is greedy, which stops early less often.
            beam_size=1 if batch[0].attempt else _BEAM_SIZE,
        )
        return [self._read_result(result) for result in results]

    def _read_result(self, result: ctranslate2.models.WhisperGenerationResult) -> Decoded:
        tokens = tuple(result.sequences_ids[0])
        text_tokens = [token for token in tokens if token < self.end_token]
        text = self._whisper.hf_tokenizer.decode(text_tokens).strip()
        # The score is the mean over the tokens; <|endoftext|> counts too, as in openai/whisper.
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        scores = Scores(avg_logprob, compute_compression_ratio(text), result.no_speech_prob)
        return Decoded(tokens, text, scores)

    def _track_languages(
        self, encoded: ctranslate2.StorageView, batch: Sequence[WindowRequest]
    ) -> list[tuple[LanguageRun, ...]]:
        """Return the languages of each window, in time order.

        The decoder is asked about slices of what the encoder gave for the window: one short step
        each, no further encoding (7 slices for 30 s: 2 to 3 % of a window's time with base). Every
        half slice is looked at where one disagrees with the language that is expected.
        """
        asking = [i for i, request in enumerate(batch) if _may_switch(request, self)]
        tracks: list[tuple[LanguageRun, ...]] = [
            (LanguageRun(0.0, request.duration_s, request.options.language),) for request in batch
        ]
        if not asking:
            return tracks
        arrays = to_host(encoded)
        for index in asking:
            request, frames = batch[index], _features_of(batch[index]).n_frames // 2
            known = request.options.languages or self.languages
            for is_fine in (False, True):
                slices = place_slices(min(frames, arrays.shape[1]), is_fine=is_fine)
                views = [arrays[index : index + 1, first:behind] for first, behind in slices]
                guesses = self._guess(to_storage(views))
                track = track_languages(slices, guesses, request, known=known)
                if not track.is_doubtful:
                    break
            tracks[index] = track.runs
        return tracks

    def _guess(self, encoded: ctranslate2.StorageView) -> list[list[LanguageGuess]]:
        return [
            [LanguageGuess(token[2:-2], float(probability)) for token, probability in guesses]
            for guesses in self.model.detect_language(encoded)
        ]

    def _align(
        self, encoded: ctranslate2.StorageView, timed: Sequence[_Timed]
    ) -> Iterable[tuple[_Timed, WindowText]]:
        """Time the words: one call of `align` for each language and task of the batch."""
        for (language, task), group in groupby(sorted(timed, key=_start_of), key=_start_of):
            items = list(group)
            tokenizer = self._get_tokenizer(language, task)
            phrases = [
                split_into_phrases(
                    item.decoded.tokens, tokenizer, duration_s=item.request.duration_s
                )
                for item in items
            ]
            aligned = self._align_tokens(
                take_items(encoded, [item.index for item in items]),
                tokenizer,
                [[token for phrase in each for token in phrase.tokens] for each in phrases],
                n_frames=[_features_of(item.request).n_frames for item in items],
                durations_s=[item.request.duration_s for item in items],
            )
            for item, each, text in zip(items, phrases, aligned, strict=True):
                yield item, _make_text(item, time_words(each, text, tokenizer))

    def _align_tokens(
        self,
        encoded: ctranslate2.StorageView,
        tokenizer: Tokenizer,
        tokens: Sequence[list[int]],
        *,
        n_frames: Sequence[int],
        durations_s: Sequence[float],
    ) -> list[AlignedText]:
        """Align the text tokens of windows of one language and task."""
        results = self.model.align(encoded, tokenizer.sot_sequence, tokens, n_frames)
        return [
            AlignedText(
                find_token_starts(result.alignments, n_tokens=len(own), duration_s=duration_s),
                result.text_token_probs,
            )
            for result, own, duration_s in zip(results, tokens, durations_s, strict=True)
        ]


def _load(
    folder: str, *, device: str, compute_type: str, cpu_threads: int, calls: int
) -> WhisperModel:
    try:
        return WhisperModel(
            folder,
            device=device,
            compute_type=compute_type,
            cpu_threads=cpu_threads,
            num_workers=calls,
            local_files_only=True,
        )
    except Exception as error:  # tokenizers raises nothing narrower for a damaged file
        raise RuntimeError(f"The Whisper in {folder} can't be loaded.") from error


def choose_device(device: str) -> str:
    """Turn `auto` into cuda where CTranslate2 finds such a device, else cpu."""
    if device != "auto":
        return device
    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def choose_compute_type(compute_type: str, device: str) -> str:
    """Turn `auto` into int8 on a CPU and float16 on a GPU."""
    if compute_type != "auto":
        return compute_type
    return "int8" if device == "cpu" else "float16"


def _bound_tokens(duration_s: float) -> int:
    return _MAX_SHORT_TOKENS if duration_s <= _SHORT_WINDOW_S else _MAX_TOKENS


def _is_last(request: WindowRequest) -> bool:
    return request.attempt >= ATTEMPTS - 1


def _may_switch(request: WindowRequest, recogniser: WhisperRecogniser) -> bool:
    return recogniser.detects_language and request.options.switch_penalty is not None


def _speak(request: WindowRequest, language: str) -> WindowRequest:
    """Return the request with the language that was found."""
    if request.options.language == language:
        return request
    return replace(request, options=replace(request.options, language=language))


def _choose(request: WindowRequest, attempt: Decoded) -> Decoded:
    """Return the likelier of both attempts."""
    first = _features_of(request).first
    return attempt if first is None else max(first, attempt, key=_likelihood)


def _likelihood(decoded: Decoded) -> float:
    return decoded.scores.avg_logprob


def _start_of(item: _Timed) -> tuple[str, str]:
    return item.request.options.language, item.request.options.task


def _features_of(request: WindowRequest) -> WindowFeatures:
    return cast("WindowFeatures", request.features)


def _make_text(item: _Timed, phrases: Sequence[tuple[TimedWord, ...]]) -> WindowText:
    features = _features_of(item.request)
    mel = features.mel[:, : features.n_frames]
    language = item.request.options.language
    segments = [_make_segment(words, item.decoded, language=language) for words in phrases]
    if item.verdict is not Verdict.ACCEPTED:
        return WindowText(item.verdict, discarded=tuple(segments))
    heard: list[TextSegment] = []
    discarded: list[TextSegment] = []
    for one in segments:
        is_made_up = is_stationary(mel, start_s=one.start_s, end_s=one.end_s)
        (discarded if is_made_up else heard).append(one)
    verdict = Verdict.ACCEPTED if heard else Verdict.NO_SPEECH if discarded else Verdict.EMPTY
    return WindowText(verdict, tuple(heard), tuple(discarded))


def _make_segment(words: tuple[TimedWord, ...], decoded: Decoded, *, language: str) -> TextSegment:
    return TextSegment(
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        text=spell(words),
        words=words,
        avg_logprob=decoded.scores.avg_logprob,
        compression_ratio=decoded.scores.compression_ratio,
        no_speech_prob=decoded.scores.no_speech_prob,
        language=language,
    )
