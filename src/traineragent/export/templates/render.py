"""Renders a template of this folder. A variable that is missing is an error, never an empty space."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..markdown import code, plain


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("traineragent.export", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown and code; cells are escaped where they are written
    )
    environment.filters |= {"plain": plain, "code": code}
    return environment


def render(template: str, /, **values: Any) -> str:
    """The text of a template of this folder."""
    return _environment().get_template(template).render(**values)
