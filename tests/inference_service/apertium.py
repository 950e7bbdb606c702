"""English into Spanish by Apertium's rules: poor, but real translation, in a process of its own.

It stands for a model whose weights can't be had here. Debian: `apertium-eng-spa` (GPL; run, never
imported, in tests only).
"""

import shutil
import subprocess
from collections.abc import Sequence

from tests import report

SERVICE = "apertium"


def require_apertium() -> None:
    """Skip the test where it isn't installed, or fail it if STT_TEST_REQUIRE lists it."""
    is_there = shutil.which("apertium") is not None
    report.require(SERVICE, is_there=is_there, reason="apertium-eng-spa is not installed here.")
    report.used("model", "Apertium English–Spanish, for translation")


class ApertiumTranslator:
    """A `Translator` from English into Spanish."""

    model_id = "firefox-en-es"
    has_second_attempt = False
    memory_bytes = 0

    def translate(
        self, sentences: Sequence[str], *, source: str, target: str, is_second: bool = False
    ) -> list[str]:
        assert (source, target) == ("en", "es")
        return [self._translate(sentence) for sentence in sentences]

    def _translate(self, sentence: str) -> str:
        done = subprocess.run(
            ["apertium", "-u", "eng-spa"],
            input=sentence,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return done.stdout.strip()

    def close(self) -> None:
        """There is nothing to free."""
