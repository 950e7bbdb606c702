"""A llama.cpp process never outlives the one that started it."""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.inference_service.tiny_gguf import write_gguf

_PARENT = """
import sys
from pathlib import Path
from inference_service.config import Config
from inference_service.engines.language.llama import LlamaModel
model = LlamaModel(Path(sys.argv[1]), model_id="tiny", settings=Config(device="cpu"))
print(*(model.process(is_interactive=each).pid for each in (True, False)), flush=True)
sys.stdin.read()
"""


def test_the_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()

    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
