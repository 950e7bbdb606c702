"""django-storages' S3 backend with bounds: what a bucket that hangs may cost.

Checksums are sent where the protocol requires them only: servers older than 2025 refuse the others,
and what is stored has a digest of its own (`media_store.bucket`).
"""

from typing import Any, Final

from botocore.config import Config
from storages.backends.s3 import S3Storage

_CONNECT_TIMEOUT_S: Final = 3
_MOST_TRIES: Final = 2
_MOST_CONNECTIONS: Final = 32


class MediaStorage(S3Storage):  # type: ignore[misc]  # no stubs are published for it
    """`timeout_s`: the longest silence of a server. `pause_s`: after it was away, calls fail at
    once for so long. No repr has a key."""

    def __init__(self, *, timeout_s: float, pause_s: float = 5.0, **options: Any) -> None:
        self.pause_s = pause_s
        style = options.get("addressing_style") or "auto"
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=timeout_s,
            retries={"mode": "standard", "total_max_attempts": _MOST_TRIES},
            max_pool_connections=_MOST_CONNECTIONS,
            signature_version="s3v4",
            s3={"addressing_style": style},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra="open-stt",
        )
        super().__init__(client_config=config, **options)
