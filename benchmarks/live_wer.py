"""Live finals against the file path: word errors on the same recordings.

Of a folder with real speech (`refs.json`: a list of {id, file, lang, ref}, the recordings beside it
in `audio/`), sessions run one after another, at the speed of speech.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import grpc
import jiwer
import numpy as np
from faster_whisper import decode_audio

from benchmarks.live_client import Notes, PacedSession
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


def report_folder(folder: Path, ids: Collection[str]) -> None:
    """Stream recordings of a folder, each by itself; ids: which of them, all if there are none."""
    known = json.loads((folder / "refs.json").read_text())
    known = [each for each in known if not ids or each["id"] in ids]
    with running_service(cores=all_cores()) as address:
        asyncio.run(_compare_each(address, folder / "audio", known))


async def _compare_each(address: str, folder: Path, known: list[dict[str, str]]) -> None:
    references, files, lives, notes = [], [], [], []
    async with grpc.aio.insecure_channel(address) as channel:
        for each in known:
            samples = decode_audio(str(folder / each["file"]))
            pcm = np.asarray(np.clip(samples, -1, 1) * 32767, dtype=np.int16)
            file = await _transcribe(channel, pcm, each["lang"])
            own = await PacedSession(pcm, language=each["lang"]).run(channel)
            references.append(_normalise(each["ref"]))
            files.append(file)
            lives.append(_normalise(" ".join(own.text)))
            notes.append(own)
            print(f"  {each['id']}: {_describe(own)}", flush=True)
            print(f"    file {_count(references[-1:], [file])}")
            print(f"    live {_count(references[-1:], lives[-1:])}", flush=True)
    print(f"file {_count(references, files)}\nlive {_count(references, lives)}")


def _count(references: list[str], texts: list[str]) -> str:
    found = jiwer.process_words(references, texts)
    return f"{100 * found.wer:.1f} % S{found.substitutions} D{found.deletions} I{found.insertions}"


def _describe(notes: Notes) -> str:
    finals = notes.finals
    single = sum(len(text.split()) == 1 for text in finals)
    lag50, lag95 = np.quantile(notes.lags, [0.5, 0.95])
    first50, first95 = np.quantile(notes.first_partials or [np.nan], [0.5, 0.95])
    return (
        f"{len(finals)} finals, {single} of one word; {notes.hypotheses} hypotheses; "
        f"lag p50 {lag50:.0f}, p95 {lag95:.0f}; "
        f"first partial p50 {first50:.0f}, p95 {first95:.0f}; "
        f"final after stop {notes.final_after_stop:.0f} ms; compute {notes.compute_ms} ms"
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
