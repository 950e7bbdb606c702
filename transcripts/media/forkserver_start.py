"""Imported by the fork server, as it starts, and by nothing else: its children inherit no secrets.

It inherits the environment of its parent, whose secret key and database no decoder needs.
"""

from transcripts.media.sandbox import scrub_environment

scrub_environment()
