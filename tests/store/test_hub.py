"""Repositories of a hub, read from one of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import COMMIT, allow_asking, hub
from traineragent.errors import InputError
from traineragent.store.hub import HubAway, Repository, fetch, is_hub, repository

pytestmark = pytest.mark.slow

pytest.importorskip("huggingface_hub")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    folder = tmp_path / "hub" / "datasets" / "acme" / "beans"
    folder.mkdir(parents=True)
    (folder / "beans.csv").write_text("a,b\n1,2\n")
    (folder / "notes [1].md").write_text("about")
    allow_asking(monkeypatch)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with hub(tmp_path / "hub") as (address, requests):
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield requests


BEANS = Repository("acme/beans", "dataset")


def test_only_what_was_chosen_is_fetched_and_only_once(asked: list[str]) -> None:
    folder, names = fetch(BEANS, lambda names: [n for n in names if n.endswith(".md")])
    assert names == ["notes [1].md"]
    assert (folder / names[0]).read_text() == "about"
    assert not (folder / "beans.csv").exists()
    contents = [a for a in asked if "/resolve/" in a]
    fetch(BEANS, lambda names: [n for n in names if n.endswith(".md")])
    assert [a for a in asked if "/resolve/" in a] == contents


def test_without_the_hub_the_cache_answers(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(BEANS, lambda names: ["beans.csv"])
    count = len(asked)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder, names = fetch(BEANS, list)
    assert (folder.name, names, len(asked)) == (COMMIT, ["beans.csv"], count)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert fetch(BEANS, list)[1] == ["beans.csv"]


@pytest.mark.parametrize(
    ("wanted", "offline", "words"),
    [
        (Repository("acme/peas", "dataset"), "0", "no public dataset"),
        (Repository("acme/beans", "model"), "0", "no public model"),
        (Repository("acme/beans", "dataset", "v9"), "0", "no revision 'v9'"),
        (BEANS, "1", "HF_HUB_OFFLINE forbids"),
    ],
)
def test_what_is_not_there_is_told_in_words(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, wanted: Repository, offline: str, words: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    with pytest.raises(HubAway, match=words):
        fetch(wanted, list)


def test_a_hub_that_nobody_answers_at_is_away(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubAway, match="cannot be reached"):
        fetch(BEANS, list)


def test_addresses_are_read_and_wrong_ones_refused() -> None:
    assert is_hub("HF://a/b")
    assert not is_hub("https://a/b")
    assert repository("hf://a/b@v2#train", "dataset") == Repository("a/b", "dataset", "v2", "train")
    assert repository("hf://datasets/a/b", "dataset") == Repository("a/b", "dataset")
    assert repository("hf://imdb", "dataset") == Repository("imdb", "dataset")
    for wrong in ("hf://", "hf:///", "hf://a/b/c", "hf:// /b"):
        with pytest.raises(InputError, match="OWNER/NAME"):
            repository(wrong, "dataset")
