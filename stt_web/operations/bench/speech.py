"""Speech measured: the recogniser by itself, short clips at once, live sessions at once."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from stt_web.operations.bench.budget import Budget
from stt_web.operations.bench.figures import Figure, quantile
from stt_web.operations.bench.live_sockets import make_frames
from stt_web.operations.bench.server import MeasuredServer, check_status, make_wav
from stt_web.operations.sample import read_speech
from transcripts.inference.client import start_transcribe
from transcripts.inference.errors import InferenceError
from transcripts.inference.results import Accepted, TranscribeOptions
from transcripts.inference.servers import Server

_CHUNK_BYTES = 256 * 1024
_FIRST_S, _LONGEST_S, _ROUNDS = 10.0, 600.0, 3
_CLIP_S, _CLIPS_AT_ONCE = 5.0, 8
LIVE_S, _BEARABLE_S, _MOST_SESSIONS = 5.0, 2.0, 48
_AFTER_STOP_S = 10.0


def measure_recogniser(server: Server, budget: Budget) -> tuple[Figure, Accepted]:
    """RTFx of one recording, decoded already: what the service makes of it, without the web tier.

    Raises InferenceError, and TimeoutError where ten seconds of speech take too long.
    """
    _, accepted = _recognise(server, _FIRST_S, budget)  # the model is loaded
    first_s, _ = _recognise(server, _FIRST_S, budget)
    affordable_s = _FIRST_S * budget.left_s() / first_s / (_ROUNDS + 1)
    length_s = min(_LONGEST_S, max(_FIRST_S, affordable_s))
    rtfx = [_FIRST_S / first_s] if length_s == _FIRST_S else []
    while len(rtfx) < _ROUNDS and (not rtfx or budget.left_s() > length_s / rtfx[-1]):
        took_s, _ = _recognise(server, length_s, budget)
        rtfx.append(length_s / took_s)
    figure = Figure(
        name="recogniser",
        value=round(statistics.median(rtfx), 2),
        unit="× real time",
        detail=f"{length_s:.0f} s of speech, {len(rtfx)} times: {min(rtfx):.2f} to {max(rtfx):.2f}",
    )
    return figure, accepted


def _recognise(server: Server, seconds: float, budget: Budget) -> tuple[float, Accepted]:
    """Return how long it took, and what ran."""
    pcm = read_speech(seconds)
    chunks = (pcm[at : at + _CHUNK_BYTES] for at in range(0, len(pcm), _CHUNK_BYTES))
    began = time.perf_counter()
    call = start_transcribe(TranscribeOptions(priority="bulk"), chunks, server=server)
    try:
        with budget.watching(call.cancel):
            accepted = [event for event in call if isinstance(event, Accepted)]
    except InferenceError:
        if budget.is_over:
            raise TimeoutError from None
        raise
    return time.perf_counter() - began, accepted[0]


def measure_clips(server: MeasuredServer, budget: Budget) -> Iterator[Figure]:
    """How long a client waits for a short clip: alone, and `_CLIPS_AT_ONCE` together.

    Raises OSError, StatusError.
    """
    number = 0

    def clips(count: int) -> list[bytes]:
        nonlocal number
        number += count
        return [make_wav(read_speech(_CLIP_S, shift=number - each)) for each in range(count)]

    def send(clip: bytes) -> float:
        began = time.perf_counter()
        check_status(server.transcribe(clip, timeout_s=budget.left_s()), expected=200)
        return time.perf_counter() - began

    send(clips(1)[0])  # caches are filled
    alone = [send(clip) for clip in clips(3)]
    yield Figure(
        name="clip_alone",
        value=round(statistics.median(alone), 3),
        unit="s",
        detail=f"a clip of {_CLIP_S:.0f} s, by HTTP, nothing beside: median of {len(alone)}",
    )
    waits: list[float] = []
    began = time.perf_counter()
    with ThreadPoolExecutor(_CLIPS_AT_ONCE) as senders:
        round_s = 0.0
        while not waits or budget.left_s() > 2 * round_s:
            started = time.perf_counter()
            waits += senders.map(send, clips(_CLIPS_AT_ONCE))
            round_s = time.perf_counter() - started
            if len(waits) >= 5 * _CLIPS_AT_ONCE:
                break
    wall_s = time.perf_counter() - began
    yield Figure(
        name="clips_at_once",
        value=round(quantile(waits, 0.95), 3),
        unit="s, p95",
        detail=(
            f"{_CLIPS_AT_ONCE} at once, {len(waits)} in all: p50 {statistics.median(waits):.3f} s,"
            f" {len(waits) * _CLIP_S / wall_s:.1f} × real time together"
        ),
    )


def measure_live(
    server: MeasuredServer, budget: Budget, *, cores: int, first: int = 1
) -> Iterator[Figure]:
    """How many live sessions keep up: the text at most 2 s behind the speech, 95 times of 100.

    The number doubles while it is borne, then the gap is halved, for as long as there is time.
    Raises OSError.
    """
    good, bad = 0, _MOST_SESSIONS + 1
    lags: dict[int, float] = {}
    count = max(1, min(first, _MOST_SESSIONS))
    while good + 1 < bad and (not lags or budget.left_s() > LIVE_S + _AFTER_STOP_S / 2):
        lags[count] = asyncio.run(_speak(server, count))
        if lags[count] <= _BEARABLE_S:
            good = count
        else:
            bad = count
        count = min(2 * good, _MOST_SESSIONS) if bad > _MOST_SESSIONS else (good + bad) // 2
        if count in lags or count == 0:
            break
    tried = ", ".join(f"{each}: {lags[each]:.2f} s" for each in sorted(lags))
    at_least = "at least, as far as there was time; " if bad > _MOST_SESSIONS else ""
    yield Figure(
        name="live_sessions",
        value=round(good / cores, 2),
        unit="a core",
        detail=f"{good} on {cores} cores; {at_least}p95 of how far the text is behind: {tried}",
    )


async def _speak(server: MeasuredServer, count: int) -> float:
    """Return the p95 of how old the audio is that a message covers; infinite: none came."""
    sockets = await server.open_sockets(count)
    try:
        async with asyncio.timeout(LIVE_S + _AFTER_STOP_S):
            await asyncio.gather(
                *(
                    socket.speak(
                        seconds=LIVE_S,
                        offset_s=number / count * 0.1,
                        frames=make_frames(read_speech(LIVE_S, shift=number)),
                    )
                    for number, socket in enumerate(sockets)
                )
            )
            for socket in sockets:
                socket.stop()
            await asyncio.gather(*(socket.ended for socket in sockets))
    except TimeoutError:
        return float("inf")
    finally:
        for socket in sockets:
            socket.abort()
    silent = sum(not socket.lags_s for socket in sockets)
    if silent:
        return float("inf")
    return quantile([lag for socket in sockets for lag in socket.lags_s], 0.95)
