"""What model families say of themselves for given data, as JSON: their cards and the parameters worth tuning.

Called by name where trials run, so that whoever plans a search need not import a single family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import registry
from ..ports import Card
from .dataset import TrainingData
from .training import context_for


def offers(data: str, metric: str, families: Sequence[str]) -> dict[str, Any]:
    """{family: {"card", "space", "suits"}} for the prepared data in the folder `data`; "suits" says whether its
    packages are installed, and whether the kind of task, the number of rows and of classes are ones that it can learn.
    Raises InputError for a family that does not exist."""
    table = TrainingData.load(Path(data))
    context = context_for(table, metric, 0, 1)
    found = {name: registry.get("families", name) for name in families}
    return {
        name: {
            "card": asdict(family.card),
            "space": dict(family.space(context, table.rows)) if table.task in family.card.tasks else {},
            "suits": _suits(family.card, table),
        }
        for name, family in found.items()
    }


def _suits(card: Card, table: TrainingData) -> bool:
    return (
        table.task in card.tasks
        and all(kind in {i.kind for i in table.inputs} for kind in card.reads)
        and all(find_spec(package) is not None for package in card.packages)
        and table.rows >= card.min_rows
        and (card.max_rows is None or table.rows <= card.max_rows)
        and (card.max_classes is None or table.classes <= card.max_classes)
    )
