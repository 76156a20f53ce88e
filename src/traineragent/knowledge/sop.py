"""Standard operating procedures: YAML files, one an agent, that the planner executes and an LLM reads.

A procedure has a profile and, for each question an agent asks, steps: `id`, `do` (an operation of the agent's
catalogue), `when` (an expression over the facts), `for` (a list of facts to repeat over), `with` (arguments; text that
starts with "$" is an expression), `why`, `last` (stop after this step). An overlay folder edits, removes or adds
steps by id: what it gives of a step that exists replaces that part, and new ones stand `before` or `after` another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..domain.run import Operation
from ..errors import InputError
from .expression import ExpressionError, evaluate
from .located import (
    Items,
    Located,
    meant,
    parse_located,
    plain,
    read_located,
    refuse,
    require_known,
    require_mapping,
)

AGENTS = ("task", "data", "model", "server")
_FILE_KEYS = {"agent", "version", "profile", "settings", "questions"}
_STEP_KEYS = {"id", "do", "when", "for", "with", "why", "last"}
ALWAYS = "True"
SCOPES = ("by_line", "by_task")
"""Settings that hold for tasks of one line or of one type only."""


@dataclass(frozen=True)
class Step:
    """One step of a procedure with the place it was read from. `lines`: the line of each of its keys in `file`;
    `edits`: the place of the step that it changed."""

    id: str
    do: str
    why: str
    source: str
    when: str = ALWAYS
    loop: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    last: bool = False
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)
    edits: str = ""

    @property
    def file(self) -> str:
        return self.source.rpartition(":")[0]

    def to_json(self) -> dict[str, Any]:
        written = {"id": self.id, "do": self.do, "when": self.when, "for": self.loop, "with": dict(self.args)}
        return {**written, "why": self.why, "last": self.last, "source": self.source, "edits": self.edits}

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
            out += [head, _in_words(value)]
        return "".join([*out, rest])


def _in_words(value: Any) -> str:
    """A fact as a sentence says it: a list as "a, b and c"."""
    if isinstance(value, (list, tuple)):
        *first, last = [_in_words(v) for v in value] or ["none"]
        return f"{', '.join(first)} and {last}" if first else last
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
    """An agent's procedure in force: who it is, and the steps that answer each of its questions. `places`: where the
    profile ("profile") and each setting stand, as file:line."""

    agent: str
    version: int
    profile: str
    questions: Mapping[str, tuple[Step, ...]]
    settings: Mapping[str, Any]
    sources: tuple[str, ...]
    places: Mapping[str, str] = field(default_factory=dict)

    def setting(self, name: str) -> Any:
        """A setting by its name, or by "by_line.LINE.NAME" and the like."""
        found: Any = self.settings
        for part in name.split("."):
            found = found[part]
        return found

    def to_json(self) -> dict[str, Any]:
        """The whole procedure with the place of each part."""
        return {
            "agent": self.agent,
            "version": self.version,
            "profile": self.profile,
            "sources": list(self.sources),
            "places": dict(self.places),
            "settings": dict(self.settings),
            "questions": {kind: [step.to_json() for step in steps] for kind, steps in self.questions.items()},
        }

    def named(self, kind: str, argument: str) -> frozenset[str]:
        """What any step of a question gives as this argument, whether or not its condition holds: all families, say."""
        return frozenset(str(step.args[argument]) for step in self.questions.get(kind, ()) if argument in step.args)

    def plan(self, kind: str, facts: Mapping[str, Any]) -> tuple[Operation, ...]:
        """A pure function of the facts: the operations the procedure asks for, in order."""
        out: list[Operation] = []
        for step in self.questions.get(kind, ()):
            found = list(step.operations(facts))
            out += found
            if found and step.last:
                break
        return tuple(out)


def load(agent: str, overlay: Path | None = None) -> Procedure:
    """The procedure of `agent`: the one that ships, changed by `overlay/sops/<agent>.yaml` where there is one."""
    if agent not in AGENTS:
        raise InputError(f"there is no agent {agent!r}; there are {', '.join(AGENTS)}")
    name = f"{agent}.yaml"
    raw = _read(parse_located((files(__package__) / "sops" / name).read_text("utf-8"), name), name)
    questions = {k: tuple(_step(s, name, v.lines[i]) for i, s in enumerate(v)) for k, v in raw["questions"].items()}
    settings = plain(raw.get("settings") or {})
    places = _places(raw.get("settings"), name)
    places["profile"] = f"{name}:{raw.lines['profile']}"
    out = Procedure(agent, int(raw["version"]), raw["profile"].strip(), questions, settings, (name,), places)
    path = overlay / "sops" / name if overlay else None
    return _with_overlay(out, path) if path and path.is_file() else out


def taken_out(procedure: Procedure, argument: str) -> dict[str, frozenset[str]]:
    """Question -> what its steps name as this argument as they ship, and in force, for an overlay, no longer do."""
    shipped = load(procedure.agent) if len(procedure.sources) > 1 else procedure
    return {kind: shipped.named(kind, argument) - procedure.named(kind, argument) for kind in shipped.questions}


def _places(settings: Any, name: str) -> dict[str, str]:
    out = {k: f"{name}:{line}" for k, line in getattr(settings, "lines", {}).items() if k not in SCOPES}
    for scope in SCOPES if isinstance(settings, Located) else ():
        for where, values in (settings.get(scope) or {}).items():
            out |= {f"{scope}.{where}.{k}": f"{name}:{at}" for k, at in values.lines.items()}
    return out


def _read(data: Any, name: str) -> Located:
    found = require_mapping(data, name, None, "a procedure")
    require_known(found, _FILE_KEYS, name, "a procedure")
    return found


def _with_overlay(base: Procedure, path: Path) -> Procedure:
    name = str(path)
    raw = _read(read_located(path), name)
    if raw.get("agent", base.agent) != base.agent:
        raise refuse(name, raw.lines["agent"], f"this file is for the {base.agent} agent, not for {raw['agent']!r}")
    places = dict(base.places)
    questions = dict(base.questions)
    for kind, changes in _under(raw, "questions", name).items():
        line = raw["questions"].lines[kind]
        if kind not in questions:
            raise refuse(
                name, line, f"the {base.agent} agent asks no question {kind!r}; {meant(kind, list(questions))}"
            )
        questions[kind] = _overlaid(questions[kind], changes, name, line)
    settings = _settings(base, _under(raw, "settings", name), name, places)
    profile = base.profile
    if raw.get("profile") is not None:
        profile, places["profile"] = str(raw["profile"]).strip(), f"{name}:{raw.lines['profile']}"
    return replace(
        base,
        profile=profile,
        questions=questions,
        settings=settings,
        sources=(*base.sources, name),
        places=places,
    )


def _under(raw: Located, key: str, name: str) -> Located:
    return require_mapping(raw.get(key), name, raw.lines.get(key), key)


def _settings(base: Procedure, changes: Located, name: str, places: dict[str, str]) -> dict[str, Any]:
    """Ours with the user's values. A setting that does not exist would change nothing, so it is refused."""
    require_known(changes, {**base.settings, **dict.fromkeys(SCOPES)}, name, f"the {base.agent} agent's settings")
    out = dict(base.settings)
    for key, value in changes.items():
        if key in SCOPES:
            out[key] = _scoped(base, key, require_mapping(value, name, changes.lines[key], key), name, places)
            continue
        _require_like(base.settings[key], key, changes, name)
        out[key], places[key] = plain(value), f"{name}:{changes.lines[key]}"
    return out


def _scoped(base: Procedure, scope: str, changes: Located, name: str, places: dict[str, str]) -> dict[str, Any]:
    """Settings that hold for some tasks only: line or type of task -> setting -> value."""
    out = {where: dict(values) for where, values in base.settings.get(scope, {}).items()}
    for where, given in changes.items():
        values = require_mapping(given, name, changes.lines[where], where)
        known = {**{k: v for k, v in base.settings.items() if k not in SCOPES}, **out.get(where, {})}
        require_known(values, known, name, f"the {base.agent} agent's settings")
        for key, value in values.items():
            _require_like(known[key], key, values, name)
            out.setdefault(where, {})[key] = plain(value)
            places[f"{scope}.{where}.{key}"] = f"{name}:{values.lines[key]}"
    return out


def _require_like(before: Any, key: str, given: Located, name: str) -> None:
    """Raises InputError for a value of another kind than the one that ships."""
    value = plain(given[key])
    number = isinstance(before, (int, float)) and not isinstance(before, bool)
    fits = type(value) is type(before)
    if number:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits:
        words = {bool: "yes or no", list: "a list"}
        expected = "a number" if number else words.get(type(before), "a text")
        problem = f"{key} should be {expected} such as {before!r}, found {value!r}"
        raise refuse(name, given.lines[key], problem)


# ------------------------------------------------------------------------------------------------------------- steps
def _step(raw: Any, name: str, line: int, base: Step | None = None) -> Step:
    """A step as written, or `base` with what is written in place of its own."""
    if not isinstance(raw, Located):
        raise refuse(name, line, f"a step should be a mapping with id, do and why, found {plain(raw)!r}")
    require_known(raw, _STEP_KEYS, name, "a step")
    missing = sorted({"id", "do", "why"} - set(raw)) if base is None else []
    if missing:
        raise refuse(name, raw.line, f"a step has the keys {sorted(_STEP_KEYS)}; missing {missing}")
    _require_types(raw, name)
    kept: dict[str, Any] = {} if base is None else _parts(base, raw)
    return Step(
        id=str(raw["id"]),
        do=str(raw.get("do", kept.get("do"))),
        why=" ".join(str(raw.get("why", kept.get("why"))).split()),
        source=f"{name}:{raw.line}",
        when=str(raw.get("when", kept.get("when", ALWAYS))),
        loop=raw.get("for", kept.get("for")),
        args=plain(raw.get("with", kept.get("with", {})) or {}),
        last=bool(raw.get("last", kept.get("last", False))),
        lines=dict(raw.lines),
        edits="" if base is None else base.source,
    )


def _parts(base: Step, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What stays of a step that is edited; the arguments of one operation do not fit another."""
    same = raw.get("do", base.do) == base.do
    return {
        "do": base.do,
        "why": base.why,
        "when": base.when,
        "for": base.loop,
        "with": base.args if same else {},
        "last": base.last,
    }


def _require_types(raw: Located, name: str) -> None:
    for key, value in raw.items():
        line = raw.lines[key]
        if key == "with":
            require_mapping(value, name, line, "with")
        elif key == "last" and not isinstance(value, bool):
            raise refuse(name, line, f"last should be true or false, found {plain(value)!r}")
        elif key == "when" and not isinstance(value, (str, bool)):
            raise refuse(name, line, f"when should be an expression, found {plain(value)!r}")
        elif key in ("id", "do", "why", "for", "after", "before", "remove") and not isinstance(value, str):
            raise refuse(name, line, f"{key} should be a text, found {plain(value)!r}")


def _overlaid(steps: Sequence[Step], changes: Any, name: str, line: int) -> tuple[Step, ...]:
    if not isinstance(changes, Items):
        raise refuse(name, line, f"a question should hold a list of steps, found {plain(changes)!r}")
    out = list(steps)
    for raw, at in zip(changes, changes.lines, strict=True):
        if isinstance(raw, Located) and "remove" in raw:
            out.pop(_position(out, raw, "remove", name))
            continue
        _change(out, raw, name, at)
    return tuple(out)


def _change(steps: list[Step], raw: Any, name: str, line: int) -> None:
    """Edits the step with this id where it stands, or puts a new one where it is wanted."""
    ids = [s.id for s in steps]
    edited = steps[ids.index(raw["id"])] if isinstance(raw, Located) and raw.get("id") in ids else None
    where = {k: raw[k] for k in ("before", "after") if isinstance(raw, Located) and k in raw}
    step = _step(_without(raw, where), name, line, edited)
    if len(where) == 2:
        raise refuse(name, line, "a step stands either before or after another, not both")
    if where:
        if edited is not None:
            steps.remove(edited)
        (side,) = where
        steps.insert(_position(steps, raw, side, name) + (side == "after"), step)
    elif edited is not None:
        steps[ids.index(step.id)] = step
    else:
        steps.append(step)
    _require_reachable(steps, step)


def _without(raw: Any, keys: Mapping[str, Any]) -> Any:
    if not isinstance(raw, Located):
        return raw
    out = Located(raw.line)
    out.lines = raw.lines
    out.update({k: v for k, v in raw.items() if k not in keys})
    return out


def _position(steps: Sequence[Step], raw: Located, key: str, name: str) -> int:
    ids = [s.id for s in steps]
    if raw[key] not in ids:
        what = "to remove" if key == "remove" else f"to stand {key}"
        raise refuse(name, raw.lines[key], f"there is no step {raw[key]!r} {what}; {meant(str(raw[key]), ids)}")
    return ids.index(raw[key])


def _require_reachable(steps: Sequence[Step], step: Step) -> None:
    """Raises InputError for a step behind one that always ends the plan: it would silently never be taken."""
    for earlier in steps[: steps.index(step)]:
        if earlier.last and earlier.loop is None and earlier.when == ALWAYS:
            raise refuse(
                step.file,
                int(step.source.rpartition(":")[2]),
                f"step {step.id!r} stands behind {earlier.id!r}, which always ends the plan, so it would never be "
                f"taken; write `before: {earlier.id}`",
            )
