"""A small formula over named numbers or arrays: whitelisted nodes of a parsed expression, nothing else.

It knows nothing of what the names mean.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = Any
"""A float or a float64 array; all arrays of one evaluation have one shape."""
MOST_POWER = 4


class FormulaError(ValueError):
    """The formula holds something that is not allowed."""


def _divided(top: Value, bottom: Value) -> Value:
    """top / bottom, and 0 where there is nothing to divide by."""
    bottom = np.asarray(bottom, dtype=np.float64)
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom != 0)


_BINARY: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _divided,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Value, Value], Value]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "abs": (1, np.abs),
    "sqrt": (1, np.sqrt),
    "log": (1, np.log),
    "exp": (1, np.exp),
}


class Formula:
    """`names`: the numbers that the formula asks for. Calling it with them gives its value."""

    def __init__(self, text: str) -> None:
        """Raises FormulaError for what is not allowed."""
        self.text = text
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError) as e:
            raise FormulaError(f"cannot read {text!r}: {getattr(e, 'msg', e)}") from e
        names: dict[str, None] = {}
        _walk(self._body, names)
        self.names = tuple(names)

    def __call__(self, values: Mapping[str, Value]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            return np.asarray(_value(self._body, values), dtype=np.float64)


def _walk(node: ast.expr, names: dict[str, None]) -> None:
    """Collects the names; raises FormulaError at the first node that is not allowed."""
    match node:
        case ast.Constant(value=bool()):
            raise FormulaError(f"{ast.unparse(node)!r} is no number")
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name):
            names[name] = None
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _walk(operand, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _walk(left, names)
            _walk(right, names)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))) if 0 < power <= MOST_POWER:
            _walk(left, names)
        case ast.IfExp(test=ast.Compare() as test, body=body, orelse=orelse):
            for part in (test, body, orelse):
                _walk(part, names)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            _walk(left, names)
            _walk(right, names)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            wanted = _FUNCTIONS[name][0]
            if len(arguments) != wanted:
                raise FormulaError(f"{name}() takes {wanted} numbers, got {len(arguments)}")
            for argument in arguments:
                _walk(argument, names)
        case _:
            allowed = f"+ - * /, powers up to {MOST_POWER}, a if b < c else d, {', '.join(_FUNCTIONS)}"
            raise FormulaError(f"{ast.unparse(node)!r} is not allowed; a formula has numbers, names, {allowed}")


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power))):
            return np.power(_value(left, values), power)
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, values), _value(right, values))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return np.where(_value(test, values), _value(body, values), _value(orelse, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _COMPARE[type(op)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name][1](*(_value(a, values) for a in arguments))
    raise FormulaError(ast.unparse(node))
