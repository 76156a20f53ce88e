"""The composition root: the only place that wires brain, hub, agents, compute and journal together."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config
from .domain.messages import RunFinished, RunRequested, TaskSpecified
from .domain.task import Question, Request
from .errors import InputError, Interrupted, Paused, TrainerError
from .knowledge.force import overlaid
from .store.files import out_of_room
from .store.hub import is_hub, repository
from .store.runfolder import CONFIG, JOURNAL, NewFolder, home_of, keep_overlay, kept_overlay, same_overlay

if TYPE_CHECKING:
    import pandas as pd

    from .agents.memory import Memory
    from .result import Report

Progress = Callable[[dict[str, Any]], None]
Asking = Callable[[Question], "str | None"]
MOST_SEED = 2**31 - 1
MOST_WORDS = 20_000  # characters: ten pages, read within seconds; what is longer is data in the wrong place
DELIVERED = ("delivered", "delivered_unmet")
UNUSABLE = ("unattainable:empty_target", "unattainable:constant_target", "unattainable:inputs")
"""Classes of verdict that speak of the data alone."""


def _silent(event: dict[str, Any]) -> None:
    return None


def train(
    words: str,
    data: str | Path | Sequence[str | Path] | pd.DataFrame = (),
    *,
    target: str | None = None,
    minutes: float | None = None,
    trials: int | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    brain: str = "planner",
    models: str | Path | Sequence[str | Path] = (),
    engine: str = "local",
    config: str | Path | None = None,
    llm_usd: float | None = None,
    llm_calls: int | None = None,
    share_examples: bool = False,
    allow_code: bool = False,
    allow_unsandboxed_code: bool = False,
    memory: bool = True,
    ask: Asking | None = None,
    progress: Progress = _silent,
) -> Report:
    """Does the main job: understands `words`, learns from `data`, measures, exports and documents a service.

    data      path, several paths (parts, or train and test files), or a DataFrame
    minutes   wall-clock budget, delivery included; None lets the planner choose
    trials    number of candidates to try; with a seed, the same run again gives the same model
    brain     "planner", or a language model as "PROVIDER:MODEL" with its key in the environment
    llm_usd, llm_calls   the most a language model may cost; share_examples lets it see values from the data
    memory    whether lessons of earlier runs may be used, and one is kept of this run
    allow_code   lets functions that make features be written and run in a sandbox; allow_unsandboxed_code also where
              this machine has none
    ask       answers a question of the Task agent; without it an open question ends the run

    Returns the report, also when the request was declined or needs an answer. Raises InputError for bad data or usage
    (nothing is left behind then), Interrupted and Paused for runs that `resume` can go on with.
    """
    _check(words, minutes, trials, seed, brain, models, engine, llm_usd, llm_calls)
    _check_target(target)
    settings = _checked(config)
    folder = NewFolder.make(out, words)
    try:
        progress({"kind": "run", "text": "", "folder": str(folder.path)})
        request = Request(
            words, _sources(data, folder.path, words, settings), target, minutes, trials, seed, brain,
            _several(models), engine, ask is not None, llm_usd, llm_calls, share_examples, memory,
            allow_code or allow_unsandboxed_code, allow_unsandboxed_code,
        )  # fmt: skip
        report = _run(folder.path, settings, ask, progress, request=request)
        _refuse_unusable(report)
    except (InputError, Paused, Interrupted) as e:
        _discard_unless_begun(folder, e)
        raise
    return report


def resume(
    run: str | Path, *, config: str | Path | None = None, ask: Asking | None = None, progress: Progress = _silent
) -> Report:
    """Goes on with a run or its last follow-up after a crash, a kill or Ctrl-C, from the last finished step."""
    from .store.revisions import unfinished

    home, settings = home_of(Path(run)), Config.from_environment(config)
    waiting = unfinished(home)
    _require_same_overlay(home if waiting is None else waiting.folder, config, settings)
    if waiting is None:
        report = _run(home, settings, ask, progress)
        return _promoted(home, home) if report.status in DELIVERED else report
    with _held(home):
        return _follow_up(home, waiting.folder, settings, ask, progress)


def refine(
    run: str | Path,
    words: str,
    *,
    minutes: float | None = None,
    config: str | Path | None = None,
    ask: Asking | None = None,
    progress: Progress = _silent,
) -> Report:
    """Changes a delivered run as `words` say ("make it half the size"), and reuses all work that still holds.

    minutes   wall-clock budget of the follow-up; None lets words and planner choose

    Returns the report of the new delivery, which then lies at the top of the run; where the follow-up was declined or
    needs an answer, its report, and what was delivered before stands. The hold-out stays the same; each look at it
    counts. Raises InputError for a run that delivered nothing, Interrupted and Paused as `train` does."""
    from .agents.refining import begin
    from .store.revisions import abandon, unfinished, words_of

    home = home_of(Path(run))
    settings = Config.from_environment() if config is None else _checked(config)
    _check(words, minutes, None, 0, "planner", (), "local", None, None)
    with _held(home):
        progress({"kind": "run", "text": "", "folder": str(home)})
        waiting = unfinished(home)
        if waiting is not None and words_of(waiting) == words:
            return _follow_up(home, waiting.folder, settings, ask, progress)
        folder = begin(home, words, minutes, settings.overlay if config else None)
        if waiting is not None:
            abandon(waiting, f"another follow-up was asked for: {words}")
        return _follow_up(home, folder, settings, ask, progress)


def _follow_up(home: Path, folder: Path, config: Config, ask: Asking | None, progress: Progress) -> Report:
    """Works on a revision until it ends; one that cannot go on for good leaves the delivery before it in place."""
    from .store.revisions import abandon, unfinished

    try:
        report = _run(folder, config, ask, progress)
    except InputError as e:
        waiting = unfinished(home)
        if waiting is not None:
            abandon(waiting, str(e))
        raise
    return _promoted(home, folder) if report.status in DELIVERED else report


def _promoted(home: Path, folder: Path) -> Report:
    """The report at the top of the run, after what `folder` delivered was put there."""
    from .result import Report
    from .store.revisions import latest_delivered, promote

    promote(home, latest_delivered(home).number)
    return Report.open(home)


@contextmanager
def _held(home: Path) -> Iterator[None]:
    """Nobody else works on the run or one of its revisions meanwhile."""
    from .store.journal import Journal

    journal = Journal(home / JOURNAL)
    try:
        journal.take_ownership()
        yield
    finally:
        journal.release()
        journal.close()


def plan(
    words: str,
    data: str | Path | Sequence[str | Path] | pd.DataFrame = (),
    *,
    target: str | None = None,
    minutes: float | None = None,
    config: str | Path | None = None,
    ask: Asking | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The task specification, the verdict and the plan, as in task.json; nothing is trained and nothing is kept."""
    _check(
        words,
        minutes,
        options.get("trials"),
        options.get("seed", 0),
        options.get("brain", "planner"),
        options.get("models", ()),
        options.get("engine", "local"),
        options.get("llm_usd"),
        options.get("llm_calls"),
    )
    _check_target(target)
    settings = _checked(config)
    with tempfile.TemporaryDirectory(prefix="traineragent-plan-") as temporary:
        folder = Path(temporary) / "plan"
        folder.mkdir()
        sources = _sources(data, folder, words, settings)
        options = {**options, "models": _several(options.get("models", ()))}
        request = Request(words, sources, target, minutes, ask=ask is not None, **options)
        try:
            with _opened(folder, settings, ask, _silent, request) as (memory, hub):
                hub.run(until=TaskSpecified)
                from .agents.outline import outline

                return outline(memory)
        except (Interrupted, Paused) as e:  # the folder that they would go on with is about to vanish
            raise type(e)(f"{str(e).partition(';')[0]}; nothing is kept of a plan, so ask for it again") from e


def _check(
    words: str,
    minutes: float | None,
    trials: int | None,
    seed: int,
    brain: str,
    models: str | Path | Sequence[str | Path],
    engine: str,
    llm_usd: float | None,
    llm_calls: int | None,
) -> None:
    if not isinstance(words, str) or not words.strip():
        raise InputError("the request is empty; say in a sentence what is needed")
    if len(words) > MOST_WORDS:
        raise InputError(
            f"the request has {len(words):,} characters, at most {MOST_WORDS:,} are read; say in sentences what is "
            "needed, and give data with --data"
        )
    if not _is_text(words):
        raise InputError("the request is not valid UTF-8 text; write it in UTF-8")
    _check_numbers(minutes=minutes, trials=trials, seed=seed, llm_usd=llm_usd, llm_calls=llm_calls)
    if minutes is not None and not 0 < minutes < 60 * 24 * 30:
        raise InputError(f"--minutes should be more than 0 and less than a month, got {minutes:g}")
    if trials is not None and trials < 1:
        raise InputError(f"--trials should be at least 1, got {trials}")
    if not 0 <= seed <= MOST_SEED:
        raise InputError(f"--seed should be a whole number from 0 to {MOST_SEED}, got {seed}")
    if brain != "planner":
        from .brains.providers import require

        require(brain)
    if llm_usd is not None and not llm_usd >= 0:
        raise InputError(f"--llm-usd should be at least 0, got {llm_usd:g}")
    if llm_calls is not None and llm_calls < 0:
        raise InputError(f"--llm-calls should be at least 0, got {llm_calls}")
    if engine != "local":
        raise InputError(f"there is no engine {engine!r} in this version; trials run with --engine local")
    for folder in _several(models):
        if is_hub(folder):
            repository(folder, "model")
        elif not Path(folder).is_dir():
            raise InputError(f"--models names the folder {folder!r}, which does not exist")


def _check_target(target: Any) -> None:
    if target is not None and not isinstance(target, str):
        raise InputError(f"target should be the name of a column as text, got {target!r}; write {str(target)!r}")


def _check_numbers(**given: Any) -> None:
    """Python takes anything for an option, of which the command line has made numbers. Raises InputError."""
    for name, value in given.items():
        kind, what = (Real, "a number") if name in ("minutes", "llm_usd") else (Integral, "a whole number")
        left_out = value is None and name != "seed"
        if not left_out and (not isinstance(value, kind) or isinstance(value, bool)):
            raise InputError(f"{name} should be {what}, got {value!r}")


def _several(models: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """One folder or several, as texts."""
    return (os.fspath(models),) if isinstance(models, str | os.PathLike) else tuple(os.fspath(m) for m in models)


def _checked(config: str | Path | None) -> Config:
    """The surroundings, with every file of the overlay checked, before anything is made or read."""
    settings = Config.from_environment(config)
    if settings.overlay is not None:
        _overlay_files(settings.overlay)
    return settings


def _overlay_files(folder: Path) -> list[Path]:
    from .agents.inforce import check_overlay

    return check_overlay(folder)


def _require_same_overlay(run: Path, config: str | Path | None, settings: Config) -> None:
    """A run goes on with the overlay that it began with, so another one that is named would silently do nothing."""
    if config is None or settings.overlay is None:
        return
    if not same_overlay(settings.overlay, _overlay_files(settings.overlay), run):
        raise InputError(
            f"--config names {config}, but the run began with other procedures and keeps them (in {run / CONFIG}); "
            "leave --config out, or start a new run"
        )


def _is_text(text: str) -> bool:
    """Whether it is free of the stray bytes that Python keeps as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_unusable(report: Report) -> None:
    """Data from which nothing at all can be learned is bad input, not a job that was weighed and declined."""
    verdict = report["task"]["verdict"]
    if report.status == "declined" and verdict["class"] in UNUSABLE:
        files = [f["name"] for f in report["data"]["files"]]
        remedy = f" What would help: {verdict['alternative']}." if verdict["alternative"] else ""
        sentence = f"{', '.join(files[:3])}: {' '.join(verdict['reasons'])}{remedy}"
        raise InputError(sentence, file=files[0] if files else None, column=report["target"])


def _discard_unless_begun(folder: NewFolder, error: TrainerError) -> None:
    """Bad data leaves no folder behind; work that was done is never thrown away. A machine that is out of room before
    anything was done is said as bad usage, because there is nothing to go on with."""
    if isinstance(error, Interrupted):
        if not _begun(folder.path):
            folder.discard()
        return
    if any((folder.path / "trials").glob("*/result.json")):
        return
    folder.discard()
    if isinstance(error, Paused):
        raise InputError(
            f"{str(error).partition(';')[0]}; free some room or choose another place with --out"
        ) from error


def _sources(data: Any, folder: Path, words: str, settings: Config) -> tuple[str, ...]:
    """Paths of the data; none where it cannot be taken and the words are declined whatever data comes with them."""
    try:
        return _paths(data, folder)
    except InputError:
        from .language.task import declined_unseen

        with overlaid(settings.overlay):
            if declined_unseen(words):
                return ()
        raise


def _paths(data: Any, folder: Path) -> tuple[str, ...]:
    """Paths of the data. A DataFrame is kept in the run folder, so that the run can be resumed."""
    if isinstance(data, str | os.PathLike):
        return (_absolute(os.fspath(data)),)
    if hasattr(data, "columns"):
        from .data.frames import write_frame
        from .data.reading import from_frame

        (folder / "data").mkdir(exist_ok=True)
        write_frame(from_frame(data).frame, folder / "data" / "given.parquet")
        return (_absolute(str(folder / "data" / "given.parquet")),)
    if not isinstance(data, Sequence) or not all(isinstance(d, str | os.PathLike) for d in data):
        raise InputError(f"data should be a path, several paths or a pandas DataFrame, got {_kind_of(data)}")
    return tuple(_absolute(os.fspath(d)) for d in data)


def _kind_of(data: Any) -> str:
    """What somebody gave as data, in words."""
    if isinstance(data, Sequence) and len(data):
        return f"{type(data).__name__} of {type(data[0]).__name__}; make it a table with pandas.DataFrame(…)"
    return type(data).__name__


def _absolute(source: str) -> str:
    """Paths are kept absolute, so that a run can be resumed from anywhere; addresses stay as they are."""
    if not _is_text(source):
        name = source.encode("utf-8", "backslashreplace").decode()
        raise InputError(f"{name}: the name is not valid UTF-8 text; rename the file", file=name)
    if "://" in source:
        return source
    path, hash_sign, part = source.partition("#")
    if not hash_sign or Path(source).exists():
        return str(Path(source).expanduser().absolute())
    return f"{Path(path).expanduser().absolute()}#{part}"


def _run(
    folder: Path, config: Config, ask: Asking | None, progress: Progress, request: Request | None = None
) -> Report:
    from .result import Report

    with _opened(folder, config, ask, progress, request) as (memory, hub):
        if memory.journal.last(RunFinished) is None:
            _ = memory.compute  # the process that works gets ready while the data is read here
        hub.run()
        _keep_lesson(memory)
    return Report.open(folder)


def _keep_lesson(memory: Memory) -> None:
    """What the run teaches the next ones. Nothing that goes wrong here may touch the delivery."""
    finished: RunFinished | None = memory.journal.last(RunFinished)
    if finished is not None and finished.status in DELIVERED:
        from .agents.learning import learn

        learn(memory)


@contextmanager
def _opened(
    folder: Path, config: Config, ask: Asking | None, progress: Progress, request: Request | None
) -> Iterator[tuple[Memory, Any]]:
    """Journal, agents and hub of a run, wired; closed again whatever happens, with what happened in words."""
    go_on = f"go on with: traineragent resume {home_of(folder)}"
    try:
        with _stoppable(), _wired(folder, config, ask, progress, request) as found:
            yield found
    except KeyboardInterrupt as e:
        raise Interrupted(f"stopped; {go_on}" if _begun(folder) else "stopped before the run began") from e
    except Paused as e:
        raise Paused(f"{str(e).partition(';')[0]}; free some space, then {go_on}") from e
    except MemoryError as e:
        raise Paused(f"out of memory; close other programs, then {go_on}") from e
    except OSError as e:
        if not out_of_room(e, folder):
            raise
        raise Paused(f"the disk is full; free some space, then {go_on}") from e


def _begun(folder: Path) -> bool:
    """Whether the journal holds the request, so that there is something to go on with."""
    from .store.journal import Journal

    if not (folder / JOURNAL).exists():
        return False
    journal = Journal(folder / JOURNAL)
    try:
        return bool(journal.messages("RunRequested"))
    finally:
        journal.close()


@contextmanager
def _wired(
    folder: Path, config: Config, ask: Asking | None, progress: Progress, request: Request | None
) -> Iterator[tuple[Memory, Any]]:
    from .agents.hub import Hub
    from .store.journal import Journal

    journal = Journal(folder / JOURNAL, create=request is not None)
    try:
        journal.take_ownership()
        # before the request: what is resumed has the procedures that it began with
        if request is not None and config.overlay is not None:
            keep_overlay(config.overlay, _overlay_files(config.overlay), folder)
        overlay = kept_overlay(folder)
        if request is not None:
            journal.set_meta("created", datetime.now(UTC).isoformat(timespec="seconds"))
            journal.post([("person", "task", RunRequested(request))])
        elif journal.last(RunRequested) is None:
            raise InputError(f"the run in {folder} was ended before it began; remove the folder and start it again")
        with overlaid(overlay):
            memory, agents = _agents(journal, folder, overlay, config, ask, progress)
            try:
                yield memory, Hub(journal, agents)
            finally:
                memory.close()
    finally:
        journal.release()
        journal.close()


def _agents(
    journal: Any, folder: Path, overlay: Path | None, config: Config, ask: Asking | None, progress: Progress
) -> tuple[Memory, dict[Any, Any]]:
    from .agents.memory import Memory
    from .brains.chosen import chosen
    from .brains.planner import Planner
    from .knowledge.sop import taken_out

    planner = Planner(overlay)
    procedures = planner.procedures
    memory = Memory(
        journal=journal,
        folder=folder,
        brain=chosen(journal, folder, overlay, planner),
        settings={a: p.settings for a, p in procedures.items()},  # type: ignore[misc]
        make_compute=lambda m: _local_compute(m, config.threads),
        progress=progress,
        ask_person=ask,
        lessons_home=config.lessons,
        families_taken_out=taken_out(procedures["model"], "family"),
    )
    return memory, _Agents(lambda name: _agent(name)(memory, procedures[name].profile))


class _Agents(dict[Any, Any]):
    """The agents by name, each imported and made when it is first called for."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Any:
        self[name] = self._make(name)
        return self[name]


def _agent(name: str) -> Any:
    """The class of an agent: `DataAgent` in `agents/data.py`, and so on."""
    return getattr(import_module(f"{__package__}.agents.{name}"), f"{name.title()}Agent")


COMMON_LINE = "rows"
"""The line whose imports are paid for while the words are read: most tasks are of this shape."""


def _local_compute(memory: Memory, threads: int) -> Any:
    from . import registry
    from .engine.compute.local import LocalCompute

    return LocalCompute(
        memory.folder / "data" / "prepared",
        memory.folder / "trials",
        metric=lambda: memory.journal.meta("metric") or "",
        seed=memory.request.seed,
        threads=threads,
        train=lambda: memory.line.train,
        warm=registry.get("lines", COMMON_LINE).warm,
        history=memory.journal.trials(),
        progress=lambda trial, fold: memory.progress({"kind": "fold", "text": "", "trial": trial, **fold}),
    )


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops a run as Ctrl-C does, where nobody has taken care of it before (`stopping`). Signals can only be
    set in the main thread."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def load(path: str | Path) -> Any:
    """The delivered model of a run or bundle folder: `.predict(rows)` and, for classes, `.predict_proba(rows)`."""
    from .result import Model

    return Model.open(Path(path))


__all__ = ["load", "plan", "refine", "resume", "train"]
