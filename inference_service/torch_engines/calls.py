"""The calls of this process: messages checked, one engine asked in its own thread, answers written.

An engine works on one call at a time; how many may wait for it is bounded, and one that nobody
waits for any more ends at its next step.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from inference_service.admission import TooManyError
from inference_service.servicers.requests import BadRequestError, read_chunk
from inference_service.servicers.status_codes import MissingCapabilityError
from inference_service.torch_engines.diarizers import CancelledError, Pcm, SpeakerInterval
from inference_service.torch_engines.engines import TorchEngines
from inference_service.torch_link.kinds import WAV2VEC2
from protos.stt.v1 import audio_pb2, speech_pb2

logger = logging.getLogger(__name__)

Requests = AsyncIterator[audio_pb2.DiarizeRecordingRequest]
Events = AsyncIterator[audio_pb2.DiarizeRecordingEvent]

_REPORT_EVERY_S = 3.0
_MAX_ALIGNMENTS = 16
_MAX_DIARIZATIONS = 4
_MAX_SPEAKERS = 1000
_TURNS_A_MESSAGE = 10_000
_SAMPLES_PER_S = 16_000
_MAX_PCM_BYTES = 30 * 2 * _SAMPLES_PER_S
_MAX_RECORDING_BYTES = 12 * 3600 * 2 * _SAMPLES_PER_S


class TorchCalls:
    def __init__(self, engines: TorchEngines) -> None:
        self._engines = engines
        self._aligning = _Queue("align", at_most=_MAX_ALIGNMENTS)
        self._diarizing = _Queue("diarize", at_most=_MAX_DIARIZATIONS)

    async def align(self, request: speech_pb2.AlignRequest) -> speech_pb2.AlignResponse:
        """Place words; those that could not be placed come back as TIMING_UNSPECIFIED, without
        times. Raises what `servicers.status_codes` knows."""
        if not request.pcm or len(request.pcm) > _MAX_PCM_BYTES or len(request.pcm) % 2:
            raise BadRequestError("There must be whole 16-bit samples, at most 30 s.")
        if request.language not in self._engines.aligners.languages():
            raise MissingCapabilityError(
                f"No wav2vec2 model is installed for the language {request.language!r}."
            )
        samples = np.frombuffer(request.pcm, "<i2").astype(np.float32) / np.float32(32768)
        words = [word.text for word in request.words]
        work = partial(self._engines.aligners.align, samples, words, language=request.language)
        async with self._aligning.enter() as thread:
            placed = await asyncio.get_running_loop().run_in_executor(thread, work)
        return speech_pb2.AlignResponse(
            model=WAV2VEC2,
            words=[
                speech_pb2.Word(text=word)
                if interval is None
                else speech_pb2.Word(
                    text=word,
                    start_ms=round(1000 * interval.start_s),
                    end_ms=round(1000 * interval.end_s),
                    timing=speech_pb2.TIMING_ALIGNED,
                )
                for word, interval in zip(words, placed, strict=True)
            ],
        )

    async def diarize(self, requests: Requests) -> Events:
        """Yield the events of one call. Raises what `servicers.status_codes` knows."""
        first = await anext(requests, None)
        if first is None or first.WhichOneof("payload") != "config":
            raise BadRequestError("The first message must hold the config.")
        config = first.config
        diarizer = self._choose(config)
        async with self._diarizing.enter() as thread:
            yield audio_pb2.DiarizeRecordingEvent(
                accepted=audio_pb2.DiarizeRecordingAccepted(diarizer=diarizer)
            )
            pcm = await _read_recording(requests)
            work = _Diarization(self._engines, pcm, diarizer, config.speakers)
            running = asyncio.get_running_loop().run_in_executor(thread, work.run)
            try:
                while not running.done():
                    await asyncio.wait([running], timeout=_REPORT_EVERY_S)
                    yield audio_pb2.DiarizeRecordingEvent(
                        progress=audio_pb2.DiarizationProgress(fraction=work.fraction)
                    )
            finally:
                work.cancelled.set()
                running.add_done_callback(_note_end)
            turns = running.result()
        for start in range(0, max(len(turns), 1), _TURNS_A_MESSAGE):
            part = turns[start : start + _TURNS_A_MESSAGE]
            is_last = start + _TURNS_A_MESSAGE >= len(turns)
            yield audio_pb2.DiarizeRecordingEvent(turns=_write_turns(part, is_last=is_last))

    def _choose(self, config: audio_pb2.DiarizeRecordingConfig) -> str:
        installed = self._engines.diarizers.list_installed()
        if config.speakers > _MAX_SPEAKERS:
            raise BadRequestError(f"There can't be more than {_MAX_SPEAKERS} speakers.")
        if not installed or (config.diarizer and config.diarizer not in installed):
            hint = "python -m inference_service.catalog pull pyannote-campplus"
            asked = config.diarizer or "pyannote"
            raise MissingCapabilityError(
                f"The diarizer {asked} is not installed; installed: "
                f"{', '.join(installed) or 'none'}. One that can be fetched: {hint}"
            )
        return config.diarizer or installed[0]


class _Diarization:
    """One recording's way through the pipeline, in a thread."""

    def __init__(self, engines: TorchEngines, pcm: Pcm, diarizer: str, speakers: int) -> None:
        self._engines = engines
        self._pcm = pcm
        self._diarizer = diarizer
        self._speakers = speakers
        self.cancelled = threading.Event()
        self.fraction = 0.0

    def run(self) -> list[SpeakerInterval]:
        return self._engines.diarizers.diarize(
            self._pcm,
            diarizer=self._diarizer,
            speakers=self._speakers,
            report=self._report,
            cancelled=self.cancelled,
        )

    def _report(self, fraction: float) -> None:
        self.fraction = max(self.fraction, fraction)


class _Queue:
    """One thread, and a bound on those who use it or wait for it."""

    def __init__(self, name: str, *, at_most: int) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._at_most = at_most
        self._entered = 0

    @contextlib.asynccontextmanager
    async def enter(self) -> AsyncIterator[ThreadPoolExecutor]:
        """Raises TooManyError."""
        if self._entered >= self._at_most:
            raise TooManyError(f"{self._at_most} calls wait for this engine already.")
        self._entered += 1
        try:
            yield self._thread
        finally:
            self._entered -= 1


def _note_end(running: "asyncio.Future[list[SpeakerInterval]]") -> None:
    """Take the exception of a call that nobody waits for any more, which asyncio would report."""
    if not running.cancelled() and isinstance(running.exception(), CancelledError):
        logger.info("event=diarization_cancelled")


async def _read_recording(requests: Requests) -> Pcm:
    pcm = bytearray()
    async for request in requests:
        if request.WhichOneof("payload") != "audio":
            raise BadRequestError("After the config every message must hold audio.")
        pcm += read_chunk(request.audio)
        if len(pcm) > _MAX_RECORDING_BYTES:
            raise BadRequestError("The recording is longer than 12 hours.")
    return np.frombuffer(pcm, "<i2")


def _write_turns(turns: list[SpeakerInterval], *, is_last: bool) -> audio_pb2.LabelledTurns:
    return audio_pb2.LabelledTurns(
        turns=[
            audio_pb2.LabelledTurn(
                start_ms=round(1000 * turn.start_s),
                end_ms=max(round(1000 * turn.end_s), round(1000 * turn.start_s) + 1),
                speaker=turn.speaker,
            )
            for turn in turns
        ],
        is_last=is_last,
    )
