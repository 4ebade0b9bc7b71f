"""Where a field's text comes from: a column, one of several names, a constant, a join, cases.

A profile is data. Here it is turned once into small functions over a row's cells; no text of a
profile is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from oms_files import words
from oms_files.convert import Wrong, number
from oms_files.folding import squeeze

Cells = Sequence[str]
Take = Callable[[Cells], str]
Test = Callable[[Cells], bool]

SOURCE_KEYS = ("column", "named", "constant", "first", "join", "cases")
TESTS = ("equals", "not_equals", "in", "starts_with", "ends_with", "contains", "matches", "lt",
         "le", "gt", "ge", "empty")
GROUPS = ("all", "any", "not")


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns a row has. ``open`` files (JSON, XML) may lack a column: then it is empty."""

    columns: Mapping[str, int]
    decimal: str = "."
    open: bool = False

    def place(self, column: str, field: str) -> int:
        """Where a column is; -1 if it is absent and that is allowed."""
        found = self.columns.get(column)
        if found is None:
            found = self.columns.get(" ".join(column.split()))
        if found is None:
            if self.open:
                return -1
            raise words.refusal(words.NO_COLUMN, field, column=column,
                                columns=", ".join(self.columns))
        return found

    def named(self, names: Sequence[str]) -> int:
        """The first of several headers that the file has, whatever their case, accents and
        spaces; -1 if it has none."""
        folded = {squeeze(name): place for name, place in reversed(list(self.columns.items()))}
        return next((folded[key] for name in names if (key := squeeze(name)) in folded), -1)


def require(source: Any, scope: Scope, field: str) -> None:
    """See to it that a file has a column for something that every record needs.

    Raises:
        Refused: none of the headers that the source names is there.
    """
    names = source.get("named") if isinstance(source, Mapping) else None
    if names and not scope.open and scope.named(names) < 0:
        raise words.refusal(words.NO_NAMED_COLUMN, field, names=", ".join(names),
                            columns=", ".join(scope.columns))


def taker(source: Any, scope: Scope, field: str) -> Take:
    """A function from a row's cells to the text a source gives, trimmed."""
    if isinstance(source, str):
        return _column(scope.place(source, field))
    take = _plain(source, scope, field)
    if source.get("strip"):
        take = _stripped(take, source["strip"])
    if "map" in source:
        take = _mapped(take, source["map"], source.get("otherwise"), field)
    return take


def _column(place: int) -> Take:
    if place < 0:
        return lambda cells: ""
    return lambda cells: cells[place].strip()


def _plain(source: Mapping[str, Any], scope: Scope, field: str) -> Take:
    if "constant" in source:
        text = _as_text(source["constant"])
        return lambda cells: text
    if "column" in source:
        return _column(scope.place(source["column"], field))
    if "named" in source:
        return _column(scope.named(source["named"]))
    if "first" in source:
        takes = [taker(each, scope, field) for each in source["first"]]
        return lambda cells: next((text for take in takes if (text := take(cells))), "")
    if "join" in source:
        takes = [taker(each, scope, field) for each in source["join"]]
        glue = source.get("with", " ")
        return lambda cells: glue.join(text for take in takes if (text := take(cells)))
    return _cases(source, scope, field)


def _cases(source: Mapping[str, Any], scope: Scope, field: str) -> Take:
    cases = [
        (tester(case["when"], scope, field), taker(case["use"], scope, field))
        for case in source["cases"]
    ]
    rest = taker(source["else"], scope, field) if "else" in source else _column(-1)

    def take(cells: Cells) -> str:
        for test, use in cases:
            if test(cells):
                return use(cells)
        return rest(cells)

    return take


def _stripped(take: Take, what: str) -> Take:
    return lambda cells: take(cells).strip(what + " ").strip()


def _mapped(take: Take, table: Mapping[str, Any], otherwise: Any, field: str) -> Take:
    known = {key.strip(): _as_text(value) for key, value in table.items()}
    name = field.removeprefix("fields.").removeprefix("lines.")

    def translated(cells: Cells) -> str:
        text = take(cells)
        if text in known:
            return known[text]
        if otherwise is not None:
            return text if otherwise == "keep" else _as_text(otherwise)
        if not text:
            return ""
        raise Wrong(words.NOT_IN_MAP, name, text=text)

    return translated


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def tester(condition: Mapping[str, Any], scope: Scope, field: str) -> Test:
    """A function that says whether a row meets a condition."""
    if "all" in condition:
        tests = [tester(each, scope, field) for each in condition["all"]]
        return lambda cells: all(test(cells) for test in tests)
    if "any" in condition:
        tests = [tester(each, scope, field) for each in condition["any"]]
        return lambda cells: any(test(cells) for test in tests)
    if "not" in condition:
        test = tester(condition["not"], scope, field)
        return lambda cells: not test(cells)
    take = taker(condition.get("column") or {"named": condition["named"]}, scope, field)
    name = next(name for name in TESTS if name in condition)
    return _test(name, condition[name], take, scope)


def _test(name: str, value: Any, take: Take, scope: Scope) -> Test:
    if name == "empty":
        return lambda cells: (not take(cells)) == bool(value)
    if name == "in":
        wanted = frozenset(_as_text(each) for each in value)
        return lambda cells: take(cells) in wanted
    text = _as_text(value)
    if name in ("lt", "le", "gt", "ge") or (
        name in ("equals", "not_equals") and not isinstance(value, str | bool)
    ):
        return _compared(name, text, take, scope)
    if name == "matches":
        pattern = re.compile(translate(text))
        return lambda cells: pattern.match(take(cells)) is not None
    return {
        "equals": lambda cells: take(cells) == text,
        "not_equals": lambda cells: take(cells) != text,
        "starts_with": lambda cells: take(cells).startswith(text),
        "ends_with": lambda cells: take(cells).endswith(text),
        "contains": lambda cells: text in take(cells),
    }[name]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "equals": lambda a, b: a == b, "not_equals": lambda a, b: a != b,
}


def _compared(name: str, text: str, take: Take, scope: Scope) -> Test:
    """Compare as numbers; a cell that is no number meets no comparison."""
    limit = number(text, ".", "")
    compare = _COMPARE[name]

    def test(cells: Cells) -> bool:
        try:
            return compare(number(take(cells), scope.decimal, ""), limit)
        except Wrong:
            return False

    return test
