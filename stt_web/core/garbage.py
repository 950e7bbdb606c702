"""Garbage collections of a process whose every thread waits for them.

A full one takes 0.3 s with 500 live sessions, and by Python's own thresholds one comes every two
seconds: then the audio of all of them waits.
"""

import gc

# Net allocations before the youngest objects are looked at; how many such rounds before the next
# older ones are, and how many of those before all are.
_THRESHOLDS = (7_000, 10, 10)


def collect_seldom() -> None:
    """From now on: what is loaded by now is never looked at again, the rest seldom as a whole."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def collect_now() -> None:
    """Free all that only cycles hold."""
    gc.collect()
