"""Elements of the FA(3) tree: names, texts and numbers as the schema wants them. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from lxml import etree

from oms_web.core.errors import Invalid
from oms_web.core.money import exponent, from_micro, from_minor

NAMESPACE = "http://crd.gov.pl/wzor/2025/06/25/13775/"
YES, NO = "1", "2"

Node: TypeAlias = etree._Element


def root() -> Node:
    """The element a document begins with."""
    return etree.Element(f"{{{NAMESPACE}}}Faktura", nsmap={None: NAMESPACE})


def add(parent: Node, name: str, text: str | None = None, **attributes: str) -> Node:
    """A child of an element, after those that are there."""
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    node.text = text
    return node


def add_text(parent: Node, name: str, text: str, most: int = 256) -> None:
    """A child with a text of one line, cut to what the schema takes; none if nothing is left."""
    cut = one_line(text, most)
    if cut:
        add(parent, name, cut)


def one_line(text: str, most: int = 256) -> str:
    """A text without line breaks, double spaces and what XML does not take."""
    kept = "".join(ch if ch.isprintable() or ch.isspace() else " " for ch in text)
    return " ".join(kept.split())[:most].rstrip()


def amount(minor: int, currency: str) -> str:
    """Minor units with two decimals (TKwotowy).

    Raises:
        Invalid: the currency has three decimals, which FA(3) cannot say.
    """
    if exponent(currency) > 2:
        raise Invalid("KSeF takes no amounts in %(currency)s.", "currency", currency=currency)
    return f"{from_minor(minor, currency):.2f}"


def price(micro: int) -> str:
    """A unit price with the decimals it has, at least two (TKwotowy2)."""
    exact = from_micro(micro)
    return f"{exact:.2f}" if exact == round(exact, 2) else format(exact.normalize(), "f")


def number(value: Decimal | int | str) -> str:
    """A quantity or a rate: no exponent, no trailing noughts, at most six decimals (TIlosci)."""
    exact = round(Decimal(value), 6)
    return format(exact.normalize(), "f") if exact else "0"
