"""Who may come in: a token in the first address, kept in a cookie, and the Host and Origin headers of every request.

The page reads files and starts work, so loopback alone is no protection: any web page can reach 127.0.0.1, directly or
by rebinding a name to it. Knows nothing of what lies behind the door.
"""

from __future__ import annotations

import hmac
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from ..serve.guard import Refusal, is_local, same_host

OPEN_PATHS = ("/static/", "/sign-in")
"""Nothing that is anybody's own lies here."""
READING = frozenset(("GET", "HEAD"))


@dataclass(frozen=True)
class Door:
    """`loopback`: listens to this machine only. `port` keeps the cookies of two pages on one machine apart."""

    token: str
    loopback: bool
    port: int

    @property
    def cookie(self) -> str:
        return f"traineragent_ui_{self.port}"

    def check(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Refusal | None:
        """None for a request that may go on."""
        host = headers.get(b"host", b"")
        if not self._is_ours(host.decode("latin-1")):
            return Refusal(403, "this page answers under its own address only", "open the address that was printed")
        if method not in READING:
            origin = headers.get(b"origin", b"")
            if not origin.startswith(b"http://") or not same_host(origin, host):
                return Refusal(403, "only this page itself may ask for this", "do it on the page")
        if not path.startswith(OPEN_PATHS) and not self._known(headers.get(b"cookie", b"")):
            return Refusal(401, "this page opens with its token only", "open the address that was printed")
        return None

    def is_token(self, given: str) -> bool:
        """Takes the same time for any wrong one."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def _is_ours(self, host: str) -> bool:
        """Names with a dot can be rebound to this machine by whoever owns them, but for the machine's own name."""
        name = (urlsplit(f"//{host}").hostname or "") if host.isprintable() and "@" not in host else ""
        if not name or is_local(host):
            return bool(name)
        return not self.loopback and name in (socket.getfqdn().lower(), socket.gethostname().lower())

    def _known(self, header: bytes) -> bool:
        try:
            found = SimpleCookie(header.decode("latin-1")).get(self.cookie)
        except CookieError:
            return False
        return found is not None and self.is_token(found.value)
