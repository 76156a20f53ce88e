"""Draws by rectified flow: a small network learns which way noise should move to become a picture (Liu 2023; Lipman
2023). Trains on a processor in minutes at 28 to 64 pixels; needs the extra `vision`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.drawing import STEPS, DrawContext, Drawing
from ..engine.pictureset import PictureSet
from ..errors import MissingExtra
from ..ports import Card
from ..serve.sampling import Velocity, from_pixels

BATCH, BATCH_ON_GPU = 32, 128
WARM_UP = 0.03  # of the training
HIGHEST_EMA = 0.999
UNSAID = 0.1  # share of pictures learned without their words, for guidance
CHECKPOINT_S = 15.0
GUIDANCES = (1.0, 1.5, 2.0, 3.0)
DEFAULT_GUIDANCE = 1.5
SETTLED_SHARE = 0.9  # of the time is for learning; the rest finds how far to go beyond the words
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
        try:
            import torch  # noqa: F401
        except ImportError:
            return 'pip install "traineragent[vision]"'
        return ""

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


class _Training:
    """One training, from the start or from its checkpoint: network, its moving average, optimiser and clock."""

    def __init__(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> None:
        import torch

        from ._velocity_net import VelocityNet, parameters

        self.torch, self.params, self.context = torch, params, context
        torch.set_num_threads(context.threads)
        torch.manual_seed(context.seed)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.batch = BATCH if self.device == "cpu" else BATCH_ON_GPU
        self.half = self.device == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # no gain elsewhere
        channels, height, _ = pictures.shape
        self.fold = FINE if height <= SMALL else COARSE
        self.net = VelocityNet(channels, len(pictures.names), int(params.get("width", 48)), self.fold).to(self.device)
        self.parameters = parameters(self.net)
        self.mean = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        rate = float(params.get("learning_rate", 2e-3))
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
        self.rate, self.step, self.spent = rate, 0, 0.0
        self.x = torch.from_numpy(from_pixels(pictures.pixels)).to(self.device)
        self.words = torch.from_numpy(pictures.words).to(self.device)
        self.random = torch.Generator().manual_seed(context.seed)
        self.shape, self.names = pictures.shape, len(pictures.names)

    # ------------------------------------------------------------------ the loop
    def run(self) -> Drawing:
        self._go_on()
        start, saved = time.monotonic() - self.spent, time.monotonic()
        total = None if self.context.deadline is None else max(SETTLED_SHARE * (self.context.deadline - start), 1.0)
        rounds = int(self.params.get("rounds", 4000))
        while (done := self._share(start, total, rounds)) < 1.0:
            self._learn(done)
            now = time.monotonic()
            if now - saved > CHECKPOINT_S:
                self.spent, saved = now - start, now
                self._keep()
                self.context.progress(done)
        self.spent = time.monotonic() - start
        guidance = self._guidance()
        facts = {"steps trained": self.step, "device": self.device, "guidance": guidance}
        return Drawing(self._graph(guidance), self.shape, self.parameters, facts)

    def _share(self, start: float, total: float | None, rounds: int) -> float:
        """How much of the training is done: by the clock where there is a deadline, else by steps."""
        return self.step / rounds if total is None else (time.monotonic() - start) / total

    def _learn(self, done: float) -> None:
        """One step on a batch: predict the way from noise to picture at a random moment of it."""
        torch = self.torch
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * min(1.0, (done + 1e-4) / WARM_UP) * 0.5 * (1.0 + float(np.cos(np.pi * done)))
        pick = torch.randint(len(self.x), (self.batch,), generator=self.random)
        picture, words = self.x[pick], self.words[pick]
        noise = torch.randn(picture.shape, generator=self.random).to(self.device)
        t = torch.sigmoid(torch.randn(self.batch, generator=self.random)).to(
            self.device
        )  # mostly the middle (Esser 2024)
        said = (torch.rand(self.batch, 1, generator=self.random) >= UNSAID).to(self.device)
        at = t[:, None, None, None]
        wanted = picture - noise
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.half):
            guess = self.net((1 - at) * noise + at * picture, t, words * said)
        loss = ((guess.float() - wanted) ** 2).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(HIGHEST_EMA, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                self.mean[name].lerp_(value, 1.0 - decay)

    # ------------------------------------------------------------------ checkpoints
    def _keep(self) -> None:
        """Everything that a later process needs to go on from here, whole or not at all."""
        from safetensors.torch import save_file

        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.items()}
        for number, state in enumerate(self.optimiser.state_dict()["state"].values()):
            tensors |= {f"optimiser.{number}.{k}": v for k, v in state.items()}
        tensors["random"] = self.random.get_state()
        facts = {"step": self.step, "spent": self.spent, "params": dict(self.params), "seed": self.context.seed}
        path = self.context.folder / "checkpoint.safetensors"
        self.context.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        save_file({k: v.contiguous().cpu() for k, v in tensors.items()}, temporary, {"facts": json.dumps(facts)})
        temporary.replace(path)

    def _go_on(self) -> None:
        """Takes over a checkpoint of the same training, if there is one."""
        from safetensors import SafetensorError, safe_open

        path = self.context.folder / "checkpoint.safetensors"
        if not path.exists():
            return
        try:
            with safe_open(path, framework="pt") as file:
                facts = json.loads(file.metadata()["facts"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
        except (SafetensorError, OSError, KeyError, ValueError):
            return  # torn; the training begins again
        if facts["params"] != json.loads(json.dumps(dict(self.params))) or facts["seed"] != self.context.seed:
            return
        self.step, self.spent = facts["step"], facts["spent"]
        self.net.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("net.")})
        self.mean = {k[5:]: v.to(self.device) for k, v in tensors.items() if k.startswith("mean.")}
        self._load_optimiser({k[10:]: v for k, v in tensors.items() if k.startswith("optimiser.")})
        self.random.set_state(tensors["random"])

    def _load_optimiser(self, tensors: Mapping[str, Any]) -> None:
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})

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
            tried[guidance] = self.context.judged(self._velocity(guidance), STEPS)
            took = time.monotonic() - start
            if self.context.deadline is not None and time.monotonic() + took > self.context.deadline:
                break
        return max(tried, key=lambda g: tried[g]) if len(tried) > 1 else DEFAULT_GUIDANCE

    def _velocity(self, guidance: float) -> Velocity:
        """The averaged network as it will be served, run by torch."""
        from ._velocity_net import Guided

        torch, served = self.torch, Guided(self.net, guidance).eval()

        def velocity(x: Any, t: Any, words: Any) -> Any:
            given = (torch.from_numpy(np.ascontiguousarray(a)).to(self.device) for a in (x, t, words))
            with torch.inference_mode():
                return served(*given).cpu().numpy()

        return velocity

    def _graph(self, guidance: float) -> bytes:
        """The averaged network with guidance as ONNX, for any number of pictures at once."""
        from ._velocity_net import Guided

        self.net.load_state_dict(self.mean)
        return export(Guided(self.net, guidance).to("cpu").eval(), self.shape, self.names, self.torch)


def export(served: Any, shape: tuple[int, int, int], names: int, torch: Any) -> bytes:
    """ONNX bytes of a module (x, t, words) -> y, the number of pictures left open."""
    import contextlib
    import io
    import warnings

    given = (torch.zeros(2, *shape), torch.zeros(2), torch.zeros(2, names))
    open_rows = {0: torch.export.Dim("rows", min=1, max=4096)}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            served,
            given,
            dynamo=True,
            input_names=["x", "t", "words"],
            output_names=["y"],
            dynamic_shapes=(open_rows, open_rows, open_rows),
            verbose=False,
        )
    return bytes(program.model_proto.SerializeToString())


PLUGIN = FlowMatching()
