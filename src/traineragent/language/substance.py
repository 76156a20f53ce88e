"""Whether a request says anything beyond that something is to be done: "predict it", "please do the machine learning".

Words without substance are a lexicon (`generic`), beside the short words of each language. Knows nothing of targets.
"""

from __future__ import annotations

import re

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .columns import Columns
from .metrics import find_metrics
from .reading import Reading
from .words import WIDE, fold

_OF_SUBJECT = re.compile(
    r"(?<!\w)(?:an?|the|some|eine?n?|une?|una?|uma?|le|la|el|o)\s(?:\w+\s)?(?:models?|modell|modele|modelo|modello|ai|ki|ia|"
    r"systeme?|sistema)\s(?:of|for|about|on|from|von|fur|uber|zu|mit|de|des|du|pour|sur|sobre|para|com|con|dos|das|di|su)\s"
    r"(?:all\s)?(?:our|my|the|these|unsere[nrms]?|meine[nrms]?|die|den|nos|notre|mes|les|nuestr[oa]s?|mis|mi|l[oa]s|nossos?|nossas?|"
    r"meus?|minhas?|os|as|i|le|nostri|miei)\s[^\W\d]+(?!\w)"
)
"""What a model is to be of, which tells nothing of what it is to answer: "a model of our members"."""
WORDS, SIGNS = 2, 4  # with substance, of three letters and more, or of a script without spaces: they say what is asked


def says_nothing(columns: Columns) -> bool:
    """Whether no word tells what is wanted."""
    if columns.mentions or find_metrics(columns.reading):
        return False
    idle = _idle_words()
    about = [m.span() for m in _OF_SUBJECT.finditer(columns.reading.text.plain)]
    told = [(w, a) for w, a, _ in columns.reading.text.tokens if not any(x <= a < y for x, y in about)]
    words = [w for w, _ in told if not w.isdigit()]
    return bool(words or about) and all(w in idle or (len(w) == 1 and w.isascii()) for w in words)


def is_specific(reading: Reading) -> bool:
    """Whether the words say what it is that they ask for, beyond asking and beyond how well it is to be done: "will the
    home team win, lose or draw"."""
    plain = reading.masked
    for start, end in (*reading.where("wishes", "goal"), *(n.span for n in find_metrics(reading))):
        plain = plain[:start] + " " * (end - start) + plain[end:]
    if wide := re.findall(f"[{WIDE}]", plain):
        return len(wide) >= SIGNS
    return len(set(re.findall(r"\w{3,}", plain)) - _idle_words()) >= WORDS


@once_per_overlay
def _idle_words() -> frozenset[str]:
    books = [*lexicon("generic").values(), *lexicon("languages").values()]
    return frozenset(fold(str(w)) for book in books for w in book)
