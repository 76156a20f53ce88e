"""Commands of the memory across runs: show what is kept, and clear it."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from .looking import AsJson


def memory_show(as_json: AsJson = False) -> None:
    """What earlier runs taught.

    Shapes of data, and which candidates did well on them."""
    from ..config import Config
    from ..store.lessons import FILE_NAME, Lessons

    home = Config.from_environment().lessons
    lessons = Lessons(home) if home else None
    known = lessons.all() if lessons else []
    if as_json:
        shown = {"path": str(home / FILE_NAME) if home else None, "lessons": [asdict(k) for k in known]}
        typer.echo(json.dumps({**shown, "notes": lessons.said if lessons else []}, ensure_ascii=False))
        return
    from .printing import print_lessons

    print_lessons(known, home)
    for sentence in lessons.said if lessons else []:
        typer.echo(sentence, err=True)


def memory_clear(as_json: AsJson = False) -> None:
    """Forgets all lessons."""
    from ..config import data_home
    from ..store.lessons import Lessons

    count = Lessons(data_home()).clear()
    if as_json:
        typer.echo(json.dumps({"forgotten": count}))
    else:
        typer.echo(f"{count} lessons forgotten." if count != 1 else "1 lesson forgotten.")
