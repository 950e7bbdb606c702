"""`stt mcp`: messages of standard input to `/mcp` and back."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.sdk.terminal import STT, environment, run
from tests.sdk.unreliable_server import CUT, Answer, Received, UnreliableServer

Message = dict[str, Any]
MODERN = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}


def message(number: int | None, method: str, **params: Any) -> Message:
    asked: Message = {"jsonrpc": "2.0", "method": method, "params": params}
    return asked if number is None else asked | {"id": number}


def result(number: int, **found: Any) -> Message:
    return {"jsonrpc": "2.0", "id": number, "result": found}


def exchange(
    serve: Callable[[Any], UnreliableServer],
    answer: Callable[[Received], Answer] | list[Answer],
    *lines: object,
    folder: Path,
) -> tuple[list[Message], UnreliableServer]:
    """Return what the command wrote for lines of its standard input, by their ids."""
    server = serve(answer)
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")
    sent = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    done = run("mcp", cwd=folder, env=env, stdin=f"{sent}\n".encode())
    assert done.returncode == 0, done.stderr
    written = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted(written, key=lambda each: str(each.get("id"))), server


@contextmanager
def subprocess_of(env: dict[str, str], folder: Path) -> Iterator[Callable[..., Message]]:
    """Run the command; a function sends a message and returns the answer."""
    process = subprocess.Popen(
        [*STT, "mcp"], cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def ask(sent: Message, *, is_answered: bool = True) -> Message:
        stdin.write(json.dumps(sent).encode() + b"\n")
        stdin.flush()
        return dict(json.loads(stdout.readline())) if is_answered else {}

    try:
        yield ask
        stdin.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        stdout.close()


def test_messages_go_with_the_key_and_come_back_one_a_line(
    serve: Callable[[Any], UnreliableServer], tmp_path: Path
) -> None:
    progress = message(None, "notifications/progress", progress=1)
    events = [progress, result(2, content=["ě"])]
    stream = [f"event: message\ndata: {json.dumps(each)}\n\n".encode() for each in events]

    def answer(request: Received) -> Answer:
        asked = json.loads(request.body)
        if asked["id"] == 1:
            return Answer(body=result(1, tools=[]))
        return Answer(headers={"Content-Type": "text/event-stream"}, chunks=stream)

    got, server = exchange(
        serve,
        answer,
        message(1, "tools/list", **MODERN),
        message(2, "tools/call", name="ěšč", **MODERN),
        folder=tmp_path,
    )

    assert got == [result(1, tools=[]), events[1], progress]
    headers = {json.loads(each.body)["id"]: each.headers for each in server.received}
    assert headers[1]["authorization"] == "Bearer stt_key"
    assert headers[1]["mcp-protocol-version"] == "2026-07-28"
    assert (headers[1]["mcp-method"], "mcp-name" in headers[1]) == ("tools/list", False)
    assert headers[2]["mcp-name"] == "=?base64?xJvFocSN?="


def test_the_version_of_an_older_handshake_goes_with_what_follows(
    serve: Callable[[Any], UnreliableServer], tmp_path: Path
) -> None:
    versions: dict[str, str | None] = {}

    def answer(request: Received) -> Answer:
        asked = json.loads(request.body)
        versions[asked["method"]] = request.headers.get("mcp-protocol-version")
        if "id" not in asked:
            return Answer(202)
        return Answer(body=result(asked["id"], protocolVersion="2025-06-18"))

    server = serve(answer)
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")
    with subprocess_of(env, tmp_path) as ask:
        assert ask(message(1, "initialize"))["id"] == 1
        ask(message(None, "notifications/initialized"), is_answered=False)
        assert ask(message(2, "tools/list"))["id"] == 2
    assert versions == {
        "initialize": None,
        "notifications/initialized": "2025-06-18",
        "tools/list": "2025-06-18",
    }


def test_a_refusal_and_a_server_that_is_away_are_errors_of_their_requests(
    serve: Callable[[Any], UnreliableServer], tmp_path: Path
) -> None:
    def answer(request: Received) -> Answer:
        if json.loads(request.body)["id"] == 1:
            refusal = {"error": "There is no such key.", "code": "invalid_key"}
            return Answer(401, refusal, {"X-Request-Id": "r17"})
        return CUT

    got, _ = exchange(
        serve,
        answer,
        message(1, "tools/list"),
        message(2, "tools/list"),
        "no JSON",
        folder=tmp_path,
    )

    refused, away, wrong = got
    assert refused["error"]["message"] == "There is no such key. (invalid_key, request r17)"
    assert "can't be reached" in away["error"]["message"]
    assert (wrong["id"], wrong["error"]["code"]) == (None, -32700)
