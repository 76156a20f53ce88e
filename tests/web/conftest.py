"""One real page for the tests of a module; nothing is trained by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .browser import Browser


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "runs"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Browser]]:
    """Opens a page over the test's own folder, as often as it is called; none outlives the test."""
    browsers: list[Browser] = []

    def again() -> Browser:
        browsers.append(Browser.open(tmp_path))
        return browsers[-1]

    yield again
    for browser in browsers:
        if browser.process.poll() is None:
            browser.close()


@pytest.fixture(scope="module")
def page(root: Path) -> Iterator[Browser]:
    browser = Browser.open(root)
    yield browser
    browser.close()
    assert browser.process.returncode == 0
