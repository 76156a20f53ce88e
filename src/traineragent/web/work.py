"""The child process that works: `python -m traineragent.web.work`, told on stdin what to do.

It calls the same functions as the command line, has questions answered through the journal, and writes how it ended
into the file it was told, in the words and exit codes of the command line. Knows nothing of the page.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TrainerError
from ..stopping import stopping_promptly
from ..store.asking import await_answer
from ..store.files import write_json
from ..store.partway import Partway

if TYPE_CHECKING:
    from ..domain.task import Question
    from ..result import Report

Ending = dict[str, Any]


def main() -> None:
    """Does one job and writes its ending; a traceback goes to stderr, which is the log of the job."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the page itself was started in a background
    job = json.load(sys.stdin)
    try:
        with stopping_promptly(lambda: "stopped"):
            ending = DEEDS[job["do"]](job)
    except TrainerError as e:
        ending = {"exit_code": e.exit_code, "said": str(e)}
    except KeyboardInterrupt:
        ending = {"exit_code": 130, "said": "stopped"}
    except Exception as e:  # noqa: BLE001 - a defect of ours still ends in one sentence
        traceback.print_exc()
        ending = {"exit_code": 1, "said": f"a defect of traineragent: {type(e).__name__}: {e}"}
    write_json(Path(job["ended"]), ending)
    sys.exit(ending["exit_code"])


def _plan(job: Mapping[str, Any]) -> Ending:
    from .. import api

    ask = Answers(job.get("answers") or {}, lambda: None)
    task = api.plan(job["words"], job["data"], ask=ask if job.get("answers") else None, **_options(job))
    return {"exit_code": 0, "said": "", "task": task}


def _train(job: Mapping[str, Any]) -> Ending:
    from .. import api

    run = Path(job["run"])
    ask = Answers(job.get("answers") or {}, lambda: await_answer(run))
    return _ending(api.train(job["words"], job["data"], out=run, ask=ask, progress=Partway(run), **_options(job)))


def _resume(job: Mapping[str, Any]) -> Ending:
    from .. import api

    run = Path(job["run"])
    return _ending(api.resume(run, ask=Answers({}, lambda: await_answer(run)), progress=Partway(run)))


def _refine(job: Mapping[str, Any]) -> Ending:
    from .. import api

    run = Path(job["run"])
    ask = Answers({}, lambda: await_answer(run))
    return _ending(api.refine(run, job["words"], minutes=job.get("minutes"), ask=ask, progress=Partway(run)))


DEEDS: dict[str, Callable[[Mapping[str, Any]], Ending]] = {
    "plan": _plan,
    "train": _train,
    "resume": _resume,
    "refine": _refine,
}


class Answers:
    """Answers a question with what was said beforehand, each once, else with what `wait` brings."""

    def __init__(self, given: Mapping[str, str], wait: Callable[[], str | None]) -> None:
        self._given, self._wait = dict(given), wait

    def __call__(self, question: Question) -> str | None:
        said = self._given.pop(question.about, None)
        return self._wait() if said is None else said


def _options(job: Mapping[str, Any]) -> dict[str, Any]:
    """Options as `train` and `plan` take them; folders of models also from the environment, as on the command line."""
    models = job.get("models") or [p for p in os.environ.get("TRAINERAGENT_MODELS", "").split(os.pathsep) if p]
    options = {"target": job.get("target"), "minutes": job.get("minutes"), "brain": job.get("brain") or "planner"}
    return {**options, "models": tuple(models)}


def _ending(report: Report) -> Ending:
    from ..domain.run import EXIT_CODES

    code = EXIT_CODES[report.status]  # type: ignore[index]
    return {"exit_code": code, "said": str(report.get("reason") or ""), "status": report.status}


if __name__ == "__main__":
    main()
