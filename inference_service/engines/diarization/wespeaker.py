"""Speaker embeddings by wespeaker's ResNet34-LM, where its weights are installed.

The model: https://github.com/wenet-e2e/wespeaker, `voxceleb_resnet34_LM.onnx` (26 MB, CC BY 4.0),
trained on VoxCeleb; inputs and features as in its `bin/infer_onnx.py`: 80 log-mel bands of
Kaldi's making (25 ms by 10 ms, Hamming, no dither) of samples scaled to 16 bits, less their mean.
"""

from pathlib import Path

import kaldi_native_fbank as knf
import numpy as np
import numpy.typing as npt
import onnxruntime

from inference_service.engines.diarization.embedder import (
    SAMPLE_RATE_HZ,
    EmbedderError,
    Embedding,
    Samples,
    Turn,
)
from inference_service.engines.diarization.splitting import split_speech

NAME = "wespeaker-voxceleb-resnet34-LM"
DIMENSION = 256
MEL_BANDS = 80

# What pyannote.audio's speaker-diarization-3.1 clusters this model's embeddings with (centroid
# linkage, Euclidean distance of unit vectors): its config.yaml. Not measured by us on real speech.
SAME_SPEAKER_DISTANCE = 0.7046

# Shorter turns are repeated up to this: the network halves the frames three times.
SHORTEST_SAMPLES = SAMPLE_RATE_HZ // 2


class WespeakerEmbedder:
    """About 26 MB; runs on one thread of the caller's, so that recognition keeps the others."""

    name = NAME
    is_approximate = False
    dimension = DIMENSION

    def __init__(self, weights: Path) -> None:
        """Raises EmbedderError if the file is not such a model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(weights), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises a class per cause, without a common base
            raise EmbedderError(f"{weights} is not a readable ONNX model.") from error
        self._input = self._session.get_inputs()[0]
        self._check(weights)

    def _check(self, weights: Path) -> None:
        bands = self._input.shape[-1]
        width = self._session.get_outputs()[0].shape[-1]
        if len(self._input.shape) != 3 or bands != MEL_BANDS or width != DIMENSION:
            raise EmbedderError(
                f"{weights} is not {NAME}: it should turn {MEL_BANDS} bands into {DIMENSION} "
                f"numbers, and turns {bands} into {width}."
            )

    def embed_turns(self, samples: Samples, *, offset_s: float) -> list[Turn]:
        """See `Embedder`."""
        return [
            Turn(
                offset_s + piece.start_sample / SAMPLE_RATE_HZ,
                offset_s + piece.end_sample / SAMPLE_RATE_HZ,
                self._embed(samples[piece.start_sample : piece.end_sample]),
            )
            for piece in split_speech(samples)
        ]

    def _embed(self, samples: Samples) -> Embedding:
        features = compute_features(samples)[None]
        raw = self._session.run(None, {self._input.name: features})[0][0]
        return np.asarray(raw / max(float(np.linalg.norm(raw)), 1e-9), np.float32)


def compute_features(samples: Samples) -> npt.NDArray[np.float32]:
    """float32 (n_frames, 80); the mean over the frames of each band is 0."""
    repeats = -(-SHORTEST_SAMPLES // max(samples.size, 1))
    bank = knf.OnlineFbank(_options())
    bank.accept_waveform(SAMPLE_RATE_HZ, np.tile(samples, repeats) * np.float32(32768))
    bank.input_finished()
    frames = np.stack([bank.get_frame(row) for row in range(bank.num_frames_ready)])
    return np.asarray(frames - frames.mean(axis=0), np.float32)


def _options() -> knf.FbankOptions:
    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.window_type = "hamming"
    options.frame_opts.samp_freq = SAMPLE_RATE_HZ
    options.mel_opts.num_bins = MEL_BANDS
    return options
