"""Leaf, a small web shop: orders in, quantities out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from oms_connector import (
    AccessRefused,
    Address,
    Capabilities,
    ChannelDown,
    Connector,
    Field,
    ItemResult,
    Manifest,
    Offer,
    Order,
    OrderLine,
    OutcomeUnknown,
    Page,
    Unreadable,
    hookimpl,
)

STATES = {"unpaid": "unpaid", "new": "ready", "sent": "shipped", "cancelled": "cancelled"}


class Leaf(Connector):
    """Its API has three addresses: account, orders, goods."""

    manifest = Manifest(
        key="leaf", name="Leaf", letters="Le", version="1.0", hue=120,
        settings=(
            Field("url", "Address of the shop", "url"),
            Field("token", "API key", secret=True, help="In the shop: Settings, API."),
        ),
        capabilities=Capabilities(min_poll_s=60, page_max=20, stock_batch=10),
    )

    @classmethod
    def auth_headers(cls, secrets):
        return {"Authorization": f"Bearer {secrets['token']}"}

    def verify(self):
        try:
            return self._read("account", "name")["name"]
        except AccessRefused as refusal:
            raise AccessRefused("The shop does not accept this key.", "token") from refusal

    def pull_orders(self, cursor, limit):
        after = cursor["after"] if cursor else 0
        said = self._read("orders", "orders", after=after, limit=limit)
        return Page([read_order(raw) for raw in said["orders"]], {"after": said["last"]},
                    said["more"])

    def list_offers(self, cursor, limit):
        after = cursor["after"] if cursor else ""
        said = self._read("goods", "goods", after=after, limit=limit)
        offers = [Offer(raw["sku"], sku=raw["sku"], title=raw["name"], currency="PLN",
                        price=Decimal(raw["price"]), quantity=raw["stock"])
                  for raw in said["goods"]]
        return Page(offers, {"after": offers[-1].offer_ref if offers else after}, said["more"])

    def push_stock(self, items):
        wanted = {item.offer_ref: item.quantity for item in items}
        response = self.context.http.request("PUT", "goods", json={"stock": wanted})
        if response.status >= 500:
            raise OutcomeUnknown(f"the shop answered {response.status}")
        try:
            said = response.json()["stock"]
        except (ChannelDown, KeyError, TypeError) as error:
            raise OutcomeUnknown("the shop's answer cannot be read") from error
        return [result(said.get(item.offer_ref)) for item in items]

    def _read(self, path, needs, **params):
        response = self.context.http.request("GET", path, params=params)
        said = response.json() if response.status == 200 else None
        if not isinstance(said, dict) or needs not in said:
            raise ChannelDown(f"the shop answered {response.status}")
        return said


def result(said):
    """What became of one quantity."""
    if said is None:
        return ItemResult("unknown", "the shop says nothing of it")
    return ItemResult("applied") if said == "ok" else ItemResult("rejected", str(said))


def read_order(raw):
    """One order in the SDK's terms; what cannot be understood is kept, not dropped."""
    try:
        return Order(
            external_id=text(raw["id"]), revision=f"{raw['rev']:06d}",
            placed_at=datetime.fromisoformat(raw["placed"]), currency=text(raw["currency"]),
            state=STATES[raw["status"]], raw_status=raw["status"], paid=raw["status"] != "unpaid",
            total=Decimal(raw["total"]),
            lines=[OrderLine(text(line["id"]), text(line["name"]), whole(line["count"]),
                             Decimal(text(line["price"])), offer_ref=text(line["sku"]),
                             sku=text(line["sku"])) for line in raw["lines"]],
            ship_to=Address(name=text(raw["name"]), city=text(raw["city"]), country="PL"),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        return Unreadable(str(raw.get("id", "?")), repr(raw), f"{type(error).__name__}: {error}")


def text(value):
    """A text, or an error."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def whole(value):
    """A whole number, or an error."""
    if not isinstance(value, int):
        raise TypeError("no whole number")
    return value


@hookimpl
def oms_connectors():
    """The connectors of this package."""
    return [Leaf]
