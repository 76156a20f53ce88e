"""Puts pages together: the templates, the style shared with the report, and the headers that protect.

Everything that people or data wrote is escaped by the templates. Knows nothing of runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from ..report.wording import clean, figure
from .missing import Missing

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""A report runs no script and asks for nothing; whatever lies in its place may not either."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def _environment() -> Environment:
    """Our templates, and below them those of the report, so that both show the same in the same way."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader("traineragent.web"), PackageLoader("traineragent.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(size=_size, clean=clean)
    found.globals["asset"] = _asset
    return found


def _size(count: float) -> str:
    """Bytes in the unit a person would use."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{figure(round(count / size, 1))} {unit}"
    return f"{count:.0f} bytes"


def filled(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    """A whole page with its headers."""
    headers = {**HEADERS, "Content-Security-Policy": POLICY}
    return HTMLResponse(filled(template, **values).encode("utf-8", "replace"), status, headers)


def answer(content: bytes, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """Anything else that is served, with the same protection."""
    return Response(content, 200, {**HEADERS, "Content-Security-Policy": POLICY, **(headers or {})}, media_type=kind)


@cache
def _asset(name: str) -> str:
    """The address of a file of ours, which changes with what it holds."""
    return f"/static/{name}?{sha256(_content(name)).hexdigest()[:12]}"


@cache
def _content(name: str) -> bytes:
    if name == "look.css":
        return _environment().get_template("report.css").render().encode()
    if "/" in name or name.startswith("."):
        raise Missing(name)
    try:
        return files(__package__).joinpath("static", name).read_bytes()
    except OSError:
        raise Missing(name) from None


def static(name: str) -> Response:
    """One of our own files. Raises Missing for any other."""
    kind = KINDS.get(f".{name.rpartition('.')[2]}")
    if kind is None:
        raise Missing(name)
    return answer(_content(name), kind, {"Cache-Control": "max-age=86400"})
