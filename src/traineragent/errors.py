"""Everything that can go wrong, as one tree.

    TrainerError               exit 1   a defect of ours, or a step that failed for good
    ├── InputError             exit 2   bad data or usage: says file, row, column and what to do
    │   └── RowError           422      one value of one row sent to a service
    ├── MissingExtra           exit 2   an optional package is needed; names the pip install
    ├── InvalidAnswer          exit 1   a brain's answer that is not allowed; sent back, never shown as a failure
    ├── Paused                 exit 1   the machine is out of room (disk, memory); resumable
    └── Interrupted            exit 130 stopped by a person; resumable

A message says what was expected, what was found and what to do, in the words the user knows.
"""

from __future__ import annotations


class TrainerError(Exception):
    """Root of all errors a user may see. `exit_code` is what the command line returns; `kind` how work ended that
    somebody else may mend: "error", "timeout", "memory" or "crash"."""

    exit_code = 1
    kind = "error"


class InputError(TrainerError):
    """Bad data or usage. Attributes that are known carry the place, so programs need not parse the sentence."""

    exit_code = 2

    def __init__(
        self, message: str, *, file: str | None = None, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message)
        self.file, self.row, self.column = file, row, column


class RowError(InputError):
    """A value that a served model cannot take; becomes HTTP 422. `row` counts from 0 in the request body."""

    def __init__(self, *, row: int, column: str | None, expected: str, got: str, fix: str) -> None:
        where = f"row {row}" + (f", column {column!r}" if column is not None else "")
        super().__init__(f"{where}: expected {expected}, got {got}; {fix}", row=row, column=column)
        self.expected, self.got, self.fix = expected, got, fix

    def moved(self, by: int) -> RowError:
        """The same of a row that stands `by` places further down, where the rows were worked on in parts."""
        row = by + (self.row or 0)
        return RowError(row=row, column=self.column, expected=self.expected, got=self.got, fix=self.fix)

    def to_json(self) -> dict[str, object]:
        return {"row": self.row, "column": self.column, "expected": self.expected, "got": self.got, "fix": self.fix}


class MissingExtra(TrainerError):
    """An optional dependency is needed and not installed."""

    exit_code = 2

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package}. Install it with: pip install 'traineragent[{extra}]'")
        self.package, self.extra = package, extra


class InvalidAnswer(TrainerError):
    """A brain chose an operation that does not exist, gave it wrong arguments, or an answer that makes no sense."""


class Paused(TrainerError):
    """The machine ran out of disk or memory; the run is intact and `resume` goes on once there is room."""


class Interrupted(TrainerError):
    """Stopped by a person; `traineragent resume` goes on from the last finished step."""

    exit_code = 130
