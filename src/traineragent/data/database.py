"""Tables of SQL databases: `sqlite:///file.db#table`, `postgresql://…#table`. Read only.

Knows nothing of files. Names of tables come from the database's own list, never from text put into a query.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np

from traineragent.data.columns import SEED
from traineragent.data.part import Part, ReadOptions
from traineragent.data.sources import Source, memory_source, shown
from traineragent.data.typedpart import typed_part
from traineragent.errors import InputError, MissingExtra

EXTRAS = {"postgresql": ("psycopg", "postgresql"), "postgres": ("psycopg", "postgresql"), "mysql": ("pymysql", "mysql")}
ROW_LIMIT = 20_000_000


def is_database(address: str) -> bool:
    scheme = address.partition("://")[0].partition("+")[0].lower()
    return "://" in address and scheme in ("sqlite", *EXTRAS, "mariadb", "mssql", "oracle", "duckdb")


def read_database(address: str, options: ReadOptions) -> Part:
    """Read one table. Raises InputError, or MissingExtra when the driver is not installed."""
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    url, _, table = address.partition("#")
    scheme = url.partition("://")[0].partition("+")[0].lower()
    name = _shown_name(url, scheme)
    engine = _engine(url, scheme, name)
    try:
        found = _table(engine, table, name)
        with engine.connect() as connection:
            return _rows(connection, found, memory_source(f"{name}#{found.name}", b""), options)
    except SQLAlchemyError as error:
        reason = shown(str(getattr(error, "orig", None) or type(error).__name__))
        raise InputError(
            f"{name}: the database could not be read ({reason}); check the address and that it can be reached",
            file=name,
        ) from None
    finally:
        engine.dispose()
        del sqlalchemy


def _shown_name(url: str, scheme: str) -> str:
    """The database's own name: no user, password, host or folder."""
    rest = url.partition("://")[2].partition("?")[0].rstrip("/")
    return shown(rest.rpartition("/")[2] or scheme)


def _engine(url: str, scheme: str, name: str) -> Any:
    import sqlalchemy
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    if scheme == "sqlite":
        path = Path(url.partition("///")[2].partition("?")[0])
        if not path.is_file():
            raise InputError(f"{name}: no such database file", file=name)
        with path.open("rb") as stream:
            if not stream.read(16).startswith(b"SQLite format 3"):
                raise InputError(f"{name}: is no SQLite database", file=name)
        address = f"sqlite:///file:{path.absolute()}?mode=ro&uri=true"
        return sqlalchemy.create_engine(address)
    package, extra = EXTRAS.get(scheme, (scheme, scheme))
    if scheme in EXTRAS and "+" not in url.partition("://")[0]:
        dialect = "postgresql" if scheme.startswith("postgres") else scheme
        url = f"{dialect}+{package}://{url.partition('://')[2]}"
    try:
        return sqlalchemy.create_engine(url)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise MissingExtra(package, extra, f"Reading {scheme} databases") from None
    except ArgumentError:
        raise InputError(f"{name}: not a database address; expected {scheme}://user@host/database#table") from None


def _table(engine: Any, wanted: str, name: str) -> Any:
    import sqlalchemy

    schema, _, bare = wanted.rpartition(".")
    look = sqlalchemy.inspect(engine)
    names = [*look.get_table_names(), *look.get_view_names()]
    if not wanted:
        if len(names) == 1:
            return sqlalchemy.Table(names[0], sqlalchemy.MetaData(), autoload_with=engine)
        raise InputError(f"{name}: which table? Add #table to the address; it has {_some(names)}", file=name)
    if wanted in names:
        return sqlalchemy.Table(wanted, sqlalchemy.MetaData(), autoload_with=engine)
    if schema and bare in [*look.get_table_names(schema), *look.get_view_names(schema)]:
        return sqlalchemy.Table(bare, sqlalchemy.MetaData(), schema=schema, autoload_with=engine)
    near = difflib.get_close_matches(wanted, names, n=2)
    hint = f"did you mean {' or '.join(map(shown, near))}?" if near else f"it has {_some(names)}"
    raise InputError(f"{name}: no table {shown(wanted)!r}; {hint}", file=name)


def _some(names: list[str]) -> str:
    return ", ".join(shown(n) for n in names[:8]) + (" …" if len(names) > 8 else "") if names else "no tables"


def _rows(connection: Any, table: Any, source: Source, options: ReadOptions) -> Part:
    """The rows, or a uniform sample of them drawn while they pass by."""
    random = np.random.default_rng(SEED + 1)
    names = [column.name for column in table.columns]
    kept: list[tuple[float, int, tuple[Any, ...]]] = []
    total, below = 0, 1.0
    limit = options.max_rows or ROW_LIMIT
    result = connection.execution_options(stream_results=True).execute(table.select())
    for batch in result.partitions(10_000):
        for key, row in zip(random.random(len(batch)), batch, strict=True):
            total += 1
            if key < below:
                kept.append((float(key), total, tuple(row)))
        if len(kept) > 2 * limit:
            kept = sorted(kept, key=lambda item: item[0])[:limit]
            below = kept[-1][0]
    if not total:
        raise InputError(f"{source.name}: the table holds no rows", file=source.name)
    kept = sorted(sorted(kept, key=lambda item: item[0])[:limit], key=lambda item: item[1])
    columns = list(zip(*(row for _, _, row in kept), strict=True))
    part = typed_part(source, "sql", names, columns, [number for _, number, _ in kept], options)
    keys = np.array([key for key, _, _ in kept])
    return type(part)(part.frame, part.lines, keys, part.facts, total, part.notes)
