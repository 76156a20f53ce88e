"""What cannot be read gets one clear sentence; what is large is sampled uniformly; real tables come back whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from traineragent.data import columns
from traineragent.data.reading import read_table
from traineragent.errors import InputError

BAD: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", "empty"),
    ("blank.csv", b"\n\n  \n", "nothing but blank lines"),
    ("head.csv", b"id,city,price\n", "only a header"),
    ("one.csv", b"id,city\n1,Ulm\n", "1 row, at least 2"),
    ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(500), "a PNG picture"),
    ("program.csv", b"\x7fELF\x02\x01\x01" + bytes(500), "ELF"),
    ("paper.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF document"),
    ("page.csv", b"\n<!DOCTYPE html>\n<html><body>Sign in, please</body></html>\n", "a web page"),
    ("weka.csv", b"@relation x\n@attribute a numeric\n@data\n1\n2\n", "ARFF"),
    ("photo.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100), "JPEG picture"),
    ("zip.csv", b"PK\x03\x04" + os.urandom(300), "ZIP archive .*damaged"),
    ("gzip.csv", b"\x1f\x8b\x08\x00" + os.urandom(300), "gzip data is damaged"),
    ("pickle.csv", b"\x80\x04\x95" + bytes(100), "Python pickle"),
    ("zeros.csv", b"a,b\n1,2\n3," + bytes(50) + b"\n", r"zero byte in line 3"),
    ("control.csv", b"a,b\n" + bytes(range(2, 9)) * 60, "control bytes, first in line 2"),
    ("random.csv", np.random.default_rng(1).integers(1, 256, 3000, np.uint8).tobytes(), "."),
    ("half.csv", "a,b\nx,y\n".encode("utf-16") + b"\x00", "not valid UTF-16"),
    ("broken.parquet", b"PAR1" + bytes(100), "cut off"),
    ("empty.json", b"[]", "holds no JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), BAD, ids=[case[0] for case in BAD])
def test_bad_file_is_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_table([str(path)])
    assert str(error.value).startswith(name)
    assert error.value.file == name
    assert str(tmp_path) not in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_suggests_near_names(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(InputError, match=r"no such file; did you mean customers\.csv\?"):
        read_table([str(tmp_path / "Customer.csv")])
    with pytest.raises(InputError, match="does not exist either"):
        read_table([str(tmp_path / "nowhere" / "a.csv")])
    with pytest.raises(InputError, match="no data was given"):
        read_table([])
    with pytest.raises(InputError, match="a\\\\nb"):
        read_table([str(tmp_path / "a\nb.csv")])
    with pytest.raises(InputError):
        read_table(["a\x00b.csv"])
    with pytest.raises(InputError):
        read_table([str(tmp_path / ("x" * 5000))])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    path.chmod(0)
    with pytest.raises(InputError, match="no permission"):
        read_table([str(path)])


def test_permission_error_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3,4\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"a\.csv: no permission to read it"):
        read_table([str(path)])


def test_control_characters_of_names_are_never_echoed(tmp_path: Path) -> None:
    path = tmp_path / "evil\x1b[31m\u202ename.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    table = read_table([str(path)])
    assert table.files[0].name == "evil\\x1b[31m\\u202ename.csv"
    path.write_text("a,\x1b[2Jb,\x1b[2Jb\n1,2,3\n3,4,3\n")
    assert all(note.isprintable() for note in read_table([str(path)]).notes)


def test_far_too_many_columns_are_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    row = ",".join(["1"] * 1_000_000)
    path.write_text(",".join(f"c{i}" for i in range(1_000_000)) + f"\n{row}\n{row}\n")
    begun = time.process_time()
    with pytest.raises(InputError, match=r"1,000,000 columns; at most 20,000"):
        read_table([str(path)])
    assert time.process_time() - begun < 5
    path.write_text(",".join(f'"c{i}"' for i in range(50_000)) + "\n" + ",".join(["1"] * 50_000) + "\n")
    with pytest.raises(InputError, match=r"50,000 columns"):
        read_table([str(path)])


def test_some_thousand_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = [",".join(f"{i}.{j}" for i in range(3_000)) for j in range(5)]
    path.write_text("\n".join([",".join(f"c{i}" for i in range(3_000)), *rows]))
    assert read_table([str(path)]).frame.shape == (5, 3_000)


def test_one_huge_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traineragent.data.delimited.LINE_LIMIT", 10_000)
    path = tmp_path / "long.csv"
    path.write_text("x" * 50_000)
    with pytest.raises(InputError, match="line 1 is longer than"):
        read_table([str(path)])


def test_ragged_rows_name_line_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    rows = [f"{i},name {i},{i / 7:.3f}" for i in range(2000)]
    path.write_text("\n".join(["id,name,x", *(r + ",extra" if i % 30 == 8 else r for i, r in enumerate(rows))]))
    with pytest.raises(InputError, match=r"line 10 has 4 cells, expected 3 .*67 of 2,000 rows.*double quotes") as error:
        read_table([str(path)])
    assert (error.value.file, error.value.row) == ("ragged.csv", 10)
    path.write_text("\n".join(["id,name,x", *(r + ",extra" if i % 300 == 8 else r for i, r in enumerate(rows))]))
    table = read_table([str(path)])
    assert len(table.frame) == 1993
    assert (
        "7 rows did not have 3 cells and could not be read (lines 10, 310, 610, 910, 1,210 and 2 more)"
        in table.notes[0]
    )
    assert 10 not in table.row


def test_irregular_rows_far_below_are_seen_by_the_fast_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traineragent.data.delimited.BLOCK", 5_000)
    path = tmp_path / "t.csv"
    rows = [f'{i},"name, {i}",{i % 7}' for i in range(5000)]
    rows[3000] = '3000,"two\nlines",x'
    rows[4000] = "4000,short"
    rows[4500] += ",,"
    path.write_text("\n".join(["id,name,x", *rows, "", ",,", "Total: 5000"]) + "\n")
    table = read_table([str(path)])
    assert table.frame.shape == (5000, 3)
    assert table.frame["name"][3000] == "two\nlines"
    assert table.row[2999:3002].tolist() == [3001, 3002, 3004]
    assert pd.isna(table.frame["x"][4000])
    assert table.frame["x"][4500] == str(4500 % 7)
    joined = " ".join(table.notes)
    for said in (
        "1 short row got absent cells at the end (line 4,003)",
        "(line 4,503)",
        "1 row without any value",
        "(line 5,005)",
    ):
        assert said in joined


@pytest.mark.slow
def test_sample_is_uniform_and_known(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text("id,x\n" + "".join(f"{i},{i % 10}\n" for i in range(100_000)))
    table = read_table([str(path)], max_rows=2_000)
    ids = table.frame["id"].astype(int).to_numpy()
    assert len(ids) == 2_000 == len(set(ids))
    assert (ids + 2 == table.row).all()
    assert table.rows_total == 100_000
    assert table.sampled
    assert abs(ids.mean() - 50_000) < 4 * 28_868 / 2_000**0.5
    assert np.histogram(ids, 10, (0, 100_000))[0].min() > 140
    assert "uniform sample of 2,000 of 100,000 rows" in " ".join(table.notes)
    assert (read_table([str(path)], max_rows=2_000).row == table.row).all()
    assert read_table([str(path)], max_rows=100_000).rows_total == len(read_table([str(path)], max_rows=100_000).frame)


@pytest.mark.slow
def test_sample_over_several_files_is_uniform(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n" + "".join(f"{i},a\n" for i in range(90_000)))
    (tmp_path / "b.csv").write_text("id,x\n" + "".join(f"{i},b\n" for i in range(10_000)))
    table = read_table([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], max_rows=5_000)
    assert len(table.frame) == 5_000
    assert abs((table.frame["x"] == "b").sum() - 500) < 100
    assert sum(facts.rows for facts in table.files) == 5_000


def test_table_that_does_not_fit_is_sampled_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traineragent.data.reading.memory_for_text", lambda: 3_000_000)
    monkeypatch.setattr("traineragent.data.delimited.BLOCK", 100_000)
    path = tmp_path / "big.csv"
    path.write_text("id,x\n" + "".join(f"{i},text number {i}\n" for i in range(60_000)))
    table = read_table([str(path)])
    assert 1_000 <= len(table.frame) < 30_000
    assert table.rows_total == 60_000
    assert "as many as fit" in " ".join(table.notes)
    lines = table.row
    assert np.histogram(lines, 5, (0, 60_000))[0].min() > 0.8 * len(lines) / 5
    assert table.frame["x"].iloc[7] == f"text number {lines[7] - 2}"


def test_few_distinct_texts_are_held_as_categories(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,kind\n" + "".join(f"n{i},{'ab'[i % 2]}\n" for i in range(5000)))
    frame = read_table([str(path)]).frame
    assert isinstance(frame["kind"].dtype, pd.CategoricalDtype)
    assert frame["id"].dtype == object


def test_available_memory_is_a_positive_share() -> None:
    assert 64_000_000 <= columns.memory_for_text() < 2**50


# --- encodings

TEXTS = {
    "cp1252": "Müller – «Café» naïve façade 5 €, señor; größe, à côté, João, Ærø’s",
    "latin-1": "Müller Café naïve façade señor größe à côté João Ærø",
    "cp1251": "Привет мир, как дела сегодня; хорошая погода в Москве и большой город",
    "koi8-r": "Привет мир, как дела сегодня; хорошая погода в Москве и большой город",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy; zażółć gęślą jaźń",
    "gb18030": "今天天气很好，我们去公园散步。这个产品的质量非常不错，价格也合理",
    "shift_jis": "今日はとても良い天気です。この商品の品質はすばらしいと思います。カタカナもあります",
    "euc-jp": "今日はとても良い天気です。この商品の品質はすばらしいと思います。カタカナもあります",
    "cp949": "오늘은 날씨가 매우 좋습니다. 이 제품의 품질은 정말 훌륭하다고 생각합니다",
    "big5": "今天天氣很好，我們去公園散步。這個產品的質量非常不錯，價格也合理",
    "cp1253": "Καλημέρα κόσμε, τι κάνετε σήμερα; ο καιρός είναι πολύ καλός",
}


@pytest.mark.parametrize("codec", TEXTS)
def test_encoding_is_recognised_by_all_of_the_text(tmp_path: Path, codec: str) -> None:
    words = TEXTS[codec].split()
    rows = [f"{i}\t{' '.join(words[i % 3 :])}\t{words[i % len(words)]}" for i in range(30)]
    path = tmp_path / "t.csv"
    plain = "".join(f"{i}\tonly ascii here\tx\n" for i in range(100, 3000))  # beyond the first kilobytes
    path.write_bytes(("id\ttext\tword\n" + plain + "\n".join(rows) + "\n").encode(codec))
    table = read_table([str(path)])
    assert table.frame["text"].iloc[-1] == rows[-1].split("\t")[1]
    assert table.frame["word"].iloc[-5] == rows[-5].split("\t")[2]
    assert any(note.startswith("read as ") for note in table.notes)


def test_few_broken_bytes_in_utf8_are_replaced_and_named(tmp_path: Path) -> None:
    rows = [f"{i},größe und Maß {i}".encode() for i in range(200)]
    rows[100] = b"100,gr\xf6\xdfe"
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,text\n" + b"\n".join(rows) + b"\n")
    table = read_table([str(path)])
    assert table.frame["text"][99] == "größe und Maß 99"
    assert table.frame["text"][100] == "gr��e"
    assert "replaced by � (line 102)" in " ".join(table.notes)


# --- real tables


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "shape", "mark", "header"),
    [
        ("tabular/adult_census/train.csv", (32561, 15), ",", True),
        ("tabular/bike_sharing_hourly/bikeshare.csv", (10886, 12), ",", True),
        ("tabular/california_housing/housing.csv", (20640, 10), ",", True),
        ("tabular/car_price_msrp/cars.csv", (11914, 16), ",", True),
        ("tabular/dirty_chipotle_orders/chipotle.tsv", (4622, 5), "\t", True),
        ("tabular/german_credit/credit.csv", (1000, 21), ",", True),
        ("tabular/nyc_taxis/taxis.csv", (6433, 14), ",", True),
        ("tabular/telco_churn/churn.csv", (7043, 21), ",", True),
        ("tabular/thyroid_sick_imbalanced/sick.csv", (3772, 30), ",", True),
        ("tabular/titanic/train.csv", (891, 12), ",", True),
        ("tabular/titanic/test_unlabelled.csv", (418, 11), ",", True),
        ("tabular/wine_white_noheader/winequality-white.csv", (4898, 12), ",", False),
        ("text/ag_news/ag_news.csv", (7600, 3), ",", True),
        ("text/banking77/test.csv", (3080, 2), ",", True),
        ("text/go_emotions_multilabel/dev.csv", (5426, 2), ",", True),
        ("text/sms_spam/sms.csv", (5574, 2), ",", True),
        ("text/sst2/dev.csv", (872, 2), ",", True),
        ("text/thucnews_titles_zh/test.csv", (10000, 2), ",", True),
        ("timeseries/airline_passengers/airline.csv", (144, 2), ",", True),
        ("timeseries/etth1_electricity/ETTh1.csv", (17420, 8), ",", True),
    ],
)
def test_shared_table_comes_back_whole(
    shared_data: Path, file: str, shape: tuple[int, int], mark: str, header: bool
) -> None:
    table = read_table([str(shared_data / file)])
    assert table.frame.shape == shape
    assert (table.files[0].delimiter, table.files[0].header) == (mark, header)
    plain = pd.read_csv(
        shared_data / file, sep=mark, dtype=object, keep_default_na=False, na_filter=False, header=0 if header else None
    )
    assert (plain.to_numpy() == table.frame.astype(object).to_numpy()).all()


@pytest.mark.slow
@pytest.mark.shared
def test_large_table_without_header_is_read_in_seconds(shared_data: Path) -> None:
    table = read_table([str(shared_data / "tabular/kdd99_10pct_large/kddcup.data_10_percent.gz")])
    assert table.frame.shape == (494_021, 42)
    assert not table.files[0].header
    assert table.frame["column_42"].value_counts()["smurf."] == 280_790
    assert table.row[-1] == 494_021


@pytest.mark.parametrize("form", ["2024-01-{:02d}", "{:02d}.03.2024", "{:02d}/2021", "2021 Q{:d}"])
def test_dates_may_be_the_names_of_columns(tmp_path: Path, form: str) -> None:
    names = [form.format(i + 1) for i in range(8)]
    lines = [",".join(["sensor", *names]), *(",".join([s, *(f"{i * 1.5}" for i in range(8))]) for s in "abc")]
    (tmp_path / "wide.csv").write_text("\n".join(lines))
    assert list(read_table([str(tmp_path / "wide.csv")]).frame.columns) == ["sensor", *names]


def test_rows_of_dates_without_names_are_no_header(tmp_path: Path) -> None:
    lines = [",".join(f"2024-{m:02d}-{d:02d}" for m in range(1, 6)) for d in range(1, 12)]
    (tmp_path / "dates.csv").write_text("\n".join(lines))
    assert len(read_table([str(tmp_path / "dates.csv")]).frame) == 11


def written(folder: Path, **files: str) -> list[str]:
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    return [str(folder / f"{name}.csv") for name in files]


def test_tables_that_share_a_key_are_joined(tmp_path: Path) -> None:
    paths = written(
        tmp_path,
        customers="Customer ID,name,city\n7,Ann,1\n8,Bob,2\n9,Cy,1\n",
        cities="city,country\n1,DE\n2,FR\n",
        orders="order,customer_id,price\n1,7.0,10\n2,7.0,12\n3,8.0,13\n4,9.0,1\n5,8.0,5\n6,12.0,5\n",
    )
    table = read_table(paths)
    assert list(table.frame.columns) == ["order", "customer_id", "price", "name", "city", "country"]
    assert [*table.frame.astype(object).fillna("").iloc[2]] == ["3", "8.0", "13", "Bob", "2", "FR"]
    assert table.frame.iloc[5].isna().sum() == 3
    said = " ".join(table.notes)
    assert "customers.csv was joined to orders.csv by 'customer_id' (5 of 6 rows found); a row is one of orders" in said
    assert "cities.csv was joined" in said


def test_tables_without_a_common_key_are_refused(tmp_path: Path) -> None:
    paths = written(tmp_path, a="id,x,y\n1,2,3\n2,2,3\n", b="id,u,v\n5,2,3\n6,2,3\n")
    with pytest.raises(InputError, match=r"b\.csv: its columns differ.* share one by which"):
        read_table(paths)


def test_a_changed_lookup_is_another_table(tmp_path: Path) -> None:
    paths = written(tmp_path, a="id,x,y\n1,2,3\n2,2,3\n", b="id,u,v\n1,2,3\n2,2,3\n")
    before = read_table(paths).files[0].sha256
    written(tmp_path, b="id,u,v\n1,2,4\n2,2,3\n")
    assert read_table(paths).files[0].sha256 != before


def test_files_of_which_a_few_columns_came_later_are_one_table(tmp_path: Path) -> None:
    paths = written(
        tmp_path,
        january="id,a,b,c,left\n1,2,3,4,y\n2,2,3,4,n\n",
        february="ID,a,b,c,left,d\n3,2,3,4,y,7\n4,2,3,4,n,8\n",
        march="ID,A,B,C,LEFT,D\n5,2,3,4,y,7\n",
    )
    table = read_table(paths)
    assert list(table.frame.columns) == ["id", "a", "b", "c", "left", "d"]
    assert table.frame["d"].isna().tolist() == [True, True, False, False, False]
    assert any("january.csv has no column 'd'; its cells are absent" in note for note in table.notes)
