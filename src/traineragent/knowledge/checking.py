"""Checks a whole procedure before anything runs: operations, arguments, facts and expressions of every step.

What would go wrong in the middle of a run is refused at its beginning, with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import InputError
from ..ports import OperationSpec
from .expression import ITEM, ExpressionError, Kind, kind_of
from .located import meant, refuse
from .questions import kind_of_setting, question
from .sop import SCOPES, Procedure, Step

Catalogue = Mapping[str, OperationSpec]
_GIVES: dict[str, tuple[str, ...]] = {
    "string": ("text",),
    "number": ("number",),
    "integer": ("number",),
    "boolean": ("truth",),
    "object": ("object",),
    "array": ("list",),
}
"""Type of an argument -> kinds of expressions that may give it."""
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
}


def check_procedure(
    procedure: Procedure, catalogue: Callable[[str], Catalogue], names: Callable[[str], Sequence[str]]
) -> None:
    """Raises InputError at the first step that cannot work. `catalogue(kind)`: the operations of a question;
    `names(argument)`: the values that an argument of this name may have, none where any will do."""
    settings = {name: kind_of_setting(value) for name, value in procedure.settings.items() if name not in SCOPES}
    for kind, steps in procedure.questions.items():
        asked = question(procedure.agent, kind)
        if asked is None:  # of a plug-in from outside, which alone knows its facts
            continue
        allowed = catalogue(kind)
        if asked.operations is not None:
            allowed = {name: allowed[name] for name in asked.operations}
        for step in steps:
            _Check(step, {**settings, **asked.facts}, allowed, names).run(kind)


class _Check:
    def __init__(
        self, step: Step, facts: Mapping[str, Kind], catalogue: Catalogue, names: Callable[[str], Sequence[str]]
    ) -> None:
        self.step, self.facts, self.catalogue, self.names = step, dict(facts), catalogue, names

    def run(self, kind: str) -> None:
        step = self.step
        if step.do not in self.catalogue:
            raise self._refused("do", f"no operation {step.do!r} answers {kind!r}; {meant(step.do, self.catalogue)}")
        if step.loop is not None:
            self._loop(step.loop)
        self._expression("when", step.when)
        self._reason(step.why)
        self._arguments(self.catalogue[step.do])

    def _refused(self, key: str, problem: str) -> InputError:
        line = self.step.lines.get(key) or int(self.step.source.rpartition(":")[2])
        return refuse(self.step.file, line, f"step {self.step.id!r}: {problem}")

    def _expression(self, key: str, text: str) -> Kind:
        try:
            return kind_of(text, self.facts)
        except ExpressionError as e:
            raise self._refused(key, str(e)) from e

    def _loop(self, loop: str) -> None:
        variable, inside, source = (part.strip() for part in loop.partition(" in "))
        if not inside or not variable.isidentifier():
            raise self._refused("for", f"write `for: name in facts`, found {loop!r}")
        kind = self._expression("for", source)
        if kind not in ("list", "any") and not (isinstance(kind, Mapping) and ITEM in kind):
            raise self._refused("for", f"{source!r} is no list to go through")
        self.facts[variable] = kind[ITEM] if isinstance(kind, Mapping) else "any"

    def _reason(self, why: str) -> None:
        rest = why
        while "{" in rest:
            _, _, tail = rest.partition("{")
            inner, closed, rest = tail.partition("}")
            if not closed:
                raise self._refused("why", f"a brace is not closed in {why!r}")
            self._expression("why", inner)

    def _arguments(self, spec: OperationSpec) -> None:
        for name, kind in spec.arguments.items():
            if name not in self.step.args and not kind.endswith("?"):
                raise self._refused("with", f"{self.step.do} needs the argument {name!r} (a {kind})")
        for name, value in self.step.args.items():
            if name not in spec.arguments:
                problem = f"{self.step.do} takes no argument {name!r}; {meant(name, spec.arguments)}"
                raise self._refused("with", problem)
            self._argument(name, spec.arguments[name], value)

    def _argument(self, name: str, kind: str, value: Any) -> None:
        wanted = kind.rstrip("?")
        if isinstance(value, str) and value.startswith("$"):
            self._computed(name, wanted, value[1:])
            return
        wrong_truth = isinstance(value, bool) and wanted != "boolean"
        if value is not None and (wrong_truth or not isinstance(value, _TYPES[wanted])):
            raise self._refused("with", f"the argument {name!r} of {self.step.do} should be a {wanted}, got {value!r}")
        self._inside(value)
        known = self.names(name)
        if known and isinstance(value, str) and value not in known and ":" not in value:
            raise self._refused("with", f"there is no {name} {value!r}; {meant(value, known)}")

    def _computed(self, name: str, wanted: str, text: str) -> None:
        kind = self._expression("with", text)
        plain = kind if isinstance(kind, str) else "list" if ITEM in kind else "object"
        if plain not in ("any", "none", *_GIVES[wanted]):
            raise self._refused(
                "with", f"the argument {name!r} of {self.step.do} should be a {wanted}, but {text!r} is {plain}"
            )

    def _inside(self, value: Any) -> None:
        """Expressions deeper inside a mapping or a list of arguments."""
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            if isinstance(inner, str) and inner.startswith("$"):
                self._expression("with", inner[1:])
            self._inside(inner)
