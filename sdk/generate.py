"""Writes what is generated in the clients, or checks it.

- `open_stt/types.py` and `node/src/types.ts`: what the API answers, from the OpenAPI document;
- `open_stt/_sync/`: `open_stt/_async/` without asyncio (`sdk.unasync`).
"""

import os
import subprocess
import sys
from pathlib import Path

from sdk import python_types, typescript_types, unasync
from sdk.answers import answers_in

SDK = Path(__file__).resolve().parent
PYTHON = SDK / "python" / "src" / "open_stt"
NODE = SDK / "node" / "src"


def main(arguments: list[str]) -> int:
    """Write the files, or with --check name those that differ; returns 1 where any does."""
    is_check = arguments == ["--check"]
    files = {**generate_sync(), **generate_types()}
    differing = [path for path, text in files.items() if _read(path) != text]
    for path in differing:
        _report(f"{path.relative_to(SDK.parent)} " + ("is out of date" if is_check else "written"))
        if not is_check:
            path.write_text(text_of(files, path))
    if differing and is_check:
        _report("Run `python -m sdk.generate`.")
    return 1 if differing and is_check else 0


def generate_sync() -> dict[Path, str]:
    """Return the client without asyncio: path → text."""
    sources = sorted((PYTHON / "_async").glob("*.py"))
    made = {
        PYTHON / "_sync" / source.name: unasync.rewrite(source.read_text())
        for source in sources
        if source.name not in unasync.HAND_WRITTEN
    }
    return {path: _format(text, path) for path, text in made.items()}


def generate_types() -> dict[Path, str]:
    """Return the types of the answers, for both clients: path → text. Starts Django."""
    answers = answers_in(_read_document())
    types = PYTHON / "types.py"
    return {
        types: _format(python_types.write(answers), types),
        NODE / "types.ts": typescript_types.write(answers),
    }


def text_of(files: dict[Path, str], path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    return files[path]


def _read_document() -> dict[str, object]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stt_web.settings")
    django.setup()
    from stt_web.openapi import build_document

    document: dict[str, object] = build_document()
    return document


def _format(text: str, path: Path) -> str:
    """Return the text as ruff writes it, imports sorted."""
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(path), "-"]
    for command in (
        ["check", "--quiet", "--fix", "--exit-zero", "--select", "I,F401,UP"],
        ["format", "--quiet"],
    ):
        done = subprocess.run(  # noqa: S603  # our own words
            [*ruff, *command, *name], input=text, capture_output=True, text=True, check=True
        )
        text = done.stdout
    return text


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _report(line: str) -> None:
    print(line)  # noqa: T201  # a command's own words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
