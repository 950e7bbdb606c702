"""The database: one address of the environment, turned into Django's settings."""

import re
from urllib.parse import unquote, urlsplit

from stt_web.core.env import BadSettingError

# A server that takes connections and doesn't answer, or has vanished from the network, is one that
# is away: without these a thread would wait for it for minutes, or for ever.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
# A process that is frozen in mid-transaction no longer blocks others that need its rows.
_OF_SESSIONS = "-c idle_in_transaction_session_timeout=30s"


def read_database_url(url: str) -> dict[str, object]:
    """Translate `sqlite:///path` or `postgresql://user:password@host:port/name`.

    Of PostgreSQL, also what libpq takes behind a question mark (`?sslmode=verify-full`). Raises
    BadSettingError.
    """
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
        return _read_postgresql(url)
    raise BadSettingError(
        f"STT_DATABASE_URL begins with {parts.scheme!r}, but must be sqlite:/// or postgresql://."
    )


def _read_postgresql(url: str) -> dict[str, object]:
    from psycopg import ProgrammingError  # SQLite alone needs no driver
    from psycopg.conninfo import conninfo_to_dict

    try:
        # psycopg reads `postgresql://` and `postgres://` alike, as libpq does.
        stated = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError as error:
        # Others quote parts of the address, such as the password.
        unknown = re.fullmatch(r'invalid URI query parameter: "(\w+)"', str(error).strip())
        is_behind = unknown is not None and unknown[1] in url.rpartition("@")[2]
        raise _not_understood(
            f"it takes no {unknown[1]}" if unknown and is_behind else ""
        ) from None
    if not all(port.isdigit() for port in stated.get("port", "").split(",") if port):
        raise _not_understood()  # a slash in the password, which is no part of the message
    own = stated.pop("options", "")
    named = {
        setting: stated.pop(name, "")
        for setting, name in (
            ("NAME", "dbname"),
            ("USER", "user"),
            ("PASSWORD", "password"),
            ("HOST", "host"),
            ("PORT", "port"),
        )
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {**_PATIENCE, **stated, "options": f"{_OF_SESSIONS} {own}".strip()},
    }


def _not_understood(reason: str = "") -> BadSettingError:
    form = "write postgresql://user:password@host:port/name, special characters as %XX"
    return BadSettingError(f"STT_DATABASE_URL isn't understood: {reason or form}.")
