"""What a process remembers of guessers, between tests: their addresses are all the same one."""

from accounts.keys import throttle


def reset_key_throttle() -> None:
    with throttle._lock:
        throttle._refused_until.clear()
