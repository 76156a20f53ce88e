"""Documentation cannot rot: the reference is what the code says, and what pages link to exists."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]


def test_the_reference_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "docs.py"))
    written = script["TARGET"].read_text(encoding="utf-8")
    assert written == script["reference"](), "write it with: .venv/bin/python scripts/docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_command_in_the_pages_exists() -> None:
    from traineragent.cli.main import app

    known = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback} | {"sop", "memory"}
    text = "\n".join(p.read_text(encoding="utf-8") for p in PAGES)
    named = set(re.findall(r"^traineragent ([a-z]+)", text, re.MULTILINE)) | set(
        re.findall(r"`traineragent ([a-z]+)", text)
    )
    assert named - known == set()
