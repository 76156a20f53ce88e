"""Follows a function of columns with symbols in place of arrays, and writes down what it computes.

What comes out is a list of steps, each [operation, arguments…] where an argument is the place of an earlier step; the
last one is the result (`export/traced.py` says what each operation means). Whatever looks at other rows, branches on
values or leaves numpy's elementwise functions cannot be followed, and the error says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

MOST_STEPS = 300
NUMBER, TRUTH = "number", "truth"


class CannotFollow(Exception):
    """The function does something that no exported expression can do."""


class Tape:
    """The steps so far. Equal steps are entered once."""

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def step(self, kind: str, *step: Any) -> Symbol:
        if step not in self._known:
            if len(self.steps) >= MOST_STEPS:
                raise CannotFollow(f"the function takes more than {MOST_STEPS} steps")
            self._known[step] = len(self.steps)
            self.steps.append(list(step))
        return Symbol(self, self._known[step], kind)

    def number(self, value: Any) -> Symbol:
        """Any operand as a number: a constant, a number, or a truth as 0 and 1."""
        if isinstance(value, Symbol):
            return value if value.kind == NUMBER else self.step(NUMBER, "number", value.place)
        if isinstance(value, Category):
            raise CannotFollow(f"the column {value.name!r} holds words: compare it with == or np.isin")
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        if isinstance(value, (bool, int, float, np.generic)):
            return self.step(NUMBER, "constant", float(value))
        raise CannotFollow(f"a {type(value).__name__} cannot be combined with a column")

    def truth(self, value: Any) -> Symbol:
        if isinstance(value, Symbol) and value.kind == TRUTH:
            return value
        if isinstance(value, (bool, np.bool_)):
            return self.step(TRUTH, "less", self.number(0.0).place, self.number(float(value)).place)
        return self.step(
            TRUTH, "not", self.step(TRUTH, "equal", self.number(value).place, self.number(0.0).place).place
        )


def _refused(what: str) -> Callable[..., Any]:
    def refuse(self: Any, *_: Any, **__: Any) -> Any:
        raise CannotFollow(what)

    return refuse


class _NoValue:
    """What a symbol cannot do, because it stands for all rows at once."""

    __bool__ = _refused("it branches on the values of a row; use np.where instead of if, and, or, not")
    __float__ = __int__ = __index__ = _refused("it takes single values out of a column; use numpy on the whole column")
    __len__ = __iter__ = __getitem__ = _refused("it looks at single rows; a row may only depend on itself")
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "astype":
            return lambda *_: self
        raise CannotFollow(f".{name} of a column looks at other rows or cannot be exported")


class Symbol(_NoValue):
    """All rows of a number or a truth, not yet known."""

    __array_priority__ = 1000

    def __init__(self, tape: Tape, place: int, kind: str) -> None:
        self.tape, self.place, self.kind = tape, place, kind

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise CannotFollow("it makes an array of single values; use numpy's elementwise functions on the column")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        if method != "__call__" or any(v is not None for k, v in more.items() if k not in ("dtype", "casting")):
            raise CannotFollow(f"np.{ufunc.__name__}.{method} looks at other rows")
        if ufunc.__name__ not in ELEMENTWISE:
            raise CannotFollow(f"np.{ufunc.__name__} cannot be exported")
        return ELEMENTWISE[ufunc.__name__](self.tape, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ not in FUNCTIONS:
            raise CannotFollow(f"np.{function.__name__} looks at other rows or cannot be exported")
        return FUNCTIONS[function.__name__](self.tape, *args, **kwargs)

    def clip(self, *bounds: Any, **more: Any) -> Any:
        return _clip(self.tape, self, *bounds, **more)

    def _with(self, name: str, *operands: Any) -> Any:
        return ELEMENTWISE[name](self.tape, *operands)


_SIGNS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
}  # fmt: skip
_COMPARED = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal",
}  # fmt: skip


def _forward(name: str) -> Callable[..., Any]:
    return lambda self, other: self._with(name, self, other)


def _alone(name: str) -> Callable[..., Any]:
    return lambda self: self._with(name, self)


def _backward(name: str) -> Callable[..., Any]:
    return lambda self, other: self._with(name, other, self)


def _give_signs() -> None:
    """The operators of Python, each as numpy's function of that meaning."""
    for sign, name in _SIGNS.items():
        setattr(Symbol, f"__{sign}__", _forward(name))
        setattr(Symbol, f"__r{sign}__", _backward(name))
    for sign, name in _COMPARED.items():
        setattr(Symbol, f"__{sign}__", _forward(name))
    for sign, name in {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "logical_not"}.items():
        setattr(Symbol, f"__{sign}__", _alone(name))


_give_signs()


class Category(_NoValue):
    """All rows of a column of words. It can be compared with words, and is "" where it is missing."""

    __array_priority__ = 1000

    def __init__(self, tape: Tape, name: str, column: int, levels: Sequence[str]) -> None:
        self.tape, self.name, self.column, self.levels = tape, name, column, list(levels)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise CannotFollow(f"the column {self.name!r} holds words: compare it with == or np.isin")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        if method == "__call__" and ufunc.__name__ in ("equal", "not_equal") and len(inputs) == 2:
            one, other = inputs if inputs[0] is self else inputs[::-1]
            return one == other if ufunc.__name__ == "equal" else one != other
        raise CannotFollow(f"the column {self.name!r} holds words: compare it with == or np.isin")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ not in FUNCTIONS:
            raise CannotFollow(f"np.{function.__name__} cannot be exported for a column of words")
        return FUNCTIONS[function.__name__](self.tape, *args, **kwargs)

    def __eq__(self, word: object) -> Any:
        if not isinstance(word, str):
            raise CannotFollow(f"the column {self.name!r} holds words and is compared with {word!r}")
        if word == "":
            return self.tape.step(TRUTH, "missing", self.column)
        if word not in self.levels:
            return self.tape.truth(False)
        return self.tape.step(TRUTH, "is", self.column, self.levels.index(word))

    def __ne__(self, word: object) -> Any:
        return ~(self == word)


# ------------------------------------------------------------------------------------------------ numpy's functions
def _numbers(operation: str) -> Callable[..., Symbol]:
    return lambda tape, *values: tape.step(NUMBER, operation, *(tape.number(v).place for v in values))


def _comparison(operation: str, *, negated: bool = False, swapped: bool = False) -> Callable[..., Symbol]:
    def compare(tape: Tape, one: Any, other: Any) -> Symbol:
        first, second = (other, one) if swapped else (one, other)
        found = tape.step(TRUTH, operation, tape.number(first).place, tape.number(second).place)
        return tape.step(TRUTH, "not", found.place) if negated else found

    return compare


def _logical(operation: str) -> Callable[..., Symbol]:
    return lambda tape, *values: tape.step(TRUTH, operation, *(tape.truth(v).place for v in values))


def _power(tape: Tape, base: Any, exponent: Any) -> Symbol:
    if isinstance(exponent, (Symbol, Category)):
        return _exp(tape, _multiply(tape, exponent, _log(tape, base)))
    value = float(exponent)
    if value == 0.5:
        return tape.step(NUMBER, "sqrt", tape.number(base).place)
    if value.is_integer() and 1 <= abs(value) <= 4:
        out = tape.number(base)
        for _ in range(int(abs(value)) - 1):
            out = _multiply(tape, out, base)
        return out if value > 0 else _divide(tape, 1.0, out)
    return _exp(tape, _multiply(tape, value, _log(tape, base)))


def _floor_divide(tape: Tape, one: Any, other: Any) -> Symbol:
    return tape.step(NUMBER, "floor", _divide(tape, one, other).place)


def _remainder(tape: Tape, one: Any, other: Any) -> Symbol:
    return _subtract(tape, one, _multiply(tape, _floor_divide(tape, one, other), other))


def _xor(tape: Tape, one: Any, other: Any) -> Symbol:
    either = _logical("or")(tape, one, other)
    both = _logical("and")(tape, one, other)
    return _logical("and")(tape, either, tape.step(TRUTH, "not", both.place))


def _isnan(tape: Tape, value: Any) -> Symbol:
    return tape.step(TRUTH, "isnan", tape.number(value).place)


def _isfinite(tape: Tape, value: Any) -> Symbol:
    return _comparison("less")(tape, _numbers("abs")(tape, value), float("inf"))


def _where(tape: Tape, condition: Any, one: Any, other: Any) -> Symbol:
    places = (tape.truth(condition).place, tape.number(one).place, tape.number(other).place)
    return tape.step(NUMBER, "where", *places)


def _clip(tape: Tape, value: Any, low: Any = None, high: Any = None, **more: Any) -> Symbol:
    low, high = more.get("a_min", more.get("min", low)), more.get("a_max", more.get("max", high))
    out = tape.number(value)
    out = out if low is None else _numbers("max")(tape, out, low)
    return out if high is None else _numbers("min")(tape, out, high)


def _nan_to_num(tape: Tape, value: Any, copy: bool = True, nan: float = 0.0, **_: Any) -> Symbol:
    return _where(tape, _isnan(tape, value), nan, value)


def _isin(tape: Tape, value: Any, words: Any, **_: Any) -> Symbol:
    found = tape.truth(False)
    for word in list(words):
        found = _logical("or")(tape, found, value == word)
    return found


def _select(tape: Tape, conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Symbol:
    out = tape.number(default)
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        out = _where(tape, condition, choice, out)
    return out


def _sign(tape: Tape, value: Any) -> Symbol:
    above, below = (_comparison("less")(tape, *pair) for pair in ((0.0, value), (value, 0.0)))
    return _where(tape, _isnan(tape, value), value, _subtract(tape, above, below))


def _ignoring_nan(operation: str) -> Callable[..., Symbol]:
    """np.fmin and np.fmax: a missing value counts for nothing."""

    def act(tape: Tape, one: Any, other: Any) -> Symbol:
        both = _numbers(operation)(tape, one, other)
        return _where(tape, _isnan(tape, one), other, _where(tape, _isnan(tape, other), one, both))

    return act


_multiply, _divide, _subtract = _numbers("mul"), _numbers("div"), _numbers("sub")
_log, _exp = _numbers("log"), _numbers("exp")

ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    "add": _numbers("add"),
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "mod": _remainder,
    "power": _power,
    "float_power": _power,
    "negative": _numbers("neg"),
    "positive": lambda tape, value: tape.number(value),
    "absolute": _numbers("abs"),
    "fabs": _numbers("abs"),
    "sign": _sign,
    "sqrt": _numbers("sqrt"),
    "square": lambda tape, value: _multiply(tape, value, value),
    "reciprocal": lambda tape, value: _divide(tape, 1.0, value),
    "log": _log,
    "log1p": lambda tape, value: _log(tape, _numbers("add")(tape, value, 1.0)),
    "log2": lambda tape, value: _divide(tape, _log(tape, value), math.log(2.0)),
    "log10": lambda tape, value: _divide(tape, _log(tape, value), math.log(10.0)),
    "exp": _exp,
    "expm1": lambda tape, value: _subtract(tape, _exp(tape, value), 1.0),
    "sin": _numbers("sin"),
    "cos": _numbers("cos"),
    "tanh": _numbers("tanh"),
    "floor": _numbers("floor"),
    "ceil": _numbers("ceil"),
    "rint": _numbers("round"),
    "trunc": lambda tape, value: _where(
        tape, _comparison("less")(tape, value, 0.0), _numbers("ceil")(tape, value), _numbers("floor")(tape, value)
    ),
    "minimum": _numbers("min"),
    "maximum": _numbers("max"),
    "fmin": _ignoring_nan("min"),
    "fmax": _ignoring_nan("max"),
    "less": _comparison("less"),
    "less_equal": _comparison("less_equal"),
    "greater": _comparison("less", swapped=True),
    "greater_equal": _comparison("less_equal", swapped=True),
    "equal": _comparison("equal"),
    "not_equal": _comparison("equal", negated=True),
    "logical_and": _logical("and"),
    "bitwise_and": _logical("and"),
    "logical_or": _logical("or"),
    "bitwise_or": _logical("or"),
    "logical_xor": _xor,
    "bitwise_xor": _xor,
    "logical_not": _logical("not"),
    "invert": _logical("not"),
    "isnan": _isnan,
    "isfinite": _isfinite,
    "hypot": lambda tape, one, other: tape.step(
        NUMBER,
        "sqrt",
        _numbers("add")(tape, _multiply(tape, one, one), _multiply(tape, other, other)).place,
    ),
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "where": _where,
    "clip": _clip,
    "nan_to_num": _nan_to_num,
    "isin": _isin,
    "select": _select,
    "round": lambda tape, value, decimals=0, **_: _divide(
        tape, _numbers("round")(tape, _multiply(tape, value, 10.0**decimals)), 10.0**decimals
    ),
}


def follow(function: Callable[[Mapping[str, Any]], Any], columns: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """The steps of `function` over `columns` [{"name", "levels"}]. Raises CannotFollow, and whatever it raises."""
    tape = Tape()
    symbols: dict[str, Any] = {}
    for j, column in enumerate(columns):
        levels = column.get("levels") or []
        number = tape.step(NUMBER, "column", j) if not levels else None
        symbols[column["name"]] = Category(tape, column["name"], j, levels) if number is None else number
    result = function(symbols)
    if isinstance(result, Category):
        raise CannotFollow("the result is a column of words; a feature is a number")
    if not isinstance(result, Symbol):
        raise CannotFollow("the result does not depend on any column")
    return _needed(tape.steps, tape.number(result).place, tape)


def _needed(steps: list[list[Any]], last: int, tape: Tape) -> list[list[Any]]:
    """The steps that the last one needs, in their order."""
    steps = tape.steps
    wanted, queue = {last}, [last]
    while queue:
        for place in _earlier(steps[queue.pop()]):
            if place not in wanted:
                wanted.add(place)
                queue.append(place)
    places = {old: new for new, old in enumerate(sorted(wanted))}
    out = []
    for old in sorted(wanted):
        operation, *arguments = steps[old]
        out.append([operation, *(arguments if operation in LEAVES else [places[a] for a in arguments])])
    return out


LEAVES = ("column", "constant", "is", "missing")


def _earlier(step: list[Any]) -> list[int]:
    return [] if step[0] in LEAVES else step[1:]
