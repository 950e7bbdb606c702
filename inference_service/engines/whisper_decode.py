"""Encoder output between CTranslate2 and arrays: items kept, taken and put together again."""

from collections.abc import Sequence

import ctranslate2
import numpy as np
import numpy.typing as npt

Encoded = npt.NDArray[np.float32]  # (n, frames / 2, d_model)


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
