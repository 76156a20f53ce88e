"""Commands that work: train, plan, resume, refine, demo."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..domain.run import EXIT_CODES
from ..domain.task import Question

if TYPE_CHECKING:
    from ..result import Report

Words = Annotated[str, typer.Argument(metavar="REQUEST", help="What is needed, in plain words.")]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="PATH-OR-URL", help="File, folder, archive, database or hub; may be given again."),
]
Target = Annotated[str | None, typer.Option("--target", metavar="COL", help="The column to predict.")]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", metavar="N", help="Time for everything, delivery included; else as the task needs."),
]
Trials = Annotated[int | None, typer.Option("--trials", metavar="N", help="Most candidates to try.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="RUN_DIR", help="A new folder for the run.")]
NoOut = Annotated[
    Path | None, typer.Option("--out", metavar="RUN_DIR", help="Taken as train takes it; a plan keeps nothing.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="The same seed and trials give the same model.")]
Brain = Annotated[str, typer.Option("--brain", metavar="planner|PROVIDER:MODEL", help="Who answers the questions.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--models", metavar="DIR", help="Folders of checkpoints (TRAINERAGENT_MODELS), or hf://OWNER/NAME."),
]
Engine = Annotated[str, typer.Option("--engine", metavar="local", help="Where trials run: on this machine.")]
Ask = Annotated[bool | None, typer.Option("--ask/--no-ask", help="Whether a person may be asked questions.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="DIR", help="Your own procedures, over ours.")]
LlmUsd = Annotated[
    float | None, typer.Option("--llm-usd", metavar="USD", help="The most a language model may cost, in US dollars.")
]
LlmCalls = Annotated[int | None, typer.Option("--llm-calls", metavar="N", help="Most requests to a language model.")]
ShareExamples = Annotated[
    bool, typer.Option("--share-examples", help="Let the language model see values from the data.")
]
Remember = Annotated[
    bool, typer.Option("--memory/--no-memory", help="Whether lessons of earlier runs are used, and one is kept.")
]
AllowCode = Annotated[bool, typer.Option("--allow-code", help="Let features be written as code, run in a sandbox.")]
AllowUnsandboxedCode = Annotated[
    bool, typer.Option("--allow-unsandboxed-code", help="Also where this machine has no sandbox.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def _models(given: list[str] | None) -> tuple[str, ...]:
    """Where checkpoints are looked for: as said, else as the environment says."""
    return tuple(given or (p for p in os.environ.get("TRAINERAGENT_MODELS", "").split(os.pathsep) if p))


def train(
    request: Words,
    data: Data = None,
    target: Target = None,
    minutes: Minutes = None,
    trials: Trials = None,
    out: Out = None,
    seed: Seed = 0,
    brain: Brain = "planner",
    models: Models = None,
    engine: Engine = "local",
    ask: Ask = None,
    config: Config = None,
    llm_usd: LlmUsd = None,
    llm_calls: LlmCalls = None,
    share_examples: ShareExamples = False,
    memory: Remember = True,
    allow_code: AllowCode = False,
    allow_unsandboxed_code: AllowUnsandboxedCode = False,
    as_json: AsJson = False,
) -> int:
    """Words and data in, a measured, running model service out."""
    from .. import api

    with _watching(as_json) as progress:
        report = api.train(
            request,
            data or (),
            target=target,
            minutes=minutes,
            trials=trials,
            out=out,
            seed=seed,
            brain=brain,
            models=_models(models),
            engine=engine,
            config=config,
            llm_usd=llm_usd,
            llm_calls=llm_calls,
            share_examples=share_examples,
            memory=memory,
            allow_code=allow_code,
            allow_unsandboxed_code=allow_unsandboxed_code,
            ask=_asking(ask),
            progress=progress,
        )
    return _show(report, as_json)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Garbage waits: looking for it is a fifth of the time that a plan takes, and the program ends behind it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def plan(
    request: Words,
    data: Data = None,
    target: Target = None,
    minutes: Minutes = None,
    trials: Trials = None,
    out: NoOut = None,
    seed: Seed = 0,
    brain: Brain = "planner",
    models: Models = None,
    engine: Engine = "local",
    ask: Ask = None,
    config: Config = None,
    llm_usd: LlmUsd = None,
    llm_calls: LlmCalls = None,
    share_examples: ShareExamples = False,
    memory: Remember = True,
    allow_code: AllowCode = False,
    allow_unsandboxed_code: AllowUnsandboxedCode = False,
    as_json: AsJson = False,
) -> int:
    """Prints how the words are understood and what would be done.

    The task specification, the verdict and the plan, as task.json holds them; nothing is trained, nothing is kept."""
    with _nothing_collected():
        from .. import api

        task = api.plan(
            request,
            data or (),
            target=target,
            minutes=minutes,
            config=config,
            ask=_asking(ask),
            trials=trials,
            seed=seed,
            brain=brain,
            models=_models(models),
            engine=engine,
            llm_usd=llm_usd,
            llm_calls=llm_calls,
            share_examples=share_examples,
            memory=memory,
            allow_code=allow_code,
            allow_unsandboxed_code=allow_unsandboxed_code,
        )
    if as_json:
        typer.echo(json.dumps(task, ensure_ascii=False))
    else:
        from .printing import print_plan

        print_plan(task)
    return {"accept": 0, "decline": 4, "ask": 5}[task["verdict"]["decision"]]


def resume(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The run's folder.")],
    ask: Ask = None,
    config: Config = None,
    as_json: AsJson = False,
) -> int:
    """Goes on after a crash, a kill or Ctrl-C.

    From the last finished step of the run or of its last follow-up, with the same result."""
    from .. import api

    with _watching(as_json, run_dir) as progress:
        report = api.resume(run_dir, config=config, ask=_asking(ask), progress=progress)
    return _show(report, as_json)


def refine(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The run's folder.")],
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What should be different, in plain words.")],
    minutes: Minutes = None,
    ask: Ask = None,
    config: Config = None,
    as_json: AsJson = False,
) -> int:
    """Changes what was delivered, by a follow-up in words.

    All work that still holds is reused; the delivery before it is kept."""
    from .. import api

    with _watching(as_json, run_dir) as progress:
        report = api.refine(run_dir, words, minutes=minutes, config=config, ask=_asking(ask), progress=progress)
    return _show(report, as_json)


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="RUN_DIR", help="The run's folder; made anew.")] = Path(
        "demo-run"
    ),
    minutes: Annotated[float, typer.Option("--minutes", metavar="N", help="Time for everything.")] = 0.75,
) -> int:
    """Trains on a real data set, serves it, asks one prediction."""
    from .demo import run_demo

    with _watching() as progress:
        return run_demo(out, minutes, progress, lambda report: _show(report, as_json=False))


@contextmanager
def _watching(as_json: bool = False, run: Path | None = None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Live progress on stderr, and a prompt end on Ctrl-C that names how to go on."""
    from ..report.progress import Progress
    from ..stopping import stopping_promptly

    folders = [str(run)] if run else []
    shown = Progress(sys.stderr) if sys.stderr is not None else nullcontext(lambda event: None)

    def last_words() -> str:
        return f"stopped; go on with: traineragent resume {folders[-1]}" if folders else "stopped before the run began"

    with stopping_promptly(last_words, as_json=as_json), shown as show:

        def progress(event: dict[str, Any]) -> None:
            if event.get("kind") == "run":
                folders.append(str(event["folder"]))
            show(event)

        yield progress


def _asking(ask: bool | None) -> Callable[[Question], str | None] | None:
    if ask is None:
        ask = sys.stdin is not None and sys.stdin.isatty()
    return _ask_in_terminal if ask else None


def _ask_in_terminal(question: Question) -> str | None:
    """Puts a question on stderr; an empty answer takes the default, Ctrl-D skips."""
    typer.echo(f"\n{question.text}", err=True)
    for number, choice in enumerate(question.choices, 1):
        typer.echo(f"  {number}. {choice}", err=True)
    try:
        typer.echo(f"answer{f' [{question.default}]' if question.default else ''}: ", err=True, nl=False)
        answer = input().strip()
    except EOFError:
        return None
    if answer.isdigit() and 1 <= int(answer) <= len(question.choices):
        return question.choices[int(answer) - 1]
    return answer or question.default


def _show(report: Report, as_json: bool) -> int:
    if as_json:
        typer.echo(json.dumps(dict(report), ensure_ascii=False))
    else:
        from rich.console import Console

        from ..report.terminal import print_summary

        print_summary(dict(report), Console())
    return EXIT_CODES[report.status]  # type: ignore[index]
