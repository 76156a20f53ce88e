"""Changes to the rules of policy, by id: a user may forbid more and say more, and may not allow what is prohibited.

The prohibitions (harmful, unlawful) stand as they ship: neither removed, nor narrowed, nor excused by new phrases,
because a folder that somebody copied must not turn the product against people. What nobody can do, and the notices, are
advice, and may be changed. It knows nothing of how rules are matched with words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .located import Items, Located, meant, plain, refuse, require_known, require_mapping

CORE = frozenset({"harmful", "unlawful"})
CLASSES = {
    "decline": ("harmful", "unlawful", "fantastical", "unattainable"),
    "notice": ("high_risk", "medical", "sensitive"),
}
_CONDITIONS = {"when", "unless", "limit", "score", "share", "count", "over", "task"}
_KEYS = {
    "decline": {"id", "class", "reason", "alternative", "remove", *_CONDITIONS},
    "notice": {"id", "class", "notice", "remove", *_CONDITIONS},
}
_SAID = {"decline": ("reason", "alternative"), "notice": ("notice",)}
_NEEDED = {"decline": ("class", "reason"), "notice": ("class", "notice")}
_COMPARED = {
    "limit": ("name",),
    "score": ("at_least",),
    "share": ("at_least",),
    "count": ("phrases", "below"),
    "over": ("phrases", "by"),
}
_BOUNDS = {"limit": ("below", "above")}  # of which there is one at least


def changed_rules(ours: Mapping[str, Any], theirs: Any, file: str, ideas: Mapping[str, Any]) -> dict[str, Any]:
    """Our rules with the user's; new ones stand behind ours. Raises InputError with file and line."""
    changes = require_mapping(theirs, file, None, "rules.yaml")
    require_known(changes, ours, file, "rules.yaml")
    if "wording" in changes:
        raise refuse(
            file,
            changes.lines["wording"],
            "how a request is judged by its wording as a whole is part of the prohibitions and stays as it is; a rule "
            "of your own may forbid more",
        )
    out = dict(ours)
    for part in ("decline", "notice"):
        if part in changes:
            out[part] = _changed(ours[part], changes[part], part, file, changes.lines[part], ideas)
    if "trait" in changes:
        trait = require_mapping(changes["trait"], file, changes.lines["trait"], "trait")
        require_known(trait, ("notice",), file, "what may be changed of trait")
        out["trait"] = {**ours["trait"], **plain(trait)}
    return out


def require_no_excuses(rules: Mapping[str, Any], theirs: Any, file: str) -> None:
    """Raises InputError where phrases are added to an idea that excuses a prohibition: that would narrow it."""
    excuses = {idea: rule["id"] for rule in rules["decline"] if is_core(rule) for idea in rule.get("unless", ())}
    for idea in theirs if isinstance(theirs, Located) else ():
        if idea in excuses:
            raise refuse(
                file,
                theirs.lines[idea],
                f"the idea {idea!r} excuses the prohibition {excuses[idea]!r}, so nothing may be added to it; "
                "prohibitions can be made stricter, not looser",
            )


def is_core(rule: Mapping[str, Any]) -> bool:
    return rule["class"] in CORE


def _changed(
    ours: Sequence[Mapping[str, Any]], changes: Any, part: str, file: str, line: int, ideas: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    if not isinstance(changes, Items):
        raise refuse(file, line, f"{part} should hold a list of rules, found {plain(changes)!r}")
    out = list(ours)
    for raw, at in zip(changes, changes.lines, strict=True):
        rule = require_mapping(raw, file, at, "a rule")
        require_known(rule, _KEYS[part], file, f"a rule under {part}")
        ids = [r["id"] for r in out]
        name = rule.get("remove", rule.get("id"))
        if not isinstance(name, str):
            raise refuse(file, at, "a rule needs an id")
        if "remove" in rule and name not in ids:
            raise refuse(file, at, f"there is no rule {name!r} to remove under {part}; {meant(name, ids)}")
        if name in ids:
            _require_changeable(out[ids.index(name)], rule, file)
        if "remove" in rule:
            out.pop(ids.index(name))
            continue
        _require_sound(rule, part, file, ideas, new=name not in ids)
        if name in ids:
            out[ids.index(name)] = {**out[ids.index(name)], **plain(rule)}
        else:
            out.append(plain(rule))
    return out


def _require_changeable(ours: Mapping[str, Any], rule: Located, file: str) -> None:
    """Raises InputError where a prohibition would be removed or narrowed. Its words may be changed."""
    if not is_core(ours):
        return
    touched = [k for k in rule if k not in ("id", "reason", "alternative")]
    if touched:
        raise refuse(
            file,
            rule.lines[touched[0]],
            f"{ours['id']!r} is a prohibition ({ours['class']}) and stays as it is; its reason and alternative may be "
            "worded anew, and a rule of your own may forbid more",
        )


def _require_sound(rule: Located, part: str, file: str, ideas: Mapping[str, Any], *, new: bool) -> None:
    missing = [k for k in _NEEDED[part] if k not in rule] if new else []
    if missing or (new and not _CONDITIONS & set(rule)):
        what = f"needs {' and '.join(missing)}" if missing else "needs a condition such as `when`, or it holds always"
        raise refuse(file, rule.line, f"the rule {rule['id']!r} {what}")
    if rule.get("class", CLASSES[part][0]) not in CLASSES[part]:
        raise refuse(
            file, rule.lines["class"], f"the class of a rule under {part} is one of {', '.join(CLASSES[part])}"
        )
    for key in _SAID[part]:
        if key in rule and (not isinstance(rule[key], str) or not rule[key].strip()):
            raise refuse(file, rule.lines[key], f"{key} should be a sentence")
    if "when" in rule:
        _require_lines(rule, file, ideas)
    for key in ("unless", "task"):
        if key in rule and not isinstance(rule[key], Items):
            raise refuse(file, rule.lines[key], f"{key} should be a list, found {plain(rule[key])!r}")
    _require_ideas(rule.get("unless") or Items(), file, ideas)
    for key, needed in _COMPARED.items():
        if key in rule:
            _require_compared(rule, key, needed, file)


def _require_lines(rule: Located, file: str, ideas: Mapping[str, Any]) -> None:
    when = rule["when"]
    if not isinstance(when, Items) or not when or not all(isinstance(line, Items) and line for line in when):
        raise refuse(
            file,
            rule.lines["when"],
            "when should be a list of lists of ideas: every list must hold, by any of its ideas",
        )
    for line in when:
        _require_ideas(line, file, ideas)


def _require_ideas(names: Items, file: str, ideas: Mapping[str, Any]) -> None:
    for name, line in zip(names, names.lines, strict=True):
        if not isinstance(name, str) or name not in ideas:
            raise refuse(file, line, f"there is no idea {plain(name)!r}; {meant(str(name), ideas)}")


def _require_compared(rule: Located, key: str, needed: Sequence[str], file: str) -> None:
    found = require_mapping(rule[key], file, rule.lines[key], key)
    bounds = _BOUNDS.get(key, ())
    require_known(found, (*needed, *bounds), file, key)
    missing = [k for k in needed if k not in found]
    if bounds and not set(bounds) & set(found):
        missing.append(" or ".join(bounds))
    if missing:
        raise refuse(file, rule.lines[key], f"{key} needs {' and '.join(missing)}")
    for name in ("below", "above", "at_least", "by"):
        if name in found:
            try:
                float(found[name])
            except (TypeError, ValueError) as e:
                raise refuse(file, found.lines[name], f"{name} should be a number, found {found[name]!r}") from e
