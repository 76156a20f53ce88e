"""Which pretrained networks a task may use, and what optional packages or networks that are not here would bring.

Told in the plan before anything is trained, and in the report. Reads declarations only; loads no network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec

from ..domain.task import TaskSpec
from ..engine.checkpoints import Checkpoint, checkpoints, installed, network_files
from ..errors import InputError
from ..export.encoder import MODEL_TYPES
from ..store.hub import HubAway, Repository, fetch, is_hub, offline, repository

PICTURES = ("image_classification", "image_regression")
SEEN = (*PICTURES, "visual_grounding")
READERS = ("torch", "transformers")
DRAWINGS = ("image_generation",)
GROUNDING = "visual_grounding"
TEXTS = ("text_classification", "token_classification")
MOST_NETWORKS = 4  # for pictures, the smallest; each takes minutes to look at thousands of them
TEXT_EXTRA = "pip install 'traineragent[text]' adds a pretrained encoder, which knows words that these texts lack"
VISION_EXTRA = "pip install 'traineragent[vision]' lets pretrained networks look at the pictures"
OWN_NETWORK = "pip install 'traineragent[vision]' adds a network that learns from these pictures alone"
NO_NETWORK = (
    "no pretrained network for pictures is on this machine; one given with --models (a folder in the Hugging Face "
    "layout, or hf://OWNER/NAME where a hub can be reached) often more than halves the errors on everyday things"
)
DIFFUSION = ("torch", "diffusers", "peft", "transformers")
DIFFUSION_EXTRA = "pip install 'traineragent[diffusion]' fine-tunes it"
DRAWING_EXTRA = "pip install 'traineragent[vision]' adds rectified flow, without which only blurred averages are drawn"
NO_DIFFUSION = (
    "no Stable Diffusion checkpoint is on this machine; with a GPU, one in the layout of diffusers, given with "
    "--models, draws pictures of 512 pixels in place of small ones"
)


def fetch_networks(task: TaskSpec, models: Sequence[str], usual: str, say: Callable[[str], None]) -> None:
    """Brings what `models` names on a hub into the cache, where all checkpoints are looked for; and `usual`, a network
    for pictures, where there is none and a hub answers. Raises InputError where what was named cannot be had."""
    for address in filter(is_hub, models):
        try:
            _fetch(repository(address, "model"), say)
        except HubAway as error:
            raise InputError(str(error)) from None
    if not usual or offline() or any(find_spec(name) is None for name in (*READERS, "huggingface_hub")):
        return
    if task.task_type not in SEEN or "no_pretrained" in task.constraints or _pictured(models):
        return
    with suppress(HubAway):  # that there is none is said where it is missed
        _fetch(Repository(usual, "model"), say)


def _fetch(wanted: Repository, say: Callable[[str], None]) -> None:
    say(f"asking the hub for {wanted.name}")
    if not fetch(wanted, network_files)[1]:
        raise HubAway(f"{wanted.name}: holds no config.json with model.safetensors, and no pipeline of diffusers")


def _pictured(models: Sequence[str]) -> list[Checkpoint]:
    return [c for c in checkpoints(models) if c.kind == "picture"]


def picture_networks(task: TaskSpec, models: Sequence[str]) -> tuple[list[Checkpoint], str]:
    """The pretrained networks for pictures that may be used, and what would bring more ("" where nothing would)."""
    missing = any(find_spec(name) is None for name in READERS)
    if "no_pretrained" in task.constraints:
        return [], OWN_NETWORK if missing else ""
    found = _pictured(models)[:MOST_NETWORKS]
    if not found:
        return [], f"{NO_NETWORK}, and {VISION_EXTRA}" if missing else NO_NETWORK
    if missing:
        return [], f"{found[0].name} is there, but cannot be read: {VISION_EXTRA}"
    return found, ""


def diffusion_networks(task: TaskSpec, models: Sequence[str]) -> tuple[list[Checkpoint], str]:
    """The diffusion models that may be fine-tuned, and what would bring more ("" where nothing would)."""
    if find_spec("torch") is None:
        return [], DRAWING_EXTRA
    if "no_pretrained" in task.constraints:
        return [], ""
    missing = any(find_spec(name) is None for name in DIFFUSION)
    found = [c for c in checkpoints(models) if c.kind == "diffusion"][:MOST_NETWORKS]
    if not found:
        return [], f"{NO_DIFFUSION}, and {DIFFUSION_EXTRA}" if missing else NO_DIFFUSION
    if missing:
        return [], f"{found[0].name} is there, but cannot be loaded: {DIFFUSION_EXTRA}"
    return found, ""


def grounding_networks(task: TaskSpec, models: Sequence[str]) -> tuple[list[Checkpoint], str]:
    """The pretrained networks for pictures, and those that point at what phrases describe already."""
    found, more = picture_networks(task, models)
    missing = any(find_spec(name) is None for name in ("torch", "transformers"))
    if missing or "no_pretrained" in task.constraints:
        return found, more
    return [*found, *(c for c in checkpoints(models) if c.kind == "grounding")], more


def networks(task: TaskSpec, models: Sequence[str]) -> tuple[list[Checkpoint], str]:
    """The pretrained networks that may look at pictures or draw them, and what would bring more."""
    if task.task_type in DRAWINGS:
        return diffusion_networks(task, models)
    return (grounding_networks if task.task_type == GROUNDING else picture_networks)(task, models)


def text_encoder(task: TaskSpec, models: Sequence[str]) -> tuple[Checkpoint | None, str]:
    """The smallest pretrained encoder of texts that may be used, if any, and what would bring one."""
    if task.task_type not in TEXTS or "no_pretrained" in task.constraints:
        return None, ""
    if find_spec("tokenizers") is None:
        return None, TEXT_EXTRA
    found = (c for c in checkpoints([*models, *installed()]) if c.architecture in MODEL_TYPES)
    return next(found, None), ""


def advice(task: TaskSpec, models: Sequence[str]) -> str:
    """What would bring more for this task than there is; "" where nothing is known."""
    if task.task_type in (*PICTURES, *DRAWINGS):
        return networks(task, models)[1]
    return text_encoder(task, models)[1]
