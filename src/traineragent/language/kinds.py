"""Which type of task: by the kind of data, the words, and the type of the target column. Knows no metrics or limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .alternatives import listed
from .answers import holds_text, is_number, is_whole
from .collections import ENTITY_KINDS, IMAGE_KINDS, answers_of
from .described import left_out_words
from .horizon import NARROW, forecast_said, horizon_of, in_order_said
from .metrics import find_metrics, of_classes, tasks_of
from .moments import counts_units, holds_years, placed_in_time, steps_of_time
from .phrases import matches
from .reading import Reading
from .series import of_each_row
from .unit_words import units_asked
from .words import name_tokens

FAMILY = {
    "tabular_classification": "classification",
    "text_classification": "classification",
    "image_classification": "classification",
    "tabular_regression": "regression",
    "image_regression": "regression",
    "forecasting": "forecasting",
    "token_classification": "tokens",
    "visual_grounding": "grounding",
    "image_generation": "generation",
}
"""Task type -> the word that lexicons use for a group of tasks."""
FAMILY_OF_DRAWN = "generation"
HALF = 0.5
FOLDERS = "label"  # what the classes are called that folders of pictures tell
FEWEST_COUNTED = 5  # different numbers beside pictures that are amounts rather than kinds
_QUESTION = re.compile(
    r"[\s\"'(¿-]*(?:will|would|does|do|did|is|are|was|were|has|have|can|could|wird|werden|ist|sind|hat|haben|kommt|"
    r"est-ce que|sera|seront|va-t-il|vont-ils|se va|sera que|sara|arrivera)\s(?!.*\b(?:you|i|we|how|or)\b)[^?]*\?"
)
"""A question that is answered by yes or no: "Will two buses arrive together?"."""
_INVERTED = re.compile(
    r"\W*(?!(?:\w+\s)?(?:comment|combien|quand|ou|que|quoi|quel\w*|lequel|laquelle|pourquoi|qui)\s)(?:[^\W\d']+[\s'])"
    r"{0,5}?[^\W\d]+-(?:t-)?(?:il|elle|on)s?(?!\w)[^?]*\?"
)
"""The same in French, behind whom it is asked of: "La machine s'arrete-t-elle ?"."""
_OF_SEVERAL = ("f1_macro", "balanced_accuracy")
"""Averages over classes, of which there are some."""
_ALTERNATIVES = re.compile(
    r"\w+,\s(?:\w+\s){0,2}?\w+,?\s(?:or|oder|ou|o|u|ya)\s(?:(?:a|an|the|eine?n?|une?|una?|um|uma)\s)?\w+\s*[?.!]|还是.+还是"
)
"""Three or more that are told apart: "win, lose or draw?"."""
_ONE_THING = re.compile(
    r"(?:(?:forecast|predict|prognostizier\w*|prevo\w*|pronostic\w*|prever|prevedi\w*)\s(?:\w+\s){0,5}?)"
    r"(?<!\bat\s)(?<!\bin\s)(?<!\bon\s)(?<!\bby\s)(?:an?|one|any|someone|somebody|his|her|eine?[rnms]?|une?|una|uma?)\s(?P<thing>(?!forecast|predict|prognos)\w+)"
)
MANY_FACTS = 5  # columns beside the moments
FEW_MOMENTS = 0.5  # of the values of the column with most of them
_TAKEN = re.compile(
    r"\bwhich\s(?:\w+\s(?:of\s)?)?\w*[^\Ws]\s(?:of\s\w+\s)?(?:do|does|did|(?:will|would|should|can|is|are)\s(?:an?|the|this|each|"
    r"every|my|our|their|he|she|it|we|they|people|someone|somebody)\b)(?!\s(?:most )?likely\b)"
)
"""One thing of several that is taken: "which brand does a shopper buy", "which course will she choose"."""
_SOME_OF_THEM = re.compile(
    r"\bwhich\s(?:[^\W\d]+\s){0,2}?(?!\w*(?:word|column|feature|factor|input|sign|value|reason|driver|thing|part)s\s)"
    r"[^\W\d]{2,}[^\Wsui]s\s(?!is|does|did|do|has|should|would|could|can|of|and|or|from)[^\W\d]+"
)
"""Many things of which it is so for some: "which horses go lame"."""
_SOME_ABROAD = re.compile(
    r"\b(?:(?:que|cuales)\s(?:[^\W\d]+\s){0,2}?[^\W\d]{2,}s\s(?:(?:no|se|ya|me|nos)\s)*[^\W\d]{2,}n(?!\w|\s(?:los?|las?|el)\b)|"
    r"quais\s(?:[^\W\d]+\s){0,2}?[^\W\d]{2,}s\s(?:(?:nao|se|ja|nos)\s)*[^\W\d]+(?:m|ao)(?!\w|\s(?:os?|as?)\b)|"
    r"quel(?:le)?s\s(?:[^\W\d]+\s){0,2}?[^\W\d]{2,}[sx]\s(?:(?:ne|se|nous)\s|[ns]')*[^\W\d]+nt(?!\w|\s(?:les?|la)\b)|"
    r"welche\s(?:[^\W\d]+\s){0,2}?[^\W\d]+[ners]\s(?:(?:nicht|sich|bald)\s)*[^\W\d]+en\s*[?.,;])"
)
"""The same in Spanish, Portuguese, French and German: "qué colmenas no pasarán el invierno"."""
_ASKED = re.compile(
    r"\b(?:there|here|what(?: \w+)?|how|when|where|why|wie|wann|wo|was|warum|comment|quand|como|cuando|quando|come)\s$"
)
"""What stands before a verb that asks for no yes or no: "what will the rate be", "how is the weather", "there is a"."""
_OF_CASES = {"any": ("<share> ... {found}", "<share> ... {missed}", "{found} <share>", "<share> .. {alarms}")}
"""How many of the cases are to be found, or may be missed: a yes or no is asked of each."""
_EITHER = re.compile(
    r"(?:^|[.?!:\n]\s*)(?:(?:an?|the|eine?n?|une?|una?|um|uma)\s)?(?:[^\W\d]+\s){0,2}?[^\W\d]+\s(?:or|oder|ou|o)\s(?:(?:an?|the|eine?n?|une?|una?|um|uma)\s)?"
    r"[^\W\d]+(?:\s[^\W\d]+)?\s*(?:[,?:;]|\.(?:\s|$)|-\s)"
)
"""Two that are told apart at the head of a sentence: "Toast or a real fire?", "Aimbot or honest player, judged …"."""
_DRAW = re.compile(
    r"(?:^\W*|[.!?;:]\s+|\b(?:to|can|should|could|please|will|must)\s)(?:draw|paint|sketch|doodle)\s"
    r"(?!(?:(?:the|a|an|any|some|my|our)\s)?(?:conclusion|inference|attention|line|box|rectangle|frame|border|distinction)|from\b|on\b)"
)
"""What is told to draw: "Draw capital letters", "it should paint flowers"; not "what somebody drew"."""
_CLOSE = 40  # characters before "new pictures" that say whether they are wished for
_GIVEN_HOW = re.compile(r"\b(?:from|given|knowing|depending on|based on|anhand|selon|d'apres|segun|conforme)\s$")
"""Before "how big the leaves are", which then is an input."""
_COSTLY = re.compile(
    r"\s(?:us|me|them|money|a lot|a fortune|dearly|too much|time|nothing|nerves|lives|jobs|customers)(?!\w)"
)
"""Behind "costs", where nobody asks how much."""
_WORTH_DOING = re.compile(r"worth\s+\w+ing(?!\w)")
"""What is worth doing has no price: "a piano worth repairing"."""
_PRICED = re.compile(r"\b(?:costs?|cost us|worth)$")
_FAR = 9
MOST_GRADES = 30  # different numbers that may be classes


def wish_of(reading: Reading) -> str | None:
    """The kind of answer wanted: flag (yes or no), choice (which of several), amount (how much); None if open."""
    aside = left_out_words(reading)
    scores = {
        key: float(sum(not any(a < end and start < b for a, b in aside) for start, end in reading.where("wishes", key)))
        for key in ("flag", "choice", "amount")
    }
    ahead = forecast_said(reading)  # "forecast sales with an accuracy of 95 %" asks for no class
    named = find_metrics(reading)
    namings = [n for n in named if not (ahead and n.name == "accuracy")]
    if len(namings) < len(named):
        scores["choice"] = max(0.0, scores["choice"] - 1)  # the word is one of choices, too
    scores["flag"] -= sum(
        bool(_ASKED.search(reading.text.plain[:start])) for start, _ in reading.where("wishes", "flag")
    )
    judged = [n.span for n in namings if "classification" in tasks_of(n.name)]  # "how often it is right" is a metric
    chosen = reading.where("wishes", "choice")  # "which of the four desks" asks for no yes or no
    scores["choice"] -= sum(n.name == "roc_auc" and n.span in chosen for n in namings)  # it is of a yes or no, too
    picked = sum(any(a <= m < b for a, b in chosen) for m, _ in reading.where("wishes", "flag"))
    scores["flag"], scores["choice"] = scores["flag"] - picked, scores["choice"] + picked
    scores["amount"] -= sum(any(a <= m < b for a, b in judged) for m, _ in reading.where("wishes", "amount"))
    scores["amount"] -= sum(_is_told(reading, span) for span in reading.where("wishes", "amount"))
    idle = reading.where("wishes", "no_matter")  # "how many it finds is secondary"
    scores["amount"] -= sum(any(a <= m < b for a, b in idle) for m, _ in reading.where("wishes", "amount"))
    scores["amount"] -= sum(
        bool(_GIVEN_HOW.search(reading.text.plain[:a])) for a, _ in reading.where("wishes", "amount")
    )
    scores["amount"] -= reading.said("constraints", "calibrated")  # "a percentage that means what it says" is of cases
    maybe = reading.where("wishes", "maybe_amount")
    scores["amount"] += 0.6 * any(not any(a <= m < b for a, b in idle) for m, _ in maybe)
    scores["amount"] += 0.6 * bool(units_asked(reading))
    scores["flag"] += 0.5 * bool(reading.find(lexicon("wishes")["maybe_flag"]))
    first = [s for s in reading.where("wishes", "amount") if not any(a <= s[0] < b for a, b in idle)]
    scores["amount"] += _at_the_start(reading, first)
    scores["choice"] += 1.5 * bool(_ALTERNATIVES.search(reading.text.plain) or listed(reading))
    scores["choice"] += 2 * bool(_TAKEN.search(reading.text.plain))
    scores["flag"] += any(_asks_yes_or_no(reading.text.plain[start:end]) for start, end in reading.text.sentences)
    for naming in namings:
        tasks = tasks_of(naming.name)
        scores["amount"] += 2 * ("regression" in tasks)
        scores["choice"] += 0.5 * ("classification" in tasks) + 0.5 * (naming.name in _OF_SEVERAL)
        scores["flag"] += 0.5 * ("classification" in tasks)
    if not any("regression" in tasks_of(n.name) for n in namings):
        scores["flag"] += reading.has(_OF_CASES)  # "70 percent of the icy hours spotted"
    scores["flag"] += not reading.said("wishes", "flag") and any(
        some.search(reading.text.plain) for some in (_SOME_OF_THEM, _SOME_ABROAD)
    )
    scores["flag"] += 1.5 * bool(_EITHER.search(reading.text.plain))
    if scores["choice"] == scores["flag"] >= scores["amount"] + 0.5:
        return "choice"  # of a few: two or more
    best = max(scores, key=lambda key: scores[key])
    return best if scores[best] and list(scores.values()).count(scores[best]) == 1 else None


def _asks_yes_or_no(sentence: str) -> bool:
    """Whether a sentence is such a question, also behind who asks or what about: "Escape room: will the group …?"."""
    return any(_QUESTION.match(part) or _INVERTED.match(part) for part in (sentence, *sentence.split(": ")[1:2]))


def _is_told(reading: Reading, span: tuple[int, int]) -> bool:
    """Whether a price stands right behind, so that it is told and not asked for: "the gadget cost 30,000"."""
    behind = _PRICED.search(reading.text.plain[: span[1]])
    near = (q.start - span[1] for q in reading.quantities if q.kind in ("money", "number") and q.start >= span[1])
    if _WORTH_DOING.match(reading.text.plain, span[0]):
        return True
    costly = bool(behind) and _COSTLY.match(reading.text.plain, span[1]) is not None
    return costly or (bool(behind) and min(near, default=_FAR) <= 1)


def _at_the_start(reading: Reading, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a sentence begins so: "what will it cost" asks for an amount whatever else it says."""
    plain = reading.text.plain
    return any(not re.search(r"\w", plain[reading.text.sentence_of(start)[0] : start]) for start, _ in spans)


def type_of(
    reading: Reading, kind: str, columns: Sequence[ColumnProfile], target: ColumnProfile | None
) -> tuple[str, float, str]:
    """(task type, confidence, why)."""
    pictures = kind == "none" or kind in IMAGE_KINDS
    if kind == "grounding" or (pictures and _things_to_find(reading)):
        return "visual_grounding", 0.9, "phrases are to be found in pictures"
    if kind in IMAGE_KINDS:
        return _picture_task(reading, kind, columns, target)
    if kind in ENTITY_KINDS or has_tokens(columns):
        return "token_classification", 0.9, "parts of a text are to be marked"
    if kind in ("series", "forecast") or _is_forecast(reading, columns, target):
        return "forecasting", 0.85, "values after the end of a series are asked for"
    if not columns:
        return _without_data(reading)
    return _column_task(reading, columns, target)


def _things_to_find(reading: Reading) -> bool:
    """Whether things are to be found in pictures; where new ones are to be made, people point at those: "new backdrops,
    so the directors have something to point at"."""
    found = [reading.text.plain[a:b] for a, b in reading.where("tasks", "grounding")]
    drawn = found and all(words.startswith("point") for words in found) and reading.said("tasks", "generation")
    return bool(found) and not drawn


def new_pictures_wished(reading: Reading) -> bool:
    """Whether new pictures are the wish, and not what is to be judged: "recognise the sign in new pictures"."""
    if reading.said("tasks", "sorting"):
        return False
    return any(
        not any(end <= at and not reading.masked[end:at].strip() for _, end in _before(reading, at))
        for at, _ in reading.where("tasks", "new_pictures")
    )


def _before(reading: Reading, at: int) -> list[tuple[int, int]]:
    return reading.where("tasks", "judged_pictures", (max(0, at - _CLOSE), at))


def _picture_task(
    reading: Reading, kind: str, columns: Sequence[ColumnProfile], target: ColumnProfile | None
) -> tuple[str, float, str]:
    labelled = bool(answers_of(kind, columns))
    judged = any(tasks_of(n.name) == ("generation",) for n in find_metrics(reading))  # "FID 60 tops"
    drawn = judged or _generation_said(reading) or _DRAW.search(reading.text.plain) or new_pictures_wished(reading)
    if drawn and not reading.said("tasks", "not_generation"):
        return "image_generation", 0.85, "new pictures are asked for"
    if (
        not labelled
        and kind == "image_set"
        and not _judged_of_pictures(reading, described=any(holds_text(c) for c in columns))
    ):
        return "image_generation", 0.6, "pictures without classes"
    if target is not None and _numeric(target) and target.distinct > 2:
        many = target.distinct > MOST_GRADES and wish_of(reading) == "amount"  # else numbers may be names of classes
        if many or not is_whole(target):
            return "image_regression", 0.85, f"{target.name} is a number with {target.distinct} values"
        if target.name != FOLDERS and target.distinct > FEWEST_COUNTED and _counted(reading, target):
            return "image_regression", 0.8, f"{target.name} says how many, with {target.distinct} values"
    return "image_classification", 0.9, "pictures are to be told apart"


def _generation_said(reading: Reading) -> bool:
    """Whether pictures are to be made; "my mechanics make a photo with the telephone" only tells how they are taken."""
    found = [reading.text.plain[a : reading.text.clause_of(a)[1]] for a, b in reading.where("tasks", "generation")]
    return any(not _TAKES.match(words) for words in found)


_TAKES = re.compile(
    r"(?:makes?|made|create) (?:\w+ )?(?:photos?|pictures?|images?|foto|fotos)\b.*\b(?:with|on|from|by) (?:\w+ )?"
    r"(?:phones?|telephones?|cameras?|mobiles?|smartphones?|tablets?|handy|webcam)\b"
)
"""A photo that is taken."""


def _judged_of_pictures(reading: Reading, described: bool) -> bool:
    """Whether an answer about each of some pictures is asked for, though nothing is told of them: they are to be told
    apart, the answer is a yes or no, one of several or an amount, or a share of it is to be right. Not where more of
    their kind are wished for, or a measure of drawn pictures is named, or words stand beside each (`described`)."""
    if reading.said("tasks", "sorting"):
        return True
    drawn = any(FAMILY_OF_DRAWN in tasks_of(n.name) for n in find_metrics(reading))
    if described or drawn or reading.said("tasks", "more_of_them"):
        return False
    return wish_of(reading) is not None or any(q.kind == "share" and q.value > HALF for q in reading.quantities)


def _counted(reading: Reading, target: ColumnProfile) -> bool:
    """Whether a column of few whole numbers beside pictures holds amounts: the words ask how many, or its name says
    so, and neither speaks of classes."""
    name = " ".join(name_tokens(target.name))
    classes = reading.said("tasks", "as_classes") or matches(lexicon("tasks")["class_names"], name)
    return not classes and bool(reading.said("tasks", "as_number") or matches(lexicon("tasks")["count_names"], name))


def _without_data(reading: Reading) -> tuple[str, float, str]:
    if new_pictures_wished(reading):
        return "image_generation", 0.6, "by the words alone, as there is no data"
    for key, task in (
        ("generation", "image_generation"),
        ("pictures", "image_classification"),
        ("forecast", "forecasting"),
        ("entities", "token_classification"),
        ("texts", "text_classification"),
    ):
        if reading.said("tasks", key):
            return task, 0.6, "by the words alone, as there is no data"
    return (
        ("tabular_regression" if wish_of(reading) == "amount" else "tabular_classification"),
        0.3,
        "by the words alone, as there is no data",
    )


def has_tokens(columns: Sequence[ColumnProfile]) -> bool:
    """Whether a table holds tokens with their tags, one a row or all of a sentence in a cell."""
    names = {" ".join(name_tokens(c.name)) for c in columns}
    if {"tokens", "words"} & names and {"tags", "ner tags", "labels", "bio", "iob"} & names:
        return True
    return bool(names & set(lexicon("tasks")["token_names"])) and any(_is_bio(c) for c in columns)


def _is_bio(column: ColumnProfile) -> bool:
    """Whether values are tags in the manner of B-PER, I-PER and O (Ramshaw and Marcus 1995)."""
    values = [v for v, _ in column.top]
    marked = [v for v in values if re.fullmatch(r"[BIESLU][-_].+|O", v)]
    return len(marked) > 1 and len(marked) >= 0.5 * len(values)


def _is_forecast(reading: Reading, columns: Sequence[ColumnProfile], target: ColumnProfile | None) -> bool:
    in_order = in_order_said(reading, len(columns)) and not of_each_row(reading, columns)
    dated = placed_in_time(columns) or in_order
    number = target is None or (_numeric(target) and target.distinct > 2)
    if dated and target is not None and number and not forecast_said(reading):
        given = [c for c in columns if c.name != target.name and c.meaning not in ("constant", "empty")]
        alone = bool(given) and all(c.meaning == "date" for c in given)  # nothing but time to tell it from
        return alone or _is_to_come(reading, columns) or _little_beside(reading, columns)
    return dated and number and forecast_said(reading) and not _of_one_thing(reading, columns)


def _is_to_come(reading: Reading, columns: Sequence[ColumnProfile]) -> bool:
    """Whether it is asked how many there will be, of rows that are one moment each, and not under which circumstances:
    "how many will sit in our surgery", but not "how many will come on a rainy day"."""
    dates = [c for c in columns if c.meaning == "date"]
    if len(dates) != 1 or dates[0].distinct < max(c.distinct for c in columns) or dates[0].distinct <= MOST_GRADES:
        return False
    asked = [reading.text.sentence_of(a) for a, _ in reading.where("tasks", "to_come")]
    return any(not reading.said("tasks", "under_circumstances", s) for s in asked)


def _little_beside(reading: Reading, columns: Sequence[ColumnProfile]) -> bool:
    """Whether something is to be foretold of rows that are one step of the calendar each, and hardly anything stands
    beside it to tell it from: "predict the landings" of weeks. Not of a moment whose circumstances are told."""
    dates = [c for c in columns if c.meaning == "date"]
    if len(dates) != 1 or len(columns) > NARROW or dates[0].distinct < max(c.distinct for c in columns):
        return False
    named = counts_units(dates) or matches(lexicon("tasks")["year_names"], " ".join(name_tokens(dates[0].name)))
    foretold = reading.said("tasks", "foretold") and not reading.said("tasks", "under_circumstances")
    return dates[0].distinct > MOST_GRADES and bool(named) and foretold


def _of_one_thing(reading: Reading, columns: Sequence[ColumnProfile]) -> bool:
    """Whether "forecast" is said of one thing, as "forecast the price of a car", and no more of time than that; in a
    table with many facts of each thing and few moments."""
    if in_order_said(reading, len(columns)) and len(columns) > NARROW:
        return False
    moments = [c for c in columns if c.meaning == "date" or holds_years(c)]
    rows = max((c.distinct for c in columns), default=0)
    few = all(c.distinct < FEW_MOMENTS * rows for c in moments)
    if len(columns) - len(moments) < MANY_FACTS or not few or horizon_of(reading, hourly=False) is not None:
        return False
    idle = {w for listed in lexicon("generic").values() for w in map(str, listed)} | steps_of_time()
    return any(m["thing"] not in idle for m in _ONE_THING.finditer(reading.text.plain))


def _column_task(
    reading: Reading, columns: Sequence[ColumnProfile], target: ColumnProfile | None
) -> tuple[str, float, str]:
    number, confidence, why = _wants_number(reading, target)
    if number:
        return "tabular_regression", confidence, why
    if _is_text_task(reading, columns, target):
        return "text_classification", confidence, why + "; what is to be judged is text"
    return "tabular_classification", confidence, why


def _wants_number(reading: Reading, target: ColumnProfile | None) -> tuple[bool, float, str]:
    wish = wish_of(reading)
    if target is None:
        return wish == "amount", 0.4, "by the words alone, as the target is not known"
    if target.stats.get("separator"):
        return False, 0.95, f"a row of {target.name} may have several of {target.stats['label_count']} labels"
    if target.meaning not in ("number", "boolean", "category", "target") and not _numeric(target):
        return False, 0.95, f"{target.name} holds {target.distinct} classes"
    if target.distinct <= 2 or not _numeric(target):
        return False, 0.95, f"{target.name} holds {target.distinct} classes"
    if target.distinct > 30 or not is_whole(target):
        return True, 0.95, f"{target.name} is a number with {target.distinct} values"
    return _few_numbers(reading, target, wish)


def _few_numbers(reading: Reading, target: ColumnProfile, wish: str | None) -> tuple[bool, float, str]:
    """Whole numbers with few values: the words decide, then the name."""
    about = f"{target.name} holds {target.distinct} whole numbers"
    classes, values = reading.said("tasks", "as_classes"), reading.said("tasks", "as_number")
    if of_classes(find_metrics(reading), loosely=wish is None and not values):
        return False, 0.8, about + ", and a metric of classes is named"
    if classes != values:
        return values, 0.9, about + (" and the words ask for classes" if classes else " and the words ask for a value")
    if wish in ("choice", "flag"):
        return False, 0.7, about + ", and the words ask which"
    name = " ".join(name_tokens(target.name))
    if matches(lexicon("tasks")["class_names"], name):
        return False, 0.7, about + ", and the name speaks of classes"
    return (
        (True, 0.7, about + ", which have an order") if target.distinct > 4 or wish == "amount" else (False, 0.6, about)
    )


def _numeric(column: ColumnProfile) -> bool:
    if column.meaning == "number" or (column.meaning == "target" and "mean" in column.stats):
        return True
    values = [v for v, _ in column.top]
    return bool(values) and all(is_number(v) for v in values)


def _is_text_task(reading: Reading, columns: Sequence[ColumnProfile], target: ColumnProfile | None) -> bool:
    """Free text carries the question: the words speak of texts, or little else is in the table."""
    texts = [c for c in columns if holds_text(c) and (target is None or c.name != target.name)]
    if not texts:
        return False
    others = [
        c
        for c in columns
        if c not in texts and c.meaning not in ("id", "constant", "empty") and (target is None or c.name != target.name)
    ]
    return len(others) <= 1 or (reading.said("tasks", "texts") and len(others) <= 4)
