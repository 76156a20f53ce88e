"""The Server agent: exports the selection as one graph, proves and measures it, scores the hold-out, documents it.

What only the end of a run needs is imported there, so that a first model does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import TypeAdapter

from .. import __version__
from ..data.target import target_values
from ..domain.data import Column, Target
from ..domain.messages import DeliveryAccepted, Message, ModelSelected, ServiceDelivered, ServiceMeasured
from ..domain.run import AgentName, Interval, Measured, Member, Selection
from ..domain.run import Decision as LabelDecision
from ..domain.task import MEASURED_ON_SERVICE, Requirement
from ..engine.compute.local import WorkFailed
from ..engine.dataset import TrainingData
from ..engine.metrics import scorer
from ..errors import TrainerError
from ..export.bundle import slug, write_bundle
from ..export.document import document
from ..export.measure import measure_service
from ..ports import OperationSpec
from ..store.files import read_json, sha256_of, write_json
from ..store.journal import Decision
from .frames import read_frame
from .hub import Outgoing
from .memory import Memory
from .reporting import data_facts, environment, model_facts

if TYPE_CHECKING:
    from ..engine.evaluate import Evaluation
    from ..serve.predictor import Predictor

CATALOGUE: Mapping[str, OperationSpec] = {
    "export": OperationSpec({"threads": "integer?"}, "writes the bundle with one graph, proved equal to the model"),
    "measure": OperationSpec({"calls": "integer"}, "runs the service; measures latency, throughput, memory and size"),
    "score_holdout": OperationSpec({}, "scores the sealed hold-out through the bundle"),
    "explain": OperationSpec({"seconds": "number"}, "measures permutation importance and weak slices on the hold-out"),
    "write_documents": OperationSpec({}, "writes card, README with executed examples, container recipe"),
    "fall_back": OperationSpec({}, "takes the best single model instead of the selection"),
    "fail": OperationSpec({}, "gives up with the reason"),
}
ABSOLUTE = ("mae", "medae", "mape", "smape")  # errors that the median, not the mean, makes smallest
LARGEST_NEW_SHARE = 0.9  # of held-out rows; where more are new, the score speaks for them anyway
FEWEST_NEW_ROWS = 30
BUILD = "traineragent.engine.build:build"


class ServerAgent:
    name: ClassVar[AgentName] = "server"

    def __init__(self, memory: Memory, profile: str) -> None:
        self.memory, self.profile = memory, profile
        self._acts: Mapping[str, Callable[..., None]] = {
            "export": self._export,
            "measure": self._measure,
            "score_holdout": self._score_holdout,
            "explain": self._explain,
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
        }

    @property
    def data(self) -> TrainingData:
        if "training_data" not in self.memory.cache:
            self.memory.cache["training_data"] = TrainingData.load(self.memory.folder / "data" / "prepared")
        found: TrainingData = self.memory.cache["training_data"]
        return found

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
        for operation in self.memory.plan(
            self.name, "deploy", self.perceive(selected), CATALOGUE, f"message-{message.id}"
        ):
            self._acts[operation.do](message, selected, **operation.args)
        graph = read_json(self.memory.folder / "data" / "graph.json")
        measured = tuple(self._judged(r) for r in self.memory.task.requirements)
        if selected.provisional:
            measured = tuple(m for m in measured if m.measured is not None)
        return [("task", ServiceMeasured(measured, graph["parity_max"], selected.round, selected.provisional))]

    def _export(self, message: Message, selected: ModelSelected, threads: int | None = None) -> None:
        """Builds and proves the graph in the child; where that cannot be done, the procedure says what to take."""
        selection = selected.selection
        for attempt in range(2):
            try:
                facts = self._build(selection)
                break
            except WorkFailed as e:
                selection = self._recover(message, selection, str(e), attempt)
        if facts["fallback"]:
            said = Decision(
                self.name, "parity check", "deploy: fall_back", facts["fallback"], {"rows": facts["parity_rows"]}
            )
            self.memory.journal.decide(f"message-{message.id}/fallback", said)
        write_json(self.memory.folder / "data" / "graph.json", facts)
        self._write_bundle(facts)

    def _recover(self, message: Message, selection: Selection, error: str, attempt: int) -> Selection:
        facts = {"attempt": attempt, "error": error, "kind": "export", "members": len(selection.members)}
        (operation,) = self.memory.plan(self.name, "recover", facts, CATALOGUE, f"message-{message.id}/{attempt}")
        single = (Member(selection.single_best, 1.0),)
        if operation.do == "fail" or single == selection.members:
            raise TrainerError(f"the model could not be exported: {error}")
        return replace(selection, members=single, why=operation.why)

    def _build(self, selection: Selection) -> dict[str, Any]:
        """data/model.onnx with its decision, made in the child; facts about it as JSON."""
        arguments = {
            "data": str(self.memory.folder / "data" / "prepared"),
            "trials": str(self.memory.folder / "trials"),
            "members": [asdict(m) for m in selection.members],
            "out": str(self.memory.folder / "data" / "model.onnx"),
            "metric": self.memory.task.metric.name,
            "requirements": [asdict(r) for r in self.memory.task.requirements],
            "positive": self.target.positive,
            "prefer": self._preferred,
            "nonnegative": self.target.nonnegative,
            "single_best": selection.single_best,
            "metadata": {"target": self.target.name, "traineragent": __version__},
        }
        facts: dict[str, Any] = self.memory.compute.call(BUILD, arguments, timeout_s=max(20.0, self.memory.left_s))
        return facts

    @property
    def _preferred(self) -> str:
        """ "recall" or "precision", whichever was said to matter more; else "" """
        said = (c.removeprefix("prefer:") for c in self.memory.task.constraints if c.startswith("prefer:"))
        return next((c for c in said if c in ("recall", "precision")), "")

    def _write_bundle(self, facts: Mapping[str, Any]) -> None:
        """The bundle as it stands, servable at once; documents come when the delivery is accepted."""
        task, interval = self.memory.task, facts["interval"]
        name = slug(f"{task.data_info.target}-{task.task_type.split('_')[-1]}")
        digest = sha256_of(self.memory.folder / "data" / "model.onnx")
        manifest = write_bundle(
            self.memory.folder / "bundle",
            name=name,
            version=f"1.{digest[:8]}",
            task_type=task.task_type,
            columns=self.columns,
            target=self.target,
            graph=self.memory.folder / "data" / "model.onnx",
            decision=TypeAdapter(LabelDecision).validate_python(facts["decision"]),
            interval=None if interval is None else TypeAdapter(Interval).validate_python(interval),
            facts={"trained_with": __version__, "metric_searched": self.memory.journal.meta("metric")},
        )
        self.memory.say("exported", f"{manifest.name} {manifest.version}, {facts['size_mb']:.2f} MB", facts=facts)

    def _measure(self, message: Message, selected: ModelSelected, calls: int) -> None:
        """Latency, throughput, memory and size of the running service, into data/measured.json."""
        rows = self._example_rows(256)
        measured = measure_service(self.memory.folder / "bundle", rows, calls=calls)
        write_json(self.memory.folder / "data" / "measured.json", measured)
        self.memory.say("measured", f"one answer in {measured['latency_ms_p95']:.2f} ms (p95)", measured=measured)

    def _example_rows(self, most: int) -> list[dict[str, Any]]:
        """Real training rows as a client would send them: the columns of the model, None where nothing stands."""
        frame = read_frame(self.memory.folder / "data" / "train.parquet").head(most)
        names = [c.name for c in self.columns]
        clean = frame[names].astype(object).where(frame[names].notna(), None)
        return [{str(k): v for k, v in row.items()} for row in clean.to_dict("records")]

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
        return self._cross_validated(name)

    def _cross_validated(self, name: str) -> tuple[float | None, str]:
        """A score of the selection as exported, on its out-of-fold predictions."""
        try:
            measure = scorer(name)
        except TrainerError:
            return None, f"{name} cannot be measured on this kind of task"
        from ..engine.build import out_of_fold
        from ..engine.decide import tempered

        graph = read_json(self.memory.folder / "data" / "graph.json")
        oof = out_of_fold(self.memory.folder / "trials", [Member(**m) for m in graph["members"]])
        known = np.isfinite(oof.reshape(len(oof), -1)).all(axis=1)
        y, p, decision = self.data.y[known], oof[known], graph["decision"]
        if self.data.classes:
            p = tempered(p, graph["temperature"])
            if decision["weights"] and measure.needs == "labels":
                p = p * np.array(decision["weights"])
        positive = 1 if self.target.positive is None else self.target.positive
        return float(measure(y, p, decision["threshold"], positive)), "cross-validated"

    # ------------------------------------------------------------------ planning and action: documents
    def _document(self, message: Message, accepted: DeliveryAccepted) -> Outgoing:
        self.memory.say("phase", "opening the hold-out once, writing the documents", phase="deliver")
        selected: ModelSelected = self.memory.journal.last(ModelSelected)
        facts = {**self.perceive(selected), "requirements": len(accepted.requirements)}
        for operation in self.memory.plan(self.name, "document", facts, CATALOGUE, f"message-{message.id}"):
            self._acts[operation.do](message, selected, **operation.args)
        evaluation = self._evaluation
        return [("task", ServiceDelivered(evaluation.score(self._looks), self._final_requirements(evaluation)))]

    @property
    def _looks(self) -> int:
        """Deliveries that were scored; one that was interrupted and scored again counts once, as nobody saw it."""
        return len({e["delivery"] for e in self.memory.journal.events("holdout_opened")})

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
        from ..engine.evaluate import Evaluation, evaluate
        from ..serve.predictor import Predictor

        path = self.memory.folder / "data" / "holdout.parquet"
        if sha256_of(path) != read_json(self.memory.folder / "data" / "split.json")["sha256"]:
            raise TrainerError("the sealed hold-out was changed since it was sealed; start a new run")
        frame, target = read_frame(path), self.target
        y = target_values(frame[target.name], target)
        predictor = Predictor.load(self.memory.folder / "bundle")
        x = predictor.codec.encode_frame({c.name: frame[c.name] for c in self.columns})
        answers = predictor.predict_matrix(x)
        evaluation = evaluate(
            y,
            answers.scores,
            metric=self.memory.task.metric.name,
            labels=target.labels,
            positive=target.positive,
            label_index=answers.labels,
            threshold=predictor.manifest.decision.threshold,
            intervals=answers.intervals,
            baseline=self._baseline(),
            seed=self.memory.request.seed,
        )
        (self.memory.folder / "data" / "explanation.json").unlink(missing_ok=True)
        self.memory.journal.event("holdout_opened", delivery=delivery, rows=len(y), metric=asdict(evaluation.metric))
        out = self.memory.save("data/evaluation.json", {"evaluation": evaluation}, dict[str, Evaluation])
        return {"rows": len(y), "fresh": self._fresh(x, y, answers.scores, predictor.manifest.decision.threshold)}, [
            out
        ]

    def _fresh(
        self, x: np.ndarray, y: np.ndarray, scores: np.ndarray, threshold: float | None
    ) -> dict[str, Any] | None:
        """The metric on the held-out rows whose inputs occur nowhere in training, where many others repeat: what to
        expect of rows that are new. None where few repeat."""
        from ..engine.metrics import scorer

        known = {row.tobytes() for row in np.ascontiguousarray(self.data.x[:, : x.shape[1]])}
        new = np.array([row.tobytes() not in known for row in np.ascontiguousarray(x)])
        if new.all() or new.mean() > LARGEST_NEW_SHARE or new.sum() < FEWEST_NEW_ROWS:
            return None
        positive = 1 if self.target.positive is None else self.target.positive
        p = scores[new] if self.data.classes else scores[new].reshape(-1)
        value = scorer(self.memory.task.metric.name)(y[new], p, threshold, positive)
        return {"rows": int(new.sum()), "share": float(1 - new.mean()), "value": float(value)}

    def _baseline(self) -> np.ndarray | float:
        """What answering without looking gives: class shares, or the middle of the training answers."""
        y = self.data.y
        if not self.data.classes:
            return float(np.median(y) if self.memory.task.metric.name in ABSOLUTE else y.mean())
        return np.bincount(y.astype(np.int64), minlength=self.data.classes) / len(y)

    def _explain(self, message: Message, selected: ModelSelected, seconds: float) -> None:
        """Importance by permutation through the exported graph, and where the errors gather."""
        from ..engine.importance import permutation_importance
        from ..engine.slices import column_values, group_gaps, weak_slices
        from ..serve.predictor import Predictor

        frame, target = read_frame(self.memory.folder / "data" / "holdout.parquet"), self.target
        y = target_values(frame[target.name], target)
        predictor = Predictor.load(self.memory.folder / "bundle")
        x = predictor.codec.encode_frame({c.name: frame[c.name] for c in self.columns})
        groups, start = {}, 0
        for column in self.columns:
            groups[column.name] = list(range(start, start + len(column.features)))
            start += len(column.features)
        importance = permutation_importance(
            self._scores_of(predictor),
            x,
            y,
            groups,
            self.memory.task.metric.name,
            seconds=seconds,
            seed=self.memory.request.seed,
        )
        answers = predictor.predict_matrix(x)
        errors = self._errors(y, answers)
        picked, actual = self._rates(y, answers)
        values = column_values(self.columns, x)
        found = {
            "importance": [asdict(i) for i in importance],
            "slices": [asdict(s) for s in weak_slices(values, errors)],
            "groups": [asdict(g) for g in group_gaps(values, errors, selected=picked, actual=actual)],
        }
        write_json(self.memory.folder / "data" / "explanation.json", found)

    def _rates(self, y: np.ndarray, answers: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Who was answered positive and who is, for two classes."""
        if self.data.classes != 2:
            return None, None
        positive = 1 if self.target.positive is None else self.target.positive
        return answers.labels == positive, y == positive

    def _scores_of(self, predictor: Predictor) -> Callable[[np.ndarray], np.ndarray]:
        """(rows, classes) probabilities or (rows,) values of the served model."""
        if self.data.classes:
            return predictor.scores
        return lambda x: np.asarray(predictor.scores(x))[:, 0]

    def _errors(self, y: np.ndarray, answers: Any) -> np.ndarray:
        """What is wrong in each row: 0 or 1 for classes, the absolute error for values."""
        if answers.labels is not None:
            return np.asarray(answers.labels != y)
        return np.asarray(np.abs(answers.scores.reshape(len(y), -1)[:, 0] - y))

    def _final_requirements(self, evaluation: Evaluation) -> tuple[Measured, ...]:
        """Every stated limit with its last measurement: scores now on the hold-out, the rest on the service."""
        found = {m.name: m.value for m in (evaluation.metric, *evaluation.others) if m.value is not None}
        out = []
        for r in self.memory.task.requirements:
            judged = self._judged(r)
            if r.name in found:
                value = found[r.name]
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
            "model": model_facts(self.memory),
            "environment": environment(self.memory),
        }
