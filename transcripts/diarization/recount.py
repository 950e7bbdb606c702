"""Counting the speakers of a finished transcript again, from its stored embeddings.

Nothing is recognised and nothing charged. The result is a revision, which can be taken back: text
and times stay as they are, segments in which the speaker changes are cut, what an earlier count cut
is joined where it has one speaker now, and a name that a person gave goes to the speaker of
most of its bearer's words.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stt_web.core.errors import ApiError
from transcripts.diarization.recount_cuts import Cuts, join_cuts
from transcripts.editing.draft import Draft, Editing, open_draft
from transcripts.editing.draft_rows import SpeakerState
from transcripts.editing.errors import StillWorkedOnError
from transcripts.editing.segment_operations import EditError, split_segment
from transcripts.inference.client import diarize
from transcripts.inference.errors import InferenceError, InvalidRequestError
from transcripts.inference.results import SpeakerTurn
from transcripts.inference.routing import inference_for
from transcripts.jobs import results
from transcripts.jobs.models import TranscriptionJob
from transcripts.jobs.stages.labels import describe_fewer
from transcripts.models import OPEN_STATUSES, EditAction, Transcript
from transcripts.options import SPLIT
from transcripts.services.embeddings import are_deleted
from transcripts.text.segments import Segment
from transcripts.text.speaker_assignment import Turn, assign_speakers

# Clustering of three hours takes half a second; who waits here is a person.
DEADLINE_S = 10.0

# Warnings that a new count answers.
_ANSWERED = frozenset({"speakers_not_installed", "speakers_failed", "fewer_speakers"})


class CannotRecountError(ApiError):
    """There is nothing to count the speakers from; the sentence states why."""

    status = 409
    code = "speakers_not_available"


class SpeakersUnavailableError(ApiError):
    """The inference service can't be reached."""

    status = 503
    code = "inference_unavailable"


@dataclass(frozen=True)
class Recounted:
    """found: how many speakers the text has now; engine: what labelled them; warnings:
    [{"code", "message"}]."""

    found: int
    engine: str
    warnings: list[dict[str, str]]


def recount_speakers(editing: Editing, *, speakers: int) -> Recounted:
    """Label a transcript's words again.

    speakers: exactly so many, 0: find the number. The same number twice changes nothing the second
    time. Raises CannotRecountError, SpeakersUnavailableError, and what `open_draft` raises.
    Blocks up to `DEADLINE_S`; half a second for three hours of talk.
    """
    transcript = editing.transcript
    if transcript.status in OPEN_STATUSES:
        raise StillWorkedOnError
    turns = results.load_speaker_turns(transcript.job)
    if not turns:
        raise CannotRecountError(explain_missing(transcript))
    labels = _cluster(transcript, turns, speakers)
    with open_draft(editing, EditAction.RECOUNT) as draft:
        found = _relabel(draft, turns, labels)
        engine = draft.transcript.job.embedder
        if draft.transcript.job.diarizer_used:  # these speakers are not by that one any more
            draft.name_diarizer(engine)
        warnings = _note(draft.transcript, wanted=speakers, found=found)
    return Recounted(found, engine, warnings)


def explain_missing(transcript: Transcript) -> str:
    """Why there are no embeddings, and what can be done. A query or two."""
    if are_channels(transcript):
        return "Each channel or track of this recording is a speaker already."
    if not transcript.job.model_used:
        return "This text was imported: there are no voices to separate."
    if are_deleted(transcript):
        return (
            "The voice data of this transcript is deleted: its retention was over, or someone"
            " asked for it. Send the recording again to separate its speakers."
        )
    if not transcript.job.diarize:
        return (
            "Speakers were not asked for when this was transcribed, and the recording is not kept"
            " any more. Send it again with diarize=true."
        )
    return "No voices could be separated in this recording."


def are_channels(transcript: Transcript) -> bool:
    """Whether its speakers are channels or tracks, not voices."""
    return transcript.job.options.channels == SPLIT or len(transcript.job.sources) > 1


def _cluster(transcript: Transcript, turns: list[SpeakerTurn], speakers: int) -> tuple[int, ...]:
    try:
        server = inference_for(transcript.owner).pick(is_begun=True).server
        answer = diarize(
            turns,
            embedder=transcript.job.embedder,
            speakers=speakers,
            server=server,
            deadline_s=DEADLINE_S,
        )
    except InvalidRequestError as error:
        raise CannotRecountError(
            "The voice data of this transcript comes from a speaker model that the server doesn't"
            " know any more. Send the recording again to separate its speakers."
        ) from error
    except InferenceError as error:
        raise SpeakersUnavailableError(error.message, retry_after_s=5) from error
    if len(answer.speakers) != len(turns):
        raise SpeakersUnavailableError("The inference service left speaker turns without a label.")
    return answer.speakers


def _relabel(draft: Draft, turns: Sequence[SpeakerTurn], labels: Sequence[int]) -> int:
    """Put the new speakers into the draft; returns how many there are."""
    segments = draft.all_segments()
    chunks = assign_speakers(segments, [Turn(turn.start_ms, turn.end_ms) for turn in turns], labels)
    names = _carry_names(draft, segments, chunks)
    found = max((chunk.speaker or 0 for own in chunks for chunk in own), default=0)
    old = dict(draft.speakers)
    for number in range(1, found + 1):
        draft.speakers[number] = SpeakerState(f"Speaker {number}", names.get(number, ""))
    _put_chunks(draft, segments, chunks, Cuts.of(draft.transcript))
    for number in set(old) - set(range(1, found + 1)):
        draft.speakers.pop(number)
    return found


def _carry_names(
    draft: Draft, segments: Sequence[Segment], chunks: Sequence[Sequence[Segment]]
) -> dict[int, str]:
    """By new number: the given name whose bearer has most of this speaker's words."""
    shared: Counter[tuple[int, int]] = Counter()
    for segment, own in zip(segments, chunks, strict=True):
        before = segment.speaker
        if before is not None and draft.speakers[before].display_name:
            for chunk in own:
                shared[before, chunk.speaker or 0] += max(len(chunk.words), 1)
    names: dict[int, str] = {}
    given: set[int] = set()
    for (before, after), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if before not in given and after not in names:
            names[after] = draft.speakers[before].display_name
            given.add(before)
    return names


def _put_chunks(
    draft: Draft,
    segments: Sequence[Segment],
    chunks: Sequence[Sequence[Segment]],
    earlier: Cuts,
) -> None:
    parts = []
    for at, (segment, own) in enumerate(zip(segments, chunks, strict=True)):
        following = segments[at + 1].position if at + 1 < len(segments) else None
        parts.append(_cut(draft, segment, own, following))
    joined = join_cuts(earlier, segments, parts)
    for key in {each.key for each in segments} - {each.key for each in joined}:
        draft.remove(key)
    draft.put(*joined)


def _cut(
    draft: Draft,
    segment: Segment,
    parts: Sequence[Segment],
    following: float | None,
) -> list[Segment]:
    """A segment by its speakers; the first part keeps the key. Whole where it can't be cut."""
    cut: list[Segment] = []
    rest = segment
    try:
        for part in parts[:-1]:
            first, rest = split_segment(
                rest, at_word=len(part.words), key=draft.new_key(), next_position=following
            )
            cut.append(replace(first, speaker=part.speaker))
    except EditError:  # too short, or cut too often before
        longest = max(parts, key=lambda part: len(part.words))
        return [replace(segment, speaker=longest.speaker)]
    return [*cut, replace(rest, speaker=parts[-1].speaker)]


def _note(transcript: Transcript, *, wanted: int, found: int) -> list[dict[str, str]]:
    """Store the count's result for the answer; returns its warnings. One query."""
    others = [each for each in transcript.job.warnings if each["code"] not in _ANSWERED]
    fresh = []
    if found < wanted:
        code, message = describe_fewer(wanted, found=found)
        fresh.append({"code": code, "message": message})
    job = transcript.job
    job.warnings, job.speakers_requested = [*others, *fresh], wanted
    TranscriptionJob.objects.filter(pk=job.pk).update(
        warnings=job.warnings, speakers_requested=wanted
    )
    return fresh
