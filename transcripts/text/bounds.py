"""How much one segment may hold, for every writer."""

MAX_SEGMENT_WORDS = 1_000  # seven minutes of speech
