"""`stt`: the command line.

Exit codes: 0 all went well, 1 something failed, 2 it was called wrongly, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from open_stt.cli import doctor, keys, library, live, mcp, models, transcribe, watch
from open_stt.cli.context import EXIT_FAILED, Context, describe_error
from open_stt.errors import STTError
from open_stt.version import VERSION

# Options that every command has.
_FLAGS = ("--json", "--quiet", "-q")
_VALUES = ("--api-key", "--base-url")
# What to do on the command line, by the server's code.
_CURES = {"missing_key": "Set STT_API_KEY, or give --api-key.\n"}

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Transcribe recordings on a speech-to-text server of your own.",
)
app.command("transcribe")(transcribe.transcribe)
app.command("wait")(transcribe.wait)
app.command("watch")(watch.watch)
app.command("live")(live.live)
app.command("list")(library.list_transcripts)
app.command("search")(library.search)
app.command("show")(library.show)
app.command("export")(library.export)
app.command("delete")(library.delete)
app.command("chat")(library.chat)
app.command("summarize")(library.summarize)
app.command("usage")(library.usage)
app.command("mcp")(mcp.mcp)
app.command("doctor")(doctor.doctor)
app.command("bench")(doctor.bench)
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"stt {VERSION}")
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    api_key: Annotated[
        str | None, typer.Option(envvar="STT_API_KEY", show_envvar=True, help="The key.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(envvar="STT_BASE_URL", show_envvar=True, help="The server's address."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write a JSON object a line in place of text.")
    ] = False,
    is_quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Write results only, no progress or remarks.")
    ] = False,
    version: Annotated[  # its callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = Context(api_key, base_url, as_json, is_quiet)


def main() -> None:
    """Run the command that was asked for, and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Return the exit code. Typer answers wrong usage and Ctrl-C."""
    try:
        app(hoist(arguments))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except STTError as error:
        return _fail(arguments, error)
    except OSError as error:
        return _fail(arguments, STTError(_sentence_of(error), code="file"))
    return 0


def hoist(arguments: list[str]) -> list[str]:
    """Return the arguments with the options of all commands in front, wherever they stood."""
    common: list[str] = []
    rest = list(arguments)
    own: list[str] = []
    while rest and rest[0] != "--":
        word = rest.pop(0)
        if word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _VALUES)):
            common.append(word)
        elif word in _VALUES and rest:
            common += [word, rest.pop(0)]
        else:
            own.append(word)
    return [*common, *own, *rest]


def _sentence_of(error: OSError) -> str:
    reason = f"{error.strerror}." if error.strerror else str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _fail(arguments: list[str], error: STTError) -> int:
    if "--json" in arguments:
        sys.stderr.write(json.dumps(describe_error(error)) + "\n")
    else:
        cure = _CURES.get(error.code, "")
        sys.stderr.write(f"stt: {error}\n{cure}")
    return EXIT_FAILED
