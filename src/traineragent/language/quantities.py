"""Finds quantities in folded text: numbers in digits or words, with a unit, as a ratio ("nine in ten") or a rate.

Times come in milliseconds, sizes in decimal MB, shares as fractions of one. Knows nothing of what they limit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .numerals import HAN_VALUE, Numerals, alternatives
from .phrases import mark
from .quantity import Quantity as Quantity
from .ratios import missed_by, misses_by, of_so_many, part_of_any
from .wholes import reversed_ratios, wholes_first
from .words import INDIC, WIDE, fold

_YEAR_BEFORE = re.compile(
    r"(?:\b(?:in|since|from|until|till|by|of|to|seit|bis|von|depuis|en|desde|hasta|em|ate|dal)\s|[-/])$"
)


@once_per_overlay
def physical_kinds() -> tuple[str, ...]:
    """Kinds of units that measure something: mass, length, pressure, …"""
    plain = ("share", "time", "size", "money", "no_unit")
    return tuple(kind for kind, table in lexicon("units").items() if isinstance(table, dict) and kind not in plain)


_YEARS = 1900, 2100
_AFTER_WORDS = frozenset({"ms", "kb", "mb", "gb"})
"""Units of two letters that are none but units, so that they may follow a number in words: "ten ms"."""
_TOP = re.compile(r"\btop[\s-]*$")
_MINUS = re.compile(r"(?<!or )(?<!and )(?<!und )(?<!plus )(?<![\d/] )(?<!/)(?:\bminus\s+|\bnegative\s+|负)$")
"""A sign in words; "plus or minus 3" is a width, "ten minus 3" a sum."""
_SIGNED = frozenset({"share", "number", "measure"})


def find_quantities(plain: str, languages: Sequence[str]) -> tuple[Quantity, ...]:
    """All quantities in folded text, in order and apart from one another."""
    grammar = _grammar(tuple(languages))
    found: list[Quantity] = []
    at = 0
    while match := grammar.number.search(plain, at):
        quantity = grammar.read(plain, match)
        if quantity is None:
            at = match.end()
            continue
        found.append(_once_in(plain, _signed(plain, quantity)))
        at = max(quantity.end, match.end())
    return tuple(wholes_first(plain, reversed_ratios(plain, _corrected(plain, found)), grammar, tuple(languages)))


def below_zero(plain: str, q: Quantity) -> bool:
    """Whether a sign in words stands before it, "minus 3 percent"; a dash may as well part a name from its number."""
    return q.kind in _SIGNED and _MINUS.search(plain[max(0, q.start - 24) : q.start]) is not None


def _once_in(plain: str, q: Quantity) -> Quantity:
    """ "Once in 15" as the share that it is."""
    told = _ONCE.search(plain, 0, q.start) if q.kind == "number" and q.value > _TWO else None
    if told is None:
        return q
    many = 1 if told["n"] in _ONE_TIME else 2
    return Quantity("share", many / q.value, told.start(), q.end, "ratio")


_TWO = 2
_ONE_TIME = frozenset({"once", "einmal", "une fois", "una vez", "uma vez", "una volta"})


def _signed(plain: str, q: Quantity) -> Quantity:
    return replace(q, value=-q.value) if q.value > 0 and below_zero(plain, q) else q


def masked(plain: str, quantities: Sequence[Quantity]) -> str:
    """The text with each quantity overwritten by the mark of its kind, so that phrases can ask for one."""
    out = list(plain)
    for q in quantities:
        out[q.start : q.end] = mark(q.kind, q.end - q.start)
    return "".join(out)


@once_per_overlay
def _grammar(languages: tuple[str, ...]) -> _Grammar:
    return _Grammar(languages)


class _Grammar:
    """The numerals and units of some languages, compiled."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        units = lexicon("units")
        self.numerals = Numerals(languages)
        self.number, self.value = self.numerals.pattern, self.numerals.value
        self.units: dict[str, tuple[str, str, float]] = {}
        for kind, table in units.items():
            for name, (factor, *spellings) in table.items() if isinstance(table, dict) else ():
                for spelling in spellings:
                    if spelling in units["no_unit"].get(languages[0], ()):
                        continue
                    self.units.setdefault(_folded(spelling), (kind, name, float(factor)))
        long = [u for u in self.units if len(u) > 2 or not u.isascii() or not u.isalpha() or u in _AFTER_WORDS]
        self.unit = re.compile(_unit_expression(self.units))
        self.long_unit = re.compile(_unit_expression(long))
        self.points = re.compile(rf"[\s-]*(?:{alternatives(units['points'])})(?![a-z])")
        self._compile_rates(units)

    def _compile_rates(self, units: dict[str, Any]) -> None:
        per, nouns, frames = (alternatives(units[k]) for k in ("per", "rate_nouns", "frame_nouns"))
        second = r"(?:second|seconds|sec|s|sekunde|seconde|segundo|secondo|秒|초)"
        self.rate = re.compile(
            rf"\s*(?P<f>{frames})\s*(?:(?:{per}){_APART}{second}(?!\w))?|\s*(?:{nouns})?\s*(?:{per}){_APART}{second}(?!\w)"
        )
        behind = "at on in and or for with without through when while during overnight to by once if is has must "
        behind += "should come comes pass go run arrive are fall"
        ends = rf"[.,;:!?)]|$|(?:{'|'.join(behind.split())})\b"
        article = rf"(?<!\w)an?(?=\s+\w+\s*(?:{ends}))"
        words = r"(?:\s+[^\W\d]+)"
        self.rate_of_any = re.compile(
            rf"(?:{words}{{1,5}}?\s*(?<!\w)(?:per|every|each|pro|je|par|por|al)\b|{words}{{1,2}}?\s*(?:/|{article}))\s*{second}(?!\w)"
        )
        self.rate_in = re.compile(rf"\s*(?:{nouns})\s*(?:in|within|en|em|dans|innerhalb)?\s*")
        self.frames_per = re.compile(rf"\s*(?:(?:{frames})\s*(?:{per})\s*{second}|fps)(?!\w)")

    def read(self, plain: str, match: re.Match[str]) -> Quantity | None:
        """The quantity whose number begins at `match`, or None where the word is no number here ("a house")."""
        start, value, end, worded = match.start(), *self.value(plain, match)
        if re.compile(r"(?:st|nd|rd|th)\b").match(plain, end):
            return None  # "the 99th percentile"
        if worded != "digits" and self.numerals.in_a_word(plain, start, end):
            return None
        if worded in ("of_parts", "every"):
            unit = self._unit_at(plain, end, "han") if worded == "of_parts" else None
            if unit and unit[0][0] in ("time", "size"):  # "四分之一秒"
                return Quantity(unit[0][0], value * unit[0][2], start, unit[1], unit[0][1])
            return Quantity("share", value, start, end, "part")
        if plain[start:end] == "一" and _NO_COUNT_ZH.search(plain, 0, start):
            return None  # "每一类" is each class
        if value != value:  # an article with nothing countable after it
            return None
        if plain[start:end] in self.numerals.verbs and _NOTHING_MORE.match(plain, end):
            return None  # "bata do" is "do tell"
        for reader in (self._ratio, self._range, self._points, self._part, self._rate, self._unit):
            if quantity := reader(plain, start, value, end, worded):
                return quantity
        if worded == "article" or worded == "part":
            return None
        if value == 1 and _TOP.search(plain, 0, start):
            return None  # "top-1" is a metric
        if _is_year(plain, start, value) or (value == 1 and worded == "words" and not _AT_MOST.search(plain[:start])):
            return None
        return Quantity("number", value, start, end, "k" if _WITH_K.search(plain, start, end) else "")

    def _points(self, plain: str, start: int, value: float, end: int, worded: str) -> Quantity | None:
        """ "Eight percentage points", "un punto y medio": a number without the word, for which phrases can ask."""
        gap = self._part_gap(plain, start, end) if worded == "part" else end
        found = self.points.match(plain, gap)
        if found is None or self.number.match(plain, found.end() + 1):
            return None  # "nought point eight"
        halved = self.numerals.half(plain, found.end())
        counted = worded == "article" and (halved or _counts(plain, start))
        counted = counted or (worded == "part" and _ONE_POINT.fullmatch(found.group().strip(" -")) is not None)
        if worded in ("article", "part") and not (counted or _PERCENTAGE.search(found.group())):
            return None
        stop = found.end() if worded == "part" or not found.group().isascii() else halved or end
        return Quantity("number", value + 0.5 * bool(halved), start, stop, "points")

    def unit_at(self, plain: str, end: int) -> bool:
        """Whether a unit stands at `end`."""
        return self._unit_at(plain, end, "words") is not None

    def _unit_at(self, plain: str, end: int, worded: str) -> tuple[tuple[str, str, float], int] | None:
        pattern = self.unit if worded in ("digits", "han") else self.long_unit
        found = pattern.match(plain, end)
        if not found:
            return None
        return self.units[re.sub(r"\s+", " ", found["u"])], found.end()

    def _unit(self, plain: str, start: int, value: float, end: int, worded: str) -> Quantity | None:
        if start and plain[start - 1] in "€$£¥":
            return Quantity("money", value, start - 1, end, "unit")
        ahead = _AHEAD.match(plain, end)  # "les 30 prochains jours"
        found = self._unit_at(plain, end, worded) or (self._unit_at(plain, ahead.end(), worded) if ahead else None)
        if found is None:
            return None
        (kind, name, factor), stop = found
        if name == "s" and plain[end : end + 1] == "s" and _is_decade(plain, start, value):
            return None
        end = stop
        if worded == "article" and (
            kind == "share" or name == "B" or (kind == "money" and not misses_by(plain, start))
        ):
            return None  # "not a byte over 6 MB"
        if worded == "article" and name == "s" and _ORDINAL.match(plain, stop):
            return None  # "needs a second operation"
        halved = self.numerals.half(plain, end) if name != "tenth_zh" else None  # "une heure et demie"
        if worded == "article" and kind != "size" and name not in _COUNTED and not (halved or _counts(plain, start)):
            return None  # "once a day" and "in an hour" count nothing; "within a second" does
        if name == "tenth_zh":
            half = re.compile("半|(?P<d>[一二三四五六七八九]|[1-9](?=分))分?").match(plain, end)
            if half:
                tenths = half["d"] and (HAN_VALUE.get(half["d"]) or float(half["d"]))
                value += tenths / 10 if tenths else 0.5
                end = half.end()
        value, end = (value + 0.5, halved) if halved else (value, end)
        if kind in physical_kinds():
            return Quantity("measure", value, start, end, name)
        return Quantity(kind, round(value * factor, 12), start, end, name, "ahead" if ahead else "")

    def _ratio(self, plain: str, start: int, value: float, end: int, worded: str) -> Quantity | None:
        """ "9 in 10", "one alert in five", "85 hits out of a hundred", "30分の1"."""
        if worded == "digits" and (ratio := self._written_ratio(plain, start, value, end)):
            return ratio
        found = _RATIO.match(plain, end)
        if found is None or worded == "part":
            return None
        after = self.number.match(plain, found.end())
        if after is None:
            return None
        base, stop, how = self.value(plain, after)
        noun = found["noun"].strip()
        if any(self.number.fullmatch(w) for w in noun.split()):
            return None  # "the right one there nine times in ten"
        if (
            how == "article"
            or how == "part"
            or not value < base <= 1e6
            or (_is_year(plain, after.start(), base) and "out" not in found[0] and after.group().isdigit())
            or _YEARS[0] <= value < base <= _YEARS[1]
            or noun in lexicon("units")["rated"]
        ):
            return None
        of_round = base in _ROUND and (not noun or noun in _TIMES or of_so_many(plain, value / base, noun, stop))
        of_round = of_round or (not noun and value / base >= _HALF and _LEAST_WHOLE <= base <= _FEW)  # "two of three"
        if found["of"].strip() in ("of", "from", "von", "de", "des", "di", "/", ":", "unter", "zu") and not of_round:
            return None
        unit = self._unit_at(plain, stop, "digits" if how == "digits" else "words")
        parts = found["of"].strip() in _OF_A_WHOLE and unit is not None and unit[0][0] == "time"
        if unit and unit[0][0] in ("time", "size", "share", "money") and not parts:
            return None
        if (further := _FURTHER.match(plain, stop)) and int(further["whole"]) > base:
            return None  # "has to be one in 92 of 100 cases"
        return Quantity("share", value / base, start, stop, "ratio", noun)

    def _written_ratio(self, plain: str, start: int, value: float, end: int) -> Quantity | None:
        """ "19/20" and "1:1000"; "9/10" in a date and "10:30" are none."""
        found = _SLASHED.match(plain, end)
        if found is None or value % 1 or not 0 < value < int(found["base"]):
            return None
        if unit := self._unit_at(plain, found.end(), "digits"):  # "1/4 MB"
            (kind, name, factor), stop = unit
            part = value / int(found["base"]) * (1.0 if kind in physical_kinds() else factor)
            few = found["sign"] == "/" and int(found["base"]) <= _FEW and kind != "share"
            return Quantity(kind, part, start, stop, name) if few else None
        firm = found["sign"] == "/" and (int(found["base"]) > 12 or _OF_THEM.match(plain, found.end()))
        before = plain[:start]
        firm = firm or (found["sign"] == "/" and bool(_SCORE.search(before) or _AT_LEAST.search(before)))
        odds = found["sign"] == ":" and value == 1 and int(found["base"]) >= 100
        return Quantity("share", value / int(found["base"]), start, found.end(), "ratio") if firm or odds else None

    def _range(self, plain: str, start: int, value: float, end: int, worded: str) -> Quantity | None:
        """ "80 to 85 %", "between 3 and 5 seconds": the lower end, in the unit of the upper one."""
        joint = re.compile(r"\s*(?:-|to|bis|a|à|y|and|und|et|e|até|~)\s*(?=\d)").match(plain, end)
        if joint is None or worded in ("article", "part"):
            return None
        between = re.search(r"\b(?:between|zwischen|entre|tra|fra)\s$", plain[:start])
        if joint[0].strip() in ("and", "und", "et", "e", "y", "a") and not between:
            return None
        upper = self.number.match(plain, joint.end())
        if upper is None:
            return None
        high = self.read(plain, upper)
        if high is None or high.kind == "number" or not high.value:
            return None
        top = self.value(plain, upper)[0]
        return replace(high, value=high.value * value / top, start=start, low_end=True) if top > value else None

    def _part_gap(self, plain: str, start: int, end: int) -> int:
        """Where a unit may begin behind a part that ends here: "half a", "a tenth of a"."""
        of = (_ADJECTIVE_PART if _MEAN.match(plain, start) else _PART_OF).match(plain, end)
        return of.end() if of else end

    def _part(self, plain: str, start: int, value: float, end: int, worded: str) -> Quantity | None:
        """ "a fifth of a second", "half a gig", "half a percent"; "two thirds" alone is a share."""
        if worded != "part":
            return None
        unit = self._unit_at(plain, self._part_gap(plain, start, end), "words")
        if unit:
            (kind, name, factor), stop = unit
            return Quantity(
                *(("measure", value) if kind in physical_kinds() else (kind, value * factor)), start, stop, name
            )
        every = re.search(r"\b(?:every|jede[rns]?)\s$", plain[:start])
        alone = every or _ALONE.match(plain, start) or not plain[start:end].isalpha()
        if more := self._one_and_a_half(plain, start, value, end):
            return more
        counted = _PART_OF_ONE.match(plain, end) or _HALF_OF_ONE.match(plain, start) or part_of_any(plain, end)
        if counted:  # "off by half a star"
            return Quantity("number", value, start, counted.end(), counted["noun"])
        return Quantity("share", value, start, end, "part") if alone else None

    def _one_and_a_half(self, plain: str, start: int, value: float, end: int) -> Quantity | None:
        """ "Hora y media", "hora e meia": one and a half of a unit that stands without its number."""
        before = _UNIT_AND.search(plain, 0, start)
        unit = self.units.get(before["u"]) if before and value == _HALF else None
        if before is None or unit is None or unit[0] in ("share", "money"):
            return None
        factor = 1.0 if unit[0] in physical_kinds() else unit[2]
        return Quantity(unit[0], (1 + _HALF) * factor, before.start(), end, unit[1])

    def _rate(self, plain: str, start: int, value: float, end: int, worded: str) -> Quantity | None:
        if worded == "article" or worded == "part":
            return None
        unit = self._unit_at(plain, end, worded)
        if unit and (unit[0][0] in physical_kinds() or unit[0][0] == "share"):
            return None  # "3 m/s", "99 percent of notes done in 0.3 s"
        if value > 1 and _EACH_SECOND.search(plain, 0, start):
            return Quantity("rate", value, start, end, "rows/s")
        if found := self.frames_per.match(plain, end):
            return Quantity("fps", value, start, found.end(), "fps")
        found = self.rate.match(plain, end)
        if found and not found["f"] and found[0].strip():
            return Quantity("rate", value, start, found.end(), "rows/s")
        if value > 1 and (found := self.rate_of_any.match(plain, end)):
            return Quantity("rate", value, start, found.end(), "rows/s")
        rows_in = self.rate_in.match(plain, end)
        if rows_in and (second := self.number.match(plain, rows_in.end())):
            span = self._unit(plain, second.start(), *self.value(plain, second))
            if span and span.kind == "time" and value > 1:
                return Quantity("rate", value / (span.value / 1000), start, span.end, "rows/s")
        found = _THROUGH.match(plain, end) or (_ALL.search(plain, 0, start) and _ALL_THROUGH.match(plain, end))
        found = found if value >= _MANY else None
        if found and (second := self.number.match(plain, found.end())):
            amount, stop, how = self.value(plain, second)
            unit = self._unit_at(plain, stop, how)
            half = self.numerals.half(plain, unit[1]) if unit else None
            if unit and unit[0][0] == "time" and (ms := (amount + _HALF * bool(half)) * unit[0][2]) <= _DAY:
                return Quantity("rate", value / (ms / 1000), start, half or unit[1], "rows/s")
        return None


_ORDINAL = re.compile(
    r"(?<=second)\s(?!(?:per|each|every|for|at|on|to|is|are|was|would|will|should|must|can|may|or|and|in|a|an|the|when|if|while|"
    r"after|before|later|of|with|from|please|because|since|so|but|by|than|altogether|apiece|apart|off|out|flat|long|max|maximum|"
    r"tops|overall|total|most|all|it|we|i|you|they|on|as|until|between|early|late|too|worth|ahead|delay|latency|response|limit|"
    r"budget|wait|here|there|that|which|not|no|only|just|ago|longer|slower|faster|sooner|more|less|does|do|did|has|have|had)\b)[a-z]"
)
"""Behind "a second", what is the second one: a noun."""
_ONCE = re.compile(
    r"\b(?P<n>once|twice|einmal|zweimal|une fois|deux fois|una vez|dos veces|uma vez|duas vezes|una volta)\s"
    r"(?:in|out of|in every|von|auf|sur|de cada|cada|em cada|a cada|su)\s$"
)
"""Before how many cases: "wrong at most once in 15"; not before a span of time."""
_NO_COUNT_ZH = re.compile(r"[每同任某第另统唯这那哪]$")
_WITH_K = re.compile(r"\dk$|\d\sk$")
"""A letter for thousands that is also short for kelvin."""
_UNIT_AND = re.compile(r"(?<!\w)(?P<u>[^\W\d]{3,})\s(?:y|e|et)\s$")
_ONE_POINT = re.compile(
    r"punkte?s?|punt[oi]|ponto|point|point de pourcentage|punto porcentual|ponto percentual|个百分点|百分点|个点"
)
"""Half of it is half a point: "un demi-point", "medio punto"."""
_EACH_SECOND = re.compile(r"(?:每秒钟?[^\d\s,，]{0,6}|(?:\bhar|हर|प्रति)\s(?:second|सेकंड)\s(?:mein\s|में\s)?)$")
"""Before how many there are: "每秒处理200条"."""
_NOTHING_MORE = re.compile(r"\s*(?:[.,;:!?\n)-]|$)|\s+(?:aur|ki|jo|taki|और|कि|जो|ताकि)\b")
_APART = r"(?:\s+|(?<![a-z]))"  # "a s", "/s" and "每秒", but not the "as" of ".72 as a minimum"
_MANY = 20  # rows that may be asked for in a while
_DAY = 86_400_000.0  # ms
_WITHIN = (
    r"(?:in|within|inside|under|every|per|in\s+under|in\s+less\s+than|"
    r"within\s+at\s+most|in\s+hochstens|innerhalb\s+von|binnen|en|em|en\s+moins\s+de|en\s+menos\s+de|em\s+menos\s+de|dans|dentro\s+de)\s+"
)
_ALL = re.compile(
    r"\b(?:all|all\s+(?:the|our|those|these)|alle|tous\s+les|toutes\s+les|todos\s+[lo]s|todas\s+l?as|todos\s+os|tutt[ie]\s+[il]e?)\s+$"
)
""" "All two million within twenty minutes": what comes in at once is to be through by then."""
_ALL_THROUGH = re.compile(r"\s+(?:of\s+(?:them|these|those)\s+)?(?:[^\W\d]+\s+){0,3}?" + _WITHIN)
_THROUGH = re.compile(
    r"\s+(?:of\s+(?:them|these|those)\s+)?(?:[^\W\d]+\s+){0,3}?"
    r"(?:(?:come|comes|pour|flow|arrive|arrives|land|pile|accumulate|wait)(?:\s(?:in|up|here|at\s\w+|every\s\w+|each\s\w+))*"
    r"(?:,|;|\s)+(?:(?:and|which|that|they|these|all|of|them)\s+){0,4})?(?:(?:(?:have|has|had|need|ought)\s+to|must|should|shall|can|will|could|are\s+to)\s+)?(?:all\s+)?"
    r"(?:be\s+|get\s+|go\s+|run\s+|pass\s+)?(?:through|done|processed|scored|handled|classified|sorted|predicted|checked|rated|answered|finished|"
    r"ready|worked\s+off|judged|labelled|labeled|tagged|screened|evaluated|estimated|forecast|completed|calculated|computed|"
    r"verarbeitet|bewertet|durch|geschafft|klassifiziert|bearbeitet|traites?|traitees?|classes?|procesad[oa]s|clasificad[oa]s|"
    r"evaluad[oa]s|processad[oa]s|classificad[oa]s|avaliad[oa]s)\s+(?:up\s+)?" + _WITHIN
)
"""Between how many and how long: "50,000 segments have to be through within ten seconds"."""
_RATIO = re.compile(
    r"\s+(?P<noun>(?:(?!(?:in|out|of|on|from|and|or|to|may|but|that|which|who|whose|where|when|will)\b)[^\W\d]+\s+){0,3}?)"
    r"(?P<of>in\s+(?:every|each)|out\s+of\s+(?:every|each|all)|of\s+(?:every|each)|out\s+of|outta|outa|in|of|on|per|from|auf|von|aus|unter|zu|sur|de\s+cada|en\s+cada|de\s+entre|em\s+cada|em|a\s+cada|de|su|ogni|mein\s+se|में\s+से)\s+(?:the\s+)?"
)
_TIMES = frozenset(
    {
        "times",
        "cases",
        "mal",
        "fallen",
        "fois",
        "cas",
        "veces",
        "casos",
        "vezes",
        "volte",
        "casi",
        "answers",
        "tries",
        "attempts",
    }
)
"""Nouns of a ratio that count cases and nothing else: "nueve veces de diez"."""
_HALF, _LEAST_WHOLE, _FEW = 0.5, 3, 12
_ROUND = (5, 10, 20, 25, 40, 50, 100, 200, 250, 400, 500, 1000, 2000, 5000, 10000)
_OF_A_WHOLE = ("of", "out of", "von", "aus", "de cada", "em cada")
"""What makes a time behind it the whole of a ratio: "in 9 of 10 weeks", but not "5 in 10 days"."""
_SLASHED = re.compile(r"\s?(?P<sign>[:/])\s?(?P<base>2|3|4|5|10|20|25|50|100|200|250|500|1000|10000)(?![\d/.:])")
_SCORE = re.compile(
    r"(?:recall|precision|accuracy|sensitivity|specificity|auc|f1|rate|prazision|genauigkeit|trefferquote|sensitivitat|rappel|"
    r"exactitude|sensibilite|exactitud|sensibilidad|acuracia|precisao|sensibilidade|准确率|召回率|"
    r"精确率)\W{0,3}(?:of |von |de )?$"
)
"""Names of scores in front of a fraction: "recall 4/5"."""
_FURTHER = re.compile(r"\s+(?:out\s+of|of|von|aus|sur|de|de\s+cada|em\s+cada|su)\s+(?P<whole>\d{2,5})(?![\d.,])")
_AT_LEAST = re.compile(
    r"(?:at least|no less than|no fewer than|minimum|min\.?|mindestens|au moins|al menos|pelo menos|almeno|>=?|≥|"
    r"at most|no more than|"
    r"not more than|hochstens|au plus|como mucho|no maximo|al massimo|<=?|≤)\s*$"
)
"""What makes a fraction of small numbers a share: "at least 9/10 of them"."""
_OF_THEM = re.compile(
    r"\s+(?:(?:of|der|des|de|del|dos|das|right|correct|richtig|korrekt|corrects?|correct[oa]s|cert[oa]s|justes?|sahi|theek)\b|सही|ठीक)"
)
_PART_OF = re.compile(
    r"[\s-]*(?:(?:of|de|di|von|der|del|da|des)\s+|d')?(?:(?:a|an|one|the|un|une|una|um|uma|einer|eines|eine|d'une|d'un|ek)\s+)?"
)
_PART_OF_ONE = re.compile(
    r"[\s-]*(?:of\s+)?(?:a|an|one)\s+(?P<noun>stars?|points?|grades?|degrees?|units?|marks?|notch|notches|levels?|goals?|"
    r"items?|classes|class|year|letter|category|step|ticket|visitor|guest|room)(?!\w)"
)
_HALF_OF_ONE = re.compile(
    r"half[\s-]+(?:a|an)\s+(?P<noun>names?|address|title|word|sentence|entity|mention|box|picture|job|answer|hit|span|term|phrase|page|day|night|match)(?!\w)"
)
_ADJECTIVE_PART = re.compile(
    r"[\s-]*(?=\w)"
)  # "error medio de un cuarto de hora" is a mean error, "medio segundo" a half
_MEAN = re.compile(r"(?:medi[oa]|mei[oa]|mezz[oa]|demie?)\b")
_COUNTED = ("quarter_hour", "three_quarters", "tenth_s", "hundredth_s", "quarter_s", "eighth_s", "half_s", "half_hour")
"""Units that say how many by themselves: "in einer Viertelstunde", "une demi-seconde"."""
_AHEAD = re.compile(
    r"\s+(?P<a>prochaine?s?|suivante?s?|proxim[oa]s|siguientes|seguintes|prossim[ie]|nachsten|kommenden|next|coming|following)"
    r"(?=\s)"
)
_ALONE = re.compile(
    r"(?:half|halbe?n?|halfte|mitad|metade|moitie|meta)\b|一半|半数|半分|आध[ाेी]|\baadh[aeiy]\b"
)  # "medio" alone is "mean" in Spanish
_AT_MOST = re.compile(
    r"(?:at most|no more than|not more than|at least|only|a maximum of|up to|hochstens|maximal|mindestens|au plus|"
    r"au moins|como mucho|como maximo|al menos|no maximo|pelo menos|al massimo|almeno)\s*$"
)


def _corrected(plain: str, found: Sequence[Quantity]) -> list[Quantity]:
    """ "A couple of minutes - well, five at most": the second number is in the unit of the one it replaces."""
    out: list[Quantity] = []
    for q in found:
        last = out[-1] if out else None
        taken_back = last and last.kind in ("time", "size", "share", "money", "measure") and q.kind == "number"
        if last and taken_back and last.unit != "ratio" and _TAKEN_BACK.fullmatch(plain, last.end, q.start):
            unit = unit_value(last)
            if unit is not None:
                q = replace(last, value=round(q.value * unit, 12), start=q.start, end=q.end, low_end=False)
        out.append(q)
    return out


def unit_value(q: Quantity) -> float | None:
    """One of the unit that a quantity was said in, in the base unit of its kind."""
    if q.kind == "measure":
        return 1.0
    factor = lexicon("units").get(q.kind, {}).get(q.unit, [None])[0]
    return None if factor is None else float(factor)


_TAKEN_BACK = re.compile(
    r"[\s,;.(–—-]*(?:well|sorry|no|wait|actually|make (?:it|that)|i mean|i meant|or rather|rather|better|"
    r"scratch that|let's say|correction|nein|ich meine|quatsch|besser|pardon|non|plutot|enfin|perdon|digo|mejor|"
    r"mejor dicho|desculpe?|nao|alias|melhor|anzi)"
    r"(?:[\s,:–—-]+(?:make (?:it|that)|rather|say|sorry|no|wait|i meant|i mean))*[\s,:–—-]+"
)
"""What stands between a number and the one that replaces it."""


_PERCENTAGE = re.compile(r"%|pp|pct|per\s?cent|prozent|pour\s?cent|porcent|प्रतिशत|百分")
"""What makes points such of a percentage."""


def _folded(spelling: str) -> str:
    return spelling if spelling.isascii() else fold(spelling)


def _unit_expression(units: Sequence[str] | dict[str, Any]) -> str:
    wide = [u for u in units if re.search(rf"[{WIDE}{INDIC}%‰€$£¥]", u)]
    plain = [u for u in units if u not in wide]
    latin = rf"(?:{alternatives(plain)})(?!(?![{WIDE}])\w)"  # "10MB以下" ends there, "10 mbit" does not
    return rf"[\s-]*(?:(?:de|di)\s+|d'|个(?!月))?(?P<u>(?:{alternatives(wide)})|{latin})"


def _is_year(plain: str, start: int, value: float) -> bool:
    return _YEARS[0] <= value <= _YEARS[1] and value == int(value) and bool(_YEAR_BEFORE.search(plain[:start]))


def _is_decade(plain: str, start: int, value: float) -> bool:
    """ "The 1950s", "the 90s": years and no seconds."""
    short = 20 <= value <= 90 and re.search(r"\b(?:the|early|late|mid)[\s-]$", plain[:start]) is not None
    return value % 10 == 0 and (_YEARS[0] <= value <= _YEARS[1] or short)


def _counts(plain: str, start: int) -> bool:
    """Whether the article before a time unit stands for one: "within a second", but not "twice a second"."""
    before = re.search(
        r"\b(?:take|takes|need|needs|last|lasts|only|nur|darf|dauert|hochstens|maximal|durer? qu'|durar|dura|"
        r"within|under|below|than|most|over|up to|(?:off|out|wrong|miss|misses|errs?|erring|strays?|slips?) by|"
        r"(?:error|erro|erreur|ecart|miss|deviation|fehler|abweichung)(?: \w+){0,2} (?:of|de|von|d[e']?)|"
        r"innerhalb|unter|binnen|"
        r"moins d[e']?|menos de|meno di|error de|erro de|erreur d[e']?|half|"
        r"(?:quarter|third|fifth|tenth) of)\s*$",
        plain[:start],
    )
    after = re.match(
        r"\w+\s+\w+\s+(?:(?:at (?:the )?most|tops|max|maximum|or less|dauern|brauchen|rechnen)|im voraus|voraus|"
        r"ahead|beforehand|a l'avance|"
        r"d'avance|por delante|de (?:antelacion|anticipacion|antecedencia)|a frente|in anticipo)\b",
        plain[start:],
    )
    return bool(before or after) or missed_by(plain, start)
