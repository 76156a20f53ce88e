"""Which language models could be asked from here: a look at each provider that is set up, which costs nothing.

Asks for the list of models only, and says nothing of keys but whether they were accepted.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from .providers import PROVIDERS, Provider, redacted, secrets

TIMEOUT_S = 4.0
MOST_BYTES = 2_000_000
SHOWN_MODELS = 5


@dataclass(frozen=True)
class Found:
    """`state`: "answers", "key refused", "no answer" or "not set up"; `detail` in words for a person."""

    provider: str
    state: str
    detail: str


def look(environment: Mapping[str, str] = os.environ, timeout_s: float = TIMEOUT_S) -> list[Found]:
    """One finding a provider, in at most `timeout_s` and a little."""
    with ThreadPoolExecutor(len(PROVIDERS)) as pool:
        return list(pool.map(lambda p: _look(p, environment, timeout_s), PROVIDERS.values()))


def package_missing() -> bool:
    """Whether no provider can be asked because the extra is not installed."""
    return find_spec("pydantic_ai") is None


def _look(provider: Provider, environment: Mapping[str, str], timeout_s: float) -> Found:
    key, base = provider.key(environment), provider.base_url(environment)
    if key is None and base is None and not provider.keyless:
        return Found(provider.name, "not set up", f"set {' or '.join(provider.keys)}")
    address = (base or provider.address).rstrip("/")
    shown = _without_login(address)
    try:
        models = _models(_request(provider, address, key), timeout_s)
    except urllib.error.HTTPError as e:
        state = "key refused" if e.code in (401, 403) else "no answer"
        return Found(provider.name, state, f"{shown} says HTTP {e.code}")
    except (OSError, ValueError) as e:
        if provider.keyless and base is None:
            return Found(provider.name, "not set up", f"nothing runs at {shown}")
        why = redacted(str(getattr(e, "reason", e)), secrets(environment))[:120]
        return Found(provider.name, "no answer", f"{shown}: {why}")
    some = ", ".join(models[:SHOWN_MODELS]) + (" …" if len(models) > SHOWN_MODELS else "")
    count = f"{len(models)} model{'' if len(models) == 1 else 's'}"
    return Found(provider.name, "answers", f"{shown}, {count}{f': {some}' if some else ''}")


def _request(provider: Provider, address: str, key: str | None) -> urllib.request.Request:
    headers = {"Accept": "application/json", "User-Agent": "traineragent"}
    if provider.name == "anthropic":
        return urllib.request.Request(
            f"{address}/v1/models", headers={**headers, "x-api-key": key or "", "anthropic-version": "2023-06-01"}
        )
    if provider.name == "google":
        return urllib.request.Request(f"{address}/v1beta/models", headers={**headers, "x-goog-api-key": key or ""})
    path = address if address.endswith("/v1") or provider.name == "openai" else f"{address}/v1"
    return urllib.request.Request(f"{path}/models", headers={**headers, "Authorization": f"Bearer {key or 'none'}"})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key goes where it was meant to go and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _models(request: urllib.request.Request, timeout_s: float) -> list[str]:
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(request, timeout=timeout_s) as response:
        found = json.loads(response.read(MOST_BYTES))
    listed = found.get("data") or found.get("models") or [] if isinstance(found, dict) else []
    names = [str(m.get("id") or m.get("name") or "") for m in listed if isinstance(m, dict)]
    return [n.removeprefix("models/") for n in names if n]


def _without_login(address: str) -> str:
    parts = urlsplit(address)
    return address.replace(f"{parts.netloc.rpartition('@')[0]}@", "") if "@" in parts.netloc else address
