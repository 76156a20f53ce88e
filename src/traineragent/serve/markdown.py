"""Markdown as HTML: headings, paragraphs, lists, tables, code, emphasis and links, which is what a model card uses.

Everything is escaped first; raw HTML stays text, and links lead to http(s) addresses or places in the page only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_ITEM = re.compile(r"(?:[-*]|(\d+)\.)\s+(.*)")
_PRIVATE = 0xE000
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>])")
_WAITING = re.compile(f"[{chr(_PRIVATE + 33)}-{chr(_PRIVATE + 126)}]")
_LINK = re.compile(r"\[([^\]]+)\]\(((?:https?://|#|/)[^\s)]*)\)")


def to_html(text: str) -> str:
    """The HTML of a Markdown text."""
    return "\n".join(_blocks(text.replace("\r\n", "\n").split("\n")))


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif line.startswith("```"):
            end = _until(lines, at + 1, lambda s: s.startswith("```"))
            yield f"<pre><code>{html.escape(chr(10).join(lines[at + 1 : end]))}</code></pre>"
            at = end + 1
        elif match := re.match(r"(#{1,6})\s+(.*)", line):
            level = len(match[1])
            yield f'<h{level} id="{_anchor(match[2])}">{inline(match[2])}</h{level}>'
            at += 1
        elif "|" in line and at + 1 < len(lines) and _RULE.fullmatch(lines[at + 1]):
            end = _until(lines, at + 2, lambda s: "|" not in s)
            yield _table(lines[at:end])
            at = end
        elif _ITEM.match(line):
            end = _until(lines, at, lambda s: not (_ITEM.match(s) or s.startswith("  ")))
            yield _list(lines[at:end])
            at = end
        elif line.startswith(">"):
            end = _until(lines, at, lambda s: not s.startswith(">"))
            yield f"<blockquote>{inline(' '.join(s.lstrip('> ') for s in lines[at:end]))}</blockquote>"
            at = end
        else:
            end = _until(
                lines, at + 1, lambda s: not s.strip() or s.startswith(("#", "```", "|", ">")) or bool(_ITEM.match(s))
            )
            yield f"<p>{inline(' '.join(lines[at:end]))}</p>"
            at = end


def _until(lines: list[str], start: int, stop: object) -> int:
    assert callable(stop)
    return next((i for i in range(start, len(lines)) if stop(lines[i])), len(lines))


def _list(lines: list[str]) -> str:
    items: list[str] = []
    ordered = False
    for line in lines:
        if match := _ITEM.match(line):
            ordered = ordered or match[1] is not None
            items.append(match[2])
        else:
            items[-1] += " " + line.strip()
    tag = "ol" if ordered else "ul"
    return f"<{tag}>{''.join(f'<li>{inline(i)}</li>' for i in items)}</{tag}>"


def _table(lines: list[str]) -> str:
    head, rule, *body = (_cells(line) for line in lines)
    sides = ["right" if c.endswith(":") and not c.startswith(":") else "left" for c in rule]

    def row(cells: list[str], tag: str) -> str:
        padded = [*cells, *[""] * (len(head) - len(cells))][: len(head)]
        shown = (f'<{tag} class="{sides[min(i, len(sides) - 1)]}">{inline(c)}</{tag}>' for i, c in enumerate(padded))
        return f"<tr>{''.join(shown)}</tr>"

    rows = "".join(row(cells, "td") for cells in body)
    return f'<div class="scroll"><table><thead>{row(head, "th")}</thead><tbody>{rows}</tbody></table></div>'


def _cells(line: str) -> list[str]:
    return [c.strip().replace(r"\|", "|") for c in _CELL.split(line.strip().removeprefix("|").removesuffix("|"))]


def inline(text: str) -> str:
    """One line: code, strong, emphasis, links."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        f"<code>{html.escape(p[1:-1])}</code>" if p.startswith("`") and p.endswith("`") and len(p) > 2 else _words(p)
        for p in parts
    )


def _words(text: str) -> str:
    """Escaped characters wait in the private use area until the markup around them is understood."""
    text = _ESCAPED.sub(lambda m: chr(_PRIVATE + ord(m[1])), text)
    text = html.escape(text, quote=True)
    text = _LINK.sub(r'<a href="\2">\1</a>', text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])", r"<em>\1</em>", text)
    return _WAITING.sub(lambda m: html.escape(chr(ord(m[0]) - _PRIVATE)), text)


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
