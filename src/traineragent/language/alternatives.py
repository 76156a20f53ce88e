"""Values of columns in the words of a request: named, told apart, or standing for the sides of an alternative.

Knows nothing of what a column is for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.data import ColumnProfile
from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .reading import Reading
from .words import WIDE, fold, name_tokens, stem

_OR = r"(?:\b(?:or|vs|versus|from|oder|ou|o|ya)\b|/|还是|或|か|または|또는|या)"
_ALTERNATIVE = re.compile(
    rf"(?P<a>[^\W\d]+?)\s*{_OR}\s*"
    r"(?:(?:a|an|the|eine?|une?|una|die|der|das)\s+)?(?P<b>[^\W\d]+)"
)
"""Two words that are told apart: "men or women", "spam from ham", "day/night"."""


_LISTED = re.compile(r"(?:,\s*(?:(?:or|oder|ou|o|u|ya)\s)?|\s(?:or|oder|ou|o|u|ya)\s|还是|、)")
_ENDS = re.compile(r"(?:,|\s)\s*(?:or|oder|ou|o|u|ya)\s[^,]+$|还是")
"""How the last of several that are told apart is joined to the others."""
_ASKED_LIST = re.compile(
    r":\s(?P<list>(?:[^\W\d]+(?:\s[^\W\d]+){0,2},\s){2,7}(?:(?:or|and|oder|und|ou|et|o|y|e)\s)?[^\W\d]+(?:\s[^\W\d]+){0,2})"
    r"\s*(?:\?|(?<=other)|(?<=others)|(?<=the rest)|(?<=else)|(?<=sonstige)|(?<=sonstiges)|(?<=anderes)|"
    r"(?<=autre)|(?<=otro)|(?<=outro))\s*[.?!;]?\s*$"
)
"""A question that lists its answers: "what do they want: a swap, a bill, roaming, other?"."""
FEWEST_LISTED, MOST_LISTED, MOST_WORDS = 3, 8, 5


_COMES_TO = (
    r"\b(?:will|would|gets?|going to|become|becomes|turns? out|wird|werden|sera|seront|sera[n]?|serao)\s"
    r"(?:(?!not\b|or\b|and\b)[^\W\d]+\s){0,4}?(?:(?:be|get|become|turn out)\s)?"
)
"""What stands before what becomes of something, a few words before it."""


_IS_SO = (
    r"\b(?:whether|if|ob|si|se)\s(?:[^\W\d]+\s){1,4}?(?:is|are|was|were|ist|sind|war|est|sont|etait|es|esta|estan|son|e|sao|estao)\s"
    r"(?:(?:already|really|still|schon|wirklich|deja|vraiment|ya|ja)\s)?"
)
"""The same of what is so already."""


def listed(reading: Reading) -> int:
    """How many things a sentence tells apart, as a list that ends in "or": "calm, restless, or gone"; else 0."""
    for start, end in reading.text.sentences:
        said = reading.text.plain[start:end].strip(" .?!;\n")
        parts = _LISTED.split(said.split(": ")[-1])
        short = all(len(part.split()) <= MOST_WORDS for part in parts)
        if _ENDS.search(said) and short and FEWEST_LISTED <= len(parts) <= MOST_LISTED:
            return len(parts)
        if behind := _ASKED_LIST.search(reading.text.plain[start:end]):
            return behind["list"].count(",") + 1
    return 0


def told_apart(said: Sequence[str], plain: str) -> tuple[str, str] | None:
    """Two values said as an alternative, with a word or two between: "cash or credit card", "toast or a real fire"."""
    for one in said:
        for other in said:
            first, second = (re.escape(fold(v).strip(" .<>=").replace("_", " ")) for v in (one, other))
            between = rf"(?:\s+\w+)?\s*{_OR}\s*(?:\w+\s+){{0,2}}?"
            pair = rf"(?<!\w){first}\w{{0,3}}{between}{second}\w{{0,3}}(?!\w)(?!{_GOES_ON})"
            if one != other and re.search(pair, plain):
                return one, other
    return None


_GOES_ON = r"\s(?:will|would|can|could|should|needs?|has|have|gets?|might|may|wird|hat|braucht)\b"
"""Behind two who are asked about, and not told apart: "dog or cat will need an operation?"."""


def opposed(column: ColumnProfile, reading: Reading) -> tuple[str, str] | None:
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


def says(plain: str, value: str) -> bool:
    """Whether the folded text names this value, in whatever ending."""
    word = fold(value).strip(" .<>=").replace("_", " ")
    if not word:
        return False
    if re.search(rf"[{WIDE}]", word):
        return word in plain
    root = re.sub(r"[aeo]s?$", "", stem(word))  # "positivo" is also "positivas"
    root = root if len(root) > 4 else stem(word)
    base = re.escape(root) + r"\w{0,3}" if len(word) > 4 and word.isalpha() else re.escape(word)
    return bool(re.search(rf"(?<!\w){base}(?!\w)", plain))


def becomes(plain: str, value: str) -> bool:
    """Whether a question asks if something will be so, or is: "will the match be called off", "if it is faulty"."""
    words = r"[\W_]+".join(map(re.escape, name_tokens(value)))
    return bool(words) and re.search(rf"(?:{_COMES_TO}|{_IS_SO}){words}(?!\w)", plain) is not None
