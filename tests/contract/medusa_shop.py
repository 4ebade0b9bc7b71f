"""A Medusa shop in process: what buyers and sellers do there, without HTTP.

It behaves as the real one (2.21) was seen to behave, its traps included: a captured payment does
not move the order's stamp, nor does money given back for what came back; giving back what is not
outstanding writes a credit line; calling an order off pays captured money back and makes it cost
nothing; what came back is taken out of the order's total; orders that were not packed hold units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CHANNEL = {"id": "sc_0000MAIN", "name": "Sklep Ewy"}
LOCATION = {"id": "sloc_0000MAIN", "name": "Magazyn"}
EWA = {
    "first_name": "Ewa", "last_name": "Wzorcowa", "company": None, "address_1": "Lipowa 7",
    "address_2": "m. 3", "city": "Kraków", "province": None, "postal_code": "30-001",
    "country_code": "pl", "phone": "+48500600700", "metadata": None,
}
COUNTS = ("fulfilled", "shipped", "delivered", "return_requested", "return_received",
          "return_dismissed", "written_off")


class No(Exception):
    """A refusal: status, Medusa's own type of it, and what it says."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


@dataclass
class Shop:
    """One shop. ``now`` is turned by hand. Rows are Medusa's, amounts in them are ``Decimal``."""

    now: datetime = MONDAY
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    levels: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    returns: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    channels: list[dict[str, Any]] = field(default_factory=lambda: [dict(CHANNEL)])
    locations: list[dict[str, Any]] = field(default_factory=lambda: [dict(LOCATION)])
    hidden: dict[str, datetime] = field(default_factory=dict)
    gross_in: set[str] = field(default_factory=lambda: {"pln"})
    # Switches
    is_open: bool = True
    moved: str = ""
    bare: bool = False
    packs_between: str = ""
    _count: int = 0

    # Goods

    def variant(self, sku: str, price: str = "49.90", stock: int | None = 5, *,
                parts: Sequence[tuple[str, int]] = (), **more: Any) -> str:
        """A product with one variant; its id. Without stock the shop does not count it."""
        ref, product = self.new("variant"), self.new("prod")
        if stock is not None and not parts:
            item = self.new("iitem")
            parts = [(item, 1)]
            self.levels[(item, LOCATION["id"])] = {"stocked": stock, "reserved": 0}
        self.variants[ref] = {
            "id": ref, "title": "Default variant", "sku": sku, "ean": None, "barcode": None,
            "manage_inventory": stock is not None, "product_id": product, "parts": list(parts),
            "product": {"id": product, "title": f"Product {sku}", "status": "published",
                        "sales_channels": [self.channels[0]]},
            "prices": [self.price(price)], **more,
        }
        return ref

    def price(self, amount: str, currency: str = "pln", **more: Any) -> dict[str, Any]:
        """A price of a variant, new."""
        return {"id": self.new("price"), "amount": Decimal(amount), "currency_code": currency,
                "rules": {}, "min_quantity": None, "max_quantity": None, **more}

    def price_of(self, ref: str) -> Decimal:
        """What a buyer pays for one."""
        return next(one["amount"] for one in self.variants[ref]["prices"]
                    if one["currency_code"] == "pln" and not one["rules"]
                    and one["min_quantity"] is None)

    def free(self, ref: str) -> int:
        """Units that can be ordered."""
        return max(0, min((self._left(item) // needed
                           for item, needed in self.variants[ref]["parts"]), default=0))

    def count(self, ref: str, free: int) -> None:
        """So many units can be ordered, whatever is held."""
        for item, needed in self.variants[ref]["parts"]:
            level = self.levels[(item, LOCATION["id"])]
            level["stocked"] = free * needed + level["reserved"]

    # Buyers

    def buy(self, *wanted: tuple[str, int], provider: str = "pp_stripe_stripe",
            shipping: str = "12.30", **more: Any) -> str:
        """An order that is placed now: promised money, not taken yet."""
        ref = self.new("order")
        lines = [self._line(variant, count) for variant, count in wanted]
        self.orders[ref] = {
            "id": ref, "display_id": len(self.orders) + 1, "custom_display_id": None,
            "status": "pending", "version": 1, "created": self.now, "updated": self.now,
            "canceled": None, "currency_code": "pln", "email": "ewa@example.com", "metadata": None,
            "customer_id": "cus_EWA", "customer": {
                "id": "cus_EWA", "first_name": None, "last_name": None, "phone": None,
                "company_name": None, "metadata": None, "email": "ewa@example.com"},
            "sales_channel": self.channels[0], "items": lines, "credits": Decimal(0),
            "shipping_address": dict(EWA), "billing_address": dict(EWA),
            "shipping_methods": [{
                "id": self.new("ordsm"), "name": "Kurier DPD", "amount": Decimal(shipping),
                "data": {}, "metadata": None}],
            "payments": [], "fulfillments": [], **more,
        }
        self.orders[ref]["payments"] = [self._payment(ref, provider)]
        self._hold(ref, 1)
        return ref

    def sell(self, *wanted: tuple[str, int], **more: Any) -> str:
        """Bought and paid in one go."""
        ref = self.buy(*wanted, **more)
        self.pay(ref)
        return ref

    # The seller, in the panel or through the API

    def pay(self, ref: str, part: str = "") -> None:
        """The money is taken. The order's own stamp does not move."""
        payment = self.orders[ref]["payments"][0]
        payment["captures"].append(self._money(part or payment["amount"], "capt"))
        payment["updated"] = self.now

    def refund(self, ref: str, part: Decimal | str = "") -> None:
        """Money is given back: what is outstanding as it is, the rest as a credit line."""
        order = self.orders[ref]
        payment = order["payments"][0]
        outstanding = max(Decimal(0), self.captured(order) - self.refunded(order)
                          - self.total_of(order))
        back = Decimal(part or self.captured(order) - self.refunded(order))
        payment["refunds"].append(self._money(back, "ref"))
        payment["updated"] = self.now
        if back > outstanding:
            order["credits"] += back - outstanding
            self.touch(ref)

    def cancel(self, ref: str) -> None:
        """Called off: captured money goes back, what was held is free."""
        order = self.orders[ref]
        if order["status"] == "canceled":
            raise No(400, "invalid_data", f"Order with id {ref} has been canceled.")
        if order["status"] == "completed":
            raise No(400, "not_allowed", "Cannot cancel a completed order.")
        if any(one["canceled_at"] is None for one in order["fulfillments"]):
            raise No(400, "not_allowed",
                     "All fulfillments must be canceled before canceling an order")
        left = self.captured(order) - self.refunded(order)
        if left > 0:
            order["payments"][0]["refunds"].append(self._money(left, "ref"))
            order["payments"][0]["updated"] = self.now
            order["credits"] += left
        self._hold(ref, -1)
        order["status"], order["canceled"] = "canceled", self.now
        self.touch(ref)

    def touch(self, ref: str) -> None:
        """The order was changed."""
        order = self.orders[ref]
        order["updated"], order["version"] = self.now, order["version"] + 1

    def pack(self, ref: str, units: Mapping[str, int], metadata: Any = None) -> dict[str, Any]:
        """A fulfilment: units leave the shelf and are no longer held."""
        order = self.orders[ref]
        if order["status"] == "canceled":
            raise No(400, "invalid_data", f"Order with id {ref} has been canceled.")
        lines = {line["id"]: line for line in order["items"]}
        if any(one not in lines for one in units):
            raise No(400, "invalid_data", "Items do not exist in order")
        if len({lines[one]["requires_shipping"] for one in units}) > 1:
            raise No(400, "invalid_data", "Fulfillment can only be created entirely with items "
                     "with shipping or items without shipping.")
        if any(count > lines[one]["quantity"] - lines[one]["fulfilled"]
               for one, count in units.items()):
            raise No(400, "invalid_data", "Quantity to fulfill exceeds the reserved quantity")
        made = {"id": self.new("ful"), "metadata": metadata, "shipped_at": None,
                "delivered_at": None, "canceled_at": None, "labels": [], "items": [],
                "units": dict(units)}
        for one, count in units.items():
            lines[one]["fulfilled"] += count
            parts = self.variants[lines[one]["variant_id"]]["parts"] or [(None, 1)]
            for item, needed in parts:
                made["items"].append({"id": self.new("fulit"), "line_item_id": one,
                                      "inventory_item_id": item, "quantity": count * needed})
                if item is not None:
                    level = self.levels[(item, LOCATION["id"])]
                    level["stocked"] -= count * needed
                    level["reserved"] -= count * needed
        order["fulfillments"].append(made)
        self.touch(ref)
        return made

    def unpack(self, ref: str, fulfilment: str) -> None:
        """A fulfilment is called off: its units are on the shelf and held again."""
        made = self._fulfilment(ref, fulfilment)
        if made["shipped_at"] is not None:
            raise No(400, "not_allowed", "Shipment has been created, it cannot be canceled")
        made["canceled_at"] = self.now
        self._add(ref, made, "fulfilled", -1)
        for entry in made["items"]:
            if entry["inventory_item_id"] is not None:
                level = self.levels[(entry["inventory_item_id"], LOCATION["id"])]
                level["stocked"] += entry["quantity"]
                level["reserved"] += entry["quantity"]
        self.touch(ref)

    def send(self, ref: str, fulfilment: str, labels: Sequence[Any] = ()) -> None:
        """What was packed leaves."""
        made = self._fulfilment(ref, fulfilment)
        if made["shipped_at"] is not None:
            raise No(400, "not_allowed", "Shipment has already been created")
        made["shipped_at"] = self.now
        made["labels"] = [{"id": self.new("fulla"), **label} for label in labels]
        self._add(ref, made, "shipped", 1)
        self.touch(ref)

    def deliver(self, ref: str, fulfilment: str) -> None:
        """What left has arrived."""
        made = self._fulfilment(ref, fulfilment)
        if made["delivered_at"] is not None:
            raise No(400, "not_allowed", "Fulfillment has already been marked delivered")
        made["delivered_at"] = self.now
        self._add(ref, made, "delivered", 1)
        self.touch(ref)

    def ship(self, ref: str, *numbers: str) -> None:
        """All that is left is packed and sent in the panel."""
        units = {line["id"]: line["quantity"] - line["fulfilled"]
                 for line in self.orders[ref]["items"] if line["quantity"] > line["fulfilled"]}
        if units:
            self.pack(ref, units)
        for made in self.orders[ref]["fulfillments"]:
            if made["shipped_at"] is None and made["canceled_at"] is None:
                self.send(ref, made["id"], [{"tracking_number": one, "tracking_url": "#",
                                             "label_url": "#"} for one in numbers])

    def edit(self, ref: str, quantities: Mapping[str, int]) -> None:
        """Other quantities, confirmed. A line of none is gone."""
        order = self.orders[ref]
        self._hold(ref, -1)
        for line in order["items"]:
            line["quantity"] = quantities.get(line["id"], line["quantity"])
        order["items"] = [line for line in order["items"] if line["quantity"]]
        self._hold(ref, 1)
        self.touch(ref)

    def ask_back(self, ref: str, count: int = 1, status: str = "requested", **more: Any) -> str:
        """A return of units of the first line. As a draft it says nothing to the order."""
        line = self.orders[ref]["items"][0]
        made = self.new("return")
        self.returns[made] = {
            "id": made, "order_id": ref, "display_id": len(self.returns) + 1, "status": status,
            "created": self.now, "updated": self.now,
            "items": [] if status == "open" else [{
                "id": self.new("retitem"), "item_id": line["id"], "quantity": count,
                "received_quantity": 0, "note": None, "reason": None, "item": line, **more}]}
        if status == "requested":
            line["return_requested"] += count
            self.touch(ref)
        return made

    def take_back(self, made: str) -> None:
        """The goods of a return are there: they are taken out of the order's total."""
        found = self.returns[made]
        for entry in found["items"]:
            entry["item"]["return_requested"] -= entry["quantity"]
            entry["item"]["return_received"] += entry["quantity"]
        found["status"], found["updated"] = "received", self.now
        self.touch(found["order_id"])

    # What is true

    def total_of(self, order: Mapping[str, Any]) -> Decimal:
        """What the shop says that the buyer owes, after returns and credit lines."""
        goods = sum((self.gross(line) * (line["quantity"] - line["return_received"])
                     for line in order["items"]), Decimal(0))
        shipping = sum((one["amount"] for one in order["shipping_methods"]), Decimal(0))
        return goods + shipping - order["credits"]

    def bought(self, order: Mapping[str, Any]) -> Decimal:
        """What the buyer bought, returned goods included."""
        return self.total_of(order) + sum(
            (self.gross(line) * line["return_received"] for line in order["items"]), Decimal(0))

    def gross(self, line: Mapping[str, Any]) -> Decimal:
        """A unit of a line with tax, less what the line is cheaper by."""
        price: Decimal = line["price"]
        return price - line["off"] / line["quantity"]

    def captured(self, order: Mapping[str, Any]) -> Decimal:
        """Money that came."""
        return sum((entry["amount"] for one in order["payments"] for entry in one["captures"]),
                   Decimal(0))

    def refunded(self, order: Mapping[str, Any]) -> Decimal:
        """Money that was given back."""
        return sum((entry["amount"] for one in order["payments"] for entry in one["refunds"]),
                   Decimal(0))

    def is_shown(self, ref: str) -> bool:
        """Whether the database shows an order by now."""
        return self.hidden.get(ref, self.now) <= self.now

    def new(self, kind: str) -> str:
        """An id; later ones sort behind."""
        self._count += 1
        return f"{kind}_01{self._count:024d}"

    def _line(self, variant: str, count: int) -> dict[str, Any]:
        found = self.variants[variant]
        if found["manage_inventory"] and self.free(variant) < count:
            raise No(400, "not_allowed", "Some variant does not have the required inventory")
        return {"id": self.new("ordli"), "variant_id": variant, "quantity": count,
                "price": self.price_of(variant), "off": Decimal(0), "rate": Decimal(23),
                "code": "vat", "requires_shipping": True, "variant_sku": found["sku"],
                "product_title": found["product"]["title"], "variant_title": found["title"],
                "ean": found["ean"], "variant_barcode": found["barcode"],
                **dict.fromkeys(COUNTS, 0)}

    def _payment(self, ref: str, provider: str) -> dict[str, Any]:
        return {"id": self.new("pay"), "provider_id": provider, "status": "authorized",
                "amount": self.total_of(self.orders[ref]), "updated": self.now, "captures": [],
                "refunds": []}

    def _money(self, amount: Decimal | str, kind: str) -> dict[str, Any]:
        return {"id": self.new(kind), "amount": Decimal(amount), "at": self.now}

    def _hold(self, ref: str, sign: int) -> None:
        """Promise the units that were not packed, or let them go."""
        for line in self.orders[ref]["items"]:
            for item, needed in self.variants[line["variant_id"]]["parts"]:
                self.levels[(item, LOCATION["id"])]["reserved"] += \
                    sign * needed * (line["quantity"] - line["fulfilled"])

    def _add(self, ref: str, made: Mapping[str, Any], name: str, sign: int) -> None:
        for line in self.orders[ref]["items"]:
            line[name] += sign * made["units"].get(line["id"], 0)

    def _fulfilment(self, ref: str, fulfilment: str) -> dict[str, Any]:
        found = next((one for one in self.orders[ref]["fulfillments"]
                      if one["id"] == fulfilment), None)
        if found is None:
            raise No(404, "not_found", f"Fulfillment with id: {fulfilment} was not found")
        return found

    def _left(self, item: str) -> int:
        level = self.levels.get((item, LOCATION["id"]), {"stocked": 0, "reserved": 0})
        return level["stocked"] - level["reserved"]
