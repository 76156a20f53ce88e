"""Polluted files in the manner of the Pollock benchmark: each must come back in its true shape, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from traineragent.data.reading import RawTable, read_table

NAMES = ["id", "city", "price", "note"]
ROWS = [
    ["1", "Berlin", "12.50", "good"],
    ["2", "Paris", "7.00", "bad"],
    ["3", "Rome", "9.25", "good"],
    ["4", "Oslo", "3.10", "fair"],
    ["5", "Bern", "18.00", "good"],
    ["6", "Graz", "2.75", "bad"],
]


def lines(rows: list[list[str]] = ROWS, names: list[str] | None = NAMES, mark: str = ",", end: str = "\n") -> str:
    table = [names, *rows] if names else rows
    return "".join(mark.join(row) + end for row in table)


def with_note(text: str) -> list[list[str]]:
    """The rows with one cell replaced."""
    return [*ROWS[:2], ["3", "Rome", "9.25", text], *ROWS[3:]]


def quoted(rows: list[list[str]], mark: str = ",", quote: str = '"') -> str:
    def cell(text: str) -> str:
        return quote + text.replace(quote, quote * 2) + quote

    return "".join(mark.join(map(cell, row)) + "\n" for row in [NAMES, *rows])


UNNAMED = [f"column_{i}" for i in range(1, 5)]
PLAIN = lines()
MESSY = with_note('a, "b"\nc;d')

# name, text or bytes, column names, rows (None marks an absent cell)
CASES: list[tuple[str, str | bytes, list[str], list[list[str | None]] | list[list[str]]]] = [
    ("plain", PLAIN, NAMES, ROWS),
    ("semicolon", lines(mark=";"), NAMES, ROWS),
    ("tab", lines(mark="\t"), NAMES, ROWS),
    ("pipe", lines(mark="|"), NAMES, ROWS),
    ("space", lines(mark=" "), NAMES, ROWS),
    ("caret", lines(mark="^"), NAMES, ROWS),
    ("tilde", lines(mark="~"), NAMES, ROWS),
    ("control A", lines(mark="\x01"), NAMES, ROWS),
    ("unit separator", lines(mark="\x1f"), NAMES, ROWS),
    ("two colons", lines(mark="::"), NAMES, ROWS),
    ("two pipes", lines(mark="||"), NAMES, ROWS),
    ("crlf", lines(end="\r\n"), NAMES, ROWS),
    ("cr only", lines(end="\r"), NAMES, ROWS),
    ("no last line end", PLAIN.rstrip("\n"), NAMES, ROWS),
    ("mixed line ends", lines(ROWS[:3], end="\r\n") + lines(ROWS[3:], None), NAMES, ROWS),
    ("bom", b"\xef\xbb\xbf" + PLAIN.encode(), NAMES, ROWS),
    ("utf-16", PLAIN.encode("utf-16"), NAMES, ROWS),
    ("utf-16 le without mark", PLAIN.encode("utf-16-le"), NAMES, ROWS),
    ("utf-16 be without mark", PLAIN.encode("utf-16-be"), NAMES, ROWS),
    ("utf-32", PLAIN.encode("utf-32"), NAMES, ROWS),
    ("all quoted", quoted(ROWS), NAMES, ROWS),
    ("all quoted with semicolon", quoted(ROWS, ";"), NAMES, ROWS),
    ("single quotes", quoted(with_note("a, b"), quote="'"), NAMES, with_note("a, b")),
    ("quotes inside, delimiter and line end", quoted(MESSY), NAMES, MESSY),
    ("crlf with quoted lf", quoted(MESSY).replace("bad\"\n", "bad\"\r\n"), NAMES, MESSY),
    ("doubled quotes", lines(with_note('"say ""hi"""')), NAMES, with_note('say "hi"')),
    ("backslash escapes", lines(with_note('"say \\"hi\\", ok"')), NAMES, with_note('say "hi", ok')),
    ("backslash before delimiter", lines(with_note("a\\, b")), NAMES, with_note("a, b")),
    ("plain backslashes stay", lines(with_note('"C:\\temp, \\new"')), NAMES, with_note("C:\\temp, \\new")),
    ("path that ends in a backslash", lines(with_note('"C:\\temp\\"')), NAMES, with_note("C:\\temp\\")),
    ("quotes not doubled", lines(with_note('"a "b" c"')), NAMES, with_note('a "b" c')),
    ("inch mark in a cell", lines(with_note('5" pipe')), NAMES, with_note('5" pipe')),
    ("quote that never closes", lines(with_note('"open')), NAMES, with_note('"open')),
    ("space after the delimiter and quotes", quoted(ROWS, ", "), NAMES, ROWS),
    ("space after the delimiter", lines(mark=", "), NAMES, [[r[0], *(f" {c}" for c in r[1:])] for r in ROWS]),
    ("trailing delimiter everywhere", lines(end=",\n"), NAMES, ROWS),
    ("trailing delimiter in rows only", lines([], NAMES) + lines(ROWS, None, end=",\n"), NAMES, ROWS),
    ("trailing delimiter in some rows", PLAIN.replace("bad\n", "bad,\n"), NAMES, ROWS),
    ("two trailing delimiters in one row", PLAIN.replace("fair\n", "fair,,\n"), NAMES, ROWS),
    ("title line", "Sales of 2024\n" + PLAIN, NAMES, ROWS),
    ("title, date and blank line", "Sales report\nGenerated 2024-01-01\n\n" + PLAIN, NAMES, ROWS),
    ("title with delimiters", "Sales,,,\n,,,\n" + PLAIN, NAMES, ROWS),
    ("key and value lines above", "Region,North\nYear,2024\n\n" + PLAIN, NAMES, ROWS),
    ("comment lines above", "# made by a tool\n# version 2, of 3, parts, here\n" + PLAIN, NAMES, ROWS),
    ("comment in the middle", PLAIN.replace("4,Oslo", "# checked until here\n4,Oslo"), NAMES, ROWS),
    ("excel sep line", "sep=;\n" + lines(mark=";"), NAMES, ROWS),
    ("blank lines between", PLAIN.replace("\n", "\n\n"), NAMES, ROWS),
    ("blank lines at the end", PLAIN + "\n\n\n", NAMES, ROWS),
    ("lines of spaces", PLAIN + "   \n", NAMES, ROWS),
    ("rows of delimiters at the end", PLAIN + ",,,\n,,,\n", NAMES, ROWS),
    ("footer in one cell", PLAIN + "Exported by the tool on Monday\n", NAMES, ROWS),
    ("footer after a blank line", PLAIN + "\nTotal rows: 6\n", NAMES, ROWS),
    ("count of rows below", PLAIN + "(6 rows)\n", NAMES, ROWS),
    ("short row",
     PLAIN.replace("4,Oslo,3.10,fair", "4,Oslo"), NAMES, [*ROWS[:3], ["4", "Oslo", None, None], *ROWS[4:]]),
    ("row cut off at the end",
     PLAIN.replace("6,Graz,2.75,bad\n", "6,Gra"), NAMES, [*ROWS[:5], ["6", "Gra", None, None]]),
    ("row with a cell too many", PLAIN.replace("fair", "fair,enough"), NAMES, [*ROWS[:3], *ROWS[4:]]),
    ("repeated header", PLAIN + lines(ROWS[:1]), NAMES, [*ROWS, ROWS[0]]),
    ("totals below", PLAIN + "Total,,52.60,\n", NAMES, ROWS),
    ("a last row that only sounds like totals", PLAIN + "Total,Wien,3.00,fair\n", NAMES,
     [*ROWS, ["Total", "Wien", "3.00", "fair"]]),
    ("header repeated between glued files", PLAIN + PLAIN, NAMES, [*ROWS, *ROWS]),
    ("hashtag in the header", "#" + PLAIN, ["#id", *NAMES[1:]], ROWS),
    ("hashtags as values", "tag,count\n#love,3\n#hate,4\n#home,9\n", ["tag", "count"],
     [["#love", "3"], ["#hate", "4"], ["#home", "9"]]),
    ("hashtags as values without header", "#love,3\n#hate,4\nhome,9\n#life,2\n", ["column_1", "column_2"],
     [["#love", "3"], ["#hate", "4"], ["home", "9"], ["#life", "2"]]),
    ("space separated with quotes", lines(with_note('"two words"'), mark=" "), NAMES, with_note("two words")),
    ("space separated with an empty cell", lines(with_note(""), mark=" "), NAMES,
     with_note("")),
    ("every cell empty but one", lines([*ROWS[:3], ["", "", "1.00", ""], *ROWS[3:]]), NAMES,
     [*ROWS[:3], ["", "", "1.00", ""], *ROWS[3:]]),
    ("tab in comma cells", lines(with_note("a\tb")), NAMES, with_note("a\tb")),
    ("url and times", lines([[a, f"http://x.org/{b}?a=1&b=2", "10:30:00", d] for a, b, c, d in ROWS]), NAMES,
     [[a, f"http://x.org/{b}?a=1&b=2", "10:30:00", d] for a, b, c, d in ROWS]),
    ("percent and currency", lines([[a, b, f"$ {c}", "12 %"] for a, b, c, d in ROWS], mark=";"), NAMES,
     [[a, b, f"$ {c}", "12 %"] for a, b, c, d in ROWS]),
    ("coordinates in a semicolon file", lines([[a, "52,52/13,40", c, d] for a, b, c, d in ROWS], mark=";"),
     NAMES, [[a, "52,52/13,40", c, d] for a, b, c, d in ROWS]),
    ("only text in capitals with header", "NAME,COLOUR\nANN,RED\nBOB,BLUE\nCAT,RED\nDAN,BLUE\n", ["NAME", "COLOUR"],
     [["ANN", "RED"], ["BOB", "BLUE"], ["CAT", "RED"], ["DAN", "BLUE"]]),
    ("missing words under numbers", "a,b\nNA,x\n1,y\n?,x\n2,y\n",
     ["a", "b"], [["NA", "x"], ["1", "y"], ["?", "x"], ["2", "y"]]),
    ("first data row of missing marks, no header", "?,1,2\n4,?,3\n5,6,7\n1,2,9\n", UNNAMED[:3],
     [["?", "1", "2"], ["4", "?", "3"], ["5", "6", "7"], ["1", "2", "9"]]),
    ("no quote ever closes", "id,text\n" + "".join(f'{i},"open {i}\n' for i in range(20)), ["id", "text"],
     [[str(i), f'"open {i}'] for i in range(20)]),
    ("markdown", "|id|city|price|note|\n|--:|:---|---|---|\n"
     + "".join(f"|{'|'.join(row)}|\n" for row in ROWS), NAMES, ROWS),
    ("a cell of two thousand lines", lines(with_note('"' + "line\n" * 2000 + '"')), NAMES, with_note("line\n" * 2000)),
    ("one column of times", "time\n10:20\n11:30\n12:40\n", ["time"], [["10:20"], ["11:30"], ["12:40"]]),
    ("colons between", "x:y\n1:2\n3:4\n5:6\n", ["x", "y"], [["1", "2"], ["3", "4"], ["5", "6"]]),
    ("no header", lines(names=None), UNNAMED, ROWS),
    ("no header, all quoted", quoted(ROWS).split("\n", 1)[1], UNNAMED, ROWS),
    ("spaces in the header", PLAIN.replace("id,city", " id , city "), NAMES, ROWS),
    ("line end in the header", PLAIN.replace("city", '"city\nname"'), ["id", "city name", "price", "note"], ROWS),
    ("repeated names", PLAIN.replace("note", "city"), ["id", "city", "price", "city_2"], ROWS),
    ("nameless column", PLAIN.replace("id,", ","), ["column_1", "city", "price", "note"], ROWS),
    ("header of R without row names", PLAIN.replace("id,", ""), ["column_1", "city", "price", "note"], ROWS),
    ("decimal comma with semicolon", lines([[a, b, c.replace(".", ","), d] for a, b, c, d in ROWS], mark=";"), NAMES,
     [[a, b, c.replace(".", ","), d] for a, b, c, d in ROWS]),
    ("thousands in quotes", lines(with_note('"1,234.50"')), NAMES, with_note("1,234.50")),
    ("lists in cells",
     lines([[a, b, c, "x|y;z"] for a, b, c, _ in ROWS]), NAMES, [[a, b, c, "x|y;z"] for a, b, c, _ in ROWS]),
    ("json in cells", lines(with_note('"{""a"": [1, 2]}"')), NAMES, with_note('{"a": [1, 2]}')),
    ("empty quoted cells", lines(with_note('""')), NAMES, with_note("")),
    ("zero width and soft characters", lines(with_note("a\u200bb\xadc")), NAMES, with_note("a\u200bb\xadc")),
    ("line separator letters inside", lines(with_note("a\u2028b\x85c\x0bd")), NAMES, with_note("a\u2028b\x85c\x0bd")),
    ("aligned columns",
     "id  city    price  note\n" + "".join(f"{a:<4}{b:<8}{c:>5}  {d}\n" for a, b, c, d in ROWS), NAMES, ROWS),
    ("aligned with spaces in cells",
     "id  city        price  note\n" + "".join(f"{a:<4}{'New ' + b:<12}{c:>5}  {d}\n" for a, b, c, d in ROWS),
     NAMES, [[a, "New " + b, c, d] for a, b, c, d in ROWS]),
    ("dates with spaces", lines([[a, "2024-01-0" + a + " 10:00:00", c, d] for a, b, c, d in ROWS]), NAMES,
     [[a, "2024-01-0" + a + " 10:00:00", c, d] for a, b, c, d in ROWS]),
    ("long text with commas in quotes",
     lines([[a, b, c, f'"well, {b}, that was {d}, or not, who knows"'] for a, b, c, d in ROWS]),
     NAMES, [[a, b, c, f"well, {b}, that was {d}, or not, who knows"] for a, b, c, d in ROWS]),
    ("units under the header",
     PLAIN.replace("1,Berlin", "no,name,EUR,text\n1,Berlin"), ["id no", "city name", "price EUR", "note text"], ROWS),
    ("stray carriage return in a cell", lines(with_note("a\rb")), NAMES, with_note("a\rb")),
    ("windows-1252", lines(with_note("Zürich – 5 €")).encode("cp1252"), NAMES, with_note("Zürich – 5 €")),
    ("latin letters", lines(with_note("façade déjà vu")).encode("latin-1"), NAMES, with_note("façade déjà vu")),
    ("years as names",
     "country,2019,2020,2021\nItaly,5,7,9\nSpain,4,4,8\nMalta,1,2,1\n", ["country", "2019", "2020", "2021"],
     [["Italy", "5", "7", "9"], ["Spain", "4", "4", "8"], ["Malta", "1", "2", "1"]]),
    ("counting names", "0,1,2\n5.1,3.5,1.4\n4.9,3.0,1.4\n4.7,3.2,1.3\n", ["0", "1", "2"],
     [["5.1", "3.5", "1.4"], ["4.9", "3.0", "1.4"], ["4.7", "3.2", "1.3"]]),
    ("one column with decimal comma", "value\n1,5\n2,5\n3,5\n", ["value"], [["1,5"], ["2,5"], ["3,5"]]),
    ("one column of sentences", "review\nIt was good, really\nNot for me\nNo, no, no\nFine\n", ["review"],
     [["It was good, really"], ["Not for me"], ["No, no, no"], ["Fine"]]),
    ("text only with header",
     "label,text\nham,see you there\nspam,win a prize now\nham,ok then\nspam,free entry today\n",
     ["label", "text"],
     [["ham", "see you there"], ["spam", "win a prize now"], ["ham", "ok then"], ["spam", "free entry today"]]),
    ("text only without header", "".join(f"{'ham' if i % 2 else 'spam'},message {i} of many\n" for i in range(20)),
     ["column_1", "column_2"], [["ham" if i % 2 else "spam", f"message {i} of many"] for i in range(20)]),
    ("one row", "a,b,c\n1,2,3\n", ["a", "b", "c"], [["1", "2", "3"]]),
]  # fmt: skip


def cells(table: RawTable) -> list[list[str | None]]:
    plain = table.frame.astype(object)
    return [[None if pd.isna(cell) else str(cell) for cell in row] for row in plain.itertuples(index=False)]


@pytest.mark.parametrize(("text", "names", "rows"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_polluted_file_comes_back_in_its_true_shape(
    tmp_path: Path, text: str | bytes, names: list[str], rows: list[list[str | None]]
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    table = read_table([str(path)], least_rows=1)
    assert list(table.frame.columns) == names
    assert cells(table) == rows
    assert len(table.row) == len(table.part) == len(rows)
    assert (table.row[1:] > table.row[:-1]).all()
