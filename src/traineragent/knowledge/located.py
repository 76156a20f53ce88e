"""YAML of which every mapping and list knows the lines it stands on, so that an error can point at them.

It knows nothing of what the files mean.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ORDINARY = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class Located(dict[str, Any]):
    """A mapping; `lines[key]` is the line of each key and `line` that of the first."""

    def __init__(self, line: int = 1) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list[Any]):
    """A list; `lines[i]` is the line of item i."""

    def __init__(self, line: int = 1) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def refuse(file: str, line: int | None, problem: str) -> InputError:
    """The error to raise for what stands at a line of a file."""
    where = f"{file}:{line}" if line else file
    return InputError(f"{where}: {problem}", file=file, row=line)


def read_located(path: Path, *, name: str | None = None, as_text: bool = False) -> Any:
    """The content of a YAML file as Located mappings and Items; None where it is empty. `as_text`: every scalar is a
    text, so that "no" and "1" are words. Raises InputError with file and line."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as e:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8", file=str(path)) from e
    except OSError as e:
        raise InputError(f"{path} cannot be read: {e.strerror}", file=str(path)) from e
    return parse_located(text, name or str(path), as_text=as_text)


def parse_located(text: str, name: str, *, as_text: bool = False) -> Any:
    """As `read_located`, of text that was read from the file called `name`."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        problem = " ".join(str(getattr(e, "problem", None) or e).split())
        raise refuse(name, mark.line + 1 if mark else None, f"this is not valid YAML: {problem}") from e
    return None if node is None else _Builder(name, as_text).value(node)


class _Builder:
    def __init__(self, name: str, as_text: bool) -> None:
        self.name, self.as_text = name, as_text
        self.scalars = yaml.constructor.SafeConstructor()
        self.made: dict[int, Any] = {}  # an anchor that is used a thousand times is built once
        self.open: set[int] = set()

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self.made:
            return self.made[id(node)]
        if node.tag not in _ORDINARY:
            raise refuse(self.name, node.start_mark.line + 1, f"tags such as {node.tag!r} are not allowed")
        if id(node) in self.open:
            raise refuse(self.name, node.start_mark.line + 1, "this refers to itself")
        self.open.add(id(node))
        built = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._items(node)
        self.open.discard(id(node))
        self.made[id(node)] = built
        return built

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if self.as_text:
            return node.value
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as e:
            line = node.start_mark.line + 1
            raise refuse(self.name, line, f"this value cannot be read: {node.value[:80]!r}; put it in quotes") from e

    def _mapping(self, node: yaml.MappingNode) -> Located:
        out = Located(node.start_mark.line + 1)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise refuse(self.name, line, "a key should be a word")
            key = key_node.value
            if key in out:
                raise refuse(self.name, line, f"{key!r} stands here twice; the first is in line {out.lines[key]}")
            out.lines[key] = line
            out[key] = self.value(value_node)
        return out

    def _items(self, node: yaml.Node) -> Items:
        out = Items(node.start_mark.line + 1)
        for item in node.value:
            out.lines.append(item.start_mark.line + 1)
            out.append(self.value(item))
        return out


def plain(value: Any) -> Any:
    """The same value of ordinary mappings and lists."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def require_mapping(value: Any, file: str, line: int | None, what: str) -> Located:
    """`value` as a mapping; nothing at all is an empty one. Raises InputError that says what it should hold."""
    if value is None:
        return Located(line or 1)
    if not isinstance(value, Located):
        raise refuse(file, line, f"{what} should hold a mapping, found {plain(value)!r}")
    return value


def require_known(found: Located, known: Iterable[str], file: str, what: str) -> None:
    """Raises InputError at the line of the first key that is not among `known`, with the one that was meant."""
    names = sorted(known)
    for key in found:
        if key not in names:
            raise refuse(file, found.lines[key], f"{what} has no {key!r}; {meant(key, names)}")


def meant(word: str, known: Iterable[str]) -> str:
    """ "did you mean …?", or all there are where nothing is near."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(word, names, n=2, cutoff=0.7)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    shown = ", ".join(names[:30]) + (" …" if len(names) > 30 else "")
    return f"there are {shown}" if names else "there are none"
