"""What a phrase says: the words of the thing, the end it lies at ("leftmost"), and its relations to other things.

The words of place, size and order are declared in bundle.json, as are the words that models know things by. Knows
nothing of pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..codecs.prompts import folded

OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
BESIDE = {"left": "left_of", "right": "right_of", "top": "above", "bottom": "below"}
"""An end that is said of another thing is a relation to it."""
SAID_OF_NOTHING = {relation: end for end, relation in BESIDE.items()}
"""And a relation to nothing is an end: "the mug above"."""
CORNERS = (("left", "right"), ("top", "bottom"))


@dataclass(frozen=True)
class Thing:
    """`words` name it, in their order, as far as they are known; none: anything. `ends` it is the most extreme towards,
    `rank` 1 for the first from there; `relations` as (relation, other things). `unknown` are words nobody taught."""

    words: tuple[str, ...]
    ends: tuple[str, ...] = ()
    rank: int = 1
    relations: tuple[tuple[str, tuple[Thing, ...]], ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether nothing but words tells which one it is."""
        return not self.ends and not self.relations

    @property
    def all_unknown(self) -> tuple[str, ...]:
        others = [w for _, things in self.relations for t in things for w in t.all_unknown]
        return (*self.unknown, *others)

    def queries(self) -> list[tuple[str, ...]]:
        """What must be looked for in a picture: the words of this thing and of all that it is related to."""
        found = [self.words, *(q for _, things in self.relations for t in things for q in t.queries())]
        return list(dict.fromkeys(found))


class PhraseReader:
    """Reads phrases. `places` is the lexicon of places as plain lists, `known` the words that name things; None before
    anybody knows them: then every word that is no word of place names the thing. `said` maps other words to them."""

    def __init__(
        self, places: Mapping[str, Any], known: Sequence[str] | None = None, said: Mapping[str, str] | None = None
    ) -> None:
        self._known = None if known is None else frozenset(known)
        self._said = dict(said or {})
        self._ends = _by_word(places["ends"])
        self._sizes = _by_word(places["sizes"])
        self._order = {w: int(n) for w, n in _by_word(places["order"]).items()}
        self._relations = {folded(w): name for name, words in places["relations"].items() for w in words}
        self._longest = max(map(len, self._relations), default=1)
        self._sides, self._beside, self._counted, self._and, self._scene, self._idle = (
            {w for text in places[key] for w in folded(text)}
            for key in ("sides", "beside", "counted", "and", "scene", "idle")
        )

    def read(self, phrase: str) -> Thing:
        """What the phrase says; words that are neither known nor of place are put aside as unknown."""
        items = self._items(folded(phrase))
        return self._thing(items)

    # ------------------------------------------------------------------ words to items
    def _items(self, words: Sequence[str]) -> list[tuple[str, str]]:
        """(kind, what) in order: "word", "unknown", "end", "order", "relation", "and"."""
        out: list[tuple[str, str]] = []
        place = 0
        while place < len(words):
            most = min(self._longest, len(words) - place)
            size = next((s for s in range(most, 0, -1) if tuple(words[place : place + s]) in self._relations), 0)
            if size:
                name = self._relations[tuple(words[place : place + size])]
                place += size
                if self._speaks_of_end(words, place):  # "closest to the left edge": the end says it
                    out += [("opposite", "")] if name == "far" else []
                    out += [("end", SAID_OF_NOTHING[name])] if name in SAID_OF_NOTHING else []
                    continue
                out.append(("relation", name))
                continue
            place += self._item(words, place, out)
        return out

    def _item(self, words: Sequence[str], place: int, out: list[tuple[str, str]]) -> int:
        """Takes the item at `place`; how many words it had."""
        word = words[place]
        if word in self._ends and not self._names(word):
            end, behind = self._ends[word], self._past_idle_end(words, place + 1)
            if word in self._sides and behind is not None and not self._is_chosen_from(words, behind):
                out.append(("relation", BESIDE[end]))
                return behind - place
            if out and out[-1][0] == "opposite":
                out.pop()
                end = OPPOSITE.get(end, end)
            out.append(("end", end))
        elif word in self._order and not self._names(word):
            out.append(("order", str(self._order[word])))
        elif word in self._and:
            out.append(("and", word))
        elif word in self._sizes and not self._names(word) and self._known is not None:
            out.append(("end", self._sizes[word]))
        elif self._names(word):
            out.append(("word", word))
        elif word in self._said and self._names(self._said[word]):
            out.append(("word", self._said[word]))
        elif word not in self._idle and word not in self._scene and word not in self._counted:
            out.append(("unknown" if self._known is not None else "word", word))
        return 1

    def _names(self, word: str) -> bool:
        """Whether a thing is known by this word."""
        return self._known is not None and word in self._known

    def _past_idle_end(self, words: Sequence[str], place: int) -> int | None:
        """The place behind "of" in "left [side] of", where something follows; None where there is no "of"."""
        while place < len(words) and words[place] in self._idle and words[place] not in self._beside:
            place += 1
        return place + 1 if place + 1 < len(words) and words[place] in self._beside else None

    def _is_chosen_from(self, words: Sequence[str], place: int) -> bool:
        """Whether what follows "left of" is the picture or a counted set, so that left is an end."""
        while place < len(words) and words[place] in self._idle and words[place] not in self._counted:
            place += 1
        if place == len(words) or words[place] in self._scene or words[place] in self._counted:
            return True
        return self._speaks_of_end(words, place)

    def _speaks_of_end(self, words: Sequence[str], place: int) -> bool:
        """Whether a relation is to an end or to the picture itself: "near the top", "in the picture"."""
        while place < len(words) and words[place] in self._idle:
            place += 1
        if place == len(words) or words[place] in self._scene:
            return True
        if words[place] not in self._ends or self._names(words[place]):
            return False
        rest = [w for w in words[place:] if w not in self._ends and w not in self._scene and w not in self._idle]
        return not any(self._names(w) or self._known is None for w in rest)

    # ------------------------------------------------------------------ items to a thing
    def _thing(self, items: Sequence[tuple[str, str]]) -> Thing:
        cut = next((i for i, (kind, _) in enumerate(items) if kind == "relation"), len(items))
        mine, rest = items[:cut], items[cut:]
        words = tuple(dict.fromkeys(w for kind, w in mine if kind == "word"))
        ends = tuple(dict.fromkeys(w for kind, w in mine if kind == "end"))
        rank = next((int(w) for kind, w in mine if kind == "order"), 1)
        unknown = tuple(w for kind, w in mine if kind == "unknown")
        if rank > 1 and not ends:
            ends = ("left",)  # "the second mug" is counted as one reads
        relations = self._related(rest) if rest else ()
        return Thing(words, _settled(ends), rank, relations, unknown)

    def _related(self, items: Sequence[tuple[str, str]]) -> tuple[tuple[str, tuple[Thing, ...]], ...]:
        """The relations that follow a thing's words; "above and left of the queen" has two to the same."""
        cuts = [i for i in range(1, len(items) - 1) if items[i][0] == "and" and items[i + 1][0] == "relation"]
        parts = [list(items[a:b]) for a, b in zip([0, *(c + 1 for c in cuts)], [*cuts, len(items)], strict=True)]
        out: list[tuple[str, tuple[Thing, ...]]] = []
        others: tuple[Thing, ...] = ()
        for part in reversed(parts):
            others = self._others(part) or others
            if others:
                out.insert(0, (part[0][1], others))
        return tuple(out)

    def _others(self, items: Sequence[tuple[str, str]]) -> tuple[Thing, ...]:
        """The things that a relation, the first of `items`, is to."""
        name, rest = items[0][1], list(items[1:])
        place = next((i for i, (kind, _) in enumerate(rest) if kind == "and"), None) if name == "between" else None
        parts = [rest] if place is None else [rest[:place], rest[place + 1 :]]
        return tuple(t for t in map(self._thing, parts) if t.words or not t.plain)


def _by_word(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {w: name for name, words in groups.items() for text in words for w in folded(text)}


def _settled(ends: Sequence[str]) -> tuple[str, ...]:
    """Ends without those that contradict an earlier one; corners keep both."""
    kept: list[str] = []
    for end in ends:
        if not any(end in pair and other in pair for pair in CORNERS for other in kept if other != end):
            kept.append(end)
    return tuple(kept)
