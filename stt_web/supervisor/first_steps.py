"""What a first start needs besides processes: a key to call with, and a model to hear with."""

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from stt_web.env import read_bool, read_text
from stt_web.supervisor.commands import Command
from stt_web.supervisor.console import Console

LOCAL_USER = "local@localhost"
FIRST_MODEL = "small"  # 0.5 GB; fit for a machine without a GPU
_ALWAYS_THERE = "pocketsphinx"  # the recogniser that comes with the packages
_HUB_ANSWERS_WITHIN_S = 4.0


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


async def look_for_model(address: str, *, console: Console) -> Command | None:
    """Say which model answers; where no Whisper is installed, try once, briefly, to get one.

    Returns the download to start, if it can be had.
    """
    models = await asyncio.to_thread(_read_models, address)
    installed = [str(model["id"]) for model in models if model.get("available")]
    line = f"  model     {', '.join(installed)}"
    if any(not name.startswith(_ALWAYS_THERE) for name in installed):
        console.say(f"{line}\n")
        return None
    reason = await asyncio.to_thread(_why_none_is_fetched)
    argv = (sys.executable, "-m", "inference_service.catalog", "pull", FIRST_MODEL)
    if reason:
        later = f"Later: {os.path.relpath(argv[0])} {' '.join(argv[1:])}"
        console.say(f"{line} (no Whisper model is installed)\n{' ' * 12}{reason} {later}\n")
        return None
    console.say(f"{line}, until {FIRST_MODEL} is here: it is being fetched now.\n")
    return Command(name="model", argv=argv)


def _read_models(address: str) -> list[dict[str, object]]:
    with urllib.request.urlopen(f"{address}/v1/models", timeout=10) as answer:  # noqa: S310  # ours
        models: list[dict[str, object]] = json.load(answer)["models"]
        return models


def _why_none_is_fetched() -> str:
    """Return a sentence, or nothing if the hub answers (with whatever status)."""
    if read_bool("STT_OFFLINE", default=False):
        return "None is fetched, because STT_OFFLINE is set."
    hub = read_text("HF_ENDPOINT", "https://huggingface.co")
    if not hub.startswith(("https://", "http://")):
        return f"None could be fetched: HF_ENDPOINT is {hub!r}, which is no address."
    request = urllib.request.Request(hub, method="HEAD")  # noqa: S310  # checked above
    try:
        urllib.request.urlopen(request, timeout=_HUB_ANSWERS_WITHIN_S).close()  # noqa: S310
    except urllib.error.HTTPError:
        return ""
    except OSError as error:
        reason = getattr(error, "reason", error)
        return f"None could be fetched: {hub} does not answer ({reason})."
    return ""
