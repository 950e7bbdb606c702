"""`stt models`: what the server recognises with; `stt models pull`: another one, for operators."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from open_stt._sync.client import STTClient
from open_stt.cli import context as contexts
from open_stt.cli.context import EXIT_FAILED, Context, leave
from open_stt.types import ModelWeights

_POLL_S = 1.0
_UNKNOWN_S = 30.0

app = typer.Typer(invoke_without_command=True, help="List the models; have one fetched.")


@app.callback()
def models(context: typer.Context) -> None:
    """List the server's models, installed and not. `pull` has one fetched (operators)."""
    if context.invoked_subcommand is not None:
        return
    chosen = contexts.of(context)
    with chosen.client() as client:
        found = client.models()
        columns = {
            "id": "Model",
            "available": "Installed",
            "languages": "Languages",
            "speed": "Speed",
        }
        chosen.table(found["models"], columns)


@app.command()
def pull(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="As the operators' page of models names it.")],
    reason: Annotated[str, typer.Option(help="For the server's audit log.")] = "stt models pull",
    is_detached: Annotated[
        bool, typer.Option("--detach", help="Leave once fetching has begun.")
    ] = False,
) -> None:
    """Have the server fetch a model, and wait until it is there. With an operator's key.

    Ctrl-C leaves; the server goes on.
    """
    chosen = contexts.of(context)
    with chosen.client() as client:
        begun = client.pull_model(model, reason=reason)
        if is_detached and not begun["is_installed"]:
            chosen.write(begun, f"{model} is being fetched.")
            return
        found = begun if begun["is_installed"] else _follow(chosen, client, model)
    if found["is_installed"]:
        chosen.write(found, f"{model} is installed.")
        return
    chosen.write(found, f"{model} was not fetched: {found['pull_error'] or found['pull_line']}")
    leave(EXIT_FAILED)


def _follow(chosen: Context, client: STTClient, model: str) -> ModelWeights:
    """Return the model once it is there, or fetching failed.

    Of several inference servers one fetches, and any answers: one that knows nothing of it is asked
    again, for `_UNKNOWN_S`.
    """
    unknown_until = time.monotonic() + _UNKNOWN_S
    with Progress(console=chosen.errors, disable=not chosen.shows_progress) as progress:
        bar = progress.add_task(model, total=None)
        while True:
            found = next(each for each in client.weights()["models"] if each["id"] == model)
            _show(progress, bar, found)
            if found["is_pulling"]:
                unknown_until = time.monotonic() + _UNKNOWN_S
            elif found["is_installed"] or found["pull_error"] or time.monotonic() > unknown_until:
                return found
            time.sleep(_POLL_S)


def _show(progress: Progress, bar: TaskID, found: ModelWeights) -> None:
    total = found["size_bytes"] or None
    progress.update(bar, completed=found["pulled_bytes"], total=total)
