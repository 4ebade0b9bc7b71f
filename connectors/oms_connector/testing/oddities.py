"""One odd thing at a time in the JSON of an order, wherever the channel shows it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from oms_connector import Response

NEW_WORD = "kit_new_word"
MOST = 400
_GONE = object()

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Oddity:
    """A field of an order's document and what is put in its place. ``was`` is what it held."""

    path: Path
    kind: str
    value: Any
    was: Any = None

    @property
    def name(self) -> str:
        """What is odd, for people."""
        return f"{'.'.join(map(str, self.path))} is {self.kind}"


def oddities(body: bytes, ref: str) -> list[Oddity]:
    """All that can be odd about an order in this answer; none if no whole order is in it."""
    documents = list(_documents(_loaded(body), ref))
    if not documents:
        return []
    found = [Oddity(("kit_extra",), "an extra field", {"a": [1, None]})]
    for path, was in _fields(documents[0]):
        if str(was) == ref:
            continue
        found += [Oddity(path, "null", None, was), Oddity(path, "missing", _GONE, was)]
        if isinstance(was, str):
            found += [Oddity(path, "a new word", NEW_WORD, was), Oddity(path, "a number", 7, was)]
        elif isinstance(was, list):
            found.append(Oddity(path, "an object for a list", {}, was))
        elif isinstance(was, dict):
            found.append(Oddity(path, "a list for an object", [], was))
        else:
            found.append(Oddity(path, "a text", "kit", was))
    return found[:MOST]


def spoiled(response: Response, ref: str, oddity: Oddity) -> Response:
    """An answer in which the order's document has the oddity."""
    root = copy.deepcopy(_loaded(response.body))
    documents = list(_documents(root, ref))
    if not documents:
        return response
    for document in documents:
        _put(document, oddity)
    return Response(response.status, response.headers, json.dumps(root).encode())


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _documents(node: Any, ref: str) -> Iterator[dict[str, Any]]:
    """Objects that name the order and have a list in them: whole orders, not events about them."""
    if isinstance(node, dict):
        names_it = any(str(value) == ref for value in node.values()
                       if isinstance(value, str | int))
        if names_it and _has_rows(node):
            yield node
            return
        for value in node.values():
            yield from _documents(value, ref)
    elif isinstance(node, list):
        for value in node:
            yield from _documents(value, ref)


def _has_rows(node: Any) -> bool:
    if isinstance(node, list):
        return any(isinstance(value, dict) for value in node)
    return isinstance(node, dict) and any(_has_rows(value) for value in node.values())


def _fields(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field below, of lists only the first row."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield (*path, name), value
            yield from _fields(value, (*path, name))
    elif isinstance(node, list) and node:
        yield from _fields(node[0], (*path, 0))


def _put(document: Any, oddity: Oddity) -> None:
    node = document
    for step in oddity.path[:-1]:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return
    last = oddity.path[-1]
    if oddity.value is _GONE:
        if isinstance(node, dict):
            node.pop(last, None)
    else:
        node[last] = oddity.value


def without_rows(body: bytes) -> bytes:
    """The same JSON with every list empty; nothing at all where there was no list."""
    root = _loaded(body)
    emptied = _emptied(root)
    return json.dumps(emptied).encode() if emptied != root else b"{}"


def _emptied(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _emptied(value) for name, value in node.items()}
    return [] if isinstance(node, list) else node
