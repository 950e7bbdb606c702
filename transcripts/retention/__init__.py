"""How long recordings and transcripts are stored, and their deletion."""
