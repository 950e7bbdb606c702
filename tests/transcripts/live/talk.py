"""A client of `WS /v1/stream` that checks every message against our asyncapi.yaml."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import websockets.sync.client
import yaml
from jsonschema import Draft202012Validator
from websockets.exceptions import ConnectionClosed

from tests.transcripts.served_api import Client

ASYNCAPI = Path(__file__).resolve().parents[3] / "stt_web" / "reference" / "asyncapi.yaml"
MESSAGES = ("ready", "started", "listening", "partial", "final", "notice", "finished", "error")

Message = dict[str, Any]


class Talk:
    """One connection. Entering it waits for nothing; `ready` is the first message."""

    def __init__(self, url: str, *, key: str = "", query: str = "", **options: Any) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= options.pop("additional_headers", {})
        address = url.replace("http://", "ws://") + "/v1/stream" + (f"?{query}" if query else "")
        self.messages: list[Message] = []
        self._open = ExitStack()
        self.socket = self._open.enter_context(
            websockets.sync.client.connect(
                address, additional_headers=headers, max_size=None, **options
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def send_frame(self, frame: object) -> None:
        self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def send(self, pcm: bytes) -> None:
        self.socket.send(pcm)

    def receive(self, timeout_s: float = 20) -> Message:
        """Return the next message. Raises ConnectionClosed."""
        message: Message = json.loads(self.socket.recv(timeout_s))
        check_message(message)
        assert message["seq"] == len(self.messages) + 1
        self.messages.append(message)
        return message

    def receive_until(self, status: str) -> Message:
        while (message := self.receive()).get("status") != status:
            pass
        return message

    def begin(self, **config: Any) -> Message:
        """Open a session; returns `started`."""
        assert self.receive()["status"] == "ready"
        self.send_frame(config)
        return self.receive_until("started")

    def receive_all(self) -> list[Message]:
        """Return what is sent from now on until the server closes."""
        start = len(self.messages)
        while True:
            try:
                self.receive()
            except ConnectionClosed:
                return self.messages[start:]

    @property
    def close_code(self) -> int | None:
        code: int | None = self.socket.close_code
        return code

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages if message["text"]]


def talk(speaker: Client, **options: Any) -> Talk:
    return Talk(speaker.url, key=speaker.key, **options)


def check_message(message: Message) -> None:
    """It must be one, and one only, of the kinds that the document describes."""
    kinds = [kind for kind, schema in _schemas() if schema.is_valid(message)]
    assert len(kinds) == 1, f"{kinds} describe {message}"
    assert message["final"] == message["is_final"]
    assert message.get("committed", "") == message["partial"][: len(message.get("committed", ""))]


def load_document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text())
    return document


@lru_cache
def _schemas() -> list[tuple[str, Draft202012Validator]]:
    return list(_make_schemas())


def _make_schemas() -> Iterator[tuple[str, Draft202012Validator]]:
    document = load_document()
    for kind in MESSAGES:
        payload = document["components"]["messages"][kind]["payload"]
        yield kind, Draft202012Validator({**payload, "components": document["components"]})
