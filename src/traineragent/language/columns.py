"""Which column do the words mean? Scores every column as the target by name, synonym, values, place and type.

Sees profiles only; names and values are compared with the words and never read as instructions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..domain.data import ColumnProfile
from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .answers import amount_points, fits, flag_points, holds_text
from .horizon import forecast_said
from .moments import holds_years, placed_in_time
from .phrases import in_languages, matches
from .reading import Reading, Span
from .words import WIDE, fold, name_tokens, stem

GENERIC = {
    "target": 6.0,
    "label": 2.5,
    "labels": 2.5,
    "class": 2.0,
    "y": 2.0,
    "outcome": 2.0,
    "result": 1.0,
    "response": 1.5,
    "tags": 1.5,
    "ziel": 2.5,
    "zielwert": 2.5,
    "cible": 2.5,
    "objetivo": 2.5,
    "etiqueta": 2.5,
    "标签": 2.5,
    "目标": 2.5,
    "category": 1.0,
    "status": 0.5,
    "ner tags": 2.0,
    "bio": 1.0,
}
"""Names that by convention hold the answer, with what that is worth as evidence."""

_FLAG_NAME = re.compile(r"^(?:is|has|will|was|did|had|ist|hat|est|es)\b|\b(?:flag|yn|ind)$|^是否|^有无|かどうか$|여부$")
_ID_NAME = re.compile(r"\b(?:id|uuid|guid|key|no|nr|number|code|index|sku)$|(?:号|编号|番号)$")
_THING_NAME = re.compile(
    r"\b(?:name|names|tag|serial|ref|reference|nummer|nombre|nom|nome|bezeichnung|plate|label id)$|(?:名称|名字|姓名)$"
)
"""Ends of names of columns that say which thing or person a row is about."""
_COMMON = frozenset("a an as at be by do i in is it me my no of on or so to up us we age am one".split())  # noqa: SIM905
_AHEAD = re.compile(r"\b(?:within|next|in|after)\b|\b\d+ ?(?:d|m|h|w|y|min|days|months|weeks|hours)\b|\d+(?:d|m|h|w)$")
_LATER = re.compile(
    r"\b(?:planned|expected|list|estimated|budget|initial|original|previous|prev|prior|last|past|old|avg|average|mean|"
    r"max|min|std|n|num of)\b"
)
_BEFOREHAND = re.compile(
    r"\b(?:planned|expected|list price|price list|estimated|budget|initial|original|previous|prev|prior|past|net|gross|"
    r"requested)\b"
)


_ALTERNATIVE = re.compile(
    r"(?P<a>[^\W\d]+?)\s*(?:\b(?:or|vs|versus|from|oder|ou|o|ya)\b|/|还是|或|か|または|또는|या)\s*"
    r"(?:(?:a|an|the|eine?|une?|una|die|der|das)\s+)?(?P<b>[^\W\d]+)"
)
"""Two words that are told apart: "men or women", "spam from ham", "day/night"."""
_AND = re.compile(
    r"[\s,;'\"`/&()]|\b(?:and|or|nor|the|its|their|his|her|our|s|column|columns|also|both|all|please|und|oder|die|der|das|den|bitte|et|ou|le|la|les|y|o|ni|el|los|las|e|os|as|i|gli|il|of|course|either|neither|weder|noch|sowie|dem|des|un|une|du|aux?|tampoco|nem|aur|ya|spalten?|"
    r"colonnes?|columnas?|colunas?|fields?|feld|felder)\b|\b[ldn]'|और|या|एवं|तथा|[和与及跟、の或]"
)
"""What may stand between the names of one list."""
MOST_STATES = 12  # values of a column that says how things are
SHORTENED = 4  # letters of a name that may be the beginning of a word
_TELLING = 8  # letters of a word that no other word is likely to mean
_CODE = 3  # letters of a unit's code: eur, kwh
_LEAST_ROOT = 5  # letters of a word that may be the root of a name
_COMPOUND = re.compile(
    r"(?P<first>[a-z]{3,}?)s?(?:verbrauch|bedarf|menge|preis|preise|wert|kosten|zahl|zahlen|absatz|umsatz|dauer|zeit|last|leistung|"
    r"erzeugung|produktion|ertrag|stand|druck|gehalt|quote|nachfrage|verkauf|verkaufe|ausgaben|einnahmen|aufkommen|mangel)s?"
)
"""A German compound whose first part says of what: "Gasverbrauch", "Stromkosten"."""
_SHORT = frozenset({"max", "min"})
_BESIDE = 60  # characters before a name in brackets that say what it is for
_DENIED = 40  # characters after "not the" that it can be about


@dataclass(frozen=True)
class Candidate:
    """A column with its score as the target and the evidence, strongest first."""

    column: str
    score: float
    why: tuple[str, ...]
    pointed: bool = False  # the words point at it: by name, as "column X", or by place
    spoken: bool = False  # something in the words speaks for it


@dataclass(frozen=True)
class Mention:
    """A column's name inside the words. `whole`: all words of the name; `quoted`: in quotation marks."""

    column: str
    start: int
    end: int
    whole: bool = True
    quoted: bool = False


@dataclass
class _Evidence:
    column: ColumnProfile
    score: float = 0.0
    why: list[tuple[float, str]] = field(default_factory=list)
    pointed: bool = False
    spoken: bool = False  # something in the words speaks for it

    def add(self, points: float, why: str, spoken: bool = False) -> None:
        self.score += points
        self.spoken |= spoken and points > 0
        if points:
            self.why.append((points, why))


class Columns:
    """The columns of a table beside the words of a request."""

    def __init__(self, reading: Reading, columns: Sequence[ColumnProfile]) -> None:
        self.reading, self.columns = reading, columns
        self.names = {c.name: self._worded(c.name) for c in columns}

    def _worded(self, name: str) -> str:
        """The words of a name, folded; German names may write "ue" for "ü"."""
        words = " ".join(name_tokens(name))
        return re.sub(r"([aou])e", r"\1", words) if "de" in self.reading.languages else words

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Whole names found in the words, longer names first, never one inside another."""
        taken: list[Span] = []
        out: list[Mention] = []
        for column in sorted(self.columns, key=lambda c: -len(c.name)):
            for match in _name_pattern(column.name).finditer(self.reading.text.plain):
                start, end = match.span("n")
                if any(a < end and start < b for a, b in taken):
                    continue
                quoted = bool(match["q"])
                if not quoted and not self._may_be_name(column.name, start, end):
                    continue
                taken.append((start, end))
                out.append(Mention(column.name, start, end, quoted=quoted))
        return tuple(sorted(out, key=lambda m: m.start))

    def _may_be_name(self, name: str, start: int, end: int) -> bool:
        """A name that is also a small word ("y", "no", "to") counts only beside the word column, or written alike."""
        plain = fold(name)
        if len(plain) > 1 and (
            plain not in _COMMON or (not name.islower() and self.reading.quote((start, end)) == name)
        ):
            return True
        near = self.reading.masked[max(0, start - 24) : start]
        phrases = in_languages(lexicon("wishes")["pointer_before"], self.reading.languages)
        return any(m.end() >= len(near.rstrip()) for m in matches(phrases, near)) or bool(re.search(rf"[{WIDE}]", name))

    def compared(self, mention: Mention) -> bool:
        """Whether it is named as a group to treat alike: "equal treatment of men and women (column gender)"."""
        start, end = self.reading.text.clause_of(mention.start)
        before = max(self.reading.text.sentence_of(mention.start)[0], mention.start - _BESIDE)
        return any(self.reading.said("groups", "fairness", span) for span in ((start, end), (before, mention.start)))

    def partial(self, within: Span) -> list[tuple[str, str]]:
        """(column, word) for names of which one distinctive word occurs ("surgeon" for surgeon_name)."""
        said = {stem(w) for w, a, _ in self.reading.text.tokens if within[0] <= a < within[1] and len(w) > 3}
        owners: dict[str, list[str]] = {}
        for column in self.columns:
            for token in self.names[column.name].split():
                owners.setdefault(stem(token), []).append(column.name)
        return [(names[0], word) for word, names in owners.items() if word in said and len(set(names)) == 1]

    def get(self, name: str) -> ColumnProfile:
        return next(c for c in self.columns if c.name == name)


def _name_pattern(name: str) -> re.Pattern[str]:
    """Finds a name as written or with spaces for underscores, in singular or plural."""
    tokens = name_tokens(name)
    if not tokens:
        return (
            re.compile(rf"(?P<q>)(?P<n>{re.escape(fold(name))})")
            if fold(name).strip()
            else re.compile(r"(?!)(?P<q>)(?P<n>)")
        )
    if re.search(rf"[{WIDE}\u0900-\u097f]", name):
        return re.compile(rf"(?P<q>[\"'`])?(?P<n>{re.escape(fold(name))})")
    if len(tokens) == 1 and len(tokens[0]) > 5 and tokens[0].isascii():
        tokens = tuple(tokens[0])  # "bodyfat" is also "body fat"
    *first, last = tokens
    ending = r"(?:e?s|'s)?" if len("".join(tokens)) > 3 else ""
    body = (r"[\s_-]?" if len(last) == 1 and len(tokens) > 5 else r"[\s_.'-]*(?:s\s+)?").join(
        re.escape(t) for t in (*first, last)
    )
    return re.compile(rf"(?P<q>[\"'`])?(?<!\w)(?P<n>{body}){ending}(?!\w)")


def rank_targets(columns: Columns, regions: Regions, wish: str | None) -> list[Candidate]:
    """All columns, best first. `wish` is the kind of answer wanted: flag, amount, choice or None."""
    found = [_Evidence(c) for c in columns.columns]
    for evidence in found:
        _by_name(evidence, columns, regions)
        _by_concept(evidence, columns, regions)
        _by_concept_of_values(evidence, regions)
        _by_values(evidence, columns.reading)
        _by_convention(evidence, columns)
        _by_type(evidence, wish)
    _by_place(found, columns.reading)
    if wish in (None, "amount") and forecast_said(columns.reading) and placed_in_time(columns.columns):
        _by_being_a_series(found)
    _by_being_alone(found)
    _by_being_the_only_fit(found, wish)
    _by_default(found, wish, columns.reading)
    ranked = sorted(found, key=lambda e: -e.score)
    return [Candidate(e.column.name, round(e.score, 3), _reasons(e), e.pointed, e.spoken) for e in ranked]


def _reasons(evidence: _Evidence) -> tuple[str, ...]:
    return tuple(why for points, why in sorted(evidence.why, reverse=True) if points > 0)


def _by_name(evidence: _Evidence, columns: Columns, regions: Regions) -> None:
    mine = [m for m in columns.mentions if m.column == evidence.column.name]
    best, why, pointed = 0.0, "", False
    for mention in mine:
        if regions.excluded(mention.start):
            evidence.add(-8.0, "named among what to leave out")
            return
        if columns.compared(mention):
            evidence.add(-4.0, "named as a group to compare")
            return
        points, reason = 4.0, "named in the request"
        if regions.points_at(mention):
            points, reason, pointed = 9.0, "named as the column to predict", True
        elif regions.given(mention.start):
            points, reason = -1.0, "named among the inputs"
        elif not regions.goal(mention.start) and not _counted(columns.reading, mention):
            points = 2.0
        if points > best or not best:
            best, why = points, reason
    if mine:
        evidence.add(best, why, spoken=True)
        evidence.pointed = pointed
        return
    _by_part_of_name(evidence, columns, regions)


def _counted(reading: Reading, mention: Mention) -> bool:
    """Whether an error is told in it, which makes it the unit of the answers: "off by 20 cones"."""
    before = [q for q in reading.quantities if q.kind == "number" and 0 <= mention.start - q.end <= 1]
    return bool(before) and reading.said("service", "deviation", reading.text.clause_of(mention.start))


def _by_part_of_name(evidence: _Evidence, columns: Columns, regions: Regions) -> None:
    tokens = [t for t in columns.names[evidence.column.name].split() if len(t) > 2 or not t.isascii()]
    if len(tokens) > 1 and tokens[-1] in _unit_codes():
        del tokens[-1]  # "gas_mwh" is gas, in whatever unit
    if not tokens:
        return
    stems = {stem(t): t for t in tokens}
    stems_of = {t: key for key, t in stems.items()}
    short = {t: key for key, t in stems.items() if len(t) >= SHORTENED or t in _SHORT}
    hits: dict[str, float] = {}
    for word, start, _ in columns.reading.text.tokens:
        key = stem(word)
        if key not in stems and len(word) > 2:  # "temp_max" is the maximum temperature
            key = next((k for t, k in short.items() if len(word) > len(t) + 2 and word.startswith(t)), key)
        if key not in stems and len(word) >= _LEAST_ROOT:  # "weigh" asks for the weight
            key = next((k for t, k in stems_of.items() if 0 < len(t) - len(word) <= 1 and t.startswith(word)), key)
        if key not in stems and (head := _COMPOUND.fullmatch(word)):  # "Gasverbrauch" is the use of gas
            key = next((k for t, k in stems_of.items() if t == head["first"]), key)
        if key not in stems and "de" in columns.reading.languages:  # "Gebrauchtwagenpreise" are prices
            tails = (k for t, k in stems_of.items() if len(t) >= SHORTENED and len(word) > len(t) + 2)
            key = next((k for k in tails if re.search(rf"{re.escape(stems[k])}(?:e|en|n|s|es|er)?$", word)), key)
        if key in stems and len(word) > 2:
            hits[key] = max(hits.get(key, 0.0), regions.weight(start))
    if not hits:
        return
    if max(hits.values()) < 0.2:
        evidence.add(-0.8, "")  # only named among the inputs, or among what to leave out
        return
    share = sum(max(0.0, w) for w in hits.values()) / len(stems)
    words = ", ".join(sorted(stems[k] for k in hits))
    whole = len(hits) == len(stems) and max(map(len, stems.values())) >= _TELLING and max(hits.values()) >= 0.5
    evidence.add(2.5 * share + 2.0 * whole, f"shares the words {words} with the request", spoken=True)


@once_per_overlay
def _unit_codes() -> frozenset[str]:
    """Short spellings of units, as they end a column's name; "min" is as often the least value."""
    kinds = ("money", "mass", "length", "energy", "power", "time")
    rows = [row for kind in kinds for row in lexicon("units")[kind].values()]
    return frozenset(str(s) for row in rows for s in row[1:] if len(str(s)) <= _CODE) - {"min"}


def _by_concept(evidence: _Evidence, columns: Columns, regions: Regions) -> None:
    """Same idea, other word: a concept that is said and that the column's name also expresses."""
    name = columns.names[evidence.column.name]
    best, why = 0.0, ""
    for concept, book in regions.concepts.items():
        found = matches(map(str, lexicon("concepts")[concept]["column"]), name) if book > 0 else []
        if not found:
            continue
        cover = max(len(m.group().split()) for m in found) / max(1, len(name.split()))
        points = book * (2.0 + 1.5 * cover)
        if points > best:
            best, why = points, f"its name speaks of {concept.replace('_', ' ')}, as the request does"
    evidence.add(best, why, spoken=True)


def _by_concept_of_values(evidence: _Evidence, regions: Regions) -> None:
    """Values that name the event asked for, or its absence: a column of "ok" and "failed" where things are to fail."""
    column = evidence.column
    if column.meaning not in ("category", "boolean") or not 2 <= column.distinct <= MOST_STATES:
        return
    states = [" ".join(name_tokens(v)) for v, _ in column.top]
    for concept, book in regions.concepts.items():
        known = lexicon("concepts")[concept]
        if book <= 0 or known["kind"] != "flag":
            continue
        said = [*map(str, known["column"]), *(p for ps in known["said"].values() for p in map(str, ps))]
        named = [v for v in states if matches([p for p in said if p not in GENERIC], v)]
        if named and len(named) < len(states):
            evidence.add(2.2 * book, f"its value {named[0]!r} speaks of {concept.replace('_', ' ')}", spoken=True)
            return


def _by_values(evidence: _Evidence, reading: Reading) -> None:
    """Its values are spoken of: "spam or ham", "positive (1)", "more than 50K"."""
    column = evidence.column
    if column.meaning in ("id", "date", "text", "number", "constant", "empty") or column.distinct > 60:
        return
    plain = reading.text.plain
    said = [
        v
        for v, _ in column.top
        if len(v) > 1 and not re.fullmatch(r"[\d.,]+", v) and fold(v).strip() not in _COMMON and _says(plain, v)
    ]
    if said:
        evidence.add(
            min(3.0, 1.2 * len(said)) if column.distinct <= 2 * len(said) + 1 else 0.6 * min(len(said), 3),
            "the request speaks of its values " + ", ".join(said[:4]),
        )
    if pair := _opposed(column, reading):
        evidence.add(4.0, f"its values {pair[0]} and {pair[1]} stand for what the request tells apart", spoken=True)
    coded = [
        v
        for v, _ in column.top
        if re.search(rf"(?<![\w.]){re.escape(fold(v))}\s*=\s*\w|\(\s*{re.escape(fold(v))}\s*\)", plain)
    ]
    if coded and len(coded) >= min(2, column.distinct):
        evidence.add(1.5, "the request explains its codes " + ", ".join(coded[:4]))
    for q in reading.quantities:
        if q.kind == "share" and column.distinct == 2 and len(column.top) == 2:
            total = column.top[0][1] + column.top[1][1]
            if total and abs(column.top[1][1] / total - q.value) < 0.12 * q.value:
                evidence.add(0.8, f"its rarer value has the share that was named ({q.value:.0%})")


def _opposed(column: ColumnProfile, reading: Reading) -> tuple[str, str] | None:
    """The two values that stand for the two sides of an alternative: m and f for "men or women", D and N for "day or
    night". Short codes are initials or have a meaning of their own."""
    values = [v for v, _ in column.top]
    if not 2 <= len(values) <= 3 or column.distinct > 3:
        return None
    for found in _ALTERNATIVE.finditer(reading.text.plain):
        if reading.said("groups", "fairness", reading.text.sentence_of(found.start())):
            continue  # "no worse for men or women" names the groups to compare
        first, second = found["a"], found["b"]
        for one in values:
            for other in values:
                if one != other and _stands_for(one, first) and _stands_for(other, second):
                    return one, other
    return None


def _stands_for(value: str, word: str) -> bool:
    code = fold(value).strip(" .")
    for name in lexicon("values"):
        known = _folded_group(name)
        if word in known or stem(word) in known:
            return code in known
        if code in known and len(code) > 1:
            return False
    return bool(code) and code.isalpha() and len(code) <= 2 and word.startswith(code)


@once_per_overlay
def _folded_group(name: str) -> frozenset[str]:
    return frozenset(fold(str(w)) for w in lexicon("values")[name])


def _says(plain: str, value: str) -> bool:
    word = fold(value).strip(" .<>=")
    if not word:
        return False
    if re.search(rf"[{WIDE}]", word):
        return word in plain
    root = re.sub(r"[aeo]s?$", "", stem(word))  # "positivo" is also "positivas"
    root = root if len(root) > 4 else stem(word)
    base = re.escape(root) + r"\w{0,3}" if len(word) > 4 and word.isalpha() else re.escape(word)
    return bool(re.search(rf"(?<!\w){base}(?!\w)", plain))


def _by_convention(evidence: _Evidence, columns: Columns) -> None:
    name = columns.names[evidence.column.name]
    last = columns.columns[-1].name == evidence.column.name
    evidence.add(GENERIC.get(name, 0.0), "by its name it holds the answer")
    evidence.add(0.8 if last else 0.0, "it is the last column")
    evidence.add(0.6 if _FLAG_NAME.search(name) else 0.0, "it is a yes/no mark")
    evidence.add(-3.0 if _THING_NAME.search(name) and not evidence.spoken else 0.0, "")
    evidence.add(-1.2 if _BEFOREHAND.search(name) else 0.0, "")
    evidence.add(1.0 if _AHEAD.search(name) and not _LATER.search(name) else 0.0, "its name speaks of what comes after")
    evidence.add(0.5 if matches(_event_names(), name) else 0.0, "it is called after an event")
    if evidence.column.meaning in ("constant", "empty"):
        evidence.add(-6.0, "")
    if evidence.column.meaning == "id" or _ID_NAME.search(name):
        evidence.add(-4.0, "")
    if evidence.column.meaning == "date" or holds_text(evidence.column):
        evidence.add(-4.0, "")


def _by_type(evidence: _Evidence, wish: str | None) -> None:
    """Does the column give the kind of answer that is wanted?"""
    column = evidence.column
    number = column.meaning == "number" and column.distinct > 10
    few = 2 <= column.distinct <= 60 and not number
    points = {
        "flag": flag_points(column) if column.distinct == 2 else (0.0 if few else -2.0),
        "amount": amount_points(column, number, evidence.pointed),
        "choice": 1.0 if few and column.distinct > 2 else (0.7 if few else -1.5),
    }.get(wish or "", 0.0)
    evidence.add(
        points,
        {"flag": "it has two values", "amount": "it is a number", "choice": "it has a few values"}.get(wish or "", ""),
    )


def _by_place(found: list[_Evidence], reading: Reading) -> None:
    for key, index in (("last_column", -1), ("first_column", 0)):
        if found and reading.said("wishes", key):
            found[index].add(10.0, "the request says " + key.replace("_", " "))
            found[index].pointed = True


def _by_being_the_only_fit(found: list[_Evidence], wish: str | None) -> None:
    """One column alone has the type of the answer that is wanted."""
    able = [e for e in found if e.column.meaning not in ("id", "date", "text", "constant", "empty") and e.score > -4]
    fitting = [e for e in able if fits(e.column, wish)]
    if wish and len(fitting) == 1:
        fitting[0].add(1.2, "no other column gives such an answer")


def _by_default(found: list[_Evidence], wish: str | None, reading: Reading) -> None:
    """No column is spoken of, but something is to be predicted: tables mostly end with the answer."""
    able = [e for e in found if e.column.meaning not in ("id", "date", "text", "constant", "empty") and e.score > -2]
    asked = wish or reading.said("wishes", "goal") or reading.text.plain.rstrip()[-1:] in ("?", "？")
    if not able or any(e.spoken for e in able) or not asked:
        return
    last = found[-1]
    binary = [e for e in able if e.column.distinct == 2]
    alone = len(binary) == 1 and binary[0] is last
    amount = wish == "amount" and fits(last.column, wish)
    if last in able and (amount or (wish in (None, "flag") and alone)):
        last.add(1.5, "nothing else fits better, and tables mostly end with the answer")


@once_per_overlay
def _event_names() -> tuple[str, ...]:
    concepts = lexicon("concepts").values()
    return tuple(p for c in concepts if c["kind"] == "flag" for p in c["column"] if p not in GENERIC)


def _by_being_a_series(found: list[_Evidence]) -> None:
    """A forecast is of numbers over time, and not of time itself or of names."""
    for evidence in found:
        if holds_years(evidence.column):
            evidence.add(-6.0, "")
        elif evidence.column.meaning in ("category", "boolean", "text", "id"):
            evidence.add(-2.5, "")


def _by_being_alone(found: list[_Evidence]) -> None:
    """All others are ids, dates, texts or constants: then this one is meant."""
    able = [e for e in found if e.column.meaning not in ("id", "date", "text", "constant", "empty") and e.score > -2]
    if len(able) == 1:
        able[0].add(2.5, "no other column can hold an answer")


class Regions:
    """Which stretch of the words states the goal, which names inputs, which excludes; what is said where."""

    def __init__(self, reading: Reading, mentions: Sequence[Mention], excluded: Sequence[Span]) -> None:
        self.reading, self.exclusions = reading, (*excluded, *self._denied(reading))
        self.goals = self._goals()
        self.givens = self._givens()
        self.pointers = self._pointers(mentions)

    @staticmethod
    def _denied(reading: Reading) -> list[Span]:
        """What is said not to be the goal: "not the price: I want to know how many days"."""
        out = []
        for start, end in reading.where("wishes", "not_this"):
            stop = reading.text.clause_of(end)[1]
            if not reading.said("wishes", "goal", (end, stop)) and stop - end <= _DENIED:
                out.append((start, stop))
        return out

    def _goals(self) -> tuple[Span, ...]:
        goal = [s for s in self.reading.text.sentences if self.reading.said("wishes", "goal", s)]
        return tuple(goal or self.reading.text.sentences)

    def _givens(self) -> tuple[Span, ...]:
        spans = []
        for start, end in self.reading.where("wishes", "inputs"):
            stop = self.reading.text.sentence_of(start)[1]
            goals = self.reading.where("wishes", "goal", (end, stop))  # "from the text, work out which product it is"
            comma = re.search(r",(?=\s)", self.reading.masked[end : goals[0][0]]) if goals else None
            spans.append((end, goals[0][0] if comma else stop))
        known = [start for start, _ in self.reading.where("wishes", "inputs_after")]
        spans += [(self._listed_from(start), start) for start in known]
        return tuple(spans)

    def _listed_from(self, position: int) -> int:
        """Where the list that ends here begins: with its sentence, or behind a colon in it."""
        start = self.reading.text.sentence_of(position)[0]
        return max(start, self.reading.text.plain.rfind(":", start, position) + 1)

    def _pointers(self, mentions: Sequence[Mention]) -> frozenset[tuple[int, int]]:
        masked = self.reading.masked
        before = [e for _, e in self.reading.where("wishes", "pointer_before")]
        after = [s for s, _ in self.reading.where("wishes", "pointer_after")]
        out = set()
        for m in mentions:
            joined = any(
                not re.sub(r"[\s\"'`:=]|is\b|the\b|a\b", "", masked[e : m.start]) for e in before if e <= m.start
            )
            joined |= any(not re.sub(r"[\s\"'`]", "", masked[m.end : s]) for s in after if s >= m.end)
            if joined:
                out.add((m.start, m.end))
        return frozenset(out)

    @cached_property
    def concepts(self) -> dict[str, float]:
        """Concept -> weight of the best place where it is said."""
        out: dict[str, float] = {}
        for name, book in lexicon("concepts").items():
            weights = [self.weight(m.start()) for m in self.reading.find(book["said"])]
            if weights:
                out[name] = max(weights)
        return out

    def weight(self, position: int) -> float:
        if self.excluded(position):
            return -1.0
        if self.given(position):
            return 0.15
        return 1.0 if self.goal(position) else 0.5

    def goal(self, position: int) -> bool:
        return any(a <= position < b for a, b in self.goals)

    def given(self, position: int) -> bool:
        return any(a <= position < b for a, b in self.givens)

    def excluded(self, position: int) -> bool:
        return any(a <= position < b for a, b in self.exclusions)

    def points_at(self, mention: Mention) -> bool:
        return (mention.start, mention.end) in self.pointers


def only_glue(reading: Reading, span: Span, allowed: Sequence[Span] = ()) -> bool:
    """Whether nothing but commas, "and", articles and the words at `allowed` stands in a stretch of the words."""
    text = list(reading.text.plain[span[0] : span[1]])
    for start, end in allowed:
        if span[0] <= start and end <= span[1]:
            text[start - span[0] : end - span[0]] = " " * (end - start)
    return not _AND.sub("", "".join(text)).strip()
