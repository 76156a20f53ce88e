"""Tree ensembles as arrays, and as one ONNX node.

Reads LightGBM's text model and scikit-learn's tree arrays into a `Forest`, merges, scales and truncates forests, and
writes them so that float32 inputs take exactly the branches of the trained model. Knows nothing of families or data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .builder import GraphBuilder

Link = Literal["identity", "logistic", "softmax", "exp", "signed_square"]

LEAF, AT_MOST, AMONG = 0, 1, 2  # node modes: a leaf; x <= split; x is in a set
ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 5
_AT_MOST_V5, _AMONG_V5 = 0, 6  # TreeEnsemble's codes for the modes

_CATEGORICAL, _DEFAULT_LEFT = 1, 2  # bits of LightGBM's decision_type; bits 2-3 are the missing type
_MISSING_ZERO, _MISSING_NAN = 1, 2
_ZERO = float(np.float32(1e-35))  # LightGBM takes any |x| up to this for zero


@dataclass(frozen=True)
class Forest:
    """Trees whose leaves vote for targets; the answer is `base` plus the sum of the votes.

    Node arrays have shape (nodes,), trees one after another, the root first and never a leaf; `first` (trees + 1,)
    holds where each begins. `yes`/`no` count from the tree's root. `sets` holds the members for each AMONG node in
    node order. `vote_node` (votes,) indexes nodes over all trees."""

    first: NDArray[np.int64]
    feature: NDArray[np.int64]
    split: NDArray[np.float32]
    mode: NDArray[np.uint8]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    missing_yes: NDArray[np.bool_]  # NaN takes the yes branch
    vote_node: NDArray[np.int64]
    vote_target: NDArray[np.int64]
    vote_weight: NDArray[np.float64]
    targets: int
    base: NDArray[np.float64]
    sets: tuple[NDArray[np.int64], ...] = ()

    @property
    def trees(self) -> int:
        return len(self.first) - 1

    @property
    def nodes(self) -> int:
        return len(self.mode)

    @property
    def leaves(self) -> int:
        return int(np.count_nonzero(self.mode == LEAF))

    def scaled(self, factor: float) -> Forest:
        return replace(self, vote_weight=self.vote_weight * factor, base=self.base * factor)

    def shifted(self, by: float) -> Forest:
        return replace(self, base=self.base + by)

    def split_by_target(self) -> list[Forest]:
        """A forest with one target for each target; just this one if some tree votes for several."""
        if self.targets == 1:
            return [self]
        tree = np.searchsorted(self.first, self.vote_node, side="right") - 1
        target = np.zeros(self.trees, dtype=np.int64)
        target[tree] = self.vote_target
        if np.any(target[tree] != self.vote_target):
            return [self]
        return [self._only(target == t, t) for t in range(self.targets)]

    def _only(self, kept: NDArray[np.bool_], target: int) -> Forest:
        """The trees marked in `kept` (trees,), all of which vote for `target`."""
        size = np.diff(self.first)
        node = np.repeat(kept, size)
        number = np.cumsum(node) - 1
        vote = node[self.vote_node]
        return Forest(
            first=np.concatenate([[0], np.cumsum(size[kept])]),
            vote_node=number[self.vote_node[vote]],
            vote_target=np.zeros(int(vote.sum()), dtype=np.int64),
            vote_weight=self.vote_weight[vote],
            targets=1,
            base=self.base[target : target + 1],
            sets=tuple(s for s, k in zip(self.sets, node[self.mode == AMONG], strict=True) if k),
            feature=self.feature[node],
            split=self.split[node],
            mode=self.mode[node],
            yes=self.yes[node],
            no=self.no[node],
            missing_yes=self.missing_yes[node],
        )

    def centred(self) -> Forest:
        """Moves each tree's mean vote into `base`, so that float32 sums of many trees keep their small digits."""
        tree = np.searchsorted(self.first, self.vote_node, side="right") - 1
        group = tree * self.targets + self.vote_target
        count = np.bincount(group, minlength=self.trees * self.targets)
        # a target that only some leaves of a tree vote for cannot be shifted by a constant
        leaves = np.add.reduceat(self.mode == LEAF, self.first[:-1]).repeat(self.targets)
        total = np.bincount(group, weights=self.vote_weight, minlength=len(count))
        mean = np.where((count == leaves) & (count > 0), total / np.maximum(count, 1), 0.0)
        base = self.base + mean.reshape(self.trees, self.targets).sum(axis=0)
        return replace(self, vote_weight=self.vote_weight - mean[group], base=base)


def merge(forests: Sequence[Forest]) -> Forest:
    """All trees in one forest; every forest must have the same number of targets."""
    offsets = np.cumsum([0, *(f.nodes for f in forests)])
    first = [f.first[:-1] + o for f, o in zip(forests, offsets, strict=False)]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(f, name) for f in forests])
        for name in ("feature", "split", "mode", "yes", "no", "missing_yes", "vote_target", "vote_weight")
    }
    return Forest(
        first=np.concatenate([*first, offsets[-1:]]),
        vote_node=np.concatenate([f.vote_node + o for f, o in zip(forests, offsets, strict=False)]),
        targets=forests[0].targets,
        base=np.sum([f.base for f in forests], axis=0),
        sets=tuple(s for f in forests for s in f.sets),
        **joined,
    )


def round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The greatest float32 not above each value. For a float32 x, x <= t holds exactly when x <= round_down(t):
    no float32 lies between the two."""
    with np.errstate(over="ignore"):
        near = values.astype(np.float32)
    down = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > values, down, near)


# ---------------------------------------------------------------------------------------------- LightGBM
@dataclass(frozen=True)
class LightGBMModel:
    """A forest with the link that turns its sums into predictions; the logistic slope is already in the votes."""

    forest: Forest
    link: Link
    iterations: int


def read_lightgbm(text: str, iterations: int | None = None) -> LightGBMModel:
    """Parses LightGBM's text model (`Booster.model_to_string`); `iterations` keeps only the first so many.

    Raises ValueError for linear trees, which have no ONNX form."""
    head, *blocks = text.split("\nTree=")
    header = dict(line.partition("=")[::2] for line in head.splitlines())
    per_round = int(header["num_tree_per_iteration"])
    if iterations is not None:
        blocks = blocks[: iterations * per_round]
    forest = _lightgbm_forest([_fields(b) for b in blocks], per_round)
    rounds = len(blocks) // per_round
    if "average_output" in header:
        forest = forest.scaled(1.0 / max(rounds, 1))
    link, slope = _link(header.get("objective", "regression"))
    return LightGBMModel(forest.scaled(slope).centred(), link, rounds)


def _fields(block: str) -> dict[str, str]:
    body = block.partition("\n\n")[0]
    fields = dict(line.partition("=")[::2] for line in body.splitlines()[1:])
    if fields["num_leaves"] == "1":  # a constant, written as a split with twice the same leaf
        fields |= {"num_leaves": "2", "split_feature": "0", "threshold": "0", "decision_type": "2"}
        fields |= {"left_child": "-1", "right_child": "-2", "leaf_value": f"{fields['leaf_value']} " * 2}
    return fields


def _link(objective: str) -> tuple[Link, float]:
    """What LightGBM applies to the raw sum, from e.g. "binary sigmoid:1"; and the slope inside a logistic."""
    name, *options = objective.split()
    settings = dict(o.partition(":")[::2] for o in options)
    if name in ("binary", "multiclassova"):
        return "logistic", float(settings.get("sigmoid", 1.0))
    if name == "cross_entropy":
        return "logistic", 1.0
    if name == "multiclass":
        return "softmax", 1.0
    if name in ("poisson", "gamma", "tweedie"):
        return "exp", 1.0
    if "sqrt" in settings:
        return "signed_square", 1.0
    if name in ("regression", "regression_l1", "huber", "fair", "quantile", "mape"):
        return "identity", 1.0
    raise ValueError(f"no ONNX form is known for LightGBM's objective {objective!r}")


def _numbers(trees: Sequence[dict[str, str]], key: str, kind: type) -> NDArray[Any]:
    """One field of all trees, parsed in one go."""
    joined = " ".join(t[key] for t in trees if t.get(key))
    return np.fromstring(joined, dtype=kind, sep=" ")


def _lightgbm_forest(trees: Sequence[dict[str, str]], targets: int) -> Forest:
    """Inner node i of a tree becomes its node i, leaf k of a tree with n leaves its node n - 1 + k."""
    if any(t.get("is_linear", "0") == "1" for t in trees):
        raise ValueError("LightGBM's linear trees (linear_tree=true) have no ONNX form; train without them")
    leaves = np.array([int(t["num_leaves"]) for t in trees], dtype=np.int64)
    nodes = 2 * leaves - 1
    first = np.concatenate([[0], np.cumsum(nodes)])
    tree = np.repeat(np.arange(len(trees)), nodes)
    local = np.arange(first[-1]) - first[tree]
    inner = local < leaves[tree] - 1
    decision = _numbers(trees, "decision_type", np.int64)
    split = _numbers(trees, "threshold", np.float64)
    categorical = (decision & _CATEGORICAL) > 0
    return Forest(
        first=first,
        feature=_scatter(inner, _numbers(trees, "split_feature", np.int64)),
        split=_scatter(inner, _splits(np.where(categorical, 0.0, split))),
        mode=_scatter(inner, np.where(categorical, AMONG, AT_MOST).astype(np.uint8)),
        yes=_scatter(inner, _child(_numbers(trees, "left_child", np.int64), leaves)),
        no=_scatter(inner, _child(_numbers(trees, "right_child", np.int64), leaves)),
        missing_yes=_scatter(inner, _missing_left(decision, split)),
        vote_node=np.flatnonzero(~inner),
        vote_target=tree[~inner] % targets,
        vote_weight=_numbers(trees, "leaf_value", np.float64),
        targets=targets,
        base=np.zeros(targets),
        sets=tuple(_category_sets(trees)),
    )


def _scatter(where: NDArray[np.bool_], values: NDArray[Any]) -> NDArray[Any]:
    out = np.zeros(len(where), dtype=values.dtype)
    out[where] = values
    return out


def _child(child: NDArray[np.int64], leaves: NDArray[np.int64]) -> NDArray[np.int64]:
    """LightGBM writes leaf k as -1 - k."""
    inner = np.repeat(leaves - 1, leaves - 1)
    return np.where(child < 0, inner - 1 - child, child)


def _splits(split: NDArray[np.float64]) -> NDArray[np.float32]:
    """Thresholds that treat tiny float32 inputs as LightGBM does: as zeros."""
    down = round_down(split)
    below = np.nextafter(np.float32(-_ZERO), np.float32(-np.inf))
    down = np.where((split < 0) & (split >= -_ZERO), below, down)
    return np.where((split >= 0) & (split < _ZERO), np.float32(_ZERO), down)


def _missing_left(decision: NDArray[np.int64], split: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where NaN goes: a split that saw none in training takes it for zero; a set never holds it."""
    kind = (decision >> 2) & 3
    numeric = (decision & _CATEGORICAL) == 0
    if np.any(numeric & (kind == _MISSING_ZERO)):
        raise ValueError("LightGBM's zero_as_missing=true has no exact ONNX form; train without it")
    left = np.where(kind == _MISSING_NAN, (decision & _DEFAULT_LEFT) > 0, split >= 0)
    return np.asarray(left & numeric)


def _category_sets(trees: Sequence[dict[str, str]]) -> Iterator[NDArray[np.int64]]:
    """The categories that go left, one set a categorical split, in order of the splits.

    A split's "threshold" is the number of its set within the tree; sets are bit fields of 32-bit words."""
    for t in trees:
        if int(t.get("num_cat", "0")) == 0:
            continue
        bounds = np.fromstring(t["cat_boundaries"], dtype=np.int64, sep=" ")
        words = np.fromstring(t["cat_threshold"], dtype=np.int64, sep=" ").astype(np.uint32)
        bits = np.unpackbits(words.view(np.uint8), bitorder="little").reshape(len(words), 32)
        kind = np.fromstring(t["decision_type"], dtype=np.int64, sep=" ")
        number = np.fromstring(t["threshold"], dtype=np.float64, sep=" ")
        for n in number[(kind & _CATEGORICAL) > 0].astype(np.int64):
            yield np.flatnonzero(bits[bounds[n] : bounds[n + 1]].ravel())


# ---------------------------------------------------------------------------------------------- scikit-learn
def read_sklearn(trees: Sequence[Any], *, classification: bool) -> Forest:
    """The forest of fitted scikit-learn tree estimators (`forest.estimators_`), averaged.

    Classification votes with class frequencies: one target a class, but only that of class 1 for two classes. Of
    regression trees with several outputs each is a target.
    Splits compare float32 inputs with float64 thresholds, as scikit-learn does."""
    return merge([_sklearn_tree(t.tree_, classification) for t in trees]).scaled(1.0 / len(trees))


def _sklearn_tree(tree: Any, classification: bool) -> Forest:
    value = tree.value[:, 0, :] if tree.n_outputs == 1 else tree.value[:, :, 0]  # (nodes, classes, 1 or outputs)
    if classification:
        value = value / value.sum(axis=1, keepdims=True)
        value = value[:, 1:] if value.shape[1] == 2 else value
    yes, no, feature, threshold = tree.children_left, tree.children_right, tree.feature, tree.threshold
    missing = getattr(tree, "missing_go_to_left", np.zeros(len(yes), dtype=bool))
    if len(yes) == 1:  # a constant, written as a split with twice the same leaf
        value, missing = np.repeat(value, 3, axis=0), np.zeros(3, dtype=bool)
        yes, no, feature, threshold = (np.array(v) for v in ([1, -1, -1], [2, -1, -1], [0, 0, 0], [0.0, 0.0, 0.0]))
    leaf = yes < 0
    targets = value.shape[1]
    votes = leaf[:, None] if targets == 1 else leaf[:, None] & (value != 0.0)
    node, target = np.nonzero(votes)
    return Forest(
        first=np.array([0, len(leaf)], dtype=np.int64),
        feature=np.where(leaf, 0, feature).astype(np.int64),
        split=np.where(leaf, 0.0, round_down(np.asarray(threshold))).astype(np.float32),
        mode=np.where(leaf, LEAF, AT_MOST).astype(np.uint8),
        yes=np.where(leaf, 0, yes).astype(np.int64),
        no=np.where(leaf, 0, no).astype(np.int64),
        missing_yes=np.asarray(missing, dtype=bool) & ~leaf,
        vote_node=node.astype(np.int64),
        vote_target=target.astype(np.int64),
        vote_weight=value[node, target].astype(np.float64),
        targets=targets,
        base=np.zeros(targets),
    )


# ---------------------------------------------------------------------------------------------- ONNX
def write_forest(graph: GraphBuilder, forest: Forest, source: str) -> str:
    """Nodes from `source` (rows, features) to the summed votes (rows, targets).

    TreeEnsemble takes one vote a leaf. Where leaves vote for many targets, each tree gives the number of its leaf, by
    which the votes are looked up and summed."""
    if len(forest.vote_node) == forest.leaves:
        return graph.node(tree_node(forest, source, graph.name("raw")))
    leaf_nodes = np.flatnonzero(forest.mode == LEAF)
    order = np.cumsum(forest.mode == LEAF) - 1
    table = np.zeros((len(leaf_nodes), forest.targets))
    np.add.at(table, (order[forest.vote_node], forest.vote_target), forest.vote_weight)
    tree = np.searchsorted(forest.first, leaf_nodes, side="right") - 1
    number = np.arange(len(leaf_nodes))
    numbered = replace(
        forest,
        vote_node=leaf_nodes,
        vote_target=tree,
        vote_weight=(number - number[np.searchsorted(tree, tree)]).astype(np.float64),
        targets=forest.trees,
        base=np.searchsorted(tree, np.arange(forest.trees)).astype(np.float64),
    )
    leaves = graph.add("Cast", graph.node(tree_node(numbered, source, graph.name("leaf"))), to=TensorProto.INT64)
    votes = graph.add("Gather", graph.floats(table), leaves, axis=0)  # (rows, trees, targets)
    summed = graph.add("ReduceSum", votes, graph.integers([1]), keepdims=0)
    return graph.add("Add", summed, graph.floats(forest.base)) if forest.base.any() else summed


def tree_node(forest: Forest, x: str, y: str) -> onnx.NodeProto:
    """One TreeEnsemble: float32 `x` (rows, features) -> `y` (rows, targets), the sums of the votes; a vote a leaf.

    It takes a third of the bytes of the older TreeEnsembleRegressor, which many converters write, and the same time."""
    assert len(forest.vote_node) == forest.leaves, "leaves with several votes go through write_forest"
    leaf = forest.mode == LEAF
    number = np.where(leaf, np.cumsum(leaf), np.cumsum(~leaf)) - 1
    start = np.repeat(forest.first[:-1], np.diff(forest.first))
    inner = np.flatnonzero(~leaf)
    yes, no = forest.yes[inner] + start[inner], forest.no[inner] + start[inner]
    modes = np.where(forest.mode[inner] == AMONG, _AMONG_V5, _AT_MOST_V5).astype(np.uint8)
    node = helper.make_node("TreeEnsemble", [x], [y], domain=ML_DOMAIN, name=f"trees_{y}")
    _set(node, "n_targets", forest.targets)
    _set(node, "aggregate_function", 1)  # sum
    _set(node, "post_transform", 0)  # none
    _set(node, "tree_roots", number[forest.first[:-1]])
    _set(node, "nodes_featureids", forest.feature[inner])
    _set(node, "nodes_modes", modes)
    _set(node, "nodes_splits", forest.split[inner])
    _set(node, "nodes_truenodeids", number[yes])
    _set(node, "nodes_falsenodeids", number[no])
    _set(node, "nodes_trueleafs", leaf[yes].astype(np.int64))
    _set(node, "nodes_falseleafs", leaf[no].astype(np.int64))
    if forest.missing_yes.any():
        _set(node, "nodes_missing_value_tracks_true", forest.missing_yes[inner].astype(np.int64))
    if forest.sets:
        members = [np.append(s if len(s) else [-1], np.nan) for s in forest.sets]  # NaN ends a set
        _set(node, "membership_values", np.concatenate(members).astype(np.float32))
    _set(node, "leaf_targetids", forest.vote_target)
    _set(node, "leaf_weights", _weights_with_base(forest).astype(np.float32))
    return node


def _weights_with_base(forest: Forest) -> NDArray[np.float64]:
    """TreeEnsemble has no base value: the last tree of each target carries it, so that it is added last."""
    weights = forest.vote_weight.copy()
    tree = np.searchsorted(forest.first, forest.vote_node, side="right") - 1
    for target in range(forest.targets):
        mine = forest.vote_target == target
        assert mine.any(), f"no tree votes for target {target}"
        weights[mine & (tree == tree[mine].max())] += forest.base[target]
    return weights


def read_node(node: onnx.NodeProto) -> Forest:
    """The forest of a TreeEnsemble that `tree_node` wrote: nodes and leaves of a tree lie together, in order."""
    roots, leaf_target = _get(node, "tree_roots"), _get(node, "leaf_targetids")
    inner = np.diff(np.append(roots, len(_get(node, "nodes_featureids"))))
    size = 2 * inner + 1
    first = np.concatenate([[0], np.cumsum(size)])
    tree = np.repeat(np.arange(len(roots)), size)
    local = np.arange(first[-1]) - first[tree]
    is_inner = local < inner[tree]
    first_leaf = np.concatenate([[0], np.cumsum(inner + 1)])[:-1]
    owner = np.repeat(np.arange(len(roots)), inner)

    def child(side: str) -> NDArray[np.int64]:
        number, leaf = _get(node, f"nodes_{side}nodeids"), _get(node, f"nodes_{side}leafs")
        found: NDArray[np.int64] = np.where(leaf == 1, number - first_leaf[owner] + inner[owner], number - roots[owner])
        return found

    missing = _get(node, "nodes_missing_value_tracks_true")
    among = _get(node, "nodes_modes") == _AMONG_V5
    members = _get(node, "membership_values")
    sets = np.split(members, np.flatnonzero(np.isnan(members)) + 1)[:-1] if len(members) else []
    return Forest(
        first=first,
        feature=_scatter(is_inner, _get(node, "nodes_featureids")),
        split=_scatter(is_inner, _get(node, "nodes_splits")),
        mode=_scatter(is_inner, np.where(among, AMONG, AT_MOST).astype(np.uint8)),
        yes=_scatter(is_inner, child("true")),
        no=_scatter(is_inner, child("false")),
        missing_yes=_scatter(is_inner, (missing if len(missing) else np.zeros(inner.sum(), dtype=np.int64)) == 1),
        vote_node=np.flatnonzero(~is_inner),
        vote_target=leaf_target,
        vote_weight=_get(node, "leaf_weights").astype(np.float64),
        targets=int(_get(node, "n_targets")),
        base=np.zeros(int(_get(node, "n_targets"))),
        sets=tuple(s[:-1].astype(np.int64) for s in sets),
    )


def _get(node: onnx.NodeProto, name: str) -> NDArray[Any]:
    """An attribute as an array; empty where it is not set."""
    for attribute in node.attribute:
        if attribute.name == name:
            if attribute.type == onnx.AttributeProto.TENSOR:
                return numpy_helper.to_array(attribute.t)
            if attribute.type == onnx.AttributeProto.INTS:
                return np.array(attribute.ints, dtype=np.int64)
            return np.array(attribute.i, dtype=np.int64)
    return np.zeros(0, dtype=np.int64)


def _set(node: onnx.NodeProto, name: str, value: int | NDArray[Any]) -> None:
    """Fills an attribute from an array at once; helper.make_attribute would check every number in Python.
    int64 arrays become integer lists, all others tensors."""
    attribute = node.attribute.add(name=name)
    if isinstance(value, int):
        attribute.type, attribute.i = onnx.AttributeProto.INT, value
    elif value.dtype == np.int64:
        attribute.type = onnx.AttributeProto.INTS
        attribute.ints.extend(value.tolist())
    else:
        attribute.type = onnx.AttributeProto.TENSOR
        attribute.t.CopyFrom(numpy_helper.from_array(value, name))
