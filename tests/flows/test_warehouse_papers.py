"""Warehouse papers: what the ledger and the shipments say, numbered once, printed for good."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.domain.company.models import Company
from oms_web.domain.documents import queries
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import sending
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.stock.models import StockDocument, Warehouse
from oms_web.flows import ship, stock_correction, stock_receipt, stock_transfer, warehouse_paper
from oms_web.flows.order_in import take_in
from oms_web.jobs.worker import drain
from tests import factories as make
from tests.floor import KUBA
from tests.flows.test_stock_documents import open_shop


def stock_paper(shop, document_id):
    with shop.works.writing(SYSTEM) as work:
        return warehouse_paper.issue_of_stock(work, document_id)


def newest(shop) -> int:
    with shop.works.reading(SYSTEM) as work:
        return work.session.scalars(select(StockDocument.id).order_by(
            StockDocument.id.desc())).first()


def said(document):
    return [(line["sku"], line["quantity"], line["place"]) for line in document.snapshot["lines"]]


def test_what_came_in_moved_and_was_written_off(both):
    shop = open_shop(both)
    with shop.works.writing(SYSTEM) as work:
        receipt = stock_receipt.start(work, shop.ldz, partner="Huta Szkła", reference="FZ 12/2026")
        stock_receipt.add(work, receipt, shop.mug, 4, shop.bins["A-02"], unit_cost=7_500_000)
        with pytest.raises(NotAllowedNow, match="once this document is posted"):
            warehouse_paper.issue_of_stock(work, receipt)
        stock_receipt.post(work, receipt)
    (pz,) = stock_paper(shop, receipt)
    assert (pz.kind, pz.gross, said(pz)) == ("pz", 3000, [("MUG", 4, "A-02")])
    assert (pz.snapshot["buyer"]["company"], pz.snapshot["reference"]) == (
        "Huta Szkła", "FZ 12/2026")
    assert pz.number == f"PZ 1/{pz.issue_date:%m/%Y}"
    assert stock_paper(shop, receipt)[0].id == pz.id, "said twice is quiet"
    with shop.works.writing(SYSTEM) as work:
        transfer = stock_transfer.start(work, shop.ldz, shop.gdy)
        stock_transfer.add(work, transfer, shop.mug, 3)
        stock_transfer.send(work, transfer)
    (mm,) = stock_paper(shop, transfer)
    assert (mm.kind, sum(line["quantity"] for line in mm.snapshot["lines"])) == ("mm", 3)
    assert mm.snapshot["to_warehouse"]["code"] == "GDY"
    with shop.works.writing(SYSTEM) as work:
        stock_correction.correct(work, shop.mug, shop.bins["A-01"], -2, "damaged", key="k1")
    (rw,) = stock_paper(shop, newest(shop))
    assert (rw.kind, said(rw), rw.snapshot["reason"]) == ("rw", [("MUG", 2, "A-01")], "damaged")
    with shop.works.writing(SYSTEM) as work:
        stock_correction.correct(work, shop.pan, shop.bins["A-01"], 5, "found", key="k2")
    (pw,) = stock_paper(shop, newest(shop))
    assert (pw.kind, said(pw)) == ("pw", [("PAN", 5, "A-01")])
    with shop.works.reading(SYSTEM) as work:
        assert queries.listed(work.session, queries.Asked()).rows == []
        assert len(queries.listed(work.session, queries.Asked(kind="pz")).rows) == 1
    with pytest.raises(NotFound), shop.works.writing(SYSTEM) as work:
        warehouse_paper.issue_of_stock(work, 404)


def test_what_left(both):
    shop = open_shop(both)
    with shop.works.writing(SYSTEM) as work:
        take_in(work, shop.account, [make.order("A-1", {"MUG": 2, "SET": 1})])
        order_id = work.session.scalars(select(Order.id)).one()
        (shipment_id,) = ship.ship_order(work, order_id)
    with shop.works.writing(SYSTEM) as work:
        wz = warehouse_paper.issue_wz(work, shipment_id)
        assert warehouse_paper.issue_wz(work, shipment_id).id == wz.id
    assert (wz.kind, wz.order_id, wz.gross) == ("wz", order_id, 0)
    assert sum(line["quantity"] for line in wz.snapshot["lines"]) == 4
    with shop.works.reading(SYSTEM) as work:
        assert queries.of_order(work.session, order_id) == [], "no document for its buyer"
        assert not work.session.get(Order, order_id).is_documented
    with shop.works.writing(SYSTEM) as work:
        work.session.execute(text("UPDATE shipment SET shipped_at = NULL"))
    with pytest.raises(NotAllowedNow, match="has not left"), shop.works.writing(SYSTEM) as work:
        warehouse_paper.issue_wz(work, shipment_id)
    with pytest.raises(NotFound), shop.works.writing(SYSTEM) as work:
        warehouse_paper.issue_wz(work, 404)


def test_numbers_are_given_in_order_of_issue(both):
    shop = open_shop(both)
    numbers = []
    for _ in range(3):
        with shop.works.writing(SYSTEM) as work:
            receipt = stock_receipt.start(work, shop.ldz)
            stock_receipt.add(work, receipt, shop.mug, 1, shop.bins["A-01"])
            stock_receipt.post(work, receipt)
        numbers.append(stock_paper(shop, receipt)[0].sequence)
    assert numbers == [1, 2, 3]
    with shop.works.reading(SYSTEM) as work:
        rows = work.session.execute(select(Document.issue_date, Document.sale_date)).all()
        assert all(isinstance(issued, date) and issued == moved for issued, moved in rows)
        assert work.session.get(Warehouse, shop.ldz).code == "LDZ"
        assert work.session.scalars(select(Shipment.id)).all() == []


def departs(shop, issues=True):
    """An order left; its shipment, and what workers were asked to do."""
    with shop.works.writing(SYSTEM) as work:
        sending.change(work, {"buy_when": "asked", "label_format": "pdf_a6", "default_g": 1000,
                              "issues_wz": issues})
        work.session.get_one(Company, 1).recall_seconds = 60
        take_in(work, shop.account, [make.order("A-1", {"MUG": 2})])
        order_id = work.session.scalars(select(Order.id)).one()
    with shop.works.writing(KUBA) as work:
        return ship.ship_order(work, order_id)[0]


def papers(shop):
    with shop.works.reading(SYSTEM) as work:
        return [(one.number[:4], sum(line["quantity"] for line in one.snapshot["lines"]),
                 one.snapshot["issued_by"], one.snapshot["reference"][:4])
                for one in work.session.scalars(select(Document).order_by(Document.id))]


def later(shop, both):
    """The window in which a departure can be recalled is over, and workers work."""
    now = both.works.clock()
    both.works.clock = lambda: now + timedelta(hours=1)
    drain(both)


def test_a_wz_follows_a_departure_by_itself_once_and_only_where_it_is_wanted(both):
    shop = open_shop(both)
    departs(shop)
    drain(both)
    assert papers(shop) == [], "it can be recalled still"
    later(shop, both)
    assert papers(shop) == [("WZ 1", 2, KUBA.name, "")]
    with shop.works.writing(SYSTEM) as work:
        shipment = work.session.scalars(select(Shipment)).one()
        warehouse_paper.issue_by_itself(work, shipment.id, "somebody")
        assert warehouse_paper.issue_wz(work, shipment.id).sequence == 1
    assert len(papers(shop)) == 1


def test_where_it_is_not_wanted_no_wz_follows(oms):
    shop = open_shop(oms)
    departs(shop, issues=False)
    later(shop, oms)
    assert papers(shop) == []


def test_a_departure_that_is_recalled_takes_its_wz_back(both):
    shop = open_shop(both)
    shipment_id = departs(shop)
    with shop.works.writing(SYSTEM) as work:
        ship.recall(work, shipment_id)
    later(shop, both)
    assert papers(shop) == [], "it had not left by then"
    with shop.works.writing(SYSTEM) as work:
        (again,) = ship.ship_order(work, work.session.scalars(select(Order.id)).one())
        warehouse_paper.issue_wz(work, again)
    for _ in range(2):
        with shop.works.writing(KUBA) as work:
            ship.recall(work, again)
    assert papers(shop) == [("WZ 1", 2, "system", ""), ("WZ 2", -2, KUBA.name, "WZ 1")]
    assert "nie opuścił" in newest_paper(shop).snapshot["remark"]


def newest_paper(shop):
    with shop.works.reading(SYSTEM) as work:
        return work.session.scalars(select(Document).order_by(Document.id.desc())).first()
