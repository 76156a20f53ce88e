"""JSON Schema pieces that interfaces share."""

from __future__ import annotations

from typing import Any


def object_schema(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """An object; all of its properties are required unless `required` says which."""
    needed = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": needed, **more}
