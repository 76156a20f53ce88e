"""Texts as counts of terms: what is counted, in which order, and that a service refuses what is no text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from traineragent.data.terms import fit_terms
from traineragent.domain.data import Column, RichInput
from traineragent.errors import RowError
from traineragent.serve.codecs.rows import RowCodec
from traineragent.serve.inputs import UnreadableCell, open_input
from traineragent.serve.inputs.parts import Ragged
from traineragent.serve.inputs.terms import runs_of

TEXTS = ["free prize now", "call me now", "free call", "see you now", "新闻标题", "新闻分类"] * 4


def opened(tmp_path: Path, most: int = 200, columns: tuple[str, ...] = ("body",)) -> tuple[RichInput, Path]:
    spec, content = fit_terms(TEXTS, columns, most=most)
    path = tmp_path / spec.files[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return spec, tmp_path


def terms_in(part: Ragged, row: int, vocabulary: list[str]) -> dict[str, float]:
    assert part.weights is not None
    span = slice(int(part.offsets[row]), int(part.offsets[row + 1]))
    return {vocabulary[i]: float(w) for i, w in zip(part.ids[span], part.weights[span], strict=True)}


def test_words_pairs_and_runs_of_a_text_are_counted(tmp_path: Path) -> None:
    spec, folder = opened(tmp_path)
    vocabulary = (folder / spec.files[0]).read_text("utf-8").split("\n")
    part = open_input(spec, folder).read([["FREE free prize"]], lenient=False)
    assert isinstance(part, Ragged)
    found = terms_in(part, 0, vocabulary)
    assert found["free"] == 2
    assert found["free prize"] == 1
    assert found[" fre"] == 2
    assert list(part.ids) == sorted(part.ids)


def test_chinese_characters_are_words_and_their_neighbours_pairs(tmp_path: Path) -> None:
    spec, folder = opened(tmp_path)
    vocabulary = (folder / spec.files[0]).read_text("utf-8").split("\n")
    part = open_input(spec, folder).read([["新闻"]], lenient=False)
    assert isinstance(part, Ragged)
    assert {"新", "新 闻", "新闻"} <= set(terms_in(part, 0, vocabulary))


def test_the_most_frequent_terms_are_kept(tmp_path: Path) -> None:
    spec, folder = opened(tmp_path, most=10)
    assert spec.options["terms"] == 10
    assert (folder / spec.files[0]).read_text("utf-8").split("\n")[0] == "now"


@pytest.mark.parametrize("nothing", [None, "", "   ", float("nan"), "@@@ qqq zzz"])
def test_a_text_without_known_terms_is_an_empty_row(tmp_path: Path, nothing: object) -> None:
    part = open_input(*opened(tmp_path)).read([[nothing, "free"]], lenient=False)
    feeds = part.feeds("terms")
    assert feeds["terms"].shape == feeds["terms.weights"].shape
    assert feeds["terms.weights"][0].sum() == 0 < feeds["terms.weights"][1].sum()


def test_what_is_no_text_is_refused_from_a_client_and_empty_in_a_file(tmp_path: Path) -> None:
    reader = open_input(*opened(tmp_path))
    with pytest.raises(UnreadableCell):
        reader.read([[["a", "list"]]], lenient=False)
    assert len(reader.read([[["a", "list"]]], lenient=True)) == 1


def test_rows_of_a_request_are_read_as_columns_of_a_file_are(tmp_path: Path) -> None:
    spec, folder = opened(tmp_path, columns=("title", "body"))
    codec = RowCodec((Column("title", "text"), Column("body", "text", nullable=True)), (spec,), folder)
    rows = [{"title": t, "body": "free call" if i % 2 else None} for i, t in enumerate(TEXTS)]
    served, _ = codec.decode(rows)
    framed = codec.encode_frame({name: [r[name] for r in rows] for name in ("title", "body")})
    np.testing.assert_array_equal(served.x, framed.x)
    for name, tensor in served.feeds().items():
        np.testing.assert_array_equal(tensor, framed.feeds()[name])


def test_text_stands_for_the_main_column_and_the_others_may_then_lack(tmp_path: Path) -> None:
    spec, folder = opened(tmp_path, columns=("title", "body"))
    codec = RowCodec((Column("title", "text"), Column("body", "text")), (spec,), folder)
    short, _ = codec.decode([{"text": "free prize"}])
    long, _ = codec.decode([{"title": "free prize", "body": ""}])
    np.testing.assert_array_equal(short.feeds()["terms"], long.feeds()["terms"])
    with pytest.raises(RowError) as refused:
        codec.decode([{"title": "free"}])
    assert refused.value.column == "body"


def test_picked_rows_keep_their_ids() -> None:
    part = Ragged.of([[1, 2], [], [3], [4, 5, 6]], [[1, 1], [], [2], [1, 1, 1]])
    picked = part[np.array([3, 0, 1])]
    assert picked.lengths.tolist() == [3, 2, 0]
    assert picked.ids.tolist() == [4, 5, 6, 1, 2]
    assert part[1:3].feeds("t")["t"].tolist() == [[0], [3]]


def test_runs_stay_within_a_word_and_its_blanks() -> None:
    assert list(runs_of("Ab c", 2, 3)) == [" a", "ab", "b ", " ab", "ab ", " c", "c ", " c "]
