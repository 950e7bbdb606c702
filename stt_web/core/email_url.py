"""How mail leaves: one address of the environment, turned into Django's settings.

(empty), console:                                 printed by the process that sends it
smtp://user:password@host:587                     SMTP with STARTTLS
smtps://user:password@host:465                    SMTP inside TLS
smtp+plain://host:25                              SMTP without TLS: for a relay on this machine
file:///path                                      a file each, for tests
"""

from urllib.parse import unquote, urlsplit

from stt_web.core.env import BadSettingError

_BACKENDS = "django.core.mail.backends"
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
# A server that doesn't answer must not hold a worker's slot.
_TIMEOUT_S = 20


def read_email_url(url: str) -> dict[str, object]:
    """Return the settings `EMAIL_*`. Raises BadSettingError for every other URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadSettingError("STT_EMAIL_URL is no address.") from None
    if url in ("", "console:"):
        return {"EMAIL_BACKEND": "stt_web.core.console_mail.ConsoleBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": f"{_BACKENDS}.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadSettingError(
            f"STT_EMAIL_URL begins with {parts.scheme!r}, but must be smtp://host, smtps://host,"
            " smtp+plain://host, file:///path or console:."
        )
    return {
        "EMAIL_BACKEND": f"{_BACKENDS}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or _PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": _TIMEOUT_S,
    }
