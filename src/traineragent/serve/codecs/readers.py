"""Readers of one column each: a raw value in, the column's features out. Knows nothing of rows, frames or requests.

A reader returns NaN for a missing value and raises `Unreadable` for one that has no meaning in its column.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from datetime import date, datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...domain.data import Column
from ..values import (
    as_text,
    clip32,
    date_part,
    is_null,
    missing_words,
    naive,
    number_key,
    number_reader,
    parse_date,
    terms,
    tokens,
)

NAN = math.nan


class Unreadable(Exception):
    """A value has no meaning in its column. `expected` and `fix` end up in the answer to the client."""

    def __init__(self, expected: str, fix: str) -> None:
        super().__init__(expected)
        self.expected, self.fix = expected, fix


class UnexpectedlyMissing(Exception):
    """No value where training always had one."""


class ScalarReader(Protocol):
    """Reads a column that becomes one feature."""

    def read(self, value: Any) -> float: ...


class NumberReader:
    """Numbers: JSON numbers and booleans, and text in the column's declared format."""

    def __init__(self, column: Column) -> None:
        self._parse = number_reader(column.number)
        self._missing = missing_words(column.missing)
        example = column.example if isinstance(column.example, (int, float)) else 12.5
        self._unreadable = Unreadable("number", f"send a JSON number such as {example}, or null if it is not known")

    def read(self, value: Any) -> float:
        if isinstance(value, (int, float)):
            return self._number(value)
        if isinstance(value, str):
            parsed = self._parse(value)
            if parsed is not None:
                return clip32(parsed)
            if value.strip().casefold() in self._missing:
                return NAN
            raise self._unreadable
        if is_null(value):
            return NAN
        if isinstance(value, (np.number, np.bool_)):
            return self._number(value.item())
        raise self._unreadable

    def _number(self, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:  # an int beyond 1e308
            return clip32(math.inf if value > 0 else -math.inf)
        if math.isinf(number):
            raise self._unreadable
        return clip32(number)


class Codes(dict[Any, float]):
    """Value -> feature, as one dictionary look-up; what is not in it is worked out, and never remembered."""

    def __init__(self, reader: ScalarReader, nullable: bool) -> None:
        super().__init__()
        self._reader, self._nullable = reader, nullable
        if nullable:
            self[None] = NAN

    def __missing__(self, value: Any) -> float:
        code = self._reader.read(value)
        if code != code and not self._nullable:
            raise UnexpectedlyMissing
        return code


class CategoryReader:
    """Categories by their exact text, then stripped, then by the number they stand for: 1, 1.0, "1" and "01"."""

    def __init__(self, column: Column) -> None:
        self._other = float(len(column.categories))
        self._missing = missing_words(column.missing)
        self._texts = {text: float(i) for i, text in reversed(list(enumerate(column.categories)))}
        self._numbers = {**self._booleans(), **self._number_keys(column)}
        self.codes = Codes(self, column.nullable)
        self.codes.update(self._numbers)
        self.codes.update(self._texts)

    def _number_keys(self, column: Column) -> dict[int | float, float]:
        """Where two categories stand for one number ("1" and "01"), the one written plainly has it."""
        keys: dict[int | float, float] = {}
        for i, text in enumerate(column.categories):
            key = number_key(text)
            if key is not None and (key not in keys or text == as_text(key)):
                keys[key] = float(i)
        return keys

    def _booleans(self) -> dict[int | float, float]:
        """JSON true and false, where a category spells them. To Python they are the keys 1 and 0."""
        spelt = ((1, ("True", "true", "TRUE")), (0, ("False", "false", "FALSE")))
        return {key: self._texts[s] for key, words in spelt for s in reversed(words) if s in self._texts}

    def read(self, value: Any) -> float:
        if isinstance(value, str):
            return self._read_text(value)
        if is_null(value):
            return NAN
        if isinstance(value, (int, float, np.number, np.bool_)):
            return self._numbers.get(value.item() if isinstance(value, np.generic) else value, self._other)
        if isinstance(value, (list, dict, set, tuple)):
            raise Unreadable("text or a number", "send one plain value, not a list or an object")
        return self._read_text(str(value))

    def _read_text(self, text: str) -> float:
        code = self._texts.get(text)
        if code is None:
            stripped = text.strip()
            code = self._texts.get(stripped)
            if code is None:
                if stripped.casefold() in self._missing:
                    return NAN
                key = number_key(stripped) if self._numbers else None
                code = self._other if key is None else self._numbers.get(key, self._other)
        return code


class BooleanReader:
    """Yes and no in the words of the column; also JSON true, false, 1 and 0."""

    def __init__(self, column: Column) -> None:
        self._missing = missing_words(column.missing)
        words = {w.strip().casefold(): 1.0 for w in column.true_words}
        words.update({w.strip().casefold(): 0.0 for w in column.false_words})
        self._words = words
        numbers = {k: code for w, code in words.items() if (k := number_key(w)) is not None}
        self._numbers: dict[int | float, float] = numbers or {1: 1.0, 0: 0.0}
        self.codes = Codes(self, column.nullable)
        self.codes.update(self._numbers)
        self.codes.update({w: words[w.strip().casefold()] for w in (*column.true_words, *column.false_words)})
        shown = ", ".join(f'"{w}"' for w in (*column.true_words[:2], *column.false_words[:2]))
        self._unreadable = Unreadable("boolean", "send true or false" + (f", or one of {shown}" if shown else ""))

    def read(self, value: Any) -> float:
        if isinstance(value, str):
            return self._read_text(value.strip().casefold())
        if is_null(value):
            return NAN
        if isinstance(value, (bool, np.bool_)):
            return self._numbers.get(bool(value), float(value))
        if isinstance(value, (int, float, np.number)):
            return self._known(value.item() if isinstance(value, np.number) else value)
        raise self._unreadable

    def _known(self, number: int | float | None) -> float:
        if number is None or number not in self._numbers:
            raise self._unreadable
        return self._numbers[number]

    def _read_text(self, word: str) -> float:
        if word in self._words:
            return self._words[word]
        if word in self._missing:
            return NAN
        if word in ("true", "false"):
            return self.read(word == "true")
        return self._known(number_key(word))


class WideReader(ABC):
    """Reads a column that becomes several features, into a row of the matrix."""

    def __init__(self, column: Column) -> None:
        self.width = len(column.features)

    @abstractmethod
    def fill(self, row: NDArray[np.float32], value: Any) -> bool:
        """Writes the features of `value` into `row` (width,), all zeros before. False: there was no value."""


class DateReader(WideReader):
    """Dates in the declared formats or in ISO 8601 as calendar parts; a number is read as its digits, or as an epoch if
    declared."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._column = column
        self._formats = _with_iso(column.date_formats)
        self._missing = missing_words(column.missing)
        self._origin = naive(datetime.fromisoformat(column.date_origin))
        example = column.example if isinstance(column.example, str) else "2024-01-31"
        self._unreadable = Unreadable("date", f"write it like {example}")

    def read(self, value: Any) -> datetime | None:
        if is_null(value):
            return None
        if isinstance(value, datetime):
            return naive(datetime.combine(value.date(), value.timetz()))  # a plain datetime, whatever the subclass
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)
        if isinstance(value, bool) or not isinstance(value, (str, int, float, np.number)):
            raise self._unreadable
        text = as_text(value.item() if isinstance(value, np.number) else value)
        moment = parse_date(text, self._formats)
        if moment is None and text.strip().casefold() not in self._missing:
            raise self._unreadable
        return moment

    def fill(self, row: NDArray[np.float32], value: Any) -> bool:
        moment = self.read(value)
        if moment is None:
            row[:] = NAN
            return False
        row[:] = [date_part(moment, part, self._origin) for part in self._column.date_parts]
        return True


def _with_iso(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The declared formats, then what programs send: no order of day and month can be meant by 2024-01-31, unless
    the column itself is written in the other one."""
    if "iso" in formats or any(f.startswith(("%Y-%d", "%Y-%e")) for f in formats):
        return formats
    return (*formats, "iso")


class TextReader(WideReader):
    """Free text as its length, its word count and how often each known word or pair occurs; no text is empty text."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._places = {word: 2 + i for i, word in enumerate(column.words)}
        self._split = terms if any(" " in w for w in column.words) else tokens

    def fill(self, row: NDArray[np.float32], value: Any) -> bool:
        if is_null(value):
            return False
        if not isinstance(value, (str, int, float, np.generic)):
            raise Unreadable("text", "send one string")
        text = as_text(value.item() if isinstance(value, np.generic) else value).strip()
        found = self._split(text)
        words = len(found) if self._split is tokens else (len(found) + 1) // 2
        row[0], row[1] = len(text), words
        place = self._places.get
        for term in found:
            at = place(term)
            if at is not None:
                row[at] += 1
        return bool(text)


def scalar_reader(column: Column) -> NumberReader | CategoryReader | BooleanReader:
    """The reader of a column that becomes one feature."""
    if column.kind == "number":
        return NumberReader(column)
    return CategoryReader(column) if column.kind == "category" else BooleanReader(column)


def wide_reader(column: Column) -> DateReader | TextReader:
    """The reader of a date or text column."""
    return DateReader(column) if column.kind == "date" else TextReader(column)
