"""Which of the labels is the case that is looked for ("the sick", "defaulted = 2"). Knows one column and the words."""

from __future__ import annotations

import re
from dataclasses import replace

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .alternatives import becomes
from .metrics import find_metrics
from .phrases import in_languages, matches
from .polarity import label_asked, label_side, opposite_asked
from .reading import Reading
from .words import WIDE, fold, name_tokens, stem

_YES = (
    "yes",
    "y",
    "true",
    "t",
    "1",
    "1.0",
    "si",
    "ja",
    "oui",
    "sim",
    "是",
    "有",
    "はい",
    "예",
    "हाँ",
    "positive",
    "pos",
    "j",
    "s",
    "o",
    "wahr",
    "vrai",
    "verdadero",
)
_DENIALS = (
    "no",
    "n",
    "false",
    "f",
    "0",
    "0.0",
    "nein",
    "non",
    "nao",
    "否",
    "无",
    "いいえ",
    "아니오",
    "नहीं",
    "falsch",
    "faux",
    "falso",
)
"""Ways of saying no, whatever is asked."""
_NO = (
    *_DENIALS,
    "não",
    "negative",
    "neg",
    "none",
    "normal",
    "good",
    "ok",
    "healthy",
    "benign",
    "clean",
    "active",
    "ham",
    "safe",
    "legit",
    "genuine",
    "-1",
)
_GOOD = {"any": ("{good}",)}


def says_no(label: str) -> bool:
    """Whether a label is a plain no: that what its column is called after did not happen."""
    return fold(label).strip(" .") in _DENIALS


def says_yes(label: str) -> bool:
    """Whether a label is a plain yes: the column, and what is asked about, alone names the case."""
    return fold(label).strip(" .") in _YES


def says_yes_or_no(column: ColumnProfile) -> bool:
    """Whether a column holds one value for yes and one for no, such as 1 and 0."""
    values = {fold(v) for v, _ in column.top}
    return column.distinct == 2 and len(values) == 2 and bool(values & {*_YES}) and bool(values & {*_NO})


def spelled_once(column: ColumnProfile) -> ColumnProfile:
    """The column with texts that differ in case, blanks or a final full stop counted as one, called as most write it,
    as the answer column is read; single letters may be different grades."""
    counts: dict[str, list[tuple[str, int]]] = {}
    letters = all(len(value) == 1 for value, _ in column.top) and len(column.top) > 4
    if column.meaning not in ("category", "target") or column.distinct != len(column.top) or letters:
        return column
    for value, rows in column.top:
        counts.setdefault(" ".join(value.split()).casefold().rstrip("."), []).append((value, rows))
    if len(counts) == len(column.top):
        return column
    merged = [(same[0][0], sum(rows for _, rows in same)) for same in counts.values()]
    return replace(column, distinct=len(merged), top=tuple(sorted(merged, key=lambda c: -c[1])))


def positive_label(reading: Reading, column: ColumnProfile) -> tuple[str, str, float] | None:
    """(label, why, confidence) for a column of two values; None for more, unless a value is spoken of as the case."""
    labels = [v for v, _ in column.top]
    if len(labels) != 2:
        return _looked_for(reading, column, labels) if 2 < len(labels) <= 60 else None
    for judge in (_explained, _opposite, _named_by_column, _initial, _yes_no):
        if found := judge(reading, column, labels):
            return found
    if found := _looked_for(reading, column, labels):
        return found
    if len(come := [v for v in labels if becomes(reading.text.plain, v)]) == 1:
        return come[0], "the request asks whether it comes to that", 0.8
    if asked := label_asked(reading, labels):
        return asked[0], f"the request asks for it: {asked[1]}", 0.8
    rare = min(column.top, key=lambda pair: pair[1])[0]
    return rare, "the rarer of the two values", 0.5


def _explained(reading: Reading, column: ColumnProfile, labels: list[str]) -> tuple[str, str, float] | None:
    """The code whose meaning is the column's or the goal's: "1 = repaid, 2 = defaulted", "positive (1)"."""
    plain = reading.text.plain
    meanings: dict[str, str] = {}
    for label in labels:
        code = re.escape(fold(label))
        found = re.search(rf"(?<![\w.]){code}\s*(?:=|:|means?|is|for|heisst|->)\s*(?P<m>[^\W\d]+)", plain) or re.search(
            rf"(?P<m>[^\W\d]+)\s*(?:\(|=\s*){code}(?![\w./|]|\s+or\b|\s*,\s*\d)", plain
        )
        if found:
            meanings[label] = found["m"]
    if not meanings:
        return None
    name = {stem(t) for t in name_tokens(column.name)}
    for label, meaning in meanings.items():
        if stem(meaning) in name or meaning in _YES:
            return label, f"the request says that {label} means {meaning}", 0.95
    bad = [label for label, meaning in meanings.items() if meaning not in _NO and reading.said("labels", "case")]
    return (bad[0], f"the request says that {bad[0]} means {meanings[bad[0]]}", 0.7) if len(bad) == 1 else None


def _opposite(reading: Reading, column: ColumnProfile, labels: list[str]) -> tuple[str, str, float] | None:
    """The label that stands for "it does not happen", where just that is asked for: "No" of Renewed for churn."""
    said = opposite_asked(reading, column.name)
    if said is None:
        return None
    against = [v for v in labels if label_side(v, column.name) < 0]
    usual = _yes_no(reading, column, labels)
    if len(against) != 1 and usual is not None and {fold(v).strip(" .") for v in labels} & {*_YES, *_NO}:
        against = [v for v in labels if v != usual[0]]
    if len(against) != 1:
        return None
    return against[0], f"the request asks for the opposite of {column.name}: {said}", 0.85


def _named_by_column(reading: Reading, column: ColumnProfile, labels: list[str]) -> tuple[str, str, float] | None:
    """A label that is the column's own name: churned in "churned"/"stayed", spam in is_spam."""
    name = {stem(t) for t in name_tokens(column.name)}
    hits = [
        v for v in labels if {stem(t) for t in name_tokens(v)} & name and not set(name_tokens(v)) & {"not", "no", "non"}
    ]
    return (hits[0], "it is called as the column is", 0.9) if len(hits) == 1 else None


def _yes_no(reading: Reading, column: ColumnProfile, labels: list[str]) -> tuple[str, str, float] | None:
    folded = [fold(v).strip(" .") for v in labels]
    yes = [v for v, f in zip(labels, folded, strict=True) if f in _YES]
    if len(yes) == 1:
        return yes[0], f"{yes[0]} stands for yes", 0.9
    no = [v for v, f in zip(labels, folded, strict=True) if f in _NO or f.startswith(("no ", "not ", "non"))]
    no = no or [v for v, f in zip(labels, folded, strict=True) if matches(in_languages(_GOOD, reading.languages), f)]
    if len(no) == 1:
        other = next(v for v in labels if v != no[0])
        return other, f"{no[0]} stands for the ordinary case", 0.8
    more = [v for v in labels if v.strip().startswith(">")]
    return (more[0], "the upper of two ranges", 0.7) if len(more) == 1 else None


def _initial(reading: Reading, column: ColumnProfile, labels: list[str]) -> tuple[str, str, float] | None:
    """One-letter labels as initials of words in the request; the dangerous or unwanted one is the case."""
    if any(len(v.strip()) != 1 or not v.strip().isalpha() for v in labels) or set(map(fold, labels)) & set("ynjt"):
        return None
    words = [w for w, _, _ in reading.text.tokens if len(w) > 3]
    cases = tuple(p for ps in lexicon("labels")["case"].values() for p in ps)
    for label in labels:
        if any(w.startswith(fold(label)) and matches(cases, w) for w in words):
            return label, "it is the initial of the case that is spoken of", 0.8
    return None


def _singled_out(plain: str, word: str) -> bool:
    """Whether a value is quoted, or called the ones: "the 'now' messages", "the high ones"."""
    said = re.escape(word)
    return bool(
        re.search(rf"[\"'`]{said}[\"'`]", plain)
        or re.search(rf"(?<!\w){said}\s+(?:ones?|cases?|class|kind|sort|faelle|falle|cas|casos|casi)\b", plain)
    )


def _matters(reading: Reading, label: str, at: int) -> bool:
    """Whether a label named at a place is said to be the one that counts: "ragweed is what we care about"."""
    end = at + len(fold(label).strip())
    stop = reading.text.sentence_of(at)[1]
    return any(not reading.masked[end:a].strip() for a, _ in reading.where("labels", "counts", (end, stop)))


def _limited(reading: Reading, labels: list[str]) -> str | None:
    """The one label whose words stand in a sentence with a share: "an open bar has to be noticed 97 times in 100"."""
    found: set[str] = set()
    for q in reading.quantities:
        if q.kind != "share":
            continue
        start, end = reading.text.sentence_of(q.start)
        words = {stem(w) for w, a, _ in reading.text.tokens if start <= a < end}
        for label in labels:
            tokens = {stem(t) for t in name_tokens(label)}
            wide = re.search(rf"[{WIDE}]", label) and fold(label) in reading.text.plain[start:end]
            if wide or (tokens and tokens <= words and max(map(len, tokens)) > 2):
                found.add(label)
    return found.pop() if len(found) == 1 else None


_SMALL = (
    r"\s*(?:(?:on|of|for|in|at|the|class|der|die|des|fur|von|bei|klasse|de|du|la|classe|del|el|clase|do|da|em)\s+){0,3}"
    r"[\"'`]?"
)
"""What may stand between the name of a measure and the class that it is of."""


def _measured(reading: Reading, labels: list[str]) -> str | None:
    """The one label right beside the name of a measure, however short: "P1 recall", "recall on class C"."""
    plain = reading.text.plain
    found = set()
    for naming in find_metrics(reading):
        start, end = naming.span
        for label in labels:
            word = re.escape(fold(label).strip())
            before = re.search(rf"(?<!\w){word}[\"'`]?[\s-]+$", plain[:start])
            if before or re.match(rf"{_SMALL}{word}(?:e?s|e?n)?(?![\w.]\w)(?!\w)", plain[end:]):
                found.add(label)
    return found.pop() if len(found) == 1 else None


def _looked_for(reading: Reading, column: ColumnProfile, labels: list[str]) -> tuple[str, str, float] | None:
    """A label named beside words of finding or missing."""
    plain = reading.text.plain
    if len(labels) > 2 and (measured := _measured(reading, labels)):
        return measured, "its name stands beside the measure", 0.8
    said, told = [], []
    for label in labels:
        word = fold(label).strip().replace("_", " ")
        if len(word) < (2 if len(labels) == 2 else 3) or re.fullmatch(r"[\d.]+", word):
            continue  # of several classes, "de" and "it" are words of their own
        ending = r"\w{0,3}" if len(word) > 3 else ""
        base = (
            word
            if re.search(rf"[{WIDE}]", word)
            else rf"(?<!\w){_hyphenated(stem(word)) if word.isalpha() else re.escape(word)}{ending}(?!\w)"
        )
        places = [m.start() for m in re.finditer(base, plain)]
        said += [(label, at) for at in places[:1]]
        told += [label for at in places if _is_told(reading, at)]
    if len(said) == 1:
        return said[0][0], "the request speaks of this value", 0.7
    if len(labels) > 2 and (alone := _limited(reading, labels)):
        return alone, "a share is asked for where the request speaks of this value alone", 0.7
    if len(labels) == 2 and len(set(told)) == 1:
        return told[0], "the request speaks of the model saying this value", 0.7
    singled = [v for v, at in said if _singled_out(plain, fold(v).strip()) or _matters(reading, v, at)]
    if len(singled) == 1:
        return singled[0], "the request singles this value out", 0.75
    for label, at in said:
        if len(labels) == 2 and reading.said("labels", "seek", (max(0, at - 40), at)):
            return label, "the request asks to find this value", 0.7
    return None


def _hyphenated(word: str) -> str:
    """An expression for a word that may be written with a hyphen: "write-off" for writeoff."""
    return "-?".join(map(re.escape, word)) if word.isascii() else re.escape(word)


def _is_told(reading: Reading, at: int) -> bool:
    """Whether a label at a place is what the model says: "when it says write-off", "may be called cracked"."""
    said = [span for key in ("speaks", "called") for span in reading.where("populations", key, (max(0, at - 40), at))]
    return any(not re.search(r"\w\W+\w", reading.masked[end:at]) for _, end in said)
