"""Peaks: how many, and how loud."""

import numpy as np
import pytest

from transcripts.media.peaks import measure_peaks, peaks_a_second

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("length_ms", "wanted"),
    [(0, 50), (60_000, 50), (HOUR_MS // 2, 8), (HOUR_MS, 4), (9 * HOUR_MS, 4)],
)
def test_a_long_recording_has_fewer_peaks_a_second(length_ms: int, wanted: int) -> None:
    assert peaks_a_second(length_ms) == wanted


def test_an_hour_takes_less_than_twenty_kilobytes_as_it_is_sent() -> None:
    assert 4 * (peaks_a_second(HOUR_MS) * 3600) / 3 < 20_000


def test_each_peak_is_the_loudest_sample_of_its_time_however_they_are_cut() -> None:
    samples = np.zeros(16_000 * 2 + 100, np.int16)
    samples[100] = -32768  # full scale
    samples[8_000 * 3] = 32
    whole = samples.astype("<i2").tobytes()

    peaks = measure_peaks([whole], a_second=4)
    in_parts = measure_peaks([whole[:6], whole[6:31_000], whole[31_000:]], a_second=4)

    assert in_parts == peaks
    assert len(peaks.levels) == 9
    assert (peaks.levels[0], peaks.levels[1]) == (255, 0)
    assert peaks.levels[6] == 0  # -60 dB: silence
    assert measure_peaks([], a_second=4).levels == b""
