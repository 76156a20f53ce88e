"""Which columns the words leave out: "leave gender out", "tip and tolls are not known then", "hands off duration".

Knows column names only; nothing in the data can exclude a column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..knowledge.lexicons import lexicon
from .answers import fits
from .bounds import side_of
from .columns import Columns, Mention, only_glue
from .described import described, described_before, described_behind, doers, who_is_told
from .reading import Reading, Span
from .words import stem

_ONLY_SO_MANY = re.compile(r"\s*(?:au|sur|de|of|in|out|per|von|aus|auf|di|en|entre)\b")

_BOTH_PARTS = {"any": ("{both_parts}",)}
_IN_BRACKETS = re.compile(r"\s*(?:[^\W\d]+['\s]\s*){1,4}\(\s*")
"""Words before a name in brackets that they are another word for."""

KNOWN_LATER = "known only after the fact, says the request"


@dataclass(frozen=True)
class Exclusion:
    """A column left out, and the words that say so."""

    column: str
    stated_as: str
    span: Span
    why: str


_BY_WHOM = re.compile(
    r"\w+(?:ed|en|wn|ut|et|de|ne|t|ado|ido|ada|ida)\s(?:\w+\s)?(?:by|von|vom|par|por|pela|pelo|da|dal)\s"
    r"(?:(?:the|a|an|our|my|der|dem|den|einem|einer|la|le|les|el|los|las|un|una|uma|o|os|as)\s)?$"
)
"""What stands before whoever does something: "is assigned later by the"."""


def find_exclusions(columns: Columns) -> tuple[Exclusion, ...]:
    """In the order in which they are said; a column at most once."""
    reading = columns.reading
    out: dict[str, Exclusion] = {}
    for kind, why in (
        ("before", "the request leaves it out"),
        ("after", "the request leaves it out"),
        ("later", KNOWN_LATER),
    ):
        for match in reading.find(lexicon("exclusions")[kind]):
            sentence = reading.text.sentence_of(match.start())
            if _of_others(reading, sentence, match.start()) or (kind == "later" and _supposed(reading, match.start())):
                continue
            if kind == "after" and _GOES_ON.match(reading.text.plain, match.end() - 2):
                continue
            if kind == "before" and " " not in match.group() and _is_noun(reading, match.start()):
                continue
            if kind == "before" and _bounds_number(columns, match.end()):
                continue  # "but not more than half a second for each mail"
            if reading.said("groups", "unseen", sentence) and reading.has(_BOTH_PARTS, sentence):
                continue  # "a field must not appear in training and test"
            names = _ordered if kind == "before" else _told
            for name, span in names(columns, match.span(), sentence):
                if kind == "after" and _is_unit(reading, span):
                    continue  # "more than ten days off is of no use"
                if kind == "before" and _calls_itself(reading, match.span(), columns.names[name]):
                    continue
                out.setdefault(
                    name,
                    Exclusion(name, reading.quote((min(span[0], match.start()), max(span[1], match.end()))), span, why),
                )
    for name, span in (*_between(columns), *_denied(columns), *_wanted_none(columns)):
        out.setdefault(name, Exclusion(name, reading.quote(span), span, "the request leaves it out"))
    for name, span in _likewise(columns, [e.span for e in out.values()]):
        out.setdefault(name, Exclusion(name, reading.quote(span), span, "the request leaves it out"))
    return tuple(out.values()) if len(out) < len(columns.columns) else ()  # with nothing left it speaks of the rows


def answer_spared(columns: Columns, exclusions: Sequence[Exclusion], wish: str | None) -> tuple[Exclusion, ...]:
    """The columns left out, but the one that alone can give the kind of answer wanted, if it is only said to be known
    later: "the vet's finding is typed in afterwards" tells of what is to be foretold."""
    able = [c.name for c in columns.columns if fits(c, wish)]
    return tuple(e for e in exclusions if e.why != KNOWN_LATER or [e.column] != able)


def find_only(columns: Columns) -> tuple[Exclusion, ...]:
    """The columns that alone may be used, "judging by its title alone", each with the words; empty where all may be."""
    reading, why = columns.reading, "the request names what alone may be used"
    for key, listed in (("only_before", _list_after), ("only_after", _list_before)):
        for match in reading.find(lexicon("exclusions")[key]):
            at, sentence = match.span(), reading.text.sentence_of(match.start())
            if reading.said("exclusions", "before", (sentence[0], at[0])) and key == "only_after":
                continue  # "leave the title alone"
            if key == "only_after" and _ONLY_SO_MANY.match(reading.masked, at[1]):
                continue  # "un seul au maximum", "only in one of ten"
            if not (names := listed(columns, at, sentence)):
                continue
            if key == "only_after" and not _given(columns, min(span[0] for _, span in names)):
                continue
            return tuple(
                Exclusion(name, reading.quote((min(span[0], at[0]), max(span[1], at[1]))), span, why)
                for name, span in names
            )
    return ()


def _given(columns: Columns, position: int) -> bool:
    """Whether what stands here is said to be looked at: "from the title", "by its title"."""
    reading = columns.reading
    start = reading.text.clause_of(position)[0]
    return any(end <= position for _, end in reading.where("exclusions", "given", (start, position)))


def _told(columns: Columns, at: Span, sentence: Span) -> list[tuple[str, Span]]:
    """Names before a phrase that tells of them, or columns that a few words there are part of the names of."""
    span = (max(sentence[0], at[0] - 30), at[0])
    labels = [(m.start(), m.end()) for m in _ITS_NAME.finditer(columns.reading.text.plain, *sentence)]
    names = _list_before(columns, at, sentence, labels) or _partial(columns, span)
    told = described_before(columns, at[0], sentence[0], alone=not names)
    return [*names, *told] or _subject(columns, at[0])


_ITS_NAME = re.compile(r"'s?\s+(?:names?|identity|identities|initials|id|number|code|letter|label)(?!\w)")
"""Behind what a column holds: "the judge's name has to stay out"."""


def _ordered(columns: Columns, at: Span, sentence: Span) -> list[tuple[str, Span]]:
    """Names behind an order to leave them out, or columns that a few words there are part of the names of."""
    if (told := who_is_told(columns.reading, at[1])) is not None:
        return doers(columns, (told, columns.reading.text.clause_of(told)[1]))
    span = (at[1], min(sentence[1], at[1] + 30))
    names = _list_after(columns, at, sentence)
    if names and _are_rows(columns.reading, names):
        return []
    named = names or _partial(columns, span)
    held = described_behind(columns, at[1], sentence[1], alone=not named)
    return [*named, *held] or _repeated(columns, at[1], at[0])


def _calls_itself(reading: Reading, order: Span, name: str) -> bool:
    """Whether the order is what the column is called after, and so none: "skip or no skip" beside a column skipped."""
    stems = {stem(w) for w in name.split()}
    return any(stem(w) in stems for w in reading.text.plain[slice(*order)].split() if len(w) > _PLAIN)


_PLAIN = 3  # letters of words that orders are made of beside their verb


def _bounds_number(columns: Columns, end: int) -> bool:
    """Whether an order that ends here goes on with a number that it bounds, before any column is named."""
    behind = [q for q in columns.reading.quantities if end <= q.start < end + _NUMBER_BEHIND]
    if not behind or any(end <= m.start < behind[0].start for m in columns.mentions):
        return False
    return side_of(columns.reading, behind[0]) is not None


_NUMBER_BEHIND = 30  # characters


def _is_unit(reading: Reading, name: Span) -> bool:
    """Whether a name is the unit of a number before it, or part of it."""
    told = [q for q in reading.quantities if q.kind in ("time", "number", "measure", "money")]
    return any(q.start < name[1] and name[0] <= q.end + 1 for q in told)


def _is_noun(reading: Reading, position: int) -> bool:
    """Whether a word that may be an order is a thing here: "a drop", "our skip"."""
    told = reading.where("exclusions", "article", (max(0, position - 12), position))
    return any(not reading.masked[end:position].strip() for _, end in told)


def _are_rows(reading: Reading, names: Sequence[tuple[str, Span]]) -> bool:
    """Whether names in a row are one noun with what it is like, of many things: "hide rude posts"."""
    plain = reading.text.plain
    (_, first), (_, last) = names[0], names[-1]
    return len(names) > 1 and plain[first[1] : last[0]].isspace() and plain[last[1] : last[1] + 1].isalpha()


def _list_after(columns: Columns, at: Span, sentence: Span) -> list[tuple[str, Span]]:
    """Names joined by commas and "and" right behind the phrase."""
    out, end = [], at[1]
    for mention in columns.mentions:
        if mention.start < end or mention.end > sentence[1]:
            continue
        labels = [m.span() for m in _ITS_NAME.finditer(columns.reading.text.plain, end, mention.start)]
        told = only_glue(columns.reading, (end, mention.start), labels)
        if not told and not _told_again(columns.reading, end, mention):
            break
        out.append((mention.column, (mention.start, mention.end)))
        end = mention.end
    return out


def _told_again(reading: Reading, end: int, mention: Mention) -> bool:
    """Whether a name stands in brackets behind a few words that say it: "the state (UF)"."""
    gap = reading.text.plain[end : mention.start]
    return bool(_IN_BRACKETS.fullmatch(gap)) and reading.text.plain[mention.end :].startswith(")")


def _list_before(columns: Columns, at: Span, sentence: Span, allowed: Sequence[Span] = ()) -> list[tuple[str, Span]]:
    """Names joined by commas and "and" right before the phrase; words at `allowed` may stand between, too."""
    out, start = [], at[0]
    for mention in reversed(columns.mentions):
        if mention.end > start or mention.start < sentence[0]:
            continue
        if not only_glue(columns.reading, (mention.end, start), allowed) or _pointed(columns.reading, mention.start):
            break
        out.append((mention.column, (mention.start, mention.end)))
        start = mention.start
    return out[::-1]


def _pointed(reading: Reading, position: int) -> bool:
    """Whether "predict the" or the like stands right before: a name there is the goal, not one of a list."""
    before = reading.where("wishes", "pointer_before", (max(0, position - 40), position))
    return any(not reading.masked[end:position].strip(" '\"`:=") for _, end in before)


_GOES_ON = re.compile(r"go\s(?:into|onto|on|to|through|over|for|by|with|live|out to)\b")
"""Where it is said what goes where, and not that something has to go: "it has to go into 2 MB"."""
_APART = 80  # characters between a negation and the verb of using that it denies, at most
_A_WORD = re.compile(r"\s?(?:[^\W\d]+\s)?")
_MORE = re.compile(r"\b(?!(?:werden|worden|sein)\b)\w")  # what goes on behind a verb and its auxiliary
_RECENT = 90  # characters back to the column that a pronoun stands for


def _denied(columns: Columns) -> list[tuple[str, Span]]:
    """Names beside a denied verb of using, in any order, or the name that a pronoun there stands for."""
    reading = columns.reading
    out: list[tuple[str, Span]] = []
    for sentence in reading.text.sentences:
        verbs = reading.where("exclusions", "use", sentence)
        nots = reading.where("exclusions", "not", sentence) if verbs else []
        for verb in verbs:
            beside = [n for n in nots if max(n[0] - verb[1], verb[0] - n[1]) <= _APART]
            if reading.has(_BOTH_PARTS, sentence):
                continue
            if beside and _of_others(reading, sentence, min(beside[0][0], verb[0])):
                continue
            if beside:
                behind = [n for n in nots if n[0] >= verb[1] and _A_WORD.fullmatch(reading.masked, verb[1], n[0])]
                around = [beside[0], verb, *behind]  # "ne mets pas", "n'utilise surtout pas"
                out += _beside(columns, (min(a for a, _ in around), max(b for _, b in around)), sentence)
    return out


def _likewise(columns: Columns, spans: Sequence[Span]) -> list[tuple[str, Span]]:
    """What a clause behind one that leaves something out says of more: "…, and so must what they earn"."""
    reading = columns.reading
    out: list[tuple[str, Span]] = []
    for clause in reading.text.clauses:
        sentence = reading.text.sentence_of(clause[0])[0]
        if any(sentence <= start < clause[0] for start, _ in spans) and reading.said("exclusions", "also", clause):
            inside = [m.column for m in columns.mentions if clause[0] <= m.start and m.end <= clause[1]]
            out += [(name, clause) for name in (*inside, *described(columns, clause))]
    return out


def _supposed(reading: Reading, position: int) -> bool:
    """Whether it is only supposed: "if income isn't known, take the mean"."""
    return reading.said("exclusions", "conditional", (reading.text.clause_of(position)[0], position))


def _repeated(columns: Columns, behind: int, before: int) -> list[tuple[str, Span]]:
    """The names listed last before, where a pronoun at `behind` stands for them: "they come later, so ignore them"."""
    reading = columns.reading
    word = re.compile(r"\s*[^\W\d]+").match(reading.text.plain, behind)
    return _named_last(columns, before) if word and _is_pronoun(reading, word.span()) else []


def _is_pronoun(reading: Reading, span: Span) -> bool:
    """Whether nothing but a word that stands for names is said here."""
    inner = reading.masked[slice(*span)]
    said = reading.where("exclusions", "pronoun", span)
    return any(not (inner[: a - span[0]] + inner[b - span[0] :]).strip() for a, b in said)


def _named_last(columns: Columns, position: int) -> list[tuple[str, Span]]:
    """The list of names that ends last before a place and not far from it; but not who does something to them: in
    "reviewer is assigned by the panel, so leave it out" it is the reviewer."""
    near = [m for m in columns.mentions if m.end <= position and position - m.end <= _RECENT]
    plain = columns.reading.text.plain
    ends = [m.end for m in near if not _BY_WHOM.search(plain, 0, m.start)] or [m.end for m in near]
    return _list_before(columns, (max(ends), position), (0, position)) if ends else []


def _subject(columns: Columns, at: int) -> list[tuple[str, Span]]:
    """The names listed last before a clause that says no more of its subject than a pronoun, or nothing: "the country
    is in the export, but it mustn't sway anything"."""
    reading = columns.reading
    start = max((a for a, _ in reading.text.clauses if a <= at), default=at)
    said = [s for key in ("pronoun", "between") for s in reading.where("exclusions", key, (start, at))]
    if not only_glue(reading, (start, at), said):
        return []
    least = 0 if reading.where("exclusions", "pronoun", (start, at)) else reading.text.sentence_of(start)[0]
    return [(name, span) for name, span in _named_last(columns, start) if span[0] >= least]


def _wanted_none(columns: Columns) -> list[tuple[str, Span]]:
    """Names that "no" stands before where nothing but politeness follows: "no age, no gender please"."""
    reading = columns.reading
    out: list[tuple[str, Span]] = []
    for match in reading.find(lexicon("exclusions")["none"]):
        start, end = reading.text.sentence_of(match.start())
        names = _list_after(columns, match.span(), (start, end))
        if not names or _inside_of_words(reading, match.start(), start):
            continue
        rest = reading.masked[names[-1][1][1] : end]
        for a, b in reversed(reading.where("exclusions", "none_ends", (names[-1][1][1], end))):
            rest = rest[: a - names[-1][1][1]] + " " * (b - a) + rest[b - names[-1][1][1] :]
        if not re.match(r"(?:es|s)?[\s\"'`)]*(?:[^\w\s\"'`)]|$)", rest):
            continue
        out += names
    return out


def _inside_of_words(reading: Reading, position: int, start: int) -> bool:
    """Whether other words of the clause stand right before a place: "predict whether there is no refund"."""
    return bool(re.search(r"[^\W\d]$", _JOINS.sub(" ", reading.masked[start:position]).rstrip(" '\"`")))


_JOINS = re.compile(
    r"\b(?:and|but|please|also|so|und|aber|bitte|et|mais|y|pero|e|mas|ed|ma|use|using|with|mit|avec|con|com)\s*$"
)


def _end_of_last(columns: Columns, sentence: Span, position: int) -> int:
    """Where the last name before `position` in its sentence ends."""
    return max((m.end for m in columns.mentions if sentence[0] <= m.start and m.end <= position), default=position)


def _of_others(reading: Reading, sentence: Span, position: int) -> bool:
    """Whether it is told of others right before `position`: "customers who will not use their voucher"."""
    told = reading.where("exclusions", "others", (max(sentence[0], position - 40), position))
    return any(not reading.masked[end:position].strip() for _, end in told)


def _beside(columns: Columns, at: Span, sentence: Span) -> list[tuple[str, Span]]:
    """The names inside `at`, else right behind it, else right before it, else the one that a pronoun repeats."""
    reading = columns.reading
    inside = [(m.column, (m.start, m.end)) for m in columns.mentions if at[0] <= m.start and m.end <= at[1]]
    if inside := [*inside, *((name, at) for name in described(columns, at))]:
        return inside
    if behind := _list_after(columns, at, sentence):
        return behind
    if before := _list_before(columns, at, sentence, reading.where("exclusions", "between", sentence)):
        return before
    if told := described_behind(columns, at[1], sentence[1]) or described_before(columns, at[0], sentence[0]):
        return told
    if not _MORE.search(reading.masked[at[1] : sentence[1]]):  # "colour is nobody's business, so not to be used"
        listed = _list_before(columns, (_end_of_last(columns, sentence, at[0]), at[0]), sentence)
        if listed:
            return listed
    said = [p for p in reading.where("exclusions", "pronoun", sentence) if at[0] <= p[0] and p[0] - at[1] <= 2]
    last = [m for m in columns.mentions if m.end <= at[0] and at[0] - m.end <= _RECENT]
    return [(last[-1].column, (last[-1].start, last[-1].end))] if said and last else _subject(columns, at[0])


def _partial(columns: Columns, span: Span) -> list[tuple[str, Span]]:
    return [(name, span) for name, _ in columns.partial(span)] or [(name, span) for name in columns.sharing(span)]


def _between(columns: Columns) -> list[tuple[str, Span]]:
    """ "leave gender and postcode out": names between an opening and a closing word of one sentence."""
    reading = columns.reading
    out: list[tuple[str, Span]] = []
    for language, words in lexicon("exclusions")["around"].items():
        if language not in reading.languages:
            continue
        for opening, closing in zip(words[::2], words[1::2], strict=True):
            pattern = re.compile(rf"\b{opening}\w*\b(?P<inner>[^.!?;]{{1,90}}?)\b{closing}\b")
            for match in pattern.finditer(reading.text.plain):
                span = match.span("inner")
                inside = [m for m in columns.mentions if span[0] <= m.start and m.end <= span[1]]
                if not inside and not columns.partial(span) and _is_pronoun(reading, span):
                    behind = _list_after(columns, match.span(), reading.text.sentence_of(match.start()))
                    out += behind or _named_last(columns, match.start())
                out += [(m.column, (m.start, m.end)) for m in inside] or [(n, span) for n, _ in columns.partial(span)]
    return out
