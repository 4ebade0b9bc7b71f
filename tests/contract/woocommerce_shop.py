"""A WooCommerce shop in process: what buyers and sellers do there, without HTTP.

It behaves as the real one was seen to behave, its traps included: moments have whole seconds,
notes and what plugins keep do not move the stamp of the last change, an order is stamped as paid
when it starts to be worked on (on delivery too), a refund puts units back into stock unless told
otherwise, and what lies in the bin is in no list of any status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
VAT = Decimal("1.23")
VAT_ID = 4
WARSAW = timedelta(hours=1)
OWN = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
       "checkout-draft")
TITLES = {"payu": "PayU", "cod": "Za pobraniem", "bacs": "Przelew bankowy"}
EWA = {
    "first_name": "Ewa", "last_name": "Wzorcowa", "company": "", "address_1": "Lipowa 7",
    "address_2": "m. 3", "city": "Kraków", "state": "", "postcode": "30-001", "country": "PL",
    "email": "ewa@example.com", "phone": "+48500600700",
}


def stamp(when: datetime | None) -> str | None:
    """A moment as WooCommerce writes it, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if when else None


@dataclass
class Shop:
    """One shop. ``now`` is turned by hand."""

    now: datetime = MONDAY
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[int, dict[str, Any]] = field(default_factory=dict)
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    trackings: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    hooks: dict[int, dict[str, Any]] = field(default_factory=dict)
    hidden: dict[int, datetime] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=lambda: list(OWN))
    # Switches
    plain: bool = False
    bare: bool = False
    moved: str = ""
    walled: int = 0
    tracks: bool = False
    old: bool = False
    may_write: bool = True
    is_open: bool = True
    broken_products: set[int] = field(default_factory=set)
    stubborn_products: set[int] = field(default_factory=set)
    unloadable: set[int] = field(default_factory=set)
    _count: int = 700

    # Goods

    def product(self, sku: str, price: str = "49.90", stock: int | None = 5, **more: Any) -> int:
        """A product; its number. Without stock the shop does not count it."""
        number = self._next()
        self.products[number] = {
            "id": number, "parent": 0, "name": f"Product {sku}", "type": "simple", "sku": sku,
            "status": "publish", "regular_price": price, "sale_price": "",
            "manage_stock": stock is not None, "stock_quantity": stock,
            "stock_status": "instock" if stock or stock is None else "outofstock",
            "attributes": [], "tax_class": "", **more,
        }
        return number

    def variable(self, name: str, *skus: str, price: str = "79.00", stock: int = 5) -> list[int]:
        """A product with variations; their numbers, the product's first."""
        parent = self.product("", type="variable", stock=None, name=name)
        return [parent, *(
            self.product(sku, price, stock, parent=parent, type="variation",
                         attributes=[{"id": 1, "name": "Rozmiar", "option": sku[-1]}])
            for sku in skus)]

    def price_of(self, number: int) -> str:
        """What buyers see."""
        product = self.products[number]
        return str(product["sale_price"] or product["regular_price"])

    def count(self, number: int, quantity: int) -> None:
        """Set what is in stock."""
        self.products[number] |= {
            "manage_stock": True, "stock_quantity": quantity,
            "stock_status": "instock" if quantity > 0 else "outofstock"}

    # Buyers

    def buy(self, *wanted: tuple[int, int], method: str = "payu", shipping: str = "12.30",
            **more: Any) -> int:
        """An order that is placed now; paid orders follow with ``pay``."""
        number = self._next()
        lines = [self._line(product, count) for product, count in wanted]
        cost = Decimal(shipping)
        net = cost / VAT
        self.orders[number] = {
            "id": number, "number": str(number), "status": "pending", "currency": "PLN",
            "created": self._second(), "modified": self._second(), "paid": None, "completed": None,
            "lines": lines, "billing": dict(EWA),
            "shipping": {name: EWA[name] for name in EWA if name != "email"},
            "shipping_lines": [{
                "id": self._next(), "method_title": "Kurier DPD", "method_id": "flat_rate",
                "instance_id": "3", "total": net, "total_tax": cost - net,
                "taxes": [{"id": VAT_ID, "total": cost - net, "subtotal": ""}], "meta_data": []}],
            "fee_lines": [], "coupon_lines": [], "off": Decimal(0), "customer_note": "",
            "payment_method": method, "payment_method_title": TITLES[method],
            "transaction_id": "", "meta_data": [], "customer_id": 0, "reduced": False, **more,
        }
        if method == "cod":
            self.set_status(number, "processing")
        elif method == "bacs":
            self.set_status(number, "on-hold")
        return number

    def sell(self, *wanted: tuple[int, int], **more: Any) -> int:
        """Bought and paid in one go."""
        number = self.buy(*wanted, **more)
        self.pay(number)
        return number

    def pay(self, number: int) -> None:
        """The payment arrives."""
        order = self.orders[number]
        if not order["transaction_id"] and order["payment_method"] == "payu":
            order["transaction_id"] = f"TX{number}"
        self.set_status(number, "processing")

    # The seller, in the panel or through the API

    def set_status(self, number: int, status: str) -> None:
        """Another status, with everything that hangs on it."""
        order = self.orders[number]
        if order["status"] == status:
            return
        order["status"] = status
        if status in ("processing", "completed") and order["paid"] is None:
            order["paid"] = self._second()
        if status == "completed":
            order["completed"] = self._second()
        if status in ("processing", "completed", "on-hold"):
            self._move_stock(order, -1)
        elif status in ("cancelled", "pending"):
            self._move_stock(order, 1)
        if status == "refunded" and self.total_of(order) > self.refunded(number):
            self.refund(number, self.total_of(order) - self.refunded(number), restock=False)
        self.touch(number)

    def touch(self, number: int) -> None:
        """The order was saved."""
        self.orders[number]["modified"] = self._second()

    def keep(self, number: int, key: str, value: Any) -> None:
        """A plugin writes something beside an order; its stamp does not move."""
        kept = self.orders[number]["meta_data"]
        kept[:] = [one for one in kept if one["key"] != key]
        kept.append({"id": self._next(), "key": key, "value": value})

    def note(self, number: int, text: str, customer: bool = False) -> dict[str, Any]:
        """A note; its order's stamp does not move."""
        entry = {"id": self._next(), "author": "system", "date_created_gmt": stamp(self._second()),
                 "note": text, "customer_note": customer}
        self.notes.setdefault(number, []).append(entry)
        return entry

    def trash(self, number: int) -> None:
        """Into the bin."""
        self.orders[number]["status"] = "trash"
        self.touch(number)

    def refund(self, number: int, amount: Decimal | str = "0", units: Sequence[Any] = (),
               restock: bool = True, gateway: bool = False, reason: str = "",
               meta: Sequence[Any] = ()) -> int:
        """Give money back; all of it makes the order refunded. Units go back into stock."""
        order, refund = self.orders[number], self._next()
        rows = []
        for item in units:
            line = next((one for one in order["lines"] if one["id"] == int(item["id"])), None)
            if line is None:  # a way to send: told apart, and with no units
                assert any(one["id"] == int(item["id"]) for one in order["shipping_lines"])
                continue
            quantity = int(item.get("quantity", 0))
            rows.append({
                "id": self._next(), "name": line["name"], "product_id": line["product_id"],
                "variation_id": line["variation_id"], "quantity": -quantity, "sku": line["sku"],
                "total": -Decimal(str(item.get("refund_total", 0))),
                "total_tax": -sum((Decimal(str(tax["refund_total"]))
                                   for tax in item.get("refund_tax", ())), Decimal(0)),
                "meta_data": [{"id": self._next(), "key": "_refunded_item_id",
                               "value": str(line["id"])}],
            })
            product = self.products.get(line["variation_id"] or line["product_id"])
            if restock and order["reduced"] and product and product["manage_stock"]:
                self.count(product["id"], product["stock_quantity"] + quantity)
        self.refunds[refund] = {
            "id": refund, "parent_id": number, "created": self._second(),
            "amount": Decimal(amount), "reason": reason, "refunded_by": 1,
            "refunded_payment": gateway, "line_items": rows, "restocked": restock,
            "meta_data": [dict(one) for one in meta]}
        if self.refunded(number) >= self.total_of(order) and order["status"] != "refunded":
            self.set_status(number, "refunded")
        self.touch(number)
        return refund

    def refund_units(self, number: int, count: int = 1, **more: Any) -> int:
        """So many units of the first line, with their money, as the panel does it."""
        line = self.orders[number]["lines"][0]
        net = (line["total"] * count / line["quantity"]).quantize(Decimal("0.01"))
        tax = (line["total_tax"] * count / line["quantity"]).quantize(Decimal("0.01"))
        return self.refund(number, net + tax, [{
            "id": line["id"], "quantity": count, "refund_total": net,
            "refund_tax": [{"id": VAT_ID, "refund_total": tax}]}], **more)

    # What is true

    def total_of(self, order: dict[str, Any]) -> Decimal:
        """What the buyer owes."""
        parts = [one["total"] + one["total_tax"]
                 for one in (*order["lines"], *order["shipping_lines"], *order["fee_lines"])]
        return sum(parts, -order["off"]).quantize(Decimal("0.01"), "ROUND_HALF_UP")

    def refunded(self, number: int) -> Decimal:
        """What was given back so far."""
        return sum((one["amount"] for one in self.refunds_of(number)), Decimal(0))

    def refunds_of(self, number: int) -> list[dict[str, Any]]:
        """An order's refunds, the newest first."""
        return [one for one in reversed(self.refunds.values()) if one["parent_id"] == number]

    def is_shown(self, number: int) -> bool:
        """Whether the database shows an order by now."""
        return self.hidden.get(number, self.now) <= self.now

    def _line(self, product: int, count: int) -> dict[str, Any]:
        kind = self.products[product]
        gross = Decimal(self.price_of(product)) * count
        net = gross if kind["tax_class"] == "zw" else gross / VAT
        taxes = [] if net == gross else [{"id": VAT_ID, "total": gross - net,
                                          "subtotal": gross - net}]
        return {
            "id": self._next(), "name": kind["name"], "product_id": kind["parent"] or product,
            "variation_id": product if kind["parent"] else 0, "quantity": count,
            "tax_class": kind["tax_class"], "subtotal": net, "subtotal_tax": gross - net,
            "total": net, "total_tax": gross - net, "taxes": taxes, "meta_data": [],
            "sku": kind["sku"], "price": float(net / count),
        }

    def _move_stock(self, order: dict[str, Any], sign: int) -> None:
        if order["reduced"] == (sign < 0):
            return
        order["reduced"] = sign < 0
        for line in order["lines"]:
            product = self.products.get(line["variation_id"] or line["product_id"])
            if product and product["manage_stock"]:
                self.count(product["id"], product["stock_quantity"] + sign * line["quantity"])

    def _second(self) -> datetime:
        return self.now.replace(microsecond=0)

    def _next(self) -> int:
        self._count += 1
        return self._count
