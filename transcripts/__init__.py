"""Recordings and what was said in them: submitted, recognised, stored, exported."""
