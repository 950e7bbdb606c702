"""The gaps of a draft (`editing/draft`): which of them a change resolves, or opens again.

A revision holds this like any change of a segment, so that taking it back shows the gap again.
The transcript's fields about gaps, warnings and status are written with it.
"""

from collections.abc import Iterable, Mapping

from transcripts.editing.revisions import Change, difference
from transcripts.gaps.models import Gap
from transcripts.jobs.models import TranscriptionJob
from transcripts.models import READABLE_STATUSES, Transcript
from transcripts.services.shown_gaps import show_gaps, with_gap_warning
from transcripts.warnings import completed_status


class GapDraft:
    """Gaps are read when they are asked for. Used inside the draft's transaction."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}

    def resolve(self, keys: Iterable[str], resolution: str) -> None:
        """Set what became of these gaps; "" opens them again. One query; unknown keys are none."""
        rows = Gap.objects.filter(transcript=self._transcript, key__in=list(keys))
        for key, stored in rows.values_list("key", "resolution"):
            self._before.setdefault(key, stored)
            self._after[key] = resolution

    def apply(self, changes: Mapping[str, Change]) -> None:
        """Make changes that `editing/revisions` worked out."""
        for key, change in changes.items():
            if change["after"] is not None:
                self.resolve([key], str(change["after"]["resolution"]))

    def changes(self) -> dict[str, Change | None]:
        return {
            key: difference({"resolution": self._before[key]}, {"resolution": resolution})
            for key, resolution in self._after.items()
        }

    def write(self, changes: Mapping[str, Change]) -> None:
        """Store them, and the transcript's fields about gaps. Three statements and one a gap."""
        if not changes:
            return
        for key in changes:
            rows = Gap.objects.filter(transcript=self._transcript, key=key)
            rows.update(resolution=self._after[key])
        transcript = self._transcript
        gaps = show_gaps(transcript.gaps.all())
        job = transcript.job
        job.warnings = with_gap_warning(job.warnings, gaps)
        TranscriptionJob.objects.filter(pk=job.pk).update(warnings=job.warnings)
        if transcript.status in READABLE_STATUSES:
            transcript.status = completed_status(job.warnings)
            Transcript.objects.filter(pk=transcript.pk).update(status=transcript.status)
