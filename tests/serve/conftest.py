"""Bundles that the tests of serving share; they only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .small import CHURN, PRICE, Client, write_small


@pytest.fixture(scope="session")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with two classes and a column of every kind."""
    return write_small(tmp_path_factory.mktemp("churn"), CHURN)


@pytest.fixture(scope="session")
def price(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that answers a value with an interval."""
    return write_small(tmp_path_factory.mktemp("price"), PRICE)


@pytest.fixture
def client(churn: Path) -> Client:
    return Client(churn)
