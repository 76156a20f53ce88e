"""Commands that use what was delivered, predict and serve, and ui, the page for everything."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

Delivered = Annotated[Path, typer.Argument(metavar="RUN_OR_BUNDLE", help="A run's folder or a bundle.")]


def predict(
    run_or_bundle: Delivered,
    data: Annotated[str, typer.Option("--data", metavar="FILE", help="Rows to answer.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="CSV, TSV, JSON or JSON lines, by its name; default CSV on stdout."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Answers every row of a file through the delivered bundle."""
    from ..batch import answer_file, check_out, write_answers

    if out is not None:
        check_out(out, data)
    answers = answer_file(run_or_bundle, data, lambda note: typer.echo(note, err=True))
    if as_json:
        typer.echo(json.dumps({"predictions": answers}, ensure_ascii=False))
    elif out is not None:
        write_answers(answers, out)
        typer.echo(f"{len(answers)} answers written to {out}", err=True)
    else:
        write_answers(answers, sys.stdout)


def serve(
    run_or_bundle: Delivered,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 8000,
    token: Annotated[
        str | None, typer.Option("--token", metavar="T", envvar="SERVE_TOKEN", help="Ask every caller for this token.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="The token, read from a file.")
    ] = None,
) -> None:
    """Serves a delivered model over HTTP."""
    from ..bundles import bundle_of
    from ..serve.server import run_server

    run_server(bundle_of(run_or_bundle), host=host, port=port, token=_token(token, token_file))


def _token(token: str | None, file: Path | None) -> str | None:
    if file is None:
        return token
    try:
        found = file.read_text(encoding="utf-8").strip()
    except OSError as e:
        raise InputError(f"the token file {file} cannot be read ({e.strerror})", file=str(file)) from e
    if not found:
        raise InputError(f"the token file {file} is empty; put the token into it", file=str(file))
    return found


def ui(
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 8500,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    root: Annotated[Path, typer.Option("--root", metavar="DIR", help="Folder that holds runs.")] = Path("runs"),
    opens: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open a browser; by default where a person sits before one."),
    ] = None,
) -> None:
    """The web page: describe, upload, watch, read, try.

    Open the address that it prints. Ctrl-C ends the page; runs that it started are interrupted and can be resumed."""
    from ..web.server import run_ui

    run_ui(root, host=host, port=port, opens=opens)
