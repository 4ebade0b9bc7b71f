"""Checks 8-12: odd documents, odd times, and changes that the channel hardly mentions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from oms_connector import (
    CursorExpired,
    FetchesOrders,
    Order,
    PullsOrders,
    SweepsOrders,
    Unreadable,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Basket, Paid
from oms_connector.testing.oddities import Oddity, oddities, spoiled
from oms_connector.testing.promise import keeps
from oms_connector.testing.reading import Shelf, differs, fetch, read, sweeping
from oms_connector.testing.shape import wrong
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must, not_applicable

# Both changes of the clock in Warsaw, a leap day, the end of a year.
MOMENTS = (
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 0, 45, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 15, tzinfo=UTC), datetime(2026, 12, 31, 22, 40, tzinfo=UTC),
)


class Changing:
    """What the connector makes of channels as they are."""

    @keeps(8, "an odd document harms no other, and is kept where it is not understood", "bronze")
    def test_08_odd_documents(self, bench: Bench) -> None:
        """Null, missing, another kind, a new word, an extra field: one at a time, everywhere."""
        bench.needs(PullsOrders)
        odd, other = bench.standin.place(Basket(lines=2), 1)[0], bench.place_apart(1)[0]
        clean = Shelf(read(bench, limit=10).items)
        found = {oddity.name: oddity for call in bench.line.calls if call.response
                 for oddity in oddities(call.response.body, odd)}
        if not found:
            not_applicable("the channel's answers are no JSON with whole orders in them")
        for oddity in found.values():
            self._one_oddity(bench, odd, other, clean, oddity)

    def _one_oddity(self, bench: Bench, odd: str, other: str, clean: Shelf, oddity: Oddity
                    ) -> None:
        bench.line.every = lambda request, answer: spoiled(answer(), odd, oddity)
        try:
            shelf = Shelf(read(bench, limit=10).items)
        except Exception as error:
            raise Broken(f"{oddity.name}: the whole page fails with {error!r}") from error
        finally:
            bench.line.every = None
        must(shelf.order(other) == clean.order(other), f"{oddity.name}: another order changed")
        item = shelf.orders.get(odd)
        must(item is not None, f"{oddity.name}: the order is lost")
        if isinstance(item, Order) and not wrong(clean.order(odd)):
            must(not wrong(item), f"{oddity.name}: {wrong(item)}")
        if isinstance(item, Unreadable):
            must(item.raw and item.reason, f"{oddity.name}: nothing is kept of what was unreadable")
        elif isinstance(item, Order) and oddity.was == clean.order(odd).raw_status:
            must(oddity.kind != "a new word" or item.state == "unpaid",
                 f"{oddity.name}: a status nobody knows is taken for {item.state!r}")

    @keeps(9, "no hour is lost when clocks change, on a leap day, at the end of a year", "silver")
    def test_09_odd_hours(self, bench: Bench) -> None:
        """An order every half hour, read one by one, each with the moment it was placed."""
        bench.needs(PullsOrders)
        for moment in MOMENTS:
            this = bench.again()
            this.clock.now = moment
            refs, shelf, cursor = [], Shelf(), None
            for _ in range(5):
                refs += this.place_apart(1)
                done = read(this, cursor=cursor)
                shelf.take(done.items)
                cursor = done.cursors[-1]
                this.clock.forward(minutes=30)
            shelf.expect(refs)
            for ref in refs:
                placed, true = shelf.order(ref).placed_at, this.standin.truth(ref).placed_at
                must(placed.tzinfo is not None, "placed_at has no zone")
                must(abs(placed - true) <= this.standin.precision,
                     f"an order of {true} is said to be of {placed}")
            if this.can(SweepsOrders):
                Shelf(read(this, sweeping(moment, this.clock.now)).items).expect(refs)

    @keeps(10, "a cursor older than the channel's memory is CursorExpired, not silence", "silver")
    def test_10_old_cursor(self, bench: Bench) -> None:
        """What happened in between can only be found by starting over."""
        bench.needs(PullsOrders)
        days = bench.kind_of_connector.manifest.capabilities.history_days
        if days is None:
            not_applicable("the channel forgets nothing (history_days is None)")
        assert days is not None
        bench.place_apart(1)
        stored = read(bench).cursors[-1]
        between = bench.place_apart(2)
        bench.clock.forward(days=days + 1)
        bench.standin.forget_history()
        late = bench.place_apart(1)
        bench.standin.forget_history()
        try:
            shelf = Shelf(read(bench, cursor=stored).items)
        except CursorExpired:
            shelf = Shelf(read(bench).items)
            shelf.expect(late)
            return
        shelf.expect(between + late)

    @keeps(11, "paid, changed, sent, refunded, cancelled: each is noticed within a cycle", "silver")
    def test_11_changes(self, bench: Bench) -> None:
        """Where the channel's own stamp does not move, ``updated_misses`` must say so."""
        bench.needs(PullsOrders)
        standin = bench.standin
        misses = bench.kind_of_connector.manifest.capabilities.updated_misses
        acts: list[tuple[str, Paid, Callable[[str], None], str]] = [
            ("paid", "unpaid", standin.pay, "payment"), ("changed", "paid", standin.edit, "note"),
            ("sent", "paid", standin.ship, "shipment"),
            ("refunded", "paid", standin.refund, "refund"),
            ("cancelled", "paid", standin.cancel, ""), ("called off", "unpaid", standin.cancel, ""),
        ]
        for name, payment, act, kind in acts:
            basket = Basket(payment=payment)
            [ref] = standin.place(basket)
            bench.settle()
            done = read(bench)
            before = Shelf(done.items).order(ref)
            shelf = Shelf(done.items)
            try:
                act(ref)
            except Absent:
                continue
            bench.settle()
            shelf.take(read(bench, cursor=done.cursors[-1]).items)
            if misses & {kind, "all"}:
                must(bench.can(FetchesOrders), f"updated_misses has {kind}, and nothing is fetched")
                shelf.take(fetch(bench, [ref]))
            wrong = differs(shelf.order(ref), standin.truth(ref))
            must(not wrong, f"an order was {name} after it had come in, and now {wrong}")
            must(name != "changed" or shelf.order(ref) != before, "a change was not noticed")

    @keeps(12, "what the channel shows late is not passed over", "silver")
    def test_12_late_orders(self, bench: Bench) -> None:
        """An older order appears behind a newer one that was read already."""
        bench.needs(PullsOrders)
        lag = bench.kind_of_connector.manifest.capabilities.settle_lag_s
        if not lag:
            not_applicable("the channel shows everything at once (settle_lag_s is 0)")
        [late] = bench.standin.place(Basket())
        bench.standin.hide(late, lag)
        shelf, cursor = Shelf(), None
        for _ in range(4):
            bench.clock.forward(lag // 3 or 1)
            bench.standin.place(Basket())
            done = read(bench, cursor=cursor)
            shelf.take(done.items)
            cursor = done.cursors[-1]
        bench.settle()
        shelf.take(read(bench, cursor=cursor).items).expect([late])
