"""Words of an account's recordings: hot words of new transcriptions, and corrections."""
