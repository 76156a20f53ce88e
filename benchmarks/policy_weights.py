"""Learns what the ideas of the policy weigh, from wordings that were declined or served, and how far that carries.

    python benchmarks/policy_weights.py [--write]

Logistic regression with a ridge penalty over which ideas are said; the wordings are those of policy_wordings.yaml and
of the tests. Prints the share caught and the share refused in five folds. It knows nothing of how rules combine ideas.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from traineragent.knowledge.lexicons import lexicon
from traineragent.language.policy import judge_reading
from traineragent.language.reading import Reading

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "src/traineragent/knowledge/policy/weights.yaml"
LEAST = 0.97
"""The least probability of being declined at which a rule with one role unheard counts as meant."""
DOUBTED = 0.05
"""The probability of being declined below which the roles of a rule of conduct are taken to have met by chance."""
PENALTY = 1.0
HEAD = """\
# What the ideas of the policy weigh in a request where a rule lacks one of its roles: logarithms of odds, learned
# by benchmarks/policy_weights.py. least: the sum from which on such a request is declined; doubted: the sum below which
# the roles of a rule met by chance, so that it does not count although all of them are said.
"""


def wordings() -> list[tuple[str, bool]]:
    """Each request once, with whether it is declined for what it is about."""
    books = [HERE / "policy_wordings.yaml", *sorted((HERE.parent / "tests/language/verdicts").glob("*.yaml"))]
    out: dict[str, bool] = {}
    for path in books:
        book = yaml.safe_load(path.read_text(encoding="utf-8"))
        for kind in ("decline", "notice", "serve"):
            for words in map(str, book.get(kind) or ()):
                if kind != "decline" or _of_conduct(words, path.name):
                    out[words] = kind == "decline"
    return list(out.items())


def _of_conduct(words: str, book: str) -> bool:
    """The tests also decline what is beyond anybody's power; that is no matter of conduct and left out."""
    if book == "policy_wordings.yaml":
        return True
    verdict = judge_reading(Reading.of(words), "", (), by_wording=False)
    return verdict.policy_class.split(":")[0] in ("harmful", "unlawful")


def ideas_of_conduct() -> list[str]:
    """Ideas in the rules of conduct and in those that give a notice."""
    book = lexicon("rules", "policy")
    rules = [r for r in book["decline"] if r["class"] in ("harmful", "unlawful")] + list(book["notice"])
    return sorted({i for r in rules for line in [*r.get("when", ()), r.get("unless", ())] for i in line})


def said(texts: list[str], ideas: list[str]) -> NDArray[np.float64]:
    """1 where a text (row) says an idea (column)."""
    table = lexicon("ideas", "policy")
    readings = [Reading.of(text) for text in texts]
    return np.array([[float(r.has(table[idea])) for idea in ideas] for r in readings])


def model() -> Any:
    return LogisticRegression(C=PENALTY, max_iter=5000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights")
    rows, ideas = wordings(), ideas_of_conduct()
    x, y = said([text for text, _ in rows], ideas), np.array([bad for _, bad in rows])
    p = np.zeros(len(y))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        p[test] = model().fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    print(f"{y.sum()} declined, {(~y).sum()} served, {len(ideas)} ideas")
    for least in (DOUBTED, 0.4, 0.5, 0.6, 0.7):
        print(f"at {least}: {(p[y] > least).mean():.1%} of the declined, {(p[~y] > least).mean():.1%} of the served")
    if parser.parse_args().write:
        fitted = model().fit(x, y)
        weights = {i: round(float(w), 2) for i, w in zip(ideas, fitted.coef_[0], strict=True) if abs(w) >= 0.05}
        least, doubted = (round(float(np.log(p / (1 - p)) - fitted.intercept_[0]), 2) for p in (LEAST, DOUBTED))
        book = {"least": least, "doubted": doubted, "ideas": weights}
        body = yaml.safe_dump(book, sort_keys=False, allow_unicode=True)
        WEIGHTS.write_text(HEAD + body, encoding="utf-8")


if __name__ == "__main__":
    main()
