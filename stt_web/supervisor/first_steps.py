"""What a first start needs besides processes: a key to call with, and the name of its model."""

import json
import os
import sys
import urllib.request
from io import StringIO
from pathlib import Path

from django.core.management import call_command

LOCAL_USER = "local@localhost"


def ensure_local_key(path: Path) -> str:
    """Return the key kept in `path` (mode 0600) if the database knows it, else a new one, kept."""
    # Models can be imported only once Django is set up, which is after this module is.
    from accounts.authentication import AuthenticationError, authenticate_token

    if path.exists():
        raw = path.read_text().strip()
        try:
            authenticate_token(raw)
        except AuthenticationError:
            pass  # another database, or revoked
        else:
            return raw
    return _make_local_key(path)


def _make_local_key(path: Path) -> str:
    out = StringIO()
    call_command("create_api_key", LOCAL_USER, plan="local", name="make run", stdout=out)
    raw = out.getvalue().strip()
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(raw + "\n")
    return raw


def describe_models(address: str) -> str:
    """Say which recognisers are installed, or what to do where there is none."""
    with urllib.request.urlopen(f"{address}/v1/models", timeout=10) as answer:  # noqa: S310  # ours
        models = json.load(answer)["models"]
    installed = [str(model["id"]) for model in models if model["available"]]
    if installed:
        return ", ".join(installed)
    python = os.path.relpath(sys.executable)
    return (
        "none: recognition answers 503 `not_installed` until one is here.\n"
        f"            Install one: {python} -m inference_service.catalog pull base"
    )
