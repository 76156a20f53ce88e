"""One real page for the tests of a module; nothing is trained by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .browser import Browser


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "runs"


@pytest.fixture(scope="module")
def page(root: Path) -> Iterator[Browser]:
    browser = Browser.open(root)
    yield browser
    browser.close()
    assert browser.process.returncode == 0
