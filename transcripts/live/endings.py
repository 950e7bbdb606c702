"""The ways in which a session ends:

finish      all audio is transcribed, then stored and finalized at once
pause       the client has disconnected and may return; after a while the sweeper has it finished
hand over   the inference service is lost: a worker finishes it from the journal
lost        another holder has it: it was resumed elsewhere, cancelled or deleted
"""

from dataclasses import dataclass
from enum import Enum

from stt_web.core.errors import ApiError


class CloseMode(Enum):
    FINISH = "finish"
    PAUSE = "pause"
    HAND_OVER = "hand_over"
    LOST = "lost"


@dataclass(frozen=True)
class CloseReason:
    """`error`: why it isn't the client that ends it."""

    way: CloseMode
    error: ApiError | None = None
