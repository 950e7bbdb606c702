"""The test settings: the product’s own, with a data folder of the run."""

import os
import tempfile

os.environ.setdefault("STT_DATA_DIR", tempfile.mkdtemp(prefix="stt-test-"))
os.environ.setdefault("STT_SECRET_KEY", "test-only")

from stt_web.settings import *  # noqa: F403
