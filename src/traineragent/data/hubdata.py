"""Data sets of a hub, `hf://owner/name`: which files of a repository are the data. Knows nothing of what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from traineragent.data.layout import is_picture_name
from traineragent.data.sources import is_table_name
from traineragent.errors import InputError
from traineragent.store.hub import HubAway, Repository, fetch, is_hub, repository

CONVERTED = "refs/convert/parquet"
"""The revision in which a hub keeps data sets that are written by a program, as tables."""
MARKED, TEXTS = (".conll", ".bio", ".iob", ".iob2", ".conllu"), (".txt",)
ABOUT = ("dataset_infos.json", "dataset_info.json", "state.json", "package.json", "tokenizer.json")
LISTED = 12


def local_paths(paths: Sequence[str], progress: Callable[[str], None] | None = None) -> list[str]:
    """Addresses of a hub become files of the cache; all others stay as they are. Raises InputError and MissingExtra."""
    out: list[str] = []
    for path in paths:
        out += _fetched(path, progress or (lambda sentence: None)) if is_hub(path) else [path]
    return out


def _fetched(address: str, say: Callable[[str], None]) -> list[str]:
    wanted = repository(address, "dataset")
    say(f"asking the hub for {wanted.name}")
    try:
        folder, files = fetch(wanted, lambda names: data_files(wanted, names))
        if not files and wanted.revision is None:
            converted = Repository(wanted.name, "dataset", CONVERTED, wanted.part)
            folder, files = fetch(converted, lambda names: data_files(converted, names))
    except HubAway as error:
        raise InputError(str(error)) from None
    if not files:
        raise InputError(f"{wanted.name}: holds no tables, pictures or texts")
    loose = all(is_table_name(name) or _is(name, MARKED) for name in files)
    return [str(folder / name) for name in files] if loose else [str(folder)]


def data_files(wanted: Repository, names: Sequence[str]) -> list[str]:
    """Files to fetch: tables (Parquet before others), else marked texts, else pictures or texts with the tables beside
    them. Where a repository holds several data sets, `part` says which one. Raises InputError."""
    seen = [n for n in names if not any(piece.startswith(".") for piece in PurePosixPath(n).parts) and not _is_about(n)]
    if wanted.part is not None and seen:
        seen = _of_part(wanted, seen)
    pictures = [n for n in seen if is_picture_name(n)]
    tables = [n for n in seen if is_table_name(n)]
    if pictures and len(pictures) >= len(tables):
        return sorted(pictures + tables)
    parquet = [n for n in tables if n.lower().endswith(".parquet")]
    for kind in (parquet, tables, [n for n in seen if _is(n, MARKED)]):
        if kind:
            return _one_set(wanted, kind)
    return sorted(n for n in seen if _is(n, TEXTS) and not n.lower().startswith(("readme", "licen")))


def _of_part(wanted: Repository, names: Sequence[str]) -> list[str]:
    """The file of that path, else what lies in a folder of that name, else files whose name begins so."""
    part = (wanted.part or "").strip("/")
    inside = [n for n in names if n == part] or [n for n in names if part in PurePosixPath(n).parts[:-1]]
    found = inside or [n for n in names if PurePosixPath(n).name.startswith(part)]
    if not found:
        raise InputError(f"{wanted.name}: has nothing called {part!r}; there are {_few(_parts(names))}")
    return found


def _one_set(wanted: Repository, names: Sequence[str]) -> list[str]:
    folders = {str(PurePosixPath(n).parent) for n in names}
    splits = {"train", "test", "validation", "valid", "dev", "data"}
    if len({f for f in folders if PurePosixPath(f).name.lower() not in splits}) > 1:
        raise InputError(
            f"{wanted.name}: holds several data sets ({_few(_parts(names))}); say which, as in hf://{wanted.name}#"
            f"{_parts(names)[0]}"
        )
    return sorted(names)


def _parts(names: Sequence[str]) -> list[str]:
    folders = {PurePosixPath(n).parts[0] if "/" in n else n for n in names}
    return sorted(folders)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED:,} more" if len(names) > LISTED else "")


def _is(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().endswith(suffixes)


def _is_about(name: str) -> bool:
    return PurePosixPath(name).name.lower() in ABOUT
