"""Live sessions: speech becomes a transcript while it is spoken.

`open_session` admits one and returns a `LiveSession`; `transcripts.live` speaks with clients.
"""
