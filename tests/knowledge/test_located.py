"""YAML knows the lines it stands on, and whatever cannot be read is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent import knowledge
from traineragent.errors import InputError
from traineragent.knowledge.located import parse_located, plain, read_located


def test_every_key_and_item_knows_its_line() -> None:
    found = parse_located("a: 1\nb:\n  - x\n  - {c: 2}\n", "f.yaml")
    assert (found.lines, found["b"].lines, found["b"][1].line) == ({"a": 1, "b": 2}, [3, 4], 4)
    assert plain(found) == {"a": 1, "b": ["x", {"c": 2}]}


def test_words_stay_words_where_all_is_text() -> None:
    assert plain(parse_located("no: [yes, 1, ~]", "f.yaml", as_text=True)) == {"no": ["yes", "1", "~"]}


def test_an_empty_file_holds_nothing() -> None:
    assert parse_located("# only a remark\n", "f.yaml") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [", r"f.yaml:\d: this is not valid YAML"),
        ("a: 1\na: 2\n", "f.yaml:2: 'a' stands here twice; the first is in line 1"),
        ("a: &x\n  b: *x\n", "refers to itself"),
        ("a: 1\n? [b]\n: 2\n", "f.yaml:2: a key should be a word"),
        ("a: !!python/object/apply:os.system [true]\n", "f.yaml:1"),
        ("a: !!python/name:os.system x\n", "f.yaml:1: this value cannot be read"),
        ("a: 2026-99-99\n", "f.yaml:1: this value cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_located(text, "f.yaml")


def test_a_bomb_of_anchors_is_built_once() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))]
    found = parse_located("\n".join(lines), "f.yaml")
    assert found["a59"][0] is found["a59"][1]


OURS = sorted(p for p in Path(knowledge.__file__).parent.rglob("*.yaml"))


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.stem)
def test_no_key_of_our_own_files_stands_twice(path: Path) -> None:
    """A second key would silently take the place of the first, and its words be lost."""
    assert read_located(path)
