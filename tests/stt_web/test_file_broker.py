"""The broker of `make run`: files in a folder."""

from pathlib import Path
from queue import Empty
from threading import Thread
from time import monotonic

from kombu import Connection

from stt_web.celery import app

# Of no other test: within a process kombu remembers what is bound, whatever the folder.
QUEUE = "whole-messages"
MESSAGES = 40
DEADLINE_S = 60.0


def connect(folder: Path) -> Connection:
    options = {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
    }
    return Connection("filesystem://localhost//", transport_options=options)


def test_messages_are_read_whole_while_others_are_being_written(tmp_path: Path) -> None:
    body = ["a message that takes a while to be written"] * 20_000

    def write() -> None:
        with connect(tmp_path) as connection, connection.SimpleQueue(QUEUE) as queue:
            for _ in range(MESSAGES):
                queue.put(body)

    with connect(tmp_path) as connection, connection.SimpleQueue(QUEUE) as queue:
        writer = Thread(target=write)
        writer.start()
        read, deadline = 0, monotonic() + DEADLINE_S
        while read < MESSAGES:
            try:
                message = queue.get(timeout=0.001)
            except Empty:
                assert monotonic() < deadline, f"{read} of {MESSAGES} came"
                continue
            assert message.payload == body
            message.ack()
            read += 1
        writer.join()


def test_celery_uses_it_for_the_filesystem() -> None:
    with app.connection("filesystem://localhost//") as connection:
        assert connection.transport_cls == "filesystem"
        assert type(connection.transport).__module__ == "stt_web.file_broker"
