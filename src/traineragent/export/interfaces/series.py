"""Forecasts: a row is a horizon, the series meant and what came since; an answer is values, intervals and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...serve.manifest import Manifest
from ...serve.series.covariates import Covariate, Effects, example_of
from ...serve.series.timeline import Timeline
from ..markdown import code, plain, table
from .schemas import object_schema


class SeriesInterface:
    """See `Interface`."""

    packages: tuple[str, ...] = ()

    def example(self, manifest: Manifest) -> dict[str, Any]:
        example: dict[str, Any] = manifest.settings["example"]
        return example

    def refused(self, manifest: Manifest) -> dict[str, Any]:
        return {**manifest.facts.get("example", {}), "horizon": "soon"}

    def described(self, manifest: Manifest) -> str:
        what = "the next values, an interval for each, and their times"
        return (
            f"Forecasts `{manifest.target.name}` by the {_step(manifest)}: a row asks how far, a prediction is {what}."
        )

    def reads(self, manifest: Manifest) -> str:
        return "`horizon` must be there; fields that are not known are ignored and named in `warnings`."

    def tensors(self, manifest: Manifest) -> str:
        ahead = ", `future`" if manifest.settings.get("effects") else ""
        lists = f"`history`{ahead} (JSON lists as texts)"
        return f"Tensors `horizon`, `series` (its key as text) and {lists}, one element a row."

    def answers(self, manifest: Manifest) -> str:
        unit = f" in {plain(manifest.target.unit)}" if manifest.target.unit else ""
        return f"(numbers{unit}, one a {_step(manifest)})"

    def inputs(self, manifest: Manifest) -> str:
        names = manifest.settings["key_names"]
        of = f" of each {' and '.join(code(n) for n in names)}" if names else ""
        known = [code(c.name) for c in _ahead(manifest)]
        ahead = f", the calendar, and {', '.join(known)}, known ahead" if known else " and the calendar"
        return f"its own past{of}{ahead}"

    def row_schema(self, manifest: Manifest) -> dict[str, Any]:
        return object_schema(_row(manifest), ["horizon"], additionalProperties=True)

    def prediction_schema(self, manifest: Manifest) -> dict[str, Any]:
        coverage = (manifest.settings.get("interval") or {}).get("coverage", 0.9)
        pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        each = f"one a {_step(manifest)}"
        return object_schema(
            {
                "values": {
                    "type": "array",
                    "items": {"type": "number"},
                    "description": f"The forecast of {manifest.target.name}, {each}.",
                },
                "interval": {
                    "type": "array",
                    "items": pair,
                    "description": f"Low and high, {each}; each holds the true value in {coverage:.0%} of cases.",
                },
                "times": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "When each value is, written as in the data.",
                },
            }
        )

    def row_words(self, manifest: Manifest) -> str:
        rows = [(code(name), found["description"]) for name, found in _row(manifest).items()]
        return table(("Field", "What to send"), rows)

    def columns(self, manifest: Manifest) -> str:
        return self.row_words(manifest)

    def files(self, manifest: Manifest) -> dict[str, str]:
        found = {"history.json": "the newest values of each series, from which forecasts go on"}
        for member in manifest.settings["members"]:
            if "file" in member:
                found[member["file"]] = f"a learned member of the forecast: float32 `x` in, `y` out ({member['kind']})"
        return found

    def limits(self, manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
        step, horizon = _step(manifest), _horizon(manifest)
        if known := ", ".join(code(c.name) for c in _ahead(manifest)):
            yield f"What {known} do is one effect each over all series; a case beyond any before is a guess."
            yield "Send `future` for the steps ahead; what is left out is taken to be typical, and a warning says so."
        yield "It continues what was; a change without precedent in the history (a new price, a strike) it cannot know."
        yield f"It was measured up to {horizon:,} {step}s ahead; beyond, errors grow and intervals are widened by rule."
        yield "Send newer values as `history`, or make it again now and then: from old values comes an old forecast."
        yield "Intervals come from errors of the past; when the series becomes wilder, they are too narrow for a while."


INTERFACE = SeriesInterface()


def _ahead(manifest: Manifest) -> tuple[Covariate, ...]:
    """The covariates that are known ahead; none for a model that looks at none."""
    effects = manifest.settings.get("effects")
    return Effects.from_json(effects).covariates if effects else ()


def _future(covariates: Sequence[Covariate], step: str, horizon: int) -> dict[str, Any]:
    """The field of what is known ahead, as JSON Schema."""
    each = {
        c.name: {
            "type": ["string", "null"] if c.kind == "level" else ["number", "boolean", "string", "null"],
            "description": f"{c.expected[:1].upper()}{c.expected[1:]}.",
            "examples": [example_of(c)],
        }
        for c in covariates
    }
    when = {"time": {"type": ["string", "number"], "description": "When; for all of them or for none."}}
    return {
        "type": "array",
        "items": object_schema({**each, **when}, list(each), additionalProperties=True),
        "description": f"What is known of each {step} ahead, in order: {', '.join(map(code, each))}. Left out: what is "
        "typical is assumed, and a warning says so.",
        "examples": [[{c.name: example_of(c) for c in covariates}] * horizon],
    }


def _horizon(manifest: Manifest) -> int:
    return int(manifest.settings["horizon"])


def _step(manifest: Manifest) -> str:
    return Timeline.from_json(manifest.settings["timeline"]).word


def _row(manifest: Manifest) -> dict[str, Any]:
    """Fields of a row, as JSON Schema."""
    names, step = manifest.settings["key_names"], _step(manifest)
    found: dict[str, Any] = {
        "horizon": {
            "type": "integer",
            "minimum": 1,
            "description": f"How many {step}s ahead; must be there.",
            "examples": [_horizon(manifest)],
        }
    }
    if names:
        kind = "its value" if len(names) == 1 else f"an object with {', '.join(map(code, names))}"
        found["series"] = {
            "type": ["string", "number", "object", "array"],
            "description": f"Which series: {kind} of {' and '.join(code(n) for n in names)}, as in the data.",
        }
    found["history"] = {
        "type": "array",
        "items": {"type": ["number", "null", "object", "array"]},
        "description": "Values that came since training, in order (`null` where one is missing), or objects with "
        "`time` and `value`. Left out: forecasts go on from the end of the data.",
    }
    if covariates := _ahead(manifest):
        found["history"]["description"] += f" Objects may carry {', '.join(code(c.name) for c in covariates)} as well."
        found["future"] = _future(covariates, step, _horizon(manifest))
    return found
