"""An inference service that does what a test scripts: a real gRPC server without a recogniser.

It recognises one word a second: for the second that begins at 3 s the segment "w3". So what was
stored shows which seconds were recognised, by which call, and whether any was twice. Each call
of Transcribe takes the next `Script` of the list, and the default one when the list is empty.
"""

import array
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType
from typing import Self

import grpc

from protos.stt.v1 import (
    audio_pb2,
    audio_pb2_grpc,
    language_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
    speech_pb2,
    speech_pb2_grpc,
    voice_pb2_grpc,
)
from tests.transcripts.fake_language import FakeLanguage, LanguageServicer
from tests.transcripts.fake_voice import FakeVoice, VoiceServicer
from tests.transcripts.known_servers import discard_servers

BYTES_A_MS = 32
WINDOW_MS = 1000


@dataclass
class Script:
    """How one call goes. It breaks off with `status` after `windows` windows, or never (None)."""

    windows: int | None = None
    status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    hangs: bool = False  # instead of breaking off: no more events, until the caller leaves
    ends_early: bool = False  # instead: the stream just ends, without `finished`
    is_silent: bool = False
    repeats_windows: bool = False  # breaks the proto
    model: str = "tiny"
    embedder: str = "fake-voices"
    words: tuple[str, ...] = ()  # instead of "w0", "w1" …: one a second
    language: str = "en"
    detects: bool = True
    text: str = ""  # instead: these words, in each second
    probability: float = 0.9  # of the language
    gaps: dict[int, list[speech_pb2.Gap]] = field(default_factory=dict)  # by the window's second
    speech_ms: int = 0  # of each window, as voice activity detection would have found it
    unaligned_windows: int = 0
    before_window: Callable[[int], object] = lambda number: None  # 0 the first of the call


@dataclass
class EnhanceScript:
    """How one call of Enhance goes: an echo, that breaks off with `status` after so many chunks."""

    chunks: int | None = None
    status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    hangs: bool = False  # instead of breaking off
    model: str = "deepfilternet3"
    gain: float = 1.0
    loses: int = 0  # samples of the first chunk


@dataclass
class FakeInference:
    """`with FakeInference() as fake:` listens on `fake.target`."""

    scripts: list[Script] = field(default_factory=list)
    enhance_scripts: list[EnhanceScript] = field(default_factory=list)
    enhanced: list[audio_pb2.EnhanceConfig] = field(default_factory=list)
    voices: int = 2  # that can be told apart at most
    diarize_status: grpc.StatusCode | None = None
    find_turns_status: grpc.StatusCode | None = None
    diarize_recording_status: grpc.StatusCode | None = None
    whole_recordings: list[audio_pb2.DiarizeRecordingConfig] = field(default_factory=list)
    align_status: grpc.StatusCode | None = None  # instead of an answer
    align_delay_s: float = 0.0
    align_times_ms: list[tuple[int, int]] | None = None  # instead of equal shares of the audio
    align_probability: float = 1.0
    align_timing: "speech_pb2.Timing.ValueType" = speech_pb2.TIMING_ALIGNED
    aligned: list[speech_pb2.AlignRequest] = field(default_factory=list)
    language: FakeLanguage = field(default_factory=FakeLanguage)
    voice: FakeVoice = field(default_factory=FakeVoice)
    turns: list[speech_pb2.SpeakerTurn] | None = None  # what FindTurns finds, whatever it gets
    info: server_pb2.ServerInfo = field(default_factory=server_pb2.ServerInfo)
    configs: list[speech_pb2.TranscribeConfig] = field(default_factory=list)
    diarized: list[audio_pb2.DiarizeRequest] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    calls_ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    target: str = ""

    def __enter__(self) -> Self:
        self._server = grpc.server(
            ThreadPoolExecutor(8),
            options=[
                ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
                ("grpc.max_receive_message_length", 64 * 1024 * 1024),
            ],
        )
        speech_pb2_grpc.add_SpeechServicer_to_server(_Speech(self), self._server)
        audio_pb2_grpc.add_AudioServicer_to_server(_Audio(self), self._server)
        server_pb2_grpc.add_ServerServicer_to_server(_Info(self), self._server)
        language_pb2_grpc.add_LanguageServicer_to_server(
            LanguageServicer(self.language), self._server
        )
        voice_pb2_grpc.add_VoiceServicer_to_server(VoiceServicer(self.voice), self._server)
        if not self.target:
            discard_servers()
        port = self._server.add_insecure_port(self.target or "127.0.0.1:0")
        self.target = self.target or f"127.0.0.1:{port}"
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End as a killed process does: calls break off, the port is free."""
        self._server.stop(grace=None).wait()

    @property
    def offsets(self) -> list[int]:
        return [config.offset_ms for config in self.configs]


class _Speech(speech_pb2_grpc.SpeechServicer):
    def __init__(self, fake: FakeInference) -> None:
        self._fake = fake

    def Transcribe(  # noqa: N802  # named by the proto
        self,
        request_iterator: Iterator[speech_pb2.TranscribeRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[speech_pb2.TranscribeEvent]:
        script = self._fake.scripts.pop(0) if self._fake.scripts else Script()
        config = next(request_iterator).config
        self._fake.configs.append(config)
        self._fake.metadata.append(_metadata(context))
        context.add_callback(self._fake.calls_ended.release)
        yield from _opening(script, config)
        windows = _windows(request_iterator, script, config)
        for number, event in enumerate(windows):
            script.before_window(number)
            if number == script.windows:
                yield from _break_off(script, context)
                return
            yield event
        return

    # `tests.transcripts.live.fake_stream` has a live one;
    Stream = speech_pb2_grpc.SpeechServicer.Stream

    def Align(  # noqa: N802  # named by the proto
        self, request: speech_pb2.AlignRequest, context: grpc.ServicerContext
    ) -> speech_pb2.AlignResponse:
        """Each word as long as the others, over the whole audio, unless scripted otherwise."""
        self._fake.aligned.append(request)
        left = threading.Event()
        context.add_callback(left.set)
        left.wait(self._fake.align_delay_s)
        if self._fake.align_status is not None:
            context.abort(self._fake.align_status, "As the script says.")
        length_ms = len(request.pcm) // BYTES_A_MS
        edges = [
            request.offset_ms + length_ms * at // len(request.words)
            for at in range(len(request.words) + 1)
        ]
        times = self._fake.align_times_ms or list(pairwise(edges))
        return speech_pb2.AlignResponse(
            model=request.model,
            words=[
                speech_pb2.Word(
                    text=word.text,
                    start_ms=start_ms,
                    end_ms=end_ms,
                    confidence=self._fake.align_probability,
                    timing=self._fake.align_timing,
                )
                for word, (start_ms, end_ms) in zip(request.words, times, strict=True)
            ],
        )


def _opening(
    script: Script, config: speech_pb2.TranscribeConfig
) -> Iterator[speech_pb2.TranscribeEvent]:
    yield speech_pb2.TranscribeEvent(
        accepted=speech_pb2.Accepted(
            model=script.model,
            engine="fake",
            device="cpu",
            embedder=script.embedder if config.with_speaker_turns else "",
        )
    )
    yield speech_pb2.TranscribeEvent(
        language=speech_pb2.LanguageDetected(
            language=config.language or script.language,
            probability=script.probability,
            detected=script.detects,
        )
    )


def _hang(context: grpc.ServicerContext) -> None:
    left = threading.Event()
    context.add_callback(left.set)
    left.wait()


def _break_off(
    script: Script, context: grpc.ServicerContext
) -> Iterator[speech_pb2.TranscribeEvent]:
    if script.hangs:
        _hang(context)
    if not script.ends_early:
        context.abort(script.status, "As the script says.")
    yield from ()


def _windows(
    requests: Iterator[speech_pb2.TranscribeRequest],
    script: Script,
    config: speech_pb2.TranscribeConfig,
) -> Iterator[speech_pb2.TranscribeEvent]:
    """One event for each whole second, one for the rest, and `finished`."""
    received_bytes = final_ms = 0
    for request in requests:
        received_bytes += len(request.audio.pcm)
        while received_bytes // BYTES_A_MS - final_ms >= WINDOW_MS:
            yield _window(script, config, final_ms, final_ms + WINDOW_MS)
            if script.repeats_windows:
                yield _window(script, config, final_ms, final_ms + WINDOW_MS)
            final_ms += WINDOW_MS
    received_ms = received_bytes // BYTES_A_MS
    if received_ms > final_ms:
        yield _window(script, config, final_ms, received_ms)
    yield speech_pb2.TranscribeEvent(
        finished=speech_pb2.Finished(
            audio_duration_ms=config.offset_ms + received_ms,
            unaligned_windows=script.unaligned_windows,
        )
    )


def _window(
    script: Script, config: speech_pb2.TranscribeConfig, from_ms: int, to_ms: int
) -> speech_pb2.TranscribeEvent:
    start_ms, end_ms = config.offset_ms + from_ms, config.offset_ms + to_ms
    window = speech_pb2.WindowResult(
        start_ms=start_ms, resume_ms=end_ms, speech_ms=script.speech_ms
    )
    window.gaps.extend(script.gaps.get(start_ms // 1000, ()))
    if not script.is_silent:
        second = start_ms // 1000
        # The pause behind each word is one at which speakers may change.
        fallback = script.words[second] if script.words else f"w{second}"
        text = script.text or fallback
        window.segments.add(
            start_ms=start_ms,
            end_ms=end_ms,
            text=text,
            words=_words(text, start_ms, end_ms - 300),
            confidence=0.75,
        )
        if config.with_speaker_turns:
            embedding = struct.pack("<2f", second, 1.0)
            window.turns.add(start_ms=start_ms, end_ms=end_ms, embedding=embedding)
    return speech_pb2.TranscribeEvent(window=window)


def _words(text: str, start_ms: int, end_ms: int) -> list[speech_pb2.Word]:
    spoken = text.split()
    length_ms = (end_ms - start_ms) // len(spoken)
    return [
        speech_pb2.Word(
            text=word,
            start_ms=start_ms + at * length_ms,
            end_ms=start_ms + (at + 1) * length_ms,
            confidence=0.75,
            space_before=at > 0,
        )
        for at, word in enumerate(spoken)
    ]


class _Audio(audio_pb2_grpc.AudioServicer):
    """The first turn is speaker 1, the second speaker 2 …: as many as asked for, or `voices`."""

    def __init__(self, fake: FakeInference) -> None:
        self._fake = fake

    def FindTurns(  # noqa: N802  # named by the proto
        self, request_iterator: Iterator[audio_pb2.FindTurnsRequest], context: grpc.ServicerContext
    ) -> Iterator[audio_pb2.FindTurnsEvent]:
        """A window a second, with a turn."""
        next(request_iterator)
        if self._fake.find_turns_status is not None:
            context.abort(self._fake.find_turns_status, "As the script says.")
        accepted = audio_pb2.FindTurnsAccepted(embedder="fake-voices")
        yield audio_pb2.FindTurnsEvent(accepted=accepted)
        received_ms = sum(len(each.audio.pcm) for each in request_iterator) // BYTES_A_MS
        if self._fake.turns is not None:
            whole = speech_pb2.WindowResult(resume_ms=received_ms, turns=self._fake.turns)
            yield audio_pb2.FindTurnsEvent(window=whole)
            done = speech_pb2.Finished(audio_duration_ms=received_ms)
            yield audio_pb2.FindTurnsEvent(finished=done)
            return
        for start_ms in range(0, received_ms, WINDOW_MS):
            window = speech_pb2.WindowResult(start_ms=start_ms, resume_ms=start_ms + WINDOW_MS)
            window.turns.add(
                start_ms=start_ms, end_ms=start_ms + WINDOW_MS, embedding=struct.pack("<2f", 1, 1)
            )
            yield audio_pb2.FindTurnsEvent(window=window)
        yield audio_pb2.FindTurnsEvent(finished=speech_pb2.Finished(audio_duration_ms=received_ms))

    def Enhance(  # noqa: N802  # named by the proto
        self, request_iterator: Iterator[audio_pb2.EnhanceRequest], context: grpc.ServicerContext
    ) -> Iterator[audio_pb2.EnhanceEvent]:
        """The same sound again, so that what is around it shows."""
        scripts = self._fake.enhance_scripts
        script = scripts.pop(0) if scripts else EnhanceScript()
        config = next(request_iterator).config
        self._fake.enhanced.append(config)
        context.add_callback(self._fake.calls_ended.release)
        is_fallback = script.model == "wiener"
        hint = "Run `pull gtcrn`." if is_fallback else ""
        yield audio_pb2.EnhanceEvent(
            accepted=audio_pb2.EnhanceAccepted(
                model=script.model, fallback=is_fallback, install_hint=hint
            )
        )
        frames = 0
        for number, request in enumerate(request_iterator):
            if number == script.chunks:
                if script.hangs:
                    _hang(context)
                context.abort(script.status, "As the script says.")
            samples = array.array("f", request.pcm)
            pcm = array.array("f", (script.gain * each for each in samples)).tobytes()
            pcm = request.pcm if script.gain == 1 else pcm
            frames += len(pcm) // 4 // config.channels
            yield audio_pb2.EnhanceEvent(pcm=pcm[4 * config.channels * script.loses :])
            script.loses = 0
        yield audio_pb2.EnhanceEvent(finished=audio_pb2.EnhanceFinished(frames=frames))

    def DiarizeRecording(  # noqa: N802  # named by the proto
        self,
        request_iterator: Iterator[audio_pb2.DiarizeRecordingRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[audio_pb2.DiarizeRecordingEvent]:
        """Two speakers: the first has the first second, the other one the rest."""
        self._fake.whole_recordings.append(next(request_iterator).config)
        accepted = audio_pb2.DiarizeRecordingAccepted(diarizer="pyannote-fake")
        yield audio_pb2.DiarizeRecordingEvent(accepted=accepted)
        received_ms = sum(len(each.audio.pcm) for each in request_iterator) // BYTES_A_MS
        if self._fake.diarize_recording_status is not None:
            context.abort(self._fake.diarize_recording_status, "As the script says.")
        turns = audio_pb2.LabelledTurns(is_last=True)
        turns.turns.add(start_ms=0, end_ms=WINDOW_MS, speaker=1)
        turns.turns.add(start_ms=WINDOW_MS, end_ms=received_ms, speaker=2)
        yield audio_pb2.DiarizeRecordingEvent(turns=turns)

    def Diarize(  # noqa: N802  # named by the proto
        self, request: audio_pb2.DiarizeRequest, context: grpc.ServicerContext
    ) -> audio_pb2.DiarizeResponse:
        self._fake.diarized.append(request)
        if self._fake.diarize_status is not None:
            context.abort(self._fake.diarize_status, "As the script says.")
        count = min(request.speakers or self._fake.voices, self._fake.voices)
        return audio_pb2.DiarizeResponse(
            speakers=[number % count + 1 for number in range(len(request.turns))],
            embedder=request.embedder,
        )


class _Info(server_pb2_grpc.ServerServicer):
    def __init__(self, fake: FakeInference) -> None:
        self._fake = fake

    def GetInfo(  # noqa: N802  # named by the proto
        self, request: server_pb2.GetInfoRequest, context: grpc.ServicerContext
    ) -> server_pb2.ServerInfo:
        self._fake.metadata.append(_metadata(context))
        return self._fake.info


def _metadata(context: grpc.ServicerContext) -> dict[str, str]:
    return {key: str(value) for key, value in context.invocation_metadata()}
