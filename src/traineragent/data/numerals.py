"""In which format a column writes its numbers: decimal sign, thousands, currency, percent and unit affixes.

It only recognises; `serve.values` parses. It knows nothing of what the numbers mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..domain.data import NumberFormat
from ..serve.values import FLOAT32_MAX, parse_numbers
from .clocks import CLOCKS_TRIED, clock_of
from .wordlists import currency_signs, words_of

LARGEST_EXACT = 2**53
"""Integers beyond this are names of things: a float cannot tell them apart."""

_NUMBER = re.compile(
    r"(?P<before>[-+\u2212(]?\s*(?P<pre>[^\d\s.,()+\-\u2212'<>~=#/*]{1,4}\.?)?\s*[-+\u2212(]?)\s*"
    r"(?P<digits>\d[\d.,'\u2019\u00a0\u202f\u2009 ]*(?:[eE][-+]?\d+)?|[.,]\d+(?:[eE][-+]?\d+)?)"
    r"\s*(?P<post>[^\d\s.,()+\-\u2212'<>~=#*][^\d()<>~=#*,;:]{0,11}?[23]?\.?)?\s*[-)]?"
)
_SPACES = "\u00a0\u202f\u2009 "


@dataclass(frozen=True)
class Numerals:
    """`format` with the value of every distinct text, NaN where the text is not a number in that format."""

    format: NumberFormat
    values: NDArray[np.float64]
    integer: bool


@dataclass(frozen=True)
class _Written:
    digits: str
    affixes: tuple[str, ...]
    weight: int


def read_numerals(texts: Sequence[str], counts: NDArray[np.int64], *, name: str = "", sample: int = 5000) -> Numerals:
    """The format in which most rows of these distinct texts are numbers or durations, and their values.

    The format is inferred from the `sample` most frequent texts; every text is then parsed with it. The column's `name`
    tells hours and minutes from minutes and seconds where the texts leave that open."""
    plain = NumberFormat()
    values = numbers(texts, plain)
    read = int(counts[np.isfinite(values)].sum())
    if read == int(counts.sum()) and not _grouped_by_points(texts):
        return Numerals(plain, values, _all_whole(values))
    order = np.argsort(-counts, kind="stable")[:sample]
    written = [w for i in order if (w := _written(texts[i], int(counts[i]))) is not None]
    guess = NumberFormat(*_separators(written), affixes=_affixes(written))
    if guess != plain:
        other = numbers(texts, guess)
        if int(counts[np.isfinite(other)].sum()) >= read:
            return Numerals(guess, other, _all_whole(other))
    if clock := clock_of([texts[i] for i in order[:CLOCKS_TRIED]], name):
        durations = numbers(texts, NumberFormat(clock=clock))
        if int(counts[np.isfinite(durations)].sum()) > read:
            return Numerals(NumberFormat(clock=clock), durations, _all_whole(durations))
    return Numerals(plain, values, _all_whole(values))


def numbers(texts: Sequence[str], fmt: NumberFormat) -> NDArray[np.float64]:
    """The values of these texts within the range of float32, as served; NaN where not a number. Shape (texts,)."""
    return np.clip(parse_numbers(texts, fmt), -FLOAT32_MAX, FLOAT32_MAX)


def is_code(texts: Sequence[str]) -> bool:
    """Whether digits are names rather than amounts: leading zeros in a fixed width of four or more, or too long for
    a float to hold exactly."""
    digits = [t for t in texts if t.isascii() and t.lstrip("+-").isdigit()]
    if not digits:
        return False
    zeros = [t for t in digits if len(t) >= 4 and t.startswith("0") and t.strip("0")]
    if zeros and len({len(t) for t in digits}) == 1 and len(digits) == len(texts):
        return True
    return any(len(t) > 15 and abs(int(t)) > LARGEST_EXACT for t in digits if len(t) <= 400)


def _written(text: str, weight: int) -> _Written | None:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    pre, post = match["pre"] or "", (match["post"] or "").strip()
    if pre and not _is_currency(pre):
        return None
    return _Written(match["digits"].strip(), tuple(a for a in (pre, post) if a), weight)


def _is_currency(affix: str) -> bool:
    return all(unicodedata.category(c) == "Sc" for c in affix) or affix.casefold() in words_of("currencies")


def _affixes(written: Sequence[_Written]) -> tuple[str, ...]:
    """The unit of the column; none when several units of different size are mixed, for they cannot be compared."""
    rows: Counter[str] = Counter()
    for w in written:
        for affix in w.affixes:
            rows[affix.casefold()] += w.weight
    if not rows:
        return ()
    total, (main, most) = sum(w.weight for w in written), rows.most_common(1)[0]
    with_affix = sum(w.weight for w in written if w.affixes)
    if main in words_of("multipliers") and most < 0.98 * total:
        return ()
    signs = currency_signs()
    kept = {a for a in rows if signs.get(a, a) == signs.get(main, main)}
    if sum(n for a, n in rows.items() if a in kept) < 0.95 * with_affix:
        return ()
    spellings = {a for w in written for a in w.affixes if a.casefold() in kept}
    return tuple(sorted(spellings))


def _separators(written: Sequence[_Written]) -> tuple[str, str]:
    """Decimal and thousands sign, by a vote of the numbers that leave no doubt."""
    decimal: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    doubtful: Counter[str] = Counter()
    for w in written:
        _vote(re.split("[eE]", w.digits)[0], w.weight, decimal, thousands, doubtful)
    for sign, rows in doubtful.items():
        if sign == ".":  # a decimal, unless points group digits elsewhere in the column
            by_points = thousands["."] > 0 or decimal[","] > 0 or _grouped_by_points([w.digits for w in written])
            (thousands if by_points and not decimal["."] else decimal)["."] += rows
        else:
            (decimal if decimal[","] > thousands[","] or thousands["."] else thousands)[","] += rows
    sign = "," if decimal[","] > decimal["."] or (thousands["."] > decimal["."]) else "."
    groups = [g for g, _ in thousands.most_common() if g != sign]
    return sign, groups[0] if groups else ""


def _vote(digits: str, weight: int, decimal: Counter[str], thousands: Counter[str], doubtful: Counter[str]) -> None:
    for c in _SPACES:
        digits = digits.replace(c, " ")
    digits = digits.replace("\u2019", "'")
    signs = [c for c in digits if not c.isdigit()]
    kinds = list(dict.fromkeys(signs))
    if not kinds:
        return
    last = kinds[-1]
    for sign in kinds[:-1]:
        thousands[sign] += weight
    if last in " '" or signs.count(last) > 1:
        thousands[last] += weight
    elif len(kinds) > 1:
        decimal[last] += weight
    else:
        whole, _, tail = digits.partition(last)
        sure = len(tail) != 3 or not whole or len(whole) > 3 or whole.startswith("0")
        (decimal if sure else doubtful)[last] += weight


def _grouped_by_points(texts: Sequence[str]) -> bool:
    """Whether "1.234" means 1234: every point stands before exactly three digits, and small numbers have no point.

    Decimals written by a program keep either a fixed number of places (then none lacks a point) or drop zeros
    (then some have fewer than three)."""
    grouped = plain = 0
    for text in texts:
        t = text.strip().lstrip("+-")
        if re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", t):
            grouped += 1
        elif t.isdigit() and len(t) <= 3:
            plain += 1
        elif any(c.isdigit() for c in t):
            return False
    return grouped >= 5 and plain >= 2


def _all_whole(values: NDArray[np.float64]) -> bool:
    finite = values[np.isfinite(values)]
    return bool(finite.size and np.all(finite == np.floor(finite)))
