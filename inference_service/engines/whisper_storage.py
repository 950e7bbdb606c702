"""Encoder output between CTranslate2 and arrays: items kept, taken and put together again."""

from collections.abc import Sequence

import ctranslate2
import numpy as np
import numpy.typing as npt

Encoded = npt.NDArray[np.float32]  # (n, 1500, d_model)


def to_host(encoded: ctranslate2.StorageView) -> Encoded:
    """Return encoder output as an array; without a copy on a CPU, where it is float32 already."""
    if encoded.dtype != ctranslate2.DataType.float32:
        encoded = encoded.to(ctranslate2.DataType.float32)
    if encoded.device != "cpu":
        encoded = encoded.to_device(ctranslate2.Device.cpu)
    return np.asarray(encoded)


def copy_item(encoded: ctranslate2.StorageView, index: int) -> Encoded:
    """A copy: a view of one item would keep the whole batch in memory."""
    return to_host(encoded)[index : index + 1].copy()


def to_storage(encoded: Sequence[Encoded]) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(np.concatenate(encoded))


def take_items(encoded: ctranslate2.StorageView, indexes: list[int]) -> ctranslate2.StorageView:
    """Return some items of a batch of encoder output."""
    if indexes == list(range(encoded.shape[0])):
        return encoded
    return ctranslate2.StorageView.from_array(to_host(encoded)[indexes])
