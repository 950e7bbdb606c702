"""Clients of every kind over one product, and what they must find when all is quiet again."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from drills.clients import Client, EditClient, ExportClient, FileClient, LiveClient, Notes
from drills.product import Product
from drills.recordings import talk, write_talk
from drills.verdict import (
    Verdict,
    judge_clients,
    judge_edits,
    judge_files,
    judge_ledger,
    judge_live,
    judge_webhooks,
    wait_until_quiet,
    words_of,
)
from tests.transcripts.webhooks.receiver import Receiver

SHORT_S, LONG_S, LIVE_S = 6, 45, 15


@dataclass
class Scene:
    """The load over a product, and what it looks like undisturbed."""

    product: Product
    notes: Notes
    clients: list[Client]
    short: Path
    long: Path
    edited_id: str
    expected: list[dict[str, Any]]
    live_text: str

    def start(self) -> None:
        for client in self.clients:
            client.start()

    def stop(self) -> list[str]:
        """End every client; returns the names of those that hang."""
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join(timeout=240)
        return [client.name for client in self.clients if client.is_alive()]


def set_scene(
    product: Product, receiver: Receiver, *, seed: int, webs: tuple[str, ...] = ("web",)
) -> Scene:
    """Make accounts and clients, and hear each recording once undisturbed."""
    notes = Notes()
    folder = product.system.folder
    long, short = folder / "long.wav", folder / "short.wav"
    write_talk(long, seconds=LONG_S)
    write_talk(short, seconds=SHORT_S)
    urls: Callable[[], list[str]] = lambda: [product.system.url_of(web) for web in webs]  # noqa: E731
    keys = [product.key(f"drill-{number}@example.com") for number in range(4)]
    for key in keys[:2]:
        answer = requests.post(
            f"{product.url}/api/v1/webhooks/",
            json={"url": receiver.url, "events": ["transcript.completed"]},
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        assert answer.ok, answer.text
    expected = transcribe_undisturbed(product, keys[3], long)
    other = transcribe_undisturbed(product, keys[3], short, title="to be edited")
    live = LiveClient(Notes(), urls, keys[3], seed, pcm=talk(seconds=LIVE_S))
    live.act()
    clients: list[Client] = [
        FileClient(notes, urls, keys[0], seed + 1, recording=long, pause_s=2.0),
        FileClient(notes, urls, keys[1], seed + 2, recording=long, pause_s=4.0),
        EditClient(notes, urls, keys[3], seed + 3, transcript_id=other["id"]),
        ExportClient(notes, urls, keys[3], seed + 4, transcript_id=expected["id"]),
        LiveClient(notes, urls, keys[2], seed + 5, pcm=talk(seconds=LIVE_S)),
        LiveClient(notes, urls, keys[2], seed + 6, pcm=talk(seconds=LIVE_S)),
    ]
    return Scene(
        product=product,
        notes=notes,
        clients=clients,
        short=short,
        long=long,
        edited_id=other["id"],
        expected=expected["segments"],
        live_text=words_of(live.notes.sessions[0]),
    )


def judge(scene: Scene, receiver: Receiver) -> Verdict:
    """Wait until all is quiet, then compare."""
    from django.db import connections  # after django.setup()

    connections.close_all()  # this process's own may have been cut too
    verdict = Verdict()
    verdict.hold("recordings still under way", wait_until_quiet())
    judge_files(verdict, scene.notes, scene.expected)
    judge_live(verdict, scene.notes, scene.live_text)
    judge_edits(verdict, scene.notes, scene.edited_id)
    wanted = {transcript_id for _, transcript_id in scene.notes.accepted}
    judge_webhooks(verdict, scene.notes, _announced(receiver, wanted))
    judge_ledger(verdict)
    judge_clients(verdict, scene.notes)
    return verdict


def transcribe_undisturbed(
    product: Product, key: str, path: Path, *, title: str = ""
) -> dict[str, Any]:
    """Transcribe it with nothing struck; on a busy machine it may be refused for a while."""
    client = Client(Notes(), lambda: [product.url], key, seed=0)
    answer = client.call(
        "POST",
        "/v1/transcribe",
        headers={"Idempotency-Key": uuid.uuid4().hex},
        files={"file": path},
        data={"diarize": "false", "language": "en", "title": title},
        timeout=300,
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _announced(receiver: Receiver, wanted: set[str], within_s: float = 90) -> list[dict[str, Any]]:
    """Wait until all are announced, or none for `within_s`; returns the bodies with their
    webhook ids.
    """
    known, ends_at = 0, time.monotonic() + within_s
    while True:
        messages = list(receiver.messages)
        if len(messages) > known:
            known, ends_at = len(messages), time.monotonic() + within_s
        bodies = [
            {**json.loads(each.body), "webhook-id": each.headers["webhook-id"]} for each in messages
        ]
        missing = wanted - {each["data"]["id"] for each in bodies}
        if not missing or time.monotonic() > ends_at:
            return bodies
        time.sleep(0.5)
