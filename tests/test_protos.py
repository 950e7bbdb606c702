"""The committed stubs are what the .proto files generate."""

from pathlib import Path

from protos.generate import ROOT, generate


def stubs_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.glob("protos/stt/**/*_pb2*"))
        if path.suffix in {".py", ".pyi"}
    }


def test_committed_stubs_are_those_that_the_protos_give(tmp_path: Path) -> None:
    assert generate(tmp_path) == 0
    fresh = stubs_below(tmp_path)
    committed = stubs_below(ROOT)
    assert fresh.keys() == committed.keys(), "run `make protos`"
    stale = [name for name, content in fresh.items() if committed[name] != content]
    assert not stale, "run `make protos`"
