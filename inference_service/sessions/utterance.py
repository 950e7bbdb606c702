"""One utterance while it is spoken and until it is finalized: its audio's bounds and its words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from inference_service.engines.asr import TextSegment, Verdict, WindowRequest, WindowText
from inference_service.sentence_ends import ends_sentence
from inference_service.sessions.events import OutputSegment, OutputWord
from inference_service.sessions.hypothesis import LocalAgreement
from inference_service.sessions.live_language import Ballot
from inference_service.sessions.segment_times import assemble_segment
from inference_service.sessions.windows import WINDOW_SAMPLES

# Written without spaces between words, as in faster-whisper's `split_to_word_tokens`.
_SPACELESS = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
# A pause within an utterance after which another segment begins.
_SEGMENT_PAUSE_MS = 500


@dataclass(frozen=True, slots=True)
class LanguageChange:
    """Where an utterance under way goes on in another language, as one hypothesis found it."""

    before: str
    sample: int
    after: str
    is_confirmed: bool = False  # the hypothesis before found the same


@dataclass(slots=True, eq=False)
class Utterance:
    """Samples count from the start of the call's audio."""

    start: int  # of what is not final yet: cuts move it
    language: str  # empty: to be detected
    agreement: LocalAgreement = field(default_factory=LocalAgreement)
    end: int | None = None  # None: under way
    speech_end: int = 0  # known once it has ended
    is_cut: bool = False  # it ended because it was too long, in the middle of speech
    speech_samples: int = 0  # known once it has ended
    covered: int = 0  # the end of what the last hypothesis covers
    accepted: int = 0  # the end of what the last accepted hypothesis covers
    recognised: WindowText | None = None  # that hypothesis
    is_draft: bool = False  # it was decoded as a draft, which is no final text
    is_covered: bool = True  # its words cover the speech in it
    ballot: Ballot | None = None  # that hypothesis' guess of the language, if it made one
    retry: WindowRequest | None = None  # it was uncertain: what to decode again at its end
    change: LanguageChange | None = None  # where that hypothesis found another language
    is_change_near: bool = False  # it begins or ends there, more or less

    @property
    def is_known(self) -> bool:
        """Return whether it has ended and nothing is left to recognise."""
        if self.end is None or self.retry or self.is_draft or not self.is_covered:
            return False
        return self.covered >= self.speech_end and not self.is_cut

    @property
    def is_fresh(self) -> bool:
        """Return whether nothing was recognised of it yet."""
        return self.recognised is None and self.retry is None and not self.agreement.committed

    @property
    def samples(self) -> int:
        return (self.end or self.start) - self.start

    def note(
        self,
        text: WindowText,
        *,
        covered: int,
        words: Sequence[OutputWord],
        commit_before_ms: int | None = None,
    ) -> None:
        """Take in a hypothesis that was accepted, or that there are no words.

        commit_before_ms: later words stay pending; None: any may be committed.
        """
        self.covered = self.accepted = covered
        self.recognised, self.retry, self.change = text, None, None
        self.agreement.update(words, commit_before_ms=commit_before_ms)

    def mark_for_retry(self, request: WindowRequest, *, covered: int) -> None:
        self.covered, self.retry, self.change = covered, request, None

    def apply_change(self, request: WindowRequest, change: LanguageChange, *, covered: int) -> None:
        """Take in that a hypothesis was not decoded: it is in two languages.

        One alone decides nothing: a slice at the edge of words may give an odd guess.
        """
        earlier = self.change
        is_confirmed = earlier is not None and earlier.after == change.after
        self.mark_for_retry(request, covered=covered)
        self.change = replace(change, is_confirmed=is_confirmed)

    def finish(
        self, text: WindowText, segments: Sequence[OutputSegment], *, end_ms: int
    ) -> tuple[OutputSegment, ...]:
        """Return its segments, from a last recognition of all of it.

        Text that loops is rejected, but what was recognised before it stands.
        """
        words = None if text.verdict is Verdict.REPETITION else collect_words(segments)
        return make_segments(self.agreement.finish(words), recognised=text, end_ms=end_ms)


def choose_pack(ended: Iterable[Utterance], *, is_catching_up: bool) -> list[Utterance]:
    """Return the first utterance, and, when catching up, what fits into a window with it."""
    first, *others = ended
    pack, samples = [first], first.samples
    if not is_catching_up or not first.is_fresh:
        return pack
    for other in others:
        samples += other.samples
        is_alike = other.is_fresh and other.language == first.language
        if not is_alike or samples > WINDOW_SAMPLES:
            break
        pack.append(other)
    return pack


def collect_words(segments: Sequence[OutputSegment]) -> tuple[OutputWord, ...]:
    """Return the words of all segments as one run, each with its language and the space before it.

    The first has one too: committed words may stand before it. Telling takes it away
    (`strip_leading_space`).
    """
    words: list[OutputWord] = []
    for segment in segments:
        first, *others = segment.words
        own = (_respace(first, has_space=segment.language not in _SPACELESS), *others)
        words += [replace(word, language=segment.language) for word in own]
    return tuple(words)


def strip_leading_space(words: Sequence[OutputWord]) -> tuple[OutputWord, ...]:
    """Return the words as they are delivered: nothing stands before the first."""
    return (_respace(words[0], has_space=False), *words[1:]) if words else ()


def make_segments(
    words: Sequence[OutputWord], *, recognised: WindowText | None, end_ms: int
) -> tuple[OutputSegment, ...]:
    """Cut an utterance's words at the ends of sentences and at pauses.

    recognised: the recognition whose scores they carry. end_ms: no word reaches beyond it.
    """
    scores = (
        recognised.segments[0]
        if recognised and recognised.segments
        else TextSegment(0.0, 0.0, "", ())
    )
    return tuple(
        assemble_segment(strip_leading_space(group), scores=scores)
        for group in _group(fit_before(words, end_ms=end_ms))
    )


def fit_before(words: Sequence[OutputWord], *, end_ms: int) -> list[OutputWord]:
    """Let no word reach beyond the end, nor begin there; words that all lie beyond it stay."""
    if words and words[0].start_ms >= end_ms:
        return list(words)
    return [
        replace(
            word,
            start_ms=min(word.start_ms, end_ms - 1),
            end_ms=min(word.end_ms, end_ms if index == len(words) else end_ms - 1),
        )
        for index, word in enumerate(words, start=1)
    ]


def _group(words: Sequence[OutputWord]) -> list[list[OutputWord]]:
    groups: list[list[OutputWord]] = []
    for word in words:
        before = groups[-1][-1] if groups else None
        if before and not _ends_segment(before, word):
            groups[-1].append(word)
        elif groups and groups[-1][0].start_ms >= groups[-1][-1].end_ms:
            groups[-1].append(word)  # a segment takes some time
        else:
            groups.append([word])
    if len(groups) > 1 and groups[-1][0].start_ms >= groups[-1][-1].end_ms:
        groups[-2] += groups.pop()
    return groups


def _ends_segment(word: OutputWord, following: OutputWord) -> bool:
    if word.language and following.language and word.language != following.language:
        return True
    is_paused = following.start_ms - word.end_ms >= _SEGMENT_PAUSE_MS
    return is_paused or ends_sentence(word.text, following.text, language=word.language)


def _respace(word: OutputWord, *, has_space: bool) -> OutputWord:
    return replace(word, space_before=has_space)
