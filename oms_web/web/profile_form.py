"""A profile as a form, and a form as a profile.

The form has a line per field: where its value comes from, chosen from the file's own columns. What
a line cannot say (joins, cases, translations of text) stands there as JSON, so that nothing of a
profile is lost by opening it in the editor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

NONE, CONSTANT, OTHER, COLUMN = "", "=", "{", "column:"
SPARE_RULES = 2
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")

TESTS = {
    "equals": _l("is"), "not_equals": _l("is not"), "starts_with": _l("begins with"),
    "ends_with": _l("ends with"), "contains": _l("contains"), "matches": _l("looks like (*, ?)"),
    "in": _l("is one of (commas)"), "lt": "<", "le": "≤", "gt": ">", "ge": "≥",
    "empty": _l("is empty"),
}
ACTS = {
    "sale": _l("is a sale"), "return": _l("is a return"), "write_off": _l("is a write-off"),
    "skip_line": _l("is no line: leave the row out"), "skip": _l("leave the order out"),
    "quarantine": _l("put into quarantine"),
}
DELIMITERS = {
    "auto": _l("find out"), ",": _l("comma ,"), ";": _l("semicolon ;"), "\t": _l("tab"), "|": "|",
}
NUMBERS = {".": "1,234.50", ",": "1 234,50", "auto": _l("either")}
TYPES = {
    "auto": _l("find out"), "csv": "CSV, TSV", "xlsx": "Excel (XLSX)", "json": "JSON",
    "jsonl": "JSON lines", "xml": "XML",
}


@dataclass(slots=True)
class Line:
    """One field in the editor."""

    name: str
    label: str
    type: str = "text"
    required: bool = False
    help: str = ""
    choices: Sequence[str] = ()
    source: str = NONE
    constant: str = ""
    other: str = ""
    table: str = ""
    error: str = ""


@dataclass(slots=True)
class RuleLine:
    """One rule in the editor; ``when`` holds a condition that one test cannot say."""

    column: str = ""
    test: str = "equals"
    value: str = ""
    when: str = ""
    do: str = ""
    reason: str = ""
    error: str = ""


@dataclass(slots=True)
class Editor:
    """Everything the template draws."""

    kind: str
    name: str = ""
    about: str = ""
    format: dict[str, Any] = field(default_factory=dict)
    numbers: str = "."
    dates: str = ""
    timezone: str = "Europe/Warsaw"
    lookups: str = ""
    key: Line | None = None
    sections: dict[str, list[Line]] = field(default_factory=dict)
    rules: list[RuleLine] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def blame(self, problems: Mapping[str, str]) -> None:
        """Put problems at the fields they are about (``lines.sku.map`` is about ``lines.sku``)."""
        lines = {f"{section}.{line.name}": line for section, group in self.sections.items()
                 for line in group}
        if self.key:
            lines["key"] = self.key
        for path, message in problems.items():
            parts = path.split(".")
            name = next((".".join(parts[:n]) for n in (3, 2, 1) if ".".join(parts[:n]) in lines),
                        "")
            if name:
                lines[name].error = lines[name].error or message
            elif parts[0] == "rules" and len(parts) > 1 and int(parts[1]) < len(self.rules):
                self.rules[int(parts[1])].error = message
            else:
                place = ".".join(parts[:2]) if parts[0] == "format" else parts[0]
                self.errors.setdefault(place, message)


def editor_of(schema: Mapping[str, Any], name: str, spec: Mapping[str, Any]) -> Editor:
    """The editor of a profile."""
    form = dict(spec.get("format", {}))
    made = Editor(
        schema["kind"], name, str(spec.get("about", "")), form, spec.get("numbers", "."),
        "\n".join(spec.get("dates", [])), spec.get("timezone", "Europe/Warsaw"),
        _json(spec["lookups"]) if spec.get("lookups") else "",
    )
    if schema["keyed"]:
        made.key = _line({"name": "key", "label": gettext("Order number"), "required": True},
                         spec.get("key"))
    for section, fields in schema["sections"].items():
        told = spec.get(section, {})
        made.sections[section] = [_line(each, told.get(each["name"])) for each in fields]
    made.rules = [_rule_line(rule) for rule in spec.get("rules", [])]
    made.rules += [RuleLine() for _ in range(SPARE_RULES)]
    return made


def _line(told: Mapping[str, Any], source: Any) -> Line:
    line = Line(told["name"], told["label"], told.get("type", "text"),
                bool(told.get("required")), told.get("help", ""), told.get("choices", ()))
    if isinstance(source, str):
        line.source = COLUMN + source
    elif isinstance(source, Mapping) and set(source) == {"constant"}:
        line.source, line.constant = CONSTANT, _text(source["constant"])
    elif isinstance(source, Mapping) and line.choices and _is_table(source):
        line.source = COLUMN + source["column"]
        line.table = "\n".join(f"{key} = {value}" for key, value in source["map"].items())
        if source.get("otherwise"):
            line.table += f"\n* = {source['otherwise']}"
    elif source:
        line.source, line.other = OTHER, _json(source)
    return line


def _is_table(source: Mapping[str, Any]) -> bool:
    return set(source) <= {"column", "map", "otherwise"} and {"column", "map"} <= set(source)


def _rule_line(rule: Mapping[str, Any]) -> RuleLine:
    line = RuleLine(do=rule.get("do", ""), reason=rule.get("reason", ""))
    when = rule.get("when")
    tests = [name for name in TESTS if name in when] if isinstance(when, Mapping) else []
    if when is None or len(tests) != 1 or len(when) != 2 \
            or not isinstance(when.get("column"), str):
        line.when = _json(when)
        return line
    value = when[tests[0]]
    line.column, line.test = when["column"], tests[0]
    line.value = ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)
    return line


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


# From the form ---------------------------------------------------------------------------------


def spec_of(
    form: MultiDict[str, str], schema: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The profile a form describes, and what could not be read of it, by field."""
    wrong: dict[str, str] = {}
    spec: dict[str, Any] = {"format": _format(form, wrong)}
    if form.get("about", "").strip():
        spec["about"] = form["about"].strip()
    lookups = _parsed(form.get("lookups", ""), "lookups", wrong)
    if lookups:
        spec["lookups"] = lookups
    spec["numbers"] = form.get("numbers", ".")
    dates = [line.strip() for line in form.get("dates", "").splitlines() if line.strip()]
    if dates:
        spec["dates"] = dates
    if form.get("timezone", "").strip():
        spec["timezone"] = form["timezone"].strip()
    if schema["keyed"]:
        source = _source(form, "key", wrong)
        if source is not None:
            spec["key"] = source
    rules = _rules(form, wrong)
    if rules:
        spec["rules"] = rules
    for section, fields in schema["sections"].items():
        told = {each["name"]: _flag(_source(form, f"{section}.{each['name']}", wrong), each)
                for each in fields}
        spec[section] = {name: source for name, source in told.items() if source is not None}
    return spec, wrong


def _format(form: MultiDict[str, str], wrong: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in ("type", "encoding", "delimiter", "quote", "sheet", "records", "lines", "file"):
        value = form.get(f"format.{name}", "")
        # A tab is a separator, not an empty line.
        value = value if name == "delimiter" else value.strip()
        # No quote sign at all is something to say; the rest is said by not being empty.
        if value or (name == "quote" and "format.quote" in form):
            told[name] = value
    header = form.get("format.header_row", "1").strip()
    if not (header.isascii() and header.isdigit() and len(header) < 10):
        wrong["format.header_row"] = gettext("This is not a number.")
    elif header != "1":
        told["header_row"] = int(header)
    return told


def _source(form: MultiDict[str, str], path: str, wrong: dict[str, str]) -> Any:
    chosen = form.get(f"source:{path}", NONE)
    if chosen.startswith(COLUMN):
        column = chosen.removeprefix(COLUMN)
        table = form.get(f"table:{path}", "").strip()
        return {"column": column, **_table(table)} if table else column
    if chosen == CONSTANT:
        return {"constant": form.get(f"constant:{path}", "").strip()}
    if chosen == OTHER:
        return _parsed(form.get(f"other:{path}", ""), path, wrong)
    return None


def _flag(source: Any, told: Mapping[str, Any]) -> Any:
    """A yes or no that is always the same is no text."""
    if told["type"] == "flag" and isinstance(source, dict) and \
            source.get("constant") in ("true", "false"):
        return {"constant": source["constant"] == "true"}
    return source


def _table(text: str) -> dict[str, Any]:
    """``Wysłane = shipped`` a line; ``* = ready`` is for everything else."""
    told: dict[str, Any] = {"map": {}}
    for line in text.splitlines():
        key, equals, value = line.rpartition("=")
        if not equals:
            continue
        if key.strip() == "*":
            told["otherwise"] = value.strip()
        else:
            told["map"][key.strip()] = value.strip()
    return told


def _parsed(text: str, path: str, wrong: dict[str, str]) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        wrong[path] = gettext("This is not JSON.")
        return None


def _rules(form: MultiDict[str, str], wrong: dict[str, str]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    number = 0
    while f"rule.{number}.do" in form:
        at = f"rule.{number}"
        when = form.get(f"{at}.when", "").strip()
        column, act = form.get(f"{at}.column", "").strip(), form.get(f"{at}.do", "")
        if act and (when or column):
            # A rule keeps its place among those that are filled in: errors are told by place.
            path = f"rules.{len(rules)}.when"
            rule = {
                "when": _parsed(when, path, wrong) if when else _condition(form, at, column),
                "do": act,
            }
            if form.get(f"{at}.reason", "").strip():
                rule["reason"] = form[f"{at}.reason"].strip()
            rules.append(rule)
        number += 1
    return rules


def _condition(form: MultiDict[str, str], at: str, column: str) -> dict[str, Any]:
    test, value = form.get(f"{at}.test", "equals"), form.get(f"{at}.value", "").strip()
    typed: Any = value
    if test == "in":
        typed = [part.strip() for part in value.split(",")]
    elif test == "empty":
        typed = value.lower() not in ("false", "no", "nie")
    elif test in ("equals", "not_equals") and _NUMBER.fullmatch(value):
        typed = float(value) if "." in value else int(value)
    return {"column": column, test: typed}
