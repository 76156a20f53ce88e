"""Which files of a hub's repository are the data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hub import allow_asking, hub
from traineragent.data.hubdata import data_files
from traineragent.data.reading import read_table
from traineragent.errors import InputError
from traineragent.store.hub import Repository

pytest.importorskip("huggingface_hub")


@pytest.mark.parametrize(
    ("names", "part", "expected"),
    [
        (["README.md", "train.csv", "test.csv", ".gitattributes"], None, ["test.csv", "train.csv"]),
        (
            ["data/train-0.parquet", "data/test-0.parquet", "old.csv"],
            None,
            ["data/test-0.parquet", "data/train-0.parquet"],
        ),
        (["en/train.csv", "de/train.csv"], "de", ["de/train.csv"]),
        (["train/0.parquet", "test/0.parquet"], None, ["test/0.parquet", "train/0.parquet"]),
        (["a.csv", "b.csv"], "b.csv", ["b.csv"]),
        (
            ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "labels.csv"],
            None,
            ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "labels.csv"],
        ),
        (["train.conll", "README.md"], None, ["train.conll"]),
        (["pos/1.txt", "neg/1.txt", "README.txt"], None, ["neg/1.txt", "pos/1.txt"]),
        (["script.py", "dataset_infos.json"], None, []),
    ],
)
def test_the_data_among_all_files(names: list[str], part: str | None, expected: list[str]) -> None:
    assert data_files(Repository("a/b", "dataset", part=part), names) == expected


def test_of_several_data_sets_one_must_be_named() -> None:
    with pytest.raises(InputError, match=r"several data sets \(de, en\).*hf://a/b#de"):
        data_files(Repository("a/b", "dataset"), ["en/train.csv", "de/train.csv"])
    with pytest.raises(InputError, match="nothing called 'fr'; there are de, en"):
        data_files(Repository("a/b", "dataset", part="fr"), ["en/train.csv", "de/train.csv"])


def test_a_repository_is_read_with_its_parts_and_the_names_of_its_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fastparquet

    features = {
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
    }
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    for split, rows in (("train", 30), ("test", 12)):
        folder = tmp_path / "hub" / "datasets" / "acme" / "reviews" / split
        folder.mkdir(parents=True)
        labels = np.arange(rows) % 2
        labels[0] = -1
        frame = pd.DataFrame({"text": [f"text {split} {i}" for i in range(rows)], "label": labels})
        fastparquet.write(str(folder / "0000.parquet"), frame, custom_metadata=about)
    allow_asking(monkeypatch)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with hub(tmp_path / "hub") as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        table = read_table(["hf://acme/reviews"])
    assert [(f.name, f.role) for f in table.files] == [("test/0000.parquet", "test"), ("train/0000.parquet", "train")]
    assert set(table.frame["label"].dropna()) == {"neg", "pos"}
    assert table.frame["label"].isna().sum() == 2
