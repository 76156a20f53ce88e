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
from .codecs.rows import RowCodec
from .graph import Graph
from .inputs.parts import Ragged, Rows
from .manifest import Manifest, read_manifest
from .served import Field, Warn, answered_in_parts, unheeded
from .values import date_like
from .watch import TableWatch

CHUNK = 8192  # rows a run of the graph: bounds memory for wide matrices
RICH_CHUNK = 32  # the same where rows hold texts or pictures


DATATYPES = {"number": "FP64", "boolean": "BOOL"}  # all others are BYTES
MOST_CATEGORIES = 2000  # sent to the form of /try


def open_bundle(folder: Path, manifest: Manifest, threads: int = 1) -> Predictor:
    """The predictor of a bundle whose manifest was read."""
    return Predictor(folder, manifest, threads)


class Predictor:
    """A loaded bundle. `manifest` describes it, `codec` reads rows, `answering` words the answers."""

    page = "try"

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        self.folder, self.manifest = folder, manifest
        self.codec = RowCodec(manifest.columns, manifest.inputs, folder)
        self.graph = Graph(folder / manifest.graph, threads)
        self._chunk = RICH_CHUNK if manifest.inputs else CHUNK
        self.answering = answering(manifest)
        outputs = max(len(manifest.target.labels), 1)
        if (self.graph.features, self.graph.outputs) != (self.codec.width, outputs):
            raise InputError(
                f"{manifest.graph} takes {self.graph.features} features and gives {self.graph.outputs} numbers, but "
                f"bundle.json declares {self.codec.width} and {outputs}; export the bundle again"
            )
        if not self.graph.inputs <= self.codec.tensors:
            unknown = ", ".join(sorted(self.graph.inputs - self.codec.tensors))
            raise InputError(f"{manifest.graph} takes {unknown}, which bundle.json does not declare; export it again")

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
        return tuple(Field(c.name, DATATYPES.get(c.kind, "BYTES")) for c in self.manifest.columns)

    def requests(self, table: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """A row of the table is a row to ask for."""
        return table

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

    def predict(self, rows: Sequence[Mapping[str, Any]], warn: Warn = unheeded) -> list[dict[str, Any]]:
        """The answers of the service, one a row, for any number of rows; `warn` is told each warning once. Raises
        RowError for a row the model cannot take."""
        return answered_in_parts(rows, CHUNK, self._respond, warn)

    def _respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        decoded, warnings = self.codec.decode(rows)
        return self.answering.objects(self.scores(decoded)), warnings

    def answer(self, rows: Sequence[Any]) -> tuple[str, list[str], NDArray[np.float32], NDArray[Any]]:
        """One request: (answers as JSON objects joined by commas, warnings, x, y)."""
        decoded, warnings = self.codec.decode(rows)
        y = self.scores(decoded)
        return self.answering.text(y), warnings, decoded.x, y

    def predict_rows(self, rows: Rows) -> Answers:
        """Answers for decoded rows."""
        return self.answering.arrays(self.scores(rows))

    def scores(self, rows: Rows) -> NDArray[Any]:
        """What the graph gives for decoded rows, shape (rows, outputs). Rows of similar length run together, as all are
        padded to the longest."""
        if len(rows) <= self._chunk:
            return self.graph.run(rows.feeds()) if len(rows) else np.zeros((0, self.graph.outputs), dtype=np.float32)
        order = by_length(rows)
        if order is None:
            chunks = [rows[i : i + self._chunk] for i in range(0, len(rows), self._chunk)]
            return np.concatenate([self.graph.run(c.feeds()) for c in chunks])
        out = np.empty((len(rows), self.graph.outputs), dtype=np.float32)
        for i in range(0, len(rows), self._chunk):
            picked = order[i : i + self._chunk]
            out[picked] = self.graph.run(rows[picked].feeds())
        return out


def by_length(rows: Rows) -> NDArray[np.intp] | None:
    """The rows in the order of their length, or None where all are of one shape."""
    lengths = [part.lengths for part in rows.more.values() if isinstance(part, Ragged)]
    return np.argsort(lengths[-1], kind="stable") if lengths else None
