"""Weights are data: a file of tensors is read, anything that could run is refused."""

import io
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from inference_service.engines.diarization.torch_file import TorchFileError, read_tensors


class FloatStorage:
    """Pickles by its name, as torch's class does; never made."""


class LongStorage:
    """As `FloatStorage`."""


def _rebuild_tensor_v2(*_: object) -> None:
    """Stands for torch's function, which a file only names."""


@pytest.fixture(autouse=True)
def fake_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of torch's names, so that files like torch's can be written without it."""
    named = {"torch": (FloatStorage, LongStorage), "torch._utils": (_rebuild_tensor_v2,)}
    for name, members in named.items():
        module = ModuleType(name)
        for member in members:
            setattr(module, member.__name__, member)
            monkeypatch.setattr(member, "__module__", name)
        monkeypatch.setitem(sys.modules, name, module)


@dataclass(frozen=True)
class _Storage:
    kind: type
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __reduce__(self) -> tuple[object, ...]:
        hooks: OrderedDict[str, object] = OrderedDict()
        state = (self.storage, 0, self.size, self.stride, False, hooks)
        return _rebuild_tensor_v2, state


class _Writer(pickle.Pickler):
    def persistent_id(self, each: object) -> object:
        if not isinstance(each, _Storage):
            return None
        return ("storage", each.kind, each.key, "cpu", each.count)


def write_file(path: Path, content: object, **storages: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        stream = io.BytesIO()
        _Writer(stream, 2).dump(content)
        archive.writestr("archive/data.pkl", stream.getvalue())
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
    return path


def a_tensor(size: tuple[int, ...] = (2, 3), stride: tuple[int, ...] = (3, 1)) -> _Tensor:
    return _Tensor(_Storage(FloatStorage, "a", 6), size=size, stride=stride)


NUMBERS = np.arange(6, dtype="<f4").tobytes()


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state, "x": 1}])
def test_tensors_are_read_by_name(tmp_path: Path, wrap: Callable[[object], object]) -> None:
    count = _Tensor(_Storage(LongStorage, "b", 1), size=(), stride=())
    state = OrderedDict(weight=a_tensor(), count=count)
    path = write_file(tmp_path / "x.pt", wrap(state), a=NUMBERS, b=np.array([7], "<i8").tobytes())
    tensors = read_tensors(path)
    assert tensors["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert int(tensors["count"]) == 7


@pytest.mark.parametrize("called", [os.system, eval, np.load, getattr, bytearray])
def test_a_pickle_that_asks_for_anything_else_is_refused(
    tmp_path: Path, called: Callable[..., object]
) -> None:
    path = write_file(tmp_path / "x.pt", {"weight": called})
    with pytest.raises(TorchFileError, match=called.__name__):
        read_tensors(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"weight": a_tensor((3, 2), (1, 3))}, "rows"),
        ({"weight": a_tensor((3, 3), (3, 1))}, "beyond"),
        ([1, 2], "no state dict"),
    ],
)
def test_what_is_not_plain_tensors_is_refused(
    tmp_path: Path, content: object, sentence: str
) -> None:
    with pytest.raises(TorchFileError, match=sentence):
        read_tensors(write_file(tmp_path / "x.pt", content, a=NUMBERS))


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"\x80\x02."])
def test_what_is_no_such_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(data)
    with pytest.raises(TorchFileError):
        read_tensors(path)
