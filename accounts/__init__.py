"""Who may come in: users, keys, sessions. Knows nothing of billing or transcripts."""
