"""A live session's request and its events, in this order:

Ready, then Partial, Final, Silence and SessionNotice as they come, and one of Ended or Failed last.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from accounts.models import ApiKey, User
from stt_web.core.errors import ApiError
from transcripts.options import TranscriptionOptions
from transcripts.text.segments import Segment
from transcripts.text.words import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRequest:
    """The client of a session, and its options.

    `user` None: a guest at `address`. `key`: the key that was shown, None for a page's ticket or
    session. `resume_token`: go on with the session it was given for;
    `delivered_ms`: up to where this client received final text, None where it doesn't report it.
    """

    user: User | None
    key: ApiKey | None
    address: str
    options: TranscriptionOptions
    second_pass: bool = False
    title: str = ""
    resume_token: str = ""
    delivered_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The session is open. `audio_ms`: what is journalled already, not 0 where one is resumed."""

    transcript_id: str
    model: str
    resume_token: str
    guest_token: str
    audio_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """The utterance under way. `committed` only grows until a `Final` begins with it.

    `is_ahead`: text that is final by now leads it, and is being stored: its `Final` follows.
    """

    start_ms: int
    covered_ms: int
    committed: tuple[Word, ...]
    pending: tuple[Word, ...]
    is_ahead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """Finalized text, stored: never changed, never delivered again.

    `finalized_ms`: up to where all is final once this is delivered; 0 in one that another one of
    the same utterance follows. `is_cut`: the speech goes on behind it, without a pause.
    """

    segments: tuple[Segment, ...]
    language: str
    finalized_ms: int = 0
    is_cut: bool = False

    @property
    def end_ms(self) -> int:
        return self.segments[-1].end_ms


@dataclass(frozen=True, slots=True)
class Silence:
    """Up to here all is final, and there is no text that was not delivered."""

    finalized_ms: int


def make_finals(
    segments: Iterable[Segment], *, language: str, finalized_ms: int = 0, is_cut: bool = False
) -> tuple[Final, ...]:
    """Return a `Final` for each run of segments in one language; `language`: where they have
    none. The last one has `finalized_ms`."""
    runs = groupby(segments, key=lambda segment: segment.language or language)
    finals = [Final(segments=tuple(run), language=spoken, is_cut=True) for spoken, run in runs]
    if finals:
        finals[-1] = replace(finals[-1], finalized_ms=finalized_ms, is_cut=is_cut)
    return tuple(finals)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNotice:
    """Information that doesn't end the session: `credits_low`, `updates_slowed`, `catching_up`,
    `caught_up`, `reconnecting`, `language_detected` …"""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """All is transcribed, stored and finalized. `text`: the whole."""

    text: str
    language: str
    audio_duration_ms: int
    credits_charged: int
    warnings: tuple[dict[str, Any], ...] = ()  # the transcript's: what is missing, what is doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It ended early; the text until then is stored, as `error.message` states.

    `text`: the whole of what was finalised.
    """

    error: ApiError
    text: str


LiveEvent = Ready | Partial | Final | Silence | SessionNotice | Ended | Failed
