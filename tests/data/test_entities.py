"""Texts with marked parts: every way in which people write them becomes the same texts with the same entities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from traineragent.data.collections import collection_of
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import read_table
from traineragent.errors import InputError

TEXT = "Ann lives in New York"
PERSON = {"label": "PER", "start": 0, "end": 3}
PLACE = {"label": "LOC", "start": 13, "end": 21}
TOKENS, BIO = TEXT.split(), ["B-PER", "O", "O", "B-LOC", "I-LOC"]
BIOES = ["S-PER", "O", "O", "B-LOC", "E-LOC"]
IOB1 = ["I-PER", "O", "O", "I-LOC", "I-LOC"]
PLAIN = ["PER", "O", "O", "LOC", "LOC"]


def conll(tags: list[str], separator: str = "\t", times: int = 3) -> str:
    lines = "\n".join(f"{word}{separator}{tag}" for word, tag in zip(TOKENS, tags, strict=True))
    return "\n\n".join([lines] * times) + "\n"


def read(path: Path, content: str | bytes = "", name: str = "") -> RawTable:
    """The table of a file with this content, or of what lies at `path`."""
    if name:
        path = path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = read_table([str(path)])
    assert table.kind == "entities", table.kind
    return table


def rows(table: RawTable) -> list[tuple[str, list[dict[str, Any]]]]:
    marked = zip(table.frame["text"], table.frame[table.target], strict=True)
    return [(str(text), json.loads(marks)) for text, marks in marked]


WAYS = {
    "tabs and BIO": ("a.conll", conll(BIO)),
    "spaces and BIO": ("a.txt", conll(BIO, " ")),
    "first, inside, end and single": ("a.conll", conll(BIOES)),
    "inside first": ("a.conll", conll(IOB1)),
    "labels without prefix": ("a.conll", conll(PLAIN)),
    "four columns and documents": (
        "eng.train",
        "-DOCSTART- -X- O O\n\n" + conll([f"NNP I-NP {t}" for t in IOB1], " "),
    ),
    "windows lines and a byte order mark": ("a.conll", b"\xef\xbb\xbf" + conll(BIO).replace("\n", "\r\n").encode()),
    "numbered tokens": (
        "a.conll",
        "\n\n".join(["\n".join(f"{i}\t{w}\t{t}" for i, (w, t) in enumerate(zip(TOKENS, BIO, strict=True), 1))] * 3),
    ),
    "JSON lines": ("a.jsonl", "\n".join([json.dumps({"text": TEXT, "entities": [PERSON, PLACE]})] * 3)),
    "triples": ("a.jsonl", "\n".join([json.dumps({"text": TEXT, "label": [[0, 3, "PER"], [13, 21, "LOC"]]})] * 3)),
    "an array of pairs": (
        "a.json",
        json.dumps([[TEXT, {"entities": [[0, 3, "PER"], [13, 21, "LOC"]]}]] * 3),
    ),
    "tokens and tags in JSON": ("a.jsonl", "\n".join([json.dumps({"tokens": TOKENS, "ner_tags": BIO})] * 3)),
    "an export of an annotation tool": (
        "a.json",
        json.dumps(
            [
                {
                    "data": {"text": TEXT},
                    "annotations": [
                        {
                            "result": [
                                {"value": {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}},
                                {"value": {"start": 13, "end": 21, "text": "New York", "labels": ["LOC"]}},
                            ]
                        }
                    ],
                }
            ]
            * 3
        ),
    ),
    "a token a row": (
        "a.csv",
        "Sentence #,Word,POS,Tag\n"
        + "".join(
            f"{'Sentence: ' + str(s) if i == 0 else ''},{w},X,{t}\n"
            for s in range(3)
            for i, (w, t) in enumerate(zip(TOKENS, BIO, strict=True))
        ),
    ),
    "a sentence a row": ("a.csv", "text,labels\n" + f"{TEXT},{' '.join(BIO)}\n" * 3),
    "lists written as text": ("a.csv", "tokens,tags\n" + f'"{TOKENS}","{BIO}"\n' * 3),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_entities_are_read_however_they_are_written(way: str, tmp_path: Path) -> None:
    name, content = WAYS[way]
    assert rows(read(tmp_path, content, name)) == [(TEXT, [PERSON, PLACE])] * 3


def test_words_and_tags_may_lie_in_two_files_given_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "train.seq.in").write_text(f"{TEXT}\n{TEXT}\n")
    (tmp_path / "train.seq.out").write_text(f"{' '.join(BIO)}\n{' '.join(BIO)}\n")
    both = [str(tmp_path / "train.seq.out"), str(tmp_path / "train.seq.in")]
    assert rows(read_table(both)) == rows(read(tmp_path)) == [(TEXT, [PERSON, PLACE])] * 2


def test_files_of_a_folder_have_the_roles_of_their_names(tmp_path: Path) -> None:
    for name in ("train.conll", "dev.conll", "test.conll"):
        (tmp_path / name).write_text(conll(BIO))
    (tmp_path / "README.txt").write_text("about this data")
    assert {f.name: f.role for f in read(tmp_path).files} == {
        "train.conll": "train",
        "dev.conll": "validation",
        "test.conll": "test",
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", "age,city\n1,Rome\n2,Oslo\n3,Bonn\n"),
        ("notes.txt", "One line.\n\nAnother line of words.\n\nA third one.\n"),
        ("labels.jsonl", '{"text": "a", "label": ["x", "y"]}\n{"text": "b", "label": ["x"]}\n'),
        ("grades.tsv", "name\tgrade\nAnn\tA\n\nBob\tO\nEve\tB\n"),
    ],
)
def test_other_data_is_not_taken_for_marked_texts(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    found = collection_of([str(tmp_path / name)])
    assert found is None or "entities" not in type(found).__module__


def test_tables_beside_marked_texts_are_named_and_pictures_beside_them_are_refused(tmp_path: Path) -> None:
    (tmp_path / "marked.txt").write_text("Ann B-PER\nsleeps O\n\nRome B-LOC\nburns O\n\n" * 5)
    (tmp_path / "customers.csv").write_text("age,left\n" + "1,yes\n2,no\n" * 9)
    table = read_table([str(tmp_path)])
    assert table.kind == "entities"
    assert "customers.csv: nothing is marked in it, so it was left out" in table.notes
    for shade, kind in enumerate(("cat", "dog")):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (8, 8), (90 * number, 200 * shade, 0)).save(tmp_path / "pets" / kind / f"{number}.png")
    with pytest.raises(InputError, match=r"marked entities in .*marked.txt; pictures in .*pets; point at"):
        read_table([str(tmp_path)])
    assert read_table([str(tmp_path / "pets")]).kind == "images"


def test_han_is_joined_without_spaces(tmp_path: Path) -> None:
    sentence = "\n".join(f"{c}\t{t}" for c, t in zip("我爱北京", ["O", "O", "B-LOC", "E-LOC"], strict=True))
    table = read(tmp_path, "\n\n".join([sentence] * 3), "zh.conll")
    assert rows(table)[0] == ("我爱北京", [{"label": "LOC", "start": 2, "end": 4}])


def record(*entities: dict[str, Any], text: str = TEXT) -> str:
    return json.dumps({"text": text, "entities": entities})


def test_annotations_that_do_not_fit_their_text_are_mended_or_named(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "\n".join(
            [
                record({"label": "LOC", "start": 12, "end": 21}),  # begins with a blank
                record({"label": "LOC", "start": 90, "end": 99}),  # outside
                record({"label": "LOC", "start": 10, "end": 18, "text": "New York"}),  # elsewhere
                record(PLACE, {"label": "LOC", "start": 17, "end": 21}),  # over another
                record(PERSON, PLACE),
            ]
        ),
        "a.jsonl",
    )
    assert [marks for _, marks in rows(table)] == [[PLACE], [], [PLACE], [PLACE], [PERSON, PLACE]]
    said = " ".join(table.notes)
    for words, line in (("trimmed", 1), ("outside its text", 2), ("moved", 3), ("overlap", 4)):
        assert words in said
        assert f"line {line})" in said


def test_spellings_of_a_label_become_one(tmp_path: Path) -> None:
    low = {**PLACE, "label": "loc"}
    table = read(tmp_path, "\n".join([record(PLACE), record(PLACE), record(low)]), "a.jsonl")
    assert {m["label"] for _, marks in rows(table) for m in marks} == {"LOC"}
    assert any("'loc' (1)" in note for note in table.notes)


def test_copies_are_bound_and_contradictions_told(tmp_path: Path) -> None:
    table = read(tmp_path, "\n".join([record(PLACE), record(PERSON), record(PERSON, text="Ann left.")]), "a.jsonl")
    assert table.alike is not None
    assert table.alike.tolist() == [0, 0, 1]
    assert any("marked in another way (line 2)" in note for note in table.notes)


def test_a_wording_that_is_marked_only_sometimes_is_listed(tmp_path: Path) -> None:
    marked = [record(PERSON, text=f"Ann lives in street {i}") for i in range(6)]
    bare = [record(text=f"Ann left house {i}") for i in range(3)]
    table = read(tmp_path, "\n".join([*marked, *bare]), "a.jsonl")
    assert table.findings["contradictions"] == [{"text": "Ann", "marked": {"PER": 6}, "unmarked": 3}]


def test_a_line_without_its_tag_is_named(tmp_path: Path) -> None:
    content = conll(BIO, times=20).split("\n")
    content[1] = "lives"
    table = read(tmp_path, "\n".join(content), "a.conll")
    assert rows(table)[0] == (TEXT, [PERSON, PLACE])
    assert any("has not 2 fields" in note and "line 2)" in note for note in table.notes)


def test_files_of_different_length_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.words").write_text("\n".join([TEXT] * 300))
    (tmp_path / "a.tags").write_text("\n".join([" ".join(BIO)] * 299))
    with pytest.raises(InputError, match=r"a\.words has 300 lines and a\.tags 299"):
        read_table([str(tmp_path / "a.words"), str(tmp_path / "a.tags")])


def test_texts_of_which_nothing_is_marked_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to learn"):
        read(tmp_path, "\n".join([record()] * 5), "a.jsonl")


@pytest.mark.slow
@pytest.mark.shared
def test_real_files_are_read_whole(shared_data: Path) -> None:
    posts = read(shared_data / "nlp_other" / "wnut17_ner" / "train.conll")
    assert (len(posts.frame), posts.findings["labels"]["person"]["entities"]) == (3394, 660)
    slots = read(shared_data / "nlp_other" / "atis_slots")
    assert [(f.role, f.rows) for f in slots.files] == [("validation", 500), ("test", 893), ("train", 4478)]
    assert len(slots.findings["labels"]) == 83


def test_entities_are_called_as_the_table_calls_its_tags(tmp_path: Path) -> None:
    lines = "\n".join(f"{n},{word},{tag}" for n in range(3) for word, tag in zip(TOKENS, BIO, strict=True))
    assert read(tmp_path, f"sentence,word,slot\n{lines}\n", "a.csv").target == "slot"
    assert read(tmp_path, conll(BIO), "a.conll").target == "entities"


def test_texts_without_marks_have_empty_lists_under_the_key_of_the_others(tmp_path: Path) -> None:
    records = [{"data": TEXT, "label": [[0, 3, "PER"]]}, *({"data": f"nothing {i}", "label": []} for i in range(9))]
    path = tmp_path / "doccano.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    table = read_table([str(path)])
    assert [len(marks) for _, marks in rows(table)] == [1] + [0] * 9


def test_sentences_numbered_once_at_their_first_word_are_no_words(tmp_path: Path) -> None:
    lines = ["Satz;Wort;Etikett"]
    for i in range(60):
        lines += [f"Satz {i};nach;O", ";Rom;B-ORT", ";fliegen;O"]
    path = tmp_path / "worte.csv"
    path.write_text("\n".join(lines))
    table = read_table([str(path)])
    assert len(table.frame) == 60
    assert rows(table)[0] == ("nach Rom fliegen", [{"label": "ORT", "start": 5, "end": 8}])


def test_entities_in_brackets_are_read_as_people_mark_them(tmp_path: Path) -> None:
    path = tmp_path / "flights.txt"
    lines = [
        "## intent:book",
        "- from [New York](from.city) to [ Rome ](city)",
        "- show [all](how) of them",
        "- hello (you)",
    ]
    path.write_text("\n".join(lines) * 1 + "\n- to [Oslo](city)\n")
    table = read_table([str(path)])
    assert rows(table)[0] == (
        "from New York to  Rome ",
        [{"label": "from.city", "start": 5, "end": 13}, {"label": "city", "start": 18, "end": 22}],
    )
    assert [len(marks) for _, marks in rows(table)] == [2, 1, 0, 1]


@pytest.mark.parametrize(
    ("line", "text", "label"),
    [
        ("from <city>New York</city> today & <b>now</b>", "from New York today & <b>now</b>", "city"),
        ('from <ENAMEX TYPE="PLACE">New York</ENAMEX> today', "from New York today", "PLACE"),
        ("from <START:city> New York <END> today", "from  New York  today", "city"),
    ],
)
def test_entities_in_tags_are_read(tmp_path: Path, line: str, text: str, label: str) -> None:
    path = tmp_path / "flights.txt"
    path.write_text(f"{line}\nhello\n" * 3)
    read, marks = rows(read_table([str(path)]))[0]
    assert read == text
    assert [m["label"] for m in marks] == [label]
    assert read[marks[0]["start"] : marks[0]["end"]] == "New York"


def test_pages_are_no_texts_with_entities(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("<p>one <b>two</b></p>\n<p>three</p>\n" * 5)
    assert read_table([str(path)]).kind != "entities"


def test_links_in_a_text_are_no_entities(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("text,label\n" + "see [this](https://a.b/c),good\nsee [that](/x),bad\n" * 9)
    assert read_table([str(path)]).kind == "table"
