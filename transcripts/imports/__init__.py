"""Files that others made, as segments of a new transcript: SubRip, WebVTT and our own JSON."""
