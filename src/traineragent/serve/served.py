"""What a loaded bundle must be able to do, whatever its task; the service, batch prediction and Python know no more.

One file a kind of task in `codecs/` defines `open_bundle(folder, manifest, threads)`, which returns one.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError, RowError
from .manifest import Manifest, read_manifest

CODECS = {
    "table": ".predictor",
    "series": ".codecs.series",
    "drawing": ".drawing",
    "spans": ".spans.predictor",
    "grounding": ".grounding.predictor",
}
"""What bundle.json names as its codec -> the module that opens such a bundle."""


@dataclass(frozen=True)
class Field:
    """Something a row may hold, as a tensor of the inference protocol: its name and datatype (BYTES, FP64, …)."""

    name: str
    datatype: str


Warn = Callable[[str], None]


def unheeded(warning: str) -> None:
    """Takes a warning that nobody wants to hear."""


def answered_in_parts(
    rows: Sequence[Any],
    most: int,
    respond: Callable[[Sequence[Any]], tuple[list[dict[str, Any]], list[str]]],
    warn: Warn,
) -> list[dict[str, Any]]:
    """The answers of `respond`, which takes `most` rows at once. Raises RowError that counts among all rows."""
    answers: list[dict[str, Any]] = []
    said: set[str] = set()
    for start in range(0, len(rows), most):
        try:
            found, warnings = respond(rows[start : start + most])
        except RowError as error:
            raise error.moved(start) from None
        answers += found
        for warning in warnings:
            if warning not in said:
                warn(warning)
        said.update(warnings)
    return answers


class Watch(Protocol):
    """Looks at what was read and answered; never costs more than microseconds a request."""

    def add(self, x: Any, y: Any) -> None: ...

    def collect(self) -> Iterator[Any]:
        """Families of Prometheus metrics."""


class Served(Protocol):
    """A delivered model in this process: rows in, answers out. `page` is the name of its page to try it."""

    folder: Path
    manifest: Manifest
    page: str

    @property
    def labels(self) -> tuple[Any, ...]:
        """The labels in class order; empty where there are none."""

    @property
    def fields(self) -> Sequence[Field]:
        """What a row may hold."""

    def requests(self, table: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """The rows to ask for, given the rows of a table in the shape of the training data; mostly the same."""

    def predict(self, rows: Sequence[Mapping[str, Any]], warn: Warn = unheeded) -> list[dict[str, Any]]:
        """The answers of the service, one a row, for any number of rows; `warn` is told each warning once. Raises
        RowError for a row the model cannot take."""

    def answer(self, rows: Sequence[Any]) -> tuple[str, list[str], Any, Any]:
        """One request: (answers as JSON objects joined by commas, warnings, x, y); x and y are for the watch, and x has
        the length of the rows."""

    def watch(self) -> Watch: ...

    def form(self) -> dict[str, Any]:
        """What the page to try it needs to know."""


def open_bundle(bundle: Path | str, threads: int = 1) -> Served:
    """Reads a bundle folder, checking its files. Raises InputError that says what is wrong with it."""
    folder = Path(bundle)
    manifest = read_manifest(folder)
    if manifest.codec not in CODECS:
        raise InputError(f"bundle.json wants the codec {manifest.codec!r}; this server has {', '.join(CODECS)}")
    served: Served = import_module(CODECS[manifest.codec], __package__).open_bundle(folder, manifest, threads)
    return served


class PlainServed(ABC):
    """Base of predictors whose answers are JSON values made one by one; they define `respond`, `fields`, `form`."""

    page = "try"
    most_at_once = 10_000  # rows

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest

    @property
    def labels(self) -> tuple[Any, ...]:
        return self.manifest.target.labels

    @abstractmethod
    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        """(answers, warnings). Raises RowError for a row the model cannot take."""

    def requests(self, table: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return table

    def predict(self, rows: Sequence[Mapping[str, Any]], warn: Warn = unheeded) -> list[dict[str, Any]]:
        return answered_in_parts(rows, self.most_at_once, self.respond, warn)

    def answer(self, rows: Sequence[Any]) -> tuple[str, list[str], Any, Any]:
        answers, warnings = self.respond(rows)
        text = ",".join([json.dumps(a, ensure_ascii=False, allow_nan=False) for a in answers])
        return text, warnings, rows, answers

    def watch(self) -> Watch:
        return Unwatched()


class Unwatched:
    """For answers of which nothing is counted but their number, which the monitor counts itself."""

    def add(self, x: Any, y: Any) -> None:
        return None

    def collect(self) -> Iterator[Any]:
        return iter(())
