"""Who may ask: every path and method under a bad Host, a foreign Origin, and with and without the token."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.serve.guard import Guard, is_local, is_loopback

from .small import Client

PATHS = ("/predict", "/v2", "/v2/models/churn-model", "/v2/models/churn-model/infer", "/metrics", "/docs")
PATHS += ("/openapi.json", "/card", "/try", "/", "/nope")
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost:9", "[::1]:8000", "a.localhost", "model", "x:1", "10.0.0.7", ""]
)
def test_hosts_that_can_only_mean_this_machine_are_served(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.com", "a b.c"]
)
def test_names_that_others_can_rebind_are_not(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_a_foreign_host_reaches_nothing(churn: Path, method: str, path: str) -> None:
    reply = Client(churn).ask(method, path, host="evil.example")
    assert reply.status == 403


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_a_page_of_another_site_changes_nothing(churn: Path, method: str, path: str, origin: str) -> None:
    assert Client(churn).ask(method, path, origin=origin).status == 403


def test_the_page_of_the_service_itself_may_ask(churn: Path) -> None:
    assert Client(churn).ask("POST", "/predict", b'{"rows":[]}', origin="http://127.0.0.1:8000").status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer ", "Basic c2VjcmV0", "secret", "Bearer secretx"])
def test_without_the_token_nothing_is_served(churn: Path, method: str, path: str, header: str) -> None:
    headers = {"authorization": header} if header else {}
    reply = Client(churn, token="secret").ask(method, path, **headers)
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"


def test_with_the_token_everything_is_served(churn: Path) -> None:
    client = Client(churn, token="secret")
    assert client.ask("POST", "/predict", b'{"rows":[]}', authorization="Bearer secret").status == 200
    assert client.ask("POST", "/predict", b'{"rows":[]}', cookie="a=b; service_token=secret").status == 200
    assert client.ask("POST", "/predict", b'{"rows":[]}', cookie="service_token=wrong").status == 401
    assert client.get("/v2/health/ready").status == 200


def test_a_browser_signs_in_once(churn: Path) -> None:
    client = Client(churn, token="secret")
    sent_on = client.get("/try", accept="text/html,*/*")
    assert (sent_on.status, sent_on.headers["location"]) == (303, "/sign-in?next=/try")
    assert b'type="password"' in client.get("/sign-in").body
    assert client.ask("POST", "/sign-in", b"token=wrong").status == 401
    done = client.ask("POST", "/sign-in?next=/card", b"token=secret")
    assert (done.status, done.headers["location"]) == (303, "/card")
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("there", ["//evil.example", "http://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(churn: Path, there: str) -> None:
    done = Client(churn, token="secret").ask("POST", f"/sign-in?next={there}", b"token=secret")
    assert done.headers["location"] == "/try"


def test_no_response_lets_other_origins_read(client: Client) -> None:
    for path in PATHS:
        headers = client.get(path, origin="http://evil.example").headers
        assert not [h for h in headers if h.startswith("access-control")]


def test_accepted_hosts_are_remembered_within_bounds() -> None:
    guard = Guard(None, loopback=True)
    for i in range(1000):
        assert guard.check("GET", "/", {b"host": b"name%d" % i}) is None
    assert len(guard._accepted) <= 64


@pytest.mark.parametrize(("address", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True)])
def test_knows_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.0.5", "example.com"])
def test_knows_what_others_can_reach(address: str) -> None:
    assert not is_loopback(address)
