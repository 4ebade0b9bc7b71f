"""Lists of orders: every filter against plain Python, every order once and in order."""

from __future__ import annotations

import random
import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from oms_connector import OrderLine as Told
from sqlalchemy import select, text

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import day_bounds, local_day
from oms_web.core.errors import Invalid
from oms_web.core.paging import seal
from oms_web.core.text import squeeze, words
from oms_web.domain.catalog import records
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders import filters, queries, search, walking
from oms_web.domain.orders.models import Hold, Order, OrderLine, OrderTag
from oms_web.domain.stock.models import Location, Reservation
from oms_web.wiring import wire
from tests import postgres
from tests.benchmarks import dataset
from tests.benchmarks.dataset import NOW
from tests.conftest import settings_for
from tests.floor import Floor

ORDERS = 400
OPEN = ("draft", "open", "packing", "shipped")
TO_SHIP = ("open", "packing")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A few hundred plausible orders on each engine, for tests that only read."""
    folder = tmp_path_factory.mktemp("lists")
    if request.param == "sqlite":
        file = folder / "oms.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        oms = wire(settings=settings_for(f"sqlite:///{file}", folder))
        dataset.fill(oms.engine, ORDERS)
        yield oms
        oms.engine.dispose()
        return
    server = request.getfixturevalue("postgres_server")
    postgres.copy(server, request.getfixturevalue("postgres_template"), "lists")
    oms = wire(settings=settings_for(postgres.named(server, "lists"), folder))
    dataset.fill(oms.engine, ORDERS)
    yield oms
    oms.engine.dispose()
    postgres.drop(server, "lists")


@pytest.fixture
def shop(filled):
    """A transaction that reads them, and what plain Python needs to know of them."""
    with filled.works.reading(SYSTEM) as work:
        yield work.session, Truth(work.session)


class Truth:
    """The same shop as Python objects."""

    def __init__(self, session):
        self.orders = session.scalars(select(Order)).all()
        self.lines = {}
        for line in session.scalars(select(OrderLine)):
            self.lines.setdefault(line.order_id, []).append(line)
        self.tags = set(session.execute(select(OrderTag.order_id, OrderTag.tag_id)).all())
        self.holds = set(session.execute(
            select(Hold.order_id, Hold.kind).where(Hold.released_at.is_(None))).all())
        houses = dict(session.execute(select(Location.id, Location.warehouse_id)).all())
        self.promised = {}
        for row in session.scalars(select(Reservation)):
            self.promised.setdefault(row.demand_id, set()).add(str(houses[row.location_id]))
        self.products = dict(session.execute(text(
            "SELECT id, product_id FROM variant")).all())

    def meets(self, order, name, values):
        return getattr(self, f"_{name}", None) and getattr(self, f"_{name}")(order, values)

    def _queue(self, order, values):
        return order.queue in values or "all" in values or (
            "open" in values and order.phase in OPEN)

    def _status(self, order, values):
        return str(order.status_id) in values

    def _account(self, order, values):
        return str(order.account_id or "none") in values

    def _payment(self, order, values):
        return order.payment_state in values

    def _country(self, order, values):
        return order.country in values or (values == ["abroad"] and order.country != "PL")

    def _courier(self, order, values):
        return (order.carrier or "none") in values

    def _source(self, order, values):
        return order.source in values

    def _tag(self, order, values):
        return any((order.id, int(value)) in self.tags for value in values)

    def _sku(self, order, values):
        return any(line.sku in values for line in self.lines[order.id])

    def _product(self, order, values):
        return any(str(self.products[line.variant_id]) in values for line in self.lines[order.id])

    def _hold(self, order, values):
        kinds = {kind for id_, kind in self.holds if id_ == order.id}
        return order.phase in OPEN and bool(kinds and ("any" in values or kinds & set(values)))

    def _issue(self, order, values):
        return order.strip[4] == "!"

    def _warehouse(self, order, values):
        return any(self.promised.get(line.id, set()) & set(values)
                   for line in self.lines[order.id]) and order.phase in TO_SHIP

    def _ship(self, order, values):
        return order.phase in TO_SHIP and any(self._leaves(order.ship_by, v) for v in values)

    def _leaves(self, due: datetime | None, when):
        end = day_bounds(local_day(NOW))[1]
        if due is None or when == "none":
            return due is None and when == "none"
        return {"late": due < NOW, "today": due < end,
                "tomorrow": end <= due < end + timedelta(days=1),
                "later": due >= end + timedelta(days=1)}[when]

    def _documents(self, order, values):
        return order.wants_invoice and not order.is_documented and order.phase in (
            "open", "packing", "shipped", "done")

    def _from(self, order, values):
        return local_day(order.placed_at) >= date.fromisoformat(values[0])

    def _to(self, order, values):
        return local_day(order.placed_at) <= date.fromisoformat(values[0])

    def ids(self, picked, sort):
        """The right answer."""
        found = [order for order in self.orders
                 if all(self.meets(order, name, values) for name, values in picked.items())]
        return [order.id for order in sorted(found, key=KEYS[sort])]


KEYS = {
    "newest": lambda o: (-o.placed_at.timestamp(), -o.id),
    "oldest": lambda o: (o.placed_at.timestamp(), o.id),
    "ship": lambda o: (
        (0, o.ship_by.timestamp(), o.id) if o.phase in TO_SHIP and o.ship_by
        else (1, o.id, 0) if o.phase in TO_SHIP else (2, -o.placed_at.timestamp(), -o.id)),
}
VALUES = {
    "queue": [["open"], ["all"], ["pick"], ["done"], ["cancelled"], ["pick", "short"],
              ["transit"], ["verify", "cancelled"], ["open", "done"]],
    "status": [["4"], ["9"], ["10"], ["4", "9"], ["99"]],
    "account": [["1"], ["6"], ["none"], ["2", "3"], ["none", "1"]],
    "payment": [["paid"], ["cod", "unpaid"], ["part"]],
    "country": [["DE"], ["abroad"], ["CZ", "SK"], ["IS"]],
    "courier": [["InPost"], ["none"], ["Poczta"], ["DPD", "DHL"]],
    "source": [["channel"], ["desk"], ["import"], ["desk", "channel"]],
    "tag": [["2"], ["1", "4"], ["99"]],
    "sku": [["KUB-00010"], ["nothing"]],
    "product": [["1"], ["3", "4"], ["1999"]],
    "hold": [["any"], ["manual"], ["address", "totals"]],
    "issue": [["1"]],
    "warehouse": [["1"], ["2"], ["1", "2"]],
    "ship": [["late"], ["today"], ["tomorrow"], ["later"], ["none"], ["late", "tomorrow"]],
    "documents": [["due"]],
    "from": [["2026-01-01"], ["2030-01-01"]],
    "to": [["2025-06-30"]],
}


def walked(session, picked, sort, size=33, most=400, more=()):
    """All pages of a list, one after the other."""
    conditions = [*filters.compile_all(picked, session, NOW), *more]
    after, ids = None, []
    for _ in range(most):
        page = walking.find(session, conditions, sort, after, size)
        assert len(page.ids) <= size
        assert page.ids or page.after is None or page.cut
        ids += page.ids
        after = page.after
        if after is None:
            return ids
    raise AssertionError("the list does not end")


def sorts(session, picked):
    conditions = filters.compile_all(picked, session, NOW)
    return [s for s in walking.SORTS if walking.sort_for(conditions, s) == s]


def cases(dice, many):
    """Every value alone, then combinations."""
    for name, options in VALUES.items():
        for values in options:
            yield {name: values}
    for _ in range(many):
        names = dice.sample(list(VALUES), dice.choice((2, 2, 3, 4)))
        yield {name: dice.choice(VALUES[name]) for name in names}


@pytest.mark.parametrize("rare", [0, 40, 1000])
def test_every_filter_gives_what_plain_python_gives(shop, monkeypatch, rare):
    """With nothing rare all lists are walked, in windows so small that every page is cut."""
    session, truth = shop
    monkeypatch.setattr(walking, "RARE", rare)
    if rare < 1000:
        monkeypatch.setattr(walking, "WINDOWS", (15, 50))
        monkeypatch.setattr(walking, "WIDE_WINDOWS", (25, 90))
    for picked in cases(random.Random(rare), 25):
        for sort in sorts(session, picked):
            assert walked(session, picked, sort) == truth.ids(picked, sort), (picked, sort)


def test_a_page_is_where_it_was_while_orders_come_and_go(shop):
    session, _truth = shop
    conditions = filters.compile_all({"queue": ["all"]}, session, NOW)
    first = walking.find(session, conditions, "newest", None, 10)
    session.execute(text("DELETE FROM order_key WHERE order_id = :id"), {"id": first.ids[-1]})
    session.execute(text("UPDATE sales_order SET placed_at = :late WHERE id = :id"),
                    {"late": NOW + timedelta(days=1), "id": first.ids[-1]})
    second = walking.find(session, conditions, "newest", first.after, 10)
    assert not set(first.ids) & set(second.ids)


def test_a_broken_page_link_is_refused(shop):
    session, _truth = shop
    conditions = filters.compile_all({"queue": ["open"]}, session, NOW)
    for token in ("x", seal("a", 1, 2), seal(9), seal(0, "x", 1), seal(0, 1), seal(0, 1, 2, 3),
                  seal(True, 1), seal(0, datetime(2026, 1, 1), 1)):  # noqa: DTZ001
        with pytest.raises(Invalid) as refused:
            walking.find(session, conditions, "ship", token)
        assert refused.value.field == "after"


def test_a_value_the_filter_does_not_know_is_refused(works):
    with works.reading(SYSTEM) as work:
        for name in set(filters.MAKERS) - {"country", "courier", "sku"}:
            with pytest.raises(Invalid) as refused:
                filters.compile_all({name: ["2026-13-01x"]}, work.session, NOW)
            assert refused.value.field == name


def test_the_address_is_read_without_repeats_and_blanks():
    args = {"queue": ["pick", " ", "pick"], "issue": ["1", "2"], "x": ["1"],
            "account": [str(n) for n in range(60)]}
    chosen = filters.chosen(args)
    assert (chosen["queue"], chosen["issue"], len(chosen["account"])) == (["pick"], ["1"], 40)
    assert "x" not in chosen


# Searching ------------------------------------------------------------------------------------


def keys_of(order):
    found = set(words(order.buyer_name)) | set(words(order.buyer_company))
    found |= {order.buyer_email.lower(), squeeze(order.external_number), squeeze(order.tax_id)}
    return {key for key in found if len(key) > 1}


def test_words_are_found_whole_or_begun_whatever_is_common(shop, monkeypatch):
    session, truth = shop
    for common in (0, 5, 1000):
        monkeypatch.setattr(search, "COMMON", common)
        monkeypatch.setattr(walking, "RARE", min(common, 30))
        monkeypatch.setattr(walking, "WINDOWS", (20, 60))
        _search_words(session, truth, common)


def _search_words(session, truth, common):
    everybody = {order.id: keys_of(order) for order in truth.orders}
    for typed in ("Anna", "anna", "KOWALCZYK", "żółkiewski", "piotr nowak", "tomasz mazur",
                  "i synowie", "qqq", "an no"):
        parts = words(typed)
        right = {
            id_ for id_, keys in everybody.items()
            if all(_met(part, keys, everybody, common) for part in parts)
        }
        hit = search.search(session, typed)
        found = walked(session, {}, "newest", more=[hit.condition])
        assert len(found) == len(set(found))
        assert set(found) == right, typed
        if hit.condition.word:  # walked by a common word
            assert found == sorted(found, reverse=True)


def _met(part, keys, everybody, common):
    """A word that many orders have must be met whole, any other may be the beginning of one."""
    whole = sum(part in one for one in everybody.values())
    return part in keys if whole > common else any(key.startswith(part) for key in keys)


def test_whole_codes_lead_straight_to_their_order(shop):
    session, truth = shop
    order = truth.orders[123]
    for typed in (str(order.id), f"#{order.id}", order.external_number.upper(),
                  "-".join((order.external_number[:4], order.external_number[4:]))):
        assert search.search(session, typed).only == order.id, typed
    tracked = search.search(session, "00340434161094042557", [order.id])
    assert tracked.only == order.id
    assert search.search(session, "Anna").only is None


def test_a_phone_is_found_with_and_without_its_country(shop):
    session, truth = shop
    order = truth.orders[7]
    digits = "".join(ch for ch in order.buyer_phone if ch.isdigit())[-9:]
    for typed in (order.buyer_phone, digits, f"{digits[:3]} {digits[3:6]} {digits[6:]}",
                  digits[:6]):
        hit = search.search(session, typed)
        assert order.id in walked(session, {}, "newest", more=[hit.condition]), typed


def test_a_sku_or_ean_finds_the_orders_that_hold_it(shop):
    session, truth = shop
    line = truth.lines[50][0]
    right = {id_ for id_, lines in truth.lines.items()
             if any(one.variant_id == line.variant_id for one in lines)}
    for typed in (line.sku, line.sku.lower(), f"59012345{line.variant_id:05}"):
        hit = search.search(session, typed)
        assert set(walked(session, {}, "newest", more=[hit.condition])) == right, typed


def test_words_of_a_product_find_the_orders_that_hold_it_and_their_buyers(both, monkeypatch):
    """By its name in the catalogue, or by the title of an offer that is not linked."""
    floor = Floor(both.works)
    with both.works.writing(SYSTEM) as work:
        for sku, title in (("KUB", "Kubek żółty emaliowany"), ("PUZ", "Puzzle Kubek i spodek")):
            variant = work.session.get_one(Variant, floor.ids[sku])
            variant.title, variant.search = title, records.search_text(title, "", sku)
    cup, both_, none = (floor.order(name, lines) for name, lines in (
        ("A", {"KUB": 1}), ("B", {"PUZ": 1, "KUB": 2}), ("C", {"SWI": 1})))
    bare = floor.order("D", [Told(line_ref="1", title="Donica żeliwna", quantity=1,
                                  unit_price=Decimal(9), offer_ref="x")])
    called = floor.order("E", {"SWI": 1}, buyer_name="Jan Kubek")
    for rare in (walking.RARE, 0):
        monkeypatch.setattr(walking, "RARE", rare)
        with both.works.reading(SYSTEM) as work:
            for typed, right in (("kubek", {cup, both_, called}), ("zolty kubek", {cup, both_}),
                                 ("spodek", {both_}), ("donica", {bare}), ("wazon", set()),
                                 ("żeliwna DONICA", {bare}), ("podek", set()), ("ku", {called})):
                hit = search.search(work.session, typed)
                found = walking.find(work.session, [hit.condition], "newest", None, 50).ids
                assert (len(found), set(found)) == (len(right), right), typed
                assert none not in found


def test_a_search_can_be_narrowed(shop):
    session, truth = shop
    hit = search.search(session, "anna")
    found = walked(session, {"queue": ["open"]}, "ship", more=[hit.condition])
    open_annas = [o for o in truth.orders if o.phase in OPEN and "anna" in keys_of(o)]
    assert found == [o.id for o in sorted(open_annas, key=KEYS["ship"])]


# Rows and counts ------------------------------------------------------------------------------


def test_rows_come_in_the_asked_order_with_their_first_line_and_tags(shop):
    session, truth = shop
    ids = [300, 12, 399, 77]
    rows = queries.rows(session, [*ids, 999_999])
    assert [row.id for row in rows] == ids
    for row in rows:
        lines = sorted(truth.lines[row.id], key=lambda line: line.position)
        assert (row.first.title, row.first.quantity, row.first.more) == (
            lines[0].title, lines[0].quantity, len(lines) - 1)
        assert len(row.tags) == len([1 for id_, _ in truth.tags if id_ == row.id])


def test_counts_stop_at_their_cap_and_agree_below_it(shop):
    session, truth = shop
    done = [Order.phase == "done"]
    right = sum(order.phase == "done" for order in truth.orders)
    assert queries.capped(session, done) == right
    assert queries.capped(session, done, 10) == 11
    counts = queries.view_counts(session, NOW)
    picked = {"today": {"ship": ["today"]}, "cod": {"payment": ["cod"]},
              "abroad": {"country": ["abroad"]}, "issues": {"issue": ["1"]}}
    for name, filter_ in picked.items():
        ids = truth.ids(filter_, "newest")
        to_ship = {order.id for order in truth.orders if order.phase in TO_SHIP}
        assert counts[name] == len(to_ship & set(ids)), name


def test_new_orders_are_counted_from_a_number_on(shop):
    session, truth = shop
    conditions = filters.compile_all({"queue": ["open"]}, session, NOW)
    assert queries.newer(session, conditions, queries.last_number(session)) == 0
    right = sum(order.id > 390 and order.phase in OPEN for order in truth.orders)
    assert queries.newer(session, conditions, 390) == right > 0


def test_the_values_of_a_column_are_found_without_a_scan(shop):
    session, truth = shop
    assert queries.distinct(session, Order.country) == sorted({o.country for o in truth.orders})
    assert queries.distinct(session, Order.country, 2) == sorted(
        {o.country for o in truth.orders})[:2]
