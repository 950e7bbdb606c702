"""Wake-ups: a hint to whoever waits for a row, in this process and in others, that it has changed.

    wake(TRANSCRIPT, pk)         once the transaction commits
    listen(TRANSCRIPT, note)     `note(pk)` is called in the event loop that `listen` was called in
    receive_wakeups()            take other processes' wake-ups, too (the ASGI application does)

In this process they are passed directly, to others through Channels' layer (`CHANNEL_LAYERS`): one
group, of which each web process is a member. The database stays the truth: a wake-up carries no
state, may be lost and may come twice, and its receivers poll beside it. So a layer that is absent,
down or slow costs latency only: nothing here raises or waits, the queue is bounded, and one line
is logged as the layer is lost and one as it is back.
"""

import asyncio
import contextlib
import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any
from weakref import WeakKeyDictionary

from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from stt_web.core.background import BackgroundLoop, ThreadLoop, spawn

logger = logging.getLogger(__name__)

TRANSCRIPT = "transcript"  # a job's status or progress, or an edit's words; the transcript's id
SESSION = "session"  # a live session was cancelled or taken over; the job's id
ACCESS = "access"  # a key was revoked or an account closed; the id of the key or the user

_FAILURES = (OSError, RedisError, ChannelFull)  # TimeoutError is an OSError
Item = tuple[str, str]  # topic and id
Listener = Callable[[str], None]

MAX_PENDING = 1000
_BATCH = 100
_GROUP = "stt.wakeups"
_SEND_S = 2.0
_RETRY_S = 1.0
_PING_S = 3.0  # each is sent to the process itself, and renews its membership
_SILENT_S = 8.0  # without a ping of its own the layer counts as down
_IDLE_S = 60.0


class _Outage:
    """Logs when something breaks and when it works again, not each time in between."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._is_down = False

    def note(self, error: BaseException | None) -> None:
        if error is not None and not self._is_down:
            logger.warning("event=wakeups_down part=%s error=%r", self._part, error)
        elif error is None and self._is_down:
            logger.info("event=wakeups_up part=%s", self._part)
        self._is_down = error is not None


class _Listeners:
    """Who listens in this process, in which event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, set[tuple[asyncio.AbstractEventLoop | None, Listener]]] = {}

    def add(
        self, topic: str, loop: asyncio.AbstractEventLoop | None, listener: Listener
    ) -> Callable[[], None]:
        entry = (loop, listener)
        with self._lock:
            self._entries.setdefault(topic, set()).add(entry)

        def remove() -> None:
            with self._lock:
                self._entries[topic].discard(entry)

        return remove

    def notify(self, items: Iterable[Item]) -> None:
        """Pass them on. Those without a loop come first: the others may depend on them."""
        for topic, identifier in items:
            with self._lock:
                entries = list(self._entries.get(topic, ()))
            for loop, listener in sorted(entries, key=lambda entry: entry[0] is not None):
                _call(loop, listener, identifier)


class WakeupSender:
    """Sends to the layer from a thread of its own: who wakes others waits for nothing."""

    def __init__(self) -> None:
        self._pending: queue.Queue[Item] = queue.Queue(MAX_PENDING)
        self._outage = _Outage("send")
        self._lock = threading.Lock()
        self._thread: ThreadLoop | None = None
        self._runner: asyncio.Runner | None = None

    def put(self, item: Item) -> None:
        """Have it sent; dropped where too many wait."""
        try:
            self._pending.put_nowait(item)
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = ThreadLoop("wakeups-send", self._send_round)
                self._thread.start()

    def _send_round(self) -> bool:
        try:
            items = self._take()
        except queue.Empty:
            return True
        if self._runner is None:
            self._runner = asyncio.Runner()  # one loop: the layer has a connection for each
        try:
            self._runner.run(_send(items))
        except _FAILURES as error:
            self._outage.note(error)
            time.sleep(_RETRY_S)
        else:
            self._outage.note(None)
        return True

    def _take(self) -> list[Item]:
        """Return what waits, each once. Raises queue.Empty."""
        items = {self._pending.get(timeout=_IDLE_S): None}
        while len(items) < _BATCH and not self._pending.empty():
            items[self._pending.get_nowait()] = None
        return list(items)


class WakeupReceiver:
    """Takes the layer's messages in one event loop."""

    def __init__(self) -> None:
        self._loop = BackgroundLoop("wakeups-receive", self._round)
        self._outage = _Outage("receive")
        self._seen_at = float("-inf")
        self._channel = ""

    @property
    def is_up(self) -> bool:
        """Whether a message went through the layer to this process a moment ago."""
        return time.monotonic() - self._seen_at < _SILENT_S

    def start(self) -> None:
        self._loop.start()

    async def _round(self) -> None:
        """Until the layer fails: no fault of this process, which stays ready."""
        try:
            await self._receive()
        except _FAILURES as error:
            self._seen_at = float("-inf")
            self._outage.note(error)
            await asyncio.sleep(_RETRY_S)

    async def _receive(self) -> None:
        layer = get_channel_layer()
        self._channel = channel = await layer.new_channel()
        pinging = spawn(self._ping(layer, channel), name="wakeups-ping")
        try:
            while True:
                async with asyncio.timeout(_SILENT_S):
                    message = await layer.receive(channel)
                self._seen_at = time.monotonic()
                self._outage.note(None)
                if reply_to := message.get("reply_to"):
                    spawn(_answer(layer, reply_to), name="wakeups-answer")
                if message.get("origin") != _origin:
                    _listeners.notify((topic, pk) for topic, pk in message.get("items", ()))
        finally:
            # Not awaited: redis-py under uvloop may swallow the cancellation.
            self._channel = ""
            pinging.cancel()

    async def _ping(self, layer: Any, channel: str) -> None:
        """Renew the membership, which a Redis that restarts loses, and say so to ourselves.

        What fails here shows as silence in `_receive`.
        """
        with contextlib.suppress(*_FAILURES):
            while self._channel == channel:
                await layer.group_add(_GROUP, channel)
                await layer.send(channel, {"type": "ping"})
                await asyncio.sleep(_PING_S)


_listeners = _Listeners()
_receivers: WeakKeyDictionary[asyncio.AbstractEventLoop, WakeupReceiver] = WeakKeyDictionary()
_sender = WakeupSender()
_origin = uuid.uuid4().hex  # of this process: what it sent needn't be passed on twice


def wake(topic: str, *identifiers: object) -> None:
    """Wake those who wait for these rows once the transaction commits. Never raises or waits."""
    items = [(topic, str(each)) for each in identifiers]
    transaction.on_commit(lambda: _wake_now(items), robust=True)


def listen(topic: str, listener: Listener) -> Callable[[], None]:
    """Have `listener` called with each id, in the running event loop; returns how to end that."""
    return _listeners.add(topic, asyncio.get_running_loop(), listener)


def listen_in_process(topic: str, listener: Listener) -> None:
    """Have it called for as long as the process lives, at once, in any thread, before the rest."""
    _listeners.add(topic, None, listener)


def receive_wakeups() -> None:
    """Take other processes' wake-ups in the running event loop from now on. May be repeated."""
    loop = asyncio.get_running_loop()
    if loop in _receivers or not has_layer():
        return
    _receivers[loop] = WakeupReceiver()
    Context().run(_receivers[loop].start)  # not in that of the request that happens to be first


def is_layer_up() -> bool:
    """Whether other processes' wake-ups reach the running event loop."""
    receiver = _receivers.get(asyncio.get_running_loop())
    return receiver is not None and receiver.is_up


async def call_processes(*, within_s: float) -> int:
    """Return how many processes that take wake-ups answer one of ours within so long.

    Takes that long. Raises TimeoutError where the layer brings not even a message to ourselves,
    ConnectionError where it is not reached.
    """
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(within_s):
            channel = await layer.new_channel()
            await layer.send(channel, {"type": "ping"})
            await layer.receive(channel)
        return await _count_answers(layer, channel, within_s=within_s)
    except (RedisError, ChannelFull) as error:
        raise ConnectionError(str(error)) from error


async def _count_answers(layer: Any, channel: str, *, within_s: float) -> int:
    answered: set[str] = set()
    question = {"type": "wakeups", "origin": _origin, "items": [], "reply_to": channel}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await layer.group_send(_GROUP, question)
            while True:
                answered.add((await layer.receive(channel))["origin"])
    return len(answered)


async def _answer(layer: Any, channel: str) -> None:
    with contextlib.suppress(*_FAILURES):
        await layer.send(channel, {"type": "answer", "origin": _origin})


def _wake_now(items: list[Item]) -> None:
    _listeners.notify(items)
    if has_layer():
        for item in items:
            _sender.put(item)


def has_layer() -> bool:
    """Whether there is a layer that reaches other processes: Channels' layer in memory doesn't."""
    layer = get_channel_layer()
    return layer is not None and not isinstance(layer, InMemoryChannelLayer)


def _call(loop: asyncio.AbstractEventLoop | None, listener: Listener, identifier: str) -> None:
    if loop is None:
        listener(identifier)
        return
    try:
        loop.call_soon_threadsafe(listener, identifier)
    except RuntimeError:
        logger.debug("event=wakeup_loop_closed")  # its listeners are gone with it


async def _send(items: list[Item]) -> None:
    message = {"type": "wakeups", "origin": _origin, "items": items}
    async with asyncio.timeout(_SEND_S):
        await get_channel_layer().group_send(_GROUP, message)


def _after_fork() -> None:
    """A worker's child has none of its parent's threads, and is another process to the layer."""
    global _sender, _origin
    _sender, _origin = WakeupSender(), uuid.uuid4().hex


os.register_at_fork(after_in_child=_after_fork)
