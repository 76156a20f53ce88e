"""The form in which a model answers: the JSON schema and list of operations it is given, and its reply read back.

A reply is JSON {"operations": [{"do", "args", "why"}]}. Beside the question's own operations it may use `as_planned`,
`planned` and `omit`, which stand for what the planner would do, so that an answer need only say what differs. Knows
nothing of providers, budgets or prompts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..domain.run import Operation
from ..errors import InvalidAnswer
from ..knowledge.prompts import quoted
from ..ports import ANSWERED, BrainQuestion, OperationSpec
from .checked import Unreadable, check

LONGEST_REPLY = 60_000  # characters; longer ones are no answer to a question of ours
LONGEST_WHY = 400
PROSE = ("text", "reason", "alternative")  # arguments that people read, in which numbers must stand on something
MOST_OPERATIONS = 300
SHOWN_ELSEWHERE = ("column", "family")  # arguments whose values every prompt that has them lists
SHOWN_CHOICES = 60  # values of an argument that a schema lists
_JSON_TYPES = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "object": "object",
    "array": "array",
}
_PLANNED: dict[str, dict[str, OperationSpec]] = {
    "whole": {"as_planned": OperationSpec({}, "takes the whole plan as it is")},
    "first": {
        "as_planned": OperationSpec({}, "takes the whole plan as it is"),
        "planned": OperationSpec({"step": "string"}, "puts this step of the plan here"),
        "omit": OperationSpec({"step": "string"}, "leaves this step of the plan out"),
    },
    "changes": {
        "as_planned": OperationSpec({}, "takes the whole plan as it is"),
        "omit": OperationSpec({"step": "string"}, "leaves this step of the plan out"),
    },
}
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_PLAIN_NAME = re.compile(r"[\w .,:%#/()+-]{1,60}")
_SMALL = frozenset(map(str, range(11)))  # "two of 3 families" claims nothing measured
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")


class _Said(BaseModel):
    model_config = ConfigDict(extra="allow")
    do: str
    args: dict[str, Any] = Field(default_factory=dict)
    why: str = ""


class _Reply(BaseModel):
    operations: list[_Said] = Field(max_length=MOST_OPERATIONS)


def catalogue_of(question: BrainQuestion, form: str, planned: Sequence[Operation]) -> dict[str, OperationSpec]:
    """The question's operations and those that refer to the plan, where there is one."""
    return {**question.catalogue, **(_PLANNED[form] if planned else {})}


def schema_of(question: BrainQuestion, form: str, planned: Sequence[Operation]) -> dict[str, Any]:
    """The JSON schema of an answer; what it cannot say is checked afterwards."""
    choices = _choices(question, planned)
    operations = [
        _operation_schema(name, spec, choices) for name, spec in catalogue_of(question, form, planned).items()
    ]
    return {
        "type": "object",
        "properties": {"operations": {"type": "array", "items": {"anyOf": operations}}},
        "required": ["operations"],
    }


def _choices(question: BrainQuestion, planned: Sequence[Operation]) -> dict[str, Sequence[Any]]:
    return {**question.choices, "step": list(dict.fromkeys(o.step for o in planned))}


def _operation_schema(name: str, spec: OperationSpec, choices: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    properties = {}
    for argument, kind in spec.arguments.items():
        properties[argument] = {"type": _JSON_TYPES[kind.rstrip("?")]}
        allowed = choices.get(argument, ())
        if allowed and len(allowed) <= SHOWN_CHOICES and all(_is_harmless(a) for a in allowed):
            properties[argument]["enum"] = list(allowed)  # type: ignore[assignment]
    needed = [argument for argument, kind in spec.arguments.items() if not kind.endswith("?")]
    return {
        "type": "object",
        "description": spec.does,
        "properties": {
            "do": {"type": "string", "enum": [name]},
            "args": {"type": "object", "properties": properties, "required": needed},
            "why": {"type": "string"},
        },
        "required": ["do", "args", "why"],
    }


def _is_harmless(choice: Any) -> bool:
    """Whether a value may stand in a schema, which is no place for quoted data; others are listed as data only."""
    return not isinstance(choice, str) or bool(_PLAIN_NAME.fullmatch(choice))


def operations_text(question: BrainQuestion, form: str, planned: Sequence[Operation]) -> str:
    """The operations allowed, a line each."""
    lines = []
    for name, spec in catalogue_of(question, form, planned).items():
        arguments = ", ".join(f"{a}: {k}" for a, k in spec.arguments.items())
        lines.append(f"- {name}({arguments}): {spec.does}")
    for argument, allowed in question.choices.items():
        if argument not in SHOWN_ELSEWHERE and len(allowed) <= SHOWN_CHOICES:
            lines.append(f"{argument} is one of: {', '.join(map(quoted, allowed))}")
    return "\n".join(lines)


def read(reply: str, question: BrainQuestion, form: str, planned: Sequence[Operation], prompt: str) -> list[Operation]:
    """The operations that a reply means. Numbers in its reasons that stand nowhere in the `prompt` are taken out.
    Raises Unreadable in words that tell the model what to do."""
    said = _parsed(reply)
    operations = []
    for one in said.operations:
        args = {**(one.model_extra or {}), **one.args}
        args = {k: grounded(v, prompt) if k in PROSE and isinstance(v, str) else v for k, v in args.items()}
        why = grounded(" ".join(one.why.split())[:LONGEST_WHY], prompt)
        operations.append(Operation(ANSWERED, one.do, args, why or "no reason was given"))
    try:
        return _with_plan(operations, question, form, planned, reply)
    except Unreadable:
        raise
    except InvalidAnswer as e:
        raise Unreadable(str(e), reply) from e


def fingerprint(reply: str) -> str:
    """What a reply asks for, whatever its reasons; equal for replies that mean the same."""
    try:
        said = _parsed(reply).operations
    except Unreadable:
        return reply
    return json.dumps([(o.do, o.args, o.model_extra) for o in said], sort_keys=True, default=str)


def _parsed(reply: str) -> _Reply:
    if len(reply) > LONGEST_REPLY:
        raise Unreadable(f"the answer has {len(reply):,} characters; keep it short", reply)
    if not reply.strip():
        raise Unreadable('the answer is empty; give JSON {"operations": [...]}', "(nothing)")
    try:
        found = _first_json(reply)
        return _Reply.model_validate({"operations": found} if isinstance(found, list) else found)
    except ValidationError as e:
        first = e.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Unreadable(f"{where or 'the answer'}: {first['msg']}; the form is JSON {_FORM}", reply) from e
    except (ValueError, RecursionError) as e:
        raise Unreadable(f"the answer is no JSON of the form {_FORM}", reply) from e


_FORM = '{"operations": [{"do": "...", "args": {...}, "why": "..."}]}'


def _first_json(reply: str) -> Any:
    """The first JSON object or list in a reply: alone, in a fence, or among words."""
    text = _THOUGHT.sub("", reply).strip()
    fenced = _FENCE.search(text)
    for candidate in (text, fenced.group(1).strip() if fenced else ""):
        if candidate[:1] in ("{", "["):
            try:
                return json.loads(candidate)
            except json.JSONDecodeError:
                continue
    start = text.find("{")
    if start < 0:
        raise ValueError("no JSON")
    return json.JSONDecoder().raw_decode(text, start)[0]


def _with_plan(
    said: Sequence[Operation], question: BrainQuestion, form: str, planned: Sequence[Operation], reply: str
) -> list[Operation]:
    """The answer with what it says of the plan carried out."""
    allowed = catalogue_of(question, form, planned)
    steps = _choices(question, planned)
    for operation in said:
        check(operation, allowed, steps if operation.do in ("planned", "omit") else question.choices)
    if any(o.do == "as_planned" for o in said):
        if len(said) > 1:
            raise Unreadable("as_planned takes the whole plan; give it alone, or only the other operations", reply)
        return [*planned]
    if form == "changes":
        return _changed(said, planned)
    out: list[Operation] = []
    for operation in said:
        if operation.do == "planned":
            out += [o for o in planned if o.step == operation.args["step"]]
        elif operation.do != "omit":
            out.append(operation)
    if form == "first":
        named = {o.args["step"] for o in said if o.do in ("planned", "omit")}
        out += [o for o in planned if o.step not in named]
    return out


def _changed(said: Sequence[Operation], planned: Sequence[Operation]) -> list[Operation]:
    """The plan without what is left out, where an operation on a column takes the place of those planned for it, and
    another the place of the one of its name."""
    gone = {o.args["step"] for o in said if o.do == "omit"}
    out = [o for o in planned if o.step not in gone]
    for operation in (o for o in said if o.do != "omit"):
        column = operation.args.get("column")
        replaced = [
            i
            for i, o in enumerate(out)
            if (o.args.get("column") == column if column is not None else o.do == operation.do and o.step != ANSWERED)
        ]
        place = replaced[0] if replaced else len(out)
        out = [o for i, o in enumerate(out) if i not in replaced]
        out.insert(place, operation)
    return out


def grounded(text: str, known: str) -> str:
    """The text with numbers that stand nowhere in `known` taken out: what was measured is said by code alone."""
    there = set(_NUMBER.findall(known))
    rounded = {f"{_value(n):.2g}" for n in there}
    return _NUMBER.sub(
        lambda m: m[0] if m[0] in there or m[0] in _SMALL or f"{_value(m[0]):.2g}" in rounded else "…", text
    )


def _value(number: str) -> float:
    try:
        return float(number.replace(",", ""))
    except ValueError:
        return float("inf")
