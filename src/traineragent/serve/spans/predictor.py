"""A delivered model that marks parts of texts: texts in, entities out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import RowError
from ..codecs.table import shown
from ..manifest import Manifest
from ..served import Field, PlainServed
from .tagger import Found, Tagger

LONGEST = 50_000
"""Characters a text may have."""
NAMED = 20  # columns that a warning names


def open_bundle(folder: Path, manifest: Manifest, threads: int = 1) -> SpanPredictor:
    """The predictor of a bundle whose manifest was read."""
    return SpanPredictor(folder, manifest, threads)


class SpanPredictor(PlainServed):
    """Rows {"text": …} in; {"entities": [{"label", "start", "end", "text", "score"}]} out."""

    page = "try-text"

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        super().__init__(folder, manifest)
        self.tagger = Tagger(folder, dict(manifest.settings), folder / manifest.graph, threads)
        self.column = manifest.columns[0].name

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field(self.column, "BYTES"),)

    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        texts, unknown = self._texts(rows)
        found = self.tagger.find(texts)
        warnings = [f"column {shown(n)!r} is not used by this model and was ignored" for n in sorted(unknown)[:NAMED]]
        return [{"entities": list(_worded(text, f))} for text, f in zip(texts, found, strict=True)], warnings

    def _texts(self, rows: Sequence[Any]) -> tuple[list[str], set[str]]:
        texts: list[str] = []
        unknown: set[str] = set()
        for number, row in enumerate(rows):
            texts.append(self._text(number, row))
            unknown.update(str(k) for k in row if k != self.column)
        return texts, unknown

    def _text(self, number: int, row: Any) -> str:
        """The text of a row. Raises RowError for anything else."""
        if not isinstance(row, Mapping):
            raise RowError(row=number, column=None, expected="an object", got=shown(row), fix=self._fix)
        if self.column not in row:
            raise RowError(row=number, column=self.column, expected="a text", got="nothing", fix=self._fix)
        text = row[self.column]
        if not isinstance(text, str):
            raise RowError(row=number, column=self.column, expected="a text", got=shown(text), fix=self._fix)
        if len(text) > LONGEST:
            most, got = f"at most {LONGEST:,} characters", f"{len(text):,}"
            raise RowError(row=number, column=self.column, expected=most, got=got, fix="send it in parts")
        return text

    @property
    def _fix(self) -> str:
        return f'send {{"{self.column}": "…"}} for each row'

    def form(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "labels": list(dict.fromkeys(t[2:] for t in self.tagger.tags if t != "O")),
            "longest": LONGEST,
        }


def _worded(text: str, found: Sequence[Found]) -> Iterator[dict[str, Any]]:
    for f in found:
        part = text[f.start : f.end]
        yield {"label": f.label, "start": f.start, "end": f.end, "text": part, "score": round(f.score, 4)}
