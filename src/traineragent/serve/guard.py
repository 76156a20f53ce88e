"""Who may ask the service: a token, the Host header and the Origin header, checked before anything else is done.

Loopback is no trust boundary: a web page can reach 127.0.0.1, directly or by rebinding a name to it. Knows nothing of
models.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

OPEN_PATHS = frozenset(("/v2/health/live", "/v2/health/ready", "/sign-in"))
COOKIE = "service_token"
_READING = frozenset(("GET", "HEAD", "OPTIONS"))
_REMEMBERED = 64  # Host headers kept as accepted


@dataclass(frozen=True)
class Refusal:
    """Why a request is not served."""

    status: int
    message: str
    fix: str


class Guard:
    """`check` is None for a request that may go on. `token` None: nobody is asked for one."""

    def __init__(self, token: str | None, loopback: bool) -> None:
        self._token = None if token is None else token.encode()
        self._loopback = loopback
        self._accepted: set[bytes] = set()

    @property
    def wants_token(self) -> bool:
        return self._token is not None

    def check(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Refusal | None:
        host = headers.get(b"host", b"")
        if self._loopback and host not in self._accepted and not self._accept(host):
            return Refusal(403, "this service answers on this machine only, under its own address", "use 127.0.0.1")
        origin = headers.get(b"origin")
        if origin is not None and method not in _READING and not same_host(origin, host):
            return Refusal(403, "a page of another site may not ask this service", "ask from a program, or from /try")
        if self._token is not None and path not in OPEN_PATHS and not self._authorised(headers):
            return Refusal(401, "this service asks for a token", "send the header  Authorization: Bearer TOKEN")
        return None

    def _accept(self, host: bytes) -> bool:
        """Names with a dot can be rebound to loopback by whoever owns them; addresses and bare names cannot."""
        if not is_local(host.decode("latin-1")):
            return False
        if len(self._accepted) < _REMEMBERED:
            self._accepted.add(host)
        return True

    def _authorised(self, headers: Mapping[bytes, bytes]) -> bool:
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":
            return self.is_token(given.strip())
        cookie = headers.get(b"cookie")
        return cookie is not None and self.is_token(_cookie(cookie))

    def is_token(self, given: bytes) -> bool:
        """Whether `given` is the token; takes the same time for any wrong one."""
        return self._token is not None and hmac.compare_digest(given, self._token)


def is_local(host: str) -> bool:
    """Whether a Host header can only mean this machine: an address, localhost, or a name without a dot."""
    name = (urlsplit(f"//{host}").hostname or "") if host.isprintable() else "."
    name = name.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name
    return True


def is_loopback(address: str) -> bool:
    """Whether an address to listen on is reachable from this machine only."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def same_host(origin: bytes, host: bytes) -> bool:
    """Whether an Origin header names the host that was asked."""
    return origin.lower().partition(b"://")[2] == host.lower()


def _cookie(header: bytes) -> bytes:
    try:
        found = SimpleCookie(header.decode("latin-1")).get(COOKIE)
    except CookieError:
        return b""
    return b"" if found is None else found.value.encode("latin-1", "replace")
