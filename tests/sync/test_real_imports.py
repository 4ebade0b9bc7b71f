"""Real files from the folder beside the project: what the books say equals what was counted apart.

The expected figures were computed from the same files by other programs.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from oms_web.core.money import from_micro, from_minor
from oms_web.core.text import tidy
from oms_web.domain.catalog.models import Barcode, Product, Variant
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, OrderTag, Tag
from oms_web.domain.returns.models import Return, ReturnLine
from oms_web.domain.stock.models import CUSTOMER, SCRAP, Move, StockDocument
from oms_web.inspection import ledgers
from oms_web.sync.file_runs import Options
from oms_web.sync.models import Quarantine
from tests.sizes import whole_only
from tests.sync.file_shop import CLERK, content, shop, sizes

BOTH = Options(create_products=True, opening_stock=True)
pytestmark = pytest.mark.slow


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def sliced(path, target, count):
    """The first rows of a packed file, up to the end of an order."""
    last = ""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream, target.open("w") as out:
        for number, line in enumerate(stream):
            key = line.split(",")[0]
            if number >= count and key != last:
                break
            last = key
            out.write(line)
    return target


@pytest.fixture
def retail(shared):
    return shared / "data" / "transactions" / "online_retail"


def ledger(here):
    """SKU -> units sold, come back and written off, as the ledger has them."""
    found = defaultdict(Counter)
    for sku, reason, units in here.rows(
        select(Variant.sku, Move.reason, func.sum(Move.quantity))
        .join(Variant, Variant.id == Move.variant_id).group_by(Variant.sku, Move.reason)
    ):
        found[sku][reason] = int(units)
    return found


def assert_books(here):
    with here.oms.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []


@whole_only
def test_nine_months_of_a_wholesaler_to_the_last_unit_and_penny(oms, tmp_path, retail):
    """320,705 lines: 12,977 sales, 2,554 returns, 925 write-offs, three lines of bad debt."""
    here = shop(oms, tmp_path / "seller")
    source = retail / "online_retail_2010-12_2011-08.csv.gz"
    found = here.run(source, "online-retail", options=BOTH)
    told = json.loads((retail / "expected_totals_share.json").read_text())
    assert here.counts(found) == (told["invoices"], told["invoices"] - 3, 0, 0, 3)
    assert found.reasons == [("Bad debt adjustment: money without goods", 3)]

    books = ledger(here)
    with (retail / "expected_ledger_share.csv").open(newline="") as stream:
        expected = list(csv.DictReader(stream))
    assert len(expected) == told["stock_codes"]
    for row in expected:
        mine = books[row["StockCode"]]
        assert (mine["sale"], mine["return"], mine["write_off"]) == (
            int(row["sold"]), int(row["cancelled"]), int(row["adjusted"])), row
        assert mine["sale"] - mine["return"] - mine["write_off"] == int(row["net_out"]), row
    assert set(books) <= {row["StockCode"] for row in expected}

    sales = here.rows(select(OrderLine.unit_price, OrderLine.quantity))
    back = here.rows(select(ReturnLine.unit_price, ReturnLine.quantity))
    assert len(sales) == told["sale"]["lines"]
    assert len(back) == told["cancel"]["lines"]
    assert value(sales) == Decimal(told["sale"]["value_gbp"])
    assert -value(back) == Decimal(told["cancel"]["value_gbp"])
    assert (units(sales), units(back)) == (told["sale"]["units"], -told["cancel"]["units"])
    assert here.rows(select(func.count()).select_from(StockDocument).where(
        StockDocument.reason != "opening")) == [(told["adjust"]["lines"],)]
    waiting = here.rows(select(Quarantine.external_id, Quarantine.raw))
    assert sorted(external_id for external_id, _ in waiting) == ["A563185", "A563186", "A563187"]
    assert all("Adjust bad debt" in raw and "11062.06" in raw for _, raw in waiting)
    # British winter time is UTC, summer time an hour ahead of it.
    assert moment(here, func.min(Order.placed_at)) == "2010-12-01T08:26:00+00:00"
    assert moment(here, func.max(Return.received_at)) == "2011-08-31T16:45:00+00:00"
    assert min(here.stock().values()) == 0
    assert_books(here)

    before = sizes(oms), here.stock()
    again = here.run(source, "online-retail", options=BOTH)
    assert here.counts(again) == (told["invoices"], 0, 0, told["invoices"] - 3, 3)
    assert (sizes(oms), here.stock()) == before


def moment(here, column):
    (found,) = here.rows(select(column))
    return found[0].isoformat()


def value(lines):
    return sum((from_micro(price) * quantity for price, quantity in lines), Decimal(0))


def units(lines):
    return sum(quantity for _, quantity in lines)


@whole_only
def test_a_marketplace_report_order_by_order(oms, tmp_path, shared):
    """71,177 orders: every one of them is either in the shop or in quarantine, with its text."""
    folder = shared / "data" / "transactions" / "amazon_india"
    source = folder / "amazon_in_orders_share.csv.gz"
    told = json.loads((folder / "expected_totals.json").read_text())
    here = shop(oms, tmp_path / "seller")
    found = here.run(source, "amazon-report", options=Options(create_products=True))
    assert found.run.read == told["distinct_orders"] == found.run.added + found.run.quarantined
    assert found.reasons == [("the order has no line left: The report gives quantity 0", 7394)]

    stored = here.rows(select(OrderLine.quantity, OrderLine.total, Order.phase).join(
        Order, Order.id == OrderLine.order_id))
    waiting = here.rows(select(Quarantine.external_id, Quarantine.raw, Quarantine.reason))
    raw = [row for _, text, _ in waiting for row in csv.DictReader(text.splitlines())]
    assert len(stored) + len(raw) + sum(n for _, n in found.skipped) == told["lines"]
    assert sum(quantity for quantity, _, _ in stored) == told["units"]
    amount = from_minor(sum(total for _, total, _ in stored), "INR")
    left = sum((Decimal(row["Amount"]) for row in raw if row["Amount"]), Decimal(0))
    assert amount + left == Decimal(told["amount_inr"])
    kept = sum(total for _, total, phase in stored if phase != "cancelled")
    assert from_minor(kept, "INR") == Decimal(told["amount_inr_excluding_cancelled"])
    assert all(reason for _, _, reason in waiting)

    ids = {row["Order ID"] for row in rows_of(source)}
    mine = {row[0] for row in here.rows(select(ChannelOrder.external_id))}
    held = {external_id for external_id, _, _ in waiting}
    assert mine | held == ids
    assert not mine & held
    statuses = Counter(row["Status"] for row in raw)
    statuses.update(dict(here.rows(
        select(ChannelOrder.raw_status, func.count()).select_from(OrderLine)
        .join(ChannelOrder, ChannelOrder.id == OrderLine.channel_order_id)
        .group_by(ChannelOrder.raw_status))))
    apart = Counter(told["status_lines"])
    assert not statuses - apart
    assert sum((apart - statuses).values()) == sum(n for _, n in found.skipped)
    returned = here.rows(
        select(func.count()).select_from(OrderLine).join(
            OrderTag, OrderTag.order_id == OrderLine.order_id)
        .join(Tag, Tag.id == OrderTag.tag_id)
        .where(Tag.name.in_(("returned to seller", "returning to seller", "rejected by buyer"))))
    assert returned[0][0] + 3 == told["returned_or_rejected_lines"], "three of them had quantity 0"
    # Two forms of date in one file; days begin in India.
    assert moment(here, func.min(Order.placed_at)) == "2022-03-30T18:30:00+00:00"
    assert moment(here, func.max(Order.placed_at)) == "2022-05-18T18:30:00+00:00"
    assert_books(here)


def test_northwind_with_its_customers_discounts_and_freight(oms, tmp_path, shared):
    """830 orders, 2,155 lines out of five joined files; the sums are computed here once more."""
    folder = shared / "data" / "transactions" / "northwind"
    here = shop(oms, tmp_path / "seller")
    found = here.run(folder / "orders.csv", "northwind-orders", options=BOTH)
    assert here.counts(found) == (830, 830, 0, 0, 0)
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as stream:
        heads = {row["OrderID"]: row for row in csv.DictReader(stream)}
    with (folder / "order_details.csv").open(encoding="utf-8", newline="") as stream:
        details = list(csv.DictReader(stream))
    exact = sum((Decimal(row["UnitPrice"]) * int(row["Quantity"]) * (1 - Decimal(row["Discount"]))
                 for row in details), Decimal(0))
    lines = here.rows(select(OrderLine.unit_price, OrderLine.quantity))
    assert len(lines) == len(details) == 2155
    assert value(lines) == exact
    assert units(lines) == sum(int(row["Quantity"]) for row in details)
    orders = {row[0]: row for row in here.rows(select(
        Order.external_number, Order.shipping_total, Order.phase, Order.buyer_company,
        Order.country, Order.units))}
    assert orders.keys() == heads.keys()
    freight = sum(round(Decimal(row["Freight"]) * 100) for row in heads.values())
    assert sum(row[1] for row in orders.values()) == freight
    open_ones = {number for number, row in orders.items() if row[2] == "open"}
    assert open_ones == {number for number, row in heads.items() if not row["ShippedDate"]}
    assert len(open_ones) == 21
    assert orders["10248"][3:5] == ("Vins et alcools Chevalier", "FR")
    assert {row[4] for row in orders.values()} >= {"GB", "US", "IE", "PL"}
    assert "" not in {row[4] for row in orders.values()}
    assert min(here.stock().values()) >= 0
    assert_books(here)
    before = content(oms)
    assert here.counts(here.run(folder / "order_details.csv", "northwind-orders", options=BOTH)) \
        == (830, 0, 0, 830, 0)
    assert content(oms) == before


def test_polish_products_with_their_barcodes(oms, tmp_path, shared):
    path = shared / "data" / "products" / "off_pl_590_products.csv"
    here = shop(oms, tmp_path / "seller")
    found = here.run(path, "products-off", kind="products")
    assert here.counts(found) == (1805, 1805, 0, 0, 1)
    with path.open(encoding="utf-8", newline="") as stream:
        told = {row["ean13"]: row for row in csv.DictReader(stream)}
    names = {sku: (name, text) for sku, name, text in here.rows(
        select(Variant.sku, Product.name, Product.description)
        .join(Product, Product.id == Variant.product_id))}
    assert names.keys() == told.keys()
    for ean, row in told.items():
        assert names[ean][0] == tidy(row["name"])
        assert names[ean][1] == row["ingredients"].strip()
    codes = {code for (code,) in here.rows(select(Barcode.code))}
    assert codes == told.keys() - {"5900079204111"}
    (reason,) = here.rows(select(Quarantine.external_id, Quarantine.reason))
    assert reason == ("5900079204111",
                      "5900079204111 is not an EAN: its last digit should be 6.")
    before = content(oms)
    assert here.counts(here.run(path, "products-off", kind="products")) == (1805, 0, 0, 1805, 1)
    assert content(oms) == before


def test_units_leave_for_the_buyer_and_for_scrap_only(oms, tmp_path, retail):
    here = shop(oms, tmp_path / "seller")
    path = sliced(retail / "online_retail_2010-12_2011-08.csv.gz", tmp_path / "slice.csv", 4000)
    here.run(path, "online-retail", options=BOTH)
    ends = set(here.rows(select(Move.reason, Move.to_id).where(Move.to_id.in_((CUSTOMER, SCRAP)))))
    assert ends == {("sale", CUSTOMER), ("write_off", SCRAP)}
