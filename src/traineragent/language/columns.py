"""The columns of a table beside the words of a request: where their names are said, and what is said there.

Sees profiles only; names are compared with the words and never read as instructions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .alike import before_and_after, numberless
from .ordinals import columns_by_place
from .phrases import in_languages, matches
from .reading import Reading, Span
from .words import WIDE, fold, name_tokens, stem

COMMON = frozenset("a an as at be by do i in is it me my no of on or so to up us we am one".split())  # noqa: SIM905
_AND = re.compile(
    r"[\s,;:'\"`/&()]|\b(?:these|those|following|col|cols|info|information|data|dies[er]?|folgenden?|estos?|estas?|esses?|essas?|ces)\b|\b(?:and|or|nor|the|its|their|his|her|our|s|column|columns|also|both|all|please|und|oder|die|der|das|den|bitte|et|ou|le|la|les|y|o|ni|el|los|las|e|os|as|i|gli|il|of|course|either|neither|weder|noch|sowie|dem|des|un|une|du|aux?|tampoco|nem|aur|ya|spalten?|"
    r"colonnes?|columnas?|colunas?|fields?|feld|felder)\b|\b[ldn]'|और|या|एवं|तथा|वगैरह|"
    r"\b(?:and such|and the like|and so on|etc|things like|und so weiter|usw|etcetera|vagairah|jaisi jaankari)\b|"
    rf"जैसी\s(?:जानकारी|बातें|चीज़ें)|(?:这类|这些|这几[列项个]|那几[列项个]|之类|等)[{WIDE}]{{0,6}}|[和与及跟、の或]"
)
"""What may stand between the names of one list."""
_TELLING = frozenset({"age", "sex", "zip", "dob"})
"""Short words that say by themselves which column is meant."""
_QUOTE = "(?P<q>[\"`]|(?<!\\w)')?"  # "l'avis" is in no quotation marks
_OF = (
    r"(?:(?<=\s)(?:of|of the|de|du|des|de la|del|de los|de las|do|da|dos|das|di|della|dei|der|von|ka|ki|ke|का|की|के)\s|"
    r"(?<=\s)(?:de l|d|dell)')?"
)
"""What may stand between the words of a name: "l'avis du voisin" beside avis_voisin."""
_COLUMN = "(?:s|n|en)?(?:spalten?|feld|felder)"
"""Behind a name in German: "Umsatzspalte"."""
_OWNER = re.compile(r"'s\s+\w")
"""Behind whoever something is of: "a supporter's age"."""
_SERVICE = ("size", "rate", "fps")  # kinds of quantities that no answer is told in
SHORTENED = 4  # letters of a name that may be the beginning of a word
_ALONE = re.compile(r"(?<=\s)\((\w{1,3})\)")  # small words in brackets of their own
_BESIDE = 60  # characters before a name in brackets that say what it is for
_TITLE = 4  # words of a first sentence that says what it is all about
_NO_WORD = re.compile(r"\w[._]+\w|[a-z][A-Z]|\w\d|[A-Z]{2}[a-z]")
"""In names that nobody says by chance: Min.Price, post_2, CompanySize."""
_ARTICLES = re.compile(
    r"\s+(?:the|a|an|its|their|our|der|die|das|den|dem|l[ea]s?|una?|un[eo]?|el|los|las|os?|as?)?[\s'\"`]*",
    re.IGNORECASE,
)
"""What may stand between a wish and the name of what is wished for."""
_ASKING = re.compile(
    r"\b(?:wh\w+|how|if|we[rnm]|welche\w*|was|ob|wie\w*|qu\w+|si|se|cual\w*|combien)$|[哪谁]\w?$|多少$|是否$"
)
"""Words that open a question."""
_ARTICLE = re.compile(r"\b(?:die|das|den|einen?|eine)\s")  # of an object
_HEAD = 16  # characters with which a sentence about a column begins
_TELLS = re.compile(rf"['\"`»”\s]*(?:[^\W\d]{{2,}}|[{WIDE}])")
"""What goes on right behind a name, so that something is told of it."""
_LONG = 4  # letters of a word that tells by itself what several columns hold, at least
_FEW_OF_A_KIND = 4  # columns that may be meant together
_DENIED = 40  # characters after "not the" that it can be about


@dataclass(frozen=True)
class Mention:
    """A column's name inside the words. `whole`: all words of the name; `quoted`: in quotation marks."""

    column: str
    start: int
    end: int
    whole: bool = True
    quoted: bool = False


class Columns:
    """The columns of a table beside the words of a request."""

    def __init__(self, reading: Reading, columns: Sequence[ColumnProfile]) -> None:
        self.reading, self.columns = reading, columns
        self._by_name = {c.name: c for c in columns}
        self.names = {c.name: self._worded(c.name) for c in columns}
        self.in_full = {name: _in_full(words) for name, words in self.names.items()}

    def ways(self, name: str) -> tuple[str, ...]:
        """The words of a name as they are written, and with what its pieces are short for in their place."""
        return (self.names[name], *self.in_full[name])

    def _worded(self, name: str) -> str:
        """The words of a name, folded; German names may write "ue" for "ü"."""
        words = " ".join(name_tokens(name))
        return re.sub(r"([aou])e", r"\1", words) if "de" in self.reading.languages else words

    @cached_property
    def pieces(self) -> frozenset[str]:
        """All words of all names."""
        return frozenset(piece for words in self.names.values() for piece in words.split())

    @cached_property
    def both_sides(self) -> frozenset[str]:
        """Names that another one equals but for "before" or "after" in them."""
        return before_and_after(self.names)

    @cached_property
    def numbered(self) -> Counter[str]:
        """How many different names there are that differ by their numbers alone."""
        return Counter(numberless(words) for words in set(self.names.values()))

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Whole names found in the words, longer names first, never one inside another."""
        taken: list[Span] = []
        out: list[Mention] = []
        plain = self.reading.text.plain
        run_on = re.sub(r"[\W_]+", "", plain)
        for column in sorted(self.columns, key=lambda c: -len(c.name)):
            written = next((way for way in self._ways_to_write(column.name) if _stands_in(way, run_on)), None)
            if written is None:
                continue  # of thousands of columns few are named, and a pattern costs more than a look
            for match in _name_pattern(written).finditer(plain):
                start, end = match.span("n")
                if any(a < end and start < b for a, b in taken):
                    continue
                quoted = bool(match["q"])
                if not quoted and not (self._may_be_name(column.name, start, end) or self._listed(start, end, taken)):
                    continue
                taken.append((start, end))
                out.append(Mention(column.name, start, end, quoted=quoted))
        for index, (start, end) in columns_by_place(self.reading, len(self.columns)):
            if not any(a < end and start < b for a, b in taken):
                taken.append((start, end))
                out.append(Mention(self.columns[index].name, start, end))
        return tuple(sorted(out, key=lambda m: m.start))

    def _ways_to_write(self, name: str) -> tuple[str, ...]:
        """The name, and in German with its umlauts folded: "Fahrgäste" beside fahrgaeste."""
        folded = self.names[name]
        return (name,) if folded == " ".join(name_tokens(name)) else (name, folded)

    def _may_be_name(self, name: str, start: int, end: int) -> bool:
        """A name that is also a small word ("y", "no", "to") counts only beside the word column, or written alike."""
        plain = fold(name)
        if len(plain) > 1 and (
            plain not in COMMON or (not name.islower() and self.reading.quote((start, end)) == name)
        ):
            return True
        if _ALONE.findall(self.reading.text.plain) == [plain] and self.reading.text.plain[start - 2 : start] == " (":
            return True  # "how many points it gets (y)", but no list of "(a) …, (b) …" and no "lecture(s)"
        near = self.reading.masked[max(0, start - 24) : start]
        phrases = in_languages(lexicon("wishes")["pointer_before"], self.reading.languages)
        return any(m.end() >= len(near.rstrip()) for m in matches(phrases, near)) or bool(re.search(rf"[{WIDE}]", name))

    def _listed(self, start: int, end: int, taken: Sequence[Span]) -> bool:
        """Whether a name of one letter stands in a list of names: the "r" of "cd496, r, cd820"."""
        plain = self.reading.text.plain
        before, after = plain[:start].rstrip(), plain[end:]
        beside = any(b == len(before) - 1 for _, b in taken) or any(a == end + 2 for a, _ in taken)
        return end - start == 1 and before.endswith(",") and after.startswith(", ") and beside

    def compared(self, mention: Mention) -> bool:
        """Whether it is named as a group to treat alike: "equal treatment of men and women (column gender)"."""
        start, end = self.reading.text.clause_of(mention.start)
        before = max(self.reading.text.sentence_of(mention.start)[0], mention.start - _BESIDE)
        return any(self.reading.said("groups", "fairness", span) for span in ((start, end), (before, mention.start)))

    def partial(self, within: Span) -> list[tuple[str, str]]:
        """(column, word) for names of which one distinctive word occurs ("surgeon" for surgeon_name)."""
        plain = self.reading.text.plain
        said = {
            stem(w)
            for w, a, b in self.reading.text.tokens
            if within[0] <= a < within[1] and (len(w) > 3 or w in _TELLING) and not _OWNER.match(plain, b)
        }
        owners: dict[str, list[str]] = {}
        for column in self.columns:
            for token in self.names[column.name].split():
                owners.setdefault(stem(token), []).append(column.name)
        return [(names[0], word) for word, names in owners.items() if word in said and len(set(names)) == 1]

    def sharing(self, within: Span) -> list[str]:
        """The columns that share a word of which several are spoken of: "the estimates" for estimate_low and
        estimate_high."""
        said = [w for w, a, _ in self.reading.text.tokens if within[0] <= a < within[1] and len(w) > _LONG]
        several = {stem(w) for w in said if w[-1:] == "s" or not w.isascii()}
        found = [c.name for c in self.columns if several & {stem(t) for t in self.names[c.name].split()}]
        return found if 1 < len(found) <= _FEW_OF_A_KIND and len(found) < len(self.columns) - 1 else []

    def get(self, name: str) -> ColumnProfile:
        return self._by_name[name]


def _stands_in(name: str, run_on: str) -> bool:
    """Whether every word of a name stands in the words somewhere."""
    return all(token in run_on for token in name_tokens(name))


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
        return re.compile(rf"{_QUOTE}(?P<n>{re.escape(fold(name))})")
    if len(tokens) == 1 and len(tokens[0]) > 5 and tokens[0].isascii():
        tokens = tuple(tokens[0])  # "bodyfat" is also "body fat"
    *first, last = tokens
    ending = rf"(?:e?s|'s|{_COLUMN})?" if len("".join(tokens)) > 3 else ""
    body = (r"[\s_-]?" if len(last) == 1 and len(tokens) > 5 else rf"[\s_.'-]*(?:s\s+)?{_OF}").join(
        re.escape(t) for t in (*first, last)
    )
    return re.compile(rf"{_QUOTE}(?<!\w)(?P<n>{body}){ending}(?!\w)")


def _in_full(words: str) -> tuple[str, ...]:
    """The words of a name with each piece written out that is short for something: "yld bags" is "yield bags", and
    "ch 4 pct" is "methane pct"."""
    pieces = words.split()
    spans = [(i, size) for size in (1, 2) for i in range(len(pieces) - size + 1)]
    return tuple(
        " ".join((*pieces[:i], full, *pieces[i + size :]))
        for i, size in spans
        if size == 1 or pieces[i + 1].isdigit()
        for full in written_out("".join(pieces[i : i + size]))
    )


def written_out(piece: str) -> tuple[str, ...]:
    """The words that a piece of a name is short for: "yld" for the yield."""
    return tuple(map(str, lexicon("short_names").get(piece, ())))


_UNDER_WHICH = re.compile(
    r"(?<=\s)(?:at|under|in|with|by|for|on|per|bei|unter|mit|avec|sous|con|bajo|com|sob|em|en|a)\s"
    r"(?:which|what|welche[nmrs]?|quel(?:le)?s?|que|cual(?:es)?|qual|quais)\s"
)


class Regions:
    """Which stretch of the words states the goal, which names inputs, which excludes; what is said where."""

    def __init__(self, reading: Reading, mentions: Sequence[Mention], excluded: Sequence[Span]) -> None:
        self.reading, self.exclusions = reading, (*excluded, *self._denied(reading))
        self.goals = self._goals()
        self.known = self._known()
        self.givens = (*self._givens(), *self.known)
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
        title = self.reading.text.sentences[:1]
        told = self.reading.said("wishes", "who_asks", title[0]) if title else True
        if goal and not told and title[0] not in goal and len(self.reading.masked[slice(*title[0])].split()) <= _TITLE:
            goal += title  # "Haemolysed samples. …"
        return tuple(goal or self.reading.text.sentences)

    def _givens(self) -> tuple[Span, ...]:
        spans = []
        for start, end in self.reading.where("wishes", "inputs"):
            stop = self.reading.text.sentence_of(start)[1]
            goals = self.reading.where("wishes", "goal", (end, stop))  # "from the text, work out which product it is"
            if goals and goals[0][0] - end <= 1:
                goals = goals[1:]  # "given how it is used, how long will it last"
            comma = re.search(r",(?=\s)", self.reading.masked[end : goals[0][0]]) if goals else None
            spans.append((end, goals[0][0] if comma else self._object_from(end, goals) or stop))
        return (*spans, *self._under_which())

    def _under_which(self) -> list[Span]:
        """Circumstances that an amount is asked for under: "how many die at which dose and temperature"."""
        out = []
        for match in _UNDER_WHICH.finditer(self.reading.masked):
            first, stop = self.reading.text.sentence_of(match.start())
            if self.reading.said("wishes", "amount", (first, match.start())):
                out.append((match.end(), stop))
        return out

    def _known(self) -> tuple[Span, ...]:
        """What is said to be known or free to use: "the feed column may be used"."""
        known = [start for start, _ in self.reading.where("wishes", "inputs_after")]
        return tuple((self._listed_from(start), start) for start in known)

    def _object_from(self, start: int, goals: Sequence[Span]) -> int | None:
        """Where what is asked for begins in German, whose verb stands last: "aus dem Alter die Größe schätzen"; in
        Chinese the verb opens it."""
        if self.reading.languages[0] == "zh" and goals:
            return goals[0][0]
        if self.reading.languages[0] != "de" or not goals:
            return None
        first, end = goals[0]
        last = re.match(r"[^\W\d]*\s*(?:[.,;:!?]|$)", self.reading.masked[end:])
        articles = [m.end() for m in _ARTICLE.finditer(self.reading.masked, start, first)]
        return articles[-1] if last and articles else None

    def _listed_from(self, position: int) -> int:
        """Where the list that ends here begins: with its sentence, behind a colon in it, or behind what a number is
        told of ("three points off would be OK, the grape may be used")."""
        start = self.reading.text.sentence_of(position)[0]
        told = [self.reading.text.clause_of(q.start)[1] for q in self.reading.quantities if start <= q.start < position]
        start = max([start, *(end for end in told if end <= position)])
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
        return frozenset(out or self._as_written(mentions))

    def _as_written(self, mentions: Sequence[Mention]) -> list[Span]:
        """The one name in the goal that is written as in the table that nobody says by chance: "tells Min.Price"."""
        exact = [
            m
            for m in mentions
            if self.reading.quote((m.start, m.end)) == m.column
            and _NO_WORD.search(m.column)
            and not (self.given(m.start) or self.excluded(m.start))
        ]
        return [(m.start, m.end) for m in exact if self.goal(m.start)] if len(exact) == 1 else []

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
        if self.given(position) or any(a <= position < b for a, b in self._of_service):
            return 0.15
        return 1.0 if self.goal(position) else 0.5

    @cached_property
    def _of_service(self) -> tuple[Span, ...]:
        """Clauses that tell how large or fast the service may be, or how long training may take: what is "not larger
        than 1 MB" is no column of sizes."""
        reading, out = self.reading, []
        for q in reading.quantities:
            clause = reading.text.clause_of(q.start)
            of_service = q.kind in _SERVICE or (q.kind == "time" and reading.said("service", "training", clause))
            if of_service and not reading.said("service", "deviation", clause):
                out.append(clause)
        return tuple(out)

    def goal(self, position: int) -> bool:
        return any(a <= position < b for a, b in self.goals)

    def given(self, position: int) -> bool:
        return any(a <= position < b for a, b in self.givens)

    def excluded(self, position: int) -> bool:
        return any(a <= position < b for a, b in self.exclusions)

    def points_at(self, mention: Mention) -> bool:
        """Whether the words point at a name as the goal, and do not say that it is known."""
        known = any(a <= mention.start < b for a, b in self.known)
        return (mention.start, mention.end) in self.pointers and not known and not self.remarked(mention)

    def remarked(self, mention: Mention) -> bool:
        """Whether a sentence of its own tells how a column is: "the brand column changed names in March", "die Spalte
        Boden ist fachlich gemeint". It may tell that it is the answer."""
        reading = self.reading
        start, end = reading.text.sentence_of(mention.start)
        if start == reading.text.sentences[0][0] or mention.start - start > _HEAD:
            return False
        beside = (max(start, mention.start - _HEAD), min(end, mention.end + 8))
        words = [*reading.where("wishes", "column_words", beside), *reading.where("wishes", "column_told", beside)]
        told = _TELLS.match(reading.text.plain, max([mention.end, *(b for _, b in words)]))
        return bool(words) and bool(told) and not reading.said("wishes", "answer_said", (start, end))

    def wished(self, mention: Mention) -> bool:
        """Whether a name stands right behind a wish ("estimate the date"), and not behind a question about many such
        things ("which boats")."""
        masked = self.reading.masked
        ends = [end for _, end in self.reading.where("wishes", "goal") if end <= mention.start]
        return any(_ARTICLES.fullmatch(masked, e, mention.start) and not _ASKING.search(masked[:e]) for e in ends)


def only_glue(reading: Reading, span: Span, allowed: Sequence[Span] = ()) -> bool:
    """Whether nothing but commas, "and", articles and the words at `allowed` stands in a stretch of the words."""
    text = list(reading.text.plain[span[0] : span[1]])
    for start, end in allowed:
        if span[0] <= start and end <= span[1]:
            text[start - span[0] : end - span[0]] = " " * (end - start)
    return not _AND.sub("", "".join(text)).strip()
