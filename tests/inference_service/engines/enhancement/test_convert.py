"""DeepFilterNet3's archive, opened: hostile ones are refused before anything of them is used."""

import io
import tarfile
from pathlib import Path

import pytest

from inference_service.engines.enhancement.convert import ARCHIVE, convert_deepfilternet


def write_archive(folder: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(folder / ARCHIVE, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"tmp/export/enc.onnx": b"no network"},
        {"../enc.onnx": b""},
        {"tmp/export/enc.onnx": bytes(9 << 20)},  # more than a network has
    ],
)
def test_an_archive_without_the_networks_is_refused(
    tmp_path: Path, members: dict[str, bytes]
) -> None:
    write_archive(tmp_path, members)
    with pytest.raises(RuntimeError):
        convert_deepfilternet(tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


def test_a_link_in_the_place_of_a_network_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / ARCHIVE, "w:gz") as archive:
        member = tarfile.TarInfo("tmp/export/enc.onnx")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(RuntimeError, match=r"has no tmp/export/enc\.onnx"):
        convert_deepfilternet(tmp_path, tmp_path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(b"\x1f\x8b\x08broken")
    with pytest.raises(RuntimeError, match="can't be used"):
        convert_deepfilternet(tmp_path, tmp_path)
