"""The Voice service of an inference service that does what a test scripts: a beep a sentence."""

import math
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc

from protos.stt.v1 import voice_pb2, voice_pb2_grpc

RATE_HZ = 24_000
SENTENCE_MS = 500
KOKORO_HINT = "Run `python -m inference_service.catalog pull kokoro` to install it."
POCKET_HINT = "Run `python -m inference_service.catalog pull pocket-tts`, which shows its terms."

F5_HINT = "Run `python -m inference_service.catalog pull f5-tts`, which shows its terms."


@dataclass
class FakeVoice:
    """`breaks_after`: sentences, then the call ends with `status`; None: never. While `gate` is
    cleared, the engine hangs behind its first sentence; `entered` is set once it does.
    """

    is_installed: bool = True
    can_clone: bool = False
    is_non_commercial: bool = False
    watermark: str = ""
    watermark_confidence: float = 0.0
    breaks_after: int | None = None
    status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    sentence_ms: int = SENTENCE_MS
    requests: list[voice_pb2.SynthesizeRequest] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def reset(self) -> None:
        self.gate.set()
        self.__init__()  # type: ignore[misc]  # all fields at their defaults


class VoiceServicer(voice_pb2_grpc.VoiceServicer):
    def __init__(self, fake: FakeVoice) -> None:
        self._fake = fake

    def ListVoices(  # noqa: N802  # named by the proto
        self, request: voice_pb2.ListVoicesRequest, context: grpc.ServicerContext
    ) -> voice_pb2.ListVoicesResponse:
        fake = self._fake
        fixed = voice_pb2.FixedVoice(
            id="jf_alpha", name="Alpha", description="A woman's voice.", language="en"
        )
        return voice_pb2.ListVoicesResponse(
            engines=[
                voice_pb2.VoiceEngine(
                    id="kokoro",
                    name="Kokoro",
                    available=fake.is_installed,
                    install_hint="" if fake.is_installed else KOKORO_HINT,
                    languages=["en"],
                    voices=[fixed],
                    licence="Apache-2.0",
                ),
                voice_pb2.VoiceEngine(
                    id="pocket-tts",
                    name="Pocket TTS",
                    available=fake.can_clone,
                    install_hint="" if fake.can_clone else POCKET_HINT,
                    languages=["en"],
                    can_clone=True,
                    licence="CC-BY-4.0",
                    is_non_commercial=fake.is_non_commercial,
                ),
                voice_pb2.VoiceEngine(
                    id="f5-tts",
                    name="F5-TTS",
                    available=fake.can_clone,
                    install_hint="" if fake.can_clone else F5_HINT,
                    languages=["en", "zh"],
                    can_clone=True,
                    licence="CC-BY-NC-4.0",
                    is_non_commercial=True,
                ),
            ],
            watermark=fake.watermark,
            watermark_hint="" if fake.watermark else "Install the torch engines.",
        )

    def Synthesize(  # noqa: N802  # named by the proto
        self, request: voice_pb2.SynthesizeRequest, context: grpc.ServicerContext
    ) -> Iterator[voice_pb2.SynthesizeEvent]:
        fake = self._fake
        fake.requests.append(request)
        context.add_callback(fake.cancelled.set)
        sentences = [part for part in request.text.split(".") if part.strip()]
        if "日" in request.text:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "This voice reads Latin letters.")
        yield voice_pb2.SynthesizeEvent(
            accepted=voice_pb2.SynthesisAccepted(
                engine=request.engine,
                voice=request.voice,
                language=request.language or "en",
                sample_rate_hz=RATE_HZ,
                sentences=len(sentences),
            )
        )
        samples = fake.sentence_ms * RATE_HZ // 1000
        for number, _ in enumerate(sentences):
            if number == fake.breaks_after:
                context.abort(fake.status, "The engine stopped.")
            chunk = voice_pb2.SpeechChunk(pcm=beep(samples, seed=request.seed), sentence=number)
            yield voice_pb2.SynthesizeEvent(chunk=chunk)
            fake.entered.set()
            fake.gate.wait(20)
        yield voice_pb2.SynthesizeEvent(
            finished=voice_pb2.SynthesisFinished(
                samples=samples * len(sentences), generation_ms=40, watermark=fake.watermark
            )
        )

    def AddWatermark(  # noqa: N802  # named by the proto
        self, request: voice_pb2.AddWatermarkRequest, context: grpc.ServicerContext
    ) -> voice_pb2.AddWatermarkResponse:
        """Never called by the web tier."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "No one asks for this.")

    def DetectWatermark(  # noqa: N802  # named by the proto
        self, request: voice_pb2.DetectWatermarkRequest, context: grpc.ServicerContext
    ) -> voice_pb2.DetectWatermarkResponse:
        sure = self._fake.watermark_confidence
        return voice_pb2.DetectWatermarkResponse(
            found=sure >= 0.5, watermark=self._fake.watermark, confidence=sure
        )


def beep(samples: int, *, seed: int = 0) -> bytes:
    step = 2 * math.pi * (440 + seed % 100) / RATE_HZ
    values = (round(8000 * math.sin(step * index)) for index in range(samples))
    return struct.pack(f"<{samples}h", *values)
