"""A first profile guessed from a file: its form, its headers, the look of its values.

A guess is a start for a person, never silently right: the editor shows what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from oms_connector import FileKind

from oms_files import convert, json_rows, xml_rows
from oms_files.convert import Wrong
from oms_files.fields import GROUPS, KEY_SYNONYMS, Target
from oms_files.folding import fold, squeeze
from oms_files.opening import kind_of
from oms_files.staging import Stage, stage
from oms_files.trees import find_lines
from oms_files.unpack import Package

_ROWS = 200

# Tried in this order: day before month, as in Europe, unless a value shows otherwise.
DATE_FORMS = tuple(
    day + clock
    for clock in ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %H:%M:%S %z", " %I:%M %p")
    for day in ("%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y",
                "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%Y/%m/%d", "%Y%m%d")
)

_STATES = {
    "cancelled": ("cancel", "anul", "zwroc", "refund", "void", "rejected", "odrzuc"),
    "delivered": ("deliver", "dostarcz", "complete", "zrealizow", "zakoncz", "done", "odebran"),
    "shipped": ("ship", "sent", "wysl", "nadan", "dispatch", "fulfilled"),
    "unpaid": ("unpaid", "pending", "nieoplac", "oczek", "awaiting payment", "on hold"),
}


def suggest(file: Path, kind: FileKind, work_dir: Path) -> dict[str, Any]:
    """The guessed profile; fields that no column seems to fill are left out."""
    package = Package(file)
    form = _form(package)
    with closing(stage(file, {"format": form}, kind, work_dir, rows=_ROWS)) as staged:
        return _from_sample(staged, form, kind)


def _form(package: Package) -> dict[str, Any]:
    if package.names and len(package.names) > 1:
        form: dict[str, Any] = {"file": Path(package.names[0]).name}
    else:
        form = {}
    member = "" if package.workbook else package.choose(form.get("file", ""))
    kind = kind_of(package, member)
    form["type"] = kind
    if kind == "csv":
        form |= {"encoding": "auto", "delimiter": "auto"}
    elif kind == "xml":
        form["records"] = xml_rows.find_records(package, member)
        first = next(xml_rows.records(package, member, form["records"]), (0, None))[1]
        form["lines"] = find_lines(first)
    elif kind == "json":
        form["type"], form["records"] = json_rows.find_records(package, member)
        first = next(json_rows.records(package, member, form), (0, None))[1]
        form["lines"] = find_lines(first)
    return {name: value for name, value in form.items() if value}


def _from_sample(staged: Stage, form: dict[str, Any], kind: FileKind) -> dict[str, Any]:
    rows = [cells for _, _, group in staged.groups() for _, cells, _ in group]
    values = {
        name: [cells[place].strip() for cells in rows if cells[place].strip()]
        for place, name in enumerate(staged.columns)
    }
    lines = form.get("lines", "")
    profile: dict[str, Any] = {"format": form}
    taken: set[str] = set()
    if kind == "orders":
        key = _find(KEY_SYNONYMS, [c for c in values if not _in_lines(c, lines)], "", taken)
        if key:
            profile["key"] = key
    for section, targets in reversed(GROUPS[kind].items()):
        columns = [
            c for c in values
            if not lines or kind != "orders" or _in_lines(c, lines) == (section == "lines")
        ]
        profile[section] = _match(targets, columns, lines if section == "lines" else "", taken)
    _finish(profile, values, kind)
    return profile


def _in_lines(column: str, lines: str) -> bool:
    return bool(lines) and column.startswith(lines + ".")


def _match(
    targets: Sequence[Target], columns: Sequence[str], prefix: str, taken: set[str]
) -> dict[str, Any]:
    """Field -> column. A column fills one field; the better synonym wins over the earlier field."""
    offers = sorted(
        (rank, place, target.name, column)
        for place, target in enumerate(targets)
        for column in columns
        if (rank := _rank(target.synonyms, column, prefix)) is not None
    )
    found: dict[str, Any] = {}
    for _, _, name, column in offers:
        if name not in found and column not in taken:
            found[name] = column
            taken.add(column)
    return {target.name: found[target.name] for target in targets if target.name in found}


def _find(synonyms: Sequence[str], columns: Sequence[str], prefix: str, taken: set[str]) -> str:
    ranked = sorted(
        (rank, place, column) for place, column in enumerate(columns)
        if (rank := _rank(synonyms, column, prefix)) is not None
    )
    if not ranked:
        return ""
    taken.add(ranked[0][2])
    return ranked[0][2]


def _rank(synonyms: Sequence[str], column: str, prefix: str) -> int | None:
    """How well a header names a field: the place in its list of synonyms; None if it does not.

    Of a nested column (``address.city``) the whole and the last part are tried.
    """
    bare = column.removeprefix(prefix + ".") if prefix else column
    names = [squeeze(word) for word in synonyms]
    for penalty, text in enumerate((bare, bare.rpartition(".")[2].lstrip("@"))):
        squeezed = squeeze(text)
        if squeezed in names:
            return names.index(squeezed) + 100 * penalty
    return None


def _finish(profile: dict[str, Any], values: Mapping[str, list[str]], kind: FileKind) -> None:
    fields = profile["fields"]
    if kind == "orders":
        if "currency" not in fields:
            fields["currency"] = {"constant": "PLN"}
        if "raw_status" in fields:
            fields["state"] = _state(fields["raw_status"], values)
        profile["timezone"] = "Europe/Warsaw"
    dates = [
        values[source] for target in GROUPS[kind]["fields"] if target.type == "date"
        and isinstance(source := fields.get(target.name), str)
    ]
    if dates:
        profile["dates"] = date_forms(text for column in dates for text in column)
    amounts = [
        values[source]
        for section, targets in GROUPS[kind].items() for target in targets
        if target.type in ("amount", "count", "rate", "weight")
        and isinstance(source := profile[section].get(target.name), str)
    ]
    profile["numbers"] = decimal_sign(text for column in amounts for text in column)


def _state(column: str, values: Mapping[str, list[str]]) -> dict[str, Any]:
    """A table from the channel's words to our states, as far as the words are plain."""
    table = {}
    for word in dict.fromkeys(values[column][:_ROWS]):
        folded = fold(word)
        table[word] = next(
            (state for state, parts in _STATES.items() if any(p in folded for p in parts)),
            "ready",
        )
    return {"column": column, "map": table, "otherwise": "ready"}


def date_forms(texts: Iterable[str]) -> list[str]:
    """The fewest forms, in a fixed order, that read all texts; ISO needs none."""
    found = []
    left = [text for text in dict.fromkeys(texts) if not convert.is_iso(text)]
    forms = sorted(DATE_FORMS, key=lambda form: form.startswith("%m") != _month_first(left))
    # A form that reads all of the rest is better than an earlier one that reads some.
    while left:
        read = {form: sum(_reads(form, text) for text in left) for form in forms}
        best = max(forms, key=lambda form: read[form])
        if not read[best]:
            break
        found.append(best)
        left = [text for text in left if not _reads(best, text)]
    return found


def _month_first(texts: Sequence[str]) -> bool:
    """Whether some value can only be month-day-year: one file keeps to one order."""
    by_month, by_day = (
        sum(any(_reads(form, text) for form in DATE_FORMS if form.startswith(start))
            for text in texts)
        for start in ("%m", "%d")
    )
    return by_month > by_day


def _reads(form: str, text: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether it fits
    except ValueError:
        return False
    return True


def decimal_sign(texts: Iterable[str]) -> str:
    """The decimal sign that numbers in a file use: the one that reads all of them."""
    sample = [text for text in texts if any(ch in ",." for ch in text)]
    fits = [sign for sign in (".", ",") if all(_is_number(text, sign) for text in sample)]
    if len(fits) == 1:
        return fits[0]
    return "auto" if sample else "."


def _is_number(text: str, sign: str) -> bool:
    try:
        convert.number(text.removesuffix("%"), sign, "")
    except Wrong:
        return False
    return True
