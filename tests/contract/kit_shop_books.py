"""Kram keeps books too: the connector's part, and the shop's, which counts for itself."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from oms_connector import BookDocument, BookLine, Entered, Response
from oms_connector.reading import cents
from oms_connector.testing import InBooks, Request, answer


class Keeping:
    """The connector's part; ``_get`` and ``_send`` are the connector's."""

    def takes(self) -> Sequence[str]:
        return ["invoice", "correction", "proforma"]

    def enter(self: Any, document: BookDocument) -> Entered:
        return _entered(self._send("POST", "books", "id", _said(document)))

    def find_entry(self: Any, document: BookDocument) -> Entered | None:
        found = self._get("books", "entries", number=document.number)["entries"]
        return next((_entered(one) for one in found if one["number"] == document.number), None)

    def tell_paid(self: Any, reference: str, document: BookDocument) -> None:
        self._send("PUT", f"books/{quote(reference)}/paid", "id",
                   {"paid": str(document.payment.paid)})


def _said(document: BookDocument) -> dict[str, Any]:
    address = document.buyer.address
    return {
        "number": document.number, "kind": document.kind, "method": document.method,
        "buyer": address.company or address.name, "corrects": document.corrects,
        "paid": str(document.payment.paid),
        "lines": [_row(line) for line in document.lines],
        "before": [_row(change.before) for change in document.changes],
        "after": [_row(change.after) for change in document.changes],
        "total": [str(document.net), str(document.vat), str(document.gross)],
    }


def _row(line: BookLine) -> list[str]:
    return [line.rate, str(line.amount)]


def _entered(one: Any) -> Entered:
    return Entered(one["id"], one["number"], *(Decimal(sum_) for sum_ in one["total"]),
                   url=f"https://kram.example/books/{one['id']}")


class BookDesk:
    """The shop's part: what was entered, by its id."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def enter(self, request: Request) -> Response:
        said = request.json()
        for one in self.kept.values():
            if one["number"] == said["number"]:
                return answer(200, one)
        if said["kind"] == "correction" and said["corrects"] not in {
                one["number"] for one in self.kept.values()}:
            return _no(422, "corrects", "the document that it corrects is not here")
        total = _total(said["method"], said["lines"])
        for sign, name in ((-1, "before"), (1, "after")):
            part = _total(said["method"], said[name])
            total = [one + sign * other for one, other in zip(total, part, strict=True)]
        if total != [Decimal(one) for one in said["total"]]:
            return _no(422, "sums", "it comes to something else here")
        ref = f"B{len(self.kept) + 1}"
        self.kept[ref] = {**said, "id": ref, "total": [str(one) for one in total]}
        return answer(201, self.kept[ref])

    def find(self, request: Request) -> Response:
        return answer(200, {"entries": [one for one in self.kept.values()
                                        if one["number"].startswith(request.query["number"])]})

    def pay(self, request: Request, ref: str) -> Response:
        if ref not in self.kept:
            return _no(404, "", "there is no such entry")
        self.kept[ref]["paid"] = request.json()["paid"]
        return answer(200, self.kept[ref])

    def entries(self, number: str) -> list[InBooks]:
        """What stands there under a number."""
        return [InBooks(one["kind"], one["number"], *(Decimal(sum_) for sum_ in one["total"]),
                        Decimal(one["paid"]), len(one["lines"]) or len(one["after"]), one["buyer"])
                for one in self.kept.values() if one["number"] == number]


def _total(method: str, rows: Sequence[Sequence[str]]) -> list[Decimal]:
    total = [Decimal(0)] * 3
    for rate in {row[0] for row in rows}:
        part = Decimal(rate) if rate.isdigit() else Decimal(0)
        amounts = [Decimal(row[1]) for row in rows if row[0] == rate]
        if method == "net_line":
            net, vat = sum(amounts), sum(cents(one * part / 100) for one in amounts)
        elif method == "net_rate":
            net, vat = sum(amounts), cents(sum(amounts, Decimal(0)) * part / 100)
        else:
            vat = cents(sum(amounts, Decimal(0)) * part / (100 + part))
            net = sum(amounts) - vat
        total = [one + other for one, other in zip(total, (net, vat, net + vat), strict=True)]
    return total


def _no(status: int, field: str, message: str) -> Response:
    return answer(status, {"error": {"code": "no", "message": message, "field": field}})
