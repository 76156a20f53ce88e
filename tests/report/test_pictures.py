"""The section of pictures shows what it is given and nothing that is no picture."""

from __future__ import annotations

from typing import Any

from traineragent.report.html import render_report
from traineragent.report.pictures import ADDRESS, pictures

DOT = ADDRESS + "AAAA"


def evidence(**more: Any) -> dict[str, Any]:
    shown = {"src": DOT, "name": "<b>one.jpg"}
    found: dict[str, Any] = {
        "examples": [{"label": "cat", "count": 3, "pictures": [shown]}],
        "mistakes": [{**shown, "true": "cat", "answer": "dog", "p": 0.9}],
        "suspects": [{**shown, "file": "cat/one.jpg", "given": "cat", "likely": "dog", "p": 0.8}],
        "looks": [{**shown, "true": "cat", "answer": "cat"}],
    }
    return {"pictures": {**found, **more}}


def test_each_part_is_worded() -> None:
    found = pictures(evidence())
    assert found is not None
    assert found["mistakes"][0]["words"] == "is cat, answered dog (90 %)"
    assert found["suspects"][0]["words"] == "labelled cat, looks like dog"
    assert found["looks"][0]["words"] == "answered cat"


def test_only_addresses_of_pictures_are_shown_and_names_are_escaped() -> None:
    page = render_report({"status": "delivered"}, evidence(looks=[{"src": "https://x.example/a.jpg", "name": "a"}]))
    assert "x.example" not in page
    assert "&lt;b&gt;one.jpg" in page
    assert DOT in page


def test_tables_have_no_such_section() -> None:
    assert pictures({}) is None
    assert 'id="pictures"' not in render_report({"status": "delivered"}, {})
