"""The load of a drill: clients that never give up, and note what they were promised.

Each is a thread that does one kind of thing until it is told to end. A request that breaks off is
sent again with the same `Idempotency-Key`, a socket is opened again with its `resume_token`, as
docs/api.md and docs/live.md tell clients to do. What was accepted is noted, to be checked when all
is quiet again (`drills.verdict`).
"""

import contextlib
import itertools
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

PATIENCE_S = 180.0
_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)
BYTES_A_SECOND = 32_000


class GaveUpError(Exception):
    """A client asked for `PATIENCE_S` and got no answer that settles anything."""


@dataclass
class Notes:
    """What clients saw. Written by many threads, each its own list entry (append is atomic)."""

    accepted: list[tuple[str, str]] = field(default_factory=list)  # key, transcript
    sessions: list["HeardSession"] = field(default_factory=list)
    edits: list[tuple[str, str]] = field(default_factory=list)  # segment, text: in order
    exports: int = 0
    retries: int = 0
    server_errors: list[str] = field(default_factory=list)  # each 500: none is ever right
    gave_up: list[str] = field(default_factory=list)


@dataclass
class HeardSession:
    """One live session as its speaker saw it."""

    transcript_id: str
    sent_ms: int
    texts: list[str]
    last: Mapping[str, Any]
    resumed: int
    was_cut_off: bool = False  # its pause ran out while no web process was there


class Client(threading.Thread):
    """Does `act` again and again until `stop`."""

    def __init__(self, notes: Notes, urls: Callable[[], list[str]], key: str, seed: int) -> None:
        super().__init__(daemon=True, name=type(self).__name__)
        self.notes = notes
        self.key = key
        self.headers = {"Authorization": f"Bearer {key}"}
        self.random = random.Random(seed)
        self._urls = urls
        self._ending = threading.Event()

    def act(self) -> None:
        raise NotImplementedError

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                self.act()
            except GaveUpError as error:
                self.notes.gave_up.append(f"{self.name}: {error}")

    def stop(self) -> None:
        self._ending.set()

    def pause(self, seconds: float) -> None:
        self._ending.wait(seconds)

    def call(self, method: str, path: str, *, ok: tuple[int, ...] = (), **options: Any) -> Any:
        """Ask until there is an answer that settles it; returns the response.

        `options["files"]` holds paths, opened anew for each try; `options["timeout"]` is of a try.
        """
        ends_at = time.monotonic() + PATIENCE_S
        timeout: float = options.pop("timeout", 45)
        files: dict[str, Path] = options.pop("files", {})
        headers = {**self.headers, **options.pop("headers", {})}
        last = "nothing"
        for tried in itertools.count():
            if time.monotonic() > ends_at:
                raise GaveUpError(f"{method} {path}: {last}")
            url = self.random.choice(self._urls()) + path
            try:
                with contextlib.ExitStack() as stack:
                    opened = {
                        name: (each.name, stack.enter_context(each.open("rb")))
                        for name, each in files.items()
                    }
                    answer = requests.request(
                        method,
                        url,
                        headers=headers,
                        files=opened or None,
                        timeout=timeout,
                        **options,
                    )
            except requests.RequestException as error:
                last = type(error).__name__
            else:
                last = f"{answer.status_code} {answer.text[:120]}"
                if answer.status_code == 500:
                    self.notes.server_errors.append(f"{method} {path}: {answer.text[:200]}")
                if answer.status_code in ok or answer.status_code not in _AGAIN:
                    return answer
            self.notes.retries += 1
            time.sleep(min(2.0, 0.1 * 2**tried) * (0.5 + self.random.random()))


class FileClient(Client):
    """Uploads recordings with `async=true`, `open_at_most` of them waiting or under way: what a
    busy machine is given grows no faster than it works.
    """

    def __init__(self, *arguments: Any, recording: Path, pause_s: float = 1.0) -> None:
        super().__init__(*arguments)
        self.open_at_most = 4
        self.pause_s = pause_s
        self._recording = recording
        self._open: list[str] = []

    def act(self) -> None:
        key = uuid.uuid4().hex
        path = self._recording.with_name(f"{key}.wav")
        path.write_bytes(unlike_others(self._recording, key))
        answer = self.call(
            "POST",
            "/v1/transcribe",
            headers={"Idempotency-Key": key},
            files={"file": path},
            data={"async": "true", "diarize": "false", "language": "en"},
        )
        if answer.status_code in (200, 202):
            self.notes.accepted.append((self.key, answer.json()["id"]))
            self._open.append(answer.json()["id"])
        else:
            self.notes.gave_up.append(f"upload: {answer.status_code} {answer.text[:200]}")
        path.unlink()
        self.pause(self.pause_s)
        while len(self._open) >= self.open_at_most and not self._ending.is_set():
            self._open = [each for each in self._open if self._is_open(each)]
            self.pause(1)

    def _is_open(self, transcript_id: str) -> bool:
        path = f"/api/v1/transcripts/{transcript_id}/"
        answer = self.call("GET", path, params={"segments": "false"})
        return answer.status_code == 200 and answer.json()["status"] in ("queued", "processing")


def unlike_others(recording: Path, key: str) -> bytes:
    """Return the WAV file as another one for the server, which joins equal ones: with a chunk
    behind the sound that no one hears. `key`: 32 characters.
    """
    return recording.read_bytes() + b"note\x20\0\0\0" + key.encode()


class EditClient(Client):
    """Edits a segment of one transcript; an edit whose answer was lost is looked for first."""

    def __init__(self, *arguments: Any, transcript_id: str) -> None:
        super().__init__(*arguments)
        self._path = f"/api/v1/transcripts/{transcript_id}/"
        self._numbers = itertools.count(1)

    def act(self) -> None:
        text = f"This is edit number {next(self._numbers)}."
        segment, etag = self._read()
        while True:
            answer = self.call(
                "PATCH",
                f"{self._path}segments/{segment['id']}/",
                headers={"If-Match": etag},
                json={"text": text},
            )
            if answer.status_code == 200:
                break
            segment, etag = self._read()
            if segment["text"] == text:  # it was done, and only its answer was lost
                break
        self.notes.edits.append((segment["id"], text))
        self.pause(0.5)

    def _read(self) -> tuple[dict[str, Any], str]:
        answer = self.call("GET", f"{self._path}segments/")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        rows = body["results"] if isinstance(body, dict) and "results" in body else body
        if isinstance(rows, dict):
            rows = rows["segments"]
        return rows[0], answer.headers["ETag"]


class ExportClient(Client):
    """Exports a transcript as docx, which a worker makes, and as srt."""

    def __init__(self, *arguments: Any, transcript_id: str) -> None:
        super().__init__(*arguments)
        self._path = f"/api/v1/transcripts/{transcript_id}/export/"

    def act(self) -> None:
        ends_at = time.monotonic() + PATIENCE_S
        for name, start in (("docx", b"PK"), ("srt", b"1")):
            while (answer := self.call("GET", f"{self._path}{name}/")).status_code == 202:
                if time.monotonic() > ends_at:
                    raise GaveUpError(f"export {name}: 202 for ever")
                time.sleep(0.5)
            if answer.status_code != 200 or not answer.content.startswith(start):
                self.notes.gave_up.append(f"export {name}: {answer.status_code}")
            else:
                self.notes.exports += 1
        self.pause(2)


class LiveClient(Client):
    """Speaks a recording at `pace` times its speed; goes on behind every socket that breaks."""

    def __init__(self, *arguments: Any, pcm: bytes, pace: float = 2.0) -> None:
        super().__init__(*arguments)
        self._pcm = pcm
        self._pace = pace
        self.is_speaking = threading.Event()

    def act(self) -> None:
        self.notes.sessions.append(_Speaker(self, self._pcm, self._pace).speak())
        self.pause(1)

    def open_socket(self) -> Any:
        url = self.random.choice(self._urls()).replace("http", "ws", 1) + "/v1/stream"
        return connect(url, additional_headers=self.headers, open_timeout=15, close_timeout=1)


class _Speaker:
    """One session over as many sockets as it takes."""

    def __init__(self, client: LiveClient, pcm: bytes, pace: float) -> None:
        self._client = client
        self._pcm = pcm
        self._pace = pace
        self._token = ""
        self._transcript_id = ""
        self._stored = 0  # bytes
        self._texts: list[str] = []
        self._last_end = 0.0
        self._resumed = -1
        self._ends_at = 0.0

    def speak(self) -> HeardSession:
        self._ends_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < self._ends_at:
            try:
                with self._client.open_socket() as socket:
                    self._resumed += 1
                    last = self._talk(socket)
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                time.sleep(0.3)
                self._client.notes.retries += 1
                continue
            if last is not None:
                return self._heard(last)
        raise GaveUpError(f"live session {self._transcript_id}: no end in {PATIENCE_S:.0f} s")

    def _talk(self, socket: Any) -> Mapping[str, Any] | None:
        """Return the last message; None where another socket must go on."""
        first: dict[str, Any] = {"language": "en"}
        if self._token:
            first |= {"resume_token": self._token, "last_received": self._last_end}
        socket.send(json.dumps(first))
        while (message := self._take(socket, 30)).get("status") != "started":
            if "error" in message:
                return self._judge(message)
        self._token = message["resume_token"]
        self._transcript_id = message["transcript_id"]
        self._client.is_speaking.set()
        at = self._stored = message["audio_ms"] * BYTES_A_SECOND // 1000
        step = BYTES_A_SECOND // 5
        while at < len(self._pcm):
            socket.send(self._pcm[at : at + step])
            at += step
            deadline = time.monotonic() + step / BYTES_A_SECOND / self._pace
            while (left := deadline - time.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    message = self._take(socket, left)
                    if "error" in message:
                        return self._judge(message)
        socket.send(json.dumps({"action": "stop"}))
        while not (message := self._take(socket, 60)).get("is_final"):
            if "error" in message:
                return self._judge(message)
        return message

    def _take(self, socket: Any, timeout: float) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(socket.recv(timeout=timeout))
        if message["text"] and not message.get("is_final"):
            self._texts.append(message["text"])
            self._last_end = message["end"]
        return message

    def _judge(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if message["code"] == "session_ended":
            return message
        if message["code"] == "session_not_found":  # it had received no audio: begin anew
            self._token, self._texts, self._last_end = "", [], 0.0
        if message["code"] == "internal_error":
            self._client.notes.server_errors.append(f"live: {message}")
        time.sleep(0.3)
        return None

    def _heard(self, last: Mapping[str, Any]) -> HeardSession:
        return HeardSession(
            transcript_id=self._transcript_id,
            sent_ms=len(self._pcm) * 1000 // BYTES_A_SECOND,
            texts=self._texts,
            last=last,
            resumed=self._resumed,
            was_cut_off="error" in last,
        )
