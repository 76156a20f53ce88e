"""Draws by rectified flow: a small network learns which way noise should move to become a picture (Liu 2023; Lipman
2023). Trains on a processor in minutes at 28 to 64 pixels; needs the extra `vision`."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.accelerator import device, speed_up
from ..engine.drawing import STEPS, DrawContext, Drawing
from ..engine.pictureset import PictureSet
from ..errors import MissingExtra
from ..ports import Card
from ..serve.sampling import Paint, draw, from_pixels
from ._packages import lacking
from ._training_loop import Pace, TrainingLoop

BATCH, BATCH_ON_GPU = 32, 128
UNSAID = 0.1  # share of pictures learned without their words, for guidance
GUIDANCES = (1.0, 1.5, 2.0, 3.0)
DEFAULT_GUIDANCE = 1.5
PACE = Pace(rounds=4000, settled=0.9, warm_up=0.03, average=0.999)  # then: how far to go beyond the words
FINE, COARSE = 2, 4  # pixels folded into channels, for small and larger pictures
SMALL = 32


class FlowMatching:
    card = Card(
        name="flow_matching",
        title="Rectified flow",
        tasks=("image_generation",),
        min_rows=50,
        licence="Apache-2.0",
        source="Liu et al. 2023, Flow Straight and Fast; Lipman et al. 2023, Flow Matching for Generative Modeling",
    )

    def lacks(self) -> str:
        """What must be installed first, "" if nothing."""
        return lacking(("torch",), "vision")

    def space(self, pictures: PictureSet) -> Mapping[str, Any]:
        return {
            "learning_rate": ("float", 5e-4, 4e-3, True),
            "width": ("choice", 32, 48, 64),
        }

    def fit(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> Drawing:
        """Learns until `context.deadline` (or for `rounds` steps), going on from a checkpoint in `context.folder`.

        Raises MissingExtra without torch."""
        if self.lacks():
            raise MissingExtra("torch", "vision", "drawing by rectified flow")
        return _Training(params, pictures, context).run()


class _Training(TrainingLoop):
    """The network on its way from noise to pictures."""

    def __init__(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> None:
        import torch

        from ._velocity_net import VelocityNet, parameters

        self.torch, self.params, self.context = torch, params, context
        torch.set_num_threads(context.threads)
        torch.manual_seed(context.seed)
        torch.set_float32_matmul_precision("high")
        self.device = device()
        self.batch = BATCH if self.device == "cpu" else BATCH_ON_GPU
        self.half = self.device == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # no gain elsewhere
        channels, height, _ = pictures.shape
        self.fold = FINE if height <= SMALL else COARSE
        self.net = VelocityNet(channels, len(pictures.names), int(params.get("width", 48)), self.fold).to(self.device)
        self.parameters = parameters(self.net)
        rate = float(params.get("learning_rate", 2e-3))
        optimiser = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
        self.x = torch.from_numpy(from_pixels(pictures.pixels)).to(self.device)
        self.words = torch.from_numpy(pictures.words).to(self.device)
        self.chances = torch.from_numpy(chances(pictures))
        self.shape, self.names = pictures.shape, len(pictures.names)
        self.begin(params, context, self.net.state_dict(), optimiser, PACE)

    def run(self) -> Drawing:
        gained = speed_up(self._step_on, self.device)
        facts = self.go()
        guidance = self._guidance()
        facts |= {"device": self.device, "batch": self.batch, "guidance": guidance, **gained}
        return Drawing(self._graph(guidance), self.shape, self.parameters, facts)

    def learn(self) -> None:
        self._loss(self.net, *self._batch()).backward()

    def _batch(self) -> tuple[Any, Any, Any, Any]:
        """(pictures, noise, moments, words) to learn from next; some words are left unsaid."""
        torch = self.torch
        pick = torch.multinomial(self.chances, self.batch, replacement=True, generator=self.random)
        picture, words = self.x[pick], self.words[pick]
        noise = torch.randn(picture.shape, generator=self.random).to(self.device)
        t = torch.sigmoid(torch.randn(self.batch, generator=self.random)).to(self.device)  # mostly halfway (Esser 2024)
        said = (torch.rand(self.batch, 1, generator=self.random) >= UNSAID).to(self.device)
        return picture, noise, t, words * said

    def _loss(self, net: Any, picture: Any, noise: Any, t: Any, words: Any) -> Any:
        """How far off the way is that `net` predicts from noise to picture, at a random moment of it."""
        torch, at = self.torch, t[:, None, None, None]
        with torch.autocast(picture.device.type, dtype=torch.bfloat16, enabled=self.half):
            guess = net((1 - at) * noise + at * picture, t, words)
        return ((guess.float() - (picture - noise)) ** 2).mean()

    def _step_on(self, device: str) -> Callable[[], None]:
        """A step that teaches a copy of the network on `device`."""
        net, batch = copy.deepcopy(self.net).to(device), [given.to(device) for given in self._batch()]
        return lambda: self._loss(net, *batch).backward()

    # ------------------------------------------------------------------ guidance and export
    def _guidance(self) -> float:
        """How far beyond the words: what draws best beside the pictures kept back. Much guidance makes pictures clearer
        and more alike, which no one setting fits."""
        if self.names == 1:
            return 1.0
        if "guidance" in self.params or self.context.judged is None:
            return float(self.params.get("guidance", DEFAULT_GUIDANCE))
        self.net.load_state_dict(self.mean)
        tried: dict[float, float] = {}
        for guidance in GUIDANCES:
            start = time.monotonic()
            tried[guidance] = self.context.judged(self._paint(guidance))
            took = time.monotonic() - start
            if self.context.deadline is not None and time.monotonic() + took > self.context.deadline:
                break
        return max(tried, key=lambda g: tried[g]) if len(tried) > 1 else DEFAULT_GUIDANCE

    def _paint(self, guidance: float) -> Paint:
        """The averaged network as it will be served, run by torch."""
        from ._velocity_net import Guided

        torch, served = self.torch, Guided(self.net, guidance).eval()

        def velocity(x: Any, t: Any, words: Any) -> Any:
            given = (torch.from_numpy(np.ascontiguousarray(a)).to(self.device) for a in (x, t, words))
            with torch.inference_mode():
                return served(*given).cpu().numpy()

        return lambda words, seeds: draw(velocity, words, seeds, self.shape, STEPS)

    def _graph(self, guidance: float) -> bytes:
        """The averaged network with guidance as ONNX, for any number of pictures at once."""
        from ._exporting import exported
        from ._velocity_net import Guided

        torch = self.torch
        self.net.load_state_dict(self.mean)
        served = Guided(self.net, guidance).to("cpu").eval()
        given = {"x": torch.zeros(2, *self.shape), "t": torch.zeros(2), "words": torch.zeros(2, self.names)}
        return bytes(exported(served, given).SerializeToString())


def chances(pictures: PictureSet) -> NDArray[np.float32]:
    """How often each picture is learned from, (n,): those of rare classes more often, by the root of what balance would
    take, so that they are neither forgotten nor learned by heart."""
    if pictures.y.min() < 0:
        return np.ones(len(pictures.y), dtype=np.float32)
    return (np.bincount(pictures.y)[pictures.y].astype(np.float64) ** -0.5).astype(np.float32)


PLUGIN = FlowMatching()
