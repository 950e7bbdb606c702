"""Which language a recording is in, from the first windows that hold speech.

The language of a single window may differ: the engine detects each (`engines.language_track`),
and demands the more evidence the less a change is expected.
"""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass

from inference_service.engines.asr import LanguageGuess

# More windows than these are not waited for. Each is held with its features until it is known, so
# this must not exceed the permits that every queue has (scheduler, rule 6).
MAX_VOTES = 3
CONFIDENT = 0.7
# A cough or a greeting alone decides nothing while more is to come.
_ENOUGH_SPEECH_S = 3.0


# An interval in another language has to be likelier by this, in log probability, at each border:
# a window that is all of it by 10 times (a guess of 0.5 or more), a part inside one by 100 times.
_SWITCH_PENALTY = 2.3
_MULTILINGUAL_PENALTY = 1.0


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """What the caller specifies of the recording's languages."""

    given: str = ""  # certain; empty: to be detected
    languages: frozenset[str] = frozenset()  # that may occur; none: all
    is_multilingual: bool = False

    def limit(self, known: Set[str]) -> Set[str]:
        """Return those of the model's languages that may occur."""
        return (known & self.languages) or known

    @property
    def switch_penalty(self) -> float | None:
        """See `DecodeOptions.switch_penalty`."""
        return self.penalty_where(is_change_near=False)

    def penalty_where(self, *, is_change_near: bool) -> float | None:
        """Return the penalty for a window; where a change was found beside it, less is asked."""
        if self.given:
            return None
        return _MULTILINGUAL_PENALTY if self.is_multilingual or is_change_near else _SWITCH_PENALTY


class LanguageVote:
    """The mean of the windows' probabilities, weighted by how much speech each holds."""

    def __init__(self, allowed: Set[str]) -> None:
        self._allowed = allowed
        self._weights: defaultdict[str, float] = defaultdict(float)
        self._speech_s = 0.0
        self.votes = 0

    def add(self, guesses: Iterable[LanguageGuess], *, speech_s: float) -> None:
        for guess in guesses:
            if guess.language in self._allowed:
                self._weights[guess.language] += guess.probability * speech_s
        self._speech_s += speech_s
        self.votes += 1

    @property
    def is_decided(self) -> bool:
        if self.votes >= MAX_VOTES:
            return True
        return self._speech_s >= _ENOUGH_SPEECH_S and self.best().probability >= CONFIDENT

    def best(self) -> LanguageGuess:
        """Return the likeliest; an empty language if there was no vote."""
        if not self._weights:
            return LanguageGuess("", 0.0)
        language = max(self._weights, key=self._weights.__getitem__)
        return LanguageGuess(language, self._weights[language] / self._speech_s)
