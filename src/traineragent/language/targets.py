"""Which column do the words mean? Scores every column as the target by name, synonym, values, place and type.

Sees profiles only; names and values are compared with the words and never read as instructions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .abbreviations import short_for
from .alike import called_alike
from .alternatives import says
from .answers import amount_points, fits, flag_points, holds_text, numbered, yes_or_no
from .columns import SHORTENED, Columns, Mention, Regions, written_out
from .conventions import (
    AHEAD,
    FLAG_NAME,
    GENERIC,
    ID_NAME,
    LATER,
    PARTICIPLE,
    REFERENCE_NAME,
    THING_NAME,
    WINDOW,
    at_stage,
    circumstance,
    known_before,
)
from .dimensions import kind_of_unit, kinds_of_errors
from .evidence import Candidate, Evidence
from .horizon import forecast_said
from .ideas import COUNT, by_concept, event_names, implied, is_event, outcome_names, units_of_ideas
from .kinship import akin, overlap
from .metrics import find_metrics
from .moments import holds_years, part_of_moment, placed_in_time, steps_of_time
from .ordinals import columns_by_place
from .phrases import matches, matches_of_many
from .reading import Reading
from .spelled import (
    by_initials,
    by_number_in_name,
    by_short_name,
    by_unit,
    by_unit_of_errors,
    by_unit_of_ideas,
    codes_of,
    symbol,
    unit_codes,
)
from .unit_words import unit_of
from .valued import by_concept_of_values, by_judged_value, by_kind_of_values, by_values
from .words import WIDE, name_tokens, stem

_PER = re.compile(
    r"(?:\b(?:per|each|every|any|given|certain|particular|next|in an?|at an?|on an?|within an?|pro|je|jede[rsnm]?|par|"
    r"chaque|por|cada)|每个?|每)\s*$"
)
"""What stands before a unit of time that an answer is for."""
_EACH = re.compile(
    r"(?:\b(?:each|every|jede[rsnm]?|chaque|cada|har|pratyek)\s+(?:of the\s+|one of the\s+)?|每一?[个位台家块条]?|各)$"
)
"""What stands before the things that are each asked about: "for every plot", "cada talhão"."""
_PER_THING = re.compile(r"(?:\b(?:per|pro|je|par|by)\s|每)$")
"""What stands before the things of a column of labels that are each asked about: "volume per cell"."""
_MODEL = re.compile(
    r"\s(?:model|predictor|predictions?|forecasts?|forecaster|forecasting|classifier|estimator|estimation)(?!\w)"
)
"""What stands behind the answer in "our discount model", "a demand forecast"."""
LAST = 0.8  # points of the last column
FEWEST_AMOUNTS = 4  # different numbers, beyond which they count something
SPOKEN_FOR = 1.2  # points from which a column counts as spoken of
_TELLING = 8  # letters of a word that no other word is likely to mean
_BESIDE_HEAD = 0.4  # of its weight keeps a word that only says whose or what kind of thing the name behind it is
_COMPOUND = re.compile(
    r"(?P<first>[a-z]{3,}?)s?(?:verbrauch|bedarf|menge|preis|preise|wert|kosten|zahl|zahlen|absatz|umsatz|dauer|zeit|last|leistung|"
    r"erzeugung|produktion|ertrag|stand|druck|gehalt|quote|nachfrage|verkauf|verkaufe|ausgaben|einnahmen|aufkommen|mangel)s?"
)
"""A German compound whose first part says of what: "Gasverbrauch", "Stromkosten"."""
_GERMAN_ENDING = re.compile(r"e[nmrs]?")
_OF_IN_HINDI = frozenset({"का", "की", "के"})
_SHORT = frozenset({"max", "min"})
_WHICH = re.compile(
    r"(?:\b(?:which|what|welche[rsnm]?|quelle?|que|cual|qual|kaun s[aie]|kis|कौन (?:सा|सी|से)|किस)\s+"
    r"(?:[^\W\d]+\s+){0,2}\(?|"
    r"[哪什][一个种家台]*\w{0,2})$"
)
"""What stands before the one thing that is asked for: "which age rating"."""
_SUBJECT = re.compile(
    r"(?:\b(?:will|does|do|can|did|would|should|has|have|is|are|if|whether|wird|werden|schafft|ob|si|se|va|vont)\s+"
    r"(?:(?:the|a|an|this|that|these|those|our|each|every|red|blue|der|die|das|ein|eine|le|la|les|el|los|las|o|os|as)\s+){0,2})$"
)
"""What stands before the one of whom a yes or no is asked."""
_ANY_ONE = re.compile(
    r"\bhow \w+ (?:is|was|will|would|does|do|did|can|could|may|might|should)\s(?:an?|any|each|every|one|this|that)\s$"
)
_VERB = re.compile(r"\s([^\W\d]+)")
_BEING = frozenset(
    {"be", "is", "get", "become", "turn", "come", "end", "go", "rise", "fall", "climb", "drop", "grow", "reach"}
)
"""Verbs that ask how large a thing itself is or gets."""
_PURPOSE = re.compile(
    r"\b(?:so that|so (?:we|i|they|he|she|you|our|the)|in order (?:to|that)|damit|para que|afin (?:que|de|d')|pour que|"
    r"以便)\b[^.?!;\n]*$"
)
"""What stands before what is done with the answer."""
_IF = re.compile(r"(?:if|whether|ob|si|se)\s")
_COUNTED_THINGS = re.compile(r"\b(?:how (?:many|much)|wie viele?|combien d(?:e |')|cuant[oa]s?|quant[oa]s?)\s*\w+$")
_WHAT = re.compile(
    r"(?:\b(?:which|what|welche[rsnm]?|quel(?:le)?s?|que|cual|qual)\s|"
    r"\b(?:how (?!many|much|often|long)\w+|what|wie \w+)\s"
    r"(?:(?:is|are|was|were|will|would|does|do|ist|sind|wird|war)\s)?"
    r"(?:(?:the|a|an|their|his|her|its|our|my|der|die|das)\s)?)$"
)
"""What stands before the name of what is asked for: "what amount", "how big will the tip be"."""
_HOW_MANY = re.compile(
    r"\b(?:how many|how much|wie viele?|wieviele?|combien d(?:e |')|cuant[oa]s?|quant[oaie]s?|kitn[aei])\s*"
    r"(?:more |other )?$"
)
"""What stands before the name of what is counted."""
_IN_UNITS = re.compile(r"(?:,| in| en| em) [^(),]{1,30}\)")
"""What may stand behind a name in brackets: "(amount, in DM)"; a list of names has more commas."""


def rank_targets(
    columns: Columns,
    regions: Regions,
    wish: str | None,
    aside: Collection[str] = (),
    compared: Collection[str] = (),
) -> list[Candidate]:
    """All columns, best first. `wish` is the kind of answer wanted: flag, amount, choice or None; `aside`: columns that
    the words leave out, or only split by; `compared`: columns of groups that are to be treated alike."""
    found = [Evidence(c) for c in columns.columns]
    to_come = forecast_said(columns.reading) and placed_in_time(columns.columns)  # a series that is to go on
    wish = wish or (None if to_come else implied(columns, regions))
    errors, ideas = kinds_of_errors(columns.reading), units_of_ideas(regions)
    told = any(kind_of_unit(columns.names[c.name], c) in errors for c in columns.columns)
    for evidence in found:
        evidence.add(-8.0 if evidence.column.name in aside else 0.0, "")
        _by_name(evidence, columns, regions, wish)
        if evidence.column.name not in compared:
            by_concept(evidence, columns, regions, wish)
        _by_being_what_comes_of_it(evidence, columns, wish)
        by_unit(evidence, columns)
        by_unit_of_errors(evidence, columns, errors, told)
        by_unit_of_ideas(evidence, columns, ideas)
        by_number_in_name(evidence, columns)
        by_initials(evidence, columns, regions)
        by_concept_of_values(evidence, regions)
        by_values(evidence, columns, regions)
        by_kind_of_values(evidence, columns, regions)
        by_judged_value(evidence, columns.reading)
        _by_convention(evidence, columns)
        evidence.meant = any(points > 0 for points, _ in evidence.why)
        _by_being_last(evidence, columns)
        _by_type(evidence, wish, COUNT in regions.concepts)
    _by_being_one_of_many(found)
    _by_being_one_of_two(found)
    _by_place(found, columns.reading, regions)
    if wish in (None, "amount") and to_come:
        _by_being_a_series(found)
    _by_being_alone(found)
    _by_being_said_though_constant(found)
    _by_being_no_judgement(found, columns.reading)
    _by_being_the_only_fit(found, columns.reading, wish)
    if forecast_said(columns.reading):
        _by_being_named_alone(found, columns)
    _by_default(found, wish, columns.reading)
    ranked = sorted(found, key=lambda e: -e.score)
    return [Candidate(e.column.name, round(e.score, 3), _reasons(e), e.pointed, e.spoken, e.meant) for e in ranked]


def _reasons(evidence: Evidence) -> tuple[str, ...]:
    return tuple(why for points, why in sorted(evidence.why, reverse=True) if points > 0)


def _by_name(evidence: Evidence, columns: Columns, regions: Regions, wish: str | None) -> None:
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
        elif regions.remarked(mention):
            points, reason = 0.0, ""
        elif regions.given(mention.start):
            points, reason = -1.0, "named among the inputs"
        elif _in_brackets(columns.reading, mention) and _behind_goal(columns.reading, regions, mention):
            points, reason = 6.0, "named in brackets behind what is asked"
        elif not regions.goal(mention.start) and not _counted(columns.reading, mention):
            points = 2.0
        elif _HOW_MANY.search(columns.reading.text.plain, 0, mention.start):
            points, reason = 5.5, "asked how many"
        if _asked_of(columns.reading, mention):
            points, reason = 6.0, "asked whether it is so or not"
        elif points == 4.0 and _WHAT.search(columns.reading.text.plain[: mention.start]):
            several = wish == "flag" and _asked_about(columns, mention, evidence.column)
            several = several or _becomes_of(columns.reading.text.plain, mention)
            points, reason = (1.0, "its things are asked about") if several else (6.0, "asked what it is")
        elif _is_period(columns, mention) and not pointed:
            points, reason = 0.5, "named as what each answer is for"
        elif numbered(evidence.column) and not pointed:
            points = min(points, 1.0)  # "buses of the line": its values say which one
        elif wish == "flag" and not pointed and _asked_about(columns, mention, evidence.column):
            points = min(points, 1.0)  # "which cells will be jammed": the cells are asked about
        if points == 4.0 and _PURPOSE.search(columns.reading.text.plain[: mention.start]):
            points = 2.0  # "so that the trainer changes the drills"
        if not pointed and _named_again(columns, mention):
            points = min(points, 1.0)  # "which age rating (mpaa)": the column is the one in brackets
        if not pointed and known_before(columns.names[evidence.column.name]):
            points = min(points, 1.5)  # "our experts write an estimate, but what will it fetch?"
        if points > best or not best:
            best, why = points, reason
    if mine:
        evidence.add(best, why, spoken=True)
        evidence.pointed = pointed
        return
    _by_part_of_name(evidence, columns, regions)


def _asked_about(columns: Columns, mention: Mention, column: ColumnProfile) -> bool:
    """Whether a yes or no is asked of the things of a column that holds more than two labels, none of them spoken of:
    "which cells will be jammed", "will the inverter stop"; but not "which cell will it join". Of numbers, such as how
    large a group is, only where another column can say yes or no: "will the group get out"."""
    plain = columns.reading.text.plain
    others = any(fits(c, "flag") for c in columns.columns if c.name != column.name)
    if column.meaning != "category" and not (column.meaning == "number" and others and _is_subject(plain, mention)):
        return False
    if column.distinct == 2 and numbered(column) and _is_subject(plain, mention):
        return True  # "whether a string is faulty", of S-1 and S-2
    if column.distinct <= 2 or any(says(plain, v) for v, _ in column.top if len(v) > 1):
        return False
    one = not plain[mention.end : mention.end + 1].isalpha()
    return not (one and _WHICH.search(plain[: mention.start]))


def _becomes_of(plain: str, mention: Mention) -> bool:
    """Whether it is asked what becomes of any one of the things named: "how late will a flight arrive", and not how
    large it is itself: "how high will a fare be"."""
    verb = _VERB.match(plain, mention.end)
    return bool(_ANY_ONE.search(plain[: mention.start])) and verb is not None and verb[1] not in _BEING


def _is_subject(plain: str, mention: Mention) -> bool:
    """Whether a question asks what becomes of what is named: "will the group get out", "schafft die Gruppe es"."""
    return bool(_SUBJECT.search(plain[: mention.start]))


def _in_brackets(reading: Reading, mention: Mention) -> bool:
    """Whether a name alone stands in brackets: "the count after 20 weeks (cd420)", "how much (amount, in euros)"."""
    plain = reading.text.plain
    if not plain[: mention.start].endswith("("):
        return False
    return plain[mention.end :].startswith(")") or bool(_IN_UNITS.match(plain, mention.end))


def _behind_goal(reading: Reading, regions: Regions, mention: Mention) -> bool:
    """Whether what is asked stands around brackets or right before them: "How much will it be? (amount, in DM)"."""
    before = len(reading.text.plain[: mention.start - 1].rstrip()) - 1
    return regions.goal(mention.start) or regions.goal(before)


def _named_again(columns: Columns, mention: Mention) -> bool:
    """Whether another column stands in brackets right behind, which then is what the words before it speak of."""
    plain = columns.reading.text.plain
    return any(
        m.column != mention.column and plain[mention.end : m.start].strip() == "(" and _in_brackets(columns.reading, m)
        for m in columns.mentions
    )


def _asked_of(reading: Reading, mention: Mention) -> bool:
    """Whether "or not" or "yes or no" stands right behind a name: "same person or not"."""
    stop = reading.text.sentence_of(mention.start)[1]
    return any(
        not reading.masked[mention.end : start].strip(" (,'\"")
        for start, _ in reading.where("wishes", "or_not", (mention.end, stop))
    )


def _is_period(columns: Columns, mention: Mention) -> bool:
    """Whether something is named as what each answer is for, or a unit of time as how far it reaches: "for each plot",
    "how many in an hour", "pro Tag", "par jour", "the next 8 quarters"."""
    reading = columns.reading
    counted = any(q.kind == "number" and 0 <= mention.start - q.end <= 1 for q in reading.quantities)
    before = reading.text.plain[: mention.start]
    if _EACH.search(before) or (
        _PER_THING.search(before) and columns.get(mention.column).meaning in ("category", "id")
    ):
        return True
    if not counted and not _PER.search(before):
        return False
    said = reading.text.plain[mention.start : mention.end].split()
    return bool(said) and (said[-1] in codes_of("time") or said[-1] in steps_of_time())


def _counted(reading: Reading, mention: Mention) -> bool:
    """Whether an error is told in it, which makes it the unit of the answers: "off by 20 cones"."""
    before = [q for q in reading.quantities if q.kind == "number" and 0 <= mention.start - q.end <= 1]
    return bool(before) and reading.said("service", "deviation", reading.text.clause_of(mention.start))


def _by_part_of_name(evidence: Evidence, columns: Columns, regions: Regions) -> None:
    pieces = columns.names[evidence.column.name].split()
    if len(pieces) > 1 and pieces[-1] in unit_codes():
        del pieces[-1]  # "gas_mwh" is gas, in whatever unit
    sign = symbol(pieces[0], columns.reading)
    telling = (t for t in pieces if len(t) > 2 or not t.isascii() or written_out(t) or t == sign)
    tokens = [t for t in telling if t not in _OF_IN_HINDI]
    of_something = len(pieces) > 1 and not unit_of(pieces[-1])
    if not tokens:
        return
    if part := overlap(evidence.column.name, columns.reading.text.plain):
        evidence.add(2.5 * part + (part == 1), "part of its name stands in the request", spoken=True)
        return
    stems = {stem(t): t for t in tokens}
    stems_of = {t: key for key, t in stems.items()}
    short = {t: key for key, t in stems.items() if len(t) >= SHORTENED or t in _SHORT}
    full = {word: stem(t) for t in tokens for word in written_out(t)}
    hits: dict[str, float] = {}
    english = columns.reading.languages[0] == "en"
    besides = _before_names(columns, evidence.column.name)
    for word, start, _ in columns.reading.text.tokens:
        key = stem(word)
        if key not in stems and word in columns.pieces and word not in stems_of:
            continue  # another column is called so
        if key not in stems and len(word) > 2:  # "temp_max" is the maximum temperature
            key = next((k for t, k in short.items() if len(word) > len(t) + 2 and word.startswith(t)), key)
        if key not in stems:  # "weigh" asks for the weight, "interact" for the interaction
            key = next((k for t, k in stems_of.items() if akin(word, t, english)), key)
        if key not in stems:  # "wt_kg" is the weight
            key = next((k for w, k in full.items() if word == w or akin(word, w, english)), key)
        if key not in stems:  # "hwy" is the highway
            key = next((k for t, k in stems_of.items() if short_for(t, word)), key)
        if key not in stems and (head := _COMPOUND.fullmatch(word)):  # "Gasverbrauch" is the use of gas
            key = next((k for t, k in stems_of.items() if t == head["first"]), key)
        if key not in stems and "de" in columns.reading.languages:  # "faule" is of "faul"
            bare = (k for t, k in stems_of.items() if len(t) > 2 and word.startswith(t))
            key = next((k for k in bare if _GERMAN_ENDING.fullmatch(word, len(stems[k]))), key)
        if key not in stems and "de" in columns.reading.languages:  # "Gebrauchtwagenpreise" are prices
            tails = (k for t, k in stems_of.items() if len(t) >= SHORTENED and len(word) > len(t) + 2)
            key = next((k for k in tails if re.search(rf"{re.escape(stems[k])}(?:e|en|n|s|es|er)?$", word)), key)
        if key in stems and (len(word) > 2 or word == sign):
            if of_something and _asked_of_it(columns.reading, start):
                continue  # "boat_new" tells of the boat that may sink
            weight = regions.weight(start) * (_BESIDE_HEAD if english and start in besides else 1.0)
            hits[key] = max(hits.get(key, 0.0), weight)
    if not hits:
        by_short_name(evidence, columns, regions)
        return
    if max(hits.values()) < 0.2:
        evidence.add(-0.8, "")  # only named among the inputs, or among what to leave out
        return
    dropped = sum(len(p) == 1 and p.isascii() and p.isalpha() for p in pieces)
    share = sum(max(0.0, w) for w in hits.values()) / (len(stems) + 0.5 * dropped)
    words = ", ".join(sorted(stems[k] for k in hits))
    early = known_before(columns.names[evidence.column.name])
    whole = (
        not early
        and len(hits) == len(stems)
        and max(map(len, stems.values())) >= _TELLING
        and max(hits.values()) >= 0.5
    )
    evidence.add(2.5 * share + 2.0 * whole, f"shares the words {words} with the request", spoken=True)
    if any(
        _MODEL.match(columns.reading.text.plain, end)
        for word, _, end in columns.reading.text.tokens
        if stem(word) in hits
    ):
        evidence.add(2.0, "it is what the model is called after")


def _asked_of_it(reading: Reading, start: int) -> bool:
    """Whether a word names the thing of which a yes or no or a number is asked: "is that star circled by a planet",
    "how many eggs will the flock lay"; but not "how high will the fare be"."""
    before = reading.text.plain[reading.text.sentence_of(start)[0] : start]
    opened = _SUBJECT.search(before)
    if not opened:
        return False
    head = before[: opened.start()].strip()
    return not head or head[-1] in ",:" or bool(_IF.match(opened.group())) or bool(_COUNTED_THINGS.search(head))


def _before_names(columns: Columns, own: str) -> set[int]:
    """Where words start that stand right before the whole name of another column: "passenger tip" asks for the tip."""
    starts = {m.start for m in columns.mentions if m.whole and m.column != own}
    plain = columns.reading.text.plain
    words = columns.reading.text.tokens
    return {start for _, start, end in words if plain[end : end + 1] == " " and end + 1 in starts}


def _by_convention(evidence: Evidence, columns: Columns) -> None:
    name = columns.names[evidence.column.name]
    evidence.add(GENERIC.get(name, 0.0), "by its name it holds the answer")
    two = evidence.column.distinct == 2
    evidence.add(0.6 if two and FLAG_NAME.search(name) else 0.0, "it is a yes/no mark")
    evidence.add(-3.0 if THING_NAME.search(name) and not evidence.spoken else 0.0, "")
    if evidence.column.name not in columns.both_sides:
        early = known_before(name)
        evidence.add(-1.2 if early else 0.0, "")
        after = (AHEAD.search(name) or (two and WINDOW.search(name))) and not LATER.search(name)
        evidence.add(1.0 if after else 0.0, "its name speaks of what comes after")
        evidence.add(-1.2 if at_stage(name, "first") and not early else 0.0, "")
        evidence.add(0.5 if at_stage(name, "last") and not early else 0.0, "its name speaks of how it ended")
    event = evidence.column.meaning != "number" and matches_of_many(event_names(), name)
    done = evidence.column.meaning != "number" and PARTICIPLE.search(name)
    evidence.add(0.5 if event else 0.3 if done else 0.0, "it is called after an event")
    if evidence.column.meaning in ("constant", "empty"):
        evidence.add(-6.0, "")
    filed = evidence.column.meaning == "category" and REFERENCE_NAME.search(name)
    if evidence.column.meaning == "id" or ID_NAME.search(name) or filed:
        evidence.add(-4.0, "")
    if evidence.column.meaning == "date" or holds_text(evidence.column):
        evidence.add(-4.0, "")


def _by_being_last(evidence: Evidence, columns: Columns) -> None:
    last = columns.columns[-1].name == evidence.column.name
    evidence.add(LAST if last and not evidence.given else 0.0, "it is the last column")


def _by_being_what_comes_of_it(evidence: Evidence, columns: Columns, wish: str | None) -> None:
    """Called after what comes of things, such as a use, a price or a result, rather than after what they are or what
    they are told under."""
    kind = "amount" if fits(evidence.column, "amount") else "choice"
    name, two = columns.names[evidence.column.name], evidence.column.distinct == 2
    if wish == kind and matches_of_many(outcome_names(kind), name):
        evidence.outcome = evidence.spoken or not circumstance(name)  # not "rain_points"
        evidence.add(0.5 if evidence.outcome else 0.0, "it is called after what comes of things")
    elif not evidence.spoken and circumstance(name) and not (two and is_event(evidence.column)):
        evidence.add(-0.7, "")
        evidence.given = True


def _by_type(evidence: Evidence, wish: str | None, counted: bool) -> None:
    """Does the column give the kind of answer that is wanted? `counted`: the words ask how many, which may be few."""
    column = evidence.column
    number = column.meaning == "number" and column.distinct > (FEWEST_AMOUNTS if counted else 10)
    few = 2 <= column.distinct <= 60 and not number
    points = {
        "flag": flag_points(column)
        if column.distinct == 2
        else (0.0 if few else -4.0 if evidence.spoken and number else -2.0),
        "amount": amount_points(column, number, evidence.pointed),
        "choice": 1.0 if few and column.distinct > 2 else (0.7 if few else -1.5),
    }.get(wish or "", 0.0)
    evidence.add(
        points,
        {"flag": "it has two values", "amount": "it is a number", "choice": "it has a few values"}.get(wish or "", ""),
    )
    if wish == "amount" and not evidence.pointed and part_of_moment(column):
        evidence.add(-2.0, "")  # "how much will it sell for" asks for no month of the sale


def _by_place(found: list[Evidence], reading: Reading, regions: Regions) -> None:
    said = {i: span for i, span in columns_by_place(reading, len(found)) if not regions.excluded(span[0])}
    for index, span in said.items():
        found[index].add(10.0, f"the request says {reading.quote(span)}")
        found[index].pointed = True


def _by_being_one_of_many(found: list[Evidence]) -> None:
    """Columns that are called alike describe the case and are not the answer to it."""
    alike = called_alike([e.column.name for e in found])
    for evidence in found:
        if evidence.column.name in alike and not evidence.spoken:
            evidence.add(-2.0, "")


def _by_being_one_of_two(found: list[Evidence]) -> None:
    """That a column is the last one says nothing beside another that is called alike: price sold, price insured."""
    last = found[-1]
    alike = [e for e in found if e.column.meaning == last.column.meaning and not e.given]
    if not last.given and _has_twin(last, alike):
        last.add(-LAST, "")


def _by_being_the_only_fit(found: list[Evidence], reading: Reading, wish: str | None) -> None:
    """One column alone has the type of the answer that is wanted."""
    able = [e for e in found if e.column.meaning not in ("id", "date", "text", "constant", "empty") and e.score > -4]
    suited = [e for e in able if fits(e.column, wish)]
    fitting = [e for e in suited if not e.given]
    if wish == "flag" and len(suited) > 1:  # which of two teams it was is no yes or no
        fitting = [e for e in fitting if e.spoken or yes_or_no(e.column) or is_event(e.column)]
    if wish == "choice" and not reading.said("wishes", "flag"):  # which of several it is, no yes or no can tell
        fitting = [e for e in fitting if e.spoken or not yes_or_no(e.column)]
    if wish and len(fitting) == 1 and (fitting[0].spoken or not numbered(fitting[0].column)):
        fitting[0].add(1.2, "no other column gives such an answer")


def _by_being_said_though_constant(found: list[Evidence]) -> None:
    """What is asked for is asked for also where it is the same in all rows: that is told, and nothing else taken."""
    if any(e.spoken and e.score >= SPOKEN_FOR for e in found):
        return
    same = [e for e in found if e.column.distinct == 1 and e.spoken and (e.pointed or is_event(e.column))]
    if len(same) == 1:
        same[0].add(6.0, "it alone is what the request speaks of, and it is the same in all rows")


def _by_being_no_judgement(found: list[Evidence], reading: Reading) -> None:
    """Where good ones are asked for, a kind or place of things says nothing about it: no word speaks of it, or only to
    say which things are meant ("which parts are bad")."""
    told = {str(w) for words in lexicon("wishes")["judged"].values() for w in words}
    if not reading.said("wishes", "judged"):
        return
    plain = reading.text.plain
    things = {stem(word) for word, start, _ in reading.text.tokens if _WHICH.search(plain[:start])}
    for evidence in found:
        name = name_tokens(evidence.column.name)
        states = [" ".join(name_tokens(v)) for v, _ in evidence.column.top]
        asked = bool(things & set(map(stem, name)))
        named = (evidence.spoken and not asked) or is_event(evidence.column) or GENERIC.get(" ".join(name))
        if not named and not yes_or_no(evidence.column) and not any(matches(told, v) for v in states):
            evidence.add(-6.0 if asked else -3.0, "")


def _by_being_named_alone(found: list[Evidence], columns: Columns) -> None:
    """Of no other column is spoken, so that it is no input of another: "forecast arrivals from Japan"."""
    named = {m.column for m in columns.mentions if m.whole}
    able = [e for e in found if e.column.name in named and fits(e.column, "amount")]
    if len(able) == 1 and not any(e.spoken and e.score >= SPOKEN_FOR for e in found):
        able[0].add(4.0, "it alone is named", spoken=True)


def _by_default(found: list[Evidence], wish: str | None, reading: Reading) -> None:
    """No column is spoken of, but something is to be predicted: tables mostly end with the answer."""
    able = [e for e in found if e.column.meaning not in ("id", "date", "text", "constant", "empty") and e.score > -2]
    asked = bool(wish) or reading.said("wishes", "goal") or reading.text.plain.rstrip()[-1:] in ("?", "？")
    asked = (asked or bool(find_metrics(reading))) and not reading.said("wishes", "unnamed")
    last = found[-1] if found else None
    if last not in able or any(e.spoken and e.score >= SPOKEN_FOR for e in able) or not asked:
        return
    if wish == "amount":
        suited = [e for e in able if fits(e.column, wish)]
        outcomes, open_to = any(e.outcome for e in suited), [e for e in suited if not e.given] or suited
        fitting = last in open_to and (last.outcome or not outcomes) and not _has_twin(last, open_to)
    else:
        open_to = [e for e in able if fits(e.column, wish or "flag") and not numbered(e.column) and not e.given]
        events = [e for e in open_to if is_event(e.column)]
        fitting = last in open_to and (len(open_to) == 1 or events == [last])
    if fitting:
        last.add(1.5, "nothing else fits better, and tables mostly end with the answer")


def _has_twin(one: Evidence, others: Sequence[Evidence]) -> bool:
    """Whether another column is called the same but for a word: the core and the crust of a loaf, both temperatures."""
    own = _without_unit(one)
    return any(e is not one and own & _without_unit(e) for e in others)


def _without_unit(evidence: Evidence) -> frozenset[str]:
    """The words of a name that it may share with others; one word alone is not shared."""
    pieces = [p for p in name_tokens(evidence.column.name) if not p.isdigit()]
    if pieces and unit_of(pieces[-1]):
        pieces.pop()
    wide = re.findall(f"[{WIDE}]{{2}}$", evidence.column.name.split("_")[0])
    return frozenset((*(pieces if len(pieces) > 1 else ()), *wide))


def _by_being_a_series(found: list[Evidence]) -> None:
    """A forecast is of numbers over time, and not of time itself or of names."""
    for evidence in found:
        if holds_years(evidence.column):
            evidence.add(-6.0, "")
        elif evidence.column.meaning in ("category", "boolean", "text", "id"):
            evidence.add(-2.5, "")


def _by_being_alone(found: list[Evidence]) -> None:
    """All others are ids, dates, texts or constants: then this one is meant."""
    able = [e for e in found if e.column.meaning not in ("id", "date", "text", "constant", "empty") and e.score > -2]
    if len(able) == 1 and (able[0].spoken or not numbered(able[0].column)):
        able[0].add(2.5, "no other column can hold an answer")
