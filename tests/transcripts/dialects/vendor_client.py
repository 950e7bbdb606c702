"""A client of another service's live protocol, frame by frame, on a real socket."""

import json
from contextlib import ExitStack
from functools import lru_cache
from typing import Any, Self

import websockets.sync.client
from jsonschema import Draft202012Validator
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.transcripts.live.talk import load_document

Message = dict[str, Any]


class VendorClient:
    def __init__(
        self, url: str, path: str, *, key: str = "", scheme: str = "Bearer", **options: Any
    ):
        headers = {"Authorization": f"{scheme} {key}"} if key else {}
        headers |= options.pop("additional_headers", {})
        address = url.replace("http://", "ws://") + path
        self.messages: list[Message] = []
        self._channel = path.partition("?")[0].rpartition("/")[2]
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

    def send(self, frame: object) -> None:
        is_raw = isinstance(frame, str | bytes)
        self.socket.send(frame if is_raw else json.dumps(frame))

    def receive(self, kind: str = "", *, timeout_s: float = 20) -> Message:
        """Return the next message, or the next of a `type`. Raises ConnectionClosed."""
        while True:
            message: Message = json.loads(self.socket.recv(timeout_s))
            self._check(message)
            self.messages.append(message)
            if not kind or message.get("type") == kind:
                return message

    def _check(self, message: Message) -> None:
        """It is one of those that our asyncapi.yaml describes."""
        schemas = schemas_of(self._channel)
        kinds = [schemas[message["type"]]] if "type" in message else list(schemas.values())
        assert any(kind.is_valid(message) for kind in kinds), message

    def receive_all(self) -> list[Message]:
        """Return what is sent from now on until the server closes."""
        start = len(self.messages)
        while True:
            try:
                self.receive()
            except ConnectionClosed:
                return self.messages[start:]

    def of_type(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message.get("type") == kind]

    @property
    def close_code(self) -> int | None:
        code: int | None = self.socket.close_code
        return code


@lru_cache
def schemas_of(channel: str) -> dict[str, Draft202012Validator]:
    document = load_document()
    return {
        name: Draft202012Validator({**message["payload"], "components": document["components"]})
        for name, message in document["channels"][channel]["messages"].items()
    }


def refusal_of(url: str, path: str, **options: Any) -> tuple[int, Message, Any]:
    """Return the status, body and headers with which a handshake is refused."""
    try:
        with VendorClient(url, path, **options):
            raise AssertionError("The handshake was accepted.")
    except InvalidStatus as refused:
        answer = refused.response
        return answer.status_code, json.loads(answer.body or b"{}"), answer.headers
