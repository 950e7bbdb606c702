"""Reads the tensors of a `.pt` file that torch saved, without torch and without running its pickle.

The file is a zip of `data.pkl` and one raw file for each storage (torch's "zipfile format" since
1.6). The pickle may name four things only; anything else that it asks for is refused, because a
pickle that may import can run anything.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]

# A storage larger than this belongs to no model that is read here (the largest has 2 MB).
_MAX_MEMBER_BYTES = 64 * 1024 * 1024

_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


# What zipfile and pickle raise for bytes that are not what they should be.
_UNREADABLE = (
    zipfile.BadZipFile,
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
)


class TorchFileError(Exception):
    """The file is not a plain file of tensors; the message gives the reason."""


def read_tensors(path: Path) -> dict[str, Array]:
    """Return the tensors of a state dict by name; nested ones under `state_dict` are taken.

    Raises TorchFileError where the file is anything but plain data, OSError where it can't be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            content = _unpickle(archive)
    except TorchFileError:
        raise
    except _UNREADABLE as error:
        raise TorchFileError(f"{path} is not a file of tensors that torch saved.") from error
    if isinstance(content, Mapping):
        tensors = content.get("state_dict", content)
        if isinstance(tensors, Mapping):
            return {str(name): each for name, each in tensors.items() if _is_array(each)}
    raise TorchFileError(f"{path} holds no state dict.")


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray)


def _unpickle(archive: zipfile.ZipFile) -> object:
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise TorchFileError("A file of tensors has exactly one data.pkl.")
    root = names[0].removesuffix("data.pkl")
    return _TensorUnpickler(archive, root, _read_member(archive, names[0])).load()


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MAX_MEMBER_BYTES:
        raise TorchFileError(f"The member {name} is larger than any storage that is expected.")
    return archive.read(name)


class _TensorUnpickler(pickle.Unpickler):
    """Allows tensors, their storages, and containers: nothing that could be called for its deed."""

    def __init__(self, archive: zipfile.ZipFile, root: str, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._archive = archive
        self._root = root

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise TorchFileError(f"The file asks for {module}.{name}: it is not plain tensors.")

    def persistent_load(self, pid: object) -> Array:
        """pid: ("storage", dtype, key, device, number of elements)."""
        match pid:
            case ("storage", np.dtype() as dtype, str(key), str(), int(count)):
                data = _read_member(self._archive, f"{self._root}data/{key}")
                return np.frombuffer(data, dtype, count)
        raise TorchFileError("The file refers to something that is not a storage of tensors.")


def _rebuild_tensor(
    storage: Array,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    *_: object,  # whether it needs a gradient, and hooks: neither matters to a reader
) -> Array:
    """As torch._utils._rebuild_tensor_v2; only contiguous tensors, as state dicts hold them."""
    expected = tuple(int(np.prod(size[axis + 1 :])) for axis in range(len(size)))
    if stride != expected:
        raise TorchFileError("A tensor is not stored in rows.")
    count = int(np.prod(size))
    if not 0 <= offset <= offset + count <= storage.size:
        raise TorchFileError("A tensor reaches beyond its storage.")
    return storage[offset : offset + count].reshape(size)
