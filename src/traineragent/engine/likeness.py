"""How like real pictures drawn ones are: asked class, Fréchet distance, variety and copies, by a judge of its own.

The judge learns from real pictures and shares nothing with what draws. It knows nothing of files or models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.svm import SVC

Pixels = NDArray[np.uint8]
Float64 = NDArray[np.float64]

FILTERS, SIDE = 48, 5  # fixed random filters; what they see is edges and texture
GRID = 4  # cells a side in which their answers are averaged
MOST_DIMENSIONS = 48  # of the space in which distributions are compared; fewer where there are few pictures
PIXELS_A_SIDE = 28  # pictures are compared at about this size
COPY_PERCENTILE = 1.0  # of the distances between real pictures: nearer to a training picture than this is a copy
FEWEST_FOR_JUDGE = 2  # classes


@dataclass(frozen=True)
class Likeness:
    """Measured on drawn pictures.

    asked_class  share that the judge takes for the class asked, None where there are no classes
    real_class   the same on real held-out pictures: what a perfect generator would reach
    frechet      distance between drawn and held-out real pictures in the judge's space (Heusel 2017)
    floor        the same between training and held-out real pictures
    diversity    spread within a class beside that of real pictures (1 is the same)
    copied       share nearer to a training picture than real pictures are to one another, beyond chance"""

    asked_class: float | None
    real_class: float | None
    frechet: float
    floor: float
    diversity: float
    copied: float


class Judge:
    """Learned from real pictures uint8 (n, height, width, channels) with class indices `y`, -1 for no classes."""

    def __init__(self, pictures: Pixels, y: NDArray[np.int64], seed: int = 0) -> None:
        self._rng = np.random.default_rng([seed, 5])
        channels = pictures.shape[3]
        filters = self._rng.normal(size=(SIDE * SIDE * channels, FILTERS)).astype(np.float32)
        self._filters = filters - filters.mean(axis=0)
        seen = self._seen(pictures)
        most = max(2, min(MOST_DIMENSIONS, len(pictures) // 4, seen.shape[1]))
        self._space = PCA(most, random_state=seed).fit(seen)
        self._pictures, self._y = pictures, y
        self.classes = int(y.max()) + 1 if len(y) and y.min() >= 0 else 0
        self._says: Any = None
        if len(np.unique(y)) >= FEWEST_FOR_JUDGE and self.classes:
            self._says = SVC(C=10.0, gamma="scale").fit(self._pixels(pictures), y)

    def _seen(self, pictures: Pixels) -> NDArray[np.float32]:
        """Answers of fixed random filters, rectified and averaged in a grid: (n, FILTERS * GRID * GRID)."""
        x = shrunk(pictures)
        windows = np.lib.stride_tricks.sliding_window_view(x, (SIDE, SIDE), axis=(1, 2))[:, ::2, ::2]
        windows = windows.transpose(0, 1, 2, 4, 5, 3)
        n, height, width = windows.shape[:3]
        out = np.empty((n, height, width, FILTERS), dtype=np.float32)
        for i in range(n):
            out[i] = np.maximum(windows[i].reshape(height * width, -1) @ self._filters, 0).reshape(height, width, -1)
        rows = np.array_split(np.arange(height), GRID)
        columns = np.array_split(np.arange(width), GRID)
        cells = [out[:, r[0] : r[-1] + 1, c[0] : c[-1] + 1].mean(axis=(1, 2)) for r in rows for c in columns]
        return np.concatenate(cells, axis=1)

    @staticmethod
    def _pixels(pictures: Pixels) -> NDArray[np.float32]:
        return shrunk(pictures).reshape(len(pictures), -1)

    def names(self, pictures: Pixels) -> NDArray[np.int64]:
        """The class that each picture is taken for."""
        return np.asarray(self._says.predict(self._pixels(pictures)), dtype=np.int64)

    def distance(self, some: Pixels, others: Pixels) -> float:
        """Fréchet distance between two sets of pictures, as Gaussians in the judge's space (Dowson & Landau 1982)."""
        return frechet(self._space.transform(self._seen(some)), self._space.transform(self._seen(others)))

    def likeness(self, drawn: Pixels, asked: NDArray[np.int64], real: Pixels, real_y: NDArray[np.int64]) -> Likeness:
        """Drawn pictures with the class `asked` of each, beside real ones that were held out."""
        asked_class = real_class = None
        if self._says is not None:
            asked_class = float((self.names(drawn) == asked).mean())
            real_class = float((self.names(real) == real_y).mean())
        return Likeness(
            asked_class,
            real_class,
            self.distance(drawn, real),
            self.distance(self._pictures, real),
            self._diversity(drawn, asked),
            self.copied(drawn, real),
        )

    def _diversity(self, drawn: Pixels, asked: NDArray[np.int64]) -> float:
        """Mean spread of a pixel within a class, drawn beside real."""
        shares = []
        for c in np.unique(asked):
            ours, theirs = self._pixels(drawn[asked == c]), self._pixels(self._pictures[self._y == c])
            if len(ours) > 1 and len(theirs) > 1:
                shares.append(float(ours.std(axis=0).mean() / max(float(theirs.std(axis=0).mean()), 1e-6)))
        return float(np.mean(shares)) if shares else float("nan")

    def copied(self, drawn: Pixels, real: Pixels) -> float:
        """Share of drawn pictures nearer to a training picture than all but one in a hundred real held-out ones are."""
        known = self._pixels(self._pictures)
        usual = float(np.percentile(nearest(self._pixels(real), known), COPY_PERCENTILE))
        return float((nearest(self._pixels(drawn), known) < usual).mean())


def shrunk(pictures: Pixels) -> NDArray[np.float32]:
    """Pictures in [0, 1], averaged in blocks down to about PIXELS_A_SIDE, float32 (n, h, w, channels)."""
    block = max(1, min(pictures.shape[1], pictures.shape[2]) // PIXELS_A_SIDE)
    height, width = (s // block * block for s in pictures.shape[1:3])
    x = pictures[:, :height, :width].astype(np.float32) / 255.0
    if block == 1:
        return x
    n, channels = len(x), x.shape[3]
    blocks = x.reshape(n, height // block, block, width // block, block, channels)
    return np.asarray(blocks.mean(axis=(2, 4)), dtype=np.float32)


def nearest(some: NDArray[np.float32], others: NDArray[np.float32]) -> Float64:
    """Euclidean distance from each row to the nearest of the others."""
    squares = (others.astype(np.float64) ** 2).sum(axis=1)
    out = np.empty(len(some))
    for start in range(0, len(some), 256):
        part = some[start : start + 256].astype(np.float64)
        gaps = (part**2).sum(axis=1)[:, None] + squares[None] - 2.0 * part @ others.T.astype(np.float64)
        out[start : start + 256] = np.sqrt(np.maximum(gaps.min(axis=1), 0.0))
    return out


def frechet(a: NDArray[Any], b: NDArray[Any]) -> float:
    """|mean difference|² + trace(A + B - 2 (A B)^½) of two samples' Gaussians."""
    gap = a.mean(axis=0) - b.mean(axis=0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.linalg.eigvals(np.atleast_2d(first) @ np.atleast_2d(second))
    together = np.sqrt(np.maximum(roots.real, 0.0)).sum()
    return float(max(gap @ gap + np.trace(np.atleast_2d(first)) + np.trace(np.atleast_2d(second)) - 2 * together, 0.0))
