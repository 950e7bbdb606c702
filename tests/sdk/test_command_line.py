"""`stt`: in a terminal and without one, its output, its exit codes, Ctrl-C."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.terminal import environment, run, terminal
from tests.sdk.test_sending import ACCEPTED, DETAIL, EVENTS, Product, event
from tests.sdk.unreliable_server import Answer, Received, UnreliableServer

SRT = b"1\n00:00:00,000"
Env = dict[str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp3", "b.mp3"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    return tmp_path


@pytest.fixture
def product(serve: Callable[[Any], UnreliableServer]) -> UnreliableServer:
    return serve(Product(api__v1__transcripts__t1__cancel=[Answer(body={"id": "t1"})]))


@pytest.fixture
def env(product: UnreliableServer) -> Env:
    return environment(STT_BASE_URL=product.url, STT_API_KEY="stt_key")


def test_the_text_of_one_goes_to_standard_output(folder: Path, env: Env) -> None:
    done = run("transcribe", "a.mp3", "-f", "srt", cwd=folder, env=env)

    assert (done.returncode, done.stdout, done.stderr) == (0, SRT + b"\n", b"")


def test_the_texts_of_several_go_to_files_beside_them(folder: Path, env: Env) -> None:
    done = run("transcribe", "*.mp3", "-f", "srt", cwd=folder, env=env)
    again = run("transcribe", "*.mp3", "-f", "srt", cwd=folder, env=env)

    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    assert {path.name: path.read_bytes() for path in folder.glob("*.srt")} == {
        "a.srt": SRT,
        "b.srt": SRT,
    }
    assert (again.returncode, b"--force" in again.stderr) == (2, True)


def test_standard_input_is_transcribed(folder: Path, env: Env, product: UnreliableServer) -> None:
    done = run("transcribe", "-", "-f", "srt", cwd=folder, env=env, stdin=b"RIFF" * 1000)

    assert (done.returncode, done.stdout) == (0, SRT + b"\n")
    assert product.count("/v1/uploads/u1") == 1


def test_json_is_a_line_an_event(folder: Path, env: Env) -> None:
    done = run("transcribe", "a.mp3", "b.mp3", "-f", "json", "--json", cwd=folder, env=env)

    events = [json.loads(line) for line in done.stdout.splitlines()]
    completed = {each["file"]: each for each in events if each["event"] == "completed"}
    assert done.returncode == 0, done.stderr
    assert completed.keys() == {"a.mp3", "b.mp3"}
    assert completed["a.mp3"]["output"] == "a.json"
    assert {"file": "a.mp3", "event": "progress", "stage": "processing", "done": 0.5} in [
        {name: each.get(name) for name in ("file", "event", "stage", "done")} for each in events
    ]
    assert json.loads((folder / "a.json").read_text())["text"] == "Hello."


def test_one_that_fails_fails_the_command_and_no_other(
    folder: Path, serve: Callable[[Any], UnreliableServer]
) -> None:
    refused = Answer(400, {"error": "This is no recording.", "code": "not_audio"})
    server = serve(Product(v1__transcribe=[refused]))
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    done = run("transcribe", "a.mp3", "b.mp3", "-j", "1", cwd=folder, env=env)

    assert done.returncode == 1
    assert b"a.mp3: This is no recording. (not_audio" in done.stderr
    assert [path.name for path in folder.glob("*.txt")] == ["b.txt"]


UNREADABLE = {
    "missing.mp3": "There is no such file.",
    "*.ogg": "No file matches it.",
    "folder": "It is a folder.",
    "a.mp3/inside.mp3": "It can't be read: Not a directory.",
    f"{'long' * 100}.mp3": "It can't be read: File name too long.",
}


def test_what_cannot_be_read_fails_the_command_and_no_other(
    folder: Path, env: Env, product: UnreliableServer
) -> None:
    (folder / "folder").mkdir()

    done = run("transcribe", *UNREADABLE, "a.mp3", cwd=folder, env=env)
    lines = run("transcribe", *UNREADABLE, "b.mp3", "--json", cwd=folder, env=env)

    assert (done.returncode, lines.returncode) == (1, 1)
    assert [
        name for name, why in UNREADABLE.items() if f"{name}: {why}" not in done.stderr.decode()
    ] == []
    assert {path.name for path in folder.glob("*.txt")} == {"a.txt", "b.txt"}
    events = [json.loads(line) for line in lines.stdout.splitlines()]
    failed = {each["file"]: each for each in events if each["event"] == "failed"}
    assert failed.keys() == UNREADABLE.keys()
    assert {each["code"] for each in failed.values()} == {"file"}
    assert failed["missing.mp3"]["error"] == "There is no such file."
    assert product.count("/v1/transcribe") == 2


def test_a_text_that_cannot_be_written_fails_the_command(folder: Path, env: Env) -> None:
    done = run("transcribe", "a.mp3", "-o", "b.mp3/a.txt", cwd=folder, env=env)

    assert done.returncode == 1
    assert b"`stt export t1` has the text." in done.stderr


def test_where_only_the_export_fails_the_text_is_not_lost(folder: Path, serve: Any) -> None:
    refused = Answer(400, {"error": "There is no such profile.", "code": "invalid_value"})
    server = serve(Product(api__v1__transcripts__t1__export__srt=[refused]))
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    done = run("transcribe", "a.mp3", "-f", "srt", "--profile", "none", cwd=folder, env=env)

    assert done.returncode == 1
    assert b"There is no such profile. `stt export t1` has the text. (invalid" in done.stderr


def test_a_key_that_may_only_transcribe_gets_its_text(folder: Path, serve: Any) -> None:
    refused = Answer(403, {"error": "It lacks the scope.", "code": "missing_scope"})
    joined = Answer(body=SRT, headers={"Content-Type": "text/plain"})
    server = serve(
        Product(
            api__v1__transcripts__t1__events=[refused] * 2,
            v1__transcribe=[ACCEPTED, ACCEPTED, joined],
        )
    )
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    done = run("transcribe", "a.mp3", "-f", "srt", cwd=folder, env=env)

    assert (done.returncode, done.stdout) == (0, SRT + b"\n"), done.stderr


def test_no_two_recordings_become_one_file(folder: Path, env: Env) -> None:
    (folder / "a.wav").write_bytes(b"RIFF" * 1000)
    (folder / "more").mkdir()
    (folder / "more" / "a.wav").write_bytes(b"RIFF" * 1000)

    both = run("transcribe", "a.mp3", "a.wav", cwd=folder, env=env)
    three = run("transcribe", "a.*3", "a.wav", "more/a.wav", "-o", "texts", cwd=folder, env=env)
    twice = run("transcribe", "a.mp3", "a.m*", cwd=folder, env=env)

    assert both.returncode == 0, both.stderr
    assert {path.name for path in folder.glob("*.txt")} == {"a.txt", "a.wav.txt"}
    assert (three.returncode, b"both become texts/a.wav.txt" in three.stderr) == (2, True)
    assert (twice.returncode, twice.stdout) == (0, SRT + b"\n")


def test_detached_it_writes_the_ids_and_waits_for_none(
    folder: Path, env: Env, product: UnreliableServer
) -> None:
    done = run("transcribe", "a.mp3", "--detach", cwd=folder, env=env)

    assert (done.returncode, done.stdout) == (0, b"t1\ta.mp3\n")
    assert len(product.received) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["transcribe"], 2),
        (["transcribe", "missing.mp3"], 1),
        (["transcribe", "."], 1),
        (["transcribe", "a.mp3", "-f", "exe"], 2),
        (["transcribe", "a.mp3", "-f", "pdf", "-o", "-"], 2),
        (["wait", "t1", "-f", "pdf"], 2),
        (["--version"], 0),
        (["show", "unknown"], 1),
    ],
)
def test_exit_codes(folder: Path, arguments: list[str], code: int, serve: Any) -> None:
    server = serve([Answer(404, {"error": "There is none.", "code": "not_found"})])
    env = environment(STT_BASE_URL=server.url)

    assert run(*arguments, cwd=folder, env=env).returncode == code


def test_without_a_key_it_names_where_one_is_taken_from(folder: Path, serve: Any) -> None:
    server = serve([Answer(401, {"error": "Send your API key.", "code": "missing_key"})])

    done = run("list", cwd=folder, env=environment(STT_BASE_URL=server.url))

    assert b"STT_API_KEY" in done.stderr


def test_days_without_use_are_in_no_table(folder: Path, serve: Any) -> None:
    unused = {"date": "2026-01-01", "jobs": 0, "minutes": 0, "credits": 0}
    used = {**unused, "date": "2026-01-02", "jobs": 3}
    usage = {"days": [unused, used], "totals": {"jobs": 3, "minutes": 0, "credits": 0}}
    server = serve([Answer(body=usage)])
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    table = run("usage", cwd=folder, env=env).stdout.decode()
    lines = run("usage", "--json", cwd=folder, env=env).stdout.splitlines()

    assert ("2026-01-01" in table, "2026-01-02" in table) == (False, True)
    assert len(lines) == 3


def test_help_names_what_the_microphone_needs(folder: Path) -> None:
    shown = run("live", "--help", cwd=folder, env=environment()).stdout

    assert b"open-stt-sdk[microphone]" in shown


def test_an_error_is_a_line_of_json_where_all_is(folder: Path, serve: Any) -> None:
    server = serve([Answer(404, {"error": "There is none.", "code": "not_found"})])

    done = run("show", "x", "--json", cwd=folder, env=environment(STT_BASE_URL=server.url))

    assert json.loads(done.stderr)["code"] == "not_found"


def held(until: threading.Event) -> Iterator[bytes]:
    yield event("progress", {"done_s": 30.0, "total_s": 60.0})
    until.wait(60)


def test_a_terminal_shows_a_bar_and_control_c_cancels(
    folder: Path, serve: Callable[[Any], UnreliableServer]
) -> None:
    until = threading.Event()
    product = Product()
    product.detail = {**DETAIL, "status": "processing"}

    def answer(request: Received) -> Answer:
        if request.path.endswith("/events/"):
            return Answer(headers=EVENTS.headers, chunks=held(until))
        return product(request)

    server = serve(answer)
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")
    try:
        with terminal("transcribe", "a.mp3", cwd=folder, env=env) as screen:
            screen.wait_for("processing")
            assert "━" in screen.shown
            assert "\x1b[" in screen.raw
            screen.press_control_c()
            assert screen.exit_code() == 130
            assert "Cancelled t1." in screen.shown
    finally:
        until.set()

    assert server.count("/api/v1/transcripts/t1/cancel/") == 1


def test_a_terminal_shows_no_bar_beside_json(folder: Path, env: Env) -> None:
    with terminal("--json", "transcribe", "a.mp3", cwd=folder, env=env) as screen:
        assert screen.exit_code() == 0
        assert "━" not in screen.shown
        assert [json.loads(line)["event"] for line in screen.shown.splitlines()][-1] == "completed"


def test_a_folder_is_watched(folder: Path, env: Env) -> None:
    (folder / "notes.md").write_text("No recording.")
    (folder / "b.txt").write_text("Done before.")
    (folder / "a.wav").write_bytes(b"RIFF" * 1000)

    done = run("watch", ".", "--once", "--interval", "0.1", cwd=folder, env=env)

    assert done.returncode == 0, done.stderr
    assert (folder / "a.txt").read_bytes() == (folder / "a.wav.txt").read_bytes() == SRT
    assert (folder / "b.txt").read_text() == "Done before."
    assert not (folder / "notes.txt").exists()


def test_a_chat_is_written_as_it_comes(folder: Path, serve: Any) -> None:
    chunks = [
        event("delta", {"text": "On "}),
        event("delta", {"text": "Friday."}),
        event("done", {"answer": "On Friday.", "session_id": "s1"}),
    ]
    server = serve([Answer(headers=EVENTS.headers, chunks=chunks)])

    done = run("chat", "t1", "When?", cwd=folder, env=environment(STT_BASE_URL=server.url))

    assert done.stdout == b"On Friday.\n"
    assert b"Conversation s1" in done.stderr


def test_a_chat_that_is_refused_is_a_sentence(folder: Path, serve: Any) -> None:
    refusal = {"error": "There is no such transcript.", "code": "not_found"}
    server = serve([Answer(404, refusal, {**EVENTS.headers, "X-Request-Id": "r17"})])

    done = run("chat", "t1", "When?", cwd=folder, env=environment(STT_BASE_URL=server.url))

    assert done.returncode == 1
    assert done.stderr == b"stt: There is no such transcript. (not_found, request r17)\n"


def test_lists_are_tables_or_lines_of_json(folder: Path, serve: Any) -> None:
    key = {"id": "k1", "name": "ci", "prefix": "stt_ab", "scopes": ["read"], "expires_at": None}
    server = serve([Answer(body={"count": 1, "next": None, "results": [key]})])
    env = environment(STT_BASE_URL=server.url)

    table = run("keys", "list", cwd=folder, env=env).stdout.decode()
    lines = run("keys", "list", "--json", cwd=folder, env=env).stdout

    assert table.split("\n")[1].split() == ["k1", "ci", "stt_ab", "read"]
    assert json.loads(lines) == key


def test_the_server_measures_itself_for_an_operator(folder: Path, serve: Any) -> None:
    report = {
        "machine": {"cores": 2, "model": "base"},
        "figures": [{"name": "upload", "value": 12.5, "unit": "MB/s", "detail": "8 MB, 3 times"}],
        "skipped": [{"name": "clips", "reason": "The web server answered 503."}],
        "took_s": 31.0,
        "remark": "",
    }
    server = serve(Product(api__v1__operator__bench=[Answer(body=report)] * 2))
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    table = run("bench", "--server", "--seconds", "30", cwd=folder, env=env)
    line = run("bench", "--server", "--json", cwd=folder, env=env)
    neither = run("bench", cwd=folder, env=env)

    assert table.returncode == 0, table.stderr
    assert b"12.5 MB/s" in table.stdout
    assert b"answered 503" in table.stdout
    assert json.loads(line.stdout) == report
    assert (neither.returncode, b"--server" in neither.stderr) == (2, True)


QWEN = {"id": "qwen", "size_bytes": 100, "pulled_bytes": 50, "pull_line": "", "pull_error": ""}


def list_with(**fields: Any) -> Answer:
    """The models of a server, one of them being fetched or not."""
    return Answer(body={"models": [{"id": "base"}, {**QWEN, **fields}]})


def test_an_operator_has_a_model_fetched(folder: Path, serve: Any) -> None:
    begun = Answer(202, {**QWEN, "is_installed": False, "is_pulling": True})
    busy = list_with(is_installed=False, is_pulling=True)
    broken = {"is_installed": False, "is_pulling": False, "pull_error": "No space is left."}
    server = serve(
        Product(
            api__v1__operator__models__pull=[begun] * 3,
            api__v1__operator__models=[
                *(busy, list_with(is_installed=True, is_pulling=False)),
                list_with(**broken),
            ],
        )
    )
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    done = run("models", "pull", "qwen", "--reason", "ticket 7", cwd=folder, env=env)
    failed = run("models", "pull", "qwen", "--json", cwd=folder, env=env)
    left = run("models", "pull", "qwen", "--detach", cwd=folder, env=env)

    assert (done.returncode, done.stdout) == (0, b"qwen is installed.\n"), done.stderr
    assert (failed.returncode, json.loads(failed.stdout)["pull_error"]) == (1, "No space is left.")
    assert (left.returncode, left.stdout) == (0, b"qwen is being fetched.\n")
    sent = [json.loads(each.body) for each in server.received if each.path.endswith("pull/")]
    assert [each["reason"] for each in sent] == ["ticket 7", *["stt models pull"] * 2]


def test_without_a_command_the_models_are_listed(folder: Path, serve: Any) -> None:
    listed = {"models": [{"id": "base", "available": True, "languages": 99, "speed": "fast"}]}
    server = serve(Product(v1__models=[Answer(body=listed)]))
    env = environment(STT_BASE_URL=server.url, STT_API_KEY="stt_key")

    table = run("models", cwd=folder, env=env).stdout.decode()

    assert table.split("\n")[1].split() == ["base", "yes", "99", "fast"]
