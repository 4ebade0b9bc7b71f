"""Receipts, corrections, transfers and stocktakes: the ledger follows, promises never lie."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, ShortStock
from oms_web.core.events import OutboxEvent
from oms_web.domain.catalog.models import Variant
from oms_web.domain.fulfilment.models import PickList, PickTask
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.stock import documents, service, warehouses
from oms_web.domain.stock.costing import average_cost
from oms_web.domain.stock.models import (
    COUNT,
    CUSTOMER,
    SCRAP,
    TRANSIT,
    Balance,
    Location,
    Move,
    Reservation,
    StockDocument,
)
from oms_web.flows import stock_correction, stock_receipt, stock_transfer, stocktake
from oms_web.flows.order_in import take_in
from tests import factories as make


@pytest.fixture
def shop(oms):
    """Two warehouses with two bins each; ``MUG`` 10 in LDZ A-01, ``PAN`` none, ``SET`` a bundle."""
    return open_shop(oms)


@pytest.fixture
def shop_on_both(both):
    """The same shop, once on each engine."""
    return open_shop(both)


def open_shop(oms):
    with oms.works.writing(SYSTEM) as work:
        make.company(work)
        ldz = make.warehouse(work, "LDZ", 0, ["A-01", "A-02"])
        gdy = make.warehouse(work, "GDY", 1, ["G-01", "G-02"])
        mug, pan = make.variant(work, "MUG", ean="5900012003196"), make.variant(work, "PAN")
        made = Shop(oms.works, ldz.id, gdy.id, mug, pan, make.variant(work, "SET", parts={mug: 2}))
        made.account = make.account(work)
        made.bins = dict(work.session.execute(select(Location.code, Location.id)).all())
        make.put(work, mug, 10, location_id=made.bins["A-01"])
    return made


class Shop:
    """A small shop and short ways to ask it."""

    def __init__(self, works, ldz, gdy, mug, pan, bundle):
        self.works, self.ldz, self.gdy = works, ldz, gdy
        self.mug, self.pan, self.bundle = mug, pan, bundle

    def do(self, flow, *args, **values):
        with self.works.writing(SYSTEM) as work:
            return flow(work, *args, **values)

    def held(self, variant_id, code):
        place = TRANSIT if code == "road" else self.bins[code]
        with self.works.reading(SYSTEM) as work:
            row = work.session.get(Balance, (variant_id, place))
            return (row.on_hand, row.reserved) if row else (0, 0)

    def moves(self, reason):
        with self.works.reading(SYSTEM) as work:
            return [(m.from_id, m.to_id, m.quantity) for m in work.session.scalars(
                select(Move).where(Move.reason == reason).order_by(Move.id))]

    def order(self, number, **lines):
        with self.works.writing(SYSTEM) as work:
            take_in(work, self.account, [make.order(number, lines)])
            return work.session.scalar(select(func.max(Order.id)))

    def lines(self, document_id):
        with self.works.reading(SYSTEM) as work:
            return documents.lines(work.session, document_id)

    def state(self, document_id):
        with self.works.reading(SYSTEM) as work:
            return work.session.get(StockDocument, document_id).state

    def reserved(self, order_id):
        with self.works.reading(SYSTEM) as work:
            return work.session.execute(
                select(Order.queue, func.sum(OrderLine.reserved))
                .join(OrderLine).where(Order.id == order_id).group_by(Order.queue)).one()

    def check(self):
        """Balances agree with the ledger and with the reservations; promises with the lines."""
        with self.works.reading(SYSTEM) as work:
            session = work.session
            for balance in session.scalars(select(Balance)):
                here = (Move.variant_id == balance.variant_id)
                came = session.scalar(select(func.coalesce(func.sum(Move.quantity), 0))
                                      .where(here, Move.to_id == balance.location_id))
                went = session.scalar(select(func.coalesce(func.sum(Move.quantity), 0))
                                      .where(here, Move.from_id == balance.location_id))
                promised = session.scalar(
                    select(func.coalesce(func.sum(Reservation.quantity), 0))
                    .where(Reservation.variant_id == balance.variant_id,
                           Reservation.location_id == balance.location_id))
                assert (balance.on_hand, balance.reserved) == (came - went, promised)


def test_average_cost_by_hand():
    assert average_cost(10, 4_000_000, 30, 6_000_000) == 5_500_000
    assert average_cost(0, 4_000_000, 30, 6_000_000) == 6_000_000
    assert average_cost(-3, 4_000_000, 1, 7) == 7
    assert average_cost(5, None, 1, 7) == 7
    assert average_cost(1, 0, 1, 1) == 1  # half a micro is rounded up


# Receipts


def test_a_receipt_changes_stock_only_when_it_is_posted(shop_on_both):
    shop = shop_on_both
    doc = shop.do(stock_receipt.start, shop.ldz, partner=" Huta  szkła ", reference="WZ 7")
    for _ in range(3):
        units = shop.do(stock_receipt.add, doc, shop.mug)
    shop.do(stock_receipt.add, doc, shop.pan, 5, shop.bins["A-02"], unit_cost=4_000_000)
    assert units == 3
    assert shop.held(shop.mug, "A-01") == (10, 0)
    assert shop.do(stock_receipt.post, doc) == 8
    assert shop.do(stock_receipt.post, doc) == 0
    assert shop.held(shop.mug, "A-01") == (13, 0)  # where it lay already
    assert shop.held(shop.pan, "A-02") == (5, 0)
    with shop.works.reading(SYSTEM) as work:
        row = work.session.get(StockDocument, doc)
        assert (row.state, row.partner, row.posted_at is not None) == ("posted", "Huta szkła", True)
        assert work.session.get(Variant, shop.pan).cost == 4_000_000
        names = list(work.session.scalars(select(OutboxEvent.name)))
        assert "stock.changed" in names
    shop.check()


def test_a_receipt_renews_the_cost_as_an_average(shop):
    with shop.works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).where(Variant.id == shop.mug).values(cost=4_000_000))
    doc = shop.do(stock_receipt.start, shop.ldz)
    shop.do(stock_receipt.add, doc, shop.mug, 30, unit_cost=6_000_000)
    shop.do(stock_receipt.post, doc)
    with shop.works.reading(SYSTEM) as work:
        assert work.session.get(Variant, shop.mug).cost == 5_500_000


def test_lines_of_a_draft_can_be_corrected_moved_and_taken_out(shop):
    doc = shop.do(stock_receipt.start, shop.ldz)
    shop.do(stock_receipt.add, doc, shop.mug, 3)
    shop.do(stock_receipt.add, doc, shop.mug, 2, shop.bins["A-02"])
    first, second = shop.lines(doc)
    shop.do(stock_receipt.set_line, doc, first.id, 4, shop.bins["A-02"], 1_000_000)
    assert [(x.location_id, x.done) for x in shop.lines(doc)] == [(shop.bins["A-02"], 6)]
    shop.do(stock_receipt.set_line, doc, second.id, 0, shop.bins["A-02"])
    assert shop.lines(doc) == []
    with pytest.raises(NotAllowedNow, match="Nothing has been received"):
        shop.do(stock_receipt.post, doc)
    shop.do(stock_receipt.cancel, doc)
    with pytest.raises(NotAllowedNow, match="cancelled"):
        shop.do(stock_receipt.add, doc, shop.mug)


def test_what_cannot_be_received_is_refused(shop):
    doc = shop.do(stock_receipt.start, shop.ldz)
    with pytest.raises(Invalid, match="SET is a bundle"):
        shop.do(stock_receipt.add, doc, shop.bundle)
    with pytest.raises(NotFound, match="no such bin"):
        shop.do(stock_receipt.add, doc, shop.mug, 1, shop.bins["G-01"])
    with pytest.raises(NotFound, match="no such SKU"):
        shop.do(stock_receipt.add, doc, 999)
    with pytest.raises(Invalid):
        shop.do(stock_receipt.add, doc, shop.mug, -1)
    with pytest.raises(NotFound, match="no such warehouse"):
        shop.do(stock_receipt.start, 999)
    with pytest.raises(NotFound):
        shop.do(stock_transfer.cancel, doc)  # another kind


# Corrections


def test_a_correction_has_a_reason_a_document_and_happens_once(shop):
    for _ in range(2):
        shop.do(stock_correction.correct, shop.mug, shop.bins["A-01"], -3, "damaged", "spadły",
                key="k1")
    shop.do(stock_correction.correct, shop.pan, shop.bins["A-02"], 4, "found", key="k2")
    assert shop.held(shop.mug, "A-01") == (7, 0)
    assert shop.moves("write_off") == [(shop.bins["A-01"], SCRAP, 3)]
    assert shop.moves("correction") == [(COUNT, shop.bins["A-02"], 4)]
    with shop.works.reading(SYSTEM) as work:
        rows = work.session.execute(
            select(StockDocument.kind, StockDocument.state, StockDocument.reason)).all()
        assert rows == [("correction", "posted", "damaged"), ("correction", "posted", "found")]
        assert work.session.scalar(select(Move.note).where(Move.reason == "write_off")) == "spadły"
    shop.check()


@pytest.mark.parametrize(("change", "reason", "why"), [
    (0, "found", "changes nothing"), (-1, "found", "only adds"), (1, "damaged", "only takes"),
    (1, "whim", "Choose a reason"), (-11, "damaged", "only 10 units"),
])
def test_corrections_that_make_no_sense_are_refused(shop, change, reason, why):
    with pytest.raises(Invalid, match=why):
        shop.do(stock_correction.correct, shop.mug, shop.bins["A-01"], change, reason, key="k")
    assert shop.held(shop.mug, "A-01") == (10, 0)


def test_the_youngest_order_gives_way_and_then_says_it_is_short(shop_on_both):
    shop = shop_on_both
    first, second = shop.order("1", MUG=6), shop.order("2", MUG=4)
    assert shop.held(shop.mug, "A-01") == (10, 10)
    lost = shop.do(stock_correction.correct, shop.mug, shop.bins["A-01"], -3, "damaged", key="k")
    assert lost == {second}
    assert shop.held(shop.mug, "A-01") == (7, 7)
    assert shop.reserved(first) == ("pick", 6)
    assert shop.reserved(second) == ("short", 1)
    shop.check()


def test_an_order_that_loses_its_units_is_offered_others_first(shop):
    order = shop.order("1", MUG=4)
    with shop.works.writing(SYSTEM) as work:
        make.put(work, shop.mug, 9, location_id=shop.bins["G-01"])
    lost = shop.do(stock_correction.correct, shop.mug, shop.bins["A-01"], -10, "lost", key="k")
    assert lost == {order}
    assert shop.reserved(order) == ("pick", 4)
    assert shop.held(shop.mug, "G-01") == (9, 4)
    shop.check()


def test_a_bundle_that_loses_a_part_frees_whole_bundles(shop):
    order = shop.order("1", SET=5)
    assert shop.held(shop.mug, "A-01") == (10, 10)
    shop.do(stock_correction.correct, shop.mug, shop.bins["A-01"], -1, "damaged", key="k")
    assert shop.reserved(order) == ("short", 4)
    assert shop.held(shop.mug, "A-01") == (9, 8)
    shop.check()


# Transfers


def test_a_transfer_is_on_the_road_between_two_warehouses(shop_on_both):
    shop = shop_on_both
    doc = shop.do(stock_transfer.start, shop.ldz, shop.gdy)
    shop.do(stock_transfer.add, doc, shop.mug, 4)
    assert shop.held(shop.mug, "A-01") == (10, 0)
    assert shop.do(stock_transfer.send, doc) == 4
    assert shop.do(stock_transfer.send, doc) == 0
    assert (shop.held(shop.mug, "A-01"), shop.held(shop.mug, "road")) == ((6, 0), (4, 0))
    with shop.works.reading(SYSTEM) as work:
        assert service.free_units(work.session, [shop.mug]) == {shop.mug: 6}
    line = shop.lines(doc)[0].id
    assert shop.do(stock_transfer.receive, doc, {line: 3}, shop.bins["G-02"]) is False
    assert shop.do(stock_transfer.receive, doc, {line: 3}, shop.bins["G-02"]) is False
    assert shop.held(shop.mug, "G-02") == (3, 0)
    assert shop.do(stock_transfer.receive, doc, {line: 4}) is True
    assert shop.held(shop.mug, "G-02") == (4, 0)  # the rest goes where some lie already
    assert (shop.state(doc), shop.held(shop.mug, "road")) == ("posted", (0, 0))
    assert shop.do(stock_transfer.receive, doc, {line: 4}) is True  # said twice is quiet
    shop.check()


def test_only_free_units_are_sent_and_the_sku_is_named(shop):
    shop.order("1", MUG=8)
    doc = shop.do(stock_transfer.start, shop.ldz, shop.gdy)
    shop.do(stock_transfer.add, doc, shop.mug, 4)
    with pytest.raises(ShortStock) as caught:
        shop.do(stock_transfer.send, doc)
    assert str(caught.value) == "MUG: 4 units shall go, 2 are free in this bin."
    shop.do(stock_transfer.set_line, doc, shop.lines(doc)[0].id, 2)
    assert shop.do(stock_transfer.send, doc) == 2
    shop.check()


def test_what_never_arrives_is_written_off_with_a_word_or_comes_back(shop):
    doc = shop.do(stock_transfer.start, shop.ldz, shop.gdy)
    shop.do(stock_transfer.add, doc, shop.mug, 4)
    with pytest.raises(NotAllowedNow, match="not been sent"):
        shop.do(stock_transfer.receive, doc, {})
    shop.do(stock_transfer.send, doc)
    line = shop.lines(doc)[0].id
    for wrong in (5, -1):
        with pytest.raises(Invalid, match="can have arrived"):
            shop.do(stock_transfer.receive, doc, {line: wrong})
    shop.do(stock_transfer.receive, doc, {line: 1})
    with pytest.raises(Invalid, match="what happened"):
        shop.do(stock_transfer.close, doc, " ")
    assert shop.do(stock_transfer.close, doc, "zgubione w drodze") == 3
    assert (shop.held(shop.mug, "road"), shop.state(doc)) == ((0, 0), "posted")
    again = shop.do(stock_transfer.start, shop.ldz, shop.gdy)
    shop.do(stock_transfer.add, again, shop.mug, 2)
    shop.do(stock_transfer.send, again)
    assert shop.do(stock_transfer.bring_back, again) == 2
    assert shop.held(shop.mug, "A-01") == (6, 0)
    shop.check()


def test_a_transfer_needs_two_warehouses_and_something_on_it(shop):
    with pytest.raises(Invalid, match="two different"):
        shop.do(stock_transfer.start, shop.ldz, shop.ldz)
    doc = shop.do(stock_transfer.start, shop.ldz, shop.gdy)
    with pytest.raises(NotAllowedNow, match="nothing on this transfer"):
        shop.do(stock_transfer.send, doc)
    shop.do(stock_transfer.cancel, doc)
    shop.do(stock_transfer.cancel, doc)
    assert shop.state(doc) == "cancelled"


def test_promises_follow_their_units_to_the_next_bin(shop_on_both):
    shop = shop_on_both
    order = shop.order("1", MUG=7)
    for _ in range(2):
        shop.do(stock_transfer.move_between_bins, shop.mug, shop.bins["A-01"], shop.bins["A-02"],
                8, key="m1")
    assert shop.held(shop.mug, "A-01") == (2, 2)
    assert shop.held(shop.mug, "A-02") == (8, 5)
    assert shop.reserved(order) == ("pick", 7)
    shop.check()


def test_units_that_are_being_picked_stay_where_pickers_look(shop):
    order = shop.order("1", MUG=7)
    pick(shop, order, 0)
    with pytest.raises(NotAllowedNow, match="5 of these units are being picked"):
        shop.do(stock_transfer.move_between_bins, shop.mug, shop.bins["A-01"], shop.bins["A-02"],
                8, key="m")
    with shop.works.writing(SYSTEM) as work:
        work.session.execute(update(Location).where(Location.code == "A-02").values(sellable=False))
    with pytest.raises(NotAllowedNow, match="5 of these units are reserved"):
        shop.do(stock_transfer.move_between_bins, shop.mug, shop.bins["A-01"], shop.bins["A-02"],
                8, key="m")
    with pytest.raises(Invalid, match="only 10 units"):
        shop.do(stock_transfer.move_between_bins, shop.mug, shop.bins["A-01"], shop.bins["A-02"],
                11, key="m")
    with pytest.raises(NotFound):
        shop.do(stock_transfer.move_between_bins, shop.mug, shop.bins["A-01"], shop.bins["G-01"],
                1, key="m")
    shop.check()


def pick(shop, order_id, picked):
    """Put an order's mugs on an open pick list; ``picked`` of them are in the basket."""
    with shop.works.writing(SYSTEM) as work:
        row = PickList(warehouse_id=shop.ldz, created_by="x", created_at=work.now)
        work.session.add(row)
        work.session.flush()
        line = work.session.scalar(select(OrderLine).where(OrderLine.order_id == order_id))
        work.session.add(PickTask(
            pick_list_id=row.id, order_id=order_id, line_id=line.id, variant_id=shop.mug,
            location_id=shop.bins["A-01"], quantity=line.reserved, picked=picked))


# Stocktakes


def count(shop, doc, code, variant_id, units=1, **values):
    return shop.do(stocktake.count, doc, shop.bins[code], variant_id, units, **values)


def test_a_stocktake_posts_only_differences(shop_on_both):
    shop = shop_on_both
    doc = shop.do(stocktake.start, shop.ldz)
    for _ in range(9):
        counted = count(shop, doc, "A-01", shop.mug)
    assert (counted.done, counted.expected, counted.difference) == (9, 10, -1)
    count(shop, doc, "A-02", shop.pan, 2)  # nobody knew of these
    assert shop.do(stocktake.post, doc) == (2, set())
    assert shop.do(stocktake.post, doc) == (0, set())
    assert shop.moves("count") == [(COUNT, shop.bins["A-02"], 2), (shop.bins["A-01"], COUNT, 1)]
    shop.check()


def test_a_stocktake_that_agrees_moves_nothing(shop):
    doc = shop.do(stocktake.start, shop.ldz)
    count(shop, doc, "A-01", shop.mug, 10)
    assert shop.do(stocktake.post, doc) == (0, set())
    assert shop.moves("count") == []


def sell(shop, units):
    with shop.works.writing(SYSTEM) as work:
        service.move_units(work, [service.MoveWanted(
            shop.mug, shop.bins["A-01"], CUSTOMER, units, f"sold:{work.now}", "sale")])


def test_what_leaves_after_the_count_is_no_difference(shop):
    doc = shop.do(stocktake.start, shop.ldz)
    count(shop, doc, "A-01", shop.mug, 9)
    sell(shop, 4)
    assert shop.do(stocktake.post, doc)[0] == 1
    assert shop.held(shop.mug, "A-01") == (5, 0)  # 10 - 1 missing - 4 sold
    shop.check()


def test_what_leaves_while_scanning_is_shown_and_the_last_scan_compares(shop):
    doc = shop.do(stocktake.start, shop.ldz)
    for _ in range(3):
        count(shop, doc, "A-01", shop.mug)
    sell(shop, 2)
    for _ in range(5):
        counted = count(shop, doc, "A-01", shop.mug)
    assert (counted.done, counted.expected, counted.moved) == (8, 8, -2)
    afresh = count(shop, doc, "A-01", shop.mug, 7, afresh=True)
    assert (afresh.done, afresh.expected, afresh.moved) == (7, 8, 0)


def test_units_in_baskets_are_not_missing_from_the_shelf(shop_on_both):
    shop = shop_on_both
    order = shop.order("1", MUG=7)
    pick(shop, order, 4)
    doc = shop.do(stocktake.start, shop.ldz)
    counted = count(shop, doc, "A-01", shop.mug, 6)
    assert (counted.expected, counted.difference) == (6, 0)
    shop.do(stocktake.post, doc)
    assert shop.held(shop.mug, "A-01") == (10, 7)
    shop.check()


def test_orders_whose_units_are_in_a_basket_lose_them_last(shop):
    early, late = shop.order("1", MUG=5), shop.order("2", MUG=5)
    pick(shop, late, 5)
    doc = shop.do(stocktake.start, shop.ldz)
    assert count(shop, doc, "A-01", shop.mug, 3).difference == -2
    assert shop.do(stocktake.post, doc) == (1, {early})
    assert shop.reserved(early) == ("short", 3)
    assert shop.reserved(late)[1] == 5
    shop.check()


def test_the_rest_of_a_bin_can_be_counted_as_none(shop):
    with shop.works.writing(SYSTEM) as work:
        make.put(work, shop.pan, 3, location_id=shop.bins["A-01"])
    doc = shop.do(stocktake.start, shop.ldz)
    count(shop, doc, "A-01", shop.mug, 10)
    assert shop.do(stocktake.count_rest_as_none, doc, shop.bins["A-01"]) == 1
    assert shop.do(stocktake.count_rest_as_none, doc, shop.bins["A-01"]) == 0
    shop.do(stocktake.post, doc)
    assert shop.held(shop.pan, "A-01") == (0, 0)
    shop.check()


def test_a_count_that_the_ledger_has_overtaken_is_refused_by_name(shop):
    doc = shop.do(stocktake.start, shop.ldz)
    count(shop, doc, "A-01", shop.mug, 2)
    sell(shop, 5)
    with pytest.raises(NotAllowedNow, match="MUG: more units left"):
        shop.do(stocktake.post, doc)
    line = shop.lines(doc)[0]
    shop.do(stocktake.drop, doc, line.id)
    with pytest.raises(NotAllowedNow, match="Nothing has been counted"):
        shop.do(stocktake.post, doc)
    shop.do(stocktake.cancel, doc)
    assert shop.held(shop.mug, "A-01") == (5, 0)
    shop.check()


def test_a_scan_too_many_can_be_taken_back(shop):
    doc = shop.do(stocktake.start, shop.ldz)
    count(shop, doc, "A-01", shop.mug, 3)
    assert count(shop, doc, "A-01", shop.mug, -1).done == 2
    with pytest.raises(Invalid):
        count(shop, doc, "A-01", shop.mug, -3)


# Warehouses and bins


def test_a_new_warehouse_can_receive_at_once(shop):
    id_ = shop.do(warehouses.add_warehouse, warehouses.WarehouseEdit(" waw ", "Warszawa"))
    doc = shop.do(stock_receipt.start, id_)
    shop.do(stock_receipt.add, doc, shop.mug)
    assert shop.do(stock_receipt.post, doc) == 1
    with pytest.raises(InvalidForm) as caught:
        shop.do(warehouses.add_warehouse, warehouses.WarehouseEdit("WAW", " "))
    assert sorted(caught.value.problems) == ["code", "name"]
    shop.do(warehouses.edit_warehouse, id_, warehouses.WarehouseEdit("WAW", "Wola", 5))
    with pytest.raises(NotAllowedNow, match="still units in Wola"):
        shop.do(warehouses.set_warehouse_active, id_, False)


def test_bins_are_added_ordered_and_put_out_of_use(shop):
    fresh = shop.do(warehouses.add_bins, shop.ldz, ["A-02", " B-01 ", "B-01", "", "B-02"])
    assert fresh == ["B-01", "B-02"]
    with shop.works.reading(SYSTEM) as work:
        ids = dict(work.session.execute(select(Location.code, Location.id)).all())
    shop.do(warehouses.walk, shop.ldz, [ids["B-02"], ids["A-01"]])
    with shop.works.reading(SYSTEM) as work:
        order = list(work.session.scalars(
            select(Location.code).where(Location.warehouse_id == shop.ldz)
            .order_by(Location.path_order)))
    assert order == ["B-02", "A-01", "A-02", "B-01"]
    shop.do(warehouses.set_bin_active, ids["B-01"], False)
    with pytest.raises(NotAllowedNow, match="still units in A-01"):
        shop.do(warehouses.set_bin_active, ids["A-01"], False)
    with pytest.raises(InvalidForm) as caught:
        shop.do(warehouses.edit_bin, ids["B-02"], warehouses.BinEdit("A-01"))
    assert str(caught.value.problems["code"]) == "There is already a bin A-01."


def test_a_bin_that_is_not_sold_from_is_announced(shop):
    shop.do(warehouses.edit_bin, shop.bins["A-01"], warehouses.BinEdit("A-01", 0, sellable=False))
    with shop.works.reading(SYSTEM) as work:
        assert service.free_units(work.session, [shop.mug]) == {shop.mug: 0}
        last = work.session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc())).first()
        assert (last.name, last.payload) == (
            "stock.changed", {"variant_ids": [shop.mug], "more": False})
