"""Learns how requests are worded that are declined, and how far that carries to wordings that were not learned from.

    python benchmarks/wording_weights.py [--write]

Logistic regression with a ridge penalty over hashed words and pieces of words; the wordings are those of
`policy_weights.py` and of wordings/*.yaml, many of which differ from their harmless neighbours in little. Prints, in
five folds and at several probabilities, the share of the declined that is caught, and of the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from policy_weights import HERE, wordings
from traineragent.language.wording import BUCKETS, FILE, Float64, WordingModel, hashed, rarity_of

OUT = HERE.parent / "src/traineragent/knowledge/policy" / FILE
PENALTY = 10.0
FIRM = 4.0
"""What a wording counts that a test decides, or that is short."""
SHOWN = (0.08, 0.12, 0.5, 0.7, 0.8, 0.86, 0.9, 0.95)


def labelled() -> dict[str, bool]:
    """Each request once, with whether it is declined for what it is about."""
    out = dict(wordings())
    for path in sorted((HERE / "wordings").glob("*.yaml")):
        out |= listed(path)
    return out


def listed(path: Path) -> dict[str, bool]:
    """The wordings of a file of lists, with whether they are declined."""
    book = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {str(words): key == "decline" for key, words_of in book.items() for words in words_of}


def matrix(model: WordingModel, texts: Sequence[str]) -> csr_matrix:
    """(texts, BUCKETS)."""
    rows = [model.row(hashed(text)) for text in texts]
    ends = np.cumsum([0, *(len(place) for place, _ in rows)])
    values, places = (np.concatenate([row[i] for row in rows]) for i in (1, 0))
    return csr_matrix((values, places, ends), (len(texts), BUCKETS))


def fitted(x: csr_matrix, y: NDArray[np.bool_], weight: Float64) -> LogisticRegression:
    return LogisticRegression(C=PENALTY, max_iter=3000, class_weight="balanced").fit(x, y, sample_weight=weight)


def show(x: csr_matrix, y: NDArray[np.bool_], weight: Float64) -> None:
    p = np.zeros(len(y))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        p[test] = fitted(x[train], y[train], weight[train]).predict_proba(x[test])[:, 1]
    print(f"{y.sum()} declined, {(~y).sum()} not; AUC {roc_auc_score(y, p):.3f}")
    for least in SHOWN:
        print(f"at {least}: {(p[y] >= least).mean():.1%} of the declined, {(p[~y] >= least).mean():.2%} of the others")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights")
    asked = parser.parse_args()
    book = labelled()
    texts, declined = list(book), np.array(list(book.values()))
    empty = WordingModel(rarity_of(map(hashed, texts), len(texts)), np.zeros(BUCKETS), 0.0)
    x = matrix(empty, texts)
    firm = {words for words, _ in wordings()} | set(listed(HERE / "wordings/short.yaml"))
    weight = np.array([FIRM if words in firm else 1.0 for words in texts])
    show(x, declined, weight)
    if asked.write:
        found = fitted(x, declined, weight)
        model = WordingModel(empty.rarity, found.coef_[0], float(found.intercept_[0]))
        np.savez_compressed(OUT, **model.quantized())
        print(f"{OUT.name}: {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
