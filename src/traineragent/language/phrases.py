"""The small pattern language of the lexicons, compiled to regular expressions over folded text.

    word      exactly this word          word*        a word that begins so
    *word     a word that ends so        *word*       a word that holds it (compounds: "Flurkamera")
    (a|b c)   one of several             [a]          may be absent
    ..        up to 3 words between      ...          up to 8 words between, inside one sentence
    {found}   one of the words that the lexicon classes.yaml lists under that name, in the phrase's language
    <share>   a recognised quantity of that kind (share, number, time, size, money, fps, rate; <any> for all of them)

In scripts without spaces pieces match anywhere and ".." spans up to 8 characters. In Devanagari a piece of three signs
or more is the beginning of a word, a shorter one is a word. Knows nothing of meanings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .words import INDIC, WIDE, fold

QUANTITY_KINDS = ("share", "number", "time", "size", "money", "fps", "rate", "measure")
# Control characters never survive folding, and classes of characters beyond Latin-1 take long to compile.
MARKS = {kind: chr(1 + i) for i, kind in enumerate(QUANTITY_KINDS)}
FILL = "\x0e"
_PIECE = re.compile(r"\.\.\.|\.\.|[(|)\[\]]|<\w+>|[^\s()|\[\]<]+")
_CLASS = re.compile(r"\{(\w+)\}")
_WIDE = re.compile(f"[{WIDE}{INDIC}]")
_UNSPACED = re.compile(f"[{WIDE}]")
_INDIC = re.compile(f"[{INDIC}]+")
_WORD_OF_INDIC = 2  # signs of a piece that is a whole word
_TOKEN = re.compile(r"[a-z0-9_]+")


def mark(kind: str, length: int) -> str:
    """What stands in the text for a quantity of `length` characters."""
    return MARKS[kind] + FILL * (length - 1)


def matches(phrases: Iterable[str], text: str, start: int = 0, end: int | None = None) -> list[re.Match[str]]:
    """Where any of the phrases occurs in text[start:end]: from left to right, apart, the first listed first.

    Only phrases of which some word is in the text are compiled: a lexicon has thousands, a request needs dozens."""
    end = len(text) if end is None else end
    said = _said(text)
    found: list[tuple[int, int, re.Match[str]]] = []
    for rank, phrase in enumerate(phrases):
        if any(need.met(said) for need in _needed(phrase)):
            found += [(m.start(), rank, m) for m in _compiled(phrase).finditer(text, start, end)]
    out: list[re.Match[str]] = []
    for _, _, match in sorted(found, key=lambda f: f[:2]):
        if match.end() > match.start() and (not out or match.start() >= out[-1].end()):
            out.append(match)
    return out


def matches_of_many(phrases: tuple[str, ...], text: str) -> list[re.Match[str]]:
    """`matches` for a list that many short texts are compared with, such as the names of a wide table's columns: the
    phrases are found by their words, in an index that takes longer to make than a few looks."""
    said, index = _said(text), _index(phrases)
    likely = {i for word in said.words & index.words.keys() for i in index.words[word]}
    likely |= {i for stem in said.beginnings & index.stems.keys() for i in index.stems[stem]}
    return matches((phrases[i] for i in sorted(likely.union(index.rest))), text)


@dataclass(frozen=True)
class _Index:
    """Places of phrases, by one word or beginning of a word that each of them needs; `rest`: those that need none."""

    words: dict[str, list[int]]
    stems: dict[str, list[int]]
    rest: list[int]


@cache
def _index(phrases: tuple[str, ...]) -> _Index:
    out = _Index({}, {}, [])
    for i, phrase in enumerate(phrases):
        for need in _needed(phrase):
            if need.words:
                out.words.setdefault(max(need.words, key=len), []).append(i)
            elif need.stems:
                out.stems.setdefault(max(need.stems, key=len), []).append(i)
            else:
                out.rest.append(i)
    return out


@dataclass(frozen=True)
class _Said:
    """The words of a folded text, and all that they begin with."""

    text: str
    words: frozenset[str]
    beginnings: frozenset[str]


class _Need(NamedTuple):
    """What a text must hold for a sequence of pieces: `words`, words that begin with `stems`, `parts` in any place (of
    scripts without spaces, words with other signs in them, marks of quantities), and one of each of `choices`."""

    words: frozenset[str] = frozenset()
    stems: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    choices: tuple[tuple[_Need, ...], ...] = ()

    def met(self, said: _Said) -> bool:
        """Never false where the sequence occurs."""
        return (
            self.words <= said.words
            and self.stems <= said.beginnings
            and all(part in said.text for part in self.parts)
            and all(any(need.met(said) for need in some) for some in self.choices)
        )


@lru_cache(maxsize=64)
def _said(text: str) -> _Said:
    words = frozenset(_TOKEN.findall(text))
    return _Said(text, words, frozenset(w[: i + 1] for w in words for i in range(len(w))))


@cache
def _needed(phrase: str) -> tuple[_Need, ...]:
    """What a text must hold for the phrase to occur there: one of these."""
    return _alternatives(iter(_PIECE.findall(_folded(phrase))))


def _alternatives(pieces: Iterator[str]) -> tuple[_Need, ...]:
    """The sequences up to the closing bracket, each with what it needs. Pieces that may be absent are left out."""
    needs: list[_Need] = []
    single: list[str] = []
    choices: list[tuple[_Need, ...]] = []
    for piece in pieces:
        if piece == "(":
            choices.append(_alternatives(pieces))
        elif piece == "[":
            _alternatives(pieces)
        elif piece == "|":
            needs.append(_need(single, choices))
            single, choices = [], []
        elif piece in (")", "]"):
            break
        elif piece not in ("..", "..."):
            single.append(piece)
    return (*needs, _need(single, choices))


def _need(pieces: Sequence[str], choices: Sequence[tuple[_Need, ...]]) -> _Need:
    if len(pieces) == 1 and not choices:
        return _need_of(pieces[0])  # most alternatives are a single word, and many phrases share it
    each = [_need_of(piece) for piece in pieces]
    return _Need(
        frozenset().union(*(n.words for n in each)),
        frozenset().union(*(n.stems for n in each)),
        tuple(part for n in each for part in n.parts),
        (*choices, *(some for n in each for some in n.choices)),
    )


@cache
def _need_of(piece: str) -> _Need:
    """What one piece needs."""
    word = piece.strip("*")
    if piece == "<any>":
        return _Need(choices=(tuple(_need_of(f"<{kind}>") for kind in QUANTITY_KINDS),))
    if piece.startswith("<"):
        return _Need(parts=(MARKS[piece[1:-1]],))
    if not _TOKEN.fullmatch(word) or piece[0] == "*":
        return _Need(parts=(word,))
    return _Need(words=frozenset({word})) if word == piece else _Need(stems=frozenset({word}))


@cache
def _compiled(phrase: str) -> re.Pattern[str]:
    return re.compile(_expression(phrase))


@cache
def _folded(phrase: str) -> str:
    return phrase if phrase.isascii() and phrase.islower() else fold(phrase)


def problem_of(phrase: str) -> str:
    """What is wrong with a phrase that a person wrote, in words; "" where nothing is."""
    opened: list[str] = []
    pairs = {")": "(", "]": "["}
    for sign in phrase:
        if sign in "([":
            opened.append(sign)
        elif sign in pairs and (not opened or opened.pop() != pairs[sign]):
            return f"{sign!r} closes what was not opened"
    if opened:
        return f"{opened[-1]!r} is not closed"
    for name in _CLASS.findall(phrase):
        if name not in lexicon("classes"):
            return f"there is no class of words {{{name}}}; there are {', '.join(lexicon('classes'))}"
    if "{" in phrase:
        return next((problem_of(p) for p in _written_out(phrase, "en")), "")
    for kind in re.findall(r"<(\w*)>", phrase):
        if kind not in (*QUANTITY_KINDS, "any"):
            return f"there is no quantity <{kind}>; there are {', '.join(QUANTITY_KINDS)}"
    try:
        found = _compiled(phrase)
    except (re.error, IndexError, KeyError):
        return "it cannot be read; see the patterns in the guide"
    return "it matches where nothing is said" if found.match("") or not phrase.strip() else ""


def in_languages(table: Mapping[str, Iterable[str]], languages: Iterable[str]) -> tuple[str, ...]:
    """The phrases of a {language: phrases} table for these languages, with those under "any". Classes of words are
    written out; under "any" in each of the languages that has such words."""
    spoken = tuple(languages)
    out: list[str] = []
    for language in ("any", *spoken):
        for phrase in table.get(language, ()):
            if "{" not in phrase:
                out.append(phrase)
                continue
            for book in spoken if language == "any" else (language,):
                out += _written_out(phrase, book)
    return tuple(out)


@once_per_overlay
def _written_out(phrase: str, language: str) -> tuple[str, ...]:
    """The phrase with its classes of words in one language: once in Latin letters, once in a script of its own."""
    names = _CLASS.findall(phrase)
    classes = lexicon("classes")
    out = []
    for wide in (False, True):
        text: str | None = phrase
        for name in names:
            words = [w for w in map(str, classes[name].get(language, ())) if bool(_WIDE.search(w)) == wide]
            text = text.replace("{" + name + "}", "(" + "|".join(words) + ")") if text and words else None
        if text:
            out.append(text)
    return tuple(out)


def _expression(phrase: str) -> str:
    wide, indic = bool(_UNSPACED.search(phrase)), bool(_INDIC.search(phrase))
    space = r"\s*" if wide else r"[\s-]*" if indic else r"[\s-]+"
    out: list[str] = []
    glue = ""  # what joins the next piece to the one before it
    inner: list[str] = []  # for each open optional group: the glue written before its closing bracket
    for piece in _PIECE.findall(_folded(phrase)):
        if piece in ("..", "..."):
            glue = _gap(3 if piece == ".." else 8, wide)
        elif piece == "(":
            out.append(glue + "(?:")
            glue = ""
        elif piece == "[" and glue == space:
            out.append("(?:" + glue + "(?:")
            inner.append("")
            glue = ""
        elif piece == "[":  # first, or after a gap: the optional word brings the space that follows it
            out.append(glue + "(?:(?:")
            inner.append(space)
            glue = ""
        elif piece == "|":
            out.append("|")
            glue = ""
        elif piece == ")":
            out.append(")")
            glue = space
        elif piece == "]":
            closing = inner.pop()
            out.append(")" + closing + ")?")
            glue = "" if closing else space
        else:
            out.append(glue + _word(piece))
            glue = space
    return "".join(out).replace(space + ",", r"\s*,").replace(space + "(?:,", r"\s*(?:,")  # "von denen, die"


def _gap(words: int, wide: bool) -> str:
    if wide:
        stops = ".!?;\\n" + ("," if words <= 3 else "")  # a comma parts clauses as an "and" does elsewhere
        return f"[^{stops}]{{0,{words * 3}}}?"
    return rf"(?:[\s,:'\"()/-]+[^\s.!?;]+){{0,{words}}}?[\s,:'\"()/-]+"


def _word(piece: str) -> str:
    if piece.startswith("<"):
        kind = piece[1:-1]
        marks = "".join(MARKS.values()) if kind == "any" else MARKS[kind]
        return f"[{marks}]{FILL}*"
    stem = piece.endswith("*")
    body = re.escape(piece.strip("*"))
    if _UNSPACED.search(piece):
        return body
    if _INDIC.search(piece):
        open_end = stem or len(piece) > _WORD_OF_INDIC
        return rf"(?<![{INDIC}])" * (piece[0] != "*") + body + (rf"[{INDIC}]*" if open_end else rf"(?![{INDIC}])")
    left = r"(?<![a-z0-9_])" if re.match(r"\*?\w", piece) else ""  # folded Latin is ASCII; "auc不低于" has a word's end
    right = r"\w*" if stem else (r"(?![a-z0-9_])" if re.search(r"\w$", piece) else "")
    return left + (r"\w*" if piece[0] == "*" else "") + body + right
