"""Another reader's corrections to an understanding: applied by code, checked against the words and the columns.

A correction may choose among what is there, and may make the verdict stricter with a reason; nothing here turns a
decline into an acceptance, and a limit's number is read from the words that are quoted, never taken from the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..domain.run import Operation
from ..domain.task import (
    MEASURED_ON_SERVICE,
    Assumption,
    IgnoredColumn,
    Metric,
    Question,
    Request,
    Requirement,
    TaskSpec,
)
from ..errors import InvalidAnswer
from ..knowledge.lexicons import lexicon
from ..ports import OperationSpec
from .kinds import FAMILY
from .metrics import ONE_SIDED, direction_of, scale_of
from .quantities import Quantity, find_quantities
from .reading import Reading
from .words import Text

CATALOGUE: Mapping[str, OperationSpec] = {
    "take_target": OperationSpec({"column": "string"}, "predicts this column, which the words mean"),
    "take_positive_label": OperationSpec({"label": "string"}, "the class the words ask for"),
    "leave_out": OperationSpec({"column": "string"}, "leaves a column out, because the words or fairness ask for it"),
    "keep_together": OperationSpec(
        {"column": "string"}, "rows that share a value of this column belong together and are never split"
    ),
    "order_by_time": OperationSpec({"column": "string"}, "new rows come later: the newest by this date are held out"),
    "search_by": OperationSpec({"metric": "string"}, "the metric that the words ask for or that fits them best"),
    "set_limit": OperationSpec(
        {"name": "string", "quote": "string", "reading": "string?"},
        "a limit the words state and the reading lacks; `quote` copies the words with the number; `reading` is "
        "complement where the words count the opposite (at most one in ten wrong, for accuracy), or ratio where two "
        "numbers of the quote make a share (of ten calls seven)",
    ),
    "forget_limit": OperationSpec({"name": "string"}, "a limit in the reading that the words do not state"),
    "prefer": OperationSpec({"what": "string"}, "a wish in the words that the reading lacks"),
    "deploy_to": OperationSpec({"place": "string"}, "where or how it runs, which the words say and the reading lacks"),
    "ask": OperationSpec(
        {"about": "string", "text": "string", "default": "string?", "quotes": "array?"},
        "a question without whose answer the work would be wasted; `about` is what is open; `default` says what is "
        "done where nobody answers; for a contradiction `quotes` copies the two statements that cannot both hold",
    ),
    "decline": OperationSpec(
        {"ground": "string", "quote": "string", "reason": "string", "alternative": "string?"},
        "the request may not or cannot be done; `quote` copies the words of the request that show it",
    ),
    "notice": OperationSpec({"text": "string"}, "a caution that the model card must carry"),
}
WISHES = (
    "interpretable",
    "calibrated",
    "intervals",
    "privacy",
    "no_pretrained",
    "licence:permissive",
    "prefer:recall",
    "prefer:precision",
)
PLACES: Mapping[str, tuple[str, Any]] = {
    **{device: ("device", device) for device in ("phone", "browser", "cpu", "gpu")},
    **{interface: ("interface", interface) for interface in ("http", "batch")},
    **{form: ("format", form) for form in ("onnx", "tflite")},
    "offline": ("offline", True),
}
"""What may be said of the place: a field of DeploymentInfo, and its value."""
OPEN = ("aim", "target", "data", "contradiction", "horizon", "class", "limit", "other")
"""What a question may be about."""
_ESSENTIAL = ("aim", "target", "data")
"""Questions that a planner has no answer to unless it knows well which column is meant."""
SURE = 0.85  # confidence in a target from which on a question about it need not stop a run
GROUNDS = ("harmful", "unlawful", "unattainable")
SECOND_QUESTION = "request"  # what the question of a second reader is about, whatever it asks
LEAST_REASON = 20  # characters; a stricter verdict needs a reason that a person can act on
LONGEST_TEXT = 400
CONFIDENCE = 0.7
_KINDS = {"latency": ("time",), "train": ("time",), "size": ("size",), "memory": ("size",), "throughput": ("rate",)}

Again = Callable[[Request], TaskSpec]


def choices(task: TaskSpec, columns: Sequence[str], labels: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """The values that arguments of a correction may take. `labels` may be empty where values are not shared."""
    found: dict[str, tuple[Any, ...]] = {
        "column": tuple(columns),
        "metric": metric_names(task.task_type),
        "name": (*metric_names(task.task_type), *MEASURED_ON_SERVICE),
        "what": WISHES,
        "place": tuple(PLACES),
        "ground": GROUNDS,
        "about": OPEN,
        "reading": ("as said", "complement", "ratio"),
    }
    return found | ({"label": tuple(labels)} if labels else {})


def metric_names(task_type: str) -> tuple[str, ...]:
    """Metrics that make sense for a type of task."""
    family = FAMILY.get(task_type, "")
    return tuple(name for name, book in lexicon("metrics").items() if family in book.get("tasks", ()))


def check(operations: Sequence[Operation], request: Request, task: TaskSpec) -> None:
    """Raises InvalidAnswer when corrections contradict one another, the words, or what the person fixed."""
    targets = [o.args["column"] for o in operations if o.do == "take_target"]
    if len(set(targets)) > 1:
        raise InvalidAnswer(f"one column is predicted, not {len(set(targets))}: {', '.join(targets)}")
    if targets and request.target is not None and targets[0] != request.target:
        raise InvalidAnswer(f"the person chose the target {request.target!r}; it is not yours to change")
    target = targets[0] if targets else task.data_info.target
    for operation in operations:
        if operation.do in ("leave_out", "keep_together", "order_by_time") and operation.args["column"] == target:
            raise InvalidAnswer(f"{operation.do}: {target!r} is the column that is predicted")
        if operation.do == "set_limit":
            limit_of(operation, request.words)
        if operation.do == "search_by":
            _check_metric(operation.args["metric"], task)
        if operation.do == "ask" and operation.args["about"] == "contradiction":
            _check_contradiction(operation.args.get("quotes") or (), request.words)
        if operation.do == "decline" and not _said(operation.args["quote"], request.words):
            raise InvalidAnswer("decline: `quote` copies the words of the request that show it, exactly as they stand")
        for name in ("text", "reason"):
            if name in operation.args and len(operation.args[name].strip()) < LEAST_REASON:
                raise InvalidAnswer(f"{operation.do}: say in a sentence that a person can act on")
    if sum(o.do == "ask" for o in operations) > 1:
        raise InvalidAnswer("one question at most, the one without whose answer nothing can be done")
    left_out = {o.args["column"] for o in operations if o.do == "leave_out"}
    if task.data_info.inputs and set(task.data_info.inputs) <= left_out:
        raise InvalidAnswer("every input column would be left out")


def _check_metric(name: str, task: TaskSpec) -> None:
    """Raises InvalidAnswer where a metric that the words ask for would give way to one that they do not."""
    stated = [m.name for m in task.metrics if m.stated]
    if stated and name not in stated:
        raise InvalidAnswer(f"search_by: the words ask for {' and '.join(stated)}; choose among what they ask for")


def _check_contradiction(quotes: Sequence[Any], words: str) -> None:
    """Raises InvalidAnswer unless two different stretches of the words are shown that are said not to go together."""
    plain = _plain(words)
    found = {_plain(str(q)) for q in quotes}
    if len(found) < 2 or not all(q and q in plain for q in found):
        raise InvalidAnswer("ask: for a contradiction `quotes` copies the two statements exactly as they stand")


def _said(quote: str, words: str) -> bool:
    """Whether a quote is of the words, but for marks around it."""
    bare = _plain(quote).strip(" .,;:!?\"'“”„«»…")
    return bool(bare) and bare in _plain(words)


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()


def limit_of(operation: Operation, words: str) -> Requirement:
    """The limit that a quote from the words states, its number read by code. Raises InvalidAnswer."""
    name, quote = str(operation.args["name"]), " ".join(str(operation.args["quote"]).split())
    if not quote or quote.casefold() not in _plain(words):
        raise InvalidAnswer(f"set_limit: {quote[:80]!r} does not stand in the request; copy the words exactly")
    quantities = find_quantities(Text.of(quote).plain, Reading.of(quote).languages)
    how = operation.args.get("reading")
    found = [v for q in quantities if (v := _value(name, q, how == "complement")) is not None]
    if how == "ratio":
        found = _ratio(name, quantities)
    if len(found) != 1:
        raise InvalidAnswer(
            f"set_limit: {quote[:80]!r} should hold exactly one number for {name}, found {len(found)}; quote less of "
            "it, or say reading ratio where two numbers make a share"
        )
    lower = name.startswith(("latency", "size", "memory", "train", "parameters")) or (
        not name.startswith("throughput") and direction_of(name) == "minimize"
    )
    return Requirement(name, "<=" if lower else ">=", round(found[0], 9), quote)


def _ratio(name: str, quantities: Sequence[Quantity]) -> list[float]:
    """The share that the two numbers of a quote make, for a metric that is one: "of ten calls seven" is 0.7."""
    if [q.unit for q in quantities if q.kind == "share"] == ["ratio"] and scale_of(name) in ("score", "share"):
        return [q.value for q in quantities if q.kind == "share"] if name in lexicon("metrics") else []
    counts = sorted(q.value for q in quantities if q.kind == "number")
    if len(counts) != 2 or not counts[1] or name not in lexicon("metrics") or scale_of(name) not in ("score", "share"):
        return []
    return [counts[0] / counts[1]]


def _value(name: str, q: Quantity, complement: bool) -> float | None:
    """A quantity in the unit of the requirement's name; None where it cannot be one."""
    kinds = next((k for prefix, k in _KINDS.items() if name.startswith(prefix)), None)
    if kinds is not None:
        return (q.value / 60_000 if name == "train_minutes" else q.value) if q.kind in kinds else None
    if name == "parameters_m":
        return q.value / 1e6 if q.kind == "number" else None
    if scale_of(name) in ("score", "share"):
        if q.kind not in ("share", "number") or q.value < 0:
            return None
        value = q.value if q.kind == "share" or q.value <= 1 else q.value / 100
        return 1 - value if complement else value
    return q.value if q.kind in ("number", "money", "measure", "time", "share") else None


def corrected(
    task: TaskSpec, operations: Sequence[Operation], request: Request, again: Again, *, by: str, asked: bool
) -> TaskSpec:
    """The task with the corrections. `again` understands a request anew, for another target; `by` says who corrects;
    `asked`: a person can be asked, so that a target is offered to them rather than taken."""
    if task.verdict.decision == "decline" and not _of_target(task, operations):
        return task
    for operation in operations:
        task = _ACTS[operation.do](_Case(task, operation, request, again, by, asked))
    return task


def _of_target(task: TaskSpec, operations: Sequence[Operation]) -> bool:
    """Whether a decline may have been about the wrong column; the words are judged anew then, by the same rules."""
    return task.verdict.policy_class.startswith("unattainable:") and any(o.do == "take_target" for o in operations)


class _Case:
    """One correction and what it is applied to."""

    def __init__(
        self, task: TaskSpec, operation: Operation, request: Request, again: Again, by: str, asked: bool
    ) -> None:
        self.task, self.args, self.why = task, operation.args, f"{operation.why} ({by})"
        self.request, self.again, self.asked, self.by = request, again, asked, by

    def assumed(self, what: str, value: str, **changes: Any) -> TaskSpec:
        kept = tuple(a for a in self.task.assumptions if a.what != what)
        said = Assumption(what, value, self.why, CONFIDENCE)
        return replace(self.task, assumptions=(*kept, said), **changes)

    def constrain(self, word: str) -> None:
        """Adds a constraint word, as the words of a person would."""
        self.task = replace(self.task, constraints=tuple(dict.fromkeys((*self.task.constraints, word))))

    def info(self, what: str, value: str, **changes: Any) -> TaskSpec:
        return self.assumed(what, value, data_info=replace(self.task.data_info, **changes))


def _take_target(case: _Case) -> TaskSpec:
    column = case.args["column"]
    if column == case.task.data_info.target:
        return case.task
    if case.asked and case.task.verdict.decision == "ask":
        questions = tuple(replace(q, default=column) if q.about == "target" else q for q in case.task.verdict.questions)
        return replace(case.task, verdict=replace(case.task.verdict, questions=questions))
    case.task = case.again(replace(case.request, target=column))
    return case.assumed("target", column)


def _take_positive_label(case: _Case) -> TaskSpec:
    label = case.args["label"]
    settled = tuple(q for q in case.task.verdict.questions if q.about != "positive_label")
    verdict = case.task.verdict
    if verdict.decision == "ask" and settled != verdict.questions:
        reasons = tuple(q.text for q in settled)
        verdict = replace(verdict, decision="ask" if settled else "accept", questions=settled, reasons=reasons)
    requirements = tuple(
        replace(r, positive_label=label) if r.positive_label is not None else r for r in case.task.requirements
    )
    case.task = replace(case.task, verdict=verdict, requirements=requirements)
    return case.info("positive_label", label, positive_label=label)


def _leave_out(case: _Case) -> TaskSpec:
    column, info = case.args["column"], case.task.data_info
    if column not in info.inputs:
        return case.task
    case.constrain(f"exclude:{column}")
    return case.info(
        f"exclude:{column}",
        "left out",
        inputs=tuple(c for c in info.inputs if c != column),
        ignored=(*info.ignored, IgnoredColumn(column, case.why)),
    )


def _search_by(case: _Case) -> TaskSpec:
    name = case.args["metric"]
    if case.task.metrics and case.task.metrics[0].name == name:
        return case.task
    others = tuple(m for m in case.task.metrics if m.stated and m.name != name)
    return case.assumed("metric", name, metrics=(Metric(name, direction_of(name)), *others))


def _set_limit(case: _Case) -> TaskSpec:
    limit = limit_of(Operation("", "set_limit", case.args, ""), case.request.words)
    positive = case.task.data_info.positive_label if lexicon("metrics").get(limit.name, {}).get("positive") else None
    others = tuple(r for r in case.task.requirements if r.name != limit.name)
    task = replace(case.task, requirements=(*others, replace(limit, positive_label=positive)))
    if limit.name not in metric_names(task.task_type) or any(m.stated for m in task.metrics):
        return task
    stated = Metric(limit.name, direction_of(limit.name), True)  # whoever bounds a metric goes by it
    if limit.name in ONE_SIDED:
        return replace(task, metrics=(*task.metrics, stated))
    return replace(task, metrics=(stated,), assumptions=tuple(a for a in task.assumptions if a.what != "metric"))


def _forget_limit(case: _Case) -> TaskSpec:
    name = case.args["name"]
    kept = tuple(r for r in case.task.requirements if r.name != name)
    return case.assumed(f"limit:{name}", "not meant as a limit", requirements=kept)


def _prefer(case: _Case) -> TaskSpec:
    what = case.args["what"]
    opposite = {"prefer:recall": "prefer:precision", "prefer:precision": "prefer:recall"}.get(what)
    kept = tuple(c for c in case.task.constraints if c not in (what, opposite))
    return case.assumed(f"wish:{what}", "read from the words", constraints=(*kept, what))


def _deploy_to(case: _Case) -> TaskSpec:
    name, value = PLACES[case.args["place"]]
    place = replace(case.task.deployment_info, **{name: value})
    return case.assumed(f"deployment:{name}", case.args["place"], deployment_info=place)


def _keep_together(case: _Case) -> TaskSpec:
    column = case.args["column"]
    case.constrain(f"split:group:{column}")
    return case.info("group", column, group=column)


def _order_by_time(case: _Case) -> TaskSpec:
    case.constrain("split:time")
    return case.info("time", case.args["column"], time=case.args["column"])


def _ask(case: _Case) -> TaskSpec:
    """The question, put to a person or ending the run; where nobody can be asked and the task is clear enough to be
    carried out without an answer, what is done instead is an assumption."""
    verdict, text = case.task.verdict, case.args["text"].strip()[:LONGEST_TEXT]
    if not case.asked and verdict.decision == "accept" and _goes_on_without(case.task, case.args["about"]):
        default = (case.args.get("default") or "").strip()[:LONGEST_TEXT] or "as the words were read"
        case.why = f"nobody could be asked: {text} ({case.by})"
        return case.assumed(f"question:{case.args['about']}", default)
    asked_already = case.args["about"] == "target" and any(q.about == "target" for q in verdict.questions)
    if asked_already:  # the same question in better words; an answer to it names a column as before
        questions = tuple(replace(q, text=text) if q.about == "target" else q for q in verdict.questions)
    else:
        questions = (*verdict.questions, Question(SECOND_QUESTION, text))
    return replace(
        case.task,
        verdict=replace(verdict, decision="ask", questions=questions, reasons=tuple(q.text for q in questions)),
    )


def _decline(case: _Case) -> TaskSpec:
    """Declined with the reason, and with whose judgement it is and on which words, so that a person can answer it."""
    quote = " ".join(case.args["quote"].split())[:LONGEST_TEXT]
    whose = f"Judged by {case.by} on the words “{quote}”."
    verdict = replace(
        case.task.verdict,
        decision="decline",
        policy_class=f"{case.args['ground']}:judged",
        reasons=(case.args["reason"].strip()[:LONGEST_TEXT], whose),
        questions=(),
        alternative=(case.args.get("alternative") or "").strip()[:LONGEST_TEXT] or None,
    )
    return replace(case.task, verdict=verdict)


def _notice(case: _Case) -> TaskSpec:
    verdict = case.task.verdict
    notices = tuple(dict.fromkeys((*verdict.notices, case.args["text"].strip()[:LONGEST_TEXT])))
    return replace(case.task, verdict=replace(verdict, notices=notices))


def _goes_on_without(task: TaskSpec, about: str) -> bool:
    """Whether the reading answers a question well enough for the run to go on."""
    if about == "contradiction":
        return False
    known_by = "target" if task.data_info.target is not None else "task_type"
    guessed = [a.confidence for a in task.assumptions if a.what == known_by]
    return about not in _ESSENTIAL or not guessed or guessed[0] >= SURE


_ACTS: Mapping[str, Callable[[_Case], TaskSpec]] = {
    "take_target": _take_target,
    "take_positive_label": _take_positive_label,
    "leave_out": _leave_out,
    "keep_together": _keep_together,
    "order_by_time": _order_by_time,
    "search_by": _search_by,
    "set_limit": _set_limit,
    "forget_limit": _forget_limit,
    "prefer": _prefer,
    "deploy_to": _deploy_to,
    "ask": _ask,
    "decline": _decline,
    "notice": _notice,
}
