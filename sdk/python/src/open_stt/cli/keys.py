"""`stt keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from open_stt.cli import context as contexts

app = typer.Typer(no_args_is_help=True, help="API keys: list, create, revoke.")


@app.command("list")
def list_keys(context: typer.Context) -> None:
    """List the account's keys."""
    chosen = contexts.of(context)
    columns = {
        "id": "ID",
        "name": "Name",
        "prefix": "Begins with",
        "scopes": "May",
        "expires_at": "Until",
    }
    with chosen.client() as client:
        chosen.table(client.keys.list(), columns)


@app.command("create")
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument()],
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", help="read, transcribe, manage; repeatable.")
    ] = None,
    expires_at: Annotated[
        str | None, typer.Option(help="2027-01-01T00:00:00Z; a year without it.")
    ] = None,
) -> None:
    """Make a key, and write it this once."""
    chosen = contexts.of(context)
    with chosen.client() as client:
        made = client.keys.create(name, scopes=scopes or None, expires_at=expires_at)
        chosen.write(made, made["key"])


@app.command("revoke")
def revoke_key(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    with_created: Annotated[bool, typer.Option(help="And all that it made.")] = False,
) -> None:
    """Revoke a key."""
    with contexts.of(context).client() as client:
        client.keys.revoke(key_id, with_created=with_created)
