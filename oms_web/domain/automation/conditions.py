"""The conditions of a rule: a tree of all, any and not over tests, checked, compiled, explained.

Written as JSON: ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": {...}}`` or a test
``{"field": "country", "test": "in", "value": ["DE"]}``. No conditions at all are
``{"all": []}``, which every order meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.domain.automation import fields
from oms_web.domain.automation.fields import FIELDS, LISTS, NO_VALUE, TESTS, Facts

EVERYTHING: dict[str, Any] = {"all": []}
GROUPS = ("all", "any", "not")
DEEPEST = 6
MOST_TESTS = 60
MATCHED = -1
Verdict = Callable[[Facts], int]
"""From facts to ``MATCHED`` or the place of a test that stands in the way."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test of a tree. Its place is its number from the left, from 0."""

    field: str
    test: str
    value: Any


def clean(tree: Any) -> dict[str, Any]:
    """A tree as it is kept.

    Raises:
        InvalidForm: what is wrong, by path: ``when.all.0.any.1.value``.
    """
    problems: dict[str, OmsError] = {}
    count = [0]
    kept = _clean(tree, "when", 0, problems, count)
    if count[0] > MOST_TESTS:
        problems["when"] = Invalid("At most %(n)s conditions.", "when", n=MOST_TESTS)
    if problems:
        raise InvalidForm(problems)
    return kept


def _clean(node: Any, path: str, depth: int, problems: dict[str, OmsError], count: list[int]
           ) -> dict[str, Any]:
    if depth > DEEPEST:
        problems[path] = Invalid("This is nested too deep.", path)
        return {}
    if not isinstance(node, Mapping):
        problems[path] = Invalid("This is no condition.", path)
        return {}
    group = next((name for name in GROUPS if name in node), None)
    if group is None:
        count[0] += 1
        return _clean_leaf(node, path, problems)
    inner = node[group]
    if group == "not":
        return {"not": _clean(inner, f"{path}.not", depth + 1, problems, count)}
    if not isinstance(inner, list):
        problems[path] = Invalid("This is no condition.", path)
        return {}
    return {group: [_clean(each, f"{path}.{group}.{place}", depth + 1, problems, count)
                    for place, each in enumerate(inner)]}


def _clean_leaf(node: Mapping[str, Any], path: str, problems: dict[str, OmsError]
                ) -> dict[str, Any]:
    field = FIELDS.get(str(node.get("field")))
    if field is None:
        problems[f"{path}.field"] = Invalid("Choose what to look at.", f"{path}.field")
        return {}
    test = str(node.get("test"))
    if test not in TESTS[field.kind]:
        problems[f"{path}.test"] = Invalid("Choose how to compare.", f"{path}.test")
        return {}
    told: dict[str, Any] = {"field": field.name, "test": test}
    if test in NO_VALUE:
        return told
    value = _clean_value(field.kind, test, node.get("value"))
    if value is None:
        problems[f"{path}.value"] = Invalid("Fill this in.", f"{path}.value")
    return told | {"value": value}


def _clean_value(kind: str, test: str, value: Any) -> Any:
    if test in LISTS:
        return fields.wanted_words(value if isinstance(value, list) else [value or ""]) or None
    if kind in ("number", "money", "hours"):
        found = fields.number(value)
        return None if found is None else str(found)
    text = " ".join(str(value or "").split())
    return text or None


def leaves(tree: Mapping[str, Any]) -> Iterator[Leaf]:
    """The tests of a clean tree, from the left."""
    if "field" in tree:
        yield Leaf(tree["field"], tree["test"], tree.get("value"))
    elif "not" in tree:
        yield from leaves(tree["not"])
    else:
        for each in tree.get("all", tree.get("any", [])):
            yield from leaves(each)


def compiled(tree: Mapping[str, Any]) -> Verdict:
    """A clean tree as one function. Of several tests that stand in the way it names the first."""
    return _compiled(tree, [0])


def _compiled(tree: Mapping[str, Any], place: list[int]) -> Verdict:
    if "field" in tree:
        return _leaf(tree, place)
    if "not" in tree:
        first, inner = place[0], _compiled(tree["not"], place)
        return lambda facts: first if inner(facts) == MATCHED else MATCHED
    first = place[0]
    parts = [_compiled(each, place) for each in tree.get("all", tree.get("any", []))]
    if "all" in tree:
        return _all(parts)
    return lambda facts: MATCHED if not parts or any(
        part(facts) == MATCHED for part in parts) else first


def _all(parts: list[Verdict]) -> Verdict:
    def verdict(facts: Facts) -> int:
        for part in parts:
            found = part(facts)
            if found != MATCHED:
                return found
        return MATCHED

    return verdict


def _leaf(tree: Mapping[str, Any], place: list[int]) -> Verdict:
    at = place[0]
    place[0] += 1
    passes = fields.test_of(FIELDS[tree["field"]], tree["test"], tree.get("value"))
    return lambda facts: MATCHED if passes(facts) else at
