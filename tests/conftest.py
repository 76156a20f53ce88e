"""Fixtures for all tests. `shared_data` is the folder of real data beside the project, where there is one."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRAINERAGENT_MEMORY", "off")  # what one test run teaches is nothing for the next
os.environ["HF_HUB_OFFLINE"] = "1"  # the tests' own hub aside, nobody is asked
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a shell's background, and children would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)


def beside(name: str) -> Path:
    """A folder of `../shared`; skips where it is absent, except where TRAINERAGENT_REQUIRE_SHARED says it must be."""
    path = ROOT.parent / "shared" / name
    if not path.is_dir():
        reason = f"the folder ../shared/{name} with real data is not beside the project"
        if os.environ.get("TRAINERAGENT_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return beside("data")


@pytest.fixture(scope="session")
def shared_tables(shared_data: Path) -> Path:
    return shared_data / "tabular"


SLOW_FILE = "\npytestmark = pytest.mark.slow\n"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Who leaves out what is slow does not wait for the imports of files that hold nothing else."""
    if "not slow" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    return True if SLOW_FILE in collection_path.read_text(encoding="utf-8") else None


MISSING = ("could not import", "not installed", "pip install", "No module named")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped because a package is missing has failed: what is not tested here is tested nowhere."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if any(word in reason for word in MISSING):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} may not be skipped: {reason}"
    return report
