"""Which language a live session's utterances are in: given, the model's only one, or detected.

Detection follows the file path's vote (`language`), with an utterance where that has a window.
Until the vote is decided each recognition begins with a detection (whose encoding it reuses), and
the likeliest language serves for it. An utterance votes once, with all of it: when its final text
is recognised, or when its last hypothesis turns out to be that.

In a multilingual session no vote is ever decided: each utterance is in the language that its own
detection finds, or, where that is unsure, in the one before it.

Where the language wasn't given, it is only what is *expected*: each recognition detects others in
its window, with the file path's hysteresis (`engines.language_track`), and what it finds is the
language of the text, never a translation of it.
"""

from collections.abc import Collection, Sequence, Set

from inference_service.engines.asr import LanguageGuess
from inference_service.sessions.events import LanguageDetected, OutputSegment
from inference_service.sessions.language import CONFIDENT, LanguageOptions, LanguageVote

# What was guessed of an utterance, and how much speech it held.
Ballot = tuple[Sequence[LanguageGuess], float]


class LiveLanguage:
    def __init__(
        self,
        *,
        languages: Set[str],
        can_detect: bool,
        requested: str,
        expected: Collection[str] = (),
        is_multilingual: bool = False,
    ) -> None:
        """requested: ISO 639-1 code; empty: to be detected, among those expected, if any are."""
        self._language_options = LanguageOptions(
            languages=frozenset(expected), is_multilingual=is_multilingual
        )
        self._languages = self._language_options.limit(languages)
        self._can_detect = can_detect
        self._is_multilingual = is_multilingual
        self._votes: list[Ballot] = []
        self._reported: LanguageDetected | None = None
        self._written: set[str] = set()  # the languages of final texts
        self.decided = ""  # empty: not yet
        self.choose(requested)

    def choose(self, requested: str) -> None:
        """Use this language from the next utterance on."""
        self._votes = []
        self.decided = requested
        self.is_given = bool(requested)
        self._known = LanguageDetected(requested, 1.0, True)
        if not requested and (not self._can_detect or len(self._languages) == 1):
            self.decided = min(self._languages)
            self._known = LanguageDetected(self.decided, 1.0, False)

    @property
    def can_switch(self) -> bool:
        return not self.is_given and self._can_detect and len(self._languages) > 1

    def penalty_where(self, *, is_change_near: bool) -> float | None:
        """See `LanguageOptions.penalty_where`."""
        if not self.can_switch:
            return None
        return self._language_options.penalty_where(is_change_near=is_change_near)

    def others_where(self, *, spoken: str, is_change_near: bool) -> frozenset[str]:
        """See `DecodeOptions.languages`. Near a change, where less evidence is asked, only those
        that the session is in already: a third one has to show where speech is undivided."""
        known = frozenset({spoken, self.decided, self._known.language, *self._written} - {""})
        if is_change_near and not self._is_multilingual and len(known) > 1:
            return known
        return frozenset(self._languages) if self._language_options.languages else frozenset()

    def update_languages(self, segments: Sequence[OutputSegment]) -> tuple[LanguageDetected, ...]:
        """Update from the languages of a final text; return what is to be delivered before it.

        A guess about sound without a word means nothing.
        """
        news: list[LanguageDetected] = []
        for segment in segments:
            self._written.add(segment.language)
            if segment.language not in {"", self._known.language} and not self.is_given:
                probability = segment.language_probability or 1.0
                self._known = LanguageDetected(segment.language, probability, self._can_detect)
            news += self.take_change()
        return tuple(news)

    def count_ballot(self, ballot: Ballot | None) -> None:
        """Let the vote of an utterance's last hypothesis count: it has ended, and was all of it."""
        if ballot is not None and not self.decided:
            guesses, speech_s = ballot
            self.vote(guesses, speech_s=speech_s, is_final=True)

    def vote(self, guesses: Sequence[LanguageGuess], *, speech_s: float, is_final: bool) -> str:
        """Return the likeliest language, this utterance's guesses included.

        is_final: the utterance has ended; its guesses count from now on.
        """
        guesses = self._restrict(guesses)
        if self._is_multilingual:
            return self._follow(guesses)
        votes = [*self._votes, (guesses, speech_s)]
        count = LanguageVote(self._languages)
        for each, duration_s in votes:
            count.add(each, speech_s=duration_s)
        best = count.best()
        if is_final:
            self._votes = votes
        if count.is_decided and best.language:
            self.decided = best.language
        self._known = LanguageDetected(best.language, best.probability, True)
        return best.language

    def _follow(self, guesses: Sequence[LanguageGuess]) -> str:
        """Return the language of one utterance: another than before only where that is sure."""
        best = max(guesses, key=lambda guess: guess.probability, default=LanguageGuess("", 0.0))
        if best.probability >= CONFIDENT or not self._known.language:
            self._known = LanguageDetected(best.language, best.probability, True)
        return self._known.language

    def _restrict(self, guesses: Sequence[LanguageGuess]) -> list[LanguageGuess]:
        """Leave out the languages that can't be meant; the rest share what these had."""
        possible = [guess for guess in guesses if guess.language in self._languages]
        total = sum(guess.probability for guess in possible) or 1.0
        return [LanguageGuess(each.language, each.probability / total) for each in possible]

    def take_sure_change(self) -> tuple[LanguageDetected, ...]:
        """Return what precedes a hypothesis: no guess, which a transcript would store."""
        is_sure = self._known.probability >= CONFIDENT or bool(self.decided)
        return self.take_change() if is_sure else ()

    def take_change(self) -> tuple[LanguageDetected, ...]:
        """Return what is to be delivered before the next text: the language, where it has
        changed."""
        if not self._known.language or (
            self._reported and self._reported.language == self._known.language
        ):
            return ()
        self._reported = self._known
        return (self._known,)
