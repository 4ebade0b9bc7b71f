"""What carriers that speak SOAP have in common as stand-ins: they read every envelope by a schema.

A schema is written by hand from what is known of the vendor's: a type has its elements in their
order, each ``name type`` with a mark (``?`` may lack, ``*`` any number, ``+`` at least one). A type
that is none of the schema's is a regular expression over the element's text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from oms_connector import Response
from oms_connector.soap import ENVELOPE, Found, Malformed, read
from oms_connector.testing import Request, StandIn

TEXT, ANY = r"[\s\S]+", r"[\s\S]*"
WHOLE, AMOUNT, DAY, HOUR = r"\d+", r"\d+(\.\d+)?", r"\d{4}-\d\d-\d\d", r"\d\d:\d\d"

Schema = Mapping[str, Sequence[str]]


class SoapStandIn(StandIn):
    """A service that refuses what its schema does not know. ``do_<operation>`` answers."""

    namespace: ClassVar[str]
    action: ClassVar[str]
    is_qualified: ClassVar[bool] = False
    schema: ClassVar[Schema]

    def exchange(self, request: Request) -> Response:
        try:
            operation, content = self.opened(request)
        except (Malformed, StopIteration):
            return fault("Client", "Bad Request")
        wrong = self.wrong(request, operation, content)
        if wrong:
            return fault("Client", "; ".join(wrong))
        return self.answer_to(operation, content)

    def answer_to(self, operation: str, content: Found) -> Response:
        """The answer to a request that keeps to the schema."""
        return getattr(self, f"do_{operation}")(content)

    def opened(self, request: Request) -> tuple[str, Found]:
        """The operation of a request, and its content."""
        content = next(iter(read(request.body).children))
        return content.name, content

    def wrong(self, request: Request, operation: str, content: Found) -> list[str]:
        """What is wrong with an envelope, whatever it says."""
        found = []
        if request.method != "POST":
            found.append(f"{request.method} is no way to call")
        if not request.headers.get("content-type", "").startswith("text/xml"):
            found.append("it is no SOAP 1.1")
        if request.headers.get("soapaction") != f'"{self.action}{operation}"':
            found.append(f"SOAPAction is {request.headers.get('soapaction')}")
        body = ElementTree.fromstring(request.body).find(f"{{{ENVELOPE}}}Body")
        assert body is not None
        if not body[0].tag.startswith(f"{{{self.namespace}}}"):
            found.append(f"{body[0].tag} is in another namespace")
        want = f"{{{self.namespace}}}" if self.is_qualified else ""
        found += [f"{one.tag} is in another namespace" for one in body[0].iter()
                  if one is not body[0] and one.tag[:one.tag.find("}") + 1] != want]
        if operation not in self.schema:
            return [*found, f"{operation} is no operation"]
        return [*found, *deviations(content, operation, self.schema)]

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        try:
            return self.wrong(request, *self.opened(request))
        except (Malformed, StopIteration):
            return ["it is no envelope"]


def deviations(found: Found, kind: str, schema: Schema, path: str = "") -> Iterator[str]:
    """How an element differs from its type."""
    if kind not in schema:
        if found.children:
            yield f"{path} holds elements"
        if not re.fullmatch(kind, found.value):
            yield f"{path} is {found.value!r}, not {kind}"
        return
    rows = [_row(row) for row in schema[kind]]
    yield from _marks(found, [row for row in rows if row[0].startswith("@")], path)
    rows = [row for row in rows if not row[0].startswith("@")]
    yield from _misplaced(found, [name for name, _, _ in rows], path)
    for name, type_, mark in rows:
        there = found.all(name)
        if not there and mark not in ("?", "*"):
            yield f"{path}/{name} is missing"
        if len(there) > 1 and mark not in ("*", "+"):
            yield f"{path}/{name} comes {len(there)} times"
        for one in there:
            yield from deviations(one, type_, schema, f"{path}/{name}")


def _marks(found: Found, rows: Sequence[tuple[str, str, str]], path: str) -> Iterator[str]:
    known = {name[1:]: type_ for name, type_, _ in rows}
    yield from (f"{path} lacks {name}" for name, _, mark in rows
                if mark != "?" and name[1:] not in found.attributes)
    for name, value in found.attributes.items():
        if name not in known:
            yield f"{path} has no attribute {name}"
        elif not re.fullmatch(known[name], value):
            yield f"{path}@{name} is {value!r}, not {known[name]}"


def _misplaced(found: Found, order: Sequence[str], path: str) -> Iterator[str]:
    at = 0
    for one in found.children:
        if one.name not in order:
            yield f"{path} has no element {one.name}"
            continue
        if order.index(one.name) < at:
            yield f"{path}/{one.name} stands too late"
        at = max(at, order.index(one.name))


def _row(row: str) -> tuple[str, str, str]:
    name, _, type_ = row.partition(" ")
    mark = name[-1] if name[-1] in "?*+" else ""
    return name.rstrip("?*+"), type_ or TEXT, mark


def elements(content: Mapping[str, Any]) -> str:
    """XML of a mapping: None is an element that is nil, a list repeats, ``"@name"`` is a mark."""
    parts = []
    for name, value in content.items():
        if name.startswith("@"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                marks = "".join(f' {key[1:]}="{escape(str(said))}"'
                                for key, said in one.items() if key.startswith("@"))
                parts.append(f"<{name}{marks}>{elements(one)}</{name}>")
            elif one is None:
                parts.append(f'<{name} xsi:nil="true"/>')
            else:
                parts.append(f"<{name}>{escape(str(one))}</{name}>")
    return "".join(parts)


def answer(namespace: str, operation: str, content: Mapping[str, Any]) -> Response:
    """An answer as PHP's servers give it."""
    return _soap(200, f'<ns1:{operation}Response xmlns:ns1="{namespace}">{elements(content)}'
                 f"</ns1:{operation}Response>")


def fault(code: str, text: str) -> Response:
    """A fault, with the status that SOAP 1.1 wants of it."""
    return _soap(500, "<SOAP-ENV:Fault>" + elements({"faultcode": code, "faultstring": text})
                 + "</SOAP-ENV:Fault>")


def _soap(status: int, inner: str) -> Response:
    body = ('<?xml version="1.0" encoding="UTF-8"?>'
            f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{ENVELOPE}" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<SOAP-ENV:Body>{inner}</SOAP-ENV:Body></SOAP-ENV:Envelope>")
    return Response(status, {"content-type": "text/xml; charset=utf-8"}, body.encode())


def pdf(*lines: str) -> str:
    """A label's file, base64: one line for each parcel."""
    return b64encode(b"%PDF-1.4\n" + "\n".join(lines).encode() + b"\n%%EOF\n").decode()


def zpl(*lines: str) -> str:
    """The same for a label printer."""
    return b64encode("".join(f"^XA^FD{line}^FS^XZ" for line in lines).encode()).decode()
