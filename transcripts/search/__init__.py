"""Search in transcripts: the index, the query, and what was found."""
