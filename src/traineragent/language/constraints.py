"""What the model must be or respect, and where it is to run: constraint words and deployment. Knows no limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.task import DeploymentInfo
from ..knowledge.lexicons import lexicon
from .alternatives import says
from .answers import numbered
from .calibration import explains_probability
from .columns import Columns
from .exclusions import Exclusion
from .personal import personal_wish
from .phrases import matches
from .reading import Reading
from .words import WIDE, stem

_RESOLUTION = re.compile(
    r"(?<![\w.])(\d{2,4})\s*(?:x|×|by|mal|por|per|par|sur|auf|乘以?)\s*(\d{2,4})(?![a-z\d_]|\.\d)|(?<![\w.])(\d{2,4})\s*(?:px|pixels?|pixel)(?!\w)"
)
_LEAST_STEM, _ENDING = 5, 3  # letters of a name whose plural is known, and of the ending of one
_FURTHER = 60  # characters behind the clause that tells how far groups may be apart, in which they are named
_DEVICES = ("phone", "browser", "cpu", "gpu")


def find_constraints(reading: Reading, columns: Columns, exclusions: Sequence[Exclusion]) -> tuple[str, ...]:
    """Constraint words in the order of the lexicon, then those that name columns."""
    spread = reading.find(lexicon("metrics")["r2"]["said"])  # a share of the variation is explained, no answer
    out = []
    for name, table in lexicon("constraints").items():
        if any(not any(s.start() <= m.start() < s.end() for s in spread) for m in reading.find(table)):
            out.append(name)
    if "calibrated" not in out and any(
        explains_probability(reading, q) for q in reading.quantities if q.kind == "share"
    ):
        out.append("calibrated")
    if "split:time" not in out and any(reading.has(_OLD_AND_NEW, s) for s in _trained_and_tested(reading)):
        out.append("split:time")
    if "privacy" not in out and personal_wish(reading):
        out.append("privacy")
    out += [f"exclude:{e.column}" for e in exclusions]
    out += [f"split:group:{name}" for name in unseen_groups(reading, columns)]
    out += [f"fairness:{name}" for name in compared_groups(reading, columns)]
    for match in _RESOLUTION.finditer(reading.text.plain):
        width, height = match[1] or match[3], match[2] or match[3]
        out.append(f"resolution:{width}x{height}")
        break
    return tuple(dict.fromkeys(out))


def for_children(reading: Reading) -> bool:
    """Children are to see what is made, and it is said to be harmless, wherever each stands: "for a kindergarten.
    Friendly ones only"."""
    young = reading.said("groups", "children") or _YOUNG.search(reading.text.plain) is not None
    return young and reading.said("groups", "harmless")


_YOUNG = re.compile(
    r"(?<![\w.])(?:[1-9]|1[0-3]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[\s-]years?[\s-]old"
    r"(?:s(?!\w)|(?=\s(?:should|must|can|could|would|will|may|might|is|has|had|who|to|and|or|could)|n't|[.,;!?)]|$))|"
    r"(?<![\w.])(?:(?:[1-9]|1[0-3])-?|ein|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|elf|zwolf)jahrigen?(?!\w)|"
    r"(?<!\d)(?:[1-9]|1[0-3]|[一二两三四五六七八九十])岁"
)
"""Children told by their age: "five-year-olds", "Fünfjährige"."""


def unseen_groups(reading: Reading, columns: Columns) -> list[str]:
    """ "cells the model has never met" with a column cell_id: the split must keep its groups together."""
    out = []
    for match in reading.find(lexicon("groups")["unseen"]):
        sentence = reading.text.sentence_of(match.start())
        column = _named_group(columns, sentence, match.span()) or _numbered_group(columns, sentence)
        if column:
            out.append(column)
    return out or _kept_apart(reading, columns) or _new_ones(reading, columns)


def _kept_apart(reading: Reading, columns: Columns) -> list[str]:
    """Columns of things that a sentence about training and testing keeps apart: "loggers of the test set must not occur
    in training", "drops of one protein belong either to training or to test"."""
    out = []
    for sentence in _of_both_parts(reading):
        apart = reading.where("groups", "apart", sentence)
        found = [column for at in apart if (column := _named_group(columns, sentence, at))]
        out += found[-1:]
    return list(dict.fromkeys(out))


def _of_both_parts(reading: Reading) -> list[tuple[int, int]]:
    """The sentences that speak of training and of testing, and order nothing to be left out: "who passes the driving
    test? Do not use the training school"."""
    return [s for s in _trained_and_tested(reading) if not reading.said("exclusions", "before", s)]


def _trained_and_tested(reading: Reading) -> list[tuple[int, int]]:
    parts = ("training_part", "test_part")
    return [s for s in reading.text.sentences if all(reading.said("groups", part, s) for part in parts)]


def not_of_splits(reading: Reading, columns: Columns, exclusions: Sequence[Exclusion]) -> tuple[Exclusion, ...]:
    """The exclusions without those that only say how to split: "a field must not be in training and test" leaves no
    field out."""
    if not exclusions:
        return ()
    apart = {reading.text.sentence_of(m.start()) for m in reading.find(lexicon("groups")["unseen"])}
    apart.update(_of_both_parts(reading))
    groups = set(unseen_groups(reading, columns)) if apart else set()
    return tuple(e for e in exclusions if e.column not in groups or reading.text.sentence_of(e.span[0]) not in apart)


def _numbered_group(columns: Columns, sentence: tuple[int, int]) -> str | None:
    """The only column whose values number things, where both parts of a split are spoken of and no name says which
    things: the wells of "never the same well on both sides" may be a column brønn."""
    few = [c for c in columns.columns if c.meaning in ("category", "id") and numbered(c)]
    return few[0].name if len(few) == 1 and columns.reading.has(_BOTH_PARTS, sentence) else None


_BOTH_PARTS = {"any": ("{both_parts}",)}
_OLD_AND_NEW = dict.fromkeys(("de", "fr", "es", "pt", "it", "zh", "hi"), ("{newer} ... {older}", "{older} ... {newer}"))
"""In a sentence about training and testing: the one is done with the rows of a time, the other with those behind it.
In English these words are too common ("first", "following") to say so by themselves."""
_NEW = (
    r"(?:new|unknown|unseen|other|further|additional|future|different|unfamiliar|neuen?|andere[nr]?|unbekannten?|fremden?|nouve(?:lles|aux)|"
    r"autres|inconnu[es]+|nuev[oa]s|otr[oa]s|nov[oa]s|outr[oa]s)"
)


def _new_ones(reading: Reading, columns: Columns) -> list[str]:
    """Columns whose things are called new where testing or later use is spoken of: "test it on new regions"."""
    out = []
    for column in columns.columns:
        if column.meaning != "category" or column.distinct < _LEAST_GROUPS:
            continue
        noun = columns.names[column.name].split()[0]
        found = (
            re.search(rf"\b{_NEW}\s{re.escape(stem(noun))}\w{{0,3}}\b", reading.text.plain) if len(noun) > 2 else None
        )
        if found and reading.said("groups", "later_use", reading.text.sentence_of(found.start())):
            out.append(column.name)
    return out


_LEAST_GROUPS = 3  # groups that are enough to leave some out


def _named_group(columns: Columns, span: tuple[int, int], at: tuple[int, int]) -> str | None:
    """The column called after the noun that stands nearest to the words at `at`; their own nouns come first."""
    synonyms = lexicon("groups")["synonyms"]
    tokens = [(w, a, b) for w, a, b in columns.reading.text.tokens if span[0] <= a < span[1] and len(w) > 2]
    if wide := _wide_group(columns, span, at):
        return wide
    far: dict[str, int] = {}
    for word, start, end in tokens:
        distance = max(0, start - at[1], at[0] - end)
        for said in (stem(word), *(stem(str(other)) for other in synonyms.get(stem(word), ()))):
            far[said] = min(distance, far.get(said, distance))
    found: list[tuple[int, str]] = []
    repeated = [
        c
        for c in columns.columns
        if c.meaning not in ("number", "date", "text", "constant", "empty") or "id" in columns.names[c.name].split()
    ]
    for column in repeated:
        words = [t for t in columns.names[column.name].split() if t not in ("id", "no", "nr", "name", "number")]
        near = [distance for t in words for said, distance in far.items() if _same_thing(said, stem(t))]
        if near:
            found.append((min(near), column.name))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _wide_group(columns: Columns, span: tuple[int, int], at: tuple[int, int]) -> str | None:
    """The same in scripts without spaces, where a name stands inside the sentence: "没见过的设备"."""
    plain, found = columns.reading.text.plain, []
    for column in columns.columns:
        name = columns.names[column.name].replace(" ", "")
        name = re.sub(rf"(?:{'|'.join(lexicon('groups')['numbering'])})$", "", name) or name
        place = plain.find(name, *span) if re.search(f"[{WIDE}]", name) else -1
        if place >= 0 and column.meaning not in ("number", "date", "text", "constant", "empty"):
            places = [m.start() for m in re.finditer(re.escape(name), plain[: span[1]]) if m.start() >= span[0]]
            found.append((min(min(abs(p - at[1]), abs(at[0] - p)) for p in places), column.name))
    return min(found)[1] if found else None


def _same_thing(said: str, name: str) -> bool:
    """Whether a word is a name, or its plural: "Maschinen" beside a column maschine."""
    return said == name or (len(name) >= _LEAST_STEM and said.startswith(name) and len(said) - len(name) <= _ENDING)


def compared_groups(reading: Reading, columns: Columns) -> list[str]:
    """ "men and women about equally well" with a column sex: the gap between its groups is to be measured."""
    if not reading.said("groups", "fairness"):
        return []
    out = _compared(reading, columns)
    for concept in ("gender", "age", "origin"):
        book = lexicon("concepts")[concept]
        if not reading.has(book["said"]) and not (concept == "gender" and reading.said("groups", "sexes")):
            continue
        names = [str(p) for p in book["column"]]
        out += [c.name for c in columns.columns if matches(names, columns.names[c.name])][:1]
    return list(dict.fromkeys(out))


def _compared(reading: Reading, columns: Columns) -> list[str]:
    """Columns of few values that are named beside words of fairness, or two of their values: "alike for all
    ethnicities", "no gap between north and south"."""
    out = []
    for start, end in reading.where("groups", "fairness"):
        few = [c for c in columns.columns if c.meaning in ("category", "boolean")]
        clause, last = (f(max(start, end - 1))[1] for f in (reading.text.clause_of, reading.text.sentence_of))
        for stop in (clause, min(last, clause + _FURTHER)):  # "between morning and evening courses (course_slot)"
            said = {stem(w) for w, a, _ in reading.text.tokens if start <= a < stop}
            named = {m.column for m in columns.mentions if m.whole and start <= m.start < stop}
            here = [c.name for c in few if stem(columns.names[c.name]) in said or c.name in named]
            if here:
                break
        out += here
        sentence = reading.text.plain[slice(*reading.text.sentence_of(start))]
        out += [c.name for c in few if sum(len(v) > 1 and says(sentence, v) for v, _ in c.top) > 1]
    return out


def deployment_of(reading: Reading) -> DeploymentInfo:
    """Only what the words say. Phone and browser outrank a processor named beside them."""
    said = {
        key: reading.said("deployment", key)
        for key in ("phone", "browser", "gpu", "cpu", "offline", "http", "batch", "onnx", "tflite")
    }
    device = next((d for d in _DEVICES if said[d]), None)
    if device == "gpu" and said["cpu"]:
        device = "cpu"
    interface = "batch" if said["batch"] else ("http" if said["http"] else None)
    form = "onnx" if said["onnx"] else ("tflite" if said["tflite"] else None)
    return DeploymentInfo(interface, device, form, True if said["offline"] else None)


def contradiction(reading: Reading) -> str | None:
    """Wishes that exclude one another, in a sentence; None where there are none."""
    if reading.said("deployment", "offline") and reading.said("deployment", "hosted"):
        return "It is to work without a network, and it is to be fetched from a hosted service. Which of the two holds?"
    return None
