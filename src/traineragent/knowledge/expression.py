"""The small language of `when:` and `$` arguments in SOPs: comparisons and arithmetic over named facts.

An expression is parsed with `ast` and only whitelisted nodes are evaluated; there are no calls but min, max, len,
round and abs, no indexing and no attributes but those of the loop variable. An unknown fact is an error.
"""

from __future__ import annotations

import ast
import difflib
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


# ------------------------------------------------------------------------------------------------- without any facts
Kind = str | Mapping[str, Any]
"""What an expression gives: "number", "text", "truth", "list", "none", "any", a mapping of field -> Kind for an object,
or {"[]": Kind} for a list of one kind."""

ITEM = "[]"
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def kind_of(text: str, facts: Mapping[str, Kind]) -> Kind:
    """What `text` gives for facts of these kinds. Raises ExpressionError for whatever would fail on every value: a part
    that is not allowed, an unknown fact, arithmetic on words, a comparison of unlike things."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as e:
        raise ExpressionError(f"cannot read {text!r}: {getattr(e, 'msg', e)}") from e
    return _Kinds(facts).of(tree.body)


class _Kinds:
    def __init__(self, facts: Mapping[str, Kind]) -> None:
        self.facts = facts

    def of(self, node: ast.expr) -> Kind:
        match node:
            case ast.Constant(value=value):
                return _kind_of_value(value, node)
            case ast.Name(id=name):
                if name not in self.facts:
                    raise ExpressionError(f"unknown fact {name!r}; {_meant(name, self.facts)}")
                return self.facts[name]
            case ast.Attribute(value=inner, attr=attr):
                return self._field(self.of(inner), attr, node)
            case ast.BoolOp(values=values):
                for part in values:
                    self.of(part)
                return "truth"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.of(operand)
                return "truth"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._number(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._arithmetic(left, op, right)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.of(test)
                first, second = self.of(body), self.of(orelse)
                return first if first == second else "any"
            case ast.Compare(left=left, ops=ops, comparators=rights):
                for before, sign, after in zip([left, *rights], ops, rights, strict=False):
                    self._comparable(before, sign, after)
                return "truth"
            case ast.List(elts=items) | ast.Tuple(elts=items):
                kinds = [self.of(item) for item in items]
                return {ITEM: kinds[0]} if kinds and all(k == kinds[0] for k in kinds) else "list"
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
                return self._call(name, arguments)
            case _:
                raise ExpressionError(f"{ast.unparse(node)!r} is not allowed in a procedure")

    def _field(self, holder: Kind, attr: str, node: ast.Attribute) -> Kind:
        if holder == "any":
            return "any"
        if isinstance(holder, str) or ITEM in holder or attr not in holder:
            known = holder if not isinstance(holder, str) and ITEM not in holder else {}
            raise ExpressionError(f"unknown fact {ast.unparse(node)!r}; {_meant(attr, known)}")
        found: Kind = holder[attr]
        return found

    def _number(self, node: ast.expr) -> Kind:
        kind = self.of(node)
        if kind not in ("number", "truth", "any"):
            raise ExpressionError(f"{ast.unparse(node)!r} is {_said(kind)}, not a number")
        return "number"

    def _arithmetic(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Kind:
        first, second = self.of(left), self.of(right)
        if isinstance(op, ast.Add) and "any" in (first, second):
            return "any"
        if isinstance(op, ast.Add) and first == second and (first == "text" or _is_list(first)):
            return first
        self._number(left)
        return self._number(right)

    def _comparable(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> None:
        first, second = self.of(left), self.of(right)
        if type(op) not in _COMPARE:
            raise ExpressionError(f"this comparison is not allowed in a procedure: {ast.unparse(right)!r}")
        if "any" in (first, second):
            return
        if isinstance(op, (ast.In, ast.NotIn)):
            self._member(left, first, right, second)
        elif isinstance(op, _ORDERED) and {_plain(first), _plain(second)} not in ({"number"}, {"text"}):
            raise ExpressionError(_unlike(left, first, right, second, "compared by size"))
        elif "none" not in (first, second) and _plain(first) != _plain(second):
            raise ExpressionError(_unlike(left, first, right, second, "equal"))

    def _member(self, left: ast.expr, first: Kind, right: ast.expr, second: Kind) -> None:
        if second == "text" and first == "text":
            return
        if not _is_list(second):
            raise ExpressionError(f"{ast.unparse(right)!r} is {_said(second)}, not a list")
        item = second[ITEM] if isinstance(second, Mapping) else "any"
        if item != "any" and first != "none" and _plain(item) != _plain(first):
            raise ExpressionError(_unlike(left, first, right, second, "one of them"))

    def _call(self, name: str, arguments: list[ast.expr]) -> Kind:
        if not arguments:
            raise ExpressionError(f"{name}() needs an argument")
        if name == "len":
            kind = self.of(arguments[0])
            if kind in ("number", "truth", "none"):
                raise ExpressionError(f"{ast.unparse(arguments[0])!r} is {_said(kind)}, which has no length")
            return "number"
        if len(arguments) == 1 and name in ("min", "max") and _is_list(self.of(arguments[0])):
            return "number"
        for argument in arguments:
            self._number(argument)
        return "number"


def _kind_of_value(value: Any, node: ast.expr) -> Kind:
    if value is None:
        return "none"
    for kind, types in {"truth": bool, "number": (int, float), "text": str}.items():
        if isinstance(value, types):  # type: ignore[arg-type]
            return kind
    raise ExpressionError(f"{ast.unparse(node)!r} is not allowed in a procedure")


def _is_list(kind: Kind) -> bool:
    return kind == "list" or (isinstance(kind, Mapping) and ITEM in kind)


def _plain(kind: Kind) -> str:
    """One word for a kind; truths count as numbers, as they do in arithmetic."""
    if kind == "truth":
        return "number"
    return kind if isinstance(kind, str) else "list" if ITEM in kind else "object"


def _said(kind: Kind) -> str:
    words = {"text": "a text", "number": "a number", "truth": "yes or no", "list": "a list", "object": "an object"}
    word = "truth" if kind == "truth" else _plain(kind)
    return words.get(word, "nothing")


def _unlike(left: ast.expr, first: Kind, right: ast.expr, second: Kind, how: str) -> str:
    return (
        f"{ast.unparse(left)!r} is {_said(first)} and {ast.unparse(right)!r} is {_said(second)}: "
        f"they can never be {how}"
    )


def _meant(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.7)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"known are {', '.join(sorted(known))}" if known else "it has no fields"
