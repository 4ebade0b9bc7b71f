"""Checks 13-16, 20 and 40-42: what is set is what buyers see, item by item."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import (
    AnswersLater,
    ChannelError,
    ItemResult,
    ListsOffers,
    OutcomeUnknown,
    PriceItem,
    PushesPrices,
    PushesStock,
    Response,
    StockItem,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.deeds import shown, stock, stock_items
from oms_connector.testing.facts import Request
from oms_connector.testing.faults import EMPTIED, Answer
from oms_connector.testing.oddities import without_rows
from oms_connector.testing.promise import keeps
from oms_connector.testing.reading import offering, read
from oms_connector.testing.sending import ask, push_prices, push_stock
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must, not_applicable
from oms_connector.testing.write import new_key

HUGE = 987_654


class Pushing:
    """Quantities and prices."""

    @keeps(13, "one result for each item, in order; an empty answer is no success", "silver")
    def test_13_results(self, bench: Bench) -> None:
        """The engine puts results beside items by their place."""
        bench.needs(PushesStock)
        good = stock_items(bench)[:2]
        bad = replace(good[0], offer_ref=bench.standin.unknown, sku=good[0].sku, key=new_key("bad"))
        results = push_stock(bench, [bad, *good])
        must(results[0].outcome == "rejected",
             f"the first of three items is of an unknown offer, and the results are {results}")
        for strike in (EMPTIED.strike, _no_rows):
            self._unanswered(bench, strike)

    def _unanswered(self, bench: Bench, strike: Any) -> None:
        deed = stock(bench)
        bench.line.faults = {1: strike}
        try:
            results = bench.call(deed.do)
        except (OutcomeUnknown, ChannelError):
            return
        finally:
            bench.line.faults = {}
        must(len(results) == 1, f"{len(results)} results for one item")
        must(results[0].outcome in ("unknown", "retry"),
             f"the channel's answer says nothing, and the result is {results[0].outcome!r}")

    @keeps(14, "a bad item stops no other", "silver")
    def test_14_partial_failure(self, bench: Bench) -> None:
        """The good ones are applied, the bad one says why."""
        bench.needs(PushesStock)
        first, last = stock_items(bench)[:2]
        bad = replace(first, offer_ref=bench.standin.unknown, key=new_key("bad"))
        results = push_stock(bench, [first, bad, last])
        must([one.outcome for one in results] == ["applied", "rejected", "applied"],
             f"good, bad, good became {[one.outcome for one in results]}")
        must(results[1].message or results[1].code, "a rejected item does not say why")
        for item in (first, last):
            see(bench, item)

    @keeps(15, "a full batch is taken, and so is one item more in a second", "silver")
    def test_15_full_batches(self, bench: Bench) -> None:
        """The engine sends at most stock_batch items in a call, and as many as that."""
        bench.needs(PushesStock)
        most = bench.kind_of_connector.manifest.capabilities.stock_batch
        for count in (most, most + 1):
            lacking = count - len(bench.standin.offers())
            if lacking > 0:
                self._more(bench, lacking)
            items = stock_items(bench)[:count]
            bad = [one for one in push_stock(bench, items) if one.outcome != "applied"]
            must(not bad, f"{len(bad)} of {len(items)} items were not applied: {bad[:1]}")
            now = {offer.offer_ref: offer.quantity for offer in bench.standin.offers()}
            must(all(now[item.offer_ref] == item.quantity for item in items), "not all arrived")

    def _more(self, bench: Bench, count: int) -> None:
        try:
            bench.standin.add_offers(count)
        except Absent:
            not_applicable("the stand-in has fewer offers than one batch and cannot add any")

    @keeps(16, "zero, the same again, a huge number: all exact; half a unit is refused", "silver")
    def test_16_quantities(self, bench: Bench) -> None:
        """Where a channel knows no zero, the connector ends the offer."""
        bench.needs(PushesStock)
        first = stock_items(bench)[0]
        for quantity in (0, 5, 5, 1, HUGE, 0):
            item = replace(first, quantity=quantity, key=new_key("stock"))
            [result] = push_stock(bench, [item])
            if result.outcome == "rejected" and quantity == HUGE:
                continue
            must(result.outcome == "applied", f"a quantity of {quantity} is {result}")
            see(bench, item)
        before = shown(bench, first.offer_ref).quantity
        half = replace(first, quantity=1.5, key=new_key("half"))  # type: ignore[arg-type]  # on purpose
        try:
            [result] = push_stock(bench, [half])
        except Exception:  # any refusal will do: the engine never asks for this
            result = ItemResult("rejected")
        must(result.outcome != "applied", "half a unit was taken")
        must(shown(bench, first.offer_ref).quantity == before, "half a unit was rounded and set")

    @keeps(20, "an old push that arrives late does not win over a newer one", "gold")
    def test_20_stale_push(self, bench: Bench) -> None:
        """The engine watches versions; a connector hands keys over where the channel keeps them."""
        bench.needs(PushesStock)
        if not bench.standin.refuses_stale:
            not_applicable("the channel takes what comes last; the engine's versions watch over it")
        old = stock_items(bench)[0]
        new = replace(old, quantity=old.quantity + 1, version=old.version + 1, key=new_key("stock"))
        for item in (old, new, old):
            push_stock(bench, [item])
        see(bench, new)

    @keeps(40, "every offer is listed once, with the quantity and the price buyers see", "bronze")
    def test_40_offers(self, bench: Bench) -> None:
        """What the channel shows is compared with what was sent."""
        bench.needs(ListsOffers)
        try:
            bench.standin.add_offers(bench.standin.page + 1)
        except Absent:
            must(bench.standin.offers(), "the stand-in has no offers")
        true = {offer.offer_ref: offer for offer in bench.standin.offers()}
        listed = read(bench, offering).items
        refs = [offer.offer_ref for offer in listed]
        must(sorted(refs) == sorted(true), f"{len(true)} offers are listed as {len(refs)}")
        for offer in listed:
            is_so = true[offer.offer_ref]
            must(offer.sku == is_so.sku, f"SKU {is_so.sku!r} is listed as {offer.sku!r}")
            must(not offer.active or offer.quantity in (None, is_so.quantity),
                 f"an offer shows {is_so.quantity} and is listed with {offer.quantity}")
            must(is_so.price is None or (offer.price, offer.currency)
                 == (is_so.price, is_so.currency), f"a price of {is_so.price} {is_so.currency} "
                 f"is listed as {offer.price!r} {offer.currency}")

    @keeps(41, "a price is set to the grosz, and a bad item stops no other", "silver")
    def test_41_prices(self, bench: Bench) -> None:
        """One result for each item, in order."""
        bench.needs(PushesPrices)
        offers = bench.standin.offers()[:2]
        amounts = [Decimal("19.99"), Decimal("1234567.89")]
        items = [PriceItem(offer.offer_ref, offer.sku, amount, offer.currency, 1, new_key("price"))
                 for offer, amount in zip(offers, amounts, strict=True)]
        bad = replace(items[0], offer_ref=bench.standin.unknown, key=new_key("bad"))
        results = push_prices(bench, [items[0], bad, items[1]])
        must([one.outcome for one in results] == ["applied", "rejected", "applied"],
             f"good, bad, good became {[one.outcome for one in results]}")
        for item in items:
            found = shown(bench, item.offer_ref).price
            must(found == item.price, f"a price of {item.price} became {found}")

    @keeps(42, "what was taken in is told of later, for each offer, for good", "silver")
    def test_42_later_answers(self, bench: Bench) -> None:
        """None while the channel works; never "accepted" again."""
        bench.needs(AnswersLater)
        item = stock_items(bench)[0]
        [result] = bench.call(lambda c: c.push_stock([item]))
        must(result.outcome == "accepted", f"it answers later, and says {result.outcome!r} at once")
        early = bench.call(lambda c: c.results(result.handle))
        must(early is None, f"the channel still works, and the connector says {early!r}")
        bench.standin.finish_pushes()
        ends = ask(bench, result.handle)
        must(set(ends) == {item.offer_ref}, f"one offer was pushed, and {sorted(ends)} are told of")
        must(ends[item.offer_ref].outcome == "applied", f"it became {ends[item.offer_ref]}")


def see(bench: Bench, item: StockItem) -> None:
    """See that buyers see what was sent.

    Raises:
        Broken: they see something else.
    """
    found = shown(bench, item.offer_ref).quantity
    if found != item.quantity:
        raise Broken(f"{item.quantity} was sent, and buyers see {found}")


def _no_rows(request: Request, answer: Answer) -> Response:
    """Success, and every list in the answer is empty: what Saleor says to a batch it ignores."""
    whole = answer()
    return Response(whole.status, whole.headers, without_rows(whole.body))
