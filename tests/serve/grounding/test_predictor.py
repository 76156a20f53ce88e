"""A served pointer: pictures and phrases in, boxes in pixels out; every wrong row gets words."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from traineragent.domain.data import Column, Target
from traineragent.engine.grounding.words import learned_words, reading_of
from traineragent.export.bundle import write_bundle

from ..small import Client

SIDE = 32
BOXES = np.array([[0.1, 0.1, 0.3, 0.5], [0.6, 0.2, 0.9, 0.6]], np.float32)
SAID = ["the king", "the queen", "the leftmost king", "the rightmost king"] * 4


def graph() -> bytes:
    """Two things, equally sure, whatever is asked: the rules must choose."""
    nodes = [
        helper.make_node("Shape", ["tokens"], ["rows"], end=1),
        helper.make_node("Concat", ["rows", "two"], ["flat"], axis=0),
        helper.make_node("Concat", ["rows", "two", "four"], ["deep"], axis=0),
        helper.make_node("Expand", ["sure", "flat"], ["logits"]),
        helper.make_node("Expand", ["where", "deep"], ["boxes"]),
        helper.make_node("Identity", ["pixels"], ["unused"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([2], np.int64), "two"),
        numpy_helper.from_array(np.array([4], np.int64), "four"),
        numpy_helper.from_array(np.array([[2.0, 2.1]], np.float32), "sure"),
        numpy_helper.from_array(BOXES[None], "where"),
    ]
    made = helper.make_graph(
        nodes,
        "two things",
        [
            helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIDE, SIDE, 3]),
            helper.make_tensor_value_info("tokens", TensorProto.INT64, ["queries", "words"]),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["queries", 2]),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["queries", 2, 4]),
        ],
        constants,
    )
    content: bytes = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    ).SerializeToString()
    onnx.checker.check_model(content)
    return content


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("grounding")
    reading = reading_of(SAID)
    settings = {
        "side": SIDE,
        "words": list(learned_words(SAID, reading["known"])),
        "reading": reading,
        "choice": {"scale": 1.0, "shift": 0.0, "whole": 0.0},
    }
    write_bundle(
        folder / "bundle",
        name="cards",
        version="1",
        task_type="visual_grounding",
        codec="grounding",
        columns=(Column("image", "image"), Column("phrase", "text", example="the leftmost king")),
        target=Target("box", "class"),
        files={"model.onnx": graph()},
        settings=settings,
    )
    return Client(folder / "bundle")


def picture(width: int = 200, height: int = 100, turned: bool = False) -> str:
    made = Image.new("RGB", (width, height), (200, 220, 240))
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    made.save(out, "JPEG", exif=exif)
    return base64.b64encode(out.getvalue()).decode()


def answer(client: Client, phrase: str, **how: Any) -> dict[str, Any]:
    reply = client.predict([{"image": picture(**how), "phrase": phrase}])
    assert reply.status == 200, reply.json
    found: dict[str, Any] = reply.json["predictions"][0]
    return found


def test_boxes_are_in_pixels_of_the_picture_that_was_sent(client: Client) -> None:
    assert answer(client, "the leftmost king")["box"] == [20.0, 10.0, 60.0, 50.0]
    assert answer(client, "the rightmost king")["box"] == [120.0, 20.0, 180.0, 60.0]
    assert answer(client, "the leftmost king", width=400, height=400)["box"] == [40.0, 40.0, 120.0, 200.0]


def test_a_turned_photo_is_seen_upright(client: Client) -> None:
    assert answer(client, "the leftmost king", turned=True)["box"] == [10.0, 20.0, 30.0, 100.0]


def test_free_wordings_mean_the_same(client: Client) -> None:
    assert answer(client, "whichever king is furthest to the left")["box"] == [20.0, 10.0, 60.0, 50.0]


def test_words_that_training_lacked_are_named(client: Client) -> None:
    reply = client.predict([{"image": picture(), "phrase": "the shiny king"}])
    assert "shiny" in str(reply.json["warnings"])


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"phrase": "the king"}, "image"),
        ({"image": "no picture", "phrase": "the king"}, "image"),
        ({"image": picture(), "phrase": " "}, "phrase"),
        ({"image": picture(), "phrase": 7}, "phrase"),
        ({"image": picture(), "phrase": "x" * 5000}, "phrase"),
    ],
)
def test_a_wrong_row_is_refused_in_words(client: Client, row: dict[str, Any], column: str) -> None:
    reply = client.predict([row])
    assert reply.status == 422
    assert reply.json["error"]["column"] == column


def test_the_page_to_try_it_is_there(client: Client) -> None:
    reply = client.get("/try")
    assert reply.status == 200
    assert b"Find what a phrase describes" in reply.body
