"""How far the clocks of processes may differ: what is dated further ahead, a wrong clock wrote."""

from datetime import timedelta
from typing import Final

CLOCK_ERROR: Final = timedelta(minutes=1)
