"""Lints the OpenAPI and AsyncAPI documents (`make check`): writes both; `lint.mjs` reads them.

The packages of `lint.mjs` are those of package-lock.json (tests/js/install.sh).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django

PROGRAM = Path(__file__).with_name("lint.mjs")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.specs.test_changes import DOCUMENTS

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.json" for name in DOCUMENTS]
        for path, build in zip(paths, DOCUMENTS.values(), strict=True):
            path.write_text(json.dumps(build()))
        return subprocess.run(["node", PROGRAM, *paths], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
