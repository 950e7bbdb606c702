"""Vosk's socket (alphacep/vosk-server), at `WS /v1/vosk`: each frame of audio has one answer."""
