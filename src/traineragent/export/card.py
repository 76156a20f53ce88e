"""The model card of a bundle, after Mitchell et al. 2019: what the model is for, how good it is, where it is weak.

Every number in it was measured by code elsewhere and is given in `facts`; what is not known is said or left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..domain.data import ties_rows
from ..knowledge.lexicons import lexicon
from ..knowledge.metrics import formulas
from ..serve.manifest import Manifest
from .interfaces import interface
from .markdown import code, plain, table
from .templates.render import render

_MOST_LABELS = 12  # a larger confusion table is unreadable
_MOST_IMPORTANT = 12
_LOWER_IS_BETTER = frozenset(["ece", "frechet_distance"])  # beside what the lexicon of metrics knows

Facts = Mapping[str, Any]


def model_card(manifest: Manifest, facts: Facts) -> str:
    """The card as Markdown. `facts` as in `document.document`; each key is optional."""
    task = _part(facts, "task")
    verdict = _part(task, "verdict")
    evaluation = _part(facts, "evaluation")
    text = render(
        "MODEL_CARD.md.j2",
        name=manifest.name,
        version=manifest.version,
        date=manifest.created[:10],
        target=manifest.target.name,
        answer_words=interface(manifest).answers(manifest),
        inputs=interface(manifest).inputs(manifest),
        producer=_part(facts, "environment").get("traineragent") or manifest.facts.get("trained_with"),
        glance=_glance(manifest, facts),
        notices=verdict.get("notices") or [],
        request=facts.get("request"),
        worded=_worded(facts),
        not_for=_not_for(verdict, facts),
        quality_words=_quality(facts),
        metrics=_metrics(evaluation, facts),
        confusion=_confusion(evaluation),
        per_class=_per_class(evaluation),
        quality_notes=list(_quality_notes(manifest, evaluation, _part(facts, "graph"))),
        requirements=_requirements(facts.get("requirements") or []),
        weak=[s["words"] for s in facts.get("slices") or [] if s.get("words")],
        weak_none=_no_weakness(facts),
        groups=[g["words"] for g in facts.get("groups") or [] if g.get("words")],
        importance=_importance(facts.get("importance") or []),
        data_lines=list(_data_lines(facts)),
        removed=_removed(facts),
        leaks=_leaks(facts, rows=False),
        ties=_leaks(facts, rows=True),
        ignored=_ignored(task),
        columns=interface(manifest).columns(manifest),
        limits=list(interface(manifest).limits(manifest, evaluation)),
        training=_training(manifest, facts),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


_PARTS = {"use": "Use", "misuse": "Not for", "inputs": "Inputs", "upkeep": "Upkeep"}


def _worded(facts: Facts) -> dict[str, Any] | None:
    """Sentences that a language model worded for this use, said to be so; None without any."""
    words = _part(facts, "words")
    parts = _part(words, "parts")
    lines = [(title, parts[name]) for name, title in _PARTS.items() if parts.get(name)]
    return {"by": words.get("by"), "lines": lines} if lines else None


def _part(facts: Facts, key: str) -> Mapping[str, Any]:
    found = facts.get(key)
    return found if isinstance(found, Mapping) else {}


def number(value: Any) -> str:
    """A measured number for people; a dash where there is none."""
    if not isinstance(value, (int, float)) or value != value:
        return "–"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _range(pair: Any) -> str:
    return f"{number(pair[0])} to {number(pair[1])}" if isinstance(pair, Sequence) and len(pair) == 2 else "–"


# ---------------------------------------------------------------------------------------------- at a glance
def _glance(manifest: Manifest, facts: Facts) -> str:
    score, graph, model = _part(facts, "score"), _part(facts, "graph"), _part(facts, "model")
    rows = [("Task", manifest.task_type.replace("_", " ")), ("Answer", code(manifest.target.name))]
    if score:
        rows.append((f"Score ({code(score.get('name'))})", _score_words(score)))
        rows.append(("Baseline", f"{number(score.get('baseline'))} for always giving the same answer"))
    if model.get("family"):
        rows.append(("Model", _called(model)))
    size = model.get("size_mb", graph.get("size_mb"))
    if size is not None:
        rows.append(("Size", f"{number(size)} MB" if size >= 0.1 else f"{number(size * 1000)} kB"))
    return table(("", ""), rows)


def _called(model: Facts) -> str:
    """A family as people call it."""
    return plain(model.get("title") or str(model.get("family")).replace("_", " "))


def _score_words(score: Facts) -> str:
    return f"**{number(score.get('value'))}**, 95 % interval {_range(score.get('interval'))}"


def _not_for(verdict: Facts, facts: Facts) -> list[str]:
    lines = ["Not for rows of another kind or another time without measuring again: see the limits below."]
    if facts.get("groups") or str(verdict.get("class", "")).startswith(("high_risk", "sensitive")):
        lines.append("Not for decisions about people that nobody looks at: its answers are one piece of evidence.")
    lines.append("Not a statement of causes: what goes together in the data need not follow when something is changed.")
    return lines


# ---------------------------------------------------------------------------------------------- quality
def _quality(facts: Facts) -> str:
    score = _part(facts, "score")
    if not score:
        return "It was not measured on held-out rows."
    looks = score.get("looks", 1)
    again = "" if looks == 1 else f" They have been looked at {looks} times by now, so the number may flatter a little."
    return (
        f"Measured on {number(score.get('rows'))} rows that were set aside before anything else was done, "
        f"through this very graph.{again}"
    )


def _metrics(evaluation: Facts, facts: Facts) -> str:
    main = _part(evaluation, "metric") or _part(facts, "score")
    found = [main, *(evaluation.get("others") or [])] if main else []
    named = _part(facts, "task").get("metrics") or []
    stated = any(m.get("stated") and m.get("name") == main.get("name") for m in named)
    rows = [
        (
            code(m.get("name")) + ("" if i or not stated else " (asked for)"),
            number(m.get("value")),
            _range(m.get("interval")),
            number(m.get("baseline")),
            _better(m.get("name")),
        )
        for i, m in enumerate(found)
        if m.get("value") is not None
    ]
    return table(("Metric", "Value", "95 % interval", "Baseline", "Better"), rows, right=(1, 2, 3))


def _better(name: Any) -> str:
    """Which way a metric is better; one that is a formula says so in its file."""
    own = formulas().get(str(name))
    way = own.direction if own else lexicon("metrics").get(str(name), {}).get("direction")
    return "lower" if way == "minimize" or name in _LOWER_IS_BETTER else "higher"


def _confusion(evaluation: Facts) -> str:
    counts, labels = evaluation.get("confusion"), evaluation.get("labels") or []
    if not counts or len(labels) > _MOST_LABELS:
        return ""
    rows = [(code(label), *(f"{n:,}" for n in row)) for label, row in zip(labels, counts, strict=True)]
    return table(("Truth", *(code(v) for v in labels)), rows, right=range(1, len(labels) + 1))


def _per_class(evaluation: Facts) -> str:
    classes = evaluation.get("per_class") or []
    if len(classes) > 4 * _MOST_LABELS:
        classes = sorted(classes, key=lambda c: c.get("f1") or 0.0)[: 2 * _MOST_LABELS]
    rows = [
        (code(c["label"]), *(number(c.get(k)) for k in ("precision", "recall", "f1")), f"{c.get('support', 0):,}")
        for c in classes
    ]
    return table(("Class", "Precision", "Recall", "F1", "Rows"), rows, right=(1, 2, 3, 4))


def _chosen(graph: Facts) -> str:
    """Why the threshold is where it is, as it was decided; nothing where that is not known."""
    why = next((w for w in graph.get("why") or () if w.startswith("from ") and " on: " in w), "")
    return f": {plain(why.partition(' on: ')[2])}" if why else ""


def _quality_notes(manifest: Manifest, evaluation: Facts, graph: Facts) -> Iterable[str]:
    threshold, positive = manifest.decision.threshold, manifest.target.positive
    if threshold is not None and positive is not None:
        label = code(manifest.target.labels[positive])
        yield f"{label} is answered from a probability of {number(threshold)} on{_chosen(graph)}."
    calibration = _part(evaluation, "calibration")
    if calibration.get("ece") is not None:
        yield f"Stated probabilities are off by {calibration['ece']:.2g} on average (expected calibration error)."
    residuals = _part(evaluation, "residuals")
    spread = _part(residuals, "quantiles")
    if spread:
        yield (
            f"Half of the errors lie between {number(spread.get('0.25'))} and {number(spread.get('0.75'))}, "
            f"nine in ten between {number(spread.get('0.05'))} and {number(spread.get('0.95'))}."
        )
    interval = _part(residuals, "interval")
    if interval:
        yield (
            f"Intervals promise to hold the truth in {interval['goal']:.0%} of cases and did in "
            f"{interval['coverage']:.1%}; half of them are at most {number(interval.get('median_width'))} wide."
        )


def _requirements(found: Sequence[Facts]) -> str:
    rows = [
        (
            code(r.get("name")),
            f"{'at most' if r.get('direction') == '<=' else 'at least'} {number(r.get('limit'))}",
            number(r.get("measured")),
            "met" if r.get("met") else "**not met**",
            plain(r.get("stated_as") or ""),
        )
        for r in found
    ]
    return table(("Limit", "Wanted", "Measured", "Result", "In the words"), rows, right=(2,))


def _no_weakness(facts: Facts) -> str:
    if "slices" not in facts:
        return "It was not looked for."
    return (
        "No value or range of a column stands out with significantly larger errors than the rest of the held-out rows."
    )


def _importance(found: Sequence[Facts]) -> str:
    rows = [
        (code(i.get("column")), number(i.get("drop")), f"± {number(i.get('std'))}")
        for i in sorted(found, key=lambda i: -(i.get("drop") or 0.0))[:_MOST_IMPORTANT]
    ]
    return table(("Column", "Loss of score", "Spread"), rows, right=(1, 2))


# ---------------------------------------------------------------------------------------------- data
def _data_lines(facts: Facts) -> Iterable[str]:
    data, split = _part(facts, "data"), _part(facts, "split") or _part(_part(facts, "data"), "holdout")
    for file in data.get("files") or []:
        name = PurePath(str(file.get("name") or file.get("path") or "")).name
        if name:
            rows = f", {number(file['rows'])} rows" if file.get("rows") is not None else ""
            yield f"From {code(name)}{rows}."
    if data.get("rows_read") is not None:
        yield f"{number(data['rows_read'])} rows were read, {number(data.get('rows_used'))} used."
    if split.get("train_rows") is not None:
        how = f" ({plain(split['how'])})" if split.get("how") else ""
        yield f"{number(split['train_rows'])} rows to learn from, {number(split.get('holdout_rows'))} held back{how}."
    for warning in data.get("warnings") or _part(facts, "profile").get("warnings") or []:
        yield plain(warning)
    if not data and not split:
        yield "Nothing more is known here about the data."


def _removed(facts: Facts) -> str:
    found = _part(facts, "data").get("removed") or _part(facts, "split").get("removed") or []
    rows = [(plain(r.get("what")), number(r.get("rows")), plain(r.get("why"))) for r in found]
    return table(("Rows taken out", "Rows", "Why"), rows, right=(1,))


def _leaks(facts: Facts, rows: bool) -> str:
    """What was found of columns that give the answer away, or of how `rows` hang together."""
    found = _part(facts, "profile").get("leaks") or _part(facts, "data").get("leaks") or []
    mine = [leak for leak in found if ties_rows(leak) == rows]
    lines = [(code(leak.get("column")), plain(leak.get("evidence")), plain(leak.get("action"))) for leak in mine]
    return table(("Column", "Evidence", "What was done"), lines)


def _ignored(task: Facts) -> str:
    found = _part(task, "data_info").get("ignored") or []
    return table(("Column", "Why"), [(code(i.get("column")), plain(i.get("why"))) for i in found])


# ---------------------------------------------------------------------------------------------- limits and making
def _training(manifest: Manifest, facts: Facts) -> str:
    model, graph, environment = _part(facts, "model"), _part(facts, "graph"), _part(facts, "environment")
    rows: list[tuple[str, str]] = []
    members = model.get("ensemble_of") or []
    if len(members) > 1:
        shown = ", ".join(f"{_called(m)} {number(m.get('weight'))}" for m in members[:10])
        rows.append(("Ensemble of", shown + (f" and {len(members) - 10} more" if len(members) > 10 else "")))
    if model.get("why"):
        rows.append(("Why this one", plain(model["why"])))
    parameters = model.get("parameters", graph.get("parameters"))
    if parameters:
        rows.append(("Numbers in the graph", number(parameters)))
    parity = model.get("parity", graph.get("parity_max"))
    if parity is not None:
        rows.append(("Largest difference from the trained model", f"{parity:.1e} on real rows"))
    if environment.get("seed") is not None:
        rows.append(("Seed", str(environment["seed"])))
    total = _part(environment, "seconds").get("total")
    if total is not None:
        rows.append(("Time", f"{number(total)} s of work"))
    packages = _part(environment, "packages")
    if packages:
        rows.append(("Made with", ", ".join(f"{plain(k)} {plain(v)}" for k, v in packages.items())))
    digest = manifest.files.get(manifest.graph) or next(iter(manifest.files.values()), "")
    rows.append(("Checksum of the model", code(digest[:16] + " …")))
    return table(("Fact", "Value"), rows)
