"""Which weights a benchmark uses: the 3-MB Whisper, or real ones.

STT_BENCH_WEIGHTS=…/base names the folder of real weights
(`python -m inference_service.catalog pull base campplus` fills it); the speaker model beside it is
used too.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "tests" / "weights" / "whisper-en-cs-tiny" / "model"
WEIGHTS = Path(os.environ.get("STT_BENCH_WEIGHTS", MODEL)).resolve()
IS_REAL = WEIGHTS != MODEL
NAME = WEIGHTS.name if IS_REAL else MODEL.parent.name
# The same weights in a folder that the catalogue does not know: its windows are padded to 30 s.
PADDED_NAME = f"{NAME}-padded"
_SPEAKERS = "campplus"


def link_models(folder: Path) -> None:
    """Link the weights, their padded twin and the speaker model into a models folder."""
    (folder / NAME).symlink_to(WEIGHTS)
    if not IS_REAL:
        return
    (folder / PADDED_NAME).symlink_to(WEIGHTS)
    speakers = WEIGHTS.parent / _SPEAKERS
    if speakers.is_dir():
        (folder / _SPEAKERS).symlink_to(speakers)
