"""The broker that needs no server: kombu's filesystem transport, with files that appear whole.

kombu opens a message's file under its final name and writes it then (`Channel._put`, as of 5.6). A
worker that reads in between takes an empty file for a message and ends with a JSONDecodeError. It
makes an exchange's file in the same way (`Channel._queue_bind`): of processes that start at once in
a new folder, one reads it empty, or empties what another wrote.
"""

import contextlib
import os
import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    # kombu calls these the same in the class above, and their arguments by other names in its own.

    def _queue_bind(  # type: ignore[override]
        self, exchange: str, routing_key: str, pattern: str, queue: str
    ) -> None:
        """Have an exchange's file there first, without queues: kombu adds to it under a lock."""
        file = self._exchange_file(exchange)  # type: ignore[attr-defined]  # kombu's types lack it
        self.control_folder.mkdir(exist_ok=True)
        if not file.exists():
            _make_once(file, dumps([]))
        super()._queue_bind(exchange, routing_key, pattern, queue)

    def _put(  # type: ignore[override]
        self, queue: str, payload: dict[str, Any], **_: Any
    ) -> None:
        """Write the message beside the queue, then give it the name that workers read."""
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        whole = Path(self.data_folder_out, name)
        partial = whole.with_name(f"{name}.partial")
        try:
            partial.write_text(dumps(payload), encoding="utf-8")
            os.replace(partial, whole)
        except OSError as error:
            raise ChannelError(f"Cannot add {name} to the queue.") from error


def _make_once(file: Path, text: str) -> None:
    """Make a file with its text in it; one that is there already is left alone."""
    own = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    own.write_text(text, encoding="utf-8")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(own, file)
    finally:
        own.unlink()


class Transport(filesystem.Transport):
    Channel = Channel
