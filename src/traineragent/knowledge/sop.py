"""Standard operating procedures: YAML files, one an agent, that the planner executes and an LLM reads.

A procedure has a profile and, for each question an agent asks, steps: `id`, `do` (an operation of the agent's
catalogue), `when` (an expression over the facts), `for` (a list of facts to repeat over), `with` (arguments; text that
starts with "$" is an expression), `why`, `last` (stop after this step). An overlay folder replaces, removes or adds
steps by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ..domain.run import Operation
from ..errors import InputError
from .expression import ExpressionError, evaluate

AGENTS = ("task", "data", "model", "server")
_FILE_KEYS = {"agent", "version", "profile", "settings", "questions"}
_STEP_KEYS = {"id", "do", "when", "for", "with", "why", "last", "remove", "after"}


@dataclass(frozen=True)
class Step:
    """One step of a procedure with the place it was read from."""

    id: str
    do: str
    why: str
    source: str
    when: str = "True"
    loop: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False

    def operations(self, facts: Mapping[str, Any]) -> Iterator[Operation]:
        """The operations this step asks for, given the facts. Raises InputError that names file, line and step."""
        try:
            for scope in self._scopes(facts):
                if evaluate(self.when, scope):
                    args = {k: _argument(v, scope) for k, v in self.args.items()}
                    yield Operation(self.id, self.do, args, self._reason(scope))
        except ExpressionError as e:
            raise InputError(f"{self.source}, step {self.id!r}: {e}", file=self.source) from e

    def _scopes(self, facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if self.loop is None:
            yield facts
            return
        variable, _, source = self.loop.partition(" in ")
        for item in evaluate(source, facts):
            yield {**facts, variable.strip(): item}

    def _reason(self, scope: Mapping[str, Any]) -> str:
        out, rest = [], self.why
        while "{" in rest:
            head, _, tail = rest.partition("{")
            inner, _, rest = tail.partition("}")
            value = evaluate(inner, scope)
            out += [head, f"{value:.4g}" if isinstance(value, float) else str(value)]
        return "".join([*out, rest])


def _argument(value: Any, scope: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        return evaluate(value[1:], scope)
    if isinstance(value, Mapping):
        return {k: _argument(v, scope) for k, v in value.items()}
    if isinstance(value, list):
        return [_argument(v, scope) for v in value]
    return value


@dataclass(frozen=True)
class Procedure:
    """An agent's procedure in force: who it is, and the steps that answer each of its questions."""

    agent: str
    version: int
    profile: str
    questions: Mapping[str, tuple[Step, ...]]
    settings: Mapping[str, Any]
    sources: tuple[str, ...]

    def plan(self, kind: str, facts: Mapping[str, Any]) -> tuple[Operation, ...]:
        """A pure function of the facts: the operations the procedure asks for, in order."""
        out: list[Operation] = []
        for step in self.questions.get(kind, ()):
            found = list(step.operations(facts))
            out += found
            if found and step.last:
                break
        return tuple(out)


class _Lines(yaml.SafeLoader):
    """Keeps the line of every mapping, so that an error can point at it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        out = super().construct_mapping(node, deep=deep)
        out["__line__"] = node.start_mark.line + 1
        return out


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _strip(v) for k, v in value.items() if k != "__line__"}
    return [_strip(v) for v in value] if isinstance(value, list) else value


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        data = yaml.load(text, _Lines)
    except yaml.YAMLError as e:
        raise InputError(f"{name} is not valid YAML: {e}", file=name) from e
    if not isinstance(data, dict):
        raise InputError(f"{name} should hold a mapping with `profile` and `questions`", file=name)
    unknown = sorted(map(str, set(data) - _FILE_KEYS - {"__line__"}))
    if unknown:
        raise InputError(f"{name}: a procedure has the keys {sorted(_FILE_KEYS)}; unknown {unknown}", file=name)
    return data


def _mapping(raw: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    """What stands under `key` without the loader's marks; nothing there is an empty mapping."""
    found = raw.get(key)
    if found is not None and not isinstance(found, dict):
        raise InputError(f"{name}: {key} should hold a mapping, found {found!r}", file=name)
    return {k: v for k, v in (found or {}).items() if k != "__line__"}


def _step(raw: Any, name: str) -> Step:
    if not isinstance(raw, dict):
        raise InputError(f"{name}: a step should be a mapping with id, do and why, found {raw!r}", file=name)
    where = f"{name}:{raw.get('__line__', '?')}"
    unknown = set(raw) - _STEP_KEYS - {"__line__"}
    missing = {"id", "do", "why"} - set(raw)
    if unknown or missing:
        problem = f"unknown {sorted(unknown)}" if unknown else f"missing {sorted(missing)}"
        raise InputError(f"{where}: a step has the keys {sorted(_STEP_KEYS)}; {problem}", file=name)
    return Step(
        id=str(raw["id"]),
        do=str(raw["do"]),
        why=" ".join(str(raw["why"]).split()),
        source=where,
        when=str(raw.get("when", "True")),
        loop=raw.get("for"),
        args=_strip(raw.get("with", {})),
        last=bool(raw.get("last", False)),
    )


def _overlaid(steps: Sequence[Step], changes: Any, name: str) -> tuple[Step, ...]:
    if not isinstance(changes, list):
        raise InputError(f"{name}: a question should hold a list of steps, found {changes!r}", file=name)
    out = list(steps)
    for raw in changes:
        ids = [s.id for s in out]
        if isinstance(raw, dict) and raw.get("remove"):
            if raw["remove"] not in ids:
                raise InputError(f"{name}:{raw['__line__']}: there is no step {raw['remove']!r} to remove", file=name)
            out.pop(ids.index(raw["remove"]))
            continue
        step = _step(raw, name)
        if step.id in ids:
            out[ids.index(step.id)] = step
        elif raw.get("after") in ids:
            out.insert(ids.index(raw["after"]) + 1, step)
        else:
            out.append(step)
    return tuple(out)


def load(agent: str, overlay: Path | None = None) -> Procedure:
    """The procedure of `agent`: the one that ships, changed by `overlay/sops/<agent>.yaml` where there is one."""
    if agent not in AGENTS:
        raise InputError(f"there is no agent {agent!r}; there are {', '.join(AGENTS)}")
    name = f"{agent}.yaml"
    raw = _read((files(__package__) / "sops" / name).read_text("utf-8"), name)
    questions = {k: tuple(_step(s, name) for s in v) for k, v in raw["questions"].items() if k != "__line__"}
    out = Procedure(
        agent, int(raw["version"]), raw["profile"].strip(), questions, _strip(raw.get("settings", {})), (name,)
    )
    path = overlay / "sops" / name if overlay else None
    return _with_overlay(out, path) if path and path.is_file() else out


def _with_overlay(base: Procedure, path: Path) -> Procedure:
    try:
        raw = _read(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as e:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8", file=str(path)) from e
    questions = dict(base.questions)
    for kind, changes in _mapping(raw, "questions", str(path)).items():
        if kind not in questions:
            raise InputError(f"{path}: the {base.agent} agent asks no question {kind!r}; it asks {sorted(questions)}")
        questions[kind] = _overlaid(questions[kind], changes, str(path))
    settings = {**base.settings, **_strip(_mapping(raw, "settings", str(path)))}
    profile = str(raw.get("profile", base.profile)).strip()
    return replace(base, profile=profile, questions=questions, settings=settings, sources=(*base.sources, str(path)))
