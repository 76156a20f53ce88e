"""A request as text that can be searched: folded to plain lower case, with the way back to the original characters.

Folding removes accents, case, bidi and zero-width marks and typographic variants, so that lexicons need one spelling a
word. Knows nothing of what words mean.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_SAME = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "‐": "-",
        "‑": "-",
        "−": "-",
        "≥": "≥",
        "≤": "≤",
        "。": "\n",  # a full stop before a digit would make it a decimal
        "।": "\n",
        "॥": "\n",
        "，": ",",
        "、": ",",
        "；": ";",
        "！": "!",
        "？": "?",
        "：": ":",
        "\u00a0": " ",
        "\u202f": " ",
        "\u3000": " ",
        "µ": "μ",
        "₂": "2",
        "²": "2",
        "½": "½",
        "「": '"',
        "」": '"',
        "\u093c": "",  # the dot of Devanagari that many leave out
        "ँ": "ं",
        **{chr(0x966 + digit): str(digit) for digit in range(10)},
    }
)
WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts written without spaces between the words (Hangul counts: its particles stick to the words)."""
INDIC = "\u0900-\u0963\u0966-\u097f"
"""Devanagari: words are parted by spaces, and vowels are signs beside the letters."""
_MARKS = "\u0900-\u0903\u093a-\u094f\u0962\u0963"  # vowel signs, which count as no letters
_TOKEN = re.compile(rf"[{WIDE}]|(?:[^\W\d_{WIDE}]|[{_MARKS}])+|\d+")
_ORDINALS = "".join(
    rf"(?<!\b{opener} {digits}\.)"
    for opener in ("jede", "jeder", "jedes", "jeden", "jedem", "am", "vom", "zum")
    for digits in (r"\d", r"\d\d", r"\d\d\d")
)
"""The point behind an ordinal in German ends no sentence: "jedes 25. Teil", "am 3. Mai"."""
_SENTENCE_END = re.compile(
    r"(?<=[!?;\n])\s*|(?<=\.)(?=\s|$|[^\W\d])(?<!\b[a-z]\.)(?<!\bno\.)(?<!\bmax\.)(?<!\bmin\.)(?<!\bavg\.)(?<!\bacc\.)"
    r"(?<!\babs\.)(?<!\bapprox\.)(?<!\bcol\.)(?<!\bcols\.)(?<!\bmind\.)(?<!\bincl\.)(?<!\bexcl\.)(?<!\bresp\.)(?<!\bbzw\.)(?<!\bca\.)(?<!\bvs\.)"
    + _ORDINALS
    + r"\s*"
)
_CLAUSE_END = re.compile(
    rf"[,:()]\s|[,:()](?=[^\W\d])|(?<=[{WIDE}])[,:]|\s-+\s|[()]|"
    r"\s(?:but|and(?! a half\b)|aber|und(?! ein(?:e[nrs]?)? halb)|mais(?!\s(?:de|do|que)\b)|et(?! demie?\b)|pero|"
    r"y(?! medi[oa]\b)|mas(?!\s(?:del?|que)\b)|e(?! mei[oa]\b| mezz[oa]\b)|"
    r"although|though|aur|lekin|magar|और|लेकिन|मगर|तथा|एवं|किंतु|परंतु)\s"
)


def fold(text: str) -> str:
    """Lower case without accents, marks and typographic variants: "Über" and "uber" become equal."""
    if text.isascii():
        return text.lower()
    return "".join(piece for char in text for piece in _fold_char(char))


def _fold_char(char: str) -> str:
    if char.isascii():
        return char.lower()
    char = char.translate(_SAME)
    if not char:
        return ""
    if unicodedata.category(char[0]) in ("Cf", "Cc") and char not in "\n\t\r":
        return ""
    if char in "½¼¾" or "\uac00" <= char <= "\ud7af" or "\u0900" <= char <= "\u097f":
        return char  # decomposition would take Hangul apart and strip the vowel signs of Devanagari
    plain = unicodedata.normalize("NFKD", char).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c))


@dataclass(frozen=True)
class Text:
    """`plain` is the folded text; character i of it comes from character `origin[i]` of `raw`."""

    raw: str
    plain: str
    origin: tuple[int, ...]

    @staticmethod
    def of(raw: str) -> Text:
        pieces = [(piece, i) for i, char in enumerate(unicodedata.normalize("NFC", raw)) for piece in _fold_char(char)]
        return Text(unicodedata.normalize("NFC", raw), "".join(p for p, _ in pieces), tuple(i for _, i in pieces))

    def quote(self, start: int, end: int) -> str:
        """The user's own characters behind plain[start:end]."""
        if start >= end or not self.origin:
            return ""
        return self.raw[self.origin[start] : self.origin[end - 1] + 1].strip()

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        return _spans(self.plain, _SENTENCE_END)

    @cached_property
    def clauses(self) -> tuple[tuple[int, int], ...]:
        out: list[tuple[int, int]] = []
        for start, end in self.sentences:
            out += [(start + a, start + b) for a, b in _spans(self.plain[start:end], _CLAUSE_END)]
        return tuple(out)

    def sentence_of(self, position: int) -> tuple[int, int]:
        return next(((a, b) for a, b in self.sentences if a <= position < b), (0, len(self.plain)))

    def clause_of(self, position: int) -> tuple[int, int]:
        return next(((a, b) for a, b in self.clauses if a <= position < b), self.sentence_of(position))

    def without_joint(self, clause: tuple[int, int]) -> tuple[int, int]:
        """A clause without the mark or the "and" that joins the next one to it."""
        joints = (m for m in _CLAUSE_END.finditer(self.plain, *clause) if m.end() == clause[1])
        return clause[0], min((m.start() for m in joints), default=clause[1])

    @cached_property
    def tokens(self) -> tuple[tuple[str, int, int], ...]:
        """(word, start, end) in order; a character of a script without spaces is a token of its own."""
        return tuple((m.group(), m.start(), m.end()) for m in _TOKEN.finditer(self.plain))

    def replaced(self, changes: Iterable[tuple[int, int, str]]) -> Text:
        """A copy in which plain[start:end] reads as given; `changes` are ordered and apart."""
        plain, origin, at = [], [], 0
        for start, end, word in changes:
            plain += [self.plain[at:start], word]
            origin += [*self.origin[at:start], *(self.origin[min(start + i, end - 1)] for i in range(len(word)))]
            at = end
        plain.append(self.plain[at:])
        origin += self.origin[at:]
        return Text(self.raw, "".join(plain), tuple(origin))


def _spans(text: str, end: re.Pattern[str]) -> tuple[tuple[int, int], ...]:
    cuts = [0, *(m.end() for m in end.finditer(text)), len(text)]
    return tuple((a, b) for a, b in itertools.pairwise(cuts) if text[a:b].strip())


_TWO_LETTERS = re.compile(r"(?<![A-Za-z])[a-z][A-Z](?![A-Za-z])")
"""A symbol of two letters that is one word: pH, kW, dB."""


def name_tokens(name: str) -> tuple[str, ...]:
    """The words in a column name: "avgSalePrice_EUR2" -> ("avg", "sale", "price", "eur", "2")."""
    joined = _TWO_LETTERS.sub(lambda m: m.group().lower(), name)
    split = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", joined)
    return tuple(m.group() for m in re.finditer(rf"(?:[^\W\d_]|[{_MARKS}])+|\d+", fold(split)))


def stem(word: str) -> str:
    """A rough English stem, good enough to join "survived" with "survive" and "prices" with "price"."""
    if not word.isascii() or len(word) < 4:
        return word
    for ending in (
        "ations",
        "ation",
        "ings",
        "ing",
        "ments",
        "ment",
        "ied",
        "ies",
        "edly",
        "ed",
        "ers",
        "er",
        "es",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            base = word[: -len(ending)]
            return base[:-1] if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "sl" else base
    return word
