"""Items: what was spoken between two commits, from the session's events. Pure.

A delta adds to those before it, and is never taken back: it holds committed words only, of text
that is under way. All of it is in `completed`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from transcripts.live.events import Final, Partial
from transcripts.text.words import Word, join_words
from transcripts.text.writing import is_spaced_between, join_texts

_PREFIX = "conversation.item.input_audio_transcription"
Message = dict[str, Any]


@dataclass
class Item:
    """`end_ms`: up to where its audio reaches, None while it grows. `is_cleared`: its client wants
    none of it."""

    id: str
    start_ms: int
    end_ms: int | None = None
    is_announced: bool = False  # its speech was
    is_cleared: bool = False
    text: str = ""  # final
    sent: str = ""  # in deltas
    words: list[Word] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    spoken_until_ms: int = 0

    def add(self, final: Final) -> None:
        text = join_texts((each.text for each in final.segments), language=final.language)
        space = " " if is_spaced_between(self.text, text) else ""
        self.text += space + text
        self.words += [word for segment in final.segments for word in segment.words]
        if final.language and final.language not in self.languages:
            self.languages.append(final.language)
        self.spoken_until_ms = final.end_ms

    def with_partial(self, partial: Partial) -> str:
        """Return its text with what is committed of the utterance under way."""
        text = join_words(partial.committed)
        space = " " if is_spaced_between(self.text, text) else ""
        return self.text + space + text if text else self.text

    def take_delta(self, text: str) -> str:
        """Return what `text` adds to what was sent; empty where it is another text."""
        if not text.startswith(self.sent) or len(text) == len(self.sent):
            return ""
        delta = text[len(self.sent) :]
        self.sent = text
        return delta

    def write_delta(self, delta: str) -> Message:
        return {
            "type": f"{_PREFIX}.delta",
            "item_id": self.id,
            "content_index": 0,
            "delta": delta,
        }

    def write_completed(self, *, has_logprobs: bool) -> Message:
        end_ms = self.end_ms if self.end_ms is not None else self.spoken_until_ms
        message: Message = {
            "type": f"{_PREFIX}.completed",
            "item_id": self.id,
            "content_index": 0,
            "transcript": self.text,
            "languages": [{"code": code} for code in self.languages],
            "usage": {"type": "duration", "seconds": max(0, end_ms - self.start_ms) / 1000},
        }
        if has_logprobs:
            message["logprobs"] = list(_write_logprobs(self.words))
        return message

    def write_failed(self, error: object) -> Message:
        return {
            "type": f"{_PREFIX}.failed",
            "item_id": self.id,
            "content_index": 0,
            "error": error,
        }


class ItemIds:
    """Ids that no two items of the server share."""

    def __init__(self, session_id: str) -> None:
        self._prefix = "item_" + session_id.removeprefix("sess_")
        self._numbers = count(1)

    def make(self) -> str:
        return f"{self._prefix}_{next(self._numbers)}"


def _write_logprobs(words: Iterable[Word]) -> Iterable[Message]:
    for word in words:
        if word.confidence:
            logprob = round(math.log(word.confidence), 4)
            yield {"token": word.text, "bytes": list(word.text.encode()), "logprob": logprob}
