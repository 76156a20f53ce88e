"""Texts in the report: what is typical of each class, texts that were told apart wrongly, labels that look wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import items, mapping, rows
from .wording import clean, percent, plural

SHOWN = 12


def written(texts: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page needs of explanation.json's "texts"; None where there are none."""
    if not texts:
        return None
    doubtful, count = rows(texts.get("doubtful")), texts.get("doubtful_count") or 0
    return {
        "classes": [
            {
                "label": clean(c.get("label")),
                "rows": f"{c.get('rows', 0):,}",
                "words": ", ".join(clean(w) for w in items(c.get("words"))) or "nothing that others lack",
                "example": clean(mapping(texts.get("examples")).get(str(c.get("label"))) or ""),
            }
            for c in rows(texts.get("typical"))
        ],
        "confused": [_said(c, "true", "answer") for c in rows(texts.get("confused"))[:SHOWN]],
        "doubtful": [{**_said(d, "label", "likely"), "p": percent(d.get("p") or 0.0)} for d in doubtful[:SHOWN]],
        "doubtful_words": f"{plural(count, 'label')} of the training texts may be wrong" if count else "",
    }


def _said(one: Mapping[str, Any], *keys: str) -> dict[str, str]:
    return {k: clean(one.get(k)) for k in (*keys, "text")}
