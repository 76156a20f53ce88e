"""The pages: self-contained, protected by their headers, and safe with whatever a column or label is called."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from traineragent.domain.data import Column, Target

from .small import CHURN, Client, write_small

HOSTILE = '</script><script>alert("1")</script><img src=x onerror=alert(1)>'


def hashes(policy: str) -> set[str]:
    return set(re.findall(r"'sha256-([^']+)'", policy))


@pytest.mark.parametrize("path", ["/try", "/docs"])
def test_pages_fetch_nothing_from_elsewhere(client: Client, path: str) -> None:
    reply = client.get(path)
    html = reply.body.decode()
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", html)
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert digest in hashes(reply.headers["content-security-policy"])


def test_no_page_uses_what_the_policy_forbids(client: Client) -> None:
    for path in ("/try", "/docs", "/sign-in"):
        html = client.get(path).body.decode().replace('type="application/json" id="data"', "")
        assert not re.search(
            r"\sstyle=|\son[a-z]+=|javascript:", re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
        )
        assert "innerHTML" not in html


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    columns = (Column(HOSTILE, "category", categories=(HOSTILE, "b")), Column("{{script}}", "number"))
    target = Target(HOSTILE, "class", (HOSTILE, "b"))
    bundle = write_small(tmp_path, target, columns)
    (bundle / "MODEL_CARD.md").write_text(
        f"# {HOSTILE}\n\n| {HOSTILE} |\n| --- |\n| `{HOSTILE}` |\n\n[a](javascript:alert(1))\n"
    )
    client = Client(bundle)
    for path in ("/try", "/docs", "/card"):
        html = client.get(path).body.decode()
        assert html.count("<script") == 2
        assert "<img" not in html
        assert 'href="javascript' not in html
    data = re.search(r'id="data">(.*?)</script>', client.get("/try").body.decode(), re.DOTALL)
    assert data is not None
    assert [c["name"] for c in json.loads(data[1])["columns"]] == [HOSTILE, "{{script}}"]


def test_the_form_shows_dates_and_years_as_people_write_them(tmp_path: Path) -> None:
    year = Column("year", "number", integer=True, low=1900, high=2022)
    day = Column("day", "date", date_formats=("%d.%m.%Y",), date_parts=("year",))
    html = Client(write_small(tmp_path, CHURN, (year, day))).get("/try").body.decode()
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    first, second = json.loads(data[1])["columns"]
    assert (first["years"], first["low"], second["years"]) == (True, 1900, False)
    assert second["formats"] == ["31.01.2024"]


def test_the_root_leads_to_the_form(client: Client) -> None:
    assert client.get("/").headers["location"] == "/try"


def test_the_card_comes_as_page_and_as_markdown(tmp_path: Path) -> None:
    bundle = write_small(tmp_path)
    (bundle / "MODEL_CARD.md").write_text("# Card\n")
    client = Client(bundle)
    assert "<h1" in client.get("/card", accept="text/html").body.decode()
    assert "<h1" in client.get("/card").body.decode()
    plain = client.get("/card", accept="text/markdown")
    assert (plain.body, plain.headers["content-type"]) == (b"# Card\n", "text/markdown; charset=utf-8")


def test_a_bundle_without_a_card_says_so(client: Client) -> None:
    reply = client.get("/card")
    assert reply.status == 404
    assert "MODEL_CARD" in reply.json["error"]["message"]
