"""What a language model is told: versioned Markdown files under `knowledge/prompts`, one a question: AGENT.KIND.md.

A file begins with YAML between lines of three dashes: `version`, `form` ("whole": the answer is the whole plan;
"first": it comes first and the rest of the planned one follows; "changes": it changes the planned one), `when`, an
expression over the facts that says whether asking is worth a call, and `operations`, those offered where not all are.
The body is a template; a variable that does not exist is an error. A folder `prompts` of the user's overlay replaces
files by name. Without a file for a question no model is asked it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError
from .expression import ExpressionError, evaluate
from .located import plain, read_located, refuse, require_known, require_mapping

FORMS = ("whole", "first", "changes")
_HEAD = {"version", "form", "when", "operations"}
_LONGEST_TEXT = 200  # characters of one quoted value
LONGEST_WORDS = 6000  # of a person's own words


@dataclass(frozen=True)
class Prompt:
    """One template with the place it was read from."""

    name: str
    source: str
    version: int
    form: str
    when: str
    operations: tuple[str, ...]
    body: str

    def wanted(self, facts: Mapping[str, Any]) -> bool:
        """Whether a call is worth it, given the facts. Raises InputError that names the file."""
        try:
            return bool(evaluate(self.when, facts))
        except ExpressionError as e:
            raise InputError(f"{self.source}, `when`: {e}", file=self.source) from e

    def parse(self) -> None:
        """Raises InputError naming the file and the line that is no template."""
        import jinja2
        from jinja2.sandbox import SandboxedEnvironment

        try:
            SandboxedEnvironment().parse(self.body)
        except jinja2.TemplateSyntaxError as e:
            raise InputError(f"{self.source}, line {e.lineno} of the template: {e}", file=self.source) from e

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text. Raises InputError naming the file and the variable that does not exist."""
        import jinja2
        from jinja2.sandbox import SandboxedEnvironment

        environment = SandboxedEnvironment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
        )
        environment.filters |= {"data": quoted, "rows": quoted_rows, "whole": lambda text: quoted(text, LONGEST_WORDS)}
        try:
            return environment.from_string(self.body).render(**variables).strip()
        except jinja2.TemplateError as e:
            line = f", line {e.lineno}" if isinstance(e, jinja2.TemplateSyntaxError) else ""
            raise InputError(f"{self.source}{line}: {e}", file=self.source) from e


def load(name: str, overlay: Path | None = None) -> Prompt | None:
    """The prompt called `name`, from the overlay folder where it holds one; None where there is none."""
    own = overlay / "prompts" / f"{name}.md" if overlay else None
    try:
        if own is not None and own.is_file():
            return _parsed(name, str(own), own.read_text("utf-8"))
    except UnicodeDecodeError as e:
        raise InputError(f"{own} is not UTF-8 text; save it as UTF-8", file=str(own)) from e
    ours = resources.files(__package__) / "prompts" / f"{name}.md"
    return _parsed(name, f"{name}.md", ours.read_text("utf-8")) if ours.is_file() else None


def names() -> tuple[str, ...]:
    """The prompts that ship."""
    folder = resources.files(__package__) / "prompts"
    return tuple(sorted(p.name.removesuffix(".md") for p in folder.iterdir() if p.name.endswith(".md")))


def _parsed(name: str, source: str, text: str) -> Prompt:
    _, fence, rest = text.partition("---\n")
    head, closing, body = rest.partition("\n---\n")
    if not fence or not closing or text.partition("---\n")[0].strip():
        raise InputError(f"{source}: a prompt begins with YAML between two lines of ---", file=source)
    try:
        facts = yaml.safe_load(head) or {}
    except yaml.YAMLError as e:
        raise InputError(f"{source} does not begin with valid YAML: {e}", file=source) from e
    unknown = set(facts) - _HEAD if isinstance(facts, dict) else {str(facts)}
    if unknown or "version" not in facts or facts.get("form", FORMS[0]) not in FORMS:
        raise InputError(
            f"{source}: the head takes version, form ({' or '.join(FORMS)}), when and operations; found {facts!r}",
            file=source,
        )
    offered = tuple(map(str, facts.get("operations") or ()))
    form, when = str(facts.get("form", FORMS[0])), str(facts.get("when", "True"))
    return Prompt(name, source, int(facts["version"]), form, when, offered, body)


def settings(overlay: Path | None = None) -> dict[str, Any]:
    """How a model is used: `llm.yaml`, with the values of the user's file of that name over ours."""
    ours = yaml.safe_load((resources.files(__package__) / "llm.yaml").read_text("utf-8"))
    own = overlay / "llm.yaml" if overlay else None
    if own is None or not own.is_file():
        return dict(ours)
    found = require_mapping(read_located(own), str(own), None, "llm.yaml")
    require_known(found, ours, str(own), "llm.yaml")
    for key, value in found.items():
        numeric = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        if key != "prices" and not numeric:
            raise refuse(str(own), found.lines[key], f"{key} should be a number of at least 0, found {value!r}")
    theirs = plain(found)
    prices = theirs.pop("prices", {})
    return {**ours, **theirs, "prices": {**ours["prices"], **_prices(prices, own)}}


def _prices(given: Any, path: Path) -> dict[str, Any]:
    """{provider: {model or "*": [in, out]}}, checked."""
    try:
        return {
            str(p): {str(m): (max(0.0, float(pair[0])), max(0.0, float(pair[1]))) for m, pair in models.items()}
            for p, models in given.items()
        }
    except (AttributeError, TypeError, ValueError, IndexError) as e:
        raise InputError(
            f"{path}: prices should read PROVIDER: {{MODEL: [dollars in, dollars out]}} a million tokens",
            file=str(path),
        ) from e


# ---------------------------------------------------------------------------------------------------- quoting of data
def quoted(value: Any, longest: int = _LONGEST_TEXT) -> str:
    """A value as JSON that cannot close the block it stands in, nor hide what it says; texts are cut at `longest`."""
    text = json.dumps(_plain(value, longest), ensure_ascii=False, separators=(",", ":"), default=str)
    return "".join(c if c.isprintable() and c != "<" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H"))


def quoted_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table as JSON: the names once, then a row a line."""
    rows = list(rows)
    if not rows:
        return "[]"
    names = list(dict.fromkeys(name for row in rows for name in row))
    return "\n".join([quoted(names), *(quoted([row.get(name) for name in names]) for row in rows)])


def _plain(value: Any, longest: int) -> Any:
    """Short texts and readable numbers."""
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + "…"
    if isinstance(value, float):
        return float(f"{value:.4g}") if value == value and abs(value) != float("inf") else None
    if isinstance(value, Mapping):
        return {_plain(str(k), longest): _plain(v, longest) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v, longest) for v in value]
    return value
