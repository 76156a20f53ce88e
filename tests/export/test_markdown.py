"""Markdown for documents: neat tables, and data that cannot become markup."""

from __future__ import annotations

from traineragent.export.markdown import code, plain, table


def test_a_table_lines_up_also_with_wide_characters() -> None:
    text = table(("Name", "Rows"), [("新闻", "1"), ("a|b", "1,000")], right=(1,))
    assert text.splitlines() == [
        "| Name |  Rows |",
        "| ---- | ----: |",
        "| 新闻 |     1 |",
        r"| a\|b | 1,000 |",
    ]


def test_an_empty_table_is_empty_text() -> None:
    assert table(("a",), []) == ""


def test_values_stay_on_one_line_and_are_no_markup() -> None:
    assert plain("a\n*b* <c> [d](e) `f` | g") == r"a \*b\* \<c> \[d](e) \`f\` \| g"
    assert code("a`b\nc") == "`a'b c`"
    assert code("") == '`""`'
