"""Corrections of a transcript: edits, their history, and times for edited words."""
