"""Gradient-boosted trees by LightGBM, on categories as sets or as target statistics, with early stopping."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..boosting import lightgbm
from ..engine.effects import Effects, fit_unseen
from ..engine.encoding import TreeEncoder, fit_trees, target_columns
from ..engine.metrics import ABSOLUTE
from ..engine.target import TargetScale, fit_target
from ..export.builder import GraphBuilder
from ..export.trees import read_lightgbm, write_forest
from ..ports import Batch, Card, FitContext

LOG_LINK = ("poisson", "tweedie", "gamma")
STEADY_FROM_ROWS = 5000  # many classes: leaves of a rare class with next to no weight blow up from here on
OWN = ("target", "objective", "categories", "pairs", "smoothing", "rounds", "patience", "effects")
"""Parameters of ours; all others go to LightGBM under its names."""


@dataclass(frozen=True)
class FittedLightGBM:
    """Boosted trees behind their encoder; `scale` undoes the target's scale in regression.

    With `effects` the trees start from these and read them as their last feature (Sigrist 2022, Gaussian process
    boosting, joins random effects and trees likewise). The booster may hold more trees than the first `rounds`, which
    count: early stopping's choice, or that of `at`."""

    booster: lightgbm.Booster
    rounds: int
    encoder: TreeEncoder
    scale: TargetScale | None
    features: int
    classes: int
    effects: Effects | None = None

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        z = self.encoder.transform(x)
        start = None if self.effects is None else self.effects.predict(x)
        if start is not None:
            z = _with_start(z, start)
        raw = np.asarray(self.booster.predict(z, num_iteration=self.rounds), dtype=np.float64)
        if start is not None:
            raw = raw + start
        if self.classes == 2:
            return np.stack([1.0 - raw, raw], axis=1)
        return raw if self.scale is None else self.scale.undo(raw)

    def at(self, rounds: int) -> FittedLightGBM:
        """The same model with so many rounds, or as many as it has."""
        return replace(self, rounds=min(rounds, self.booster.current_iteration()))

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {**self.encoder.arrays(), **(self.scale.arrays() if self.scale else {})}
        arrays |= self.effects.arrays() if self.effects else {}
        text = np.frombuffer(self._text.encode(), dtype=np.uint8)
        with path.open("wb") as file:
            np.savez(file, text=text, shape=np.array([self.features, self.classes]), **arrays)

    @property
    def _text(self) -> str:
        return str(self.booster.model_to_string(num_iteration=self.rounds))

    def graph(self) -> onnx.ModelProto:
        model = read_lightgbm(self._text)
        graph = GraphBuilder(self.features)
        source, columns = self.encoder.write(graph, "x")
        start = None if self.effects is None else self.effects.write(graph, "x")
        if start is not None:
            source = graph.add("Concat", start, source, axis=1)
            columns = [*(column + 1 for column in columns), 0]
        forest = replace(model.forest, feature=np.asarray(columns, dtype=np.int64)[model.forest.feature])
        raw = write_forest(graph, forest, source)
        if start is not None:
            raw = graph.add("Add", raw, start)
        if model.link == "logistic":
            positive = graph.add("Sigmoid", raw)
            both = graph.add("Concat", graph.add("Sub", graph.floats(1.0), positive), positive, axis=1)
            return graph.model(both, 2)
        if model.link == "softmax":
            return graph.model(graph.add("Softmax", raw, axis=1), self.classes)
        if model.link == "exp":
            raw = graph.add("Exp", raw)
        return graph.model(self.scale.write(graph, raw) if self.scale else raw, 1)


class LightGBM:
    card = Card(
        name="lightgbm",
        title="Gradient-boosted trees (LightGBM)",
        tasks=("binary", "multiclass", "regression"),
        licence="MIT",
        source="Ke et al. 2017, LightGBM: a highly efficient gradient boosting decision tree",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        found: dict[str, Any] = {
            "learning_rate": ("float", 0.02, 0.12, True),
            "num_leaves": ("int", 4, 160 if rows > 5000 else 48, True),
            "min_child_samples": ("int", 3, 80, True),
            "feature_fraction": ("float", 0.3, 1.0, False),
            "bagging_fraction": ("float", 0.5, 1.0, False),
            "lambda_l2": ("float", 0.01, 30.0, True),
            "path_smooth": ("float", 0.01, 30.0, True),
            "extra_trees": ("choice", False, True),
        }
        if any(kind == "category" for kind in context.kinds):
            found["categories"] = ("choice", "encoded", "native", "both")
            found["smoothing"] = ("float", 1.0, 50.0, True)
        return found

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedLightGBM:
        scale = _target_scale(params, train, context)
        y = train.y if scale is None else scale.forward(train.y)
        targets = target_columns(y, context.classes)
        ways = params.get("categories", "encoded")
        encoder, z = _encode(ways, params, train.x, targets, context)
        native = _native(ways, encoder, context)
        settings = _settings(params, context, len(y))
        effects, start = None, None
        if params.get("effects") and scale is not None and settings["objective"] not in LOG_LINK:
            effects, start = fit_unseen(train.x, y, context)
            z = _with_start(z, start)
        data = lightgbm.Dataset(z, y, init_score=start, categorical_feature=native, params=settings)
        held = None
        if valid is not None and params.get("patience", 50):
            goal = valid.y if scale is None else scale.forward(valid.y)
            seen, start = encoder.transform(valid.x), None
            if effects is not None:
                start = effects.predict(valid.x)
                seen = _with_start(seen, start)
            held = data.create_valid(seen, goal, init_score=start)
        booster, rounds = _boost(settings, data, held, params, context)
        return FittedLightGBM(booster, rounds, encoder, scale, train.x.shape[1], context.classes, effects)

    def load(self, path: Path, context: FitContext) -> FittedLightGBM:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        text = arrays["text"].tobytes().decode()
        scale = TargetScale.from_arrays(arrays) if "target" in arrays else None
        features, classes = arrays["shape"].tolist()
        booster = lightgbm.Booster(model_str=text)
        encoder = TreeEncoder.from_arrays(arrays)
        rounds, effects = booster.current_iteration(), Effects.from_arrays(arrays)
        return FittedLightGBM(booster, rounds, encoder, scale, features, classes, effects)


def _with_start(z: NDArray[np.float32], start: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.concatenate([z, start.astype(np.float32)[:, None]], axis=1)


def _target_scale(params: Mapping[str, Any], train: Batch, context: FitContext) -> TargetScale | None:
    """None for classes. Objectives with a log link learn the raw value."""
    if context.classes:
        return None
    scale = fit_target(train.y, params.get("target", "plain"))
    if params.get("objective") in LOG_LINK:
        return replace(scale, log=False, centre=0.0, spread=1.0)
    return scale


def _encode(
    ways: str, params: Mapping[str, Any], x: NDArray[np.float32], targets: NDArray[np.float64], context: FitContext
) -> tuple[TreeEncoder, NDArray[np.float32]]:
    if ways in ("native", "index"):
        return TreeEncoder(np.arange(x.shape[1]), None), x
    return fit_trees(
        x,
        targets,
        context,
        pairs=params.get("pairs", 0),
        smoothing=params.get("smoothing", 10.0),
        index_up_to=1_000_000 if ways == "both" else 0,
    )


def _native(ways: str, encoder: TreeEncoder, context: FitContext) -> list[int]:
    """Positions, among the encoded features, of categories that LightGBM splits as sets."""
    if ways not in ("native", "both"):
        return []
    return [i for i, j in enumerate(encoder.passed.tolist()) if context.kinds[j] == "category"]


def _settings(params: Mapping[str, Any], context: FitContext, rows: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "objective": _objective(params, context),
        "learning_rate": 0.05,
        "seed": context.seed,
        "num_threads": context.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        "feature_pre_filter": False,
    }
    settings.update({name: value for name, value in params.items() if name not in OWN})
    if settings.get("bagging_fraction", 1.0) < 1.0:
        settings.setdefault("bagging_freq", 1)
    settings["min_child_samples"] = min(settings.get("min_child_samples", 20), max(1, rows // 8))
    if context.classes > 2:
        settings["num_class"] = context.classes
        if rows >= STEADY_FROM_ROWS:
            settings.setdefault("min_sum_hessian_in_leaf", 1.0)
    return settings


def _objective(params: Mapping[str, Any], context: FitContext) -> str:
    if context.classes:
        return "binary" if context.classes == 2 else "multiclass"
    if "objective" in params:
        return str(params["objective"])
    return "mape" if context.metric == "mape" else "regression_l1" if context.metric in ABSOLUTE else "regression"


def _boost(
    settings: dict[str, Any],
    data: lightgbm.Dataset,
    held: lightgbm.Dataset | None,
    params: Mapping[str, Any],
    context: FitContext,
) -> tuple[lightgbm.Booster, int]:
    """The booster and its best round on `held`, or its last; the deadline ends it early."""
    callbacks: list[Any] = [_stop_at(context.deadline)] if context.deadline is not None else []
    if held is not None:
        callbacks.append(lightgbm.early_stopping(params.get("patience", 50), verbose=False))
    booster = lightgbm.train(
        settings,
        data,
        num_boost_round=params.get("rounds", 2000),
        valid_sets=[held] if held is not None else None,
        callbacks=callbacks,
    )
    best = booster.best_iteration if held is not None and booster.best_iteration > 0 else booster.current_iteration()
    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=-1)), best


def _stop_at(deadline: float) -> Any:
    def callback(env: Any) -> None:
        if time.monotonic() > deadline:
            results = env.evaluation_result_list or []
            raise lightgbm.callback.EarlyStopException(env.iteration, results)

    callback.order = 40  # type: ignore[attr-defined]
    return callback


PLUGIN = LightGBM()
