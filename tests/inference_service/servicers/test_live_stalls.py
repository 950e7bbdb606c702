"""Stream: no final text waits for a draft that came to nothing."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from inference_service.engines.asr import Verdict, WindowRequest, WindowText
from tests.inference_service.conftest import Serve
from tests.inference_service.fakes import FakeRecogniser
from tests.inference_service.live_calls import FLUSH, LiveClient, cut, make_audio
from tests.inference_service.recordings import BYTES_PER_S, load_pcm


@dataclass(eq=False)
class LoopingRecogniser(FakeRecogniser):
    """Its drafts loop until they are released."""

    max_calls: int = 2
    is_looping: threading.Event = field(default_factory=threading.Event)
    has_enough: threading.Event = field(default_factory=threading.Event)

    def recognise(self, batch: Sequence[WindowRequest]) -> list[WindowText]:
        if batch[0].is_draft:
            self.is_looping.set()
            self.has_enough.wait(timeout=30)
        return super().recognise(batch)


async def test_a_final_text_does_not_wait_for_a_draft_that_loops(serve: Serve) -> None:
    recogniser = LoopingRecogniser(model_id="tiny")
    speech = load_pcm("en_talk_20s")[: 3 * BYTES_PER_S]
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        try:
            client.send(*map(make_audio, cut(speech)))
            assert await asyncio.to_thread(recogniser.is_looping.wait, 10)
            client.send(FLUSH)
            await client.wait_for(lambda: client.result.final_ms == 3_000)
            assert client.result.text
            assert not client.result.hypotheses
            # What follows is not held up either.
            client.send(*map(make_audio, cut(speech)), FLUSH)
            recogniser.has_enough.set()
            await client.wait_for(lambda: client.result.final_ms == 6_000)
        finally:
            recogniser.has_enough.set()
        result = await client.finish()
    assert result.text


async def test_drafts_that_come_to_nothing_are_padded_in_the_end(serve: Serve) -> None:
    """Some speech is doubtful at its own length as long as it lasts."""

    def doubt(request: WindowRequest) -> Verdict:
        return Verdict.RETRY if request.is_draft and not request.is_padded else Verdict.ACCEPTED

    recogniser = FakeRecogniser(model_id="tiny", judge=doubt)
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        await client.speak(load_pcm("en_talk_20s"))
        heard = await client.finish()
    drafts = [one for batch in recogniser.batches for one in batch if one.is_draft]
    padded = [one for one in drafts if one.is_padded]
    assert any(each.pending or each.committed for each in heard.hypotheses)
    assert padded
    assert all(one.duration_s >= 2 for one in padded)
    assert len(padded) < len(drafts) / 2  # it is dear


async def test_a_stop_does_not_wait_for_a_draft_that_loops(serve: Serve) -> None:
    recogniser = LoopingRecogniser(model_id="tiny")
    async with serve(recogniser) as served:
        client = LiveClient(served.channel)
        try:
            client.send(*map(make_audio, cut(load_pcm("en_talk_20s")[: 3 * BYTES_PER_S])))
            assert await asyncio.to_thread(recogniser.is_looping.wait, 10)
            stopping = asyncio.create_task(client.finish())
            await client.wait_for(lambda: client.result.final_ms == 3_000)
            assert client.result.text
        finally:
            recogniser.has_enough.set()
        await stopping
