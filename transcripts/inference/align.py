"""Speech.Align: given words, placed in a short piece of audio by an inference server."""

from collections.abc import Sequence
from dataclasses import replace

import grpc

from protos.stt.v1 import speech_pb2, speech_pb2_grpc
from transcripts.inference.channel import get_channel
from transcripts.inference.client import call_metadata
from transcripts.inference.errors import BrokenAnswerError, translate_rpc_error
from transcripts.inference.servers import Server
from transcripts.text.words import Word

LONGEST_MS = 30_000


def align_words(
    words: Sequence[Word],
    pcm: bytes,
    *,
    model: str,
    language: str,
    offset_ms: int,
    server: Server,
    deadline_s: float,
) -> list[Word]:
    """Return the words with the times at which each was spoken, never backwards, and as confidence
    the model's own probability that it was spoken there. Blocks ≤ `deadline_s`.

    pcm: int16 LE, mono, 16 kHz, of at most `LONGEST_MS`, which begins at `offset_ms`. Raises
    `InferenceError`: `UnsupportedRequestError` where the model can't align or lacks the language.
    """
    request = speech_pb2.AlignRequest(model=model, language=language, pcm=pcm, offset_ms=offset_ms)
    request.words.extend(
        speech_pb2.Word(text=word.text, space_before=word.space_before) for word in words
    )
    stub = speech_pb2_grpc.SpeechStub(get_channel(server))
    try:
        answer = stub.Align(request, timeout=deadline_s, metadata=call_metadata(server))
    except grpc.RpcError as error:
        raise translate_rpc_error(error) from error
    placed = [Word.from_proto(word) for word in answer.words]
    edges = [offset_ms, *(edge for word in placed for edge in (word.start_ms, word.end_ms))]
    if len(placed) != len(words) or edges != sorted(edges):
        raise BrokenAnswerError("The inference service sent other words, or times that go back.")
    return [
        replace(word, text=asked.text, space_before=asked.space_before)
        for asked, word in zip(words, placed, strict=True)
    ]
