"""Records of XML: a repeated element, wherever it lies. No entities, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from oms_files import words
from oms_files.limits import LIMITS, Limits
from oms_files.tables import Columns, Table
from oms_files.trees import rows_of
from oms_files.unpack import Package

_LOOK_EVENTS = 200_000


def open_xml(
    package: Package, member: str, form: dict[str, Any], limits: Limits = LIMITS
) -> Table:
    """The table in an XML file. ``form``: ``records`` (``orders.order``), ``lines`` (``items``).

    Attributes are columns with ``@`` (``order.@id``); name spaces are left out.
    """
    path = form.get("records", "")
    if not path:
        raise words.refusal(words.P_REQUIRED, "format.records")
    columns = Columns(limits.columns,
                      words.refusal(words.TOO_MANY_COLUMNS, limit=limits.columns))
    found = records(package, member, path, limits)
    return Table(columns.names, rows_of(found, form.get("lines", ""), columns, limits),
                 {"type": "xml"})


def records(
    package: Package, member: str, where: str, limits: Limits = LIMITS
) -> Iterator[tuple[int, Any]]:
    """The elements at a path as plain data, each with its number; memory holds one at a time."""
    path = tuple(where.split("."))
    number = 0
    opened = 0
    stack: list[Element] = []
    names: list[str] = []
    for event, element, source in _events(package, member, limits):
        if event == "start":
            stack.append(element)
            names.append(plain(element.tag))
            if not opened and tuple(names[-len(path):]) == path:
                opened = len(stack)
            continue
        if opened == len(stack):
            opened = 0
            number += 1
            source.reset(number)
            yield number, as_tree(element)
        stack.pop()
        names.pop()
        if not opened and stack:
            # What has been read, and what was never wanted, leaves memory.
            stack[-1].remove(element)
    if not number:
        raise words.refusal(words.NO_RECORDS, "format.records", path=where)


def _events(
    package: Package, member: str, limits: Limits
) -> Iterator[tuple[str, Element, Any]]:
    source = package.open(member)
    source.budget = limits.chunk_bytes
    depth = 0
    try:
        for event, element in iterparse(source, events=("start", "end"), forbid_dtd=False,
                                        forbid_entities=True, forbid_external=True):
            depth += 1 if event == "start" else -1
            if depth > limits.depth:
                raise words.refusal(words.TOO_DEEP, limit=limits.depth)
            yield event, element, source
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise words.refusal(words.NOT_THIS_FORMAT, format="XML", why=error) from error
    finally:
        source.close()


def plain(tag: Any) -> str:
    """A tag without its name space."""
    return str(tag).rpartition("}")[2]


def as_tree(element: Element) -> Any:
    """An element as nested plain data: a dict, or its text when it has nothing else."""
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    tree: dict[str, Any] = {f"@{plain(name)}": value for name, value in element.attrib.items()}
    if text:
        tree["text"] = text
    for child in element:
        name = plain(child.tag)
        value = as_tree(child)
        if name not in tree:
            tree[name] = value
        elif isinstance(tree[name], list):
            tree[name].append(value)
        else:
            tree[name] = [tree[name], value]
    return tree


def find_records(package: Package, member: str, limits: Limits = LIMITS) -> str:
    """A guess for a profile: the path of the outermost element that repeats among its siblings."""
    names: list[str] = []
    counts: dict[tuple[str, ...], int] = {}
    best: tuple[str, ...] = ()
    for seen, (event, element, source) in enumerate(_events(package, member, limits)):
        source.reset(0)
        if event == "start":
            names.append(plain(element.tag))
            path = tuple(names)
            counts[path] = counts.get(path, 0) + 1
            if counts[path] > 1 and len(path) > 1 and (not best or len(path) < len(best)):
                best = path
        else:
            names.pop()
            element.clear()
        if seen > _LOOK_EVENTS:
            break
    if best:
        return ".".join(best)
    return ".".join(next((path for path in counts if len(path) == 2), next(iter(counts), ())))
