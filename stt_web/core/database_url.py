"""The database: one address of the environment, turned into Django's settings."""

from urllib.parse import unquote, urlsplit

from stt_web.core.env import BadSettingError


def read_database_url(url: str) -> dict[str, object]:
    """Translate `sqlite:///path` or `postgresql://user:password@host:port/name`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path),
            "OPTIONS": {
                # BEGIN IMMEDIATE: a transaction that writes never fails half-way with SQLITE_BUSY.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # FULL: with NORMAL a power cut undoes commits, also of what was answered.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    if parts.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_HEALTH_CHECKS": True,
            "CONN_MAX_AGE": 60,
            # A process that is frozen in mid-transaction no longer blocks others that need its
            # rows.
            "OPTIONS": {"options": "-c idle_in_transaction_session_timeout=30s"},
        }
    raise BadSettingError(
        f"STT_DATABASE_URL begins with {parts.scheme!r}, but must be sqlite:/// or postgresql://."
    )
