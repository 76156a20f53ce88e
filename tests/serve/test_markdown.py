"""Markdown as HTML: what a card uses, and nothing that could run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traineragent.serve.markdown import inline, to_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A `b` *c*", '<h1 id="a-b-c">A <code>b</code> <em>c</em></h1>'),
        ("one\ntwo", "<p>one two</p>"),
        ("- a\n- **b**\n  more", "<ul><li>a</li><li><strong>b</strong> more</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("```sh\na < b\n```", "<pre><code>a &lt; b</code></pre>"),
        ("> said\n> so", "<blockquote>said so</blockquote>"),
        ("[here](https://a.b/c)", '<p><a href="https://a.b/c">here</a></p>'),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>"),
        (r"\*no\* \<b\>", "<p>*no* &lt;b&gt;</p>"),
    ],
)
def test_understands(text: str, html: str) -> None:
    assert to_html(text) == html


def test_tables_align_and_keep_escaped_bars() -> None:
    html = to_html("| a | b |\n| --- | --: |\n| x \\| y | 1 |\n| only |\n\nafter")
    assert '<td class="left">x | y</td><td class="right">1</td>' in html
    assert html.count("<tr>") == 3
    assert html.endswith("<p>after</p>")


@given(st.text(alphabet=st.sampled_from("<>&\"'`*_[](){}#|-:\\\n ab1!/."), max_size=80))
def test_nothing_becomes_a_tag_of_its_own(text: str) -> None:
    html = to_html(text)
    allowed = (
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "em",
        "strong",
        "a",
        "blockquote",
    )
    allowed += ("div", "table", "thead", "tbody", "tr", "th", "td")
    for piece in html.split("<")[1:]:
        assert piece.lstrip("/").split(">")[0].split(" ")[0] in allowed


def test_code_is_left_alone() -> None:
    assert inline("`**a** <b>`") == "<code>**a** &lt;b&gt;</code>"
