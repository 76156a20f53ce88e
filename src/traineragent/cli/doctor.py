"""`traineragent doctor`: what this machine has, measured, with the cure for what is missing."""

from __future__ import annotations

import os
import platform
import re
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

LEAST_DISK_MB = 500
NO_USERS_EXTRA = ("all", "dev")
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+).*?(?:extra == ['\"](?P<extra>[\w-]+)['\"])?$")


def examine() -> dict[str, Any]:
    """Facts about packages, disk, cores, memory and GPU, and the sentences a person should read."""
    import psutil

    from .. import __version__
    from ..sandbox.box import TIERS, strongest

    disk, needed = shutil.disk_usage(Path.cwd()).free / 1e6, _needed()
    facts: dict[str, Any] = {
        "traineragent": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        "memory_free_mb": round(psutil.virtual_memory().available / 1e6),
        "disk_free_mb": round(disk),
        "gpu": shutil.which("nvidia-smi") is not None and Path("/dev/nvidia0").exists(),
        "packages": {p: _version(p) for p in needed.pop("")},
        "extras": {extra: {p: _version(p) for p in packages} for extra, packages in needed.items()},
        "sandbox": TIERS[strongest()],
        "brain": "planner (embedded, no key needed)",
        "models": _models(),
    }
    facts["problems"] = _problems(facts)
    return facts


def _models() -> list[dict[str, str]]:
    """Which language models could be asked, provider by provider."""
    from ..brains.reachable import look, package_missing

    missing = "; not installed: pip install 'traineragent[llm]'" if package_missing() else ""
    return [{"provider": f.provider, "state": f.state, "detail": f"{f.detail}{missing}"} for f in look()]


def _needed() -> dict[str, list[str]]:
    """Packages by the extra that brings them, those that are always needed under "", as the installed package says."""
    found: dict[str, list[str]] = {"": []}
    try:
        requirements = metadata.requires("traineragent") or ()
    except metadata.PackageNotFoundError:  # the sources alone, never installed
        requirements = ()
    for requirement in requirements:
        named = _REQUIREMENT.match(requirement)
        extra = named["extra"] or "" if named else ""
        if named and extra not in NO_USERS_EXTRA:
            found.setdefault(extra, []).append(named["name"])
    return found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _listed(versions: dict[str, str | None]) -> str:
    return ", ".join(f"{package} {version}" for package, version in versions.items() if version is not None)


def _problems(facts: dict[str, Any]) -> list[str]:
    missing = [p for p, v in facts["packages"].items() if v is None]
    out = [f"{p} is not installed; cure: pip install {p}" for p in missing]
    if facts["disk_free_mb"] < LEAST_DISK_MB:
        out.append(f"only {facts['disk_free_mb']} MB are free here; a run may need {LEAST_DISK_MB}")
    return out


def print_findings(facts: dict[str, Any]) -> None:
    from rich import markup
    from rich.console import Console

    from ..report.wording import clean, plural

    console = Console(highlight=False)
    console.print(f"[bold]traineragent {facts['traineragent']}[/] on Python {facts['python']}, {facts['system']}")
    console.print(
        f"{plural(facts['cores'], 'core')}, {facts['memory_free_mb']:,} of {facts['memory_mb']:,} MB memory free, "
        f"{facts['disk_free_mb']:,} MB disk free, {'a GPU' if facts['gpu'] else 'no GPU'}"
    )
    console.print(f"brain: {facts['brain']}")
    for model in facts["models"]:
        style = {"answers": "green", "not set up": "dim"}.get(model["state"], "red")
        name, detail = markup.escape(model["provider"]), markup.escape(clean(model["detail"]))
        console.print(f"  --brain {name + ':…':12} [{style}]{model['state']}[/]  [dim]{detail}[/]", soft_wrap=True)
    console.print(f"sandbox for generated features: {facts['sandbox']}")
    console.print(f"  {_listed(facts['packages'])}", soft_wrap=True)
    for extra, packages in facts["extras"].items():
        missing = [p for p, version in packages.items() if version is None]
        state = f"[dim]not installed: {', '.join(missing)}; cure: pip install 'traineragent\\[{extra}]'[/]"
        console.print(
            f"extra {extra:11} {state if missing else '[green]installed[/]'}  {_listed(packages)}", soft_wrap=True
        )
    for problem in facts["problems"]:
        console.print(f"[red]problem:[/] {problem}")
    if not facts["problems"]:
        console.print("[green]ready[/]")
