"""The pattern language of the lexicons, and the lexicons themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from traineragent.errors import InputError
from traineragent.knowledge.force import overlaid
from traineragent.knowledge.lexicons import lexicon
from traineragent.language.phrases import _compiled, matches, problem_of
from traineragent.language.reading import Reading

LISTS = ("concepts", "wishes", "exclusions", "metrics", "requirements", "service", "horizon", "tasks", "deployment",
         "constraints", "groups", "costs", "labels", "poles", "personal", "values")  # fmt: skip


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    else:
        for child in node.values() if isinstance(node, dict) else node:
            yield from texts(child)


@pytest.mark.parametrize(
    ("phrase", "text", "hit"),
    [
        ("false alarm*", "two false alarms", "false alarms"),
        ("leave .. out", "leave the age out", "leave the age out"),
        ("leave .. out", "leave one two three four out", None),
        ("[very] good", "good", "good"),
        ("a [very] good", "a very good day", "a very good"),
        ("(cat|big dog) food", "big dog food", "big dog food"),
        ("loss", "glossy", None),
        ("不低于", "准确率不低于九成", "不低于"),
        ("über*", "uberall", "uberall"),
        ("*kamera*", "anhand der flurkameras", "flurkameras"),
        ("*foto", "passfoto", "passfoto"),
        ("*foto", "fotografie", None),
    ],
)
def test_phrase_finds(phrase: str, text: str, hit: str | None) -> None:
    found = [m.group() for m in matches([phrase], text)]
    assert found == ([hit] if hit else [])


def test_placeholder_stands_for_a_quantity() -> None:
    reading = Reading.of("caught 9 in 10")
    assert matches(["caught <share>"], reading.masked)
    assert not matches(["caught <time>"], reading.masked)


@pytest.mark.parametrize("book", [*LISTS, pytest.param("ideas", marks=pytest.mark.slow)])
def test_every_phrase_of_the_lexicons_compiles(book: str) -> None:
    for phrase in texts(lexicon(book, "policy" if book == "ideas" else "lexicon")):
        assert _compiled(phrase)
        assert not re.search(r"[)\]][*?+]|(?:^|\s)[*?](?!\w)", phrase), phrase


def test_rules_use_known_ideas_only() -> None:
    ideas, rules = set(lexicon("ideas", "policy")), lexicon("rules", "policy")
    for rule in [*rules["decline"], *rules["notice"]]:
        used = {i for line in rule.get("when", ()) for i in line} | set(rule.get("unless", ()))
        assert used <= ideas, rule["id"]


def test_lexicons_ship_with_the_package() -> None:
    folder = resources.files("traineragent.knowledge").joinpath("lexicon")
    assert set(LISTS) <= {entry.name.removesuffix(".yaml") for entry in folder.iterdir()}


def test_a_users_words_are_added(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "costs.yaml").write_text("missing_is_worse:\n  en: [a miss sinks us]\n", encoding="utf-8")
    with overlaid(tmp_path):
        assert Reading.of("A miss sinks us.").said("costs", "missing_is_worse")
        assert Reading.of("We can't miss any.").said("costs", "missing_is_worse")
    assert not Reading.of("A miss sinks us.").said("costs", "missing_is_worse")


def test_a_broken_file_of_the_user_is_named(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "costs.yaml").write_text("a: [b", encoding="utf-8")
    with overlaid(tmp_path), pytest.raises(InputError, match=r"costs\.yaml:\d: this is not valid YAML"):
        lexicon("costs")


@pytest.mark.parametrize(
    ("phrase", "problem"),
    [
        ("a (cat|dog", "'(' is not closed"),
        ("a cat]", "']' closes what was not opened"),
        ("within <moons>", "there is no quantity <moons>"),
        ("[very]", "it matches where nothing is said"),
        ("miss at most <share>", ""),
    ],
)
def test_a_phrase_of_the_user_is_checked(phrase: str, problem: str) -> None:
    assert problem_of(phrase).startswith(problem)
    assert bool(problem_of(phrase)) == bool(problem)


def test_no_part_of_a_subject_of_several_files_takes_another_s_place() -> None:
    folder = resources.files("traineragent.knowledge").joinpath("lexicon", "concepts")
    named = [m[1] for file in folder.iterdir() for m in re.finditer(r"^(\w+):", file.read_text("utf-8"), re.MULTILINE)]
    assert sorted(named) == sorted(lexicon("concepts"))
