"""The client of a speech-to-text server of your own.

    from open_stt import STTClient

    client = STTClient()  # STT_API_KEY, STT_BASE_URL
    print(client.transcribe("meeting.mp3")["text"])

`AsyncSTTClient` is the same with `await`.
"""

from open_stt._async.client import AsyncSTTClient
from open_stt._sync.client import STTClient
from open_stt.errors import (
    AuthError,
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    CreditError,
    DeadlineError,
    LiveError,
    NotFoundError,
    NotInstalledError,
    RateLimitError,
    RevisionChangedError,
    ServerError,
    SignatureError,
    StatusError,
    STTError,
    TooLargeError,
    TranscriptionError,
)
from open_stt.policy import Timeouts
from open_stt.progress import ProgressReport
from open_stt.version import VERSION
from open_stt.webhooks import verify_webhook

__version__ = VERSION
__all__ = [
    "AsyncSTTClient",
    "AuthError",
    "BadRequestError",
    "ConflictError",
    "ConnectionFailedError",
    "CreditError",
    "DeadlineError",
    "LiveError",
    "NotFoundError",
    "NotInstalledError",
    "ProgressReport",
    "RateLimitError",
    "RevisionChangedError",
    "STTClient",
    "STTError",
    "ServerError",
    "SignatureError",
    "StatusError",
    "Timeouts",
    "TooLargeError",
    "TranscriptionError",
    "__version__",
    "verify_webhook",
]
