"""The user's own knowledge as a folder: which files may stand in it, and what each changes.

    sops/AGENT.yaml   policy/rules.yaml, ideas.yaml   lexicon/SUBJECT.yaml   prompts/NAME.md   metrics/*.yaml   llm.yaml

It knows nothing of runs; `agents/inforce.py` checks what the files say.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from ..errors import InputError
from .located import Located, meant, read_located
from .sop import AGENTS

FOLDERS = ("sops", "policy", "lexicon", "prompts", "metrics")
LLM = "llm.yaml"
_READ = (".yaml", ".yml", ".md")
_SINGULAR = {"sops": "procedure", "policy": "policy", "lexicon": "words", "metrics": "metric", "prompts": "prompt"}


def overlay_files(folder: Path) -> Iterator[Path]:
    """The files of an overlay in a fixed order. Raises InputError for one that would change nothing, because nobody
    looks for it: a misspelt name is a change that silently does not happen."""
    _require_folders(folder)
    if (folder / LLM).is_file():
        yield folder / LLM
    for kind in FOLDERS:
        inside = folder / kind
        for path in sorted(inside.iterdir()) if inside.is_dir() else ():
            if path.is_file() and path.suffix in _READ and not path.name.startswith("."):
                _require_known(kind, path)
                yield path


def _require_folders(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        near = difflib.get_close_matches(path.name.lower(), FOLDERS, n=1, cutoff=0.6)
        if path.is_dir() and path.name not in FOLDERS and near:
            raise InputError(f"{path}: the folder should be called {near[0]!r}", file=str(path))
        if path.is_file() and path.suffix in _READ and not path.name.startswith(".") and path.name != LLM:
            raise InputError(
                f"{path}: a file of an overlay stands in one of the folders {', '.join(FOLDERS)}", file=str(path)
            )


def _require_known(kind: str, path: Path) -> None:
    if kind == "metrics":
        if path.suffix == ".md":
            raise InputError(f"{path}: a file of metrics ends with .yaml", file=str(path))
        return
    known = known_names(kind)
    if path.name not in known:
        raise InputError(f"{path}: there is nothing of that name to change; {meant(path.name, known)}", file=str(path))


def known_names(kind: str) -> tuple[str, ...]:
    """The files that a folder of knowledge may hold: those that ship in it, one for each subject of several files."""
    if kind == "sops":
        return tuple(f"{agent}.yaml" for agent in AGENTS)
    shipped = files(__package__) / kind
    if not shipped.is_dir():
        return ()
    names = (f"{p.name}.yaml" if p.is_dir() else p.name for p in shipped.iterdir())
    return tuple(sorted(name for name in names if Path(name).suffix in _READ))


def changes(paths: Iterable[Path]) -> list[tuple[str, str]]:
    """(file:line, what stands there) for every entry of an overlay's files, in words."""
    out = []
    for path in paths:
        if path.suffix == ".md":
            out.append((f"{path}:1", f"prompt {path.stem}"))
            continue
        content = read_located(path, as_text=True)
        out += [(f"{path}:{line}", words) for words, line in _entries(path, content)]
    return out


def _entries(path: Path, content: object) -> Iterator[tuple[str, int]]:
    if not isinstance(content, Located):
        yield f"{path.parent.name} {path.stem}", 1
        return
    for key, value in content.items():
        nested = _nested(path, key, value)
        kind = _SINGULAR.get(path.parent.name, "setting of")
        subject = "" if path.stem == key else f"{path.stem}: "
        yield from nested or [(f"{kind} {subject}{key}", content.lines[key])]


def _nested(path: Path, key: str, value: object) -> list[tuple[str, int]]:
    """Steps, settings and rules one by one; they stand one level deeper."""
    kind = path.parent.name
    if kind == "sops" and isinstance(value, Located) and key == "settings":
        return [(f"{path.stem} setting {name} = {value[name]}", line) for name, line in value.lines.items()]
    if kind == "sops" and isinstance(value, Located):
        return [item for name in value for item in _listed(f"{path.stem}, {name}: step", value[name])]
    if kind == "policy" and path.stem == "rules":
        return _listed(f"policy, {key}: rule", value)
    return []


def _listed(what: str, items: object) -> list[tuple[str, int]]:
    out = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Located):
            removed = "remove" in item
            name = item.get("remove") if removed else item.get("id")
            out.append((f"{what} {name}{' removed' if removed else ''}", item.line))
    return out
