"""Pages for people: try the model, read the interface, read the card. Nothing is fetched from elsewhere.

Knows how to put a page together and which headers protect it; the pages themselves are the files beside it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..body import Refused, read_body
from ..guard import COOKIE
from ..markdown import to_html

if TYPE_CHECKING:
    from ..app import Service

_HERE = Path(__file__).resolve().parent


def pages(service: Service) -> list[Route]:
    """The routes for people."""
    site = Site(service)
    return [
        Route("/", site.home),
        Route("/try", site.try_),
        Route("/docs", site.docs),
        Route("/card", site.card),
        Route("/openapi.json", site.openapi),
        Route("/metrics", site.metrics),
        Route("/sign-in", site.sign_in, methods=["GET", "POST"]),
    ]


class Site:
    """Endpoints, bound to a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._manifest = service.predictor.manifest
        self._folder = service.predictor.folder

    async def home(self, request: Request) -> Response:
        return RedirectResponse("/try")

    async def try_(self, request: Request) -> Response:
        served = self._service.predictor
        shared = {
            "name": self._manifest.name,
            "version": self._manifest.version,
            "metric": self._manifest.facts.get("metric"),
            "example": self._manifest.facts.get("example") or {},
        }
        return page(served.page, self._manifest.name, data={**shared, **served.form()})

    async def docs(self, request: Request) -> Response:
        return page("docs", self._manifest.name, data=json.loads(self._file("openapi.json")))

    async def card(self, request: Request) -> Response:
        text = self._file("MODEL_CARD.md").decode("utf-8")
        if "text/html" in request.headers.get("accept", "text/html") or "*/*" in request.headers.get("accept", "*/*"):
            return page("card", self._manifest.name, body=to_html(text))
        return Response(text, media_type="text/markdown")

    async def openapi(self, request: Request) -> Response:
        return Response(self._file("openapi.json"), media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        return Response(
            self._service.monitor.text(), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def sign_in(self, request: Request) -> Response:
        """A browser cannot send a token by itself: it is kept in a cookie that other sites cannot use."""
        guard = self._service.guard
        if not guard.wants_token:
            return RedirectResponse("/try", 303)
        if request.method != "POST":
            return page("sign-in", self._manifest.name, body="")
        form = parse_qs(
            (await read_body(request.receive, dict(request.scope["headers"]), 4096)).decode("utf-8", "replace")
        )
        token = form.get("token", [""])[0].strip()
        if not guard.is_token(token.encode()):
            return page("sign-in", self._manifest.name, body='<p class="wrong">This is not the token.</p>', status=401)
        there = request.query_params.get("next", "/try")
        response = RedirectResponse(there if re.fullmatch(r"/[\w.\-/]*", there) and "//" not in there else "/try", 303)
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return response

    def _file(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            raise Refused(404, f"this bundle has no {name}", "export the model with its documents") from None


def page(name: str, title: str, *, data: Any = None, body: str = "", status: int = 200) -> Response:
    """A page with its style, script and data inline, and headers that allow just these."""
    content, style, script = _assets(name)
    blob = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "").replace("\u2029", "")
    filled = content.replace("{{title}}", html.escape(title)).replace("{{body}}", body).replace("{{style}}", style)
    filled = filled.replace("{{script}}", script).replace("{{data}}", blob)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return Response(filled.encode("utf-8", "replace"), status, headers, media_type="text/html")


@cache
def _assets(name: str) -> tuple[str, str, str]:
    """(page, style, script) from the files; the frame is shared by all pages."""
    frame = (_HERE / "frame.html").read_text(encoding="utf-8")
    content = frame.replace("{{content}}", (_HERE / f"{name}.html").read_text(encoding="utf-8"))
    place = name.partition("-")[0]  # a page "try-series" is what /try shows for series
    content = content.replace(f'href="/{place}"', f'href="/{place}" aria-current="page"')
    script = _HERE / f"{name}.js"
    return (
        content,
        (_HERE / "style.css").read_text(encoding="utf-8"),
        script.read_text(encoding="utf-8") if script.is_file() else "",
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
