"""A decoder that was taken over gets no file, no socket, no program and no secret."""

import os
import socket
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from transcripts.media.decoder import open_decoder
from transcripts.media.process import end_process, start_process
from transcripts.media.sandbox import seal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is tested is Linux's")

ATTEMPTS: dict[str, Callable[[], object]] = {
    "a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "a file to write": lambda: os.open("/tmp/written-by-a-decoder", os.O_WRONLY | os.O_CREAT),  # noqa: S108
    "a socket": socket.socket,
    "a local socket": lambda: socket.socket(socket.AF_UNIX),
    "a datagram socket": lambda: socket.socket(type=socket.SOCK_DGRAM),
    "a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606  # it is refused
    "another process": lambda: os.pidfd_open(os.getppid()),
}


def _attempt_after(sealed: threading.Event, done: list[str]) -> None:
    sealed.wait()
    attempt(done, "thread: ")


def try_all(connection: Connection, may_open_files: bool) -> None:
    """Sealed: send what could be done all the same, by the main thread and by an earlier one."""
    done: list[str] = []
    sealed = threading.Event()
    earlier = threading.Thread(target=_attempt_after, args=(sealed, done))
    earlier.start()
    seal(may_open_files=may_open_files)
    sealed.set()
    earlier.join()
    attempt(done, "")
    connection.send((done, dict(os.environ), is_environment_block_empty(may_open_files)))


def attempt(done: list[str], whose: str) -> None:
    for name, act in ATTEMPTS.items():
        try:
            act()
        except OSError:
            continue
        done.append(whose + name)


def is_environment_block_empty(may_open_files: bool) -> bool:
    return not may_open_files or not Path("/proc/self/environ").read_bytes().strip(b"\0")


def run_sealed(*, may_open_files: bool) -> tuple[list[str], dict[str, str], bool]:
    receiver, sender = Pipe(duplex=False)
    process = start_process(try_all, (sender, may_open_files))
    sender.close()
    try:
        assert receiver.poll(30)
        done, environment, is_empty = receiver.recv()
        return done, environment, is_empty
    finally:
        end_process(process)


def test_a_sealed_process_opens_nothing_and_starts_nothing() -> None:
    done, _, _ = run_sealed(may_open_files=False)

    assert done == []


def test_one_that_may_open_files_has_no_socket_and_starts_nothing() -> None:
    done, _, _ = run_sealed(may_open_files=True)

    assert {name.removeprefix("thread: ") for name in done} == {"a file", "a file to write"}


def test_the_fork_server_and_its_children_have_no_environment() -> None:
    assert os.environ  # what the fork server was started with

    _, environment, is_empty = run_sealed(may_open_files=True)

    assert environment == {}
    assert is_empty


def test_a_decoder_is_sealed_while_it_reads(tmp_path: Path) -> None:
    path = Path("samples/hello.flac").resolve()
    with open_decoder(path) as decoder:
        next(decoder)
        status = Path(f"/proc/{decoder.pid}/status").read_text()

    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
