"""The Server agent: exports the selection as one graph, proves and measures it, scores the hold-out, documents it.

What only the end of a run needs is imported there, so that a first model does not wait for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import TypeAdapter

from .. import __version__
from ..domain.data import Column, Target
from ..domain.messages import (
    DeliveryAccepted,
    Message,
    ModelSelected,
    RequirementMissed,
    ServiceDelivered,
    ServiceMeasured,
)
from ..domain.run import AgentName, Interval, Measured, Member, Operation, Selection
from ..domain.run import Decision as LabelDecision
from ..domain.task import MEASURED_ON_SERVICE, Requirement
from ..engine.compute.local import WorkFailed
from ..errors import InvalidAnswer, TrainerError
from ..export.bundle import slug, write_bundle
from ..export.document import document
from ..export.measure import measure_service
from ..ports import OperationSpec
from ..serve.manifest import file_sha256
from ..store.files import read_json, write_json
from ..store.journal import Decision
from .cardwords import think_of_words, words_for_card
from .hub import Outgoing
from .memory import Memory
from .reporting import data_facts, environment, model_facts, titled

if TYPE_CHECKING:
    from ..engine.evaluate import Evaluation

CATALOGUE: Mapping[str, OperationSpec] = {
    "export": OperationSpec({}, "writes the bundle with one graph, proved equal to the model"),
    "measure": OperationSpec({"calls": "integer"}, "runs the service; measures latency, throughput, memory and size"),
    "score_holdout": OperationSpec({}, "scores the sealed hold-out through the bundle"),
    "explain": OperationSpec({"seconds": "number"}, "measures permutation importance and weak slices on the hold-out"),
    "refresh": OperationSpec(
        {"seconds": "number"}, "brings the measured model up to date with the rows that were held out"
    ),
    "write_documents": OperationSpec({}, "writes card, README with executed examples, container recipe"),
    "fall_back": OperationSpec({}, "takes the best single model instead of the selection"),
    "keep": OperationSpec({}, "delivers the bundle that was exported and measured before"),
    "fail": OperationSpec({}, "gives up with the reason"),
}
KEPT = "kept"  # in the cache: the selection whose bundle is delivered after all
EXAMPLES = 256  # rows that a measured service is asked about
EXPORT_S = 45.0  # that an export may take although the time is up, where a bundle stands already
PATIENCE_S = 120.0  # for work that a delivery cannot do without


class ServerAgent:
    name: ClassVar[AgentName] = "server"

    def __init__(self, memory: Memory, profile: str) -> None:
        self.memory, self.profile = memory, profile
        self._acts: Mapping[str, Callable[..., None]] = {
            "export": self._export,
            "measure": self._measure,
            "score_holdout": self._score_holdout,
            "explain": self._explain,
            "refresh": self._refresh,
            "write_documents": self._write_documents,
        }

    def handle(self, message: Message) -> Outgoing:
        match message.body:
            case ModelSelected() as selected:
                return self._deploy(message, selected)
            case DeliveryAccepted() as accepted:
                return self._document(message, accepted)
            case other:
                raise AssertionError(f"the server agent is not meant to get {type(other).__name__}")

    # ------------------------------------------------------------------ perception
    def perceive(self, selected: ModelSelected) -> dict[str, Any]:
        """What is to be served, under which limits."""
        return {
            "provisional": selected.provisional,
            "round": selected.round,
            "members": len(selected.selection.members),
            "limits": [r.name for r in self.memory.task.requirements if r.name in MEASURED_ON_SERVICE],
            "seconds_left": round(self.memory.left_s, 1),
            "explains": bool(self.memory.line.explain),
            "refreshes": bool(self.memory.line.refresh),
        }

    @property
    def target(self) -> Target:
        return self.memory.load("data/target.json", Target)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.memory.load("data/columns.json", tuple[Column, ...])

    # ------------------------------------------------------------------ planning and action: deployment
    def _deploy(self, message: Message, selected: ModelSelected) -> Outgoing:
        what = "a first model" if selected.provisional else "the selected model"
        self.memory.say("phase", f"exporting {what}", phase="deliver")
        think_of_words(self.memory)
        selected = self._formed(selected)
        facts, question = self.perceive(selected), self.memory.line.question("deploy")
        for operation in self.memory.plan(self.name, question, facts, CATALOGUE, f"message-{message.id}"):
            self._acts[operation.do](message, selected, **operation.args)
        kept: ModelSelected | None = self.memory.cache.pop(KEPT, None)
        told = [("person", replace(kept, round=selected.round, provisional=selected.provisional))] if kept else []
        graph = read_json(self.memory.folder / "data" / "graph.json")
        measured = tuple(self._judged(r) for r in self.memory.task.requirements)
        if selected.provisional:
            measured = tuple(m for m in measured if m.measured is not None)
        exported = ServiceMeasured(measured, graph["parity_max"], selected.round, selected.provisional)
        return [*told, ("task", exported)]

    def _formed(self, selected: ModelSelected) -> ModelSelected:
        """What is delivered of it. Nobody is asked about a first model, nor once a limit was missed: what mends a
        limit is not to be undone."""
        if selected.provisional or self.memory.journal.last(RequirementMissed) is not None:
            return selected
        from .forms import taken

        formed = replace(selected, selection=taken(self.memory, selected.selection))
        if formed != selected:
            self.memory.cache[KEPT] = formed
        return formed

    def _export(self, message: Message, selected: ModelSelected) -> None:
        """Builds and proves the graph in the child; where that cannot be done, the procedure says what to take."""
        selection = selected.selection
        if self._stands(selection):
            self.memory.say("phase", "the model exported first is the one selected", phase="deliver")
            return
        for attempt in itertools.count():  # ends with a graph, or by the procedure
            try:
                facts = self._build(selection)
                break
            except (WorkFailed, MemoryError) as e:
                simpler = self._recover(message, selection, e, attempt)
            if simpler is None:
                return
            selection = simpler
        if facts["fallback"]:
            said = Decision(
                self.name, "parity check", "deploy: fall_back", facts["fallback"], {"rows": facts["parity_rows"]}
            )
            self.memory.journal.decide(f"message-{message.id}/fallback", said)
        write_json(self.memory.folder / "data" / "graph.json", facts)
        self._write_bundle(facts)

    def _recover(
        self, message: Message, selection: Selection, error: WorkFailed | MemoryError, attempt: int
    ) -> Selection | None:
        """What to export after all; None where the bundle that stands is kept. Raises WorkFailed where nothing can
        be delivered."""
        single, standing = (Member(selection.single_best, 1.0),), self._standing
        kind = error.kind if isinstance(error, WorkFailed) else "memory"
        facts = {
            "attempt": attempt,
            "error": str(error) or kind,
            "kind": kind,
            "members": len(selection.members),
            "single": single == selection.members,
            "standing": standing is not None,
        }
        (operation,) = self.memory.plan(
            self.name,
            "recover",
            facts,
            CATALOGUE,
            f"message-{message.id}/{attempt}",
            check=lambda chosen: _check_recovery(chosen, facts),
        )
        if operation.do == "keep" and standing is not None:
            self.memory.cache[KEPT] = standing
            self.memory.say(
                "extra", f"a better model could not be exported ({facts['error']}), so the one before is delivered"
            )
            return None
        if operation.do != "fall_back" or single == selection.members:
            raise WorkFailed(f"the model could not be exported: {facts['error']}", kind)
        return replace(selection, members=single, why=operation.why)

    def _stands(self, selection: Selection) -> bool:
        """Whether the bundle that stands was made of these very members."""
        made = self._standing
        chosen = None if made is None else (made.selection.members, made.selection.single_best)
        return chosen == (selection.members, selection.single_best)

    @property
    def _standing(self) -> ModelSelected | None:
        """What the bundle that stands was made of: exported and measured before, in this revision."""
        measured = self.memory.journal.messages("ServiceMeasured")
        if not measured or not (self.memory.folder / "bundle" / "bundle.json").is_file():
            return None
        before = [m.body for m in self.memory.journal.messages("ModelSelected") if m.id < measured[-1].id]
        return next((b for b in reversed(before) if isinstance(b, ModelSelected)), None)

    def _build(self, selection: Selection) -> dict[str, Any]:
        """What is to be served, made and proved in the child; facts about it as JSON."""
        facts: dict[str, Any] = self._work(
            self.memory.line.build,
            max(PATIENCE_S if self._standing is None else EXPORT_S, self.memory.left_s),
            task=self.memory.task.to_json(),
            members=[asdict(m) for m in selection.members],
            single_best=selection.single_best,
            metadata={"target": self.target.name, "traineragent": __version__},
        )
        return facts

    def _work(self, function: str, timeout_s: float, **arguments: Any) -> Any:
        """A piece of the line's work, in the process that can be killed."""
        given = {"folder": str(self.memory.folder), **arguments}
        return self.memory.compute.call(function, given, timeout_s=timeout_s)

    def _write_bundle(self, facts: Mapping[str, Any]) -> None:
        """The bundle as it stands, servable at once; documents come when the delivery is accepted."""
        task, interval = self.memory.task, facts.get("interval")
        files = {name: self.memory.folder / path for name, path in facts["files"].items()}
        digest = file_sha256(next(iter(files.values())))
        manifest = write_bundle(
            self.memory.folder / "bundle",
            name=slug(f"{task.data_info.target}-{task.task_type.split('_')[-1]}"),
            version=f"{self.memory.revision}.{digest[:8]}",
            task_type=task.task_type,
            codec=self.memory.kind.codec,
            columns=self.columns,
            target=self.target,
            files=files,
            settings=facts.get("settings"),
            decision=TypeAdapter(LabelDecision).validate_python(facts.get("decision") or {}),
            interval=None if interval is None else TypeAdapter(Interval).validate_python(interval),
            facts={"trained_with": __version__, "metric_searched": self.memory.journal.meta("metric")},
        )
        self.memory.say("exported", f"{manifest.name} {manifest.version}, {facts['size_mb']:.2f} MB", facts=facts)

    def _measure(self, message: Message, selected: ModelSelected, calls: int) -> None:
        """Latency, throughput, memory and size of the running service, into data/measured.json."""
        rows = self._work(self.memory.line.examples, max(PATIENCE_S, self.memory.left_s), most=EXAMPLES)
        measured = measure_service(self.memory.folder / "bundle", rows, calls=calls)
        write_json(self.memory.folder / "data" / "measured.json", measured)
        self.memory.say("measured", f"one answer in {measured['latency_ms_p95']:.2f} ms (p95)", measured=measured)

    def _judged(self, requirement: Requirement) -> Measured:
        """A requirement beside its measurement; scores are cross-validated while the hold-out is sealed."""
        value, note = self._measurement(requirement)
        met = value is not None and requirement.met_by(value)
        r = requirement
        return Measured(r.name, r.direction, r.limit, value, met, r.stated_as, note)

    def _measurement(self, requirement: Requirement) -> tuple[float | None, str]:
        name = requirement.name
        path = self.memory.folder / "data" / "measured.json"
        if name == "train_minutes":
            return round(self.memory.journal.clock_s / 60, 3), "reading, training and delivery"
        if name == "parameters_m":
            graph = read_json(self.memory.folder / "data" / "graph.json")
            return graph.get("parameters", 0) / 1e6, "numbers in the graph"
        if name in MEASURED_ON_SERVICE:
            measured = read_json(path) if path.exists() else {}
            return measured.get(name), "on the running service" if measured else "not measured yet"
        value = self._work(
            self.memory.line.validate, max(PATIENCE_S, self.memory.left_s), task=self.memory.task.to_json(), metric=name
        )
        return value, f"{name} cannot be measured on this kind of task" if value is None else "cross-validated"

    # ------------------------------------------------------------------ planning and action: documents
    def _document(self, message: Message, accepted: DeliveryAccepted) -> Outgoing:
        self.memory.say("phase", "opening the hold-out once, writing the documents", phase="deliver")
        selected: ModelSelected = self.memory.journal.last(ModelSelected)
        facts = {**self.perceive(selected), "requirements": len(accepted.requirements)}
        question = self.memory.line.question("document")
        for operation in self.memory.plan(self.name, question, facts, CATALOGUE, f"message-{message.id}"):
            self._acts[operation.do](message, selected, **operation.args)
        evaluation = self._evaluation
        return [("task", ServiceDelivered(evaluation.score(self._looks), self._final_requirements(evaluation)))]

    @property
    def _looks(self) -> int:
        """Deliveries that were scored on these sealed rows, by follow-ups and before; one that was interrupted and
        scored again counts once, as nobody saw it."""
        seal = read_json(self.memory.folder / "data" / "split.json")["sha256"]
        opened = self.memory.journal.events("holdout_opened")
        return len({str(e["delivery"]) for e in opened if e.get("sha256", seal) == seal})

    @property
    def _evaluation(self) -> Evaluation:
        from ..engine.evaluate import Evaluation

        saved = read_json(self.memory.folder / "data" / "evaluation.json")
        found: Evaluation = TypeAdapter(Evaluation).validate_python(saved["evaluation"])
        return found

    def _score_holdout(self, message: Message, selected: ModelSelected) -> None:
        """Opens the sealed rows, once a delivery, and scores them through the bundle that is served."""
        self.memory.step(f"holdout/{message.id}", self.name, lambda: self._open_holdout(message.id))

    def _open_holdout(self, delivery: int) -> tuple[Any, list[Path]]:
        data = self.memory.folder / "data"
        seal = file_sha256(data / "holdout.parquet")
        if seal != read_json(data / "split.json")["sha256"]:
            raise TrainerError("the sealed hold-out was changed since it was sealed; start a new run")
        found = self._on_holdout(self.memory.line.evaluate)
        (data / "explanation.json").unlink(missing_ok=True)
        metric = asdict(self._evaluation.metric)
        seen = {"delivery": delivery, "rows": found["rows"], "metric": metric, "sha256": seal}
        self.memory.journal.event("holdout_opened", **seen)
        return found, [data / "evaluation.json"]

    def _on_holdout(self, function: str, **arguments: Any) -> Any:
        given = {"task": self.memory.task.to_json(), "seed": self.memory.request.seed, **arguments}
        return self._work(function, max(PATIENCE_S, self.memory.left_s), **given)

    def _explain(self, message: Message, selected: ModelSelected, seconds: float) -> None:
        """What the model leans on and where its errors gather, as far as the line can tell."""
        self._on_holdout(self.memory.line.explain, seconds=seconds)

    def _refresh(self, message: Message, selected: ModelSelected, seconds: float) -> None:
        """The measured model with what the hold-out adds, as far as the seconds go; the score stays the one that was
        measured before."""
        facts = self._on_holdout(self.memory.line.refresh, seconds=seconds)
        self._write_bundle({**read_json(self.memory.folder / "data" / "graph.json"), **facts})

    def _final_requirements(self, evaluation: Evaluation) -> tuple[Measured, ...]:
        """Every stated limit with its last measurement: scores now on the hold-out, the rest on the service."""
        found = {m.name: m.value for m in (evaluation.metric, *evaluation.others) if m.value is not None}
        out = []
        for r in self.memory.task.requirements:
            judged = self._judged(r)
            value = evaluation.of_label(r.positive_label, r.name)
            value = found.get(r.name) if value is None else value
            if value is not None:
                judged = replace(judged, measured=value, met=r.met_by(value), note="on the sealed hold-out")
            out.append(judged)
        return tuple(out)

    def _write_documents(self, message: Message, selected: ModelSelected) -> None:
        """Card, README with examples executed against the running service, and the facts in bundle.json."""
        evaluation = self._evaluation
        document(self.memory.folder / "bundle", self._card_facts(evaluation))
        self.memory.say("documented", "card, README, examples, container recipe")

    def _card_facts(self, evaluation: Evaluation) -> dict[str, Any]:
        saved = read_json(self.memory.folder / "data" / "evaluation.json")
        explained = self.memory.folder / "data" / "explanation.json"
        saved |= read_json(explained) if explained.exists() else {}
        return {
            "task": self.memory.task.to_json(),
            "request": self.memory.request.words,
            "score": asdict(evaluation.score(self._looks)),
            "evaluation": saved["evaluation"],
            "slices": saved.get("slices", []),
            "importance": saved.get("importance", []),
            "requirements": [asdict(m) for m in self._final_requirements(evaluation)],
            "profile": read_json(self.memory.folder / "data" / "profile.json"),
            "split": read_json(self.memory.folder / "data" / "split.json"),
            "graph": read_json(self.memory.folder / "data" / "graph.json"),
            "groups": saved.get("groups", []),
            "data": data_facts(self.memory),
            "model": titled(model_facts(self.memory)),
            "environment": environment(self.memory),
            "words": words_for_card(self.memory),
        }


def _check_recovery(operations: Sequence[Operation], facts: Mapping[str, Any]) -> None:
    """Raises InvalidAnswer unless it is one way to go on that there is; giving up is one where there is no other."""
    ways = [n for n, there in (("fall_back", not facts["single"]), ("keep", facts["standing"])) if there] or ["fail"]
    if len(operations) != 1 or operations[0].do not in ways:
        raise InvalidAnswer(f"choose one of {', '.join(ways)}")
