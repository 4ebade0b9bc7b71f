"""SOAP 1.1: an envelope written, an answer read, a fault understood.

Enough for services that take one document and answer with one, and no more: no WSDL is read, and
nothing is fetched. Content is a mapping, written in its order (a schema's sequence is one): None is
left out, a list repeats its element, ``"@name"`` is an attribute. What comes back is a tree without
namespaces. It comes from outside: a document type, an entity, or elements nested deeper than any
service nests them are refused before anything is built of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from oms_connector.context import Http, Response
from oms_connector.errors import ChannelDown, ChannelError, OutcomeUnknown
from oms_connector.marking import N_

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
DEEPEST = 64
"""Elements within each other; the services we know stay below twenty."""
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML 1.0 has no place for, section 2.2."""

NO_SOAP = N_("the carrier's service answered something that is no SOAP")
NO_RESULT = N_("the carrier's service answered without a result")
STATUS = N_("the carrier's service answered with status %(status)s")
CLOSED = N_("the carrier's service is closed for the moment")

Content = Mapping[str, Any]
_NO_MARKS: Mapping[str, str] = {}


class Malformed(Exception):
    """Bytes that are no XML we read; the bytes are not quoted, they may name people."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a service says instead of answering."""

    code: str
    text: str
    detail: str = ""


@dataclass(slots=True)
class Found:
    """An element of an answer, by local names."""

    name: str
    value: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[Found] = ()

    def all(self, name: str) -> Sequence[Found]:
        """The children of this name."""
        return [one for one in self.children if one.name == name]

    def child(self, *path: str) -> Found:
        """The first child of each name, one within the other; an empty element where one lacks."""
        found: Found = self
        for name in path:
            found = next((one for one in found.children if one.name == name), Found(name, ""))
        return found

    def text(self, *path: str) -> str:
        """The text of a child, without the space around it; empty where it lacks."""
        return self.child(*path).value

    def within(self, name: str) -> Iterator[Found]:
        """All elements of this name at any depth, in the document's order."""
        for one in self.children:
            if one.name == name:
                yield one
            yield from one.within(name)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a carrier.

    ``path``: of its address. ``action`` stands before the operation's name in ``SOAPAction``.
    ``is_qualified``: whether elements within an operation are in its namespace too. ``refusal``
    makes an error of a fault; its second argument is what a failure is called that is no refusal
    (``ChannelDown`` of a reading, ``OutcomeUnknown`` of a writing).
    """

    path: str
    namespace: str
    action: str
    refusal: Callable[[Fault, type[ChannelError]], ChannelError]
    is_qualified: bool = False

    def ask(self, http: Http, operation: str, content: Content, *, is_write: bool = False,
            header: Content | None = None, signed: bool = True) -> Found:
        """The body's answer to an operation: the element ``<operation>Response``.

        Args:
            is_write: it changes something, so a lost answer is unknown.

        Raises:
            ChannelError: what ``refusal`` makes of a fault.
            ChannelDown: nothing was changed, and the service fails or is not understood.
            OutcomeUnknown: it was sent to change something, and nobody knows.
        """
        response = http.request(
            "POST", self.path, safe=not is_write, signed=signed,
            body=envelope(self.namespace, operation, content, is_qualified=self.is_qualified,
                          header=header),
            headers={"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml",
                     "SOAPAction": f'"{self.action}{operation}"'})
        failing = OutcomeUnknown if is_write else ChannelDown
        try:
            body = read(response.body)
        except Malformed:
            raise _unread(response, failing) from None
        fault = _fault(body)
        if fault is not None:
            raise self.refusal(fault, failing)
        if response.status != 200:
            raise _unread(response, failing)
        found = next((one for one in body.children if one.name == f"{operation}Response"), None)
        if found is None:
            raise failing(NO_RESULT)
        return found


def envelope(namespace: str, operation: str, content: Content, *, is_qualified: bool = False,
             header: Content | None = None) -> bytes:
    """A request: the operation in its namespace (prefix ``tns``), and its content."""
    prefix = "tns:" if is_qualified else ""
    head = f"<soap:Header>{_elements(header, '')}</soap:Header>" if header else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<soap:Envelope xmlns:soap={quoteattr(ENVELOPE)} xmlns:tns={quoteattr(namespace)} "
        f"xmlns:xsi={quoteattr(INSTANCE)}>{head}<soap:Body><tns:{operation}>"
        f"{_elements(content, prefix)}</tns:{operation}></soap:Body></soap:Envelope>"
    ).encode()


def read(content: bytes) -> Found:
    """The body of an envelope.

    Raises:
        Malformed: it is no envelope, or one that nobody honest sends.
    """
    builder = _Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(content)
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Malformed(type(error).__name__) from None
    if builder.envelope != f"{{{ENVELOPE}}}Envelope":
        raise Malformed("no envelope")
    body = next((one for one in root.children if one.name == "Body"), None)
    if body is None:
        raise Malformed("no body")
    return body


def _fault(body: Found) -> Fault | None:
    found = next((one for one in body.children if one.name == "Fault"), None)
    if found is None:
        return None
    detail = found.child("detail")
    said = " ".join(filter(None, (one.value for one in _leaves(detail))))
    # A prefix says only whose vocabulary it is: SOAP-ENV:Client.
    return Fault(found.text("faultcode").rpartition(":")[2], found.text("faultstring"), said)


def _leaves(found: Found) -> Iterator[Found]:
    if not found.children:
        yield found
    for one in found.children:
        yield from _leaves(one)


def _unread(response: Response, failing: type[ChannelError]) -> ChannelError:
    if response.status == 200:
        return failing(NO_SOAP)
    if response.status == 503:
        return ChannelDown(CLOSED)
    said = STATUS % {"status": response.status}
    return failing(said) if response.status >= 500 else ChannelDown(said)


class _Builder:
    """The parser's target: builds ``Found`` as it reads, and gives up where it gets too deep.

    Lists of ten thousand rows come this way, so what an element lacks is not made for it.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, Mapping[str, str], list[Found], list[str]]] = []
        self._root: Found | None = None
        self._names: dict[str, str] = {}
        self.envelope = ""

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise ValueError("too deep")
        if not self._open:
            self.envelope = tag
        name = self._names.setdefault(tag, _local(tag))
        marks = {_local(one): value for one, value in attrs.items()} if attrs else _NO_MARKS
        self._open.append((name, marks, [], []))

    def data(self, text: str) -> None:
        _, _, children, parts = self._open[-1]
        if not children:  # as everywhere: an element has text or elements
            parts.append(text)

    def end(self, tag: str) -> None:
        name, marks, children, parts = self._open.pop()
        found = Found(name, "".join(parts).strip(), marks, children or ())
        if self._open:
            self._open[-1][2].append(found)
        else:
            self._root = found

    def close(self) -> Found:
        if self._root is None:
            raise ValueError("no element")
        return self._root


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _elements(content: Content, prefix: str) -> str:
    return "".join(_element(name, value, prefix)
                   for name, value in content.items() if not name.startswith("@"))


def _element(name: str, value: Any, prefix: str) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "".join(_element(name, one, prefix) for one in value)
    tag = name if ":" in name else prefix + name
    if not isinstance(value, Mapping):
        return f"<{tag}>{escape(_text(value))}</{tag}>"
    marks = "".join(f" {one[1:]}={quoteattr(_text(said))}" for one, said in value.items()
                    if one.startswith("@") and said is not None)
    own = value.get("=")  # the text of an element that has attributes
    inner = escape(_text(own)) if own is not None else _elements(value, prefix)
    return f"<{tag}{marks}>{inner}</{tag}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    return _FORBIDDEN.sub(" ", str(value))
