"""Broken uploads, live messages, bodies and bytes by the thousand: no 500, and nothing hangs.

    python -m drills.fuzz --count 10000 [--minutes 120]

A quarter each: recordings with bytes flipped, cut, moved and grown, and forms that lie; live
sockets that send what no client sends; JSON of every shape to every operation that the server's own
OpenAPI document has; and raw bytes where HTTP is expected. Promised: no answer 500, every answer
within a minute, no process dies, and afterwards the product still transcribes.
"""

import argparse
import contextlib
import json
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from drills.product import ROLES, SAMPLES, Product, drilled_product, parser, report
from drills.recordings import write_talk
from drills.verdict import Verdict, judge_ledger, wait_until_quiet

AT_ONCE = 4
LONGEST_S = 60.0
_HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1e308, "", " ", "\x00", "a" * 10_000, "\ud800", "🎧" * 300,
    "../../etc/passwd", "%s%n", "' OR 1=1 --", "<script>", [], [[]] * 50, {}, {"": None},
    "en", "auto", "2026-11-31", "00000000-0000-0000-0000-000000000000", "NaN",
)  # fmt: skip
_NAMES = ("language", "model", "speakers", "diarize", "task", "prompt", "url", "track", "title")
_EXTENSIONS = ("wav", "mp3", "flac", "m4a", "ogg", "webm", "mp4", "opus", "txt", "")


class Fuzzer:
    """`wrong`: what broke a promise. `answered`: how often which status came, by kind."""

    def __init__(self, product: Product, key: str, seeds: list[bytes]) -> None:
        self._product = product
        self._key = key
        self._seeds = seeds
        self._operations = self._read_operations()
        self.answered: Counter[str] = Counter()
        self.wrong: list[str] = []

    @property
    def operations(self) -> int:
        return len(self._operations)

    def run_one(self, number: int, seed: int) -> None:
        chance = random.Random(f"{seed}:{number}")
        kinds: tuple[Callable[[random.Random], str], ...] = (
            self._upload,
            self._speak,
            self._ask,
            self._send_bytes,
        )
        kind = kinds[number % len(kinds)]
        began = time.monotonic()
        try:
            status = kind(chance)
        except requests.Timeout:
            status = "hangs"
        except requests.RequestException as error:  # closed by the server: as it may, of nonsense
            status = type(error).__name__
        name = kind.__name__.strip("_")
        self.answered[f"{name} {status}"] += 1
        if status in ("500", "hangs") or time.monotonic() - began > LONGEST_S:
            took_s = time.monotonic() - began
            self.wrong.append(f"{name} {number}: {status} after {took_s:.0f} s")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def _upload(self, chance: random.Random) -> str:
        body = mutate(chance.choice(self._seeds), chance)
        name = f"{chance.choice(('talk', '../x', 'š' * 90, ''))}.{chance.choice(_EXTENSIONS)}"
        fields = {
            chance.choice(_NAMES): str(chance.choice(_HOSTILE)).encode("utf-8", "replace").decode()
            for _ in range(chance.randrange(3))
        }
        answer = requests.post(
            f"{self._product.url}/v1/transcribe",
            headers=self._headers(),
            files={"file": (name, body)},
            data={"diarize": "false", **fields},
            timeout=LONGEST_S,
        )
        return str(answer.status_code)

    def _speak(self, chance: random.Random) -> str:
        url = self._product.url.replace("http", "ws", 1) + "/v1/stream"
        last = "closed"
        with (
            contextlib.suppress(ConnectionClosed, InvalidHandshake, TimeoutError, OSError),
            connect(
                url, additional_headers=self._headers(), open_timeout=20, close_timeout=2
            ) as live,
        ):
            for _ in range(chance.randrange(1, 8)):
                live.send(_message(chance, self._seeds))
            ends_at = time.monotonic() + chance.uniform(0, 1.5)
            while time.monotonic() < ends_at:
                message = json.loads(live.recv(timeout=1))
                last = message.get("code") or last
                if last == "internal_error":
                    return "500"
        return last

    def _ask(self, chance: random.Random) -> str:
        path, method, names = chance.choice(self._operations)
        for part in [part for part in path.split("/") if part.startswith("{")]:
            path = path.replace(part, chance.choice(("1", "0", "x", "%00", "9" * 40)))
        value = _json(chance, names)
        body = json.dumps(value).encode() if chance.random() < 0.8 else chance.randbytes(60)
        answer = requests.request(
            method,
            self._product.url + path,
            headers={**self._headers(), "Content-Type": "application/json"},
            params={chance.choice(("limit", "offset", "search", "since", "format")): "\x00-1"},
            data=body if method not in ("GET", "HEAD") else None,
            timeout=LONGEST_S,
            stream=True,
            allow_redirects=False,
        )
        answer.close()
        return str(answer.status_code)

    def _send_bytes(self, chance: random.Random) -> str:
        request = (
            b"POST /v1/transcribe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 30\r\n"
            b"Authorization: Bearer " + self._key.encode() + b"\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b"--x\r\nContent-Disposition: form-data;\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._product.system.port("web")), 20) as raw:
            raw.settimeout(LONGEST_S)
            with contextlib.suppress(OSError):
                raw.sendall(mutate(request, chance))
                raw.shutdown(socket.SHUT_WR)
                first = raw.recv(4096)
                while raw.recv(65_536):
                    pass
                return first[9:12].decode("latin-1") or "closed"
        return "closed"

    def _read_operations(self) -> list[tuple[str, str, tuple[str, ...]]]:
        document = requests.get(
            f"{self._product.url}/openapi.json", headers=self._headers(), timeout=60
        ).json()
        schemas = document["components"]["schemas"]
        found = []
        for path, methods in document["paths"].items():
            for method, described in methods.items():
                if method not in ("get", "post", "put", "patch", "delete"):
                    continue
                content = described.get("requestBody", {}).get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                if "$ref" in schema:
                    schema = schemas[schema["$ref"].rpartition("/")[2]]
                found.append((path, method.upper(), tuple(schema.get("properties", {}))))
        return found


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return `data` with one to five wounds: cut, flipped, grown, moved, repeated."""
    wounded = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(max(1, min(len(wounded), chance.choice((64, 4096, 1 << 30)))))
        kind = chance.randrange(5)
        if kind == 0:
            del wounded[at:]
        elif kind == 1 and wounded:
            for _ in range(chance.randrange(1, 30)):
                wounded[chance.randrange(len(wounded))] = chance.randrange(256)
        elif kind == 2:
            wounded[at:at] = chance.randbytes(chance.randrange(200))
        elif kind == 3:
            wounded[at : at + 8] = chance.choice((b"\xff" * 8, bytes(8), b"\x7f\xff\xff\xff"))
        else:
            wounded += wounded[at : at + 50_000]
    return bytes(wounded[:2_000_000])


def _message(chance: random.Random, seeds: list[bytes]) -> str | bytes:
    kind = chance.randrange(5)
    if kind == 0:
        return chance.randbytes(chance.randrange(5000))
    if kind == 1:
        return mutate(chance.choice(seeds), chance)[:200_000]
    if kind == 2:
        return json.dumps(_json(chance, ("action", "language", "encoding", "sample_rate", "model")))
    if kind == 3:
        return chance.choice(("{", "[]", "null", "\x00", '{"action":' * 300, "9" * 9000))
    return json.dumps({"action": chance.choice(("finalize", "keepalive", "configure", "stop", ""))})


def _json(chance: random.Random, names: tuple[str, ...]) -> object:
    if chance.random() < 0.15 or not names:
        return chance.choice(_HOSTILE)
    return {name: chance.choice(_HOSTILE) for name in names if chance.random() < 0.7}


def main(arguments: argparse.Namespace) -> int:
    with drilled_product(arguments) as product:
        product.system.start(*ROLES)
        key = product.key("fuzz@example.com", plan="local")
        whole = product.system.folder / "whole.wav"
        write_talk(whole, seconds=3)
        seeds = [whole.read_bytes(), *_samples()]
        fuzzer = Fuzzer(product, key, seeds)
        began = time.monotonic()
        until = began + arguments.minutes * 60

        def send(number: int) -> None:
            if time.monotonic() < until:
                fuzzer.run_one(number, arguments.seed)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(send, range(arguments.count)))
        took_s = time.monotonic() - began
        verdict = Verdict()
        verdict.hold("answers 500, and requests that hang", fuzzer.wrong)
        dead = [role for role in ROLES if not product.system.is_running(role)]
        verdict.hold("processes that died", dead)
        logged = [line for role in ("web",) for line in _tracebacks(product.system.log(role))]
        verdict.hold("tracebacks of the web process", logged)
        verdict.hold("recordings still under way", wait_until_quiet())
        verdict.hold("recordings not transcribed afterwards", _transcribe(product, key, whole))
        judge_ledger(verdict)
        found = {
            "drill": "fuzz",
            "on": product.kind,
            "count": fuzzer.answered.total(),
            "of": arguments.count,
            "seconds": round(took_s),
            "operations": fuzzer.operations,
            "answers": dict(sorted(fuzzer.answered.items())),
            **verdict.found,
        }
        return report(found, verdict.broken)


def _samples() -> list[bytes]:
    return [path.read_bytes() for path in sorted(SAMPLES.glob("*short*.flac"))[:3]]


def _tracebacks(log: str) -> list[str]:
    return [part[:600] for part in log.split("Traceback (most recent call last)")[1:]]


def _transcribe(product: Product, key: str, path: Path) -> list[str]:
    with path.open("rb") as file:
        answer = requests.post(
            f"{product.url}/v1/transcribe",
            headers={"Authorization": f"Bearer {key}"},
            files={"file": ("whole.wav", file)},
            data={"diarize": "false"},
            timeout=120,
        )
    return [] if answer.status_code == 200 else [answer.text[:300]]


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--count", type=int, default=10_000)
    made.add_argument("--minutes", type=float, default=120, help="none is begun after these")
    sys.exit(main(made.parse_args()))
