"""One annotation: a picture, a phrase or only a label, and four numbers that are a box in some way. No more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from traineragent.data.part import line_list

Four = tuple[float, float, float, float]


@dataclass(frozen=True)
class Annotation:
    """`picture` as the file names it; `phrase` where there is one, else `label`; `numbers` of the box as they stand,
    None where there are none; `line` of the file, or the number of the record."""

    picture: str
    phrase: str
    label: str
    numbers: Four | None
    line: int


@dataclass
class Annotated:
    """A file's annotations. `layout` says how its numbers are boxes, where the format fixes that ("xyxy", "xywh"), and
    `shares` that they are shares of the picture then; `names` are the columns or keys of the box otherwise."""

    name: str
    format: str
    found: list[Annotation]
    layout: str = ""
    names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    shares: bool = False

    @property
    def phrased(self) -> bool:
        return any(a.phrase for a in self.found)


class Put:
    """What was put aside or mended, by reason, with places; `sentences` name the first of them."""

    def __init__(self) -> None:
        self.places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))

    def note(self, what: str, file: str, line: int) -> None:
        self.places[what][file].append(line)

    def count(self, what: str) -> int:
        return sum(map(len, self.places[what].values())) if what in self.places else 0

    def where(self, what: str) -> str:
        """ "phrases.jsonl, lines 3, 8 and 4 more; …"."""
        return "; ".join(f"{file}, {line_list(lines)}" for file, lines in self.places[what].items())

    def sentences(self, among: Sequence[str]) -> list[str]:
        return [f"{what} ({self.count(what):,}: {self.where(what)})" for what in among if self.count(what)]
