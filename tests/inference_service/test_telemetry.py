"""Nothing is reported to the makers of libraries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import ROOT

# An empty model is refused, but not before the library has set up what it would report with.
LOAD = """
import contextlib, sys
if "ours" in sys.argv:
    import inference_service
import onnxruntime
with contextlib.suppress(Exception):
    onnxruntime.InferenceSession(b"")
"""


def files_written(home: Path, *arguments: str) -> list[str]:
    home.mkdir()
    # Nothing else of this environment: on a build server the library may do otherwise.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run(
        [sys.executable, "-c", LOAD, *arguments], cwd=ROOT, env=environment, check=True, timeout=60
    )
    return [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]


@pytest.mark.e2e
def test_onnxruntime_reports_nothing_of_ours(tmp_path: Path) -> None:
    by_itself = files_written(tmp_path / "by-itself")
    assert any("onnxruntime" in name for name in by_itself), "this test can't fail any more"

    assert files_written(tmp_path / "ours", "ours") == []
