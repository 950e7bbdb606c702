"""What a translator is: sentences in, sentences out, each by itself."""

from collections.abc import Sequence
from typing import Protocol


class UnknownTargetError(ValueError):
    """The model can't translate from or into that language."""


class Translator(Protocol):
    """A loaded model. Safe to be called from several threads; blocks."""

    model_id: str
    has_second_attempt: bool  # another search, where the first result fails the guards

    def translate(
        self, sentences: Sequence[str], *, source: str, target: str, is_second: bool = False
    ) -> list[str]:
        """Raises UnknownTargetError."""
        ...

    @property
    def memory_bytes(self) -> int: ...

    def close(self) -> None: ...
