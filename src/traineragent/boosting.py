"""LightGBM without its scikit-learn classes, which nothing here uses: they bring all of scikit-learn and of scipy.stats
with them, and a first model would wait for both. It knows nothing of data or models."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

NAME = "traineragent_lightgbm"
"""Under a name of its own, so that `import lightgbm` still gives anybody else the whole of it."""
UNUSED = ("sklearn", "matplotlib", "dask")


@contextmanager
def _absent(names: tuple[str, ...]) -> Iterator[None]:
    """Importing these fails, unless somebody has imported them before."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is how the import system says "absent"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _lean() -> ModuleType:
    """LightGBM as it is where those packages are not installed; the whole one where it is loaded already."""
    found = importlib.util.find_spec("lightgbm")
    if "lightgbm" in sys.modules or "sklearn" in sys.modules or found is None or found.origin is None:
        return importlib.import_module("lightgbm")
    spec = importlib.util.spec_from_file_location(NAME, found.origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    with _absent(UNUSED):
        spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    import lightgbm as lightgbm
else:
    lightgbm = _lean()
