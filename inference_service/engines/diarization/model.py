"""A speaker model at work: segmentation of windows, embeddings of chunks, by onnxruntime."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from inference_service.engines.diarization import activity
from inference_service.engines.diarization.activity import Tracks, VoiceChunk, WindowPlan
from inference_service.engines.diarization.description import Description
from inference_service.engines.diarization.embedder import (
    SAMPLE_RATE_HZ,
    EmbedderError,
    Embedding,
    Samples,
    VoiceTurn,
)
from inference_service.engines.diarization.front_end import FeatureExtractor, Features


class SpeakerModel:
    """About 130 MB; each call uses one thread, its caller's, and the others are left to
    recognition."""

    def __init__(self, description: Description, folder: Path) -> None:
        """Raises EmbedderError if a file is missing, unreadable, or not as described."""
        self.description = description
        self.extractor = FeatureExtractor(description.front_end)
        self._segmentation = _open(folder / description.segmentation.file)
        self._embedding = _open(folder / description.embedding.file)
        self._check(folder)

    def start_task(
        self, samples: Samples, *, offset_s: float, speech: Sequence[tuple[float, float]]
    ) -> "SpeakerModelTask":
        """See `Embedder`."""
        return SpeakerModelTask(self, samples, offset_s=offset_s, speech=speech)

    def segment(self, samples: Samples) -> Tracks:
        """Who speaks in one window; what is missing of it is taken for silence. About 34 ms.

        samples: float32 (at most a window,), 16 kHz. Returns (frames, local speakers).
        """
        model = self.description.segmentation
        window = np.zeros((1, 1, round(model.window_s * SAMPLE_RATE_HZ)), np.float32)
        window[0, 0, : samples.size] = samples
        return activity.read_tracks(_run(self._segmentation, window)[0], model)

    def embed(self, features: Features) -> Embedding:
        """float32 (dimension,), of length 1. features: (frames, bands), as the front end made them.

        About 30 ms for 2 s.
        """
        raw = _run(self._embedding, self.extractor.centre(features)[None])[0]
        return np.asarray(raw / max(float(np.linalg.norm(raw)), 1e-9), np.float32)

    def _check(self, folder: Path) -> None:
        description = self.description
        try:
            tracks = self.segment(np.zeros(0, np.float32))
            frames = max(description.embedding.least_frames, 2)
            zeros = np.zeros((frames, description.front_end.bands), np.float32)
            width = self.embed(zeros).shape[-1]
        except Exception as error:  # onnxruntime raises a class per cause, without a common base
            raise EmbedderError(
                f"The model in {folder} is not what its model.json says."
            ) from error
        if len(tracks) != description.segmentation.frames:
            raise EmbedderError(
                f"{folder / description.segmentation.file} has {len(tracks)} frames."
            )
        if width != description.embedding.dimension:
            raise EmbedderError(f"{folder / description.embedding.file} gives {width} numbers.")


class SpeakerModelTask:
    """See `DiarizationTask`: a step is one window, or one chunk."""

    def __init__(
        self,
        model: SpeakerModel,
        samples: Samples,
        *,
        offset_s: float,
        speech: Sequence[tuple[float, float]],
    ) -> None:
        self._model = model
        self._samples = samples
        self._offset_s = offset_s
        plans = activity.plan_windows(samples.size / SAMPLE_RATE_HZ, model.description.segmentation)
        self._plans = deque(plan for plan in plans if _holds_speech(plan, speech))
        self._chunks: deque[VoiceChunk] = deque()
        self._turns: list[VoiceTurn] = []

    @property
    def is_done(self) -> bool:
        return not (self._plans or self._chunks)

    @property
    def turns(self) -> list[VoiceTurn]:
        return sorted(self._turns, key=lambda turn: (turn.start_s, turn.end_s))

    def step(self) -> None:
        if self._chunks:
            self._embed(self._chunks.popleft())
        elif self._plans:
            self._segment(self._plans.popleft())

    def _segment(self, plan: WindowPlan) -> None:
        description = self._model.description
        model = description.segmentation
        tracks = self._model.segment(self._read(plan.start_s, plan.start_s + model.window_s))
        self._chunks.extend(
            activity.find_chunks(tracks, plan, model=model, rules=description.chunks)
        )

    def _embed(self, chunk: VoiceChunk) -> None:
        features = self._features(chunk)
        if len(features) < self._model.description.embedding.least_frames:
            return
        self._turns.append(
            VoiceTurn(
                start_s=self._offset_s + chunk.start_s,
                end_s=self._offset_s + chunk.end_s,
                embedding=self._model.embed(features),
                overlap=chunk.overlap,
            )
        )

    def _features(self, chunk: VoiceChunk) -> Features:
        """The frames of a chunk in which no one else speaks; all of them where those are few."""
        rules = self._model.description.chunks
        context_s = rules.short_context_s if chunk.end_s - chunk.start_s < rules.short_s else 0.0
        start_s = max(0.0, chunk.start_s - context_s)
        extractor = self._model.extractor
        features = extractor.compute(self._read(start_s, chunk.end_s + context_s))
        if not chunk.overlapped or chunk.overlap >= rules.overlap_used_from:
            return features
        middles_s = start_s + extractor.middle_s + extractor.hop_s * np.arange(len(features))
        is_alone = np.ones(len(features), bool)
        for from_s, to_s in chunk.overlapped:
            is_alone &= (middles_s < from_s) | (middles_s >= to_s)
        alone = features[is_alone]
        enough = len(alone) >= self._model.description.embedding.least_frames
        return alone if enough else features

    def _read(self, start_s: float, end_s: float) -> Samples:
        return self._samples[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]


def _holds_speech(plan: WindowPlan, speech: Sequence[tuple[float, float]]) -> bool:
    return any(start < plan.valid_to_s and end > plan.valid_from_s for start, end in speech)


def _open(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a class per cause, without a common base
        raise EmbedderError(f"{path} is not a readable ONNX model.") from error


def _run(session: onnxruntime.InferenceSession, value: Samples) -> Samples:
    answer: Samples = session.run(None, {session.get_inputs()[0].name: value})[0]
    return answer
