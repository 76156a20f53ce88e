"""Which series the words ask for: whether values ahead are asked for at all, and what tells the series apart.

Sees profiles only. How a table is brought into shape is settled elsewhere (`data.timetable`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ..domain.data import ColumnProfile
from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .answers import is_whole
from .columns import SHORTENED, Columns, Regions, only_glue
from .exclusions import find_exclusions
from .moments import holds_years, steps_of_time
from .reading import Reading, Span
from .transliteration import in_words_of
from .words import WIDE, fold, name_tokens, stem

MOST_KEYS = 3
MISSES = 2  # words before the first thing that is found: "for each of our motorway stations"
NEAR = 8  # characters around a phrase in scripts without spaces
SHORTEST = 5  # rows of a series
ALIKE = 0.6  # of the columns of numbers, for a shared word to make a family
REPEATED = 0.9  # of the rows stand at a moment of their own where rows are no panel
_GENERAL = frozenset({"id", "name", "no", "nr", "code", "number", "key", "type"})


# ---------------------------------------------------------------------------------------------- what tells them apart
def key_columns(columns: Columns, target: str | None, rows: int) -> tuple[str, ...]:
    """Columns named as what a series is wanted of: "per store and product", "je Filiale", "每个门店"."""
    able = [c for c in columns.columns if c.name != target and _may_be_key(c) and c.distinct <= rows / SHORTEST]
    found: dict[str, None] = {}
    for start, end in columns.reading.where("series", "of_each"):
        for name in _things_at(columns, able, (start, end)):
            found.setdefault(name)
    return tuple(found)[:MOST_KEYS]


def all_together(columns: Columns, target: str | None, rows: int) -> bool:
    """Whether one series of everything is asked for where there could be several, in words that are not just the
    target's name."""
    keys = [c for c in columns.columns if c.name != target and c.meaning in ("category", "id", "text", "boolean")]
    if not any(2 <= c.distinct <= rows / 5 for c in keys):
        return False
    own = set(columns.names.get(target or "", "").split())
    spans = columns.reading.where("series", "all_together")
    return any(not set(re.findall(r"\w+", columns.reading.masked[a:b])) & own for a, b in spans)


def _may_be_key(column: ColumnProfile) -> bool:
    kinds = ("category", "id", "boolean", "text", "number")
    return column.meaning in kinds and column.distinct >= 2 and not holds_years(column)


def _things_at(columns: Columns, able: Sequence[ColumnProfile], at: Span) -> list[str]:
    reading = columns.reading
    stop = reading.text.sentence_of(at[0])[1]
    if re.search(rf"[{WIDE}]", reading.text.plain[at[0] : at[1]]):
        return _things_around(columns, able, at)
    joined = {w for language in lexicon("series")["joined"].values() for w in language}
    out: list[str] = []
    misses = 0
    for word, start, _ in reading.text.tokens:
        if not at[1] <= start < stop or word.isdigit() or word in joined:
            continue
        if word in steps_of_time():
            break
        column = _column_of(columns, able, word)
        if column is None and (out or misses == MISSES):
            break
        misses += column is None
        out += [column] if column is not None else []
    return out


def _things_around(columns: Columns, able: Sequence[ColumnProfile], at: Span) -> list[str]:
    """As `_things_at`, in scripts without spaces: what stands right before or after."""
    near = columns.reading.text.plain[max(0, at[0] - NEAR) : at[1] + NEAR]
    words = {w for listed in _things().values() for w in listed if w in near and re.search(rf"[{WIDE}]", w)}
    words |= {fold(c.name) for c in able if fold(c.name) in near}
    found = [_column_of(columns, able, w) for w in sorted(words, key=near.index)]
    return [name for name in found if name is not None]


def _column_of(columns: Columns, able: Sequence[ColumnProfile], word: str) -> str | None:
    """The column that a thing is named in: by a word of its name, else by another word for the same thing."""
    for column in able:
        own = {stem(t) for t in columns.names[column.name].split() if t not in _GENERAL}
        if stem(word) in own or fold(column.name) == word:
            return column.name
    for listed in _things().values():
        if word not in listed and stem(word) not in {stem(w) for w in listed}:
            continue
        for column in able:
            if set(columns.names[column.name].split()) & listed or fold(column.name) in listed:
                return column.name
    return None


@once_per_overlay
def _things() -> dict[str, frozenset[str]]:
    return {key: frozenset(map(fold, (key, *listed))) for key, listed in lexicon("series")["things"].items()}


# ---------------------------------------------------------------------------------------------- what is known ahead
def known_ahead(columns: Columns, other: set[str]) -> list[tuple[str, str, float]]:
    """(column, why, confidence) of columns whose values for the steps ahead will be there: by the words, or because
    their names speak of the calendar or of plans. `other`: columns that are none."""
    able = [c for c in columns.columns if c.name not in other and _may_vary(c)]
    names = {c.name for c in able}
    out: dict[str, tuple[str, str, float]] = {}
    for start, end in columns.reading.where("series", "known_ahead"):
        sentence = columns.reading.text.sentence_of(start)
        within = (max(0, sentence[0] - 1), sentence[1])
        said = [m.column for m in columns.mentions if within[0] <= m.start < within[1]]
        said += [name for name, _ in columns.partial(within)] + _shortened(columns, within)
        words = columns.reading.quote((start, end))
        for name in said:
            if name in names:
                out.setdefault(name, (name, f"the words say so: {words!r}", 0.9))
    listed = [fold(w) for w in lexicon("series")["calendars"]]
    for column in able:
        own = f" {columns.names[column.name]} "
        if any(f" {w} " in own or (re.search(rf"[{WIDE}]", w) and w in fold(column.name)) for w in listed):
            why = "its name speaks of the calendar or of plans"
            out.setdefault(column.name, (column.name, why, 0.7))
    return list(out.values())


def _may_vary(column: ColumnProfile) -> bool:
    varies = column.distinct >= 2 or (column.distinct == 1 and 0 < column.missing_share < 1)  # marked on some days
    return column.meaning in ("number", "category", "boolean") and varies and not holds_years(column)


def _shortened(columns: Columns, within: Span) -> list[str]:
    """Columns of which a word is the beginning of a said one: temp_c where the temperature is spoken of."""
    said = [w for w, start, _ in columns.reading.text.tokens if within[0] <= start < within[1]]
    return [
        c.name
        for c in columns.columns
        for t in columns.names[c.name].split()
        if len(t) >= SHORTENED and any(w.startswith(t) for w in said)
    ]


# ---------------------------------------------------------------------------------------------- columns side by side
def side_by_side(reading: Reading, profiles: Sequence[ColumnProfile], rows: int) -> tuple[str, ...]:
    """Columns of numbers that are series of their own: those named in one list, or all that are alike where the words
    ask for each of several. Empty where the table has a row for each series and moment, or one column is meant."""
    reading = in_words_of(reading, profiles)
    columns = Columns(reading, profiles)
    numbers = [c for c in profiles if c.meaning == "number" and not holds_years(c)]
    moments = max((c.distinct for c in profiles if c.meaning == "date" or holds_years(c)), default=rows)
    if len(numbers) < 2 or moments < REPEATED * rows or of_each_row(reading, profiles):
        return ()
    named = listed_together(columns, [c.name for c in numbers])
    if named:
        return named if len(named) > 1 else ()
    if not _several(reading) or key_columns(columns, None, rows):
        return ()  # "for each shop" beside a column of shops: that column tells the series apart
    return _alike(reading, numbers)


def of_each_row(reading: Reading, profiles: Sequence[ColumnProfile]) -> bool:
    """Whether each row is one of the things that are each asked about, told apart by its number, and nothing says when
    it was: "how much would each customer spend over the next twelve months"."""
    dated = any(c.meaning == "date" or holds_years(c) for c in profiles)
    return not dated and any(c.meaning == "id" for c in profiles) and _several(reading)


def listed_together(columns: Columns, able: Sequence[str]) -> tuple[str, ...]:
    """Which of the columns `able` stand in the goal, in its longest list."""
    regions = Regions(columns.reading, columns.mentions, [e.span for e in find_exclusions(columns)])
    goals = [
        m for m in columns.mentions if m.column in able and not regions.given(m.start) and not regions.excluded(m.start)
    ]
    behind = [m for m in columns.mentions if m.column in able and not regions.excluded(m.start)]
    if not goals and {m.column for m in behind} == set(able):
        goals = behind  # "arrivals from Japan and New Zealand" where there are no others
    best: list[str] = []
    for first in range(len(goals)):
        run = [goals[first]]
        for mention in goals[first + 1 :]:
            if only_glue(columns.reading, (run[-1].end, mention.start)):
                run.append(mention)
        names = list(dict.fromkeys(m.column for m in run))
        best = names if len(names) > len(best) else best
    return tuple(best)


def _several(reading: Reading) -> bool:
    """Whether each of several things is asked for, and not only each step of time."""
    idle = {w for language in lexicon("series")["joined"].values() for w in language}
    idle |= {fold(w) for w in lexicon("series")["before_steps"]}
    nothing = {w for language in reading.languages for w in lexicon("series")["no_things"].get(language, ())}
    for _, end in reading.where("series", "of_each"):
        if any(q.kind != "number" and 0 <= q.start - end <= 1 for q in reading.quantities):
            continue  # "readings every ten minutes", "better by 15 percent"
        if reading.text.plain[end:].lstrip().startswith(_wide_steps()):
            continue  # "每小时"
        following = (w for w, start, _ in reading.text.tokens if start >= end and not w.isdigit() and w not in idle)
        thing = next(following, "")
        if thing not in steps_of_time() and thing not in nothing:
            return True
    return False


@once_per_overlay
def _wide_steps() -> tuple[str, ...]:
    """Units of time in scripts without spaces, in which a word is no token."""
    return tuple(s for s in steps_of_time() if not s.isascii())


def _alike(reading: Reading, numbers: Sequence[ColumnProfile]) -> tuple[str, ...]:
    """The columns that share a word which is said or which most of them share; all of them where none does, unless one
    alone is spoken of."""
    words = {c.name: set(_stems(name_tokens(c.name))) for c in numbers}
    shared = Counter(w for found in words.values() for w in found)
    said = set(_stems(w for w, _, _ in reading.text.tokens))
    for word, count in shared.most_common():
        if count >= 2 and (word in said or count >= ALIKE * len(numbers)):
            return tuple(c.name for c in numbers if word in words[c.name])
    counted = {is_whole(c) for c in numbers}  # what is counted and what is measured are no series of one kind
    alone = any(found & said for found in words.values()) or len(counted) > 1
    return () if alone else tuple(c.name for c in numbers)


def _stems(words: Iterable[str]) -> list[str]:
    return [stem(w) for w in words if len(w) > 1 and not w.isdigit()]
