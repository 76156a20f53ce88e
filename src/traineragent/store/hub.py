"""Repositories of a Hugging Face hub: what is fetched lies in the usual cache afterwards and is not fetched again.

The only place that asks a hub anything. `HF_ENDPOINT` names another hub, `HF_TOKEN` opens what is private, and with
`HF_HUB_OFFLINE=1` only the cache answers. Knows nothing of tables or networks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError, MissingExtra, TrainerError

SCHEME = "hf://"
WAIT_S = 4.0
"""For the first answer: where there is no network, nobody waits long to hear so."""
PACKAGE, EXTRA = "huggingface_hub", "hub"
Kind = Literal["model", "dataset"]
Choose = Callable[[Sequence[str]], Sequence[str]]


class HubAway(TrainerError):
    """The hub cannot be asked, or has nothing of that name; the sentence says which."""


class _Unreachable(HubAway):
    """Nobody answers; the cache may."""


@dataclass(frozen=True)
class Repository:
    """`name` is owner/name, or a name alone; `part` is what follows "#"."""

    name: str
    kind: Kind
    revision: str | None = None
    part: str | None = None


def is_hub(address: str) -> bool:
    return address.lower().startswith(SCHEME)


def repository(address: str, kind: Kind) -> Repository:
    """`hf://[datasets/]owner/name[@revision][#part]`. Raises InputError."""
    path, _, part = address[len(SCHEME) :].partition("#")
    name, _, revision = path.strip("/").partition("@")
    name = name.removeprefix("datasets/" if kind == "dataset" else "models/")
    if not name or name.count("/") > 1 or not all(piece.strip() for piece in name.split("/")):
        raise InputError(f"{address}: expected {SCHEME}OWNER/NAME, with @REVISION or #PART after it where needed")
    return Repository(name, kind, revision or None, part or None)


def cache_folder() -> str:
    """Where repositories are kept, as every program of the hub keeps them."""
    home = os.environ.get("HF_HOME") or os.path.join(os.path.expanduser("~"), ".cache", "huggingface")
    return os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")


def offline() -> bool:
    """Whether the person forbade asking."""
    return any(
        os.environ.get(n, "").upper() in ("1", "TRUE", "YES", "ON") for n in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def fetch(wanted: Repository, choose: Choose) -> tuple[Path, list[str]]:
    """(folder in the cache, the files `choose` picked from all of the repository's, by path). Where the hub cannot be
    asked, what the cache holds is all there is. Raises HubAway, whatever `choose` raises, and MissingExtra."""
    if find_spec(PACKAGE) is None:
        raise MissingExtra(PACKAGE, EXTRA, f"reading {SCHEME}{wanted.name}")
    if offline():
        return _kept(wanted, choose, f"{wanted.name}: not in the cache, and HF_HUB_OFFLINE forbids asking the hub")
    try:
        chosen = list(choose(_listed(wanted)))
    except _Unreachable as error:
        return _kept(wanted, choose, str(error))
    return (_download(wanted, chosen), chosen) if chosen else (Path(), [])


def _download(wanted: Repository, names: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    place: dict[str, Any] = {"cache_dir": cache_folder(), "endpoint": _endpoint()}
    patterns = [_literal(name) for name in names]
    try:
        return Path(
            snapshot_download(
                wanted.name, repo_type=wanted.kind, revision=wanted.revision, allow_patterns=patterns, **place
            )
        )
    except Exception as error:  # noqa: BLE001  of the network, the disk or the hub: each says what happened
        raise HubAway(f"{wanted.name}: could not be fetched from the hub ({_line(error)})") from None


def _listed(wanted: Repository) -> list[str]:
    """All files as the hub tells them."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        api = HfApi(endpoint=_endpoint())
        found: Any = api.repo_info(wanted.name, revision=wanted.revision, repo_type=wanted.kind, timeout=WAIT_S)
    except GatedRepoError:
        raise HubAway(f"{wanted.name}: its owner asks who reads it; agree on its page, then set HF_TOKEN") from None
    except RevisionNotFoundError:
        raise HubAway(f"{wanted.name}: the hub has no revision {wanted.revision!r} of it") from None
    except RepositoryNotFoundError:
        raise HubAway(
            f"{wanted.name}: the hub has no public {wanted.kind} of that name; HF_TOKEN opens private ones"
        ) from None
    except Exception as error:  # noqa: BLE001  no network, a proxy, a refusal: all mean that nothing can be had
        raise _Unreachable(f"{wanted.name}: the hub cannot be reached ({_line(error)})") from None
    return [s.rfilename for s in found.siblings or ()]


def _kept(wanted: Repository, choose: Choose, otherwise: str) -> tuple[Path, list[str]]:
    """`fetch` from the cache alone. Raises HubAway with the sentence `otherwise` where it holds nothing."""
    place = Path(cache_folder()) / "--".join([f"{wanted.kind}s", *wanted.name.split("/")])
    said = wanted.revision or "main"
    try:
        folder = place / "snapshots" / (place / "refs" / said).read_text(encoding="utf-8").strip()
    except OSError:
        folder = place / "snapshots" / said
    chosen = list(choose([p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]))
    if not chosen:
        raise HubAway(otherwise)
    return folder, chosen


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def _literal(name: str) -> str:
    """A pattern of shells that fits this name alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
