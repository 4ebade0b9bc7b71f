"""Fakturownia as a stand-in: it counts for itself, knows its fields, and lists what begins alike.

After github.com/fakturownia/API. What is written nowhere is played at its worst: the filter by
``oid`` finds beginnings, refusals repeat what was sent, a change of status answers no document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from oms_connector import Limit, Response
from oms_connector.testing import InBooks, Request, StandIn, answer
from oms_fakturownia import FakturowniaConnector

TOKEN = "kit-token-of-fakturownia"
OURS = {"vat": "invoice", "wdt": "invoice", "export_products": "invoice",
        "correction": "correction", "proforma": "proforma"}
# README, "Pola faktury" and "Pola klienta"; those that somebody who enters documents may send.
FIELDS = {
    "number", "kind", "issue_date", "sell_date", "department_id", "seller_name", "seller_tax_no",
    "seller_bank_account", "seller_post_code", "seller_city", "seller_street", "seller_country",
    "buyer_name", "buyer_tax_no", "buyer_tax_no_kind", "buyer_post_code", "buyer_city",
    "buyer_street", "buyer_country", "buyer_email", "buyer_first_name", "buyer_last_name",
    "buyer_company", "payment_type", "payment_to_kind", "payment_to", "status", "paid", "paid_date",
    "oid", "oid_unique", "currency", "lang", "use_oss", "exchange_currency", "exchange_kind",
    "exchange_currency_rate", "exchange_note", "description", "invoice_id", "from_invoice_id",
    "positions", "calculating_strategy", "split_payment", "exempt_tax_kind", "np_tax_kind",
    "reverse_charge", "correction_reason",
}
ROW = {"name", "quantity", "quantity_unit", "tax", "total_price_gross", "code", "gtu_code"}
CHANGE = ROW | {"kind", "correction_before_attributes", "correction_after_attributes"}
LISTED = {"oid", "number", "period", "per_page"}
AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")


class Fakturownia(StandIn):
    """An account with one department."""

    connector = FakturowniaConnector
    limits = (Limit(per_second=1, burst=5),)

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.kept: dict[int, dict[str, Any]] = {}
        self.is_open = True
        self.counts_otherwise = Decimal(0)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"account": "kit"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"api_token": TOKEN}

    def revoke(self) -> None:
        self.is_open = False

    def entries(self, number: str) -> Sequence[InBooks]:
        return [InBooks(OURS[one["kind"]], one["number"], Decimal(one["price_net"]),
                        Decimal(one["price_tax"]), Decimal(one["price_gross"]),
                        Decimal(one["paid"]), len(one["positions"]), one["buyer_name"])
                for one in self.kept.values() if one["number"] == number]

    def exchange(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or not self.is_open:
            return answer(401, {"code": "error", "message": "You must be logged in"})
        if not request.url.startswith("https://kit.fakturownia.pl/"):
            return Response(404, {"content-type": "text/html"}, b"<html>no such account</html>")
        if request.path == "/departments.json":
            return answer(200, [{"id": 7, "name": "Kit Sp. z o.o.", "tax_no": "5252248481"}])
        if request.path == "/invoices.json":
            return self._list(request) if request.method == "GET" else \
                self._add(request.json()["invoice"])
        found = re.fullmatch(r"/invoices/(\d+)(/change_status)?\.json", request.path)
        kept = self.kept.get(int(found[1])) if found else None
        if found is None or kept is None:
            return answer(404, {"status": "404", "error": "Not Found"})
        if found[2]:
            return self._status(kept, request.query["status"])
        if request.method == "PUT":
            kept |= request.json()["invoice"]
        return answer(200, kept)

    def _list(self, request: Request) -> Response:
        wanted = request.query
        found = [one for one in self.kept.values()
                 if (one["oid"] or "").startswith(wanted.get("oid", ""))
                 and one["number"] == wanted.get("number", one["number"])]
        brief = ({name: told for name, told in one.items() if name != "positions"}
                 for one in found[::-1])
        return answer(200, list(brief)[:int(wanted["per_page"])])

    def _status(self, kept: dict[str, Any], status: str) -> Response:
        if kept["kind"] == "proforma":
            return no("status")
        kept["status"] = status
        if status == "paid":
            kept["paid"] = kept["price_gross"]
        return answer(200, {"code": "success"})

    def _add(self, said: dict[str, Any]) -> Response:
        if said["oid_unique"] == "yes" and any(one["oid"] == said["oid"]
                                               for one in self.kept.values()):
            return no("oid", said["buyer_name"], said["buyer_street"])
        if said["kind"] == "correction" and said["invoice_id"] not in self.kept:
            return no("invoice_id")
        if said["buyer_company"] and not said["buyer_tax_no"] \
                and said["buyer_tax_no_kind"] != "empty":
            return no("buyer_tax_no")
        net, tax = self._counted(said["positions"], said["calculating_strategy"])
        ref = 100_000 + len(self.kept)
        said = {name: told for name, told in said.items() if name != "oid_unique"}
        self.kept[ref] = {**said, "id": ref, "price_net": f"{net:.2f}", "price_tax": f"{tax:.2f}",
                          "price_gross": f"{net + tax:.2f}", "cancelled": None,
                          "status": said.get("status", "issued"), "token": "secret-link"}
        return answer(201, self.kept[ref])

    def _counted(self, rows: Sequence[Mapping[str, Any]], how: Mapping[str, str]
                 ) -> tuple[Decimal, Decimal]:
        assert how["position"] == "keep_gross"
        net = tax = Decimal(0)
        for rate in {row["tax"] for row in rows}:
            part = Decimal(rate) if rate[0].isdigit() else Decimal(0)
            gross = [Decimal(row["total_price_gross"]) for row in rows if row["tax"] == rate]
            if how["sum"] == "keep_gross":
                own = _cents(sum(gross) * part / (100 + part))
                net, tax = net + sum(gross) - own, tax + own
                continue
            each = [_cents(one * part / (100 + part)) for one in gross]
            whole = sum(gross) - sum(each)
            net += whole
            tax += _cents(whole * part / 100) if how["sum"] == "keep_net" else sum(each)
        return net, tax + self.counts_otherwise

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if request.method == "GET":
            wrong = sorted(set(request.query) - LISTED)
            if request.path == "/invoices.json" and request.query.get("period") != "all":
                wrong.append("without a period only this month is listed")
            return wrong
        if request.path.endswith("/change_status.json"):
            return [] if request.query["status"] in ("issued", "sent", "paid", "partial",
                                                     "rejected") else ["status"]
        said = request.json()["invoice"]
        if request.method == "PUT":
            return [] if set(said) == {"paid"} else [f"{sorted(said)} are changed"]
        wrong = [f"{name} is no field" for name in sorted(set(said) - FIELDS)]
        for row in said["positions"]:
            known = CHANGE if said["kind"] == "correction" else ROW
            wrong += [f"{name} is no field of a position" for name in sorted(set(row) - known)]
            if not AMOUNT.fullmatch(row["total_price_gross"]):
                wrong.append(f"{row['total_price_gross']} is no amount")
        if "api_token" in request.json() or "api_token" in request.query:
            wrong.append("the token is in the body or the address")
        return wrong


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def no(*fields: str) -> Response:
    """A refusal: the first names a field, the others are repeated in its words."""
    return answer(422, {"code": "error", "message": {
        fields[0]: [f"- nie może być: {' '.join(fields)}"]}})
