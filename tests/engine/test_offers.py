"""What families say of themselves comes as JSON, for the data that is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from traineragent.engine.dataset import TrainingData
from traineragent.engine.offers import offers
from traineragent.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> str:
    x = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    folds = (np.arange(40) % 4).astype(np.int8)
    TrainingData(x, (x[:, 0] > 0).astype(float), folds, ("a", "b"), ("number", "number"), (0, 0), 2).save(tmp_path)
    return str(tmp_path)


def test_offers_are_json_and_keep_the_order_of_parameters(folder: str) -> None:
    found = offers(folder, "roc_auc", ["linear", "lightgbm"])
    again = json.loads(json.dumps(found))
    assert [list(again[f]["space"]) for f in again] == [list(found[f]["space"]) for f in found]
    assert found["linear"]["card"]["interpretable"]
    assert found["lightgbm"]["space"]["learning_rate"][0] == "float"


def test_a_family_that_cannot_learn_the_data_says_so(folder: str) -> None:
    found = offers(folder, "roc_auc", ["dummy", "log_linear"])
    assert found["dummy"]["suits"]
    assert not found["log_linear"]["suits"]  # it learns values, and these are classes


def test_unknown_family_is_bad_input(folder: str) -> None:
    with pytest.raises(InputError, match="no_such"):
        offers(folder, "roc_auc", ["no_such"])
