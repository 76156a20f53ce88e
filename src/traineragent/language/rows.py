"""Which rows the words want to count: "only customers in Ulm", "ignore the test accounts", "use data from 2019 on".

Sees profiles only: values that are frequent, ranges of dates. Rows are chosen elsewhere (`data.selecting`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..domain.data import ColumnProfile
from ..domain.selection import HELD, Operator, RowCondition, conditions_of
from ..knowledge.lexicons import lexicon
from .columns import Columns
from .converting import in_unit_of, with_unit
from .exclusions import Exclusion
from .moments import only_time
from .phrases import in_languages, matches
from .reading import Span
from .thresholds import SIDES
from .words import WIDE, fold

REACH = 70  # characters between such a word and what it is said of
_NEAR = 30  # characters in which a word of bounds stands beside a year
STRANGERS = 1  # words between that no list holds: "only tenants in Ulm"
_BESIDE = re.compile(r"[\s\"'`]*(?:==?|!=|<>|:|is|are|equals|ist|sind|gleich|est|es|e)?[\s\"'`]*")
_LIST = re.compile(
    r"[\s,/]*(?:\b(?:and|or|und|oder|et|ou|y|o|e)\b)?[\s,/]*(?:\b(?:the|in|from|die|aus|les|los|as|os)\b)?\s*"
)
_SIGN = re.compile(r"\s*(>=|<=|==|!=|=|>|<|≥|≤|≠)\s*(-?\d+(?:\.\d+)?)(?!\w)")
_SIGNS: dict[str, Operator] = {
    "=": "=",
    "!=": "!=",
    ">=": ">=",
    "<=": "<=",
    ">": ">",
    "<": "<",
    "==": "=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
}
_TURNED: dict[Operator, Operator] = {"=": "!=", "!=": "=", ">=": "<", "<": ">=", ">": "<=", "<=": ">"}
_YEAR = re.compile(
    r"(?<![\w.,-])(?P<between>\b(?:between|zwischen|entre)\s)?(?:the year )?(?P<first>(?:19|20)\d\d)"
    r"(?:\s?(?:(?P<to>-|–|to|until|through|bis|a)|and|und|et|y|e)\s?(?P<last>(?:19|20)\d\d))?(?![\w%]|[.,]\d)"
)
_AGED = re.compile(r"\b(older|over|above|younger|under|alter|junger)\s+(?:than\s+|als\s+)?(\d{1,3})(?!\w|[.,]\d|\s?%)")
_WORD = re.compile(r"[^\W\d_][\w'-]*|[^\s\w]", re.UNICODE)


@dataclass(frozen=True)
class RowsAsked:
    """Conditions that rows must meet, and the words that say so."""

    conditions: tuple[RowCondition, ...]
    stated_as: str
    span: Span


@dataclass(frozen=True)
class _Said:
    """A value of a column in the words. `beside`: right behind the column's name, `denied`: with a "not" between."""

    column: str
    value: str
    span: Span
    beside: bool
    denied: bool = False


def find_rows(columns: Columns) -> tuple[RowsAsked, ...]:
    """In the order in which they are said; of any column, also of one that turns out to be the answer."""
    finder = _Finder(columns)
    found = [*finder.values(), *finder.comparisons(), *finder.years()]
    return tuple(sorted(found, key=lambda r: r.span))


class _Finder:
    def __init__(self, columns: Columns) -> None:
        self.columns, self.reading = columns, columns.reading
        self.book = lexicon("rows")

    def _spans(self, key: str, within: Span | None = None) -> list[Span]:
        return self.reading.where("rows", key, within)

    # ------------------------------------------------------------------ values
    def values(self) -> list[RowsAsked]:
        out: list[RowsAsked] = []
        chosen: dict[_Said, tuple[Operator, Span]] = {}
        for said in self.said:
            if found := self._chosen(said):
                chosen[said] = found
        for said in self.said:
            operator, cue = chosen.get(said) or self._with_neighbour(said, chosen)
            if operator is None:
                continue
            span = min(cue[0], said.span[0]), max(cue[1], said.span[1])
            operator = _TURNED[operator] if said.denied else operator
            out.append(RowsAsked((RowCondition(said.column, operator, said.value),), self.reading.quote(span), span))
        return out

    def _chosen(self, said: _Said) -> tuple[Operator, Span] | None:
        """Whether rows with this value are to count ("=") or not ("!="), and the words that say so."""
        position, column = said.span[0], said.column
        if cue := self._before("only", position, column) or (said.beside and self._before("where", position, column)):
            return "=", cue
        if cue := self._behind("only_behind", said.span):
            return "=", cue
        if cue := self._before("drop", position, column):
            return "!=", cue
        if cue := self._behind("drop_behind", said.span):
            return "!=", cue
        return None

    def _with_neighbour(
        self, said: _Said, chosen: Mapping[_Said, tuple[Operator, Span]]
    ) -> tuple[Operator | None, Span]:
        """What holds of the next value of the same column in a list: "for Ulm and Bonn only"."""
        for other, found in chosen.items():
            follows = other.column == said.column and other.span > said.span
            if follows and _LIST.fullmatch(self.reading.masked[said.span[1] : other.span[0]]):
                return found
        return None, said.span

    @cached_property
    def said(self) -> list[_Said]:
        """Values of columns in the words; those of several columns only beside the name of one."""
        found: dict[Span, list[_Said]] = {}
        taken: list[Span] = []
        few = [(c, v) for c in self.columns.columns if c.meaning in ("category", "boolean") for v, _ in c.top]
        plain = self.reading.text.plain
        for column, value in sorted(few, key=lambda cv: -len(cv[1])):
            word = _as_said(value)
            for match in _pattern(word).finditer(plain) if word in plain else ():
                span = match.span()
                if span not in found and any(a < span[1] and span[0] < b for a, b in taken):
                    continue
                between = self._behind_name(column.name, span[0])
                if between is None and (column.meaning == "boolean" or self._is_general(value)):
                    continue
                taken.append(span)
                denied = bool(between and self.reading.has(self.book["isn't"], between))
                found.setdefault(span, []).append(_Said(column.name, value, span, between is not None, denied))
        out: list[_Said] = []
        for several in found.values():
            named = [s for s in several if s.beside]
            out += named[:1] if named or len(several) > 1 else several
        return sorted(out, key=lambda s: s.span)

    def _is_general(self, value: str) -> bool:
        """Whether a value says too little to be known by itself."""
        return not value.strip("-0123456789. ") or fold(value) in {fold(str(v)) for v in self.book["general"]}

    def _behind_name(self, column: str, position: int) -> Span | None:
        """What stands between a column's name and a value right behind it: "region = north", "status is cancelled"."""
        ends = [m.end for m in self.columns.mentions if m.column == column and m.end <= position]
        if not ends:
            return None
        gap = self.reading.text.plain[max(ends) : position]
        for start, end in self._spans("isn't", (max(ends), position)):
            gap = gap.replace(self.reading.text.plain[start:end], "=")
        return (max(ends), position) if _BESIDE.fullmatch(gap) else None

    def _before(self, key: str, position: int, column: str) -> Span | None:
        """The nearest such word before, with nothing between that would part it from what stands at `position`."""
        first = max(self.reading.text.sentence_of(position)[0], position - REACH)
        for start, end in reversed(self._spans(key, (first, position))):
            if key == "only" and self._tells(start, end):
                continue
            if self._joined(end, position, column):
                return start, end
        return None

    def _tells(self, start: int, end: int) -> bool:
        """Whether an "only" tells how answers or things are: "answer only yes", "we only ship to Ulm"."""
        if any(a < end and start < b for a, b in self._spans("answered", self.reading.text.sentence_of(start))):
            return True
        plain = self.reading.text.plain
        previous = re.search(r"([^\W\d_]+)\W*$", plain[max(0, start - 30) : start])
        following = re.match(r"\W*([^\W\d_]+)", plain[end:])
        if previous is None or not self._is("fact", previous[1]):
            return False
        return following is None or not self._is("doing", following[1])

    def _is(self, key: str, word: str) -> bool:
        return any(
            m.span() == (0, len(word)) for m in matches(in_languages(self.book[key], self.reading.languages), word)
        )

    def _joined(self, start: int, end: int, column: str) -> bool:
        """Whether nothing stands here but small words, names of columns and other values of the same one."""
        gap = list(self.reading.masked[start:end])
        inner = [(m.start, m.end) for m in self.columns.mentions] + [s.span for s in self.said if s.column == column]
        for a, b in [*inner, *self._spans("glue", (start, end))]:
            if start <= a and b <= end:
                gap[a - start : b - start] = " " * (b - a)
        left = _WORD.findall("".join(gap))
        words = [w for w in left if w[0].isalpha()]
        wide = bool(re.search(f"[{WIDE}]", "".join(gap)))
        return len(words) <= STRANGERS and not wide and set(left) - set(words) <= set(",'\"`/&-=:")

    def _behind(self, key: str, span: Span) -> Span | None:
        """Such a word right behind a value, with a noun between at most: "Leeds branch only"."""
        stop = self.reading.text.sentence_of(span[0])[1]
        for start, end in self._spans(key, (span[1], min(stop, span[1] + REACH // 2))):
            between = self.reading.masked[span[1] : start]
            ends = re.match(r"\s*(?:[,.;:!?)]|$|please|bitte)", self.reading.text.plain[end:])
            if re.fullmatch(r"\s*(?:[^\W\d_]+\s+){0,2}", between) and (key != "only_behind" or ends):
                return start, end
        return None

    # ------------------------------------------------------------------ amounts
    def comparisons(self) -> list[RowsAsked]:
        out = []
        for mention in self.columns.mentions:
            column = self.columns.get(mention.column)
            if column.meaning not in ("number", "boolean", "category"):
                continue
            found = self._signed(column, mention.end) or self._phrased(column, mention.end)
            if found is None:
                continue
            operator, value, stop = found
            out += self._asked(column.name, operator, value, (mention.start, stop))
        return out + self._aged()

    def _signed(self, column: ColumnProfile, position: int) -> tuple[Operator, str, int] | None:
        """ "amount > 100"."""
        match = _SIGN.match(self.reading.text.plain, position)
        if match is None or (column.meaning != "number" and match[1] not in ("=", "==", "!=", "≠")):
            return None
        return _SIGNS[match[1]], match[2], match.end()

    def _phrased(self, column: ColumnProfile, position: int) -> tuple[Operator, str, int] | None:
        """ "amount is more than 100"."""
        if column.meaning != "number":
            return None
        for key, side in SIDES:
            for start, end in self.reading.where("thresholds", key, (position, position + REACH)):
                quantity = next((q for q in self.reading.quantities if start <= q.start and q.end <= end), None)
                if quantity is not None and re.fullmatch(
                    r"\W*(?:is|are|was|of|ist|est|es|e)?\W*", self.reading.masked[position:start]
                ):
                    return side, f"{in_unit_of(quantity, with_unit(column)):.10g}", end  # type: ignore[return-value]
        return None

    def _aged(self) -> list[RowsAsked]:
        """ "only patients over 60" with a column of ages."""
        phrases = [str(p) for p in lexicon("concepts")["age"]["column"]]
        numbers = [c.name for c in self.columns.columns if c.meaning == "number"]
        out: list[RowsAsked] = []
        for name in [n for n in numbers if matches(phrases, self.columns.names[n])][:1]:
            for match in _AGED.finditer(self.reading.text.plain):
                operator: Operator = ">" if match[1] in ("older", "over", "above", "alter") else "<"
                out += self._asked(name, operator, match[2], match.span())
        return out

    def _asked(self, column: str, operator: Operator, value: str, span: Span) -> list[RowsAsked]:
        cue = self._before("only", span[0], column) or self._before("where", span[0], column)
        drop = None if cue else self._before("drop", span[0], column)
        if not cue and not drop:
            return []
        condition = RowCondition(column, operator if cue else _TURNED[operator], value)
        whole = (cue or drop or span)[0], span[1]
        return [RowsAsked((condition,), self.reading.quote(whole), whole)]

    # ------------------------------------------------------------------ years
    def years(self) -> list[RowsAsked]:
        """Years that say which rows count, where one column says when each row was."""
        when = only_time(self.columns.columns)
        if when is None:
            return []
        out = []
        for match in _YEAR.finditer(self.reading.text.plain):
            sentence = self.reading.text.sentence_of(match.start())
            if self._spans("measured", sentence):
                continue
            cue, drop = self._learned(match.start(), sentence), self._before("drop", match.start(), when.name)
            if not cue and not drop:
                continue
            found = self._of(match, when, drop=not cue)
            span = min((cue or drop or match.span())[0], match.start()), match.end()
            out.append(RowsAsked(found, self.reading.quote(span), span))
        return out

    def _of(self, match: re.Match[str], when: ColumnProfile, *, drop: bool) -> tuple[RowCondition, ...]:
        """Conditions for the years of a match: each of two that "and" joins, else all between the bounds."""
        if match["last"] and not (match["to"] or match["between"]):
            operator: Operator = "!=" if drop else "="
            return tuple(RowCondition(when.name, operator, match[key]) for key in ("first", "last"))
        return _of_years(when.name, *self._bounds(match), dated=when.meaning == "date", drop=drop)

    def _learned(self, position: int, sentence: Span) -> Span | None:
        """Words of learning before, with little between."""
        cues = [s for s in self._spans("learn", (sentence[0], position)) if position - s[1] <= REACH // 2]
        return cues[-1] if cues else None

    def _bounds(self, match: re.Match[str]) -> tuple[int | None, int | None]:
        """The first year that is meant and the last, None where open."""
        first, position = int(match["first"]), match.start()
        if match["last"]:
            return first, int(match["last"])
        if self._right_before("after", position):
            return first + 1, None
        if self._right_before("before", position):
            return None, first - 1
        if self._right_before("until", position):
            return None, first
        onwards = bool(self._spans("onwards", (match.end(), match.end() + _NEAR // 2)))
        if self._right_before("since", position):  # "from 2019" alone is of that year
            onwards |= self.reading.text.plain[:position].split()[-1] not in ("from", "von", "de")
        return (first, None) if onwards else (first, first)

    def _right_before(self, key: str, position: int) -> bool:
        spans = self._spans(key, (max(0, position - _NEAR), position))
        return any(not self.reading.masked[end:position].strip() for _, end in spans)


def _of_years(column: str, first: int | None, last: int | None, *, dated: bool, drop: bool) -> tuple[RowCondition, ...]:
    """Conditions for rows of these years, or for all others."""
    if first is not None and first == last:
        return (RowCondition(column, "!=" if drop else "=", str(first)),)
    if drop and first is not None and last is not None:
        return tuple(RowCondition(column, "!=", str(year)) for year in range(first, last + 1))
    if drop:
        first, last = (None if last is None else last + 1), (None if first is None else first - 1)
    out = []
    if first is not None:
        out.append(RowCondition(column, ">=", f"{first}-01-01" if dated else str(first)))
    if last is not None:
        out.append(RowCondition(column, "<", f"{last + 1}-01-01" if dated else str(last + 1)))
    return tuple(out)


def _as_said(value: str) -> str:
    """A value as the plain text of a request would hold it."""
    return fold(value).strip(" .<>=").replace("_", " ")


def _pattern(word: str) -> re.Pattern[str]:
    """Finds a value, in the plural too."""
    if re.search(f"[{WIDE}]", word):
        return re.compile(re.escape(word))
    letter = rf"[^\W{WIDE}]"  # scripts without spaces write on right behind a name
    return re.compile(rf"(?<!{letter})(?<![.-]){re.escape(word)}(?:e?s|'s)?(?!{letter}|-)" if word else "(?!)")


def of_columns(found: Iterable[RowsAsked], without: Sequence[str]) -> tuple[RowsAsked, ...]:
    """Those that speak of other columns alone: what rows of an answer are to be learned is no choice of rows."""
    return tuple(r for r in found if not any(c.column in without for c in r.conditions))


def not_of_rows(exclusions: Iterable[Exclusion], rows: Sequence[RowsAsked]) -> tuple[Exclusion, ...]:
    """The columns left out, but those in whose place the words speak of rows: "ignore cancelled orders"."""
    return tuple(e for e in exclusions if not any(r.span[0] < e.span[1] and e.span[0] < r.span[1] for r in rows))


def still_chosen(constraints: Sequence[str], new: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The earlier constraints but those on rows that new ones on the same column replace, and on what is held out."""
    again = {c.column for c in conditions_of(new, columns)}
    gone = {c.word() for c in conditions_of(constraints, columns) if c.column in again}
    held = any(c.startswith(HELD) for c in new)
    return tuple(c for c in constraints if c not in gone and not (held and c.startswith(HELD)))
