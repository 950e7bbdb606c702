"""What it costs: plans, limits, the ledger. Knows accounts, nothing of transcripts."""
