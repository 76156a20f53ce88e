"""A column of text cells as its distinct values: each text once, how often it occurs, and which row holds which.

All looking is done on distinct values, so half a million rows cost little more than ten thousand. It knows nothing of
what the texts mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..serve.values import as_text, missing_words

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Levels:
    """`codes` (rows,) index into `texts` (distinct,), -1 where missing; `counts` (distinct,) rows of each text.

    Texts are stripped, in order of first appearance; none of them means "no value"."""

    codes: Codes
    texts: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def rows(self) -> int:
        return int(self.codes.shape[0])

    @property
    def present(self) -> int:
        """Rows that hold a value."""
        return int(self.counts.sum())

    @property
    def missing_share(self) -> float:
        return 1.0 - self.present / self.rows if self.rows else 0.0

    @property
    def distinct(self) -> int:
        return len(self.texts)

    @property
    def by_count(self) -> list[tuple[str, int]]:
        """Texts with their counts, most frequent first, then in order of appearance."""
        order = np.argsort(-self.counts, kind="stable")
        return [(self.texts[i], int(self.counts[i])) for i in order]

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """One value a distinct text -> one a row, NaN where missing. Shape (rows,)."""
        return np.append(values, np.nan)[self.codes]

    def take(self, rows: NDArray[np.int64]) -> Levels:
        """The same for some rows only; texts that no longer occur are left out."""
        return _compact(self.codes[rows], self.texts)

    def without(self, texts: Iterable[str]) -> Levels:
        """The same with these texts (compared case-folded) counted as missing."""
        gone = {t.strip().casefold() for t in texts}
        keep = np.array([t.casefold() not in gone for t in self.texts], dtype=bool)
        return _compact(np.where(np.append(keep, False)[self.codes], self.codes, -1), self.texts)


def levels_of(series: pd.Series, missing: tuple[str, ...] = (), *, keep: tuple[str, ...] = ()) -> Levels:
    """Distinct texts of a column. `missing` extends the texts that mean "no value", `keep` takes some out of them."""
    raw, uniques = pd.factorize(series)
    cells = [as_text(u).strip() for u in uniques.tolist()]
    empty = missing_words(missing) - {k.casefold() for k in keep}
    index: dict[str, int] = {}
    place = np.array([-1 if c.casefold() in empty else index.setdefault(c, len(index)) for c in cells] + [-1], np.int32)
    return _compact(place[raw], tuple(index))


def _compact(codes: NDArray[np.int32], texts: tuple[str, ...]) -> Levels:
    """Levels whose texts all occur. The count of texts is kept below the count of rows."""
    counts = np.bincount(codes[codes >= 0], minlength=len(texts)).astype(np.int64)
    if counts.all():
        return Levels(codes.astype(np.int32, copy=False), texts, counts)
    used = np.flatnonzero(counts)
    place = np.full(len(texts) + 1, -1, dtype=np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return Levels(place[codes], tuple(texts[i] for i in used), counts[used])
