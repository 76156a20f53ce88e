"""Live progress on a terminal; plain lines when the stream is none. Fed with event dictionaries, knows no run.

An event is {"kind", "text", "phase", "done", "of", "best", "seconds_left", "metric"}; all but `kind` are optional. The
kinds "question" and "dialogue" take the live display away, so that a person can type; the next event brings it back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .loose import mapping
from .wording import clean, duration, is_number, metric_title, score

QUIET = 2.0  # seconds between plain lines that only move a count
ASKING = ("question", "dialogue")


class Progress:
    """A context manager that is called with events. Everything is printed as text, never as markup."""

    def __init__(self, stream: TextIO, live: bool | None = None) -> None:
        self._console = Console(file=stream, force_terminal=True if live else None, highlight=False)
        self._live_wanted = self._console.is_terminal if live is None else live
        self._live: Live | None = None
        self._board = Board()
        self._told_at = 0.0
        self._told = ""

    def __enter__(self) -> Progress:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event.get("kind") in ASKING:
            self._end()
            return
        news = self._board.take(event)
        if not self._live_wanted:
            self._tell(news)
            return
        self._begin()
        if self._live is not None:
            if news and event.get("kind") != "phase":
                self._live.console.print(_lasting(news, str(event.get("kind"))))
            self._live.refresh()

    def _begin(self) -> None:
        if self._live_wanted and self._live is None:
            self._live = Live(
                console=self._console, get_renderable=self._board.render, refresh_per_second=8, transient=True
            )
            self._live.start()

    def _end(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _tell(self, news: str) -> None:
        """A plain line for each piece of news; mere counting speaks at most every `QUIET` seconds."""
        line = news or self._board.line()
        now = time.monotonic()
        if not line or line == self._told or (not news and now - self._told_at < QUIET):
            return
        self._told, self._told_at = line, now
        left = "" if news else self._board.left()
        self._console.print(Text(" · ".join(part for part in (line, left) if part)), soft_wrap=True)


def _lasting(news: str, kind: str) -> Text:
    bad = "failed" in kind or kind in ("missed", "warning")
    return Text.assemble(("! ", "yellow") if bad else ("✓ ", "green"), news)


class Board:
    """What is known at the moment: phase, text, count, best score, time left."""

    def __init__(self) -> None:
        self.phase, self.text, self.metric = "", "", ""
        self.done: float | None = None
        self.of: float | None = None
        self.best: float | None = None
        self.ends: float | None = None
        self._began = time.monotonic()
        self._spinner = Spinner("dots", style="cyan")

    def take(self, event: Mapping[str, Any]) -> str:
        """Takes an event in and returns what is worth a lasting line; mere counting is not."""
        event = mapping(event)
        text = clean(event.get("text") or "").replace("\n", " ")
        phase = clean(event.get("phase") or "")
        if phase and phase != self.phase:
            self.phase, self.done, self.of = phase, None, None
        self.metric = clean(event.get("metric") or self.metric)
        for name in ("done", "of", "best"):
            if is_number(event.get(name)):
                setattr(self, name, float(event[name]))
        if is_number(event.get("seconds_left")):
            self.ends = time.monotonic() + float(event["seconds_left"])
        counting = is_number(event.get("done")) or event.get("kind") in ("progress", "tick", "trial")
        if text and (counting or event.get("kind") == "phase"):
            self.text = text
        return "" if counting else text

    def left(self) -> str:
        return duration(max(self.ends - time.monotonic(), 0.0)) + " left" if self.ends is not None else ""

    def line(self) -> str:
        """Everything but the time left, which always changes, on one line of plain text."""
        count = ""
        if self.done is not None:
            count = f"{self.done:.0f}" + (f" of {self.of:.0f}" if self.of else "")
        named = ("best", metric_title(self.metric), score(self.best, self.metric)) if self.best is not None else ()
        best = " ".join(part for part in named if part)
        head = ": ".join(p for p in (self.phase, self.text) if p)
        return " · ".join(part for part in (head, count, best) if part)

    def render(self) -> Group:
        """The live display: what is being done, a bar where there is a count, best score and time left."""
        words = Text(f"{self.phase}  " if self.phase else "", style="bold")
        words.append(self.text or "working", style="default")
        self._spinner.update(text=words)
        table = Table.grid(padding=(0, 2, 0, 0))
        cells: list[Any] = []
        if self.of:
            cells.append(ProgressBar(total=self.of, completed=min(self.done or 0.0, self.of), width=28))
            cells.append(Text(f"{self.done or 0:.0f}/{self.of:.0f}", style="dim"))
        if self.best is not None:
            name = f"{metric_title(self.metric)} " if self.metric else ""
            cells.append(Text.assemble(("best ", "dim"), (f"{name}{score(self.best, self.metric)}", "cyan")))
        cells.append(Text(self.left() or f"{duration(time.monotonic() - self._began)} so far", style="dim"))
        table.add_row(*cells)
        return Group(self._spinner, table)
