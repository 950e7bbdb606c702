"""Live transcription: `WS /v1/stream` and the sessions behind it."""
