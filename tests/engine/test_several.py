"""Several labels a row: metrics as scikit-learn has them, thresholds that help, and the same answers everywhere."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from sklearn import metrics as theirs

from traineragent.domain.data import Column, Target
from traineragent.domain.run import Decision
from traineragent.engine.decide import decide
from traineragent.engine.evaluate import evaluate
from traineragent.engine.metrics import paired_gain, scorer
from traineragent.engine.several import answered, thresholds
from traineragent.export.answers import with_answers
from traineragent.export.builder import GraphBuilder
from traineragent.serve.answers import answering
from traineragent.serve.manifest import Manifest

RNG = np.random.default_rng(0)
Y = (RNG.random((200, 4)) < [0.5, 0.3, 0.1, 0.05]).astype(np.float64)
P = np.clip(0.25 * Y + 0.5 * RNG.random(Y.shape) * [1, 0.8, 0.5, 0.4], 0.01, 0.99)
FOLDS = (np.arange(200) % 5).astype(np.int8)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("f1_samples", lambda y, s: theirs.f1_score(y, s, average="samples", zero_division=1.0)),
        ("f1_micro", lambda y, s: theirs.f1_score(y, s, average="micro")),
        ("f1_macro", lambda y, s: theirs.f1_score(y, s, average="macro")),
        ("f1_weighted", lambda y, s: theirs.f1_score(y, s, average="weighted")),
        ("precision", lambda y, s: theirs.precision_score(y, s, average="micro")),
        ("recall", lambda y, s: theirs.recall_score(y, s, average="micro")),
        ("accuracy", theirs.accuracy_score),
        ("hamming_loss", theirs.hamming_loss),
        ("jaccard", lambda y, s: theirs.jaccard_score(y, s, average="samples", zero_division=1.0)),
    ],
)
def test_metrics_of_labels_are_scikit_learns(name: str, wanted: object) -> None:
    said = (P > 0.4).astype(np.float64)
    assert scorer(name)(Y, said) == pytest.approx(wanted(Y, said))  # type: ignore[operator]


def test_metrics_of_probabilities_are_means_over_labels() -> None:
    assert scorer("roc_auc")(Y, P) == pytest.approx(theirs.roc_auc_score(Y, P, average="macro"))
    assert scorer("average_precision")(Y, P) == pytest.approx(theirs.average_precision_score(Y, P, average="macro"))
    each = [theirs.log_loss(Y[:, k], P[:, k]) for k in range(4)]
    assert scorer("log_loss")(Y, P) == pytest.approx(np.mean(each), abs=1e-6)


@pytest.mark.parametrize("metric", ["f1_samples", "f1_micro", "f1_macro"])
def test_thresholds_beat_one_half(metric: str) -> None:
    chosen = np.array(thresholds(Y, P, metric, always=False))
    half = scorer(metric)(Y, answered(P, np.full(4, 0.5), False))
    assert scorer(metric)(Y, answered(P, chosen, False)) > half


def test_thresholds_lower_a_loss() -> None:
    chosen = np.array(thresholds(Y, P, "hamming_loss", always=False))
    assert scorer("hamming_loss")(Y, answered(P, chosen, False)) < scorer("hamming_loss")(
        Y, answered(P, chosen / 2, False)
    )


def test_where_every_row_has_a_label_one_is_always_answered() -> None:
    y = Y.copy()
    y[y.sum(axis=1) == 0, 0] = 1
    found = decide(y, P, FOLDS, classes=4, metric="f1_samples")
    assert found.decision.always
    said = answered(P, np.array(found.decision.thresholds), True)
    assert said.any(axis=1).all()
    assert found.score == pytest.approx(scorer("f1_samples")(y, said))
    assert not decide(Y, P, FOLDS, classes=4, metric="f1_samples").decision.always


@pytest.mark.parametrize("always", [True, False])
def test_graph_service_and_validation_answer_the_same_labels(always: bool) -> None:
    decision = Decision(thresholds=(0.4, 0.35, 0.3, 0.2), always=always)
    builder = GraphBuilder(4)
    graph = with_answers(builder.model(builder.add("Identity", "x"), 4), decision)
    p = P.astype(np.float32)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    target = Target("t", "class", ("a", "b", "c", "d"), (("a",), ("b",), ("c",), ("d",)), separator="|")
    manifest = Manifest("m", "1", "now", "text_classification", (Column("text", "text"),), target, decision=decision)
    served = answering(manifest).arrays(p).labels
    assert served is not None
    np.testing.assert_array_equal(session.run(["labels"], {"x": p})[0], served == 1)
    np.testing.assert_array_equal(served, answered(p, np.array(decision.thresholds, dtype=np.float32), always))
    first = answering(manifest).objects(p[:1])[0]
    assert first["labels"] == sorted(first["labels"], key=lambda k: -first["probabilities"][k])


def test_an_evaluation_has_each_label_and_an_interval() -> None:
    said = answered(P, np.full(4, 0.4), True)
    found = evaluate(Y, P, metric="f1_samples", labels=("a", "b", "c", "d"), label_index=said, baseline=Y.mean(axis=0))
    assert found.kind == "multilabel"
    assert found.metric.interval is not None
    low, high = found.metric.interval
    assert low <= (found.metric.value or 0) <= high
    assert (found.metric.baseline or 0) < (found.metric.value or 0)
    bare = np.vstack([Y, np.zeros((9 * len(Y), 4))])  # most rows have no label, and never answering is hard to beat
    again = evaluate(
        bare, np.zeros_like(bare), metric="f1_samples", labels=("a", "b", "c", "d"), label_index=bare * 0,
        baseline=bare.mean(axis=0),
    )  # fmt: skip
    assert again.metric.baseline == again.metric.value >= 0.9
    assert [c["support"] for c in found.per_class or []] == Y.sum(axis=0).astype(int).tolist()


def test_a_better_model_is_seen_to_be_better() -> None:
    gain, sure = paired_gain("log_loss", Y, 0.7 * P + 0.3 * Y, P)
    assert gain > 0
    assert sure > 0.99
