"""What a first start needs besides processes: a key, a way into the pages, the name of a model."""

import json
import os
import secrets
import sys
import urllib.request
from io import StringIO
from pathlib import Path

from django.core.management import call_command

LOCAL_USER = "local@localhost"


def ensure_local_key(path: Path) -> str:
    """Return the key stored in `path` (mode 0600) if the database knows it, else a new, stored
    one."""
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


def ensure_sample() -> None:
    """Give the local account a transcript to look at, once; one that was deleted stays deleted."""
    from accounts.models import User
    from stt_web.core.background import run_guarded
    from transcripts.imports.sample import give_sample

    user = User.objects.filter(email=LOCAL_USER).first()
    if user is not None:  # what fails here keeps nothing from starting
        run_guarded(lambda: give_sample(user), name="sample")


def ensure_inference_token(path: Path) -> str:
    """Return the token in `path` (mode 0600) that the two tiers share, made where there is none."""
    token = path.read_text().strip() if path.exists() else ""
    if not token:
        token = secrets.token_urlsafe(32)
        _write_secret(path, token)
    return token


def _make_local_key(path: Path) -> str:
    out = StringIO()
    call_command("create_api_key", LOCAL_USER, plan="local", name="make run", stdout=out)
    raw = out.getvalue().strip()
    _write_secret(path, raw)
    return raw


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")


def describe_login(address: str, *, host: str) -> str:
    """Return a link that logs in once, as the account of the key; else what to do instead.

    `host`: the address that the web server listens on. On another than this machine's own, there is
    no link: who reads along must not get in with it.
    """
    from accounts.services.local_login import confirm_local_address, make_login_path

    confirm_local_address(LOCAL_USER)
    path = make_login_path(LOCAL_USER) if is_only_here(host) else ""
    if path:
        return f"{address}{path}   (once, within 15 minutes, on this machine)"
    python = os.path.relpath(sys.executable)
    return (
        f"{address}/account/login/ as {LOCAL_USER}, with your password\n"
        f"            Set one: {python} manage.py changepassword {LOCAL_USER}"
    )


def is_only_here(host: str) -> bool:
    """Whether a server that listens on `host` is reached from this machine alone."""
    from accounts.client_address import is_loopback

    return is_loopback(host) or host == "localhost"


def describe_models(address: str) -> str:
    """Report which models are installed, or what to do where there is none."""
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
