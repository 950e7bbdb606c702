"""Many sockets that speak at once, as cheaply as they can: the machine is the server's.

    python -m benchmarks.live_sockets    one process of them, commanded on its standard input

A socket is `stt_web.operations.bench.live_sockets`'s, which notes how old the audio is that a
partial or a final covers when it arrives.
"""

import asyncio
import json
import os
import sys
import time

from benchmarks.lateness import watch_lateness
from stt_web.operations.bench.live_sockets import FRAME_MS, SILENCE, open_sockets


def flood(port: int, *, key: str, megabytes: int, within_s: float) -> int:
    """Send audio as fast as it is taken, reading nothing; returns the bytes that were taken."""
    return asyncio.run(_flood(port, key=key, megabytes=megabytes, within_s=within_s))


async def _flood(port: int, *, key: str, megabytes: int, within_s: float) -> int:
    [socket] = await open_sockets(1, port=port, key=key)
    transport = socket._transport
    transport.pause_reading()
    raw = transport.get_extra_info("socket")
    block = SILENCE * 300
    sent, until = 0, time.perf_counter() + within_s
    while sent < megabytes * 1_000_000 and time.perf_counter() < until:
        try:
            sent += os.write(raw.fileno(), block[sent % len(block) :])
        except BlockingIOError:
            await asyncio.sleep(0.01)
    transport.abort()
    return sent


async def obey() -> None:
    """Open, speak and stop as each line asks; answer each with one line. What is measured is the
    server: so this process reports how late it was itself."""
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    sockets = await open_sockets(order["count"], port=order["port"], key=order["key"])
    print("{}", flush=True)
    order = json.loads(await asyncio.to_thread(sys.stdin.readline))
    ended = asyncio.Event()
    lateness = asyncio.create_task(watch_lateness(ended.is_set))
    count, seconds = len(sockets), order["seconds"]
    await asyncio.gather(
        *(
            socket.speak(seconds=seconds, offset_s=number / count * FRAME_MS / 1000)
            for number, socket in enumerate(sockets)
        )
    )
    ended.set()
    lags_s = [lag for socket in sockets for lag in socket.lags_s]
    print(json.dumps({"lags_s": lags_s, "late_s": await lateness}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for socket in sockets:
        socket.stop()
    received_s = await asyncio.gather(*(socket.ended for socket in sockets))
    print(json.dumps({"heard_s": sorted({float(str(one_s)) for one_s in received_s})}), flush=True)


if __name__ == "__main__":
    asyncio.run(obey())
