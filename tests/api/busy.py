"""A shop with one of everything that the API tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from oms_web.domain.catalog.models import Product
from oms_web.domain.catalog.service import VariantInput, put_variants
from oms_web.domain.shipping import service as shipping
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.pack import opening, scanning
from tests import factories as make
from tests import paper
from tests.api.calling import Caller, order_body
from tests.conftest import TESTER

ODD = "ODD/1 ż%"


@dataclass
class Busy:
    """Numbers by what is special about each."""

    caller: Caller
    orders: dict[str, int]
    shipments: dict[str, int]
    document: int
    case: int

    def known(self) -> dict[str, list[Any]]:
        """Values that lead somewhere, by the name of their field."""
        return {
            "order_id": list(self.orders.values()), "shipment_id": list(self.shipments.values()),
            "document_id": [self.document], "return_id": [self.case],
            "sku": ["A", "B", ODD, "SET"], "warehouse": ["LDZ", ""],
            "bin": ["A-01", ""], "external_id": [f"BUSY-{name}" for name in self.orders],
            "currency": ["PLN", "EUR", "JPY", "KWD"], "vat_rate": ["23", "", "zw"],
            "queue": ["open", "all", "pick"], "order": list(self.orders.values()),
        }


def open_busy(works: Any, caller: Caller) -> Busy:
    """Fill a shop that has ten of A and three of B."""
    with works.writing(TESTER) as work:
        paper.company(work)
        put_variants(work, [
            VariantInput(ODD, "Dziwny", eans=("5900012003196",), price=100),
            VariantInput("SET", "Zestaw", parts={"A": 2}, price=9900),
        ])
        work.session.execute(update(Product).values(vat_rate="23"))
    orders = {}
    for name, values in {
        "open": {}, "held": {}, "unpaid": {"state": "unpaid"}, "shipped": {}, "packed": {},
        "done": {"state": "delivered"}, "gone": {"state": "cancelled"},
        "short": {"lines": [{"sku": "B", "title": "B", "quantity": 9, "unit_price": "5"}]},
        "invoiced": {"buyer": {"name": "Jan", "tax_id": "5260250274"}},
    }.items():
        line = [{"sku": "A", "title": "Kubek", "quantity": 1, "unit_price": "20.00"}]
        answer = caller.post("/orders", order_body(f"BUSY-{name}", **{"lines": line} | values))
        assert answer.status_code == 201, answer.json
        orders[name] = answer.json["id"]
    assert caller.post(f"/orders/{orders['held']}/hold", {"reason": "Wait"}).status_code == 200
    left = caller.post(f"/orders/{orders['shipped']}/shipments", {"carrier": "InPost"})
    shipments = {"shipped": left.json["items"][0]["id"]}
    with works.writing(TESTER) as work:
        packed = shipments["packed"] = opening.begin_partly(work, orders["packed"])
        scanning.scan(work, packed, "A", "busy")
        shipping.get(work.session, packed).carrier = "InPost"
        document = issue_invoice(work, orders["invoiced"])[0].id
        make.put(work, make.variant(work, "FREE"), 2)
    case = caller.post(f"/orders/{orders['shipped']}/returns", {"reason": "late"}).json["id"]
    return Busy(caller, orders, shipments, document, case)
