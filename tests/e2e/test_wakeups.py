"""Two web processes and a worker over a Redis: what happens in one wakes those who wait in another,
and without the Redis the same happens, later.

A wake-up takes some 20 ms, what polls beside it up to 1 s (`status_watch`), 2 s (`registry`) and
3 s (`lasting`): so it is a wake-up that is seen where most of several rounds are well below.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests
from asgiref.sync import async_to_sync
from channels_redis.core import RedisChannelLayer
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.processes import System, wait_until
from tests.redis_server import RedisServer
from tests.transcripts.live.fake_stream import FakeStream
from tests.transcripts.served_api import wav

pytestmark = [pytest.mark.drills, pytest.mark.short, pytest.mark.e2e, pytest.mark.timeout(240)]

ROUNDS = 9
GROUP_KEY = "asgi:group:stt.wakeups"
WEB = ("web", "web:2")
POLLED_S = 20.0  # without wake-ups everything has happened by then, by far


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> Iterator[System]:
    with FakeStream() as inference:
        env = {
            "STT_CHANNEL_LAYER_URL": redis.url,
            "STT_INFERENCE_TARGET": inference.target,
            "STT_MAX_OPEN_TRANSCRIPTS": "1000",
        }
        with System(tmp_path_factory.mktemp("wakeups") / "data", env=env) as running:
            running.start(*WEB)
            wait_for_members(redis)
            yield running


def wait_for_members(redis: RedisServer) -> None:
    with Redis(port=redis.port) as client:
        wait_until(
            lambda: client.zcard(GROUP_KEY) == len(WEB), what="both are members", within_s=60
        )


def upload(system: System) -> str:
    """Upload something that no worker takes; return its id."""
    answer = requests.post(
        system.url + "/v1/transcribe",
        headers=system.headers,
        files={"file": ("talk.wav", wav(seconds=1))},
        data={"async": "true"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


class Feed:
    """An event stream of the second process; `wait` returns when its last event came."""

    def __init__(self, system: System, transcript_id: str, headers: dict[str, str]) -> None:
        address = f"{system.url_of('web:2')}/api/v1/transcripts/{transcript_id}/events/"
        self._answer = requests.get(address, headers=headers, stream=True, timeout=60)
        assert self._answer.status_code == 200, self._answer.text
        self._lines = self._answer.iter_lines()
        while not next(self._lines).startswith(b"data:"):
            pass  # it follows

    def wait(self) -> float:
        for _ in self._lines:
            pass
        return time.monotonic()

    def close(self) -> None:
        self._answer.close()


def seconds_until(wait: Callable[[], float], *, cause: Callable[[], object]) -> float:
    """Return how long after `cause` began `wait` returned."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        time.sleep(0.3)
        began = time.monotonic()
        cause()
        return waiting.result(60) - began


def cancel_elsewhere(system: System) -> float:
    """Cancel in the first process what is followed in the second; return what it took, in s."""
    transcript_id = upload(system)
    with closing(Feed(system, transcript_id, system.headers)) as feed:
        address = f"{system.url}/api/v1/transcripts/{transcript_id}/cancel/"

        def cancel() -> None:
            requests.post(address, headers=system.headers, timeout=30).raise_for_status()

        return seconds_until(feed.wait, cause=cancel)


def create_key(system: System) -> tuple[str, dict[str, str]]:
    """Return the address of a new key, and the headers that it is sent in."""
    address = system.url + "/api/v1/keys/"
    answer = requests.post(address, headers=system.headers, json={"name": "test"}, timeout=30)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return f"{address}{made['id']}/", {"Authorization": f"Bearer {made['key']}"}


def hang_up(socket: ClientConnection) -> tuple[float, dict[str, object]]:
    """Return when the server closed, and what it sent last."""
    last = {}
    try:
        while True:
            last = json.loads(socket.recv(60))
    except ConnectionClosed:
        return time.monotonic(), last


def open_socket(
    system: System, name: str, headers: dict[str, str], **config: str
) -> tuple[ClientConnection, str]:
    """Begin or resume a session; return the socket and its resume token."""
    address = system.url_of(name).replace("http", "ws") + "/v1/stream"
    socket = connect(address, additional_headers=headers)
    assert json.loads(socket.recv(30))["status"] == "ready"
    socket.send(json.dumps(config))
    while (message := json.loads(socket.recv(30))).get("status") != "started":
        pass
    return socket, message["resume_token"]


def revoke_elsewhere(system: System) -> tuple[float, float]:
    """Revoke in the first process a key that a socket and a stream of the second are open with."""
    key, headers = create_key(system)
    followed = upload(system)
    socket, _ = open_socket(system, "web:2", headers)
    with closing(Feed(system, followed, headers)) as feed, closing(socket):
        ended: list[float] = []

        def wait() -> float:
            closed_at, last = hang_up(socket)
            assert last["code"] == "key_revoked", last
            ended.append(closed_at)
            return feed.wait()

        def revoke() -> None:
            requests.delete(key, headers=system.headers, timeout=30).raise_for_status()

        stream_s = seconds_until(wait, cause=revoke)
        socket_s = ended[0] - (time.monotonic() - stream_s)
    return socket_s, stream_s


def take_over(system: System) -> list[float]:
    """Resume a session in the one process and the other in turn; return when old sockets ended."""
    socket, token = open_socket(system, "web", system.headers)
    socket.send(bytes(32_000))
    time.sleep(1)
    took = []
    for number in range(ROUNDS):
        old, name = socket, WEB[(number + 1) % 2]

        def resume(name: str = name) -> None:
            nonlocal socket
            socket, _ = open_socket(system, name, system.headers, resume_token=token)

        took.append(seconds_until(lambda old=old: hang_up(old)[0], cause=resume))  # type: ignore[misc]  # bound at once
        old.close()
    socket.close()
    return took


def test_a_job_cancelled_in_one_process_wakes_a_stream_of_the_other(system: System) -> None:
    took = sorted(cancel_elsewhere(system) for _ in range(ROUNDS))

    assert took[ROUNDS - 3] < 0.5, took


def test_a_revoked_key_ends_sockets_and_streams_of_the_other_process(system: System) -> None:
    rounds = [revoke_elsewhere(system) for _ in range(5)]

    assert statistics.median(socket_s for socket_s, _ in rounds) < 0.7, rounds
    assert statistics.median(stream_s for _, stream_s in rounds) < 0.9, rounds


def test_a_session_taken_over_by_one_process_ends_its_socket_of_the_other(system: System) -> None:
    took = take_over(system)

    assert statistics.median(took) < 0.7, took


def test_a_worker_wakes_the_web_processes(system: System, redis: RedisServer) -> None:
    layer = RedisChannelLayer(hosts=[redis.url])

    async def wait() -> None:
        channel = await layer.new_channel()
        await layer.group_add("stt.wakeups", channel)
        transcript_id = upload(system)
        # Of an upload the web process sends none.
        while ["transcript", transcript_id] not in (await layer.receive(channel))["items"]:
            pass

    system.start("worker-short")
    try:
        async_to_sync(wait)()
    finally:
        system.kill("worker-short")


def test_without_the_layer_all_of_it_happens_later_and_is_logged_once(
    system: System, redis: RedisServer
) -> None:
    redis.stop()
    wait_until(lambda: all("wakeups_down part=receive" in system.log(web) for web in WEB), what="")

    assert cancel_elsewhere(system) < POLLED_S
    assert max(revoke_elsewhere(system)) < POLLED_S
    assert max(take_over(system)) < POLLED_S
    for web in WEB:
        assert system.log(web).count("wakeups_down part=receive") == 1
        assert system.log(web).count("wakeups_down part=send") <= 1
        assert "Traceback" not in system.log(web)
        assert requests.get(system.url_of(web) + "/health", timeout=10).status_code == 200

    redis.start()
    wait_for_members(redis)
    for web in WEB:
        wait_until(
            lambda web=web: "wakeups_up part=receive" in system.log(web),  # type: ignore[misc]  # bound at once
            what="the layer is back",
        )
    assert min(cancel_elsewhere(system) for _ in range(3)) < 0.5
