"""The stage behind the speakers: the recogniser's phrases become sentences of one speaker each.

While a recording is processed its segments are the recogniser's, window by window; the last stage
puts these in their place, in the transaction that ends the job. What a live session sent as final
stays as it was sent. The rules are in `text/segmentation`; the words are neither changed nor moved.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from transcripts.jobs.models import JobKind
from transcripts.jobs.results import JobRun, LabelledTranscript
from transcripts.text.segmentation import SpokenWord, form_segments
from transcripts.text.segments import Segment
from transcripts.text.words import join_words, mean_confidence, with_first_space
from transcripts.text.writing import is_spaced_between


def form_sentences(job: JobRun) -> None:
    """Replace `job.labelled` by sentences. One query where speakers were not labelled."""
    if job.row.kind == JobKind.LIVE or not job.has_text:
        return
    labelled = job.labelled or _unlabelled(job)
    form = _source_by_source if labelled.sources else _in_sentences
    job.labelled = form(labelled, language=job.row.language)


def _unlabelled(job: JobRun) -> LabelledTranscript:
    stored = job.segments.select_related("speaker")
    return LabelledTranscript(
        tuple(
            Segment.from_row(row, speaker=None if row.speaker is None else row.speaker.position)
            for row in stored
        )
    )


def _source_by_source(labelled: LabelledTranscript, *, language: str) -> LabelledTranscript:
    """Sentences of one source, a track or a channel, don't go on in another; all in time order."""
    formed: list[tuple[Segment, int]] = []
    for source in sorted(set(labelled.sources)):
        pairs = zip(labelled.segments, labelled.sources, strict=True)
        own = LabelledTranscript(tuple(segment for segment, of in pairs if of == source))
        part = _in_sentences(own, language=language)
        formed += [(segment, source) for segment in part.segments]
    formed.sort(key=lambda each: (each[0].start_ms, each[1]))
    return LabelledTranscript(
        segments=tuple(segment for segment, _ in formed),
        sources=tuple(source for _, source in formed),
    )


def _in_sentences(labelled: LabelledTranscript, *, language: str) -> LabelledTranscript:
    """language: of segments that name none."""
    formed: list[Segment] = []
    # Text without words has no times inside: it stays one segment.
    for has_words, group in groupby(labelled.segments, key=lambda each: bool(each.words)):
        phrases = list(group)
        if has_words:
            words = form_segments(_words(phrases, language=language))
            formed += [_as_segment(own, phrases) for own in words]
        else:
            formed += phrases
    return LabelledTranscript(tuple(formed))


def _words(phrases: Sequence[Segment], *, language: str) -> list[SpokenWord]:
    """Return the words of these segments, spaced over their borders as their script is."""
    words: list[SpokenWord] = []
    for source, phrase in enumerate(phrases):
        own = phrase.words
        if words:
            has_space = is_spaced_between(words[-1].word.text, own[0].text)
            own = with_first_space(own, has_space=has_space)
        words += [
            SpokenWord(word, phrase.speaker, phrase.language or language, source) for word in own
        ]
    return words


def _as_segment(spoken: Sequence[SpokenWord], phrases: Sequence[Segment]) -> Segment:
    """Return a sentence, with the recogniser's measures of the phrase that most of it is from."""
    most, _ = Counter(word.source for word in spoken).most_common(1)[0]
    words = with_first_space([each.word for each in spoken], has_space=False)
    start_ms = words[0].start_ms
    return replace(
        phrases[most],
        start_ms=start_ms,
        end_ms=max(start_ms + 1, *(word.end_ms for word in words)),
        text=join_words(words),
        words=words,
        confidence=mean_confidence(words),
        speaker=spoken[0].speaker,
    )
