"""Samples to the log mel bands that a speaker model was trained on, by kaldi-native-fbank."""

import kaldi_native_fbank as knf
import numpy as np
import numpy.typing as npt

from inference_service.engines.diarization.description import FrontEnd

Features = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000


class FeatureExtractor:
    """Stateless between calls, hence thread-safe."""

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        options = knf.FbankOptions()
        options.frame_opts.samp_freq = SAMPLE_RATE_HZ
        options.frame_opts.window_type = front_end.window
        options.frame_opts.frame_length_ms = front_end.frame_ms
        options.frame_opts.frame_shift_ms = front_end.hop_ms
        options.frame_opts.preemph_coeff = front_end.preemphasis
        options.frame_opts.dither = front_end.dither
        options.mel_opts.num_bins = front_end.bands
        options.mel_opts.low_freq = front_end.low_hz
        options.mel_opts.high_freq = front_end.high_hz
        self._options = options

    @property
    def hop_s(self) -> float:
        return self._front_end.hop_ms / 1000

    @property
    def middle_s(self) -> float:
        """Where the middle of the first frame lies."""
        return self._front_end.frame_ms / 2000

    def compute(self, samples: npt.NDArray[np.float32]) -> Features:
        """float32 (frames, bands); no frame below one frame's length. About 1 ms for 2 s.

        samples: float32 (n_samples,), mono, 16 kHz, [-1, 1].
        """
        bank = knf.OnlineFbank(self._options)
        bank.accept_waveform(SAMPLE_RATE_HZ, samples * np.float32(self._front_end.scale))
        bank.input_finished()
        frames = [bank.get_frame(row) for row in range(bank.num_frames_ready)]
        return np.array(frames, np.float32).reshape(-1, self._front_end.bands)

    def centre(self, features: Features) -> Features:
        """Subtract the mean of each band, where the model wants that."""
        if not self._front_end.subtract_mean:
            return features
        return np.asarray(features - features.mean(axis=0), np.float32)
