"""What a person gets back in Python: the report of a run, and the delivered model to ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .bundles import bundle_of
from .errors import InputError
from .store.files import read_json
from .store.runfolder import JOURNAL

ANSWERS = ("label", "labels", "value", "values", "entities", "box", "image")
"""Where an answer holds what was asked for, whatever the task."""


class Report(Mapping[str, Any]):
    """A run's report: a mapping with what report.json holds, printable, with the model at hand."""

    def __init__(self, folder: Path, values: Mapping[str, Any]) -> None:
        self.folder, self._values = folder, values

    @classmethod
    def open(cls, folder: Path) -> Report:
        path = folder / "report.json"
        if not (folder / JOURNAL).is_file():
            raise InputError(f"{folder} is no run folder: it holds no {JOURNAL}")
        if not path.is_file():
            raise InputError(f"{folder} holds no report yet; go on with: traineragent resume {folder}")
        return cls(folder, read_json(path))

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def status(self) -> str:
        return str(self._values["status"])

    @property
    def model(self) -> Model:
        return Model.open(self.folder)

    def refine(self, words: str, **options: Any) -> Report:
        """Has the run changed by a follow-up in words ("make it half the size"), reusing all work that still holds;
        returns the new report. `options` as in `traineragent.refine`."""
        refined: Report = import_module(__package__).refine(self.folder, words, **options)
        return refined

    def serve(self, port: int = 8000, host: str = "127.0.0.1", token: str | None = None) -> None:
        """Serves the delivered model until it is stopped."""
        from .serve.server import run_server

        run_server(bundle_of(self.folder), host=host, port=port, token=token)

    def __repr__(self) -> str:
        return f"<Report of {self.folder}: {self.status.replace('_', ' ')}; print it, or look into it by key>"

    def __str__(self) -> str:
        from rich.console import Console

        from .report.terminal import print_summary

        out = StringIO()
        print_summary(dict(self), Console(file=out, width=100, no_color=True))
        return out.getvalue()


class Model:
    """The delivered model, asked in this process through the same code that serves it."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor

    @classmethod
    def open(cls, path: Path) -> Model:
        from .serve.served import open_bundle

        return cls(open_bundle(bundle_of(path)))

    def answers(self, rows: Any) -> list[dict[str, Any]]:
        """The answers of the service, one a row, as in POST /predict."""
        from .data.newer import requests_of

        answers: list[dict[str, Any]] = self._predictor.predict(requests_of(self._predictor, _rows(rows)))
        return answers

    def predict(self, rows: Any) -> np.ndarray:
        """Labels or values, shape (rows,), or tuples of labels; forecasts, shape (rows, steps). `rows`: DataFrame or
        list of dicts."""
        answers = self.answers(rows)
        found = [next(a[k] for k in ANSWERS if k in a) for a in answers]
        lengths = {len(v) if isinstance(v, list) else 0 for v in found}
        if len(lengths) < 2 and not any("labels" in a for a in answers):
            return np.array(found)
        out = np.empty(len(found), dtype=object)  # answers of different lengths
        out[:] = [tuple(v) if isinstance(v, list) else v for v in found]
        return out

    def predict_proba(self, rows: Any) -> np.ndarray:
        """Probabilities, shape (rows, classes), classes in the order of `labels`."""
        answers = self.answers(rows)
        if not self.labels or not all("probabilities" in a for a in answers):
            raise InputError("the answers of this model are no classes, so there are no probabilities; use predict")
        shares = [list(a["probabilities"].values()) for a in answers]
        return np.array(shares, dtype=float).reshape(len(answers), len(self.labels))

    @property
    def labels(self) -> tuple[Any, ...]:
        return tuple(self._predictor.labels)


def _rows(rows: Any) -> Sequence[Mapping[str, Any]]:
    """Raises InputError for what is neither a table nor rows."""
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        clean = rows.astype(object).where(rows.notna(), None)
        return [{str(k): v for k, v in row.items()} for row in clean.to_dict("records")]
    if isinstance(rows, str | bytes | PathLike):
        raise InputError("rows should be a DataFrame or a list of dicts; read a file first, with pandas.read_csv say")
    if isinstance(rows, Mapping) or hasattr(rows, "to_dict"):
        raise InputError("rows should be a DataFrame or a list of dicts; put a single row into a list: [row]")
    if isinstance(rows, np.ndarray) or not isinstance(rows, Iterable):
        kind = type(rows).__name__
        raise InputError(f"rows should be a DataFrame or a list of dicts, whose columns have names, and not {kind}")
    return list(rows)
