"""A PrestaShop shop in process: what buyers and sellers do there, without HTTP.

It keeps tables as PrestaShop does and behaves as a running 8.1.2 was seen to behave, its traps
included: moments are the shop's own time without a zone; a tracking number, a credit slip and a
message do not move an order's stamp; a status ticked as paid writes a payment down, on delivery
too; an address that is changed is a new one; and who cancels gets the units back into stock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")
VAT = Decimal("1.23")
NEVER = "0000-00-00 00:00:00"
MODULES = {"p24": ("przelewy24", "Przelewy24"), "cod": ("ps_cashondelivery", "Za pobraniem"),
           "wire": ("ps_wirepayment", "Przelew bankowy")}
SHIPPED, DELIVERED, CANCELLED, REFUNDED, ERROR = 4, 5, 6, 7, 8
# Number, name, ticked as: paid, sent, made by PrestaShop or a module.
STATES = (
    (1, "Oczekiwanie na płatność czekiem", 0, 0, 1), (2, "Płatność zaakceptowana", 1, 0, 1),
    (3, "Przygotowanie w toku", 1, 0, 1), (SHIPPED, "Wysłane", 1, 1, 1),
    (DELIVERED, "Dostarczone", 1, 1, 1), (CANCELLED, "Anulowane", 0, 0, 1),
    (REFUNDED, "Zwrócone", 0, 0, 1), (ERROR, "Błąd płatności", 0, 0, 1),
    (9, "Brak towaru (opłacone)", 1, 0, 1), (10, "Oczekiwanie na przelew", 0, 0, 1),
    (11, "Płatność zdalna zaakceptowana", 1, 0, 1), (13, "Oczekiwanie na pobranie", 0, 0, 1),
    (14, "Płatność Przelewy24 w toku", 0, 0, 1),
)
CONFIGURATION = {
    "PS_TIMEZONE": "Europe/Warsaw", "PS_CURRENCY_DEFAULT": "1", "PS_SHOP_NAME": "Sklep Ewy",
    "PS_OS_SHIPPING": "4", "PS_OS_DELIVERED": "5", "PS_OS_CANCELED": "6", "PS_OS_REFUND": "7",
    "PS_OS_ERROR": "8",
}
Row = dict[str, Any]


def six(amount: Decimal) -> str:
    """An amount as PrestaShop writes it."""
    return f"{amount:.6f}"


def grosz(amount: Decimal) -> Decimal:
    """An amount as buyers see it."""
    return amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")


@dataclass
class Shop:
    """One shop. ``now`` is turned by hand."""

    now: datetime = MONDAY
    zone: ZoneInfo = WARSAW
    tables: dict[str, dict[int, Row]] = field(default_factory=dict)
    reductions: dict[int, Decimal] = field(default_factory=dict)
    hidden: dict[int, datetime] = field(default_factory=dict)
    mails: list[tuple[int, int]] = field(default_factory=list)
    # Switches
    is_on: bool = True
    is_open: bool = True
    rights: dict[str, set[str]] = field(default_factory=dict)
    moved: str = ""
    walled: int = 0
    bare: bool = False
    old: bool = False
    mail_fails: bool = False
    stubborn: set[int] = field(default_factory=set)
    _count: int = 700

    def __post_init__(self) -> None:
        for number, name, paid, shipped, own in STATES:
            self.state(name, paid=paid, shipped=shipped, unremovable=own, number=number)
        for name, told in CONFIGURATION.items():
            self.add("configurations", {"name": name, "value": told, "id_shop": ""})
        self.add("countries", {"iso_code": "PL", "name": "Polska"}, 14)
        self.add("currencies", {"iso_code": "PLN", "name": "złoty polski"}, 1)
        self.add("taxes", {"rate": "23.000", "name": "PTU PL 23%"}, 1)
        self.add("carriers", {"name": "Kurier DPD", "id_reference": 2, "deleted": "0",
                              "external_module_name": ""}, 5)
        self.add("carriers", {"name": "Kurier DPD", "id_reference": 2, "deleted": "1",
                              "external_module_name": ""}, 2)

    # Tables

    def add(self, resource: str, row: Row, number: int = 0) -> int:
        """Another row; its number."""
        number = number or self._next()
        self.tables.setdefault(resource, {})[number] = {"id": number, **row}
        return number

    def rows(self, resource: str, **wanted: Any) -> list[Row]:
        """Rows of a table in which these fields are so."""
        return [row for row in self.tables.get(resource, {}).values()
                if all(row.get(name) == one for name, one in wanted.items())]

    def row(self, resource: str, number: int) -> Row:
        """One row."""
        return self.tables[resource][number]

    def local(self) -> str:
        """What the shop's clock shows."""
        return self.now.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def state(self, name: str, *, paid: int = 0, shipped: int = 0, unremovable: int = 0,
              module: str = "", number: int = 0) -> int:
        """Another status; its number."""
        return self.add("order_states", {
            "name": name, "paid": str(paid), "shipped": str(shipped), "deleted": "0",
            "unremovable": str(unremovable), "module_name": module}, number)

    # Goods

    def product(self, sku: str, price: str = "49.90", stock: int = 5, **more: Any) -> int:
        """A product with its price as buyers see it; its number."""
        number = self.add("products", {
            "name": f"Produkt {sku}", "reference": sku, "ean13": "", "active": "1",
            "available_for_order": "1", "state": 1, "price": six(Decimal(price) / VAT),
            "associations": {}, **more})
        self.stock_row(number, 0, stock)
        return number

    def combinations(self, name: str, *skus: str, price: str = "79.00", stock: int = 5
                     ) -> list[int]:
        """A product with combinations; their numbers, the product's first."""
        product, made = self.product("", price, 0, name=name), []
        for sku in skus:
            option = self.add("product_option_values", {"name": sku[-1]})
            number = self.add("combinations", {
                "id_product": product, "reference": sku, "ean13": "", "price": six(Decimal(0)),
                "associations": {"product_option_values": [{"id": option}]}})
            self.stock_row(product, number, stock)
            made.append(number)
        self.row("products", product)["associations"] = {
            "combinations": [{"id": one} for one in made]}
        self.sum_up(product)
        return [product, *made]

    def stock_row(self, product: int, combination: int, quantity: int, **more: Any) -> int:
        """A row of stock."""
        return self.add("stock_availables", {
            "id_product": product, "id_product_attribute": combination, "id_shop": 1,
            "id_shop_group": 0, "quantity": quantity, "depends_on_stock": "0", "out_of_stock": 2,
            "location": "", **more})

    def sum_up(self, product: int) -> None:
        """A product with combinations has the sum of theirs."""
        rows = self.rows("stock_availables", id_product=product)
        parts = [row["quantity"] for row in rows if row["id_product_attribute"]]
        for row in rows:
            if parts and not row["id_product_attribute"]:
                row["quantity"] = sum(parts)

    def stock_of(self, product: int, combination: int = 0) -> Row:
        """The row that counts something."""
        return self.rows("stock_availables", id_product=product,
                         id_product_attribute=combination)[0]

    def net(self, product: int, combination: int = 0) -> Decimal:
        """A price without tax, before anything lowers it."""
        price = Decimal(self.row("products", product)["price"])
        return price + Decimal(self.row("combinations", combination)["price"]
                               if combination else 0)

    def seen(self, product: int, combination: int = 0) -> Decimal:
        """A price as buyers see it."""
        return grosz(self.net(product, combination) * VAT
                     * (1 - self.reductions.get(product, Decimal(0))))

    # Buyers

    def buy(self, *wanted: tuple[int, int] | tuple[int, int, int], method: str = "p24",
            shipping: str = "12.30", **more: Any) -> int:
        """An order that is placed now: (product, count) or (product, combination, count)."""
        number = self._next()
        customer = self.add("customers", {
            "email": "ewa@example.com", "firstname": "Ewa", "lastname": "Wzorcowa", "company": "",
            "siret": "", "is_guest": "0"})
        home = self.address()
        details = [self._detail(number, one[0], one[1] if len(one) == 3 else 0, one[-1])
                   for one in wanted]
        goods = sum((Decimal(self.row("order_details", one)["total_price_tax_incl"])
                     for one in details), Decimal(0))
        total = goods + Decimal(shipping)
        module, payment = MODULES[method]
        self.add("orders", {
            "id_address_delivery": home, "id_address_invoice": home, "id_currency": 1,
            "id_customer": customer, "id_carrier": 5, "current_state": 0, "module": module,
            "date_add": self.local(), "date_upd": self.local(), "payment": payment, "gift": "0",
            "gift_message": "", "reference": f"REF{number:06d}", "delivery_date": NEVER,
            "total_discounts_tax_incl": six(Decimal(0)), "total_paid_tax_incl": six(total),
            "total_paid_real": six(Decimal(0)), "total_shipping_tax_incl": six(Decimal(shipping)),
            "total_wrapping_tax_incl": six(Decimal(0)),
            "associations": {"order_rows": [{"id": one} for one in details]}, **more}, number)
        self.add("order_carriers", {
            "id_order": number, "id_carrier": 5, "id_order_invoice": 0, "weight": six(Decimal(1)),
            "shipping_cost_tax_excl": six(Decimal(shipping) / VAT),
            "shipping_cost_tax_incl": six(Decimal(shipping)), "tracking_number": "",
            "date_add": self.local()})
        self.set_state(number, {"cod": 13, "wire": 10}.get(method, 14), first=True)
        return number

    def sell(self, *wanted: Any, **more: Any) -> int:
        """Bought and paid in one go."""
        number = self.buy(*wanted, **more)
        self.pay(number)
        return number

    def pay(self, number: int) -> None:
        """The payment arrives."""
        self.set_state(number, 2)

    def address(self, **more: Any) -> int:
        """Another address."""
        return self.add("addresses", {
            "id_country": 14, "id_state": 0, "alias": "Dom", "company": "", "lastname": "Wzorcowa",
            "firstname": "Ewa", "vat_number": "", "address1": "Lipowa 7", "address2": "m. 3",
            "postcode": "30-001", "city": "Kraków", "other": "", "phone": "+48500600700",
            "phone_mobile": "", "dni": "", **more})

    def move(self, number: int, **more: Any) -> None:
        """The delivery goes elsewhere: PrestaShop makes a new address of it."""
        order = self.row("orders", number)
        old = self.row("addresses", order["id_address_delivery"])
        order["id_address_delivery"] = self.add("addresses", {
            **{name: one for name, one in old.items() if name != "id"}, **more})
        order["date_upd"] = self.local()

    def message(self, number: int, text: str, *, private: bool = False) -> None:
        """A note beside an order; its stamp does not move."""
        self.add("messages", {"id_order": number, "message": text,
                              "private": str(int(private))})

    # The seller, in the back office or through the webservice

    def set_state(self, number: int, state: int, *, first: bool = False) -> None:
        """Another entry in the order's history, with everything that hangs on it."""
        order, row = self.row("orders", number), self.row("order_states", state)
        before = order["current_state"]
        self.add("order_histories", {"id_order": number, "id_order_state": state,
                                     "id_employee": 0, "date_add": self.local()})
        order["current_state"] = state
        order["date_upd"] = self.local()
        owed = Decimal(order["total_paid_tax_incl"]) - Decimal(order["total_paid_real"])
        if row["paid"] == "1" and owed > 0:
            self.payment(number, owed)
        called_off = (CANCELLED, ERROR)
        if first or (state in called_off) != (before in called_off):
            self._move_stock(number, 1 if state in called_off else -1)

    def payment(self, number: int, amount: Decimal) -> None:
        """Money is written down; it belongs to the order's reference."""
        order = self.row("orders", number)
        self.add("order_payments", {
            "order_reference": order["reference"], "amount": six(amount),
            "payment_method": order["payment"], "transaction_id": "", "date_add": self.local()})
        order["total_paid_real"] = six(Decimal(order["total_paid_real"]) + amount)

    def slip(self, number: int, units: dict[int, int], shipping: str = "0") -> int:
        """A credit slip for units of lines; the order's stamp does not move."""
        rows = []
        for detail, count in units.items():
            line = self.row("order_details", detail)
            rows.append({"id": len(rows) + 1, "id_order_detail": detail, "product_quantity": count,
                         "amount_tax_incl": six(grosz(
                             Decimal(line["unit_price_tax_incl"]) * count))})
        goods = sum((Decimal(row["amount_tax_incl"]) for row in rows), Decimal(0))
        return self.add("order_slip", {
            "id_order": number, "total_products_tax_incl": six(goods),
            "total_shipping_tax_incl": six(Decimal(shipping)), "date_add": self.local(),
            "date_upd": self.local(),
            "associations": {"order_slip_details": rows} if rows else {}})

    def details_of(self, number: int) -> list[Row]:
        """An order's lines."""
        return self.rows("order_details", id_order=number)

    def history_of(self, number: int) -> list[int]:
        """The statuses that an order had."""
        return [row["id_order_state"] for row in self.rows("order_histories", id_order=number)]

    def trackings_of(self, number: int) -> list[str]:
        """The tracking numbers that an order has."""
        return [row["tracking_number"] for row in self.rows("order_carriers", id_order=number)
                if row["tracking_number"]]

    def is_shown(self, number: int) -> bool:
        """Whether the database shows an order by now."""
        return self.hidden.get(number, self.now) <= self.now

    def hide(self, number: int, seconds: float) -> None:
        """The database shows an order late."""
        self.hidden[number] = self.now + timedelta(seconds=seconds)

    def _detail(self, order: int, product: int, combination: int, count: int) -> int:
        gross = self.net(product, combination) * VAT * (
            1 - self.reductions.get(product, Decimal(0)))
        goods = self.row("combinations", combination) if combination else \
            self.row("products", product)
        return self.add("order_details", {
            "id_order": order, "product_id": product, "product_attribute_id": combination,
            "product_name": self.row("products", product)["name"], "product_quantity": count,
            "product_reference": goods["reference"], "product_ean13": goods["ean13"],
            "unit_price_tax_incl": six(gross), "total_price_tax_incl": six(grosz(gross * count)),
            "associations": {"taxes": [{"id": 1}]}})

    def _move_stock(self, number: int, sign: int) -> None:
        for line in self.details_of(number):
            row = self.stock_of(line["product_id"], line["product_attribute_id"])
            row["quantity"] += sign * line["product_quantity"]
            self.sum_up(line["product_id"])

    def _next(self) -> int:
        self._count += 1
        return self._count
