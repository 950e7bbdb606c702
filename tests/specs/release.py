"""Stores what the documents promise, at a release: `make specs`.

From then on `tests/specs/test_changes.py` refuses what would break a client of that release.
"""

import json
import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.specs.changes import reduce_schema
    from tests.specs.test_changes import DOCUMENTS, RELEASED

    for name, build in DOCUMENTS.items():
        reduced = reduce_schema(json.loads(json.dumps(build())))
        text = json.dumps(reduced, indent=1, sort_keys=True, ensure_ascii=False)
        file = RELEASED / f"{name}.json"
        file.write_text(f"{text}\n")
        file.chmod(0o644)  # the settings' umask is for recordings


if __name__ == "__main__":
    main()
