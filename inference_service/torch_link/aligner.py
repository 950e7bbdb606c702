"""wav2vec2 in the process of the torch engines, as a forced aligner of this one."""

from collections.abc import Sequence

import grpc
import numpy as np

from inference_service.engines.asr import Samples
from inference_service.engines.forced_alignment import AlignerDiedError, WordInterval
from inference_service.torch_link.kinds import WAV2VEC2
from inference_service.torch_link.link import TorchLink
from protos.stt.v1 import speech_pb2, speech_pb2_grpc

# 30 s take 1 to 5 s on a core, and the first call of a language loads its model. A frozen process
# is noticed by the link, long before.
_DEADLINE_S = 60.0


class TorchAligner:
    """A `ForcedAligner`; its languages are those that the process has models for just now."""

    name = WAV2VEC2

    def __init__(self, link: TorchLink) -> None:
        self._link = link
        self._channel = grpc.insecure_channel(link.target)
        self._stub = speech_pb2_grpc.SpeechStub(self._channel)

    @property
    def languages(self) -> frozenset[str]:
        return self._link.state.languages

    def align(
        self, samples: Samples, words: Sequence[str], *, language: str
    ) -> list[WordInterval | None]:
        """As `ForcedAligner` has it. Raises AlignerDiedError where the process is away."""
        request = speech_pb2.AlignRequest(
            language=language,
            pcm=np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes(),
            words=[speech_pb2.Word(text=word) for word in words],
        )
        call = self._stub.Align.future(request, timeout=_DEADLINE_S)
        try:
            with self._link.watch(call):
                answer = call.result()
        except (grpc.RpcError, grpc.FutureCancelledError) as error:
            raise AlignerDiedError("The process of the torch engines did not answer.") from error
        if len(answer.words) != len(words):
            raise AlignerDiedError("The process of the torch engines lost words.")
        return [_read(word) for word in answer.words]

    def close(self) -> None:
        self._channel.close()


def _read(word: speech_pb2.Word) -> WordInterval | None:
    if word.timing != speech_pb2.TIMING_ALIGNED or word.start_ms >= word.end_ms:
        return None
    return WordInterval(word.start_ms / 1000, word.end_ms / 1000)
