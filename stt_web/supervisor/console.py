"""What `make run` writes: lines of several processes, each with the name of its process."""

import sys
from typing import TextIO

_WIDTH = len("worker-housekeeping")
_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95)


class Console:
    """Writes prefixed lines; coloured on a terminal."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._has_colours = out.isatty()
        self._colours: dict[str, int] = {}

    def write(self, name: str, line: str) -> None:
        prefix = f"{name:>{_WIDTH}} |"
        if self._has_colours:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._print(f"{prefix} {line}")

    def print_block(self, text: str) -> None:
        """Write a line of our own, without a prefix."""
        self._print(text)

    def _print(self, text: str) -> None:
        # The terminal may be closed (a closed window) while there are still processes to stop.
        try:
            print(text, file=self._out, flush=True)
        except (BrokenPipeError, ValueError):
            self._has_colours = False
