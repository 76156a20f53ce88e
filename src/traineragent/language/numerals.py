"""Numbers as people write them: digits with either separator, words of a dozen languages, glued and broken numerals.

Says what a number is worth and where it ends. Knows nothing of units or of what is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..knowledge.lexicons import lexicon
from .words import INDIC, WIDE, fold

COMMA_LANGUAGES = frozenset({"de", "fr", "es", "pt", "it"})
_GROUPED = r"\d{1,3}(?:[ ,.'’]\d{3})+(?:[.,]\d+)?(?!\d)"
_OF_A_NAME = r"(?<![\w.,@^])(?!(?<=\bf[ -])[12](?![\d.,]))"  # "F-1" and "R^2" count nothing
_DIGITS = rf"{_OF_A_NAME}(?:(?<=\s)[+-]|^[+-])?(?:{_GROUPED}|\d+(?:[.,]\d+)?|[.,]\d+)(?:e-?\d+)?"
_WIDE_DIGITS = rf"(?<=[{WIDE}])\d+(?:[.,]\d+)?"
_HAN = "〇零一二两兩三四五六七八九十百千万萬半点"
HAN_VALUE = dict(zip("〇零一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_TIMES = {"十": 10, "百": 100, "千": 1000, "万": 10000, "萬": 10000}
_NOUN = 6  # signs of what is counted, where words are not parted
_OF_PARTS = re.compile(rf"(?P<whole>[{_HAN}]+|\d+)分[之の](?P<part>[{_HAN}]+|\d+(?:\.\d+)?)")
""" "千分之二": two of a thousand parts."""
_HALF_MORE = re.compile(r"个半(?=小时|钟头|月|星期)|个(?=半?(?:小时|钟头|星期|季度|工作日))")
_FRACTION = re.compile(r"/(?P<over>\d{1,4})(?![\d/.])(?P<th>ths?\b)?")
_SCALES = re.compile(
    r"\s?(k|thousand|tausend|tsd|mille?|mil|grand|million|millionen|millones|millions|milhoes|mio|lakh|hazaar|crore|लाख|"
    r"करोड़|हज़ार|हजार)(?![\w/])|\s?([万千萬만])"
)
_OF_TIME = (
    r"(?:day|week|month|year|hour|minute|second|night|of\b|row|frame|line|tag|nacht|woche|monat|jahr|stunde|sekunde|zeile|"
    r"des\b|im\b)"
)
"""What stands behind an ordinal that counts on: "every 15th minute", "every 3rd of the month"."""
_POINT = re.compile(r"(?:^|[^\w\s]|\b(?:of|at|than|over|under|above|below|least|most)\b)\s*point\s$")
_OF_SCALE = re.compile(r"\s+(?:(?:de|di|of)\s+)?(?:an?\s+|un\s+|um\s+)?")


class Numerals:
    """The number words of some languages, compiled; `pattern` finds where a number begins."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        numbers = lexicon("numbers")
        books = [numbers[x] for x in ("any", *languages) if x in numbers]
        self.comma = languages[:1] != () and languages[0] in COMMA_LANGUAGES
        self.values: dict[str, float] = {}
        self.times: dict[str, float] = {}
        self.parts: dict[str, float] = {}
        self.offsets: dict[str, float] = {}
        self.every: dict[str, float] = {}
        own = {str(w) for w in lexicon("languages").get(languages[0] if languages else "", ())}
        for book in reversed(books):
            main = languages and book is numbers.get(languages[0])
            values = _numbers(book, "values")  # "dos" is no two in Portuguese, where it is a short word
            self.values |= values if main else {word: x for word, x in values.items() if word not in own}
            self.times |= _numbers(book, "times")
            self.parts |= _numbers(book, "parts")
            self.offsets |= _numbers(book, "offsets")
            self.every |= _ordinals(book)
        self.articles = frozenset(w for book in books for w in book.get("articles", ()))
        self.joiners = frozenset(w for book in books for w in book.get("joiners", ()))
        self.joined_from = min((float(b["joined_from"]) for b in books if "joined_from" in b), default=100.0)
        self.out_of = _before(w for book in books for w in book.get("out_of", ()))
        self.among = _before(w for book in books for w in book.get("among", ()))
        self.out_of_after = _behind(w for book in books for w in book.get("out_of_after", ()))
        self.verbs = frozenset(fold(w) for book in books for w in book.get("verbs", ()))
        worded = alternatives(w for book in books for w in book.get("words", ()))
        self._worded = re.compile(worded) if worded else None
        self.of_a_year = frozenset(w for book in books for w in book.get("of_a_year", ()))
        spans = [w for book in books for w in book.get("of_a_year_behind", ())]
        self.spans = re.compile(rf"(?<!\w)(?:{alternatives(spans)})\s+$") if spans else None
        counters = "".join(w for book in books for w in book.get("counters", ()))
        self.counted = re.compile(f"[{counters}]") if counters else None
        halves = [w for book in books for w in book.get("halves", ())]
        self._halves = re.compile(
            rf"\s+(?:{alternatives(halves)})(?!\w)|半(?!年|天|小时|个)" if halves else "半(?!年|天|小时|个)"
        )
        self._glued = next((_Glued(book) for book in books if "glued" in book), None)
        openers = {str(w) for book in books for w in book.get("every", {}).get("opens", ())}
        self._nth = re.compile(
            rf"(?<!\w)(?:{alternatives(openers)})\s+(?P<nth>\d{{1,5}})(?:\.|\.?(?:st|nd|rd|th|te[rnsm]?|ste[rnsm]?))(?=\s+(?!{_OF_TIME})[^\W\d])"
        )
        self._compile()

    def _compile(self) -> None:
        names = [*self.values, *self.times, *self.parts, *self.articles, *self.offsets]
        glued = f"|{self._glued.expression}" if self._glued else ""
        word = rf"(?<!\w)(?:(?:{alternatives(names)})(?!\w){glued})"
        nth = f"|{self._nth.pattern}" if self.every else ""
        every = rf"|(?<!\w)(?:{alternatives(self.every)})(?!\w)(?=\s+[^\W\d])" if self.every else ""
        self.pattern = re.compile(
            rf"{_OF_PARTS.pattern}{nth}{every}|{_DIGITS}|{_WIDE_DIGITS}|{word}|[{_HAN}]+|(?<=[€$£¥])\d+(?:[.,]\d+)?"
        )
        self._word = re.compile(rf"[\s-]*(?P<w>(?:{alternatives(names)})(?!\w){glued})")

    def value(self, plain: str, match: re.Match[str]) -> tuple[float, int, str]:
        """(value, end, how) of the number at `match`; how: "digits", "words", "article", "part", "han", "every" for
        one in so many, "of_parts" for a fraction written after its whole."""
        text = match.group()
        if "whole" in match.re.groupindex and match["whole"]:
            whole = self._plain_value(match["whole"])
            return (self._plain_value(match["part"]) / whole if whole else 0.0), match.end(), "of_parts"
        if (share := self.every.get(_spaced(text))) is not None:
            return share, match.end(), "every"
        if "nth" in match.re.groupindex and match["nth"] and int(match["nth"]) > 1:
            return 1 / int(match["nth"]), match.end(), "every"
        if text in self.parts and text[0] in f"{_HAN}半":
            return self.parts[text], match.end(), "part"
        if text[0] in _HAN:
            return self._with_half(plain, _han(text), match.end(), "han")
        if text[-1].isdigit():
            return self._with_half(plain, *self._digits(plain, text, match.end()))
        value, end, how = self._words(plain, match)
        if how == "words" and 0 < value < 10 and _POINT.search(plain[: match.start()]):
            value /= 10  # "an AUC of point eight"
        return self._with_half(plain, value, end, how)

    def in_a_word(self, plain: str, start: int, end: int) -> bool:
        """Whether a numeral is part of a word that counts nothing: the first sign of "一律"."""
        found = self._worded.finditer(plain, max(0, start - _NOUN), end + _NOUN) if self._worded else ()
        return any(m.start() <= start and end <= m.end() for m in found)

    def half(self, plain: str, end: int) -> int | None:
        """Where "and a half" ends that stands at `end`."""
        found = self._halves.match(plain, end)
        return found.end() if found else None

    def _with_half(self, plain: str, value: float, end: int, how: str) -> tuple[float, int, str]:
        if how in ("han", "digits") and (measure := _HALF_MORE.match(plain, end)):
            return value + 0.5 * measure.group().endswith("半"), measure.end(), how
        found = self.half(plain, end) if how in ("words", "digits") else None
        return (value + 0.5, found, how) if found and plain[end] != "半" else (value, end, how)

    def _plain_value(self, text: str) -> float:
        return _han(text) if text[0] in _HAN else float(text)

    def _digits(self, plain: str, text: str, end: int) -> tuple[float, int, str]:
        value = decimal(text, self.comma)
        if (over := _FRACTION.match(plain, end)) and text.isdigit() and 0 < value < int(over["over"]):
            if over["th"]:  # "9/10ths of the variance"
                return value / int(over["over"]), over.end(), "part"
            if _TIME_UNIT.match(plain, over.end()):  # "1/20 s"
                return value / int(over["over"]), over.end(), "digits"
        if times := _SCALES.match(plain, end):
            word = times[1] or times[2]
            factor = {"万": 1e4, "萬": 1e4, "만": 1e4, "千": 1e3}.get(word) or self.times.get(word, 1000.0)
            return value * factor, times.end(), "digits"
        return value, end, "digits"

    def _of_a_year(self, plain: str, word: str, start: int) -> bool:
        """Whether parts are of a year and counted: "the next four quarters" are no share of anything."""
        return word in self.of_a_year and self.spans is not None and self.spans.search(plain, 0, start) is not None

    def _words(self, plain: str, match: re.Match[str]) -> tuple[float, int, str]:
        """Adds up a run of number words: "two hundred and fifty" is 250; "a" alone counts nothing."""
        total = current = offset = 0.0
        end, kind, seen = match.start(), "", 0
        at = match
        while True:
            word = _spaced(at.group("w") if "w" in at.re.groupindex else at.group())
            if current > 1 and self._of_a_year(plain, word, match.start()):
                break
            if word in self.parts and not (word in self.values and kind != "article"):
                return self._part(plain, (current or 1.0) * self.parts[word] + total, at.end())
            value = self.values.get(word) if word in self.values else (self._glued.value(word) if self._glued else None)
            if word in self.offsets:
                offset, kind = self.offsets[word], "offset"
            elif word in self.times:
                current, offset = (max(current, 1.0) + offset) * self.times[word], 0.0
                if self.times[word] >= 1000:
                    total, current = total + current, 0.0
                kind = "words"
            elif value is not None and not (word in self.articles and kind == ""):
                teens_of_french = current in (60, 80) and value < 20
                if seen and value >= 10 and 0 < current < 100 and not teens_of_french:
                    break
                current, kind = current + value, "words"
            elif word in self.articles and kind == "":
                current, kind = 1.0, "article"
            else:
                break
            seen, end = seen + 1, at.end()
            following = self._word.match(plain, end) or self._after_joiner(plain, end, kind, current or total)
            if following is None:
                break
            if kind == "article" and _spaced(following["w"]) not in {*self.times, *self.parts}:
                break
            at = following
        if kind == "offset":  # "सवा घंटे" is an hour and a quarter
            return 1.0 + offset, end, "words"
        if not kind:  # a word that only looks like a numeral
            return float("nan"), match.end(), "words"
        return total + current + offset, end, kind

    def _part(self, plain: str, value: float, end: int) -> tuple[float, int, str]:
        """ "half a million" is a number; a fraction alone stays one."""
        gap = _OF_SCALE.match(plain, end)
        scale = self._word.match(plain, gap.end()) if gap else None
        if scale and (times := self.times.get(_spaced(scale["w"]), 0.0)) >= 12:
            return value * times, scale.end(), "words"
        return value, end, "part"

    def _after_joiner(self, plain: str, end: int, kind: str, so_far: float) -> re.Match[str] | None:
        """The small number behind "and" that adds to a large one: "treinta y cinco", "two hundred and fifty"."""
        joiner = re.compile(rf"\s(?:{alternatives(self.joiners)})(?=\s)").match(plain, end) if self.joiners else None
        if joiner is None or kind != "words" or so_far < self.joined_from:
            return None
        following = self._word.match(plain, joiner.end())
        value = self.values.get(_spaced(following["w"])) if following else None
        return following if value is not None and 0 < value < (100 if so_far >= 100 else 10) else None


_TIME_UNIT = re.compile(r"\s*(?:ms|s|sec|secs|seconds?|sekunden?|secondes?|segundos?|min|minutes?|h|hours?)(?!\w)")


class _Glued:
    """Numerals written as one word: "zweihundertfunfundzwanzig", "dreieinhalb"."""

    def __init__(self, book: Mapping[str, Any]) -> None:
        self.joiner, self.hundred, self.thousand, self.half = (str(w) for w in book["glued"])
        self.values = {str(k): float(v) for k, v in book["values"].items() if 1 <= float(v) < 100 and float(v) % 1 == 0}
        for inflected in {"eins", *book.get("articles", ())} - {"ein"}:
            self.values.pop(inflected, None)
        names = sorted([*self.values, self.hundred, self.thousand], key=lambda w: (-len(w), w))
        pieces = "|".join(names)
        self._piece = re.compile(rf"{self.half}$|{self.joiner}|{pieces}")
        self.expression = rf"(?:{pieces})(?:{self.joiner}|{pieces})*(?:{self.half})?(?!\w)"

    def value(self, word: str) -> float | None:
        total = current = 0.0
        at = 0
        while piece := self._piece.match(word, at):
            text, at = piece.group(), piece.end()
            if text == self.half:
                current += 0.5
            elif text == self.hundred:
                current = max(current, 1.0) * 100
            elif text == self.thousand:
                total, current = total + max(current, 1.0) * 1000, 0.0
            else:
                current += self.values.get(text, 0.0)
        return total + current if at == len(word) and at else None


def alternatives(words: Iterable[str]) -> str:
    """The words as a regular expression, the longest first; a space is any space or hyphen."""
    return "|".join(re.escape(w).replace(r"\ ", r"[\s-]+") for w in sorted(set(words), key=lambda w: (-len(w), w)))


def _numbers(book: Mapping[str, Any], key: str) -> dict[str, float]:
    return {fold(str(k)): float(v) for k, v in book.get(key, {}).items()}


def _ordinals(book: Mapping[str, Any]) -> dict[str, float]:
    """ "every fifth" -> 0.2."""
    table = dict(book.get("every", {}))
    opens = table.pop("opens", ())
    out = {f"{first} {word}": float(v) for first in opens for word, v in table.items()}
    out.pop("each other", None)  # one another
    return out


def _before(words: Iterable[str]) -> re.Pattern[str] | None:
    said = tuple(words)
    wide = [w for w in said if re.search(f"[{WIDE}]", w)]
    plain = [w for w in said if w not in wide]
    bodies = [rf"(?<!\w)(?:{alternatives(plain)})\s(?:(?:the|den|les|los|as|os)\s)?"] if plain else []
    bodies += [alternatives(wide)] if wide else []
    return re.compile(f"(?:{'|'.join(bodies)})$") if bodies else None


def _behind(words: Iterable[str]) -> re.Pattern[str] | None:
    words = tuple(words)
    body = alternatives(fold(w) for w in words)
    counted = rf"(?:\s*|[{WIDE}]{{0,{_NOUN}}}?)"  # "十头病猪里" counts pigs
    several = alternatives(fold(w) for w in words if " " in w)
    counted += rf"(?:{body})(?![a-z])" + (rf"|(?:\s(?:[^\W\d]|[{INDIC}])+){{1,2}}?\s(?:{several})" if several else "")
    return re.compile(counted) if body else None


def _spaced(text: str) -> str:
    return re.sub(r"[\s-]+", " ", text)


def _han(text: str) -> float:
    """Chinese and Japanese numerals: 九十五 -> 95, 二十 -> 20, 半 -> 0.5, 零点九 -> 0.9."""
    if text == "半":
        return 0.5
    if "点" in text:
        whole, _, part = text.partition("点")
        digits = "".join(str(HAN_VALUE[c]) for c in part if c in HAN_VALUE)
        return (_han(whole) if whole else 0.0) + (float("0." + digits) if digits else 0.0)
    total = current = 0.0
    for char in text:
        if char in HAN_VALUE:
            said = HAN_VALUE[char]
            current = current * 10 + said if current and "十" not in text and "百" not in text else said
        elif char in ("万", "萬"):
            total, current = (total + current or 1.0) * 10000, 0.0
        elif char in _HAN_TIMES:
            total, current = total + (current or 1.0) * _HAN_TIMES[char], 0.0
        elif char == "半":
            current += 0.5
    if len(text) > 2 and text[-1] in HAN_VALUE and text[-2] in "百千万萬" and "零" not in text and current < 10:
        current *= (_HAN_TIMES.get(text[-2]) or 10000) / 10  # "一万五" is 15,000
    return total + current


def decimal(text: str, comma: bool) -> float:
    """Reads digits with either separator. A lone "1.000" or "1,000" is a thousand where that mark groups."""
    text = text.replace("'", "").replace("’", "").replace(" ", "")
    if "." in text and "," in text:
        last = max(text.rfind("."), text.rfind(","))
        return float(re.sub(r"[.,]", "", text[:last]) + "." + text[last + 1 :])
    for sign in ".,":
        if text.count(sign) > 1:
            return float(text.replace(sign, ""))
    if found := re.fullmatch(r"([+-]?[1-9]\d{0,2})([.,])(\d{3})", text):
        groups = found[2] == "." if comma else found[2] == ","
        return float(found[1] + found[3]) if groups else float(f"{found[1]}.{found[3]}")
    return float(text.replace(",", "."))
