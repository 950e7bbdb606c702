"""A process that speaks for some seconds: `python -m tests.transcripts.live.speaker`.

Arguments: the user's id, how many seconds. Prints a line of JSON once all is journalled, goes on
listening, and ends when the session does.
"""

import asyncio
import json
import os
import sys

import django
from django.conf import settings

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
settings.DATABASES["default"].update(json.loads(os.environ["SPEAKER_DATABASE"]))
django.setup()

from accounts.models import User  # noqa: E402
from transcripts.live.events import LiveRequest  # noqa: E402
from transcripts.live.opening import open_session  # noqa: E402
from transcripts.options import TranscriptionOptions  # noqa: E402

SECOND = b"\x10\x00" * 16_000


async def speak(user_id: str, seconds: int) -> None:
    user = await User.objects.aget(pk=user_id)
    session = await open_session(
        LiveRequest(
            user=user,
            key=None,
            address="192.0.2.9",
            options=TranscriptionOptions(diarize=False),
        )
    )
    for _ in range(seconds):
        await session.push(SECOND)
    while session.audio_ms < seconds * 1000:
        await asyncio.sleep(0.01)
    session_ids = {"token": session.resume_token, "id": session.transcript_id}
    print(json.dumps(session_ids), flush=True)  # noqa: T201  # its parent reads it
    async for _ in session.events():
        pass


asyncio.run(speak(sys.argv[1], int(sys.argv[2])))
