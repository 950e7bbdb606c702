"""Generates the Python stubs beside the .proto files.

    python -m protos.generate [OUT]     # OUT: another folder, as the test that compares does

The stubs are committed, so that nothing has to be generated to run; a test regenerates them and
compares.
"""

import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent


def generate(out: Path) -> int:
    """Write stubs for every .proto under `protos/` to `out/protos/...`; returns protoc's status."""
    protos = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("protos/**/*.proto"))
    plugin = Path(sys.executable).parent
    return int(
        protoc.main(
            [
                "protoc",
                f"-I{ROOT}",
                f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
                f"--plugin=protoc-gen-mypy={plugin / 'protoc-gen-mypy'}",
                f"--plugin=protoc-gen-mypy_grpc={plugin / 'protoc-gen-mypy_grpc'}",
                f"--python_out={out}",
                f"--grpc_python_out={out}",
                f"--mypy_out={out}",
                f"--mypy_grpc_out={out}",
                *protos,
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
