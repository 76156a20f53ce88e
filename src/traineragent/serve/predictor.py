"""A delivered model of tables in this process: rows in, answers out. The one code path of the service, of batch
prediction and of the measurement on the hold-out. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .answers import Answers, answering
from .codecs.table import TableCodec
from .graph import Graph
from .manifest import Manifest, read_manifest
from .served import Field
from .values import date_like
from .watch import TableWatch

CHUNK = 8192  # rows a run of the graph: bounds memory for wide matrices


DATATYPES = {"number": "FP64", "boolean": "BOOL", "category": "BYTES", "date": "BYTES", "text": "BYTES"}
MOST_CATEGORIES = 2000  # sent to the form of /try


def open_bundle(folder: Path, manifest: Manifest, threads: int = 1) -> Predictor:
    """The predictor of a bundle whose manifest was read."""
    return Predictor(folder, manifest, threads)


class Predictor:
    """A loaded bundle. `manifest` describes it, `codec` reads rows, `answering` words the answers."""

    page = "try"

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        self.folder, self.manifest = folder, manifest
        self.codec = TableCodec(manifest.columns)
        self.graph = Graph(folder / manifest.graph, threads)
        self.answering = answering(manifest)
        outputs = max(len(manifest.target.labels), 1)
        if (self.graph.features, self.graph.outputs) != (self.codec.width, outputs):
            raise InputError(
                f"{manifest.graph} takes {self.graph.features} features and gives {self.graph.outputs} numbers, but "
                f"bundle.json declares {self.codec.width} and {outputs}; export the bundle again"
            )

    @classmethod
    def load(cls, bundle: Path | str, threads: int = 1) -> Predictor:
        """Reads a bundle folder, checking its files. Raises InputError that says what is wrong with it."""
        folder = Path(bundle)
        return cls(folder, read_manifest(folder), threads)

    @property
    def labels(self) -> tuple[Any, ...]:
        """The labels in class order; empty for regression."""
        return self.manifest.target.labels

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns of a row."""
        return tuple(Field(c.name, DATATYPES[c.kind]) for c in self.manifest.columns)

    def watch(self) -> TableWatch:
        """Counts missing, unknown and out-of-range values, and what is answered."""
        return TableWatch(self.manifest, self.answering)

    def form(self) -> dict[str, Any]:
        """What the form of /try needs to know."""
        m = self.manifest
        return {
            "target": m.target.name,
            "unit": m.target.unit,
            "kind": m.target.kind,
            "coverage": m.interval.coverage if m.interval else None,
            "columns": [
                {
                    "name": c.name,
                    "kind": c.kind,
                    "integer": c.integer,
                    "categories": c.categories[:MOST_CATEGORIES],
                    "words": [*c.true_words[:1], *c.false_words[:1]],
                    "formats": [date_like(f) for f in c.date_formats],
                    "years": c.years,
                    "nullable": c.nullable,
                    "low": c.low,
                    "high": c.high,
                }
                for c in m.columns
            ],
        }

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers of the service, one a row. Raises RowError for a row the model cannot take."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(rows), CHUNK):
            x, _ = self.codec.decode(rows[start : start + CHUNK])
            answers += self.answering.objects(self.graph.run(x))
        return answers

    def answer(self, rows: Sequence[Any]) -> tuple[str, list[str], NDArray[np.float32], NDArray[Any]]:
        """One request: (answers as JSON objects joined by commas, warnings, x, y)."""
        x, warnings = self.codec.decode(rows)
        y = self.scores(x)
        return self.answering.text(y), warnings, x, y

    def predict_frame(self, columns: Mapping[str, Any]) -> Answers:
        """Answers for whole columns as arrays: for scoring many rows. Values no service would take count as missing."""
        return self.predict_matrix(self.codec.encode_frame(columns))

    def predict_matrix(self, x: NDArray[np.float32]) -> Answers:
        """Answers for typed rows, shape (rows, features)."""
        return self.answering.arrays(self.scores(x))

    def scores(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """What the graph gives for typed rows, shape (rows, outputs)."""
        if len(x) <= CHUNK:
            return self.graph.run(x) if len(x) else np.zeros((0, self.graph.outputs), dtype=np.float32)
        return np.concatenate([self.graph.run(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)])
