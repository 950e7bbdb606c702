"""Recordings and their transcripts: submitted, recognised, stored, exported."""
