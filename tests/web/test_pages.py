"""The real page over HTTP: what it shows, what it protects, and how it words mistakes."""

from __future__ import annotations

import json
import re
import socket
from importlib.resources import files
from pathlib import Path

import pytest

from product import run, start
from traineragent.store.journal import Journal

from .browser import Browser


def test_the_token_opens_once_and_leaves_the_address(page: Browser) -> None:
    entered = page.ask("GET", f"/?token={page.token}", {"Accept": "text/html"})
    assert (entered.status, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert page.get("/").status == 200


def test_strangers_get_a_page_that_says_how_to_come_in(page: Browser) -> None:
    for path in ("/", "/runs/a", "/drafts/0123456789abcdef", "/live", "/?token=wrong"):
        answer = page.ask("GET", path, {"Accept": "text/html"})
        assert answer.status == 401
        assert "traineragent ui" in answer.text
    assert page.ask("GET", "/live").json["error"].startswith("this page opens with its token")


def test_signing_in_by_hand(page: Browser) -> None:
    ours = {"Origin": page.known["Origin"]}
    assert page.ask("POST", "/sign-in", ours, b"token=wrong").status == 401
    entered = page.ask("POST", "/sign-in", ours, f"token={page.token}".encode())
    assert (entered.status, entered.headers["location"]) == (303, "/")


def test_a_rebound_name_and_another_origin_get_nothing(page: Browser) -> None:
    assert page.ask("GET", "/", {**page.known, "Host": "evil.example"}).status == 403
    stolen = {"Cookie": page.cookie, "Origin": "http://evil.example"}
    assert page.ask("POST", f"/drafts/{page.draft()}/start", stolen, b"{}").status == 403
    assert page.ask("POST", f"/drafts/{page.draft()}/start", {"Cookie": page.cookie}, b"{}").status == 403


def test_every_page_keeps_its_policy(page: Browser) -> None:
    for path in ("/", "/static/ui.js", "/nothing"):
        headers = page.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline(page: Browser) -> None:
    text = page.get("/").text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(a.startswith(("/", "#")) for a in addresses)
    assert not re.search(r"<style|<script(?![^>]*src)|\sstyle=|\son\w+=", text)
    for address in (a for a in addresses if a.startswith("/static/")):
        answer = page.get(address)
        assert answer.status == 200
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("path", ["/static/..%2fapp.py", "/static/app.py", "/static/%2e%2e/app.py", "/static/.x"])
def test_only_our_own_files_are_static(page: Browser, path: str) -> None:
    assert page.get(path).status == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/runs/..", "/runs/..%2f..%2fetc", "/runs/.ui", "/runs/uploads", "/runs/nothing/live", "/runs/%00"),
        *("/runs/nothing/files/run.sqlite", "/runs/nothing/report.html", "/runs/nothing/bundle.zip", "/x/y"),
        "/drafts/x",
    ],
)
def test_what_is_not_there_is_said_and_nothing_else_is_served(page: Browser, path: str) -> None:
    answer = page.get(path)
    assert answer.status in (400, 404)
    assert "Traceback" not in answer.text


def test_what_data_and_people_write_is_escaped(page: Browser) -> None:
    draft, evil = page.draft(), "<img src=x onerror=alert(1)>"
    page.post(f"/drafts/{draft}", words=evil, paths=evil, target=f'"{evil}')
    assert page.send(draft, f"{evil}.csv".replace("/", ""), b"a,b\n1,2\n").status == 200
    shown = page.get(f"/drafts/{draft}").text
    assert "<img" not in shown
    assert "&lt;img src=x" in shown


def test_a_file_of_many_chunks_arrives_whole(page: Browser, root: Path) -> None:
    draft, content = page.draft(), bytes(range(256)) * 20_000  # 5 MB
    assert page.send(draft, "deep/er/big.bin", content).status == 200
    assert (root / "uploads" / draft / "deep/er/big.bin").read_bytes() == content
    assert "5.1 MB" in page.parts(f"/drafts/{draft}")["files"]
    assert page.post(f"/drafts/{draft}/remove", name="deep").status == 200
    assert page.parts(f"/drafts/{draft}")["files"] == ""


def test_an_upload_cannot_leave_its_folder(page: Browser, root: Path) -> None:
    draft = page.draft()
    for path in ("../../evil", "/evil", "a/../../evil", "a\\evil", "..", ""):
        answer = page.send(draft, path, b"x")
        assert answer.status == 400
        assert answer.json["error"]
    assert not list(root.parent.rglob("*evil*"))


def test_an_upload_that_breaks_off_leaves_nothing(page: Browser, root: Path) -> None:
    draft = page.draft()
    head = f"PUT /drafts/{draft}/files?path=a.csv HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nContent-Length: 1000\r\n"
    head += "".join(f"{k}: {v}\r\n" for k, v in page.known.items())
    with socket.create_connection(("127.0.0.1", page.port)) as connection:
        connection.sendall(f"{head}\r\nonly this".encode())
    assert page.send(draft, "b.csv", b"x").status == 200
    assert [p.name for p in (root / "uploads" / draft).iterdir() if not p.name.startswith(".part-")] == ["b.csv"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 9999,
        b"not json",
        b'{"words": "\\ud800"}',
        b'{"minutes": "soon"}',
        b'{"minutes": -1}',
        b'{"words": "  "}',
    ],
)
def test_mistakes_get_a_sentence(page: Browser, body: bytes) -> None:
    headers = {**page.known, "Content-Type": "application/json"}
    answer = page.ask("POST", f"/drafts/{page.draft()}/plan", headers, body)
    assert answer.status == 400
    assert len(answer.json["error"]) > 20


def test_too_much_is_refused(page: Browser) -> None:
    assert page.post(f"/drafts/{page.draft()}", words="x" * 600_000).status == 413


def test_a_run_that_was_begun_elsewhere_is_listed_and_shown(page: Browser, root: Path) -> None:
    (root / "by hand").mkdir()
    Journal(root / "by hand" / "run.sqlite", create=True).close()
    assert "/runs/by%20hand" in page.parts("")["runs"]
    shown = page.get("/runs/by%20hand")
    assert shown.status == 200
    assert "Interrupted" in shown.text
    assert page.post("/runs/by%20hand/serve").status == 400
    assert page.post("/runs/by%20hand/answer", number=1, **{"choice:target": "x"}).status == 400
    assert page.post("/runs/by%20hand/answer", number="9" * 5000).status == 400
    assert page.post("/runs/by%20hand/answer", number="²").status == 400
    assert page.post("/runs/by%20hand/refine", words=" ").status == 400


def test_a_report_runs_nothing_even_if_somebody_changed_it(page: Browser, root: Path) -> None:
    folder = root / "changed"
    folder.mkdir()
    Journal(folder / "run.sqlite", create=True).close()
    (folder / "report.html").write_text("<script>alert(1)</script>")
    headers = page.get("/runs/changed/report.html").headers
    assert "sandbox" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]


def test_files_of_a_run_are_named_ones_within_it(page: Browser, root: Path) -> None:
    folder = root / "links"
    folder.mkdir()
    Journal(folder / "run.sqlite", create=True).close()
    (root.parent / "secret").write_text("secret")
    (folder / "report.json").symlink_to(root.parent / "secret")
    (folder / "task.json").write_text("{}")
    assert page.get("/runs/links/files/task.json").text == "{}"
    for name in ("report.json", "run.sqlite", "..%2fsecret", "%2fetc%2fpasswd"):
        assert page.get(f"/runs/links/files/{name}").status == 404
    (folder / "report.json").unlink()


def test_a_taken_port_is_said_with_the_remedy(page: Browser, tmp_path: Path) -> None:
    said = run("ui", "--port", page.port, "--root", tmp_path, "--no-open")
    assert said.code == 2
    assert "--port 0 for a free one" in said.err


def test_a_run_itself_and_a_file_hold_no_runs(tmp_path: Path) -> None:
    Journal(tmp_path / "run.sqlite", create=True).close()
    said = run("ui", "--root", tmp_path, "--port", 0)
    assert (said.code, "is itself a run" in said.err) == (2, True)
    said = run("ui", "--root", tmp_path / "run.sqlite", "--port", 0)
    assert (said.code, "is no folder" in said.err) == (2, True)


def test_ends_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    browser = Browser.open(tmp_path)
    assert browser.close().strip() == "the page is closed."
    assert browser.process.returncode == 0


def test_every_template_and_file_is_part_of_the_package() -> None:
    web = files("traineragent.web")
    names = {p.name for folder in ("templates", "static") for p in web.joinpath(folder).iterdir()}
    assert {"base.html", "run.html", "ui.js", "ui.css", "upload.js"} <= names


def test_the_page_is_not_loaded_by_the_command_line(tmp_path: Path) -> None:
    done = start("--help")
    assert b"ui " in done.communicate(timeout=60)[0]
    code = "import sys, traineragent.cli.main; print([m for m in sys.modules if 'uvicorn' in m or 'web.' in m])"
    import subprocess

    found = subprocess.run([done.args[0], "-c", code], capture_output=True, timeout=60, check=True)  # type: ignore[index]
    assert json.loads(found.stdout or b"[]") == []
