"""Whisper on CTranslate2, through faster-whisper's parts, batched across requests.

The model's `encode`, `generate` and `align` are called here directly: the items of one call may
differ in language, task and the text of the prompt, so windows of different requests share it.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import cast

import ctranslate2
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from inference_service.catalog import ModelEntry
from inference_service.catalog.entries import WindowMargin
from inference_service.catalog.weights import read_weights_bytes
from inference_service.engines.alignment import AlignmentRequest, GivenWord
from inference_service.engines.asr import (
    ATTEMPTS,
    DecodeOptions,
    LanguageGuess,
    Samples,
    TimedWord,
    Verdict,
    WindowRequest,
    WindowText,
)
from inference_service.engines.batch_memory import choose_batch_size, run_halving
from inference_service.engines.language_track import Slice
from inference_service.engines.quality import (
    MAX_NO_SPEECH_PROB,
    Scores,
    compute_compression_ratio,
    judge,
)
from inference_service.engines.settings import EngineSettings, count_threads
from inference_service.engines.token_bounds import bound_tokens
from inference_service.engines.whisper_alignment import place_words, tokenize_words
from inference_service.engines.whisper_decode import EncodedBatch, Prompt, build_prompt
from inference_service.engines.whisper_features import Decoded, WindowFeatures, pad_features
from inference_service.engines.whisper_languages import (
    read_guesses,
    set_language,
    track_batch,
    with_probability,
)
from inference_service.engines.whisper_loading import (
    choose_compute_type,
    choose_device,
    load_whisper,
)
from inference_service.engines.whisper_text import make_text
from inference_service.engines.whisper_words import (
    AlignedText,
    find_token_starts,
    split_into_phrases,
    time_words,
)
from inference_service.engines.window_length import (
    MAX_FRAMES,
    choose_length,
    count_frames,
    draft_margin,
)

_BEAM_SIZE = 5
_MAX_INITIAL_TIMESTAMP_INDEX = 50  # the first words begin in the first second (Whisper's default)
_POSITIONS = 448  # of the decoder, for prompt and text
# A time this far behind the window's end is not that of rounded seconds ("2.0" for 1.4 s).
_STRAY_S = 1.0
_CPU_BATCH = 8
# On a CPU two calls run side by side on the same weights (one where there is one core: they would
# only take turns on it); a GPU would hold them twice.
_CPU_CALLS = 2


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
        cpu_threads = count_threads(settings)
        self.max_calls = min(_CPU_CALLS, cpu_threads) if device == "cpu" else 1
        self._whisper = load_whisper(
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
        self.memory_bytes = read_weights_bytes(entry)
        fitting = choose_batch_size(
            memory_bytes=settings.device_memory_mb * 1_000_000, weights_bytes=self.memory_bytes
        )
        self.max_batch = settings.batch_size or (_CPU_BATCH if device == "cpu" else fitting)
        self.window_margin = entry.window_margin
        self._get_tokenizer = lru_cache(maxsize=256)(self._make_tokenizer)
        self._get_prompt = lru_cache(maxsize=1024)(self._make_prompt)
        tokenizer = self._get_tokenizer("en", "transcribe")
        self.suppressed_tokens = list(get_suppressed_tokens(tokenizer, [-1]))
        self.end_token = tokenizer.eot
        self._first_time_token = tokenizer.timestamp_begin

    def prepare(self, samples: Samples) -> WindowFeatures:
        # Only the audio is transformed; the silence behind it is zeros, as in faster-whisper.
        mel = self._whisper.feature_extractor(samples)[..., :-1]
        return WindowFeatures(mel[..., :MAX_FRAMES])

    def batch_key(self, request: WindowRequest) -> Hashable:
        prompt = self._get_prompt(request.options)
        max_tokens = self._bound_tokens(request)
        length = self._length_of(request)
        return (prompt.sot_index, max_tokens, length, request.attempt, request.is_draft)

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        return run_halving(self._recognise, batch, on_halved=self._bound_batches)

    def _recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        encoded = self.encode(batch)
        n_frames = [_features_of(request).n_frames for request in batch]
        tracks = track_batch(
            encoded,
            batch,
            n_frames,
            detector=self.model,
            examine=self._guess_parts,
            known=self.languages,
        )
        texts = [WindowText(Verdict.MIXED, languages=runs) for runs in tracks]
        single = [index for index, runs in enumerate(tracks) if len(runs) == 1]
        if not single:
            return texts
        if len(single) < len(batch):
            encoded = EncodedBatch(encoded.take(single))
        requests = [set_language(batch[index], tracks[index][0].language) for index in single]
        for index, text in zip(single, self._recognise_encoded(encoded, requests), strict=True):
            texts[index] = with_probability(text, tracks[index][0].probability)
        return texts

    def _recognise_encoded(
        self, encoded: EncodedBatch, batch: Sequence[WindowRequest]
    ) -> list[WindowText]:
        """Decode and align windows of one language each."""
        attempts = self._generate(encoded.storage, batch)
        texts: list[WindowText] = []
        timed: list[_Timed] = []
        for index, (request, attempt) in enumerate(zip(batch, attempts, strict=True)):
            decoded = _features_of(request).choose(attempt)
            verdict = judge(decoded.text, decoded.scores, is_last_attempt=_is_last(request))
            if self._needs_padding(request, decoded, verdict):
                verdict = Verdict.RETRY if request.is_draft else Verdict.PAD
            texts.append(WindowText(verdict))
            if verdict is Verdict.RETRY and not request.is_draft:
                _features_of(request).store_attempt(decoded, encoded=encoded.copy_item(index))
            elif verdict not in {Verdict.PAD, Verdict.RETRY} and decoded.text:
                timed.append(_Timed(index, request, decoded, verdict))
        for item, text in self._align(encoded, timed):
            texts[item.index] = text
        return texts

    def decode(self, batch: Sequence[WindowRequest]) -> list[Decoded]:
        """Return the tokens of each window as the decoder gives them, before the quality gate."""
        return self._generate(self.encode(batch).storage, batch)

    def detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        return run_halving(self._detect_language, features, on_halved=self._bound_batches)

    def _detect_language(self, features: Sequence[object]) -> list[list[LanguageGuess]]:
        windows = [cast("WindowFeatures", item) for item in features]
        guesses: dict[int, list[LanguageGuess]] = {}
        lengths = [choose_length(window.n_frames, self.window_margin) for window in windows]
        for length in set(lengths):
            indexes = [index for index, each in enumerate(lengths) if each == length]
            encoded = self._encode([windows[index] for index in indexes], length=length)
            for index, item in zip(indexes, encoded.split(), strict=True):
                windows[index].encoded = item.copy()
            detected = map(read_guesses, self.model.detect_language(encoded.storage))
            guesses |= dict(zip(indexes, detected, strict=True))
        return [guesses[index] for index in range(len(windows))]

    def _guess_parts(
        self, request: WindowRequest, parts: Sequence[Slice]
    ) -> list[list[LanguageGuess]]:
        """Guess the language of parts of a window, each encoded by itself."""
        return self._detect_language([_features_of(request).cut(part) for part in parts])

    def check_words(self, words: Sequence[GivenWord], *, language: str) -> None:
        tokenize_words(words, self._get_tokenizer(language, "transcribe"))

    def align(self, batch: Sequence[AlignmentRequest]) -> list[tuple[TimedWord, ...]]:
        return run_halving(self._align_words, batch, on_halved=self._bound_batches)

    def _align_words(self, batch: Sequence[AlignmentRequest]) -> list[tuple[TimedWord, ...]]:
        tokenizer = self._get_tokenizer(batch[0].language, "transcribe")
        tokens = [tokenize_words(request.words, tokenizer) for request in batch]
        windows = [cast("WindowFeatures", request.features) for request in batch]
        # One call for all, and times of given words are asked for seldom: padded.
        aligned = self._align_tokens(
            self._encode(windows, length=MAX_FRAMES).storage,
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

    def _bound_batches(self, windows: int) -> None:
        """Make no batch larger than what was too large already: until the model is loaded again."""
        self.max_batch = min(self.max_batch, windows)

    def _make_tokenizer(self, language: str, task: str) -> Tokenizer:
        return Tokenizer(
            self._whisper.hf_tokenizer, self.detects_language, task=task, language=language
        )

    def _make_prompt(self, options: DecodeOptions) -> Prompt:
        return build_prompt(self._get_tokenizer(options.language, options.task), options)

    def _length_of(self, request: WindowRequest) -> int:
        """Return the frames at which a request is encoded; known before its features are made."""
        # The second attempt follows a first one that failed, padded at last.
        if request.is_padded or request.attempt > 0:
            return MAX_FRAMES
        n_frames = count_frames(request.duration_s)
        margins = {self.window_margin, self._margin_for(request)}
        return min(choose_length(n_frames, margin) for margin in margins)

    def _margin_for(self, request: WindowRequest) -> WindowMargin | None:
        # A GPU would gain nothing by shorter drafts: its batches would only be smaller.
        if not request.is_draft or self.device != "cpu":
            return self.window_margin
        # What language detection encoded serves again.
        is_encoded = request.features is not None and _features_of(request).encoded is not None
        return self.window_margin if is_encoded else draft_margin(self.window_margin)

    def _bound_tokens(self, request: WindowRequest) -> int:
        """Tight where another decoding follows that isn't, or a newer draft."""
        is_tight = request.is_draft or self._length_of(request) < MAX_FRAMES
        return bound_tokens(request.duration_s, is_tight=is_tight)

    def _needs_padding(self, request: WindowRequest, decoded: Decoded, verdict: Verdict) -> bool:
        """Return whether what fails may fail because of the short window: loops, or finds
        nothing."""
        if self._length_of(request) == MAX_FRAMES:
            return False
        is_endless = len(decoded.tokens) >= self._bound_tokens(request)
        # Measured: on a melody the text of a short window is likelier than that of a padded one,
        # which is dropped; the model's no-speech probability is as large in both.
        is_uncertain = decoded.scores.no_speech_prob > MAX_NO_SPEECH_PROB
        # And where the text is worse than a padded window's, it may end long after the speech.
        ends_s = decoded.find_end_s(self._first_time_token)
        is_astray = ends_s > request.duration_s + _STRAY_S
        return is_endless or is_uncertain or is_astray or verdict is not Verdict.ACCEPTED

    def encode(self, batch: Sequence[WindowRequest]) -> EncodedBatch:
        """Return the encoder's output for requests of one `batch_key`."""
        length = self._length_of(batch[0])
        return self._encode([_features_of(request) for request in batch], length=length)

    def _encode(self, windows: Sequence[WindowFeatures], *, length: int) -> EncodedBatch:
        """Encode what is not encoded yet at this length, in frames of 10 ms."""
        known = [window.encoded_at(length) for window in windows]
        fresh = [each for each, item in zip(windows, known, strict=True) if item is None]
        if not fresh:
            return EncodedBatch.join([item for item in known if item is not None])
        mel = ctranslate2.StorageView.from_array(pad_features(fresh, length=length))
        output = EncodedBatch(self.model.encode(mel))
        if len(fresh) == len(windows):
            return output
        encoded = iter(output.split())
        return EncodedBatch.join([next(encoded) if item is None else item for item in known])

    def _generate(
        self, encoded: ctranslate2.StorageView, batch: Sequence[WindowRequest]
    ) -> list[Decoded]:
        prompts = [self._get_prompt(request.options) for request in batch]
        max_tokens = self._bound_tokens(batch[0])
        results = self.model.generate(
            encoded,
            [list(prompt.tokens) for prompt in prompts],
            # CTranslate2 allows min(max_length / 2, max_length - length of the prompt) new tokens.
            max_length=min(max(2 * max_tokens, len(prompts[0].tokens) + max_tokens), _POSITIONS),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self.suppressed_tokens,
            max_initial_timestamp_index=_MAX_INITIAL_TIMESTAMP_INDEX,
            # Beam search first; the second opinion is greedy, which stops early less often. A
            # draft is greedy too: what it gets wrong, the decoding at the pause mends.
            beam_size=1 if batch[0].attempt or batch[0].is_draft else _BEAM_SIZE,
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

    def _align(
        self, encoded: EncodedBatch, timed: Sequence[_Timed]
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
                encoded.take([item.index for item in items]),
                tokenizer,
                [[token for phrase in each for token in phrase.tokens] for each in phrases],
                n_frames=[_features_of(item.request).n_frames for item in items],
                durations_s=[item.request.duration_s for item in items],
            )
            for item, each, text in zip(items, phrases, aligned, strict=True):
                own = make_text(
                    time_words(each, text, tokenizer),
                    decoded=item.decoded,
                    verdict=item.verdict,
                    language=language,
                    features=_features_of(item.request),
                )
                yield item, own

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


def _is_last(request: WindowRequest) -> bool:
    return request.attempt >= ATTEMPTS - 1


def _start_of(item: _Timed) -> tuple[str, str]:
    return item.request.options.language, item.request.options.task


def _features_of(request: WindowRequest) -> WindowFeatures:
    return cast("WindowFeatures", request.features)
