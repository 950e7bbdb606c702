"""Run by pipecat's real services in a pipeline: BASE_URL, KEY, PCM (16 kHz).

Prints what each pushed as one line of JSON; the test reads it.
"""

import asyncio
import json
import sys
from pathlib import Path

from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.stt import OpenAIRealtimeSTTService, OpenAISTTService
from pipecat.workers.runner import WorkerRunner

base_url, key, recording = sys.argv[1:]
pcm = Path(recording).read_bytes()
socket_url = base_url.replace("http", "ws", 1)
RATE_HZ = 16_000
CHUNK_BYTES = 640  # 20 ms, as a transport brings them


class Listener(FrameProcessor):
    """An end of the pipeline: errors come to the first, texts to the last."""

    def __init__(self, is_answered):
        super().__init__()
        self.frames = []
        self._is_answered = is_answered

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        if isinstance(frame, TranscriptionFrame | ErrorFrame):
            self._is_answered.set()
        await self.push_frame(frame, direction)

    def of_kind(self, kind):
        return [frame for frame in self.frames if isinstance(frame, kind)]


async def transcribe(service, *, sound, has_own_vad=True):
    """Speak as a pipeline's transport and voice activity detection do."""
    started, answered = asyncio.Event(), asyncio.Event()
    before, after = Listener(answered), Listener(answered)
    worker = PipelineWorker(
        Pipeline([before, service, after]),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )

    @worker.event_handler("on_pipeline_started")
    async def note_start(*_):
        started.set()

    async def speak():
        await started.wait()
        if has_own_vad:
            await worker.queue_frame(VADUserStartedSpeakingFrame())
        for start in range(0, len(sound), CHUNK_BYTES):
            chunk = sound[start : start + CHUNK_BYTES]
            await worker.queue_frame(InputAudioRawFrame(chunk, RATE_HZ, 1))
        if has_own_vad:
            await worker.queue_frame(VADUserStoppedSpeakingFrame())
        await asyncio.wait_for(answered.wait(), timeout=20)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())
    finals = after.of_kind(TranscriptionFrame)
    return {
        "texts": [frame.text for frame in finals],
        "languages": [frame.language and str(frame.language) for frame in finals],
        "are_final": [frame.finalized for frame in finals],
        "interim": len(after.of_kind(InterimTranscriptionFrame)),
        "kinds": sorted({type(frame).__name__ for frame in after.frames}),
        "errors": [frame.error for frame in before.of_kind(ErrorFrame)],
    }


async def main():
    silence = bytes(4 * RATE_HZ)
    realtime = OpenAIRealtimeSTTService.Settings
    return {
        "rest": await transcribe(
            OpenAISTTService(base_url=f"{base_url}/v1", api_key=key), sound=pcm
        ),
        "probable": await transcribe(
            OpenAISTTService(base_url=f"{base_url}/v1", api_key=key, include_prob_metrics=True),
            sound=pcm,
        ),
        "committed": await transcribe(
            OpenAIRealtimeSTTService(base_url=f"{socket_url}/v1/realtime", api_key=key), sound=pcm
        ),
        "turns": await transcribe(
            OpenAIRealtimeSTTService(
                base_url=f"{socket_url}/v1/realtime",
                api_key=key,
                turn_detection={"type": "server_vad", "silence_duration_ms": 400},
                settings=realtime(model="gpt-transcribe"),
            ),
            sound=pcm + silence,
            has_own_vad=False,
        ),
        "deepgram": await transcribe(DeepgramSTTService(base_url=base_url, api_key=key), sound=pcm),
        "refused": await transcribe(
            DeepgramSTTService(base_url=base_url, api_key="stt_wrong"), sound=pcm
        ),
    }


logger.remove()
print(json.dumps(asyncio.run(main())))
