"""What of a recording is recognised, one source after another: tracks, and channels of them.

Each source is a pass over the whole timeline. What clients see is one progress over all passes,
which only rises, and one length, that of the timeline: it is charged once.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from transcripts.media import Pick


@dataclass(frozen=True)
class PassSource:
    """`track`, `channel`, `gain_db` as `Pick`. `is_speaker`: all its speech is one person's.

    What its pass found: `language`; `audio_duration_ms`, 0 until it is done; `from_position`, that
    of the first segment that is its own.
    """

    track: int = 0
    channel: int = 0
    gain_db: int = 0
    is_speaker: bool = False
    language: str = ""
    audio_duration_ms: int = 0
    from_position: int = 0

    @property
    def pick(self) -> Pick:
        return Pick(track=self.track, channel=self.channel, gain_db=self.gain_db)


@dataclass
class Passes:
    """The sources and how far their recognition came. `resume_ms` belongs to the one at hand."""

    sources: list[PassSource] = field(default_factory=lambda: [PassSource()])
    index: int = 0
    resume_ms: int = 0

    @property
    def current(self) -> PassSource:
        return self.sources[self.index]

    @property
    def are_several(self) -> bool:
        return len(self.sources) > 1

    @property
    def is_last(self) -> bool:
        return self.index == len(self.sources) - 1

    @property
    def audio_duration_ms(self) -> int:
        """The length of the timeline, as far as it is known."""
        return max(source.audio_duration_ms for source in self.sources)

    def progress_ms(self, resume_ms: int) -> int:
        """Return how much of the timeline is done, each pass taken for an equal share of it."""
        if not self.are_several:
            return resume_ms
        done_ms = self.index * self.audio_duration_ms
        return (
            done_ms + (min(resume_ms, self.audio_duration_ms) if done_ms else resume_ms)
        ) // len(self.sources)

    def change_current(self, **changes: object) -> None:
        self.sources[self.index] = replace(self.current, **changes)  # type: ignore[arg-type]

    def begin_next(self, *, from_position: int) -> None:
        self.index, self.resume_ms = self.index + 1, 0
        self.change_current(from_position=from_position)

    def source_of(self, position: float) -> int:
        """Return the index of the source that the segment at `position` comes from."""
        begun = [at for at, each in enumerate(self.sources) if each.from_position <= position]
        return max(at for at in begun if at <= self.index)

    def as_json(self) -> list[dict[str, object]]:
        return [asdict(source) for source in self.sources]


def passes_from(sources: Sequence[dict[str, object]], *, index: int, resume_ms: int) -> Passes:
    """Return what `Passes.as_json` wrote."""
    known = [PassSource(**source) for source in sources]  # type: ignore[arg-type]
    return Passes(known, index=index, resume_ms=resume_ms)
