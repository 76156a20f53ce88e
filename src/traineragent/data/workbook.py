"""Excel workbooks (.xlsx, .xlsm): the sheet that holds the data, found among titles, blanks and merged cells.

Knows nothing of other formats. Formulas give the value Excel stored last.
"""

from __future__ import annotations

import io
import itertools
import warnings
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from traineragent.data.columns import TextColumns, block_from_cells
from traineragent.data.delimited import COLUMN_LIMIT, digest
from traineragent.data.fitting import FOOTER
from traineragent.data.header import Layout, find_layout, fold_name
from traineragent.data.joining import much_alike
from traineragent.data.part import FileFacts, Part, ReadOptions, line_list
from traineragent.data.sources import Source, shown
from traineragent.data.typed import are_numbers, text_cells
from traineragent.errors import InputError

Rows = list[list[Any]]
CELL_LIMIT = 60_000_000
LOOK = 400
FEWEST_ALIKE = 3  # columns that sheets must share to be parts of one table
MAIN = 0.25  # of the records of the largest sheet, for a sheet before it to be the data
LAYOUT_BYTES = 30_000_000
"""A smaller workbook is loaded whole, so that merged cells are known; a larger one is streamed."""


def read_workbook(source: Source, options: ReadOptions) -> list[Part]:
    """The sheet named by `#Sheet`; else the first that is no mere remark or list of codes beside the largest, and all
    that have its columns, which are parts of one table as a sheet a month is. Raises InputError."""
    book = _opened(source)
    sheets = {title: _sheet_rows(source, book, title) for title in _chosen_sheet(source, book)}
    names = list(book.sheetnames)
    book.close()
    main = _main_sheet(source, sheets, names)
    first = _table(source, main, sheets[main], options)
    found = {main: first, **_alike(source, first, {t: r for t, r in sheets.items() if t != main}, options)}
    parts = _without_copies({title: found[title] for title in sheets if title in found})
    notes = _told(source, names, list(parts), [title for title in found if title not in parts])
    if len(parts) > 1:
        parts = {t: replace(p, facts=replace(p.facts, name=f"{source.name}#{shown(t)}")) for t, p in parts.items()}
    head, *rest = parts.values()
    return [replace(head, notes=(*notes, *head.notes)), *rest]


def _main_sheet(source: Source, sheets: Mapping[str, Rows], names: Sequence[str]) -> str:
    """The first sheet with at least a share `MAIN` of the records of the largest: covers and code lists stand before
    and behind the data, and have few rows of several cells."""
    filled = {title: rows for title, rows in sheets.items() if any(not _blank(cell) for row in rows for cell in row)}
    if not filled:
        said = ", ".join(map(shown, names))
        raise InputError(f"{source.name}: no sheet holds a table (sheets: {said})", file=source.name)
    sizes = {title: sum(sum(not _blank(cell) for cell in row) > 1 for row in rows) for title, rows in filled.items()}
    if not any(sizes.values()):  # tables of one column
        sizes = {title: sum(any(not _blank(cell) for cell in row) for row in rows) for title, rows in filled.items()}
    return next(title for title, size in sizes.items() if size >= MAIN * max(sizes.values()))


def _alike(source: Source, first: Part, others: Mapping[str, Rows], options: ReadOptions) -> dict[str, Part]:
    """The other sheets that have the columns of the first one, or nearly. Two columns are too few to tell by."""
    names = list(first.frame.columns)
    if not first.facts.header or len({fold_name(name) for name in names}) < max(FEWEST_ALIKE, len(names)):
        return {}
    options = replace(options, expected=tuple(first.frame.columns))
    found = {}
    for title, rows in others.items():
        try:
            part = _table(source, title, rows, options)
        except InputError:  # a sheet without rows
            continue
        if part.facts.header and much_alike(list(part.frame.columns), names):
            found[title] = part
    return found


def _without_copies(parts: dict[str, Part]) -> dict[str, Part]:
    """The sheets without those whose rows all stand in another one, as months do that a sheet of the year repeats.
    Rows that come often show nothing."""
    if len(parts) < 2 or any(p.rows_total != len(p.frame) for p in parts.values()):
        return parts
    order = list(next(iter(parts.values())).frame.columns)
    by_fold = {fold_name(name): name for name in order}
    rows = {
        title: Counter(
            p.frame.rename(columns=lambda n: by_fold[fold_name(n)])[order].itertuples(index=False, name=None)
        )
        for title, p in parts.items()
    }
    kept = dict(parts)
    for title in sorted(parts, key=lambda t: len(parts[t].frame)):
        wholes = [rows[other] for other in kept if other != title and len(kept[other].frame) >= len(parts[title].frame)]
        if any(
            all(whole[row] >= n for row, n in rows[title].items())
            and sum(whole[row] == 1 for row in rows[title]) >= 0.5 * len(rows[title])
            for whole in wholes
        ):
            del kept[title]
    return kept


def _told(source: Source, names: Sequence[str], read: Sequence[str], copies: Sequence[str]) -> list[str]:
    """What became of which sheet."""
    notes = []
    if len(read) > 1:
        listed = ", ".join(map(shown, read[:12])) + (f" and {len(read) - 12} more" if len(read) > 12 else "")
        notes.append(
            f"the sheets {listed} have the same columns, or nearly, and were read as parts of one table; "
            f"choose one with {source.name}#{shown(read[0])}"
        )
    if copies:
        notes.append(f"sheets whose rows all stand in another one were left out ({', '.join(map(shown, copies[:8]))})")
    others = [shown(name) for name in names if name not in {*read, *copies}]
    if others:
        which = f"read sheet {shown(read[0])!r}; the other sheets" if len(read) == 1 else "the other sheets"
        notes.append(f"{which} ({', '.join(others[:8])}) were left alone, choose one with {source.name}#{others[0]}")
    return notes


def _opened(source: Source) -> Any:
    import openpyxl  # here, so that other formats are not kept waiting for it

    try:
        with source.open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which do not matter here
            large = (source.size or 0) > LAYOUT_BYTES
            return openpyxl.load_workbook(io.BytesIO(stream.read()), read_only=large, data_only=True)
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        EOFError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:
        raise InputError(
            f"{source.name}: the Excel workbook is damaged ({shown(str(error))}); open and save it again, "
            "or save it as CSV",
            file=source.name,
        ) from None
    except SyntaxError as error:  # xml's ParseError
        raise InputError(
            f"{source.name}: the Excel workbook is damaged ({shown(str(error))})", file=source.name
        ) from None


def _chosen_sheet(source: Source, book: Any) -> list[str]:
    tables = [sheet.title for sheet in book.worksheets]
    visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if source.part is None:
        return visible or tables
    found = [name for name in tables if name == source.part] or [
        name for name in tables if name.casefold().strip() == source.part.casefold().strip()
    ]
    if not found:
        raise InputError(
            f"{source.name}: no sheet {shown(source.part)!r}; it has {', '.join(map(shown, tables))}", file=source.name
        )
    return found[:1]


def _sheet_rows(source: Source, book: Any, title: str) -> Rows:
    """Cells of a sheet as Python values, rows in place so that index + 1 is Excel's row number."""
    sheet = book[title]
    if (sheet.max_column or 0) > COLUMN_LIMIT:
        raise InputError(f"{source.name}: more than {COLUMN_LIMIT:,} columns", file=source.name)
    rows: Rows = []
    cells = 0
    for values in sheet.iter_rows(values_only=True):
        row = list(values)
        while row and (row[-1] is None or (isinstance(row[-1], str) and not row[-1].strip())):
            row.pop()
        rows.append(row)
        cells += len(row)
        if cells > CELL_LIMIT:
            raise InputError(
                f"{source.name}: sheet {shown(title)!r} has more than {CELL_LIMIT:,} cells; save it as CSV",
                file=source.name,
            )
    merged = getattr(getattr(sheet, "merged_cells", None), "ranges", ())
    for area in list(merged):
        _spread(rows, area)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _spread(rows: Rows, area: Any) -> None:
    """A merged area stands for its value in each of its cells, unless it is a title over the whole width."""
    top, left, bottom, right = area.min_row - 1, area.min_col - 1, area.max_row - 1, area.max_col - 1
    if top >= len(rows) or left >= len(rows[top]):
        return
    widest = max(map(len, rows))
    if right - left + 1 >= max(2, widest - 1) and top == bottom:
        return
    for index in range(top, min(bottom + 1, len(rows))):
        row = rows[index]
        row.extend([None] * (right + 1 - len(row)))
        row[left : right + 1] = [rows[top][left]] * (right - left + 1)


def _table(source: Source, title: str, rows: Rows, options: ReadOptions) -> Part:
    """Cut the table out of a sheet: blank rows and columns around it, titles above, remarks below."""
    kept = [(number, row) for number, row in enumerate(rows, 1) if any(not _blank(cell) for cell in row)]
    width = max((len(row) for _, row in kept), default=0)
    used = [j for j in range(width) if any(j < len(row) and not _blank(row[j]) for _, row in kept)]
    left, width = (used[0], used[-1] + 1 - used[0]) if used else (0, 0)
    grid = [[*row[left : left + width], *[None] * (width - len(row[left : left + width]))] for _, row in kept]
    numbers = [number for number, _ in kept]
    layout = find_layout([text_cells_of_row(row) for row in grid[:LOOK]], width, options.expected)
    if layout.start >= len(grid):
        raise InputError(f"{source.name}: sheet {shown(title)!r} holds only a header, no rows", file=source.name)
    notes = []
    if layout.above:
        notes.append(f"rows above the table left out ({line_list([numbers[i] for i in layout.above])})")
    body, numbers = grid[layout.start :], numbers[layout.start :]
    footers = 0
    while len(body) > 2 and _is_remark(body[-1], width):
        body.pop()
        footers += 1
    if footers:
        notes.append(f"closing remarks below the table left out ({line_list(numbers[len(body) :])})")
    return _part(source, body, numbers[: len(body)], layout, options, [*notes, *layout.notes])


def _part(
    source: Source, body: Rows, numbers: Sequence[int], layout: Layout, options: ReadOptions, notes: list[str]
) -> Part:
    columns = [text_cells([row[j] for row in body]) for j in range(layout.width)]
    void = [j for j, column in enumerate(columns) if layout.names[j] == f"column_{j + 1}" and not any(column)]
    kept = [j for j in range(layout.width) if j not in set(void)] if len(void) < layout.width else range(layout.width)
    names = [layout.names[j] for j in kept]
    if void and layout.header:
        notes.append(f"{len(void)} nameless column{'s' if len(void) > 1 else ''} without values left out")
    texts = TextColumns(len(names), options.max_rows, options.memory)
    for start in range(0, len(body), 50_000):
        stop = min(start + 50_000, len(body))
        rows = list(zip(*(columns[j][start:stop] for j in kept), strict=True))
        texts.add(block_from_cells(rows, numbers[start:stop], len(names)))
    frame, lines, keys = texts.finish(names)
    facts = FileFacts(
        source.name, "excel", None, None, layout.header, len(frame), frame.shape[1], source.packed, None, digest(source)
    )
    numeric = frozenset(layout.names[j] for j in kept if are_numbers(row[j] for row in body))
    return Part(frame, np.asarray(lines, np.int64), keys, facts, texts.seen, tuple(notes), numeric)


def text_cells_of_row(row: Sequence[Any]) -> list[str | None]:
    """Text of the cells of one row, each by itself."""
    return list(itertools.chain.from_iterable(text_cells([cell]) for cell in row))


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_remark(row: Sequence[Any], width: int) -> bool:
    filled = [cell for cell in row if not _blank(cell)]
    if width < 3 or len(filled) != 1 or not isinstance(filled[0], str):
        return False
    return not _blank(row[0]) and (bool(FOOTER.match(filled[0])) or len(filled[0]) > 25)
