"""The small language of `when:` and `$` arguments in SOPs: comparisons and arithmetic over named facts.

An expression is parsed with `ast` and only whitelisted nodes are evaluated; there are no calls but min, max, len,
round and abs, no indexing and no attributes but those of the loop variable. An unknown fact is an error.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any


class ExpressionError(ValueError):
    """The expression uses something that is not allowed, or a fact that does not exist."""


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "len": len, "round": round, "abs": abs}


def evaluate(text: str, facts: Mapping[str, Any]) -> Any:
    """The value of `text` over `facts`. Raises ExpressionError with the offending part."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as e:
        raise ExpressionError(f"cannot read {text!r}: {e.msg}") from e
    try:
        return _value(tree.body, facts)
    except (TypeError, ZeroDivisionError, ValueError) as e:
        if isinstance(e, ExpressionError):
            raise
        raise ExpressionError(f"{text!r} cannot be computed: {e}") from e


def _value(node: ast.expr, facts: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            if name not in facts:
                raise ExpressionError(f"unknown fact {name!r}; known are {', '.join(sorted(facts))}")
            return facts[name]
        case ast.Attribute(value=inner, attr=attr):
            holder = _value(inner, facts)
            if not isinstance(holder, Mapping) or attr not in holder:
                raise ExpressionError(f"unknown fact {ast.unparse(node)!r}")
            return holder[attr]
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(v, facts) for v in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_value(v, facts) for v in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, facts)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, facts)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, facts), _value(right, facts))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, facts) else orelse, facts)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _chain(left, ops, rights, facts)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, facts) for item in items]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(a, facts) for a in arguments))
        case _:
            raise ExpressionError(f"{ast.unparse(node)!r} is not allowed in a procedure")


def _chain(left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr], facts: Mapping[str, Any]) -> bool:
    value = _value(left, facts)
    for op, right in zip(ops, rights, strict=True):
        other = _value(right, facts)
        if not _COMPARE[type(op)](value, other):
            return False
        value = other
    return True
