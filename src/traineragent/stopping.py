"""Ctrl-C and SIGTERM stop the program within two seconds, also while it is inside a library that does not look up.

A run is safe to end at any moment, so nothing is lost when the last resort is to end the process.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .errors import Interrupted, TrainerError

PATIENCE_S = 1.5
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping_promptly(last_words: Callable[[], str], *, as_json: bool = False) -> Iterator[None]:
    """Both signals raise KeyboardInterrupt inside. Where that does not end the block within `PATIENCE_S`, the process
    says `last_words()` (with `as_json` also as the object on stdout) and ends with 130; its children end with it. An
    error that a library makes of the interruption, as some do while they are imported, is raised as Interrupted."""
    heard = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        heard.set()
        raise KeyboardInterrupt

    heeded = [s for s in SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]  # nohup is kept to
    before = {s: signal.signal(s, interrupt) for s in heeded}
    bell, ear = socket.socketpair()
    bell.setblocking(False)
    ear_before = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    done = threading.Event()
    threading.Thread(target=_watch, args=(ear, done, last_words, as_json), daemon=True).start()
    try:
        yield
    except TrainerError:
        raise
    except Exception as error:
        if heard.is_set():
            raise Interrupted(last_words()) from error
        raise
    finally:
        done.set()
        signal.set_wakeup_fd(ear_before)
        for s, handler in before.items():
            signal.signal(s, handler)
        bell.close()  # ends the watcher


def _watch(ear: socket.socket, done: threading.Event, last_words: Callable[[], str], as_json: bool) -> None:
    """Hears of a signal the moment it comes: the interpreter writes its number without waiting for the main thread."""
    with ear:
        while heard := ear.recv(64):
            if not any(number in heard for number in SIGNALS):
                continue
            if not done.wait(PATIENCE_S):
                _end(last_words(), as_json)


def _end(sentence: str, as_json: bool) -> None:
    """Past the interpreter's own streams, which the hanging thread may hold."""
    cursor = "\x1b[?25h\n" if os.isatty(2) else ""
    os.write(2, f"{cursor}traineragent: {sentence}\n".encode("utf-8", "replace"))
    if as_json:
        answer = {"status": "failed", "reason": sentence, "exit_code": 130}
        os.write(1, json.dumps(answer).encode() + b"\n")
    os._exit(130)
