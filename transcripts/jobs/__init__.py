"""Transcription jobs: submitted, queued, leased, run in stages, finished."""
