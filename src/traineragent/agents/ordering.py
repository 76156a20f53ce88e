"""Whether the texts of a file stand in order of time or source, so that those at its end tell what comes next.

Facts for the choice of the hold-out; knows nothing of what is chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from ..data.meaning import Reading
from ..data.operations import row_texts
from ..data.order import EndOfFile, end_of_file, in_blocks, was_sorted
from ..data.rawtable import RawTable
from ..data.split import SHARE
from ..domain.task import TaskSpec
from ..serve.values import tokens

FIRST = 20  # letters by which texts may have been sorted
NAMED = ("id", "date", "constant", "empty")  # columns whose order is that of time, or says nothing


def end_of_texts(table: RawTable, task: TaskSpec, readings: Mapping[str, Reading]) -> EndOfFile | None:
    """How new the words of the last texts are. None where this says nothing: the data are no texts, come in several
    files, or were sorted or put together by something other than time."""
    target = task.data_info.target
    columns = [n for n, r in readings.items() if r.meaning == "text" and n != target]
    if table.kind == "entities":
        columns = [str(c) for c in table.frame.columns if c != target][:1]
    if not columns or len(table.files) > 1 or target not in table.frame.columns:
        return None
    texts = row_texts(table.frame, columns)
    if was_sorted([t[:FIRST].casefold() for t in texts]) or was_sorted([len(t) for t in texts]):
        return None
    others = [r for n, r in readings.items() if n not in (*columns, target) and r.meaning not in NAMED]
    answers = [str(a) for a in table.frame[target]]
    if table.kind == "entities":
        answers = [",".join(sorted({span["label"] for span in json.loads(a)})) for a in answers]
        others = []
    if in_blocks(answers) or any(in_blocks(r.levels.codes.tolist()) for r in others):
        return None
    same = table.alike if table.alike is not None else np.arange(len(texts))
    return end_of_file([tokens(t) for t in texts], same, SHARE)
