"""A served generator: prompts in, PNG out; every wrong row gets words."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shapes import LABELS, SIZE, shapes
from traineragent.domain.data import Target
from traineragent.engine.drawing import DrawContext
from traineragent.export.bundle import write_bundle
from traineragent.families.pixel_gaussian import PLUGIN

from .small import Client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("drawing")
    drawing = PLUGIN.fit({}, shapes(), DrawContext(0, 1, folder))
    names = [{"label": label, "said": ["ring"] if label == "Circle" else []} for label in LABELS]
    settings = {"names": names, "several": False, "channels": 1, "height": SIZE, "width": SIZE, "steps": drawing.steps}
    write_bundle(
        folder / "bundle",
        name="shapes",
        version="1",
        task_type="image_generation",
        codec="drawing",
        columns=(),
        target=Target("label", "class", LABELS, tuple((label,) for label in LABELS)),
        files={"model.onnx": drawing.graph},
        settings=settings,
    )
    return Client(folder / "bundle")


def picture(answer: dict[str, str]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["image"]))))


def test_draws_a_png_of_the_size_learned(client: Client) -> None:
    reply = client.predict([{"prompt": "a ring, please"}, {"label": "Cross", "seed": 4}])
    assert reply.status == 200
    drawn = [picture(p) for p in reply.json["predictions"]]
    assert [d.shape for d in drawn] == [(SIZE, SIZE)] * 2
    assert drawn[0].std() > 10


def test_a_seed_draws_the_same_alone_and_among_others(client: Client) -> None:
    alone = client.predict([{"label": "Square", "seed": 7}]).json["predictions"][0]["image"]
    among = client.predict([{"label": "Cross"}, {"label": "Square", "seed": 7}]).json["predictions"][1]["image"]
    assert alone == among


def test_without_a_seed_each_picture_is_new_and_says_its_seed(client: Client) -> None:
    one, two = client.predict([{"label": "Square"}] * 2).json["predictions"]
    assert one["image"] != two["image"]
    again = client.predict([{"label": "Square", "seed": one["seed"]}]).json["predictions"][0]
    assert again["image"] == one["image"]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"prompt": "a steam engine"}, "prompt", "Circle, Cross, Square"),
        ({"prompt": "a circle in a square"}, "prompt", "at once"),
        ({"label": "Triangle"}, "label", "Circle, Cross, Square"),
        ({}, "prompt", "no prompt"),
        ({"prompt": "a cross", "seed": -1}, "seed", "whole number"),
        ({"prompt": "a cross", "seed": 1.5}, "seed", "whole number"),
        ({"prompt": 3}, "prompt", "3"),
        (17, None, "an object"),
    ],
)
def test_refuses_what_it_cannot_draw_and_lists_what_it_can(
    client: Client, row: object, column: str | None, words: str
) -> None:
    reply = client.predict([{"label": "Cross"}, row])
    assert reply.status == 422
    error = reply.json["error"]
    assert (error["row"], error["column"]) == (1, column)
    assert words in json.dumps(error)


def test_unknown_fields_are_ignored_and_named(client: Client) -> None:
    reply = client.predict([{"prompt": "cross", "colour": "red"}])
    assert reply.status == 200
    assert "colour" in reply.json["warnings"][0]


def test_too_many_pictures_at_once_are_refused(client: Client) -> None:
    assert client.predict([{"label": "Cross"}] * 300).status == 422


def test_its_pages_and_interface_are_there(client: Client) -> None:
    page = client.get("/try")
    assert page.status == 200
    assert b"What to draw" in page.body
    interface = client.get("/openapi.json").json
    assert "prompt" in json.dumps(interface)


def test_the_bundle_asks_for_what_it_needs(client: Client) -> None:
    needed = (Path(client.service.predictor.folder) / "requirements.txt").read_text()
    assert "pillow" in needed.lower()
