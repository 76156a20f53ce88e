"""Fine-tunes a Grounding DINO checkpoint (Liu et al. 2023) on the phrases and boxes at hand: a large detector that has
read and seen far more than these, for machines with a GPU.

It is told the words of a thing, and phrases as they stand; places and relations stay arithmetic, as for every family
here. Needs the extra `vision`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.accelerator import device
from ..engine.grounding.phraseset import PhraseSet
from ..engine.grounding.training import Grounder, GroundingContext
from ..engine.grounding.words import mirrored
from ..errors import MissingExtra
from ..ports import Card
from ..serve.grounding.finder import PADDING
from ..serve.grounding.pieces import Pieces
from ._packages import lacking
from ._training_loop import Pace, TrainingLoop

PACKAGES = ("torch", "transformers", "tokenizers")
PACE = Pace(rounds=1000, settled=1.0, warm_up=0.05, average=0.998)
BATCH = 4  # phrases a step
RATE, SLOWER = 1e-4, 0.1  # and of it for the parts that saw and read before: eyes and reader
EYES_AND_READER = ("backbone", "text_backbone")
DECAY = 1e-4
WHOLE_SHARE, ABSENT_SHARE = 0.3, 0.15  # of what is asked: phrases as they stand, and things that are not there
UNNAMED, ABSENT = 0.2, 0.5  # weight of places of which nothing was said, and of words that were not said of a picture
AGREEMENT = 5e-2  # largest difference of a log-odds or box between graph and network
PROVED, LEADING = 3, 10  # phrases, and what is found in each


class GroundingDino:
    card = Card(
        name="grounding_dino",
        title="Grounding DINO, fine-tuned",
        tasks=("visual_grounding",),
        packages=PACKAGES,
        min_rows=20,
        licence="that of the checkpoint",
        source="Liu et al. 2023, Grounding DINO; Carion et al. 2020, matching of boxes",
    )

    def lacks(self) -> str:
        """What must be installed first, "" if nothing."""
        return lacking(PACKAGES, "vision")

    def space(self, phrases: PhraseSet) -> Mapping[str, Any]:
        """Nothing: a second fine-tuning costs as much as the first and hardly differs."""
        return {}

    def fit(self, params: Mapping[str, Any], phrases: PhraseSet, context: GroundingContext) -> Grounder:
        """Learns until `context.deadline`, or for `rounds` steps, going on from a checkpoint in `context.folder`.

        params: "checkpoint" (a folder), "learning_rate", "batch", "rounds". Raises MissingExtra, and InputError for a
        checkpoint that cannot be read."""
        if self.lacks():
            raise MissingExtra("transformers", "vision", "fine-tuning Grounding DINO")
        return _FineTuning(params, phrases, context).run()


class _FineTuning(TrainingLoop):
    """One fine-tuning, of all weights; those that saw and read before change slowly."""

    tracked = (*TrainingLoop.tracked, "loss")

    def __init__(self, params: Mapping[str, Any], phrases: PhraseSet, context: GroundingContext) -> None:
        import torch

        from ._dino_net import PhraseDino
        from ._grid_lessons import Course

        self.torch, self.params, self.context, self.phrases = torch, dict(params), context, phrases
        torch.set_num_threads(context.threads)
        torch.set_float32_matmul_precision("high")
        self.device = device()
        self.net = PhraseDino(Path(str(params["checkpoint"]))).to(self.device)
        self.pieces = Pieces(self.net.tokenizer)
        self.batch, self.loss = int(params.get("batch", BATCH)), float("nan")
        learned = np.flatnonzero(~phrases.held)
        self.course = Course(phrases, learned, mirrored(phrases.reading["places"]))
        self.pictures = np.array([p for p in learned if self.course.scenes[int(p)].things], dtype=np.int64)
        optimiser = torch.optim.AdamW(self._groups(), weight_decay=DECAY)
        self.begin(self.params, context, dict(self.net.named_parameters()), optimiser, PACE)

    def _groups(self) -> list[dict[str, Any]]:
        rate = float(self.params.get("learning_rate", RATE))
        slow: list[Any] = []
        quick: list[Any] = []
        for name, weight in self.net.named_parameters():
            (slow if any(part in name.split(".") for part in EYES_AND_READER) else quick).append(weight)
        return [{"params": quick, "lr": rate}, {"params": slow, "lr": SLOWER * rate}]

    def run(self) -> Grounder:
        self.net.train()
        facts = self.go()
        with self.torch.no_grad():
            for name, value in self.mean.items():
                self.learned[name].copy_(value)
        return self._grounder({**facts, "device": self.device, "loss": self.loss})

    def learn(self) -> None:
        """The error of some phrases, each in a new view of its picture."""
        from ._dino_net import loss_of
        from ._grid_features import tensor_of
        from ._grid_views import pixels_of, view_of

        torch = self.torch
        seed = int(torch.randint(2**31, (1,), generator=self.random))
        torch.manual_seed(seed)  # what is dropped out does not depend on interruptions
        rng = np.random.default_rng(seed)
        views = [view_of(int(p), rng) for p in rng.choice(self.pictures, self.batch)]
        asked = [self._asked(view, rng) for view in views]
        tokens = self._padded([ids for ids, _ in asked])
        pixels = np.stack([pixels_of(v, self.phrases.pixels[v.of]) for v in views])
        found = self.net(tensor_of(pixels).to(self.device), tokens)
        loss: Any = loss_of(found, tokens, [lesson for _, lesson in asked])
        loss.backward()
        now = float(loss.detach())
        self.loss = now if math.isnan(self.loss) else 0.95 * self.loss + 0.05 * now

    def _asked(self, view: Any, rng: np.random.Generator) -> tuple[list[int], Any]:
        """(pieces, what they mean in the view): words of a thing of the picture, a phrase as it stands, or words of
        something that is not there."""
        from ._dino_net import Lesson
        from ._grid_views import boxes_of

        scene, drawn = self.course.scenes[view.of], float(rng.random())
        all_boxes = np.array([t.box for t in scene.things], np.float32).reshape(-1, 4)
        boxes, visible = boxes_of(view, all_boxes)
        if drawn < WHOLE_SHARE or not scene.lessons:
            phrase = scene.phrases[int(rng.integers(len(scene.phrases)))]
            words = self.course.phrase_in(phrase, view)
            mine = sorted(i for i in phrase.things if visible[i])
            if mine and words is not None:
                others = [i for i in range(len(boxes)) if i not in phrase.things]
                return self.pieces.ids(" ".join(words)), Lesson(boxes[mine], 1.0, boxes[others])
        absent = self.course.absent(scene, rng) if drawn > 1.0 - ABSENT_SHARE else None
        if absent is not None or not scene.lessons:
            words = absent.words if absent is not None else ()
            return self.pieces.ids(" ".join(words)), Lesson(boxes[:0], ABSENT, boxes)
        lesson = scene.lessons[int(rng.integers(len(scene.lessons)))]
        mine = sorted(i for i in lesson.things if visible[i])
        others = [i for i, t in enumerate(scene.things) if i not in lesson.things]
        others = [i for i in others if self.course.excludes(lesson.words, scene.things[i])]
        known = Lesson(boxes[mine], 1.0 if lesson.alone and mine else UNNAMED, boxes[others])
        return self.pieces.ids(" ".join(lesson.words)), known

    def _padded(self, rows: list[list[int]]) -> Any:
        longest = max(map(len, rows))
        return self.torch.tensor([[*r, *[PADDING] * (longest - len(r))] for r in rows], device=self.device)

    def _grounder(self, facts: Mapping[str, Any]) -> Grounder:
        from ._dino_net import Served, graph_of
        from ._grid_export import difference

        served = Served(self.net.to("cpu")).eval()
        graph = graph_of(served, self.phrases.side, self._example(0))
        parity = difference(served, graph, self.phrases, self._example, PROVED, leading=LEADING)
        if parity > AGREEMENT:
            raise ValueError(f"the exported graph differs from the network by {parity:.3g} in a score")
        settings = {
            "side": self.phrases.side,
            "words": [],
            "reading": dict(self.phrases.reading),
            "choice": {"scale": 1.0, "shift": 0.0, "whole": 0.0},
        }
        count = sum(p.numel() for p in self.net.parameters())
        return Grounder(graph, settings, count, parity, PROVED, facts, self.net.tokenizer)

    def _example(self, row: int) -> NDArray[np.int64]:
        """The pieces of a thing's words and of its phrase."""
        words, phrase = " ".join(self.phrases.things[row].words), self.phrases.phrases[row]
        rows = [self.pieces.ids(words), self.pieces.ids(phrase)]
        longest = max(map(len, rows))
        return np.array([[*r, *[PADDING] * (longest - len(r))] for r in rows], dtype=np.int64)


PLUGIN = GroundingDino()
