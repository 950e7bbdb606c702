"""Speech probabilities in, utterances out: where speech began, and where it paused.

The thresholds and the padding are the file path's (`regions`); the pause that ends an utterance is
longer than the one that ends a region there, since here it decides when a text is final. Counts in
samples from the start of the call's audio; a flush may restart the frames at any sample.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inference_service.engines.vad import FRAME_SAMPLES
from inference_service.sessions.regions import (
    PAD_FRAMES,
    SILENCE_THRESHOLD,
    SPEECH_THRESHOLD,
)
from inference_service.sessions.windows import SAMPLE_RATE_HZ, Voiced

PAD_SAMPLES = PAD_FRAMES * FRAME_SAMPLES
# 0.6 s. whisper_streaming's voice activity controller and OpenAI's Realtime API wait for 0.5 s; a
# little more, so that the recognition that the pause set off is back and the text final at once.
_END_FRAMES = 19
# Where what was spoken is no whole sentence, or hardly anything, 1.5 s more: it is likely to go on,
# and is recognised better together with what follows. (Measured before: 13 of 41 texts of one
# speech were a single word, 26 ended inside a sentence.)
_HELD_FRAMES = _END_FRAMES + 47
# From here on a pause may be the end: what was spoken is worth recognising again.
_PAUSE_FRAMES = 8
# Less speech than this is a click (0.1 s; Silero's own least is 0.25 s, the shortest words 0.15 s).
_LEAST_FRAMES = 3
# A pause of more than 98 ms is where speech that grows too long is cut, as in `regions`.
_CUT_FRAMES = 3
# 29 s, so that a window of 30 s holds it with its padding.
_MAX_SAMPLES = 906 * FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class EndedUtterance:
    """An utterance that has ended, with its padding: samples from the start of the call."""

    start: int
    end: int  # >= start
    speech_end: int  # the end of its last frame of speech
    is_cut: bool = False  # in the middle of speech, because it was too long
    speech_samples: int = 0  # in frames of speech


class Endpointer:
    """Where the utterances of one session lie. Utterances don't overlap."""

    def __init__(self, *, open_until: int = 0, holds: bool = False, pause_ms: int = 0) -> None:
        """open_until: when a broken-off call goes on, an utterance with speech up to here.

        pause_ms: ends an utterance, however unfinished; 0: `_END_FRAMES`, or `_HELD_FRAMES`.

        holds: an utterance is taken for unfinished until `is_unfinished` is set to False.
        """
        self._pause_frames = round(pause_ms * SAMPLE_RATE_HZ / (1000 * FRAME_SAMPLES))
        self.holds = holds
        self.is_unfinished = holds  # the utterance under way: it ends after a longer pause
        self.processed = 0  # samples
        self.finalized = 0  # up to this sample
        self.start: int | None = 0 if open_until else None  # of the utterance under way
        self.speech_end = open_until  # of the last frame of speech
        self.speech_samples = 0  # in all utterances so far
        self._voiced: list[int] = []  # where the utterance's frames of speech begin
        self._speaking = 0  # frames of speech in a row, before an utterance
        self._cut = 0  # the middle of the last pause in the utterance

    @property
    def is_paused(self) -> bool:
        return self.processed - self.speech_end >= _PAUSE_FRAMES * FRAME_SAMPLES

    def push(self, probabilities: Iterable[float]) -> list[EndedUtterance]:
        """Take further frames; return the utterances that ended in them."""
        utterances = []
        for probability in probabilities:
            self.processed += FRAME_SAMPLES
            if self.start is None:
                self._receive(probability)
            elif ended := self._follow(self.start, probability):
                utterances.append(ended)
        return utterances

    def flush(self, end: int) -> list[EndedUtterance]:
        """End the utterance under way here; what follows is another one.

        end: the last sample received; frames restart behind it.
        """
        self.processed = end
        self.speech_end = min(self.speech_end, end)
        utterances = [] if self.start is None else [self._end(self.start, end)]
        self.finalized = end
        return utterances

    def cut(self, sample: int) -> int:
        """Begin the utterance under way here: what lies before is finalized.

        Returns the samples of speech in that.
        """
        self.start = self.finalized = sample
        return self._take_speech(sample)

    def find_pauses(self) -> list[tuple[int, int]]:
        """Return the pauses inside the utterance under way, (start, end) in samples, longest first.

        Those of less than 98 ms are parts of words.
        """
        ends = ((one + FRAME_SAMPLES, other) for one, other in pairwise(self._voiced))
        pauses = [(start, end) for start, end in ends if end - start > _CUT_FRAMES * FRAME_SAMPLES]
        return sorted(pauses, key=lambda pause: pause[0] - pause[1])

    def hold(self, sample: int) -> None:
        """Cut no more before this sample: there are committed words."""
        self._cut = self._cut if self._cut >= sample else 0

    @property
    def earliest_start(self) -> int:
        """No utterance that is still to come begins before this sample."""
        return max(self.finalized, self.processed - (PAD_FRAMES + _LEAST_FRAMES) * FRAME_SAMPLES)

    def finalize_silence(self) -> int:
        """Finalize the silence so far, but for the padding of speech that may be about to begin."""
        self.finalized = self.earliest_start
        return self.finalized

    def _receive(self, probability: float) -> None:
        threshold = SILENCE_THRESHOLD if self._speaking else SPEECH_THRESHOLD
        self._speaking = self._speaking + 1 if probability >= threshold else 0
        if self._speaking < _LEAST_FRAMES:
            return
        began = self.processed - self._speaking * FRAME_SAMPLES
        self.start = max(self.finalized, began - PAD_SAMPLES)
        self.speech_end = self.processed
        self.speech_samples += self._speaking * FRAME_SAMPLES
        self._voiced += range(began, self.processed, FRAME_SAMPLES)
        self.is_unfinished = self.holds
        self._speaking = self._cut = 0

    def _follow(self, start: int, probability: float) -> EndedUtterance | None:
        if self.processed - start > _MAX_SAMPLES:
            return self._end_long(start)
        was_quiet = self.processed - self.speech_end > FRAME_SAMPLES
        if probability >= (SPEECH_THRESHOLD if was_quiet else SILENCE_THRESHOLD):
            self.speech_end = self.processed
            self.speech_samples += FRAME_SAMPLES
            self._voiced.append(self.processed - FRAME_SAMPLES)
            return None
        quiet = self.processed - self.speech_end
        if quiet > _CUT_FRAMES * FRAME_SAMPLES:
            self._cut = self.speech_end + quiet // 2
        own = _HELD_FRAMES if self.is_unfinished else _END_FRAMES
        if quiet < (self._pause_frames or own) * FRAME_SAMPLES:
            return None
        return self._end(start, min(self.processed, self.speech_end + PAD_SAMPLES))

    def _end_long(self, start: int) -> EndedUtterance:
        """Cut at the last pause, or here where there was none; speech goes on behind it."""
        cut = self._cut if self._cut > start else self.processed
        return EndedUtterance(start, cut, cut, is_cut=True, speech_samples=self.cut(cut))

    def _end(self, start: int, end: int) -> EndedUtterance:
        self.start, self.finalized = None, end
        self._speaking = self._cut = 0
        speech = self._take_speech(end)
        return EndedUtterance(start, end, min(self.speech_end, end), speech_samples=speech)

    def voiced_frames(self, start: int, end: int) -> Voiced:
        """Return in which frames from `start` on someone speaks, for the utterance under way."""
        voiced = np.zeros(max(0, -(start - end) // FRAME_SAMPLES), np.bool_)
        frames = [(frame - start) // FRAME_SAMPLES for frame in self._voiced]
        voiced[[frame for frame in frames if 0 <= frame < len(voiced)]] = True
        return voiced

    def _take_speech(self, end: int) -> int:
        """Discard the frames of speech before a sample; return how many samples they are."""
        rest = [frame for frame in self._voiced if frame >= end]
        taken = len(self._voiced) - len(rest)
        self._voiced = rest
        return taken * FRAME_SAMPLES
