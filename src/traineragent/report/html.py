"""Renders report.html: one self-contained page that loads nothing, runs no script and escapes all that people wrote."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .. import __version__
from ..store.files import write_bytes
from .view import view
from .wording import speaking_of


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("traineragent.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet and the hash by which the page's content security policy allows it, and nothing else."""
    css = _environment().get_template("report.css").render()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return Markup(css), f"sha256-{digest}"


def render_report(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """The page as text. `report` is report.json's content, `evidence` what lies behind it; both may be incomplete."""
    css, digest = _style()
    template = _environment().get_template("report.html")
    with speaking_of(report):
        return template.render(view=view(report, evidence), style=css, style_hash=digest, version=__version__)


def write_report(path: Path, report: Mapping[str, Any], evidence: Mapping[str, Any]) -> None:
    """Writes the page whole or not at all. Raises Paused on a full disk, InputError where writing is forbidden."""
    write_bytes(path, render_report(report, evidence).encode("utf-8", "replace"))
