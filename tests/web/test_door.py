"""Who is let in, and who is not."""

from __future__ import annotations

import pytest

from traineragent.web.door import Door

DOOR = Door("right", True, 8500)
HOST = b"127.0.0.1:8500"
OURS = b"http://127.0.0.1:8500"
COOKIE = b"traineragent_ui_8500=right"


def status(method: str = "GET", path: str = "/", door: Door = DOOR, **headers: bytes) -> int:
    refusal = door.check(method, path, {k.encode(): v for k, v in {"host": HOST, **headers}.items()})
    return refusal.status if refusal else 200


def test_lets_in_who_has_the_cookie() -> None:
    assert status(cookie=COOKIE) == 200
    assert status("POST", cookie=COOKIE, origin=OURS) == 200


@pytest.mark.parametrize(
    "cookie", [b"", b"traineragent_ui_8500=wrong", b"traineragent_ui_8501=right", b"traineragent_ui_8500=", b"\xff=;;"]
)
def test_asks_strangers_for_the_token(cookie: bytes) -> None:
    assert status(cookie=cookie) == 401


@pytest.mark.parametrize(
    "host", [b"evil.example:8500", b"127.0.0.1.evil.example", b"", b"evil.example@127.0.0.1.", b"\x00"]
)
def test_refuses_names_that_could_be_rebound(host: bytes) -> None:
    assert status(host=host) == 403
    assert status(host=host, cookie=COOKIE) == 403


@pytest.mark.parametrize(
    "origin",
    [
        b"",
        b"null",
        b"http://evil.example",
        b"http://127.0.0.1:8501",
        b"https://127.0.0.1:8500",
        b"http://localhost:8500",
    ],
)
def test_changes_nothing_for_another_origin(origin: bytes) -> None:
    assert status("POST", "/runs/a/stop", cookie=COOKIE, origin=origin) == 403
    assert status("PUT", "/drafts/a/files", cookie=COOKIE, origin=origin) == 403


def test_other_machines_may_name_this_one_where_it_listens_to_them() -> None:
    import socket

    wide = Door("right", False, 8500)
    assert status(door=wide, host=socket.gethostname().encode() + b":8500", cookie=COOKIE) == 200
    assert status(door=wide, host=b"evil.example:8500", cookie=COOKIE) == 403


def test_style_and_sign_in_are_open_to_all() -> None:
    assert status(path="/static/ui.css") == 200
    assert status("POST", "/sign-in", origin=OURS) == 200
    assert status("POST", "/sign-in", origin=b"http://evil.example") == 403
