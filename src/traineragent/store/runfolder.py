"""A new run's folder: where it goes, that it is empty, and how it is taken away again when the run came to nothing.

It knows nothing of what a run writes into it, but for the journal that marks it as one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InputError

JOURNAL = "run.sqlite"
CONFIG = "config"
REVISIONS = "revisions"


@dataclass(frozen=True)
class NewFolder:
    """`made` are the folders that were not there before, the outermost first."""

    path: Path
    made: tuple[Path, ...]

    @classmethod
    def make(cls, out: str | Path | None, words: str) -> NewFolder:
        """Makes the folder `out`, or one in ./runs named after the time and the words. Raises InputError when something
        is there already or it cannot be made."""
        path = Path(out).expanduser() if out is not None else Path("runs") / name_for(words)
        try:
            if path.exists() and any(path.iterdir() if path.is_dir() else [path]):
                raise InputError(_taken(path))
            made = tuple(p for p in (*reversed(path.parents), path) if not p.exists())
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (OSError, ValueError) as e:
            reason = e.strerror if isinstance(e, OSError) else str(e)
            raise InputError(f"the folder {path} cannot be made ({reason}); choose another with --out") from e
        return cls(path, made)

    def discard(self) -> None:
        """Takes everything in it away, and the folders that were made for it."""
        for entry in self.path.iterdir() if self.path.is_dir() else ():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                with suppress(OSError):
                    entry.unlink()
        for folder in reversed(self.made):
            with suppress(OSError):  # another run may have moved in
                folder.rmdir()


def home_of(folder: Path) -> Path:
    """The run's own folder, also for the folder of one of its revisions."""
    return folder.parent.parent if folder.parent.name == REVISIONS else folder


def keep_overlay(overlay: Path, files: Iterable[Path], run: Path) -> Path | None:
    """Copies these files of the user's overlay into the run, so that `resume` works by the same ones."""
    kept = run / CONFIG
    if kept.exists():
        shutil.rmtree(kept)
    for path in files:
        copy = kept / path.relative_to(overlay)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return kept_overlay(run)


def kept_overlay(run: Path) -> Path | None:
    """The overlay that a run began with."""
    return run / CONFIG if (run / CONFIG).is_dir() else None


def same_overlay(overlay: Path, files: Iterable[Path], run: Path) -> bool:
    """Whether the run began with just these files."""
    kept = {p.relative_to(run / CONFIG): p.read_bytes() for p in (run / CONFIG).rglob("*") if p.is_file()}
    return kept == {p.relative_to(overlay): p.read_bytes() for p in files}


def name_for(words: str) -> str:
    """A name for a run's folder that tells when it was asked for, and what."""
    name = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40].strip("-") or "run"
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"


def _taken(path: Path) -> str:
    hint = f"go on with it: traineragent resume {path}" if (path / JOURNAL).exists() else "choose another"
    return f"the folder {path} is not empty; {hint}, or name a new one with --out"
