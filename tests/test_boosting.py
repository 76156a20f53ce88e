"""What a first model waits for is short, and nobody else's LightGBM is any less for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FIRST_MODEL = """
import json, sys
from importlib import import_module
from traineragent import registry
for name in registry.get("lines", "rows").warm:
    import_module(name)
family = registry.get("families", "lightgbm")
heavy = [m for m in ("sklearn", "scipy.stats", "rich", "torch", "optuna", "lightgbm") if m in sys.modules]

import lightgbm
import numpy as np
from traineragent.boosting import lightgbm as ours
x = np.random.default_rng(0).normal(size=(200, 3))
settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
theirs = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, x[:, 0] > 0)
text = ours.train(settings, ours.Dataset(x, x[:, 0] > 0), 3).model_to_string()
same = np.array_equal(ours.Booster(model_str=text).predict(x), lightgbm.Booster(model_str=text).predict(x))
print(json.dumps({"heavy": heavy, "theirs": bool(theirs.predict(x).any()), "same": same}))
"""


@pytest.mark.slow
def test_the_way_to_a_first_model_imports_no_scikit_learn_and_leaves_lightgbm_whole_for_others() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_MODEL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"heavy": [], "theirs": True, "same": True}
