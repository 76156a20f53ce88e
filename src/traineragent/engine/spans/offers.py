"""What tagger families say of themselves for given texts, as JSON: their cards and the parameters worth tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ... import registry
from ...ports import FitContext
from .dataset import MarkedTexts
from .training import context_for, opened


def offers(data: str, metric: str, families: Sequence[str]) -> dict[str, Any]:
    """{family: {"card", "space", "suits"}} for the prepared texts in the folder `data`. Raises InputError for a family
    that does not exist."""
    texts = opened(Path(data), (Path(data) / "texts.json").stat().st_mtime_ns)
    context = context_for(texts, metric, 0, 1)
    found = {name: registry.get("families", name) for name in families}
    return {name: _offer(family, texts, context) for name, family in found.items()}


def _offer(family: Any, texts: MarkedTexts, context: FitContext) -> dict[str, Any]:
    able = "vectors" not in family.card.reads or texts.hidden is not None
    able = able and all(find_spec(package) is not None for package in family.card.packages)
    suits = able and "spans" in family.card.tasks and texts.rows >= family.card.min_rows
    space = dict(family.space(context, texts.rows)) if suits else {}
    return {"card": asdict(family.card), "space": space, "suits": suits}
