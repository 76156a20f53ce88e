"""What is known of steps ahead beside the series itself (holidays, promotions, planned prices), and what it does.

A covariate is read from raw values as numbers; their effects are added up to one number a step. That number is taken
out of the past before a formula or a graph forecasts, and put back for the steps ahead (dynamic regression, Hyndman &
Athanasopoulos 2021, chapter 10). Knows nothing of requests or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...domain.data import NumberFormat
from ..values import as_text, is_missing, is_null, parse_number, within32

Float64 = NDArray[np.float64]
FAR = 4.0  # deviations: what lies further from the middle is taken to lie there
LARGEST = 3.0  # of the effects of a step together, on logarithms or in sizes of the series


@dataclass(frozen=True)
class Covariate:
    """One column. "number": (value - middle) / spread, and its square where `bent`; "flag": 0 or 1, or the share of the
    rows of a moment between; "level": one number, 0 or 1, for each of `levels`. `base`: the level that none of them
    stands for; an empty value where `blank`, as in a column that names holidays and nothing on other days."""

    name: str
    kind: Literal["number", "flag", "level"]
    middle: float = 0.0
    spread: float = 1.0
    bent: bool = False
    levels: tuple[str, ...] = ()
    base: str = ""
    blank: bool = False
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    number: NumberFormat = field(default_factory=NumberFormat)

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Covariate:
        written = raw["number"]
        number = NumberFormat(**{**written, "affixes": tuple(written["affixes"])})
        lists = {k: tuple(raw[k]) for k in ("levels", "true_words", "false_words")}
        return Covariate(**{**raw, **lists, "number": number})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def width(self) -> int:
        return len(self.levels) if self.kind == "level" else 1 + self.bent

    @property
    def labels(self) -> tuple[str, ...]:
        """What each number is, for people."""
        if self.kind == "level":
            return tuple(f"{self.name} = {level}" for level in self.levels)
        return (self.name, f"{self.name}, squared") if self.bent else (self.name,)

    @property
    def expected(self) -> str:
        """What a value looks like, for people."""
        if self.kind == "level":
            named = ", ".join(map(repr, self.levels if self.blank else (self.base, *self.levels)))
            return f"one of {named}, or nothing" if self.blank else f"one of {named}"
        return "yes or no, or a share from 0 to 1" if self.kind == "flag" else "a number"

    def read(self, value: Any) -> Float64 | None:
        """The numbers (width,) of a raw value; None where it holds none. Raises ValueError where it makes no sense."""
        if is_null(value) or (isinstance(value, str) and is_missing(value)):
            return np.zeros(self.width) if self.blank else None
        text = as_text(value).strip()
        if self.kind == "level":
            if text != self.base and text not in self.levels:
                raise ValueError(text)
            return np.array([float(text == level) for level in self.levels])
        if self.kind == "flag" and text.casefold() in (*self.true_words, *self.false_words):
            return np.array([float(text.casefold() in self.true_words)])
        plain = isinstance(value, (int, float)) and (self.kind == "flag" or not isinstance(value, bool))
        found = within32(value if plain else parse_number(text, self.number))
        if found is None or (self.kind == "flag" and not 0.0 <= found <= 1.0):
            raise ValueError(text)
        if self.kind == "flag":
            return np.array([found])
        z = min(max((found - self.middle) / self.spread, -FAR), FAR)
        return np.array([z, z * z - 1.0]) if self.bent else np.array([z])


@dataclass(frozen=True)
class Effects:
    """Covariates with what each of their numbers does: `beta` (numbers,) on logarithms where `log`, else in sizes of
    the series. `typical` (season, numbers): what they mostly are at each place of the season, where nothing is known;
    steps are counted as on the time axis."""

    covariates: tuple[Covariate, ...]
    beta: Float64
    typical: Float64
    log: bool

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Effects:
        covariates = tuple(Covariate.from_json(c) for c in raw["covariates"])
        beta, typical = np.asarray(raw["beta"], dtype=np.float64), np.asarray(raw["typical"], dtype=np.float64)
        return Effects(covariates, beta, typical.reshape(len(typical), len(beta)), bool(raw["log"]))

    def to_json(self) -> dict[str, Any]:
        return {
            "covariates": [c.to_json() for c in self.covariates],
            "beta": [float(f"{b:.6g}") for b in self.beta],
            "typical": [[float(f"{v:.6g}") for v in row] for row in self.typical],
            "log": self.log,
        }

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.covariates)

    def numbers(self, row: Mapping[str, Any], step: int) -> Float64:
        """The numbers of one step (numbers,); typical ones where a covariate is not there. Raises ValueError with the
        covariate and the text that makes no sense."""
        out: Float64 = self.typical[step % len(self.typical)].copy()
        place = 0
        for covariate in self.covariates:
            try:
                found = covariate.read(row[covariate.name]) if covariate.name in row else None
            except ValueError as error:
                raise ValueError(covariate, str(error)) from None
            if found is not None:
                out[place : place + covariate.width] = found
            place += covariate.width
        return out

    def of(self, numbers: Float64) -> Float64:
        """What numbers (steps, numbers) do, (steps,)."""
        return np.asarray(np.clip(numbers @ self.beta, -LARGEST, LARGEST))

    def usual(self, first: int, count: int) -> Float64:
        """What steps without anything known do, (count,)."""
        return self.of(self.typical[(first + np.arange(count)) % len(self.typical)])


def sizes(y: Float64, season: int) -> Float64:
    """How large each series (series, time) is: the mean absolute value of its newest three seasons; never 0."""
    recent = y[:, -effect_window(season) :]
    return np.asarray(np.maximum(np.abs(recent).mean(axis=1), 1e-12))


def effect_window(season: int) -> int:
    """The newest values that say how large a series is."""
    return max(3 * season + 1, 30)


def taken_out(y: Float64, effects: Float64, log: bool, size: Float64) -> Float64:
    """Values without the effects of their steps, both (series, time); `size` (series,)."""
    return y * np.exp(-effects) if log else y - size[:, None] * effects


def put_back(said: Float64, effects: Float64, log: bool, size: Float64) -> Float64:
    """Forecasts with the effects of their steps, both (series, horizon)."""
    return said * np.exp(effects) if log else said + size[:, None] * effects


def example_of(covariate: Covariate) -> Any:
    """A plain value of a covariate."""
    if covariate.kind == "level":
        return covariate.base
    return 0 if covariate.kind == "flag" else float(f"{covariate.middle:.3g}")
