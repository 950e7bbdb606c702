"""DER as the project states it: pyannote.metrics, collar 0.25, overlapping speech counted."""

import warnings
from collections.abc import Iterable

from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from tests.speech.dialogues.generate import Spoken

Labelled = tuple[float, float, object]  # start_s, end_s, whatever names the speaker


def error_rate(spoken: Iterable[Spoken], found: Iterable[Labelled]) -> float:
    """0 is perfect; false alarms can bring it above 1."""
    truth = _annotation((s.start_s, s.end_s, s.speaker) for s in spoken)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no evaluated region is given: all of it is
        return float(DiarizationErrorRate(collar=0.25)(truth, _annotation(found)))


def _annotation(labelled: Iterable[Labelled]) -> Annotation:
    annotation = Annotation()
    for track, (start_s, end_s, speaker) in enumerate(labelled):
        annotation[Segment(start_s, end_s), track] = str(speaker)
    return annotation
