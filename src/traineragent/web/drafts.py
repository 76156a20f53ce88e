"""Requests that are being put together: words, data and options, kept as files so that a reload shows the same.

Knows nothing of how they are understood or worked on.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from ..errors import InputError
from ..store.files import read_json, write_json
from .missing import Missing
from .uploads import Uploads

MOST_WORDS = 20_000
_ID = re.compile(r"[0-9a-f]{16}")
Line = Annotated[str, Field(max_length=4096)]


@dataclass(frozen=True)
class Draft:
    """`paths`: data as `--data` takes it, beside what was sent. `answers`: by what a question was about. `run`: the run
    that was started from it."""

    id: str
    words: Annotated[str, Field(max_length=MOST_WORDS)] = ""
    paths: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    target: Line = ""
    minutes: Annotated[float, Field(gt=0, lt=43_200)] | None = None
    models: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    brain: Line = ""
    answers: Annotated[dict[Line, Line], Field(max_length=50)] = field(default_factory=dict)
    run: str = ""

    def asked(self, sent: list[str]) -> dict[str, Any]:
        """As the process that works is told; `sent`: paths of what was uploaded."""
        return {
            "words": self.words,
            "data": [*sent, *self.paths],
            "target": self.target or None,
            "minutes": self.minutes,
            "models": list(self.models),
            "brain": self.brain,
            "answers": dict(self.answers),
        }


_DRAFT = TypeAdapter(Draft)
_NAMES = {"words": "the request", "minutes": "minutes", "paths": "the paths", "models": "the folders of models"}


def new_id() -> str:
    return secrets.token_hex(8)


class Drafts:
    """The drafts of one page: small files in `home`, what was sent in `uploads`."""

    def __init__(self, home: Path, uploads: Path) -> None:
        self._home, self._uploads = home, uploads

    def open(self, id: str) -> Draft:
        """The draft; an empty one where nothing was kept yet. Raises Missing for what can be no draft."""
        if not _ID.fullmatch(id):
            raise Missing(id)
        path = self._home / f"{id}.json"
        return _read({**read_json(path), "id": id}) if path.is_file() else Draft(id)

    def change(self, id: str, news: Mapping[str, Any]) -> Draft:
        """Keeps what is new. Raises InputError for values that cannot be."""
        known = {k: v for k, v in news.items() if k in Draft.__dataclass_fields__ and k != "id"}
        draft = _read({**asdict(self.open(id)), **known})
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self._home / f"{id}.json", asdict(draft))
        return draft

    def files(self, id: str) -> Uploads:
        """What was sent for the draft. Raises Missing for what can be no draft."""
        if not _ID.fullmatch(id):
            raise Missing(id)
        return Uploads(self._uploads / id)


def _read(values: Mapping[str, Any]) -> Draft:
    try:
        return _DRAFT.validate_python(values)
    except ValidationError as e:
        first = e.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "the request"
        raise InputError(f"{_NAMES.get(name, name)}: {first['msg'].lower()}; change it and try again") from None
