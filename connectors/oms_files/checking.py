"""What is wrong with a profile, said at the field to mend. A profile that passes can be used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oms_connector import FileKind, FileProblem

from oms_files import words
from oms_files.convert import Wrong, number
from oms_files.csv_rows import is_known_encoding
from oms_files.encodings import KNOWN
from oms_files.fields import GROUPS, Target
from oms_files.opening import TYPES
from oms_files.reading import check_constant, is_sum
from oms_files.sources import GROUPS as TEST_GROUPS
from oms_files.sources import SOURCE_KEYS, TESTS

ACTS = {
    "orders": ("sale", "return", "write_off", "skip_line", "skip", "quarantine"),
    "products": ("skip", "quarantine"),
    "stock": ("skip", "quarantine"),
}
NEED_REASON = ("skip_line", "skip", "quarantine")
TOP = ("about", "format", "lookups", "numbers", "dates", "timezone", "key", "rules", "fields",
       "lines")
FORMAT = ("type", "encoding", "delimiter", "quote", "header_row", "sheet", "records", "lines",
          "file")
LOOKUP = ("name", "key", "column", "missing", "unused", *FORMAT)
NUMBERS = (".", ",", "auto")
_DEEPEST = 12

Problems = Iterator[FileProblem]


def check(profile: Mapping[str, Any], kind: FileKind) -> list[FileProblem]:
    """Everything wrong with a profile, in the order of its fields."""
    if not isinstance(profile, Mapping):
        return [_problem(words.P_SHAPE, "", kind="{...}")]
    return list(_check(profile, kind))


def _problem(template: str, field: str, **places: Any) -> FileProblem:
    return FileProblem(words.say(template, **places), field)


def _check(profile: Mapping[str, Any], kind: FileKind) -> Problems:
    yield from _unknown(profile, TOP, "")
    yield from _check_format(profile.get("format", {}), FORMAT, "format")
    yield from _check_lookups(profile.get("lookups", []))
    if profile.get("numbers", ".") not in NUMBERS:
        yield _problem(words.P_CHOICE, "numbers", known=" ".join(NUMBERS))
    yield from _check_dates(profile)
    if kind == "orders":
        if not profile.get("key"):
            yield _problem(words.P_REQUIRED, "key")
        else:
            yield from _check_source(profile["key"], "key")
    yield from _check_rules(profile.get("rules", []), kind)
    for section in GROUPS[kind]:
        yield from _check_fields(profile.get(section, {}), kind, section)
    if kind == "orders":
        yield from _check_lines(profile.get("lines", {}))


def _unknown(values: Any, known: Collection[str], path: str) -> Problems:
    if not isinstance(values, Mapping):
        yield _problem(words.P_SHAPE, path, kind="{...}")
        return
    for name in values:
        if name not in known:
            yield _problem(words.P_UNKNOWN, f"{path}.{name}".lstrip("."), name=name,
                           known=", ".join(known))


def _check_format(form: Any, known: Collection[str], path: str) -> Problems:
    yield from _unknown(form, known, path)
    if not isinstance(form, Mapping):
        return
    if form.get("type", "auto") not in TYPES:
        yield _problem(words.P_CHOICE, f"{path}.type", known=", ".join(TYPES))
    if not is_known_encoding(str(form.get("encoding", "auto"))):
        yield _problem(words.P_CHOICE, f"{path}.encoding", known=", ".join(KNOWN))
    delimiter = form.get("delimiter", "auto")
    if delimiter != "auto" and (not isinstance(delimiter, str) or len(delimiter) != 1):
        yield _problem(words.P_SHAPE, f"{path}.delimiter", kind="auto , ; tab |")
    quote = form.get("quote", '"')
    if not isinstance(quote, str) or len(quote) > 1:
        yield _problem(words.P_SHAPE, f"{path}.quote", kind='"')
    header = form.get("header_row", 1)
    if not isinstance(header, int) or isinstance(header, bool) or not 0 <= header <= 1000:
        yield _problem(words.P_SHAPE, f"{path}.header_row", kind="0-1000")
    for name in ("sheet", "records", "lines", "file"):
        if not isinstance(form.get(name, ""), str):
            yield _problem(words.P_SHAPE, f"{path}.{name}", kind="text")
    if form.get("type") == "xml" and not form.get("records"):
        yield _problem(words.P_REQUIRED, f"{path}.records")


def _check_lookups(lookups: Any) -> Problems:
    if not isinstance(lookups, list):
        yield _problem(words.P_SHAPE, "lookups", kind="[...]")
        return
    for place, lookup in enumerate(lookups):
        path = f"lookups.{place}"
        yield from _check_format(lookup, LOOKUP, path)
        if not isinstance(lookup, Mapping):
            continue
        for name in ("name", "key", "column"):
            if not lookup.get(name) or not isinstance(lookup[name], str):
                yield _problem(words.P_REQUIRED, f"{path}.{name}")
        if not lookup.get("file") and not lookup.get("sheet"):
            yield _problem(words.P_ONE_OF, f"{path}.file", names="file, sheet")
        if lookup.get("missing", "quarantine") not in ("quarantine", "empty"):
            yield _problem(words.P_CHOICE, f"{path}.missing", known="quarantine, empty")
        if lookup.get("unused", "ignore") not in ("ignore", "quarantine"):
            yield _problem(words.P_CHOICE, f"{path}.unused", known="ignore, quarantine")


def _check_dates(profile: Mapping[str, Any]) -> Problems:
    yield from _check_forms(profile.get("dates", []), "dates")
    zone = profile.get("timezone", "Europe/Warsaw")
    try:
        ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield _problem(words.P_ZONE, "timezone", name=str(zone))


def _check_forms(forms: Any, path: str) -> Problems:
    if not isinstance(forms, list):
        yield _problem(words.P_SHAPE, path, kind="[...]")
        return
    for place, form in enumerate(forms):
        if not isinstance(form, str) or "%" not in form:
            yield _problem(words.P_DATE, f"{path}.{place}", form=str(form))


def _check_rules(rules: Any, kind: FileKind) -> Problems:
    if not isinstance(rules, list):
        yield _problem(words.P_SHAPE, "rules", kind="[...]")
        return
    for place, rule in enumerate(rules):
        path = f"rules.{place}"
        yield from _unknown(rule, ("when", "do", "reason"), path)
        if not isinstance(rule, Mapping):
            continue
        if rule.get("do") not in ACTS[kind]:
            yield _problem(words.P_CHOICE, f"{path}.do", known=", ".join(ACTS[kind]))
        elif rule["do"] in NEED_REASON and not str(rule.get("reason", "")).strip():
            yield _problem(words.P_REASON, f"{path}.reason")
        yield from _check_condition(rule.get("when"), f"{path}.when")


def _check_condition(condition: Any, path: str, depth: int = 0) -> Problems:
    if depth > _DEEPEST:
        yield _problem(words.P_DEEP, path)
        return
    if not isinstance(condition, Mapping):
        yield _problem(words.P_CONDITION, path)
        return
    groups = [name for name in TEST_GROUPS if name in condition]
    if groups:
        inner = condition[groups[0]]
        if len(condition) > 1 or (groups[0] != "not" and not isinstance(inner, list)):
            yield _problem(words.P_CONDITION, path)
            return
        for each in [inner] if groups[0] == "not" else inner:
            yield from _check_condition(each, path, depth + 1)
        return
    tests = [name for name in TESTS if name in condition]
    yield from _unknown(condition, ("column", "named", *TESTS), path)
    if not _is_place(condition) or len(tests) != 1:
        yield _problem(words.P_CONDITION, path)
        return
    yield from _check_test(tests[0], condition[tests[0]], path)


def _is_place(condition: Mapping[str, Any]) -> bool:
    """Whether it says which cell it looks at: a column, or the first of several headers."""
    column, names = condition.get("column"), condition.get("named")
    if "named" not in condition:
        return isinstance(column, str) and bool(column)
    return "column" not in condition and isinstance(names, list) and bool(names) and all(
        isinstance(name, str) for name in names)


def _check_test(name: str, value: Any, path: str) -> Problems:
    if name == "in" and not isinstance(value, list):
        yield _problem(words.P_SHAPE, f"{path}.in", kind="[...]")
    if name in ("lt", "le", "gt", "ge"):
        try:
            number(str(value), ".", name)
        except Wrong as error:
            yield FileProblem(str(error), f"{path}.{name}")
    if name == "empty" and not isinstance(value, bool):
        yield _problem(words.P_SHAPE, f"{path}.empty", kind="true/false")


def _check_source(source: Any, path: str, depth: int = 0) -> Problems:
    if isinstance(source, str) and source:
        return
    if depth > _DEEPEST:
        yield _problem(words.P_DEEP, path)
        return
    if not isinstance(source, Mapping) or sum(key in source for key in SOURCE_KEYS) != 1:
        yield _problem(words.P_SOURCE, path)
        return
    known = (*SOURCE_KEYS, "with", "else", "strip", "map", "otherwise", "formats", "decimal",
             "unit")
    yield from _unknown(source, known, path)
    if "constant" in source and not isinstance(source["constant"], str | int | float | bool):
        yield _problem(words.P_SHAPE, f"{path}.constant", kind="text")
    yield from _check_insides(source, path, depth)
    if "map" in source and not isinstance(source["map"], Mapping):
        yield _problem(words.P_SHAPE, f"{path}.map", kind="{...}")
    if "formats" in source:
        yield from _check_forms(source["formats"], f"{path}.formats")
    if source.get("decimal", ".") not in NUMBERS:
        yield _problem(words.P_CHOICE, f"{path}.decimal", known=" ".join(NUMBERS))
    if source.get("unit", "g") not in ("g", "kg", "mm", "cm", "m"):
        yield _problem(words.P_CHOICE, f"{path}.unit", known="g, kg, mm, cm, m")


def _check_insides(source: Mapping[str, Any], path: str, depth: int) -> Problems:
    if "column" in source and (not isinstance(source["column"], str) or not source["column"]):
        yield _problem(words.P_SHAPE, f"{path}.column", kind="text")
    if "named" in source and not (
        isinstance(source["named"], list) and all(isinstance(n, str) for n in source["named"])
    ):
        yield _problem(words.P_SHAPE, f"{path}.named", kind="[...]")
    for name in ("first", "join", "cases"):
        inner = source.get(name, [])
        if not isinstance(inner, list) or (name in source and not inner):
            yield _problem(words.P_SHAPE, f"{path}.{name}", kind="[...]")
            continue
        for place, each in enumerate(inner):
            if name != "cases":
                yield from _check_source(each, f"{path}.{name}.{place}", depth + 1)
                continue
            case = each if isinstance(each, Mapping) else {}
            yield from _check_condition(case.get("when"), f"{path}.cases.{place}.when", depth + 1)
            yield from _check_source(case.get("use"), f"{path}.cases.{place}.use", depth + 1)
    if "else" in source:
        yield from _check_source(source["else"], f"{path}.else", depth + 1)


def _check_fields(section: Any, kind: FileKind, name: str) -> Problems:
    targets = {target.name: target for target in GROUPS[kind][name]}
    yield from _unknown(section, list(targets), name)
    if not isinstance(section, Mapping):
        return
    for target in targets.values():
        if target.required and not section.get(target.name):
            yield _problem(words.P_REQUIRED, f"{name}.{target.name}")
    for field, source in section.items():
        if is_sum(source):
            yield from _check_sum(source, targets.get(field), f"{name}.{field}",
                                  whole=kind == "orders" and name == "fields")
            continue
        yield from _check_source(source, f"{name}.{field}")
        if field in targets and isinstance(source, Mapping):
            yield from _check_values(source, targets[field], f"{name}.{field}")


def _check_sum(
    source: Mapping[str, Any], target: Target | None, path: str, *, whole: bool
) -> Problems:
    """A sum is over all rows of an order, so only an order's amounts can be one."""
    if not whole or (target and target.type != "amount"):
        yield _problem(words.P_SUM, path)
        return
    yield from _unknown(source, ("sum",), path)
    if not isinstance(source["sum"], list) or not source["sum"]:
        yield _problem(words.P_SHAPE, f"{path}.sum", kind="[...]")
        return
    for place, each in enumerate(source["sum"]):
        yield from _check_source(each, f"{path}.sum.{place}")


def _check_values(source: Mapping[str, Any], target: Target, path: str) -> Problems:
    """What a profile itself puts into a field must suit it."""
    if "constant" in source and isinstance(source["constant"], str | int | float | bool):
        try:
            check_constant(target, source)
        except Wrong as error:
            yield FileProblem(str(error), path)
    if target.choices and isinstance(source.get("map"), Mapping):
        for value in source["map"].values():
            if value and value not in target.choices:
                yield _problem(words.P_CHOICE, path, known=", ".join(target.choices))
                return


def _check_lines(lines: Any) -> Problems:
    if not isinstance(lines, Mapping):
        return
    if not any(lines.get(name) for name in ("sku", "offer_ref", "ean")):
        yield _problem(words.P_ONE_OF, "lines.sku", names="sku, offer_ref, ean")
    if not lines.get("unit_price") and not lines.get("line_total"):
        yield _problem(words.P_ONE_OF, "lines.unit_price", names="unit_price, line_total")
