"""django-storages' S3 backend with bounds: what a bucket that hangs may cost.

Checksums are sent where the protocol requires them only: servers older than 2025 refuse the others,
and what is stored has a digest of its own (`media_store.bucket`).
"""

from typing import Any, Final

from botocore.config import Config
from storages.backends.s3 import S3Storage

_CONNECT_TIMEOUT_S: Final = 3
_MOST_TRIES: Final = 2
_QUICK_S: Final = 2.0  # of what is asked about an object
_MOST_CONNECTIONS: Final = 32


class MediaStorage(S3Storage):  # type: ignore[misc]  # no stubs are published for it
    """`timeout_s`: the longest silence of a server. `pause_s`: after it was away, calls fail at
    once for so long. `patience_s`: a download may be slow for so long. No repr has a key."""

    def __init__(
        self, *, timeout_s: float, pause_s: float = 5.0, patience_s: float = 60.0, **options: Any
    ) -> None:
        self.pause_s, self.patience_s = pause_s, patience_s
        style = options.get("addressing_style") or "auto"
        self._config = Config(
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
        self._quick_s = min(_QUICK_S, timeout_s)
        super().__init__(client_config=self._config, **options)

    def make_quick_client(self) -> Any:
        """Return a client that waits for an answer of a few bytes no longer than that takes."""
        quick = self._config.merge(
            Config(connect_timeout=self._quick_s, read_timeout=self._quick_s)
        )
        return self._create_session().client(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            endpoint_url=self.endpoint_url,
            config=quick,
            verify=self.verify,
        )
