"""The program: collects the commands, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import typer

from ..errors import InputError, Interrupted, TrainerError
from . import jobs, looking, remembering, using

app = typer.Typer(
    name="traineragent",
    help="From a sentence and some data to a trained, measured, documented, running model service.",
    epilog='Begin with: traineragent demo, or: traineragent train "Predict which customers leave" --data customers.csv',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
memory = typer.Typer(help="Lessons kept across runs, on this machine only.", no_args_is_help=True)
sop = typer.Typer(help="The procedures the agents work by.", no_args_is_help=True)
app.command()(jobs.train)
app.command()(jobs.plan)
app.command()(jobs.resume)
app.command()(jobs.refine)
app.command()(jobs.demo)
app.command()(looking.runs)
app.command()(looking.show)
app.command()(looking.explain)
app.command()(looking.doctor)
app.command()(using.predict)
app.command()(using.serve)
app.command()(using.ui)
sop.command("show")(looking.sop_show)
memory.command("show")(remembering.memory_show)
memory.command("clear")(remembering.memory_clear)
app.add_typer(sop, name="sop")
app.add_typer(memory, name="memory")


def _version(value: bool) -> None:
    if value:
        from .. import __version__

        typer.echo(f"traineragent {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error (before the command)."),
) -> None:
    if debug:
        os.environ["TRAINERAGENT_DEBUG"] = "1"


def main() -> None:
    """The entry point. Never lets a traceback through unless --debug is given."""
    arguments = sys.argv[1:]
    if "--debug" in arguments:  # accepted anywhere on the line
        os.environ["TRAINERAGENT_DEBUG"] = "1"
        arguments = [a for a in arguments if a != "--debug"]
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, prog_name="traineragent", standalone_mode=False)
        if code == Interrupted.exit_code:  # typer's answer to Ctrl-C before our own code ran
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except TrainerError as e:
        _fail(e, e.exit_code, str(e), as_json)
    except typer.Exit as e:
        sys.exit(e.exit_code)
    except (KeyboardInterrupt, typer.Abort) as e:
        _fail(e, 130, "stopped.", as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as e:  # noqa: BLE001 - a defect of ours still ends in one sentence
        if hasattr(e, "format_message"):  # wrong usage: typer brings a click of its own in some versions
            _fail_usage(e, as_json)
        _fail(e, 1, f"a defect of traineragent: {type(e).__name__}: {e}. --debug shows where.", as_json)


def _fail_usage(error: Any, as_json: bool) -> None:
    context = getattr(error, "ctx", None)
    if context is not None and error.format_message() == context.get_help():  # a command that was named by half
        typer.echo(context.get_help(), err=True)
        sys.exit(2)
    command = context.command_path if context is not None else "traineragent"
    _fail(error, 2, f"{error.format_message().rstrip('.')}. See: {command} --help", as_json)


def harmless(text: str) -> str:
    """One line of text whose control, direction and stray characters are written out instead of obeyed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def _fail(error: BaseException, code: int, sentence: str, as_json: bool) -> None:
    sentence = harmless(" ".join(sentence.split()))
    if os.environ.get("TRAINERAGENT_DEBUG"):
        raise error
    typer.echo(f"traineragent: {sentence}", err=True)
    if as_json:
        place: dict[str, Any] = {}
        if isinstance(error, InputError):
            place = {"file": error.file, "row": error.row, "column": error.column}
        typer.echo(json.dumps({"status": "failed", "reason": sentence, "exit_code": code, **place}, ensure_ascii=False))
    sys.exit(code)
