"""The typed table survives the disk exactly and refuses to be half there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from traineragent.engine.dataset import TrainingData
from traineragent.errors import TrainerError
from traineragent.serve.manifest import file_sha256


def sample(classes: int = 2) -> TrainingData:
    x = np.array([[1.5, 0, np.nan], [2.5, 1, 3], [np.nan, 2, 1e-30]], dtype=np.float32)
    y = np.array([0.0, 1.0, 1.0])
    folds = np.array([0, 1, -1], dtype=np.int8)
    kinds = ("number", "category", "count")
    return TrainingData(x, y, folds, ("a", "größe", "a b"), kinds, (0, 2, 0), classes, bound=True, positive=0)


@pytest.mark.parametrize("mmap", [True, False])
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, mmap: bool) -> None:
    data = sample()
    data.save(tmp_path)
    again = TrainingData.load(tmp_path, mmap=mmap)
    for name in ("x", "y", "folds"):
        np.testing.assert_array_equal(getattr(again, name), getattr(data, name))
    facts = ("names", "kinds", "levels", "classes", "bound", "positive")
    assert [getattr(again, f) for f in facts] == [getattr(data, f) for f in facts]


def test_saving_names_every_file_with_its_hash(tmp_path: Path) -> None:
    files = sample().save(tmp_path)
    assert set(files) == {p.name for p in tmp_path.iterdir()}
    assert all(file_sha256(tmp_path / name) == digest for name, digest in files.items())


@pytest.mark.parametrize("name", ["x.npy", "y.npy", "folds.npy", "table.json"])
def test_a_lost_file_is_an_error_of_ours_with_a_sentence(tmp_path: Path, name: str) -> None:
    sample().save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(TrainerError, match="cannot be read again"):
        TrainingData.load(tmp_path)


def test_pickled_arrays_are_never_loaded(tmp_path: Path) -> None:
    sample().save(tmp_path)
    np.save(tmp_path / "y.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(TrainerError):
        TrainingData.load(tmp_path)


def test_task_follows_from_the_number_of_classes() -> None:
    assert [sample(k).task for k in (0, 2, 3)] == ["regression", "binary", "multiclass"]
