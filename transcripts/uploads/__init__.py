"""Recordings that arrive in parts: resumable uploads (tus 1.0), to their last byte."""
