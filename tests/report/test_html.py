"""report.html: self-contained, without script, closed to hostile words, readable by machines that read aloud."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from run_example import example, strained

from traineragent.report.html import render_report, write_report

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """Tags in order, ids, and whether every tag that opens is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag]


@pytest.fixture(scope="module", params=["binary", "many", "values"])
def text(request: pytest.FixtureRequest) -> str:
    return render_report(*example(request.param))


def test_the_page_is_well_formed_and_small(text: str) -> None:
    Page(text)
    assert len(text.encode()) < 500_000


def test_nothing_is_loaded_from_anywhere_and_no_script_runs(text: str) -> None:
    page = Page(text)
    assert not {"script", "link", "iframe", "img", "object", "form"} & {t for t, _ in page.tags}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("src", "style", "srcset") for name in attributes)
        assert not re.match(r"(https?:)?//|javascript:|data:", attributes.get("href") or "")
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_exactly_the_style_that_is_there(text: str) -> None:
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = next(a["content"] for a in Page(text).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_every_table_has_a_caption_and_every_figure_a_text(text: str) -> None:
    page = Page(text)
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(a.get("aria-label") for a in page.all("svg"))
    assert all(a.get("scope") for a in page.all("th"))
    headings = [int(t[1]) for t, _ in page.tags if re.fullmatch(r"h[1-6]", t)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))


def test_ids_are_unique_and_the_contents_lead_somewhere(text: str) -> None:
    ids = [a["id"] for _, a in Page(text).tags if a.get("id")]
    assert len(ids) == len(set(ids))
    assert all(a["href"][1:] in ids for a in Page(text).all("a") if (a["href"] or "").startswith("#"))  # type: ignore[index]


def test_requirements_stand_before_the_score_and_that_before_the_rest(text: str) -> None:
    marks = [
        'class="required',
        'class="headline"',
        'id="asked"',
        'id="found"',
        'id="tried"',
        'id="quality"',
        'id="decided"',
    ]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_hostile_words_stay_words() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' style=x {{7*7}} \x00\u202e"
    report, evidence = example()
    page_text = render_report(strained(report, attack), strained(evidence, attack))
    page = Page(page_text)
    assert not page.all("script")
    assert not page.all("img")
    assert not any("onerror" in attributes or "style" in attributes for _, attributes in page.tags)
    assert "{{7*7}}" in page_text
    assert "\x00" not in page_text
    assert "\u202e" not in page_text


@pytest.mark.parametrize("status", ["declined", "needs_answer", "failed"])
def test_a_run_without_a_model_gets_a_short_page(status: str) -> None:
    report = {
        "status": status,
        "request": "Pick applicants by their photos",
        "reason": "this would be unlawful",
        "alternative": "judge work samples",
        "questions": [{"about": "target", "text": "Which column?", "choices": ["a"], "default": "a"}],
    }
    text = render_report(report, {})
    Page(text)
    body = text[text.index("<body>") :]
    assert len(body) < 4000
    assert "This would be unlawful." in body
    assert "Judge work samples." in body
    assert ("Which column?" in body) == (status == "needs_answer")


def test_five_hundred_columns_and_trials_stay_readable_in_size() -> None:
    report, evidence = example()
    column = evidence["profile"]["columns"][1]
    evidence["profile"]["columns"] = [{**column, "name": f"column {k}"} for k in range(500)]
    report["leaderboard"] = [{**report["leaderboard"][1], "trial": k} for k in range(500)]
    assert len(render_report(report, evidence)) < 1_500_000


def test_the_file_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", *example())
    write_report(tmp_path / "report.html", *example("values"))
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render_report(*example("values"))
