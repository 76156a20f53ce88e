"""Judges marked texts: how many entities are right, by label, and what kinds of errors there are.

Takes entities as (label, start, end) and returns plain JSON values; knows nothing of models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..evaluate import Evaluation, MetricValue
from ..intervals import from_resamples
from .scoring import HIT, TRUE, counts, values

Entity = tuple[str, int, int]
DRAWS = 1000
SHOWN_CONFUSIONS = 15
SHOWN_ERRORS = 12
AROUND = 40  # characters shown on either side of an error
METRICS = ("precision", "recall", "f1_macro")


@dataclass(frozen=True)
class Judged:
    """`given`, `true` and `baseline` by text; `known`: wordings of entities that training held, case-folded."""

    texts: Sequence[str]
    given: Sequence[Sequence[Entity]]
    true: Sequence[Sequence[Entity]]
    baseline: Sequence[Sequence[Entity]]
    labels: Sequence[str]
    known: frozenset[str]


def judge(judged: Judged, metric: str, seed: int, quotes: bool) -> tuple[Evaluation, dict[str, Any]]:
    """(evaluation, further findings). `quotes`: pieces of texts may be shown. Intervals: bootstrap over texts."""
    labels = sorted({*judged.labels, *(e[0] for t in judged.true for e in t)})
    number = {label: i for i, label in enumerate(labels)}
    mine, theirs = (
        counts(given, judged.true, len(labels), lambda e: number.get(e[0], -1))
        for given in (judged.given, judged.baseline)
    )
    value, base = values(mine.sum(axis=0)), values(theirs.sum(axis=0))
    intervals = _intervals(mine, seed)
    main = metric if metric in value else "span_f1"
    others = [m for m in ("span_f1", *METRICS) if m != main]
    if main in ("f1", "f1_micro"):
        others.remove("span_f1")
    kinds, pairs = _errors(judged)
    evaluation = Evaluation(
        kind="spans",
        rows=len(judged.texts),
        metric=MetricValue(main, value[main], intervals[main], base[main]),
        others=tuple(MetricValue(m, value[m], intervals[m], base[m]) for m in others),
        labels=tuple(labels),
        confused=[
            {"true": a, "answer": b, "rows": n, "share": n / max(int(mine[:, number[a], TRUE].sum()), 1)}
            for (a, b), n in pairs.most_common(SHOWN_CONFUSIONS)
        ],
        per_class=_per_label(mine.sum(axis=0), labels),
    )
    findings = {
        "entities": int(mine[..., TRUE].sum()),
        "errors": kinds,
        "novelty": _novelty(judged),
        "examples": _examples(judged, seed) if quotes else [],
        "quotes": quotes,
    }
    return evaluation, findings


def _intervals(mine: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    """95 % intervals of all metrics, by drawing texts with replacement."""
    rng = np.random.default_rng(seed)
    texts = len(mine)
    draws = []
    for _ in range(DRAWS if mine.size < 5_000_000 else DRAWS // 5):
        weight = rng.multinomial(texts, np.full(texts, 1 / texts))
        draws.append(values(np.tensordot(weight, mine, axes=1)))
    whole = values(mine.sum(axis=0))
    entities = int(max(mine.sum(axis=(0, 1)).max(), 1))  # answered, or there: each of them can be right or wrong
    return {n: from_resamples(n, whole[n], np.array([d[n] for d in draws]), entities) for n in draws[0]}


def _per_label(total: np.ndarray, labels: Sequence[str]) -> list[dict[str, Any]]:
    out = []
    for i, label in enumerate(labels):
        v = values(total[[i]])
        support = int(total[i, TRUE])
        out.append({"label": label, **{k: v[k] for k in ("precision", "recall", "f1")}, "support": support})
    return sorted(out, key=lambda r: -r["support"])


def _errors(judged: Judged) -> tuple[dict[str, int], Counter[tuple[str, str]]]:
    """How often each kind of error, and (true label, given label) where ends are right or overlap.

    right; label: the ends are right, the label is not; ends: the label is right, the ends are not; both: it overlaps,
    nothing else; missed: nothing was given there; invented: nothing is there."""
    kinds = dict.fromkeys(("right", "label", "ends", "both", "missed", "invented"), 0)
    pairs: Counter[tuple[str, str]] = Counter()
    for given, true in zip(judged.given, judged.true, strict=True):
        right = set(given) & set(true)
        kinds["right"] += len(right)
        loose = [e for e in given if e not in right]
        touched = set()
        for entity in true:
            if entity in right:
                continue
            kind, other = _nearest(entity, loose)
            kinds[kind] += 1
            if other is not None:
                touched.add(other)
                if other[0] != entity[0]:
                    pairs[(entity[0], other[0])] += 1
        kinds["invented"] += sum(e not in touched and not any(_overlap(e, t) for t in true) for e in loose)
    return kinds, pairs


def _overlap(a: Entity, b: Entity) -> bool:
    return a[1] < b[2] and b[1] < a[2]


def _nearest(entity: Entity, loose: Sequence[Entity]) -> tuple[str, Entity | None]:
    near = [e for e in loose if _overlap(e, entity)]
    for kind, fits in (
        ("label", lambda e: e[1:] == entity[1:]),
        ("ends", lambda e: e[0] == entity[0]),
        ("both", lambda e: True),
    ):
        found = next((e for e in near if fits(e)), None)
        if found is not None:
            return kind, found
    return "missed", None


def _novelty(judged: Judged) -> dict[str, dict[str, float]]:
    """Recall on entities whose wording stands in the training texts, and on those that are new."""
    out = {"known": [0, 0], "new": [0, 0]}
    for text, given, true in zip(judged.texts, judged.given, judged.true, strict=True):
        right = set(given)
        for e in true:
            place = out["known" if text[e[1] : e[2]].casefold() in judged.known else "new"]
            place[HIT] += e in right
            place[1] += 1
    return {k: {"entities": n, "recall": hit / n if n else 0.0} for k, (hit, n) in out.items()}


def _examples(judged: Judged, seed: int) -> list[dict[str, Any]]:
    """Some texts with errors, at random: what stood there, what was given."""
    wrong = [i for i, (g, t) in enumerate(zip(judged.given, judged.true, strict=True)) if set(g) != set(t)]
    chosen = np.random.default_rng(seed).permutation(wrong)[:SHOWN_ERRORS].tolist()
    return [_example(judged, i) for i in chosen]


def _example(judged: Judged, i: int) -> dict[str, Any]:
    text, given, true = judged.texts[i], set(judged.given[i]), set(judged.true[i])
    apart = sorted(given ^ true, key=lambda e: e[1])
    start, end = max(apart[0][1] - AROUND, 0), min(apart[-1][2] + AROUND, len(text))
    end = min(end, start + 8 * AROUND)
    return {"text": text[start:end], "true": _inside(true, start, end), "given": _inside(given, start, end)}


def _inside(found: set[Entity], start: int, end: int) -> list[dict[str, Any]]:
    """The entities between two places, counted from the first of these."""
    return [
        {"label": e[0], "start": e[1] - start, "end": e[2] - start}
        for e in sorted(found, key=lambda e: e[1])
        if e[1] >= start and e[2] <= end
    ]


def wordings(texts: Sequence[str], entities: Sequence[Sequence[Entity]]) -> frozenset[str]:
    """The wordings of entities, case-folded."""
    return frozenset(t[e[1] : e[2]].casefold() for t, found in zip(texts, entities, strict=True) for e in found)
