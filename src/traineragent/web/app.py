"""The page as an ASGI application: routes, what each may be asked, and every error as a sentence.

Knows HTTP; the work is done by runs, drafts and services, and shown by `showing`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..errors import InputError, Paused, TrainerError
from ..serve.body import Gone, Refused, read_body
from ..serve.guard import Refusal, is_local
from . import files, render
from .door import Door
from .drafts import Draft, Drafts, new_id
from .jobs import Jobs
from .missing import Missing
from .runs import OWN, UPLOADS, Runs
from .services import Services
from .showing import EXAMPLES, Parts, draft_parts, run_list, run_parts
from .uploads import Uploads

log = logging.getLogger("traineragent.web")

MOST_BODY = 500_000


class Site:
    """The application over the runs of one folder."""

    def __init__(self, runs: Runs, jobs: Jobs, services: Services, door: Door) -> None:
        self.runs, self.jobs, self.services, self.door = runs, jobs, services, door
        self.drafts = Drafts(runs.root / OWN / "drafts", runs.root / UPLOADS)
        self._router = Starlette(
            routes=self._routes(),
            exception_handlers={
                HTTPException: _http_problem,
                TrainerError: _sentence,
                Missing: _missing,
                Refused: _refused,
                ClientDisconnect: _gone,
                Gone: _gone,
                Exception: _defect,
            },
        )
        self._router.router.redirect_slashes = False

    def _routes(self) -> list[Route]:
        get, post = ["GET"], ["POST"]
        draft, run = "/drafts/{id}", "/runs/{name}"
        return [
            Route("/", self.home, methods=get),
            Route("/live", self.home_live, methods=get),
            Route("/sign-in", self.sign_in, methods=post),
            Route("/static/{name}", self.static, methods=get),
            Route(draft, self.draft, methods=get),
            Route(f"{draft}/live", self.draft_live, methods=get),
            Route(draft, self.change, methods=post),
            Route(f"{draft}/plan", self.plan, methods=post),
            Route(f"{draft}/unplan", self.unplan, methods=post),
            Route(f"{draft}/start", self.start, methods=post),
            Route(f"{draft}/files", self.send, methods=["PUT"]),
            Route(f"{draft}/remove", self.remove, methods=post),
            Route(run, self.run, methods=get),
            Route(f"{run}/live", self.run_live, methods=get),
            Route(f"{run}/report", self.report, methods=get),
            Route(f"{run}/card", self.card, methods=get),
            Route(f"{run}/task", self.task, methods=get),
            Route(f"{run}/decisions", self.decisions, methods=get),
            Route(f"{run}/report.html", self.report_file, methods=get),
            Route(f"{run}/files/{{file}}", self.file, methods=get),
            Route(f"{run}/bundle.zip", self.bundle, methods=get),
            Route(f"{run}/stop", self.stop, methods=post),
            Route(f"{run}/resume", self.resume, methods=post),
            Route(f"{run}/refine", self.refine, methods=post),
            Route(f"{run}/answer", self.answer, methods=post),
            Route(f"{run}/again", self.again, methods=post),
            Route(f"{run}/serve", self.serve, methods=post),
            Route(f"{run}/unserve", self.unserve, methods=post),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self.door.check(scope["method"], scope["path"], dict(scope["headers"]))
        if refusal is None:
            await self._router(scope, receive, send)
        else:
            await self._at_the_door(Request(scope), refusal)(scope, receive, send)

    def _at_the_door(self, request: Request, refusal: Refusal) -> Response:
        """What a stranger gets; whoever brings the token in the address is let in, and the address is made plain."""
        given = request.query_params.get("token")
        if refusal.status == 401 and given and request.method == "GET" and self.door.is_token(given):
            return self._let_in(RedirectResponse(f"/{request.url.path.lstrip('/')}", 303, render.HEADERS))
        if refusal.status == 401 and "text/html" in request.headers.get("accept", ""):
            return render.page("door.html", status=401, wrong=bool(given))
        said = {"error": f"{refusal.message}; {refusal.fix}"}
        return JSONResponse(said, refusal.status, render.HEADERS)

    def _let_in(self, response: Response) -> Response:
        response.set_cookie(self.door.cookie, self.door.token, httponly=True, samesite="strict", path="/")
        return response

    async def sign_in(self, request: Request) -> Response:
        """For who has the token but not the address, as on a phone."""
        body = await read_body(request.receive, dict(request.scope["headers"]), 4096)
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()
        if not self.door.is_token(given):
            return render.page("door.html", status=401, wrong=True)
        return self._let_in(RedirectResponse("/", 303, render.HEADERS))

    async def static(self, request: Request) -> Response:
        return render.static(request.path_params["name"])

    # ------------------------------------------------------------------------------------------------ home and drafts
    async def home(self, request: Request) -> Response:
        return await run_in_threadpool(self._compose, new_id(), True)

    async def draft(self, request: Request) -> Response:
        return await run_in_threadpool(self._compose, request.path_params["id"], False)

    def _compose(self, id: str, fresh: bool) -> Response:
        draft, listing = self.drafts.open(id), self._listing() if fresh else {}
        parts = {**self._draft_parts(id), **listing}
        live = "/live" if fresh else f"/drafts/{id}/live"
        return render.page(
            "compose.html",
            draft=draft,
            begun=self._begun(draft),
            parts=parts,
            examples=EXAMPLES,
            fresh=fresh,
            live=live,
            title="New request",
        )

    def _draft_parts(self, id: str) -> Parts:
        return draft_parts(self.drafts.open(id), self.drafts.files(id), self.jobs.find(_plan_key(id)))

    def _listing(self) -> Parts:
        listed = self.runs.listed()
        return run_list(listed, self.runs.starting({r["name"] for r in listed}))

    async def home_live(self, request: Request) -> Response:
        return await run_in_threadpool(_live, request, self._listing)

    async def draft_live(self, request: Request) -> Response:
        return await run_in_threadpool(_live, request, lambda: self._draft_parts(request.path_params["id"]))

    async def change(self, request: Request) -> Response:
        """Keeps what was typed."""
        id, news = request.path_params["id"], _typed(await _json(request))
        await run_in_threadpool(self._changed, id, news)
        return _done()

    def _changed(self, id: str, news: Mapping[str, Any]) -> Draft:
        """The draft with what is new; answers come to those that were given before."""
        answers = {} if news.get("forget") else {**self.drafts.open(id).answers, **news.get("answers", {})}
        return self.drafts.change(id, {**news, "answers": answers})

    async def plan(self, request: Request) -> Response:
        id, news = request.path_params["id"], _typed(await _json(request))
        return await run_in_threadpool(self._plan, id, news)

    def _plan(self, id: str, news: Mapping[str, Any]) -> Response:
        draft = self._changed(id, news)
        if not draft.words.strip():
            raise InputError("the request is empty; say in a sentence what is needed")
        self.jobs.stop(_plan_key(id))
        self.jobs.start(_plan_key(id), {**draft.asked(self.drafts.files(id).sources()), "do": "plan"})
        return _done()

    async def unplan(self, request: Request) -> Response:
        await run_in_threadpool(self.jobs.stop, _plan_key(request.path_params["id"]))
        return _done()

    async def start(self, request: Request) -> Response:
        id, news = request.path_params["id"], _typed(await _json(request))
        return await run_in_threadpool(self._start, id, news)

    def _start(self, id: str, news: Mapping[str, Any]) -> Response:
        draft = self._changed(id, news)
        self.jobs.stop(_plan_key(id))
        name = self.runs.begin(draft.asked(self.drafts.files(id).sources()), id)
        self.drafts.change(id, {"run": name})
        return _go(f"/runs/{quote(name)}")

    async def send(self, request: Request) -> Response:
        """One file as raw bytes; its path within what was dropped is in the address."""
        length = request.headers.get("content-length", "")
        sent = await run_in_threadpool(self._files_to_change, request.path_params["id"])
        path = request.query_params.get("path", "")
        await sent.take(path, _chunks(request), int(length) if length.isdigit() else None)
        return _done()

    async def remove(self, request: Request) -> Response:
        id, asked = request.path_params["id"], await _json(request)
        sent = await run_in_threadpool(self._files_to_change, id)
        await run_in_threadpool(sent.remove, str(asked.get("name", "")))
        return _done()

    def _begun(self, draft: Draft) -> str:
        """The run that was started from a draft and came to something; "" where there is none."""
        return draft.run if draft.run and self.runs.folder(draft.run).exists() else ""

    def _files_to_change(self, id: str) -> Uploads:
        """What was sent for a draft. Raises InputError where a run was started with it and may read it again."""
        run = self._begun(self.drafts.open(id))
        if run:
            raise InputError(f"these files belong to the run {run} by now; make a new request for others")
        return self.drafts.files(id)

    # ------------------------------------------------------------------------------------------------------- a run
    async def run(self, request: Request) -> Response:
        return await run_in_threadpool(self._run, request)

    def _run(self, request: Request) -> Response:
        name = request.path_params["name"]
        look = self.runs.look(name)
        parts = run_parts(look, self.services.of(name), self._reachable(request))
        live = f"/runs/{quote(name)}/live"
        return render.page("run.html", look=look, parts=parts, live=live, title=look.words or name, tab="run")

    async def run_live(self, request: Request) -> Response:
        name = request.path_params["name"]

        def parts() -> Parts:
            return run_parts(self.runs.look(name), self.services.of(name), self._reachable(request))

        def version() -> Any:
            return self.runs.version(name), self.services.of(name)

        return await run_in_threadpool(_live, request, parts, version)

    def _reachable(self, request: Request) -> bool:
        return self.door.loopback or (is_local(request.headers.get("host", "")) and request.url.hostname == "127.0.0.1")

    async def report(self, request: Request) -> Response:
        return await run_in_threadpool(self._about, request, "report.html", "report")

    async def card(self, request: Request) -> Response:
        return await run_in_threadpool(self._about, request, "card.html", "card")

    async def task(self, request: Request) -> Response:
        return await run_in_threadpool(self._about, request, "task.html", "task")

    async def decisions(self, request: Request) -> Response:
        return await run_in_threadpool(self._about, request, "decisions.html", "decisions")

    def _about(self, request: Request, template: str, tab: str) -> Response:
        look = self.runs.look(request.path_params["name"])
        about = files.ABOUT[tab](look)
        return render.page(f"about/{template}", look=look, about=about, tab=tab, title=look.words or look.name)

    async def report_file(self, request: Request) -> Response:
        folder = self.runs.folder(request.path_params["name"])
        headers = {"Content-Security-Policy": render.REPORT_POLICY}
        return render.answer(await run_in_threadpool(files.read, folder, "report.html"), "text/html", headers)

    async def file(self, request: Request) -> Response:
        folder, name = self.runs.folder(request.path_params["name"]), request.path_params["file"]
        content = await run_in_threadpool(files.read, folder, name)
        return render.answer(content, "application/octet-stream", _attached(name))

    async def bundle(self, request: Request) -> Response:
        name = request.path_params["name"]
        return await run_in_threadpool(files.zipped, self.runs.folder(name), f"{name}.zip")

    async def stop(self, request: Request) -> Response:
        await run_in_threadpool(self.runs.stop, request.path_params["name"])
        return _done()

    async def resume(self, request: Request) -> Response:
        await run_in_threadpool(self.runs.resume, request.path_params["name"])
        return _done()

    async def refine(self, request: Request) -> Response:
        asked = await _json(request)
        minutes = _minutes(asked.get("minutes"))
        await run_in_threadpool(self.runs.refine, request.path_params["name"], str(asked.get("words") or ""), minutes)
        return _done()

    async def answer(self, request: Request) -> Response:
        asked = await _json(request)
        said = None if asked.get("leave") else _chosen(asked)
        number = asked.get("number")
        if not re.fullmatch(r"[0-9]{1,6}", str(number)):
            raise InputError("this question is no longer open; look again at what the run is doing")
        await run_in_threadpool(self.runs.answer, request.path_params["name"], int(str(number)), said)
        return _done()

    async def again(self, request: Request) -> Response:
        """A new draft with what was asked here, to be changed or answered and started anew."""
        name, asked = request.path_params["name"], await _json(request)
        return await run_in_threadpool(self._again, name, asked)

    def _again(self, name: str, asked: Mapping[str, Any]) -> Response:
        id = new_id()
        answers = _answers(asked)
        self.drafts.change(id, {**self.runs.request_of(name), "answers": answers})
        if answers:
            self._plan(id, {})
        return _go(f"/drafts/{id}")

    async def serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not self.runs.look(name).delivered:
            raise InputError("nothing was delivered by this run, so there is no model to try")
        await run_in_threadpool(self.services.start, name, self.runs.folder(name))
        return _done()

    async def unserve(self, request: Request) -> Response:
        await run_in_threadpool(self.services.stop, request.path_params["name"])
        return _done()


def _plan_key(id: str) -> str:
    return f"plan-{id}"


# ------------------------------------------------------------------------------------------------------- what comes in
async def _json(request: Request) -> dict[str, Any]:
    body = await read_body(request.receive, dict(request.scope["headers"]), MOST_BODY)
    try:
        found = json.loads(body or b"{}")
        json.dumps(found, ensure_ascii=False).encode()  # half a character can neither be kept nor shown
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("the request is no JSON object of valid text; do it on the page")
    return found


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


def _typed(form: Mapping[str, Any]) -> dict[str, Any]:
    """A draft's fields from those of the form: lines are split, numbers are read."""
    out: dict[str, Any] = {k: str(form[k]).strip() for k in ("target", "brain") if k in form}
    if form.get("forget"):
        out["forget"] = True
    if "words" in form:
        out["words"] = str(form["words"])
    for name in ("paths", "models"):
        if name in form:
            out[name] = [line.strip() for line in str(form[name]).splitlines() if line.strip()]
    if "minutes" in form:
        out["minutes"] = _minutes(form["minutes"])
    if answers := _answers(form):
        out["answers"] = answers
    return out


def _minutes(said: Any) -> float | None:
    text = str(said if said is not None else "").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"minutes should be a number, as 5 or 0.5, got {text[:40]!r}") from None


def _answers(form: Mapping[str, Any]) -> dict[str, str]:
    """What was answered, by what it was about: own words where there are any, else the choice."""
    found = {}
    for key, value in form.items():
        kind, colon, about = key.partition(":")
        if colon and kind in ("choice", "own") and str(value).strip() and (kind == "own" or about not in found):
            found[about] = str(value).strip()
    return found


def _chosen(form: Mapping[str, Any]) -> str:
    return next(iter(_answers(form).values()), "")


# ------------------------------------------------------------------------------------------------------ what goes out
def _live(request: Request, parts: Callable[[], Parts], version: Callable[[], Any] | None = None) -> Response:
    """The parts as they are now; nothing where they are what the page has already."""
    quick = _digest(repr(version())) if version else ""
    seen = request.query_params.get("version", "")
    if quick and seen.partition(".")[0] == quick:
        return Response(None, 204, render.HEADERS)
    found = parts()
    mark = f"{quick}.{_digest(json.dumps(found))}"
    if mark.partition(".")[2] == seen.partition(".")[2] and not quick:
        return Response(None, 204, render.HEADERS)
    return JSONResponse({"version": mark, "parts": found}, headers=render.HEADERS)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _done() -> Response:
    return JSONResponse({"done": True}, headers=render.HEADERS)


def _go(address: str) -> Response:
    return JSONResponse({"go": address}, headers=render.HEADERS)


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


# -------------------------------------------------------------------------------------------------------------- errors
def _told(request: Request, status: int, sentence: str) -> Response:
    """A page for who looks at one, else JSON."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return render.page("said.html", status=status, title="Not found" if status == 404 else "Sorry", said=sentence)
    return JSONResponse({"error": sentence}, status, render.HEADERS)


async def _sentence(request: Request, error: Exception) -> Response:
    return _told(request, 507 if isinstance(error, Paused) else 400, str(error))


async def _missing(request: Request, error: Exception) -> Response:
    return _told(request, 404, "There is nothing here: the run was moved or removed, or the address is mistyped.")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _told(request, error.status, f"{error.message}; {error.fix}")


async def _gone(request: Request, error: Exception) -> Response:
    return Response(None, 400)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "There is nothing at this address.", 405: "This cannot be done at this address."}
    return _told(request, error.status_code, words.get(error.status_code, error.detail))


async def _defect(request: Request, error: Exception) -> Response:
    log.error("a request failed: %s: %s", type(error).__name__, error, exc_info=error)
    return _told(request, 500, f"a defect of traineragent: {type(error).__name__}: {error}")
