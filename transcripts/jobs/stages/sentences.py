"""The stage behind the speakers: the recogniser's phrases become sentences of one speaker each.

While a recording is processed its segments are the recogniser's, window by window; the last stage
puts these in their place, in the transaction that ends the job. What a live session sent as final
stays as it was sent. The rules are in `text/segmentation`; the words are neither changed nor moved.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from transcripts.jobs.results import JobRun, LabelledTranscript, word_as_json
from transcripts.models import JobKind, Segment
from transcripts.text.segmentation import form_segments
from transcripts.text.words import Word, join_words
from transcripts.text.writing import is_spaced_between


def form_sentences(job: JobRun) -> None:
    """Replace `job.labelled` by sentences. One query where no speakers were told apart."""
    if job.row.kind == JobKind.LIVE or not job.has_text:
        return
    labelled = job.labelled or _unlabelled(job)
    language = job.row.language
    if labelled.sources:
        job.labelled = _source_by_source(labelled, language=language)
    else:
        job.labelled = _in_sentences(labelled, language=language)


def _unlabelled(job: JobRun) -> LabelledTranscript:
    stored = tuple(job.segments.select_related("speaker"))
    positions = (row.speaker.position if row.speaker is not None else 0 for row in stored)
    return LabelledTranscript(segments=stored, speaker_positions=tuple(positions))


def _source_by_source(labelled: LabelledTranscript, *, language: str) -> LabelledTranscript:
    """Sentences of one source, a track or a channel, don't go on in another; all in time order."""
    formed: list[tuple[Segment, int, int]] = []
    for source in sorted(set(labelled.sources)):
        own = [at for at, each in enumerate(labelled.sources) if each == source]
        part = _in_sentences(
            LabelledTranscript(
                segments=tuple(labelled.segments[at] for at in own),
                speaker_positions=tuple(labelled.speaker_positions[at] for at in own),
            ),
            language=language,
        )
        pairs = zip(part.segments, part.speaker_positions, strict=True)
        formed += [(row, speaker, source) for row, speaker in pairs]
    formed.sort(key=lambda each: (each[0].start_ms, each[2]))
    for position, (row, _, _) in enumerate(formed):
        row.position = position
    return LabelledTranscript(
        segments=tuple(row for row, _, _ in formed),
        speaker_positions=tuple(speaker for _, speaker, _ in formed),
        sources=tuple(source for _, _, source in formed),
    )


def _in_sentences(labelled: LabelledTranscript, *, language: str) -> LabelledTranscript:
    rows: list[Segment] = []
    speakers: list[int] = []
    indices = range(len(labelled.segments))
    # Text without words has no times inside: it stays one segment.
    for has_words, group in groupby(indices, key=lambda at: bool(labelled.segments[at].words)):
        if has_words:
            formed = form_segments(_words(labelled, list(group), language=language))
            rows += [_as_row(words, labelled.segments) for words in formed]
            speakers += [words[0].speaker for words in formed]
        else:
            kept = list(group)
            rows += [_copy(labelled.segments[at]) for at in kept]
            speakers += [labelled.speaker_positions[at] for at in kept]
    for position, row in enumerate(rows):
        row.position = position
    return LabelledTranscript(segments=tuple(rows), speaker_positions=tuple(speakers))


def _words(labelled: LabelledTranscript, indices: Sequence[int], *, language: str) -> list[Word]:
    """Return the words of these segments, spaced over their borders as their script is."""
    words: list[Word] = []
    for at in indices:
        segment, speaker = labelled.segments[at], labelled.speaker_positions[at]
        language_here = segment.language or language
        own = [
            _as_word(word, language=language_here, speaker=speaker, source=at)
            for word in segment.words
        ]
        if words:
            is_spaced = is_spaced_between(words[-1].text, own[0].text)
            own[0] = replace(own[0], space_before=is_spaced)
        words += own
    return words


def _as_word(word: dict[str, Any], *, language: str, speaker: int, source: int) -> Word:
    return Word(
        text=word["word"],
        start_ms=word["start_ms"],
        end_ms=word["end_ms"],
        confidence=word["confidence"],
        space_before=word["space_before"],
        timing=word.get("timing", "attention"),
        speaker=speaker,
        language=language,
        source=source,
    )


def _as_row(words: Sequence[Word], sources: Sequence[Segment]) -> Segment:
    """Return a new row, with the recogniser's measures of the phrase that most of it is from."""
    most, _ = Counter(word.source for word in words).most_common(1)[0]
    source = sources[most]
    words = [replace(words[0], space_before=False), *words[1:]]
    start_ms = words[0].start_ms
    return Segment(
        transcript_id=source.transcript_id,
        job_id=source.job_id,
        position=0,
        start_ms=start_ms,
        end_ms=max(start_ms + 1, *(word.end_ms for word in words)),
        text=join_words(words),
        words=[word_as_json(word) for word in words],
        confidence=sum(word.confidence for word in words) / len(words),
        avg_logprob=source.avg_logprob,
        compression_ratio=source.compression_ratio,
        no_speech_prob=source.no_speech_prob,
        temperature=source.temperature,
        language=source.language,
    )


def _copy(segment: Segment) -> Segment:
    return Segment(
        transcript_id=segment.transcript_id,
        job_id=segment.job_id,
        position=0,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        words=[],
        confidence=segment.confidence,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        temperature=segment.temperature,
        language=segment.language,
    )
