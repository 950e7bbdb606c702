"""What Whisper's decoder is given: the encoder's output as batches, and the prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper.tokenizer import Tokenizer

from inference_service.engines.asr import DecodeOptions

Encoded = npt.NDArray[np.float32]  # (n, frames / 2, d_model)
# Whisper's decoder has 448 positions; half of them are reserved for the text of the window.
_MAX_CONTEXT_TOKENS = 223
_MAX_HOT_WORD_TOKENS = 111


@dataclass(frozen=True, slots=True)
class Prompt:
    tokens: tuple[int, ...]
    sot_index: int  # of <|startoftranscript|>: equal in all prompts of one call of `generate`


class EncodedBatch:
    """The encoder's output for a batch, (n, frames / 2, d_model), on the device it was made on.

    Copied to the host once, when an item is first asked for: 16 windows of large-v3 are 123 MB.
    """

    def __init__(self, storage: ctranslate2.StorageView) -> None:
        self.storage = storage
        self._host: Encoded | None = None

    @classmethod
    def join(cls, items: Sequence[Encoded]) -> "EncodedBatch":
        """Make a batch of items, each (1, frames / 2, d_model), all of one length."""
        host = np.concatenate(items)
        batch = cls(ctranslate2.StorageView.from_array(host))
        batch._host = host  # the storage is a view of it
        return batch

    def split(self) -> list[Encoded]:
        """Return views of the items, each (1, frames / 2, d_model)."""
        return np.split(self._to_host(), self.storage.shape[0])

    def copy_item(self, index: int) -> Encoded:
        """Return a copy: a view of one item would hold the whole batch in memory."""
        return self._to_host()[index : index + 1].copy()

    def take(self, indexes: list[int]) -> ctranslate2.StorageView:
        """Return some items of the batch."""
        if indexes == list(range(self.storage.shape[0])):
            return self.storage
        return ctranslate2.StorageView.from_array(self._to_host()[indexes])

    def _to_host(self) -> Encoded:
        if self._host is None:
            self._host = to_host(self.storage)
        return self._host


def to_host(encoded: ctranslate2.StorageView) -> Encoded:
    """Return encoder output as an array; without a copy on a CPU, where it is float32 already."""
    if encoded.dtype != ctranslate2.DataType.float32:
        encoded = encoded.to(ctranslate2.DataType.float32)
    if encoded.device != "cpu":
        encoded = encoded.to_device(ctranslate2.Device.cpu)
    return np.asarray(encoded)


def build_prompt(tokenizer: Tokenizer, options: DecodeOptions) -> Prompt:
    """Return the start tokens, with time stamps asked for.

    Context that is too long loses the end of the hot words, or the beginning of the prompt.
    """
    context = _encode_context(tokenizer, options)
    start = [tokenizer.sot_prev, *context] if context else []
    return Prompt(tokens=(*start, *tokenizer.sot_sequence), sot_index=len(start))


def _encode_context(tokenizer: Tokenizer, options: DecodeOptions) -> list[int]:
    hot_words = ", ".join(options.context.hot_words).strip()
    hot = tokenizer.encode(f" {hot_words}")[:_MAX_HOT_WORD_TOKENS] if hot_words else []
    prompt = options.context.prompt.strip()
    text = tokenizer.encode(f" {prompt}") if prompt else []
    return hot + text[-(_MAX_CONTEXT_TOKENS - len(hot)) :]
