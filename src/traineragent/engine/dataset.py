"""The typed training table that trials learn from: one float32 matrix with folds, saved without pickle, and beside it
the rich inputs (texts, pictures) with the views that may be had of them.

It knows nothing of raw values or column names' meaning; `serve/codecs/rows.py` makes the rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.data import FeatureKind, RichInput, ViewSpec
from ..errors import TrainerError
from ..export.derived import Derived, derived_from_json, derived_to_json, extend
from ..serve.inputs.parts import Part, Rows, part_of
from ..serve.manifest import file_sha256

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingData:
    """Rows ready for learning. Hold-out rows are never in here.

    x        float32 (rows, features); NaN is missing; a category is its index, `levels[j]` for "another value"
    y        float64 (rows,): class index, or value; (rows, classes) of 0 and 1 where a row may have several labels
    folds    int8 (rows,): validation fold of each row, -1 for rows that are only trained on
    kinds    meaning of each feature; `levels[j]` is its number of categories, 0 if it is no category
    classes  number of classes, 0 for regression
    positive index of the positive class of a binary task
    bound    rows belong to groups or follow time, so folds may not be drawn again
    derived  features made of typed ones; they are the last columns of x, and the served graph derives them itself
    inputs   rich inputs, whose rows are in `more`, by name; their side files lie in `folder`
    views    what can be seen of them as numbers; made in `folder` when a candidate first asks, see `views.py`
    """

    x: Float32
    y: Float64
    folds: NDArray[np.int8]
    names: tuple[str, ...]
    kinds: tuple[FeatureKind, ...]
    levels: tuple[int, ...]
    classes: int
    bound: bool = False
    positive: int = 1
    derived: tuple[Derived, ...] = ()
    inputs: tuple[RichInput, ...] = ()
    views: tuple[ViewSpec, ...] = ()
    more: Mapping[str, Part] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        rows, features = self.x.shape
        assert self.y.shape in ((rows,), (rows, self.classes)), (self.y.shape, rows, self.classes)
        assert self.folds.shape == (rows,), (self.folds.shape, rows)
        assert all(len(part) == rows for part in self.more.values()), {n: len(p) for n, p in self.more.items()}
        assert len(self.names) == len(self.kinds) == len(self.levels) == features, (len(self.names), features)

    @property
    def rows(self) -> int:
        return int(self.x.shape[0])

    @property
    def typed(self) -> int:
        """Number of features that the codec makes: all but the derived ones."""
        return int(self.x.shape[1]) - len(self.derived)

    def extended(self, typed: Float32) -> Float32:
        """What models read, (rows, features), of what the codec makes, (rows, typed)."""
        return extend(typed, self.derived)

    def rows_at(self, which: Any) -> Rows:
        """Rows as the served graph takes them: typed columns and rich inputs."""
        x = np.ascontiguousarray(self.x[which, : self.typed])
        return Rows(x, {name: part[which] for name, part in self.more.items()})

    @property
    def several(self) -> bool:
        """Whether a row may have several labels."""
        return self.y.ndim == 2

    @property
    def class_rows(self) -> NDArray[np.int64]:
        """Rows of each class, (classes,)."""
        if self.several:
            return np.asarray(self.y.sum(axis=0), dtype=np.int64)
        return np.bincount(self.y.astype(np.int64), minlength=self.classes)

    @property
    def task(self) -> str:
        """ "regression", "binary", "multiclass" or "multilabel"."""
        if self.several:
            return "multilabel"
        return "regression" if self.classes == 0 else "binary" if self.classes == 2 else "multiclass"

    def save(self, folder: Path) -> dict[str, str]:
        """Writes x.npy, y.npy, folds.npy, table.json and inputs/NAME.*.npy; returns file name -> sha256."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("x", "y", "folds"):
            np.save(folder / f"{name}.npy", np.ascontiguousarray(getattr(self, name)), allow_pickle=False)
        facts = {
            "names": self.names,
            "kinds": self.kinds,
            "levels": self.levels,
            "classes": self.classes,
            "bound": self.bound,
            "positive": self.positive,
            "derived": [derived_to_json(d) for d in self.derived],
            "inputs": [asdict(i) for i in self.inputs],
            "views": [asdict(v) for v in self.views],
        }
        written = self._save_inputs(folder)
        (folder / "table.json").write_text(json.dumps(facts), encoding="utf-8")
        return {name: file_sha256(folder / name) for name in ("x.npy", "y.npy", "folds.npy", "table.json", *written)}

    def _save_inputs(self, folder: Path) -> list[str]:
        written = []
        for name, part in self.more.items():
            (folder / "inputs").mkdir(exist_ok=True)
            for what, array in part.arrays().items():
                written.append(f"inputs/{name}.{what}.npy")
                np.save(folder / written[-1], array, allow_pickle=False)
        return written

    @classmethod
    def load(cls, folder: Path, mmap: bool = True) -> TrainingData:
        """Reads what `save` wrote; `mmap` maps the matrix instead of copying it. Raises TrainerError if one is lost."""
        try:
            facts = json.loads((folder / "table.json").read_text(encoding="utf-8"))
            x = np.load(folder / "x.npy", mmap_mode="r" if mmap else None, allow_pickle=False)
            y, folds = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("y", "folds"))
            inputs = tuple(RichInput(**_tuples(i)) for i in facts.get("inputs", ()))
            more = {i.name: _opened(folder, i.name, mmap) for i in inputs}
        except (OSError, ValueError) as error:
            raise TrainerError(f"the prepared training data cannot be read again: {error}") from error
        names, kinds, levels = tuple(facts["names"]), tuple(facts["kinds"]), tuple(facts["levels"])
        derived = tuple(derived_from_json(d) for d in facts.get("derived", ()))
        positive = facts.get("positive", 1)
        return cls(
            x, y, folds, names, kinds, levels, facts["classes"], facts["bound"], positive, derived,
            inputs, tuple(ViewSpec(**_tuples(v)) for v in facts.get("views", ())), more, folder,
        )  # fmt: skip


def _opened(folder: Path, name: str, mmap: bool) -> Part:
    """The rows of an input, mapped."""
    found = {}
    for path in sorted((folder / "inputs").glob(f"{name}.*.npy")):
        found[path.name.split(".")[-2]] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    return part_of(found)


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
