"""How much one segment may hold, whoever writes it."""

MAX_SEGMENT_WORDS = 1_000  # seven minutes of speech
