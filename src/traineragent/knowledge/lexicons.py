"""Loads the word lists: YAML files under `knowledge/lexicon` and `knowledge/policy`, one a subject; a subject of many
words is a folder of files.

The overlay folder in force may hold files of the same names; what they list is added to ours, and rules of policy are
changed by id (`rules.py`). It knows nothing of what the words are used for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from .force import once_per_overlay, overlay
from .located import Items, Located, meant, plain, read_located, refuse
from .metrics import names_said
from .rules import changed_rules, require_no_excuses

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every scalar is a text: "no" and "1" are words here
LEXICON, POLICY = "lexicon", "policy"
_OPEN: set[tuple[str, ...]] = {
    ("beyond",),
    ("classes",),
    ("concepts",),
    ("constraints",),
    ("groups", "synonyms"),
    ("personal", "columns"),
    ("numbers", "*", "values"),
    ("numbers", "*", "times"),
    ("numbers", "*", "parts"),
    ("units", "*"),
    ("ideas",),
}
"""Mappings to which new names may be added; "*" is any key. Elsewhere code asks for the names that are there, so a new
one would change nothing."""
_HEADED: set[tuple[str, ...]] = {("units", "*", "*"), ("personal", "columns", "*")}
"""Lists whose first entry is no phrase: the size of a unit, what a kind of data is called."""


def lexicon(name: str, folder: str = LEXICON) -> Any:
    """The parsed content of `<folder>/<name>.yaml`, with the user's file of that name added to it. Kept."""
    return _lexicon(name, folder)


@once_per_overlay
def _lexicon(name: str, folder: str) -> Any:
    ours = _ours(name, folder)
    chosen = overlay()
    if (folder, name) == (LEXICON, "metrics"):
        ours = {**names_said(chosen), **ours}
    path = chosen / folder / f"{name}.yaml" if chosen else None
    theirs = read_located(path, as_text=True) if path is not None and path.is_file() else None
    if theirs is None:
        return ours
    if (folder, name) == (POLICY, "rules"):
        return changed_rules(ours, theirs, str(path), lexicon("ideas", POLICY))
    if (folder, name) == (POLICY, "ideas"):
        require_no_excuses(_ours("rules", POLICY), theirs, str(path))
    return _merged(ours, theirs, (name,), str(path), 1)


@cache
def _ours(name: str, folder: str) -> Any:
    inside = resources.files(__package__).joinpath(folder)
    parts = inside.joinpath(name)
    if not parts.is_dir():
        return _parsed(inside.joinpath(f"{name}.yaml"))
    files = sorted((p for p in parts.iterdir() if p.name.endswith(".yaml")), key=lambda p: p.name)
    return {key: value for file in files for key, value in _parsed(file).items()}


def _parsed(file: Traversable) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)


def added_texts(name: str, folder: str, chosen: Path) -> Iterator[tuple[str, str, int]]:
    """(text, file, line) of every text in the user's file, for whoever knows what the texts should look like."""
    path = chosen / folder / f"{name}.yaml"
    if path.is_file():
        yield from _texts(read_located(path, as_text=True), str(path), 1)


def _texts(value: Any, file: str, line: int) -> Iterator[tuple[str, str, int]]:
    if isinstance(value, Located):
        for key, inner in value.items():
            yield from _texts(inner, file, value.lines[key])
    elif isinstance(value, Items):
        for inner, at in zip(value, value.lines, strict=True):
            yield from _texts(inner, file, at)
    elif isinstance(value, str):
        yield value, file, line


# ----------------------------------------------------------------------------------------------------------- merging
def _merged(ours: Any, theirs: Any, path: tuple[str, ...], file: str, line: int) -> Any:
    """Mappings are merged key by key, lists are joined (the user's first), a single value is replaced. Raises
    InputError for what has another shape than ours, or stands where nobody would look for it."""
    where = ".".join(path)
    if isinstance(ours, dict):
        if not isinstance(theirs, Located):
            raise refuse(file, line, f"{where} should hold a mapping, found {_shown(theirs)}")
        return _merged_mapping(ours, theirs, path, file)
    if isinstance(ours, list):
        if not isinstance(theirs, Items):
            raise refuse(file, line, f"{where} should hold a list, found {_shown(theirs)}")
        return _joined(ours, theirs, path, file)
    if not isinstance(theirs, str) or (_is_number(ours) and not _is_number(theirs)):
        expected = "a number" if _is_number(ours) else "a text"
        raise refuse(file, line, f"{where} should be {expected} such as {ours!r}, found {_shown(theirs)}")
    return theirs


def _merged_mapping(ours: dict[str, Any], theirs: Located, path: tuple[str, ...], file: str) -> dict[str, Any]:
    out = dict(ours)
    for key, value in theirs.items():
        line = theirs.lines[key]
        if key in ours:
            out[key] = _merged(ours[key], value, (*path, key), file, line)
            continue
        if not (_among(_OPEN, path) or _is_language(key, ours)):
            raise refuse(file, line, f"{'.'.join(path)} has no {key!r}; {meant(key, list(ours))}")
        if ours and not any(_alike(sibling, value) for sibling in ours.values()):
            sample = next(iter(ours))
            raise refuse(file, line, f"{key!r} should look like {sample!r} does: {_outline(ours[sample])}")
        out[key] = plain(value)
    return out


def _joined(ours: list[Any], theirs: Items, path: tuple[str, ...], file: str) -> list[Any]:
    for item, line in zip(theirs, theirs.lines, strict=True):
        if ours and not any(_alike(known, item) for known in ours):
            raise refuse(
                file, line, f"an entry of {'.'.join(path)} should be {_outline(ours[0])}, found {_shown(item)}"
            )
    new = [item for item in plain(theirs) if item not in ours]
    return [*ours, *new] if _among(_HEADED, path) else [*new, *ours]


def _among(patterns: set[tuple[str, ...]], path: tuple[str, ...]) -> bool:
    return any(len(p) == len(path) and all(a in ("*", b) for a, b in zip(p, path, strict=True)) for p in patterns)


def _is_language(key: str, ours: dict[str, Any]) -> bool:
    """Whether `ours` is a table by language and `key` another one."""
    by_language = {"any", "en"} & set(ours) and all(k == "any" or len(k) == 2 for k in ours)
    return bool(by_language) and len(key) == 2 and key.isalpha()


def _alike(ours: Any, theirs: Any) -> bool:
    """Whether `theirs` has the shape of `ours`: the same keys, where ours is no table that may grow."""
    if isinstance(ours, dict):
        if not isinstance(theirs, dict):
            return False
        if set(theirs) - set(ours) and not all(_is_language(k, ours) for k in set(theirs) - set(ours)):
            return False
        needed = set() if any(k == "any" or len(k) == 2 for k in ours) else set(ours)
        return needed <= set(theirs) and all(_alike(ours[k], v) for k, v in theirs.items() if k in ours)
    if isinstance(ours, list):
        return isinstance(theirs, list) and all(not ours or any(_alike(o, t) for o in ours) for t in theirs)
    return isinstance(theirs, str) and (_is_number(theirs) or not _is_number(ours))


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _shown(value: Any) -> str:
    return repr(plain(value))[:120]


def _outline(value: Any) -> str:
    if isinstance(value, dict):
        return f"a mapping with {', '.join(list(value)[:8])}"
    if isinstance(value, list):
        return f"a list of {'mappings' if value and isinstance(value[0], dict) else 'texts'}"
    return "a number" if _is_number(value) else "a text"
