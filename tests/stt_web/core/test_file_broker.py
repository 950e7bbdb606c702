"""The broker of `make run`: files in a folder."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Empty
from threading import Thread
from time import monotonic

from kombu import Connection, Exchange, Queue

from stt_web.celery import app

# Of no other test: within a process kombu remembers what is bound, in any folder.
QUEUE = "whole-messages"
MESSAGES = 40
DEADLINE_S = 60.0
PROCESSES, STARTS = 6, 40


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
        assert type(connection.transport).__module__ == "stt_web.core.file_broker"


def bind(folder: Path, number: int, together: Barrier) -> None:
    """What a worker does as it starts, in one new folder after the other."""
    for start in range(STARTS):
        with connect(folder / str(start)) as connection:
            channel = connection.channel()
            exchange = Exchange(f"exchange-{start}")  # kombu remembers what it bound: see QUEUE
            queue = Queue(f"queue-{number}-{start}", exchange, routing_key=f"{number}")
            together.wait(DEADLINE_S)
            queue(channel).declare()


def test_processes_that_start_at_once_all_have_their_queues(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(PROCESSES)
    for start in range(STARTS):
        (tmp_path / str(start)).mkdir()
    processes = [
        context.Process(target=bind, args=(tmp_path, number, together))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE_S)

    assert [process.exitcode for process in processes] == [0] * PROCESSES
    for start in range(STARTS):
        with connect(tmp_path / str(start)) as connection:
            exchange = f"exchange-{start}"
            table = connection.channel().get_table(exchange)  # type: ignore[attr-defined]
        assert {row.queue for row in table} == {f"queue-{n}-{start}" for n in range(PROCESSES)}
        assert [file.suffix for file in (tmp_path / str(start) / "control").iterdir()] == [
            ".exchange"
        ]
