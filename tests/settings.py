"""The test settings: the product’s own, with a data folder of the run.

STT_TEST_DATABASE names the database (SQLite in a file by default: threads share it, as in
production).
"""

import atexit
import os
import shutil
import tempfile

# Parallel test processes have a folder each; what a test starts shares that of its test.
_process = os.environ.get("PYTEST_XDIST_WORKER", "main")
if os.environ.get("STT_TEST_FOLDER_OF") != _process:
    os.environ["STT_TEST_FOLDER_OF"] = _process
    os.environ["STT_DATA_DIR"] = tempfile.mkdtemp(prefix="stt-test-")
    atexit.register(shutil.rmtree, os.environ["STT_DATA_DIR"], ignore_errors=True)
os.environ.setdefault("STT_DATABASE_URL", os.environ.get("STT_TEST_DATABASE", ""))
os.environ.setdefault("STT_SECRET_KEY", "test-only")

# No commit waits for the disk: no test pulls the plug of PostgreSQL's machine.
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

from stt_web.settings import *  # noqa: E402, F403
from stt_web.settings import DATA_DIR, DATABASES, MIDDLEWARE  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}

# What the API answers with is what it declares.
MIDDLEWARE = ["tests.declared_answers.HoldDeclaredMiddleware", *MIDDLEWARE]

# People log in by the hundred here; how slow a password's hash is, is Django's matter.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Full garbage collections of this process, which has the modules of all, take seconds.
COLLECT_SELDOM = False
