"""Stands for the process of the torch engines: the same protos on the same socket, no torch.

    python -m tests.inference_service.torch_link.fake_process SOCKET

It places each word in an equal share of the audio (a text with the word "wait" hangs), gives two
speakers half of a recording each (three speakers asked for: it hangs; four: it refuses), and marks
speech by its first sample.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np

from protos.stt.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
    voice_pb2,
    voice_pb2_grpc,
)

MARK = 12_345
ENGINES = [
    server_pb2.OptionalEngine(
        id="wav2vec2", kind="aligner", available=True, languages=["cs", "de"]
    ),
    server_pb2.OptionalEngine(id="pyannote-fake", kind="diarizer", available=True, licence="MIT"),
    server_pb2.OptionalEngine(id="perth", kind="watermark", available=True, licence="MIT"),
]


class Everything(
    server_pb2_grpc.ServerServicer,
    speech_pb2_grpc.SpeechServicer,
    audio_pb2_grpc.AudioServicer,
    voice_pb2_grpc.VoiceServicer,
):
    async def GetInfo(self, request: Any, context: Any) -> server_pb2.ServerInfo:  # noqa: N802
        return server_pb2.ServerInfo(optional_engines=ENGINES, torch_state="ok")

    async def Align(self, request: Any, context: Any) -> speech_pb2.AlignResponse:  # noqa: N802
        if any(word.text == "wait" for word in request.words):
            await asyncio.sleep(300)
        share_ms = len(request.pcm) // 32 // len(request.words)
        words = [
            speech_pb2.Word(
                text=word.text,
                start_ms=at * share_ms,
                end_ms=(at + 1) * share_ms,
                timing=speech_pb2.TIMING_ALIGNED,
            )
            for at, word in enumerate(request.words)
        ]
        return speech_pb2.AlignResponse(model="wav2vec2", words=words)

    async def DiarizeRecording(  # noqa: N802
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[audio_pb2.DiarizeRecordingEvent]:
        config = (await anext(request_iterator)).config
        if config.speakers == 4:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "No four.")
        yield audio_pb2.DiarizeRecordingEvent(
            accepted=audio_pb2.DiarizeRecordingAccepted(diarizer="pyannote-fake")
        )
        yield audio_pb2.DiarizeRecordingEvent(progress=audio_pb2.DiarizationProgress(fraction=0.5))
        if config.speakers == 3:
            await asyncio.sleep(300)
        length_ms = sum([len(each.audio.pcm) // 32 async for each in request_iterator])
        half_ms = length_ms // 2
        turns = [
            audio_pb2.LabelledTurn(start_ms=0, end_ms=half_ms, speaker=1),
            audio_pb2.LabelledTurn(start_ms=half_ms, end_ms=length_ms, speaker=2),
        ]
        yield audio_pb2.DiarizeRecordingEvent(
            turns=audio_pb2.LabelledTurns(turns=turns, is_last=True)
        )

    async def ListVoices(self, request: Any, context: Any) -> voice_pb2.ListVoicesResponse:  # noqa: N802
        engine = voice_pb2.VoiceEngine(
            id="pocket-tts", name="A fake", available=True, languages=["en"], can_clone=True
        )
        engine.sample_rate_hz = 24_000
        return voice_pb2.ListVoicesResponse(engines=[engine], watermark="perth")

    async def Synthesize(  # noqa: N802
        self, request: Any, context: Any
    ) -> AsyncIterator[voice_pb2.SynthesizeEvent]:
        accepted = voice_pb2.SynthesisAccepted(engine="pocket-tts", revision="r1", language="en")
        yield voice_pb2.SynthesizeEvent(accepted=accepted)
        yield voice_pb2.SynthesizeEvent(chunk=voice_pb2.SpeechChunk(pcm=request.reference.pcm))
        if "wait" in request.text:
            await asyncio.sleep(300)
        finished = voice_pb2.SynthesisFinished(samples=1, generation_ms=7, watermark="perth")
        yield voice_pb2.SynthesizeEvent(finished=finished)

    async def AddWatermark(self, request: Any, context: Any) -> voice_pb2.AddWatermarkResponse:  # noqa: N802
        samples = np.frombuffer(request.pcm, "<i2").copy()
        samples[0] = MARK
        return voice_pb2.AddWatermarkResponse(pcm=samples.tobytes(), watermark="perth")

    async def DetectWatermark(  # noqa: N802
        self, request: Any, context: Any
    ) -> voice_pb2.DetectWatermarkResponse:
        is_ours = int(np.frombuffer(request.pcm, "<i2")[0]) == MARK
        return voice_pb2.DetectWatermarkResponse(found=is_ours, confidence=float(is_ours))


async def serve(socket: str) -> None:
    server = grpc.aio.server()
    everything = Everything()  # type: ignore[abstract]  # the rest is UNIMPLEMENTED
    server_pb2_grpc.add_ServerServicer_to_server(everything, server)
    speech_pb2_grpc.add_SpeechServicer_to_server(everything, server)
    audio_pb2_grpc.add_AudioServicer_to_server(everything, server)
    voice_pb2_grpc.add_VoiceServicer_to_server(everything, server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
