"""Phrases for pictures in which things have boxes and labels but nobody described them.

"the kangaroo" where it is the only one, else "the leftmost kangaroo", "the second kangaroo from the left", "the
largest", "the kangaroo left of the tree", each only where it clearly means one thing. Knows nothing of files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from traineragent.serve.grounding.scene import KEYS, iou

Floats = NDArray[np.float64]
CLEAR = 0.02  # share of the picture by which a thing must lie further than the next
CLEARLY_LARGER = 1.15  # times as long a side
RELATED = 0.05  # share of the picture that lies between the middles of related things, at least
MOST_COUNTED = 6
MOST_RELATIONS = 3  # for one thing
APART = 0.2  # overlap above which things are not beside one another
SUPERLATIVES = {"left": "leftmost", "right": "rightmost", "top": "topmost", "bottom": "bottommost"}
ORDINALS = ("", "", "second", "third", "fourth", "fifth", "sixth")
RELATIONS = (("left of", 0, 1.0), ("right of", 0, -1.0), ("above", 1, 1.0), ("below", 1, -1.0))


def phrases_for(labels: Sequence[str], boxes: Floats, rng: np.random.Generator) -> list[tuple[str, int]]:
    """(phrase, place of the thing) for the things of one picture; boxes (n, 4) in shares of the picture."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(labels):
        kinds[label].append(i)
    out: list[tuple[str, int]] = []
    for label, places in kinds.items():
        said = spoken(label)
        if len(places) == 1:
            out.append((f"the {said}", places[0]))
        else:
            out += _among(said, places, boxes)
        out += _beside(said, places, kinds, label, boxes, rng)
    return out


def spoken(label: str) -> str:
    """A label as people say it."""
    words = label.replace("_", " ").replace("-", " ").split()
    return " ".join(words).lower() if not label.isupper() or len(label) > 4 else label


def _among(said: str, places: Sequence[int], boxes: Floats) -> list[tuple[str, int]]:
    """One of several of a kind, by where it lies and how large it is."""
    mine, out = boxes[places], []
    for end, word in SUPERLATIVES.items():
        key = KEYS[end](mine)
        order = np.argsort(-key)
        if key[order[0]] - key[order[1]] >= CLEAR:
            out.append((f"the {word} {said}", places[order[0]]))
    size = KEYS["largest"](mine)
    order = np.argsort(-size)
    if size[order[0]] >= CLEARLY_LARGER * size[order[1]]:
        out.append((f"the largest {said}", places[order[0]]))
    across = np.argsort((mine[:, 0] + mine[:, 2]) / 2)
    middles = ((mine[:, 0] + mine[:, 2]) / 2)[across]
    if len(places) <= MOST_COUNTED and (np.diff(middles) >= CLEAR).all():
        between = range(2, len(places))
        out += [(f"the {ORDINALS[rank]} {said} from the left", places[across[rank - 1]]) for rank in between]
    return out


def _beside(
    said: str, places: Sequence[int], kinds: dict[str, list[int]], label: str, boxes: Floats, rng: np.random.Generator
) -> list[tuple[str, int]]:
    """One of a kind by another thing that is alone of its kind, where just one lies so."""
    alone = [(other, found[0]) for other, found in kinds.items() if other != label and len(found) == 1]
    middles, out = (boxes[:, :2] + boxes[:, 2:]) / 2, []
    for k in rng.permutation(len(alone))[:2].tolist():
        other, anchor = alone[k]
        for word, axis, sign in RELATIONS:
            beyond = sign * (middles[anchor, axis] - middles[places, axis])
            fits = np.flatnonzero(beyond > 0)
            if len(fits) == 1 and beyond[fits[0]] >= RELATED:
                place = places[int(fits[0])]
                if iou(boxes[[place]], boxes[[anchor]])[0, 0] < APART:
                    out.append((f"the {said} {word} the {spoken(other)}", place))
    keep = rng.permutation(len(out))[: MOST_RELATIONS * len(places)]
    return [out[i] for i in sorted(keep.tolist())]
