"""Live sessions: speech becomes text while it is spoken (`open.open_session`).

open      admission, model, the first call        session   what a socket talks to
admit     the rows, the money, taking over        hearing   the calls of the inference service
feed      audio through the journal to those      journal   the audio on disk
hub       what is done for all sessions at once   close     how a session lets go
"""

from transcripts.services.live.open import open_session
from transcripts.services.live.session import LiveSession

__all__ = ["LiveSession", "open_session"]
