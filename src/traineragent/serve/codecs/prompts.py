"""What a prompt asks for: its words against the names that a model can draw, each with other ways to say it.

Knows nothing of pictures or models. The names and their sayings are declared in bundle.json.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*", re.UNICODE)


@dataclass(frozen=True)
class Name:
    """Something that can be drawn: its label and all the ways to say it, folded."""

    label: str
    said: tuple[tuple[str, ...], ...]


class UnknownPrompt(Exception):
    """A prompt that names nothing that can be drawn, or too much. `found` says what was read in it."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Prompts:
    """Finds in a prompt what is asked for. `several`: a prompt may name more than one thing, as captions do."""

    def __init__(self, names: Sequence[Mapping[str, Any]], several: bool) -> None:
        self.labels = tuple(str(n["label"]) for n in names)
        self.several = several
        self._longest = 1
        self._sayings: dict[tuple[str, ...], int] = {}
        for index, name in enumerate(names):
            for saying in (name["label"], *name.get("said", ())):
                words = folded(str(saying))
                self._sayings.setdefault(words, index)
                self._longest = max(self._longest, len(words))
        self._exact = {label.strip().casefold(): i for i, label in enumerate(self.labels)}

    def label(self, value: Any) -> int:
        """The index of a label given as it stands. Raises UnknownPrompt."""
        index = self._exact.get(str(value).strip().casefold())
        if index is None:
            raise UnknownPrompt(f"the label {str(value)[:60]!r}")
        return index

    def read(self, prompt: str) -> list[int]:
        """The indices of what a prompt asks for. Longer sayings go first, so that a T-shirt is no shirt.

        Raises UnknownPrompt when nothing is named, or several things where one picture shows one."""
        exact = self._exact.get(prompt.strip().casefold())
        if exact is not None:
            return [exact]
        words, found = folded(prompt), []
        place = 0
        while place < len(words):
            size = next((s for s in range(self._longest, 0, -1) if words[place : place + s] in self._sayings), 0)
            if size:
                found.append(self._sayings[words[place : place + size]])
            place += max(size, 1)
        asked = list(dict.fromkeys(found))
        if not asked:
            raise UnknownPrompt(f"{prompt.strip()[:80]!r}, which names none of them")
        if len(asked) > 1 and not self.several:
            named = " and ".join(repr(self.labels[i]) for i in asked[:3])
            raise UnknownPrompt(f"{prompt.strip()[:80]!r}, which names {named} at once")
        return asked


def folded(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents, hyphens and plural endings; a digit string stays as it is."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = []
    for match in _WORD.finditer(plain):
        words += [_singular(w) for w in re.split(r"['’-]", match.group()) if w]
    return tuple(words)


def _singular(word: str) -> str:
    """A rough English singular, applied to both sides, so that only equality matters."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
