"""Processes that kill themselves in a live session: `python -m tests.transcripts.live.dying`.

Each line of input, `{"step", "user", "token", "seconds"}`, is a process of its own that opens a
session (or goes on with that of `token`), speaks for so many seconds and stops; before its step
number `step` (`steps.die_before`) it dies. `seconds` null: it dies once the session is open.
What its client receives is printed, a line of JSON each; a line `{"is_killed"}` is its end.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from tests.transcripts.live.steps import die_before

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
settings.DATABASES["default"].update(json.loads(os.environ["SPEAKER_DATABASE"]))
django.setup()

SECOND = b"\x10\x00" * 16_000


def send(**values: object) -> None:
    """Print at once, in one piece: what was printed was received."""
    os.write(1, json.dumps(values).encode() + b"\n")


async def speak(*, user: str | None, token: str, seconds: int | None) -> None:
    from accounts.models import User
    from transcripts.live.events import Ended, Final, LiveRequest
    from transcripts.live.executors import in_database
    from transcripts.live.opening import open_session
    from transcripts.options import TranscriptionOptions

    owner = await in_database(User.objects.get, pk=user) if user else None
    session = await open_session(
        LiveRequest(
            user=owner,
            key=None,
            address="192.0.2.9",
            options=TranscriptionOptions(diarize=False),
            resume_token=token,
        )
    )
    send(token=session.resume_token, id=session.transcript_id)
    if seconds is None:
        os.kill(os.getpid(), signal.SIGKILL)
        return
    for _ in range(seconds):
        await session.push(SECOND)
    acknowledging = asyncio.create_task(acknowledge(session, seconds * 1000))
    async for event in session.events():
        if isinstance(event, Final):
            send(text=[each.text for each in event.segments])
            if event.end_ms == seconds * 1000:
                await acknowledging
                await session.stop()
        elif isinstance(event, Ended):
            send(ended=event.text, charged=event.credits_charged)


async def acknowledge(session: Any, until_ms: int) -> None:
    acknowledged = 0
    while acknowledged < until_ms:
        await asyncio.sleep(0.01)
        if session.audio_ms > acknowledged:
            acknowledged = session.audio_ms
            send(audio_ms=acknowledged)


def run_one(line: str) -> None:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            die_before(asked.pop("step"), folder=Path(settings.MEDIA_ROOT))
            asyncio.run(speak(**asked))
            status = 0
        finally:
            os._exit(status)
    _, result = os.waitpid(child, 0)
    send(is_killed=os.WIFSIGNALED(result), status=os.waitstatus_to_exitcode(result))


for each in sys.stdin:
    run_one(each)
