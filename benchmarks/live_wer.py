"""Live finals against the file path: word errors on the same recordings."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import grpc
import jiwer

from benchmarks.live_client import PacedSession
from benchmarks.live_service import all_cores, running_service
from benchmarks.recordings import SAMPLES, Pcm, load_sample
from protos.stt.v1 import speech_pb2, speech_pb2_grpc

_CHUNK_SAMPLES = 160_000


def report_wer() -> None:
    """Stream every sample of the tiny Whisper's, all at once; the longest takes three minutes."""
    known = json.loads((SAMPLES / "samples.json").read_text())
    with running_service(cores=all_cores()) as address:
        files, lives = asyncio.run(_recognise_all(address, known))
    texts = [_normalise(sample["text"]) for sample in known]
    file_wer, live_wer = jiwer.wer(texts, files), jiwer.wer(texts, lives)
    for sample, reference, file, live in zip(known, texts, files, lives, strict=True):
        print(
            f"  {sample['file']}: file {jiwer.wer(reference, file):.3f}, "
            f"live {jiwer.wer(reference, live):.3f}"
        )
    words = sum(len(text.split()) for text in texts)
    print(
        f"{words} words: file path {100 * file_wer:.1f} %, live {100 * live_wer:.1f} %: "
        f"{100 * (live_wer - file_wer):+.1f} points"
    )


async def _recognise_all(address: str, known: list[dict[str, str]]) -> tuple[list[str], list[str]]:
    async with grpc.aio.insecure_channel(address) as channel:
        recordings = [(load_sample(sample["file"]), sample["language"]) for sample in known]
        files = [await _transcribe(channel, pcm, language) for pcm, language in recordings]
        sessions = [PacedSession(pcm, language=language) for pcm, language in recordings]
        notes = await asyncio.gather(*(session.run(channel) for session in sessions))
    return files, [_normalise(" ".join(each.text)) for each in notes]


async def _transcribe(channel: grpc.aio.Channel, pcm: Pcm, language: str) -> str:
    async def send() -> AsyncIterator[speech_pb2.TranscribeRequest]:
        yield speech_pb2.TranscribeRequest(config=speech_pb2.TranscribeConfig(language=language))
        for start in range(0, len(pcm), _CHUNK_SAMPLES):
            chunk = pcm[start : start + _CHUNK_SAMPLES].tobytes()
            yield speech_pb2.TranscribeRequest(audio=speech_pb2.AudioChunk(pcm=chunk))

    call = speech_pb2_grpc.SpeechStub(channel).Transcribe(send(), timeout=600)
    texts = [segment.text async for event in call for segment in event.window.segments]
    return _normalise(" ".join(texts))


def _normalise(text: str) -> str:
    """Lower case, letters and digits only."""
    return re.sub(r"[^\w]+", " ", text.lower()).strip()
