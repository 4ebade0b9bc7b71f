"""Checks 17, 19, 21, 35, 43-45, 47, 49, 52 and 53: what the channel is told, it is told once."""

from __future__ import annotations

from dataclasses import replace
from operator import methodcaller
from typing import get_args

from oms_connector import (
    AcknowledgesOrders,
    CancelsOrders,
    Conflict,
    Dictionary,
    FetchesOrders,
    Invoice,
    KnowsWords,
    ListsOffers,
    NotSupported,
    OrdersWebhooks,
    ParcelInfo,
    PullsOrders,
    PushesShipments,
    PushesStatus,
    PushesStock,
    Refused,
    ReportsSms,
    SendsSms,
    Shipment,
    UploadsInvoices,
    Word,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.deeds import (
    new_sms,
    parcel_left,
    stock_items,
    subscription,
    writes,
)
from oms_connector.testing.facts import Basket
from oms_connector.testing.promise import keeps
from oms_connector.testing.pulling import current
from oms_connector.testing.reading import Shelf, offering, pulling, read, units
from oms_connector.testing.sending import push_stock
from oms_connector.testing.verdict import Broken, must, not_applicable
from oms_connector.testing.write import new_key


class Telling:
    """Shipments, statuses, documents, acknowledgements, subscriptions."""

    @keeps(17, "said again with the same key, it has one effect", "silver")
    def test_17_same_key(self, bench: Bench) -> None:
        """Whatever the engine is not sure of it says again."""
        makers = writes(bench)
        if not makers:
            not_applicable("the connector writes nothing")
        for name, make in makers.items():
            deed = make(bench)
            for number in range(3 if deed.again else 1):
                try:
                    bench.call(deed.do)
                except Conflict:
                    must(number, f"{name}: a conflict with itself")
                must(deed.is_done, f"{name}, said {number + 1} times, should leave "
                     f"{deed.wanted!r}; the channel has {deed.effect()!r}")

    @keeps(19, "a status for an order that somebody changed meanwhile is a Conflict", "silver")
    def test_19_stale_revision(self, bench: Bench) -> None:
        """The engine reads the order again and decides anew."""
        bench.needs(PushesStatus)
        [ref] = bench.place_apart(1)
        old = current(bench, ref).revision
        wanted, before = bench.standin.next_status(ref), bench.standin.status(ref)
        bench.standin.edit(ref)
        bench.settle()
        try:
            bench.call(lambda c: c.push_status(ref, wanted, old))
        except Conflict:
            must(bench.standin.status(ref) == before, "a conflict, and the status was set")
            new = current(bench, ref).revision
            bench.call(lambda c: c.push_status(ref, wanted, new))
            must(bench.standin.status(ref) == wanted, "the right revision does not work")
            return
        raise Broken("an order changed meanwhile, and its status was set all the same")

    @keeps(21, "tracking that the channel has already is success", "silver")
    def test_21_same_tracking(self, bench: Bench) -> None:
        """Somebody typed the same number into the channel's panel, or another key was used."""
        bench.needs(PushesShipments)
        told = parcel_left(bench)
        ref, number = told.external_id, told.parcels[0].tracking
        bench.call(lambda c: c.push_shipment(told))
        again = replace(told, key=new_key("shipment"))
        try:
            bench.call(lambda c: c.push_shipment(again))
        except Exception as error:
            raise Broken(f"the channel has this very number, and it ends in {error!r}") from error
        must(list(bench.standin.shipments(ref)) == [number],
             f"one parcel is there as {list(bench.standin.shipments(ref))}")

    @keeps(35, "a whole day: an order comes, stock goes out, the parcel leaves, all is read back",
           "gold")
    def test_35_a_day(self, bench: Bench) -> None:
        """The references of one call are those of another."""
        bench.needs(PullsOrders, ListsOffers, PushesStock)
        [ref] = bench.standin.place(Basket(lines=2, quantity=2))
        bench.settle()
        order = Shelf(read(bench).items).order(ref)
        offers = {offer.offer_ref: offer for offer in read(bench, offering).items}
        must(all(line.offer_ref in offers for line in order.lines),
             "a line of an order names an offer that is not among the offers")
        sold = {line.offer_ref for line in order.lines}
        items = [item for item in stock_items(bench, 41) if item.offer_ref in sold]
        results = push_stock(bench, items)
        must(all(one.outcome == "applied" for one in results), f"stock was pushed: {results}")
        back = {offer.offer_ref: offer for offer in read(bench, offering).items}
        must(all(back[offer].quantity == 41 for offer in sold), "other quantities are read back")
        if bench.can(PushesShipments):
            self._leave(bench, ref)

    def _leave(self, bench: Bench, ref: str) -> None:
        order = current(bench, ref)
        parcel = ParcelInfo(bench.standin.carrier, "00159007731234567890")
        told = Shipment(ref, new_key("day"), bench.clock.now, [parcel], units(order))
        bench.call(lambda c: c.push_shipment(told))
        bench.settle()
        if bench.can(FetchesOrders) or bench.standin.truth(ref).state == "shipped":
            found, true = current(bench, ref).state, bench.standin.truth(ref).state
            must(found == true, f"after the parcel left, the order is {true!r}, read as {found!r}")

    @keeps(43, "units or whole orders are called off, and twice is once", "silver")
    def test_43_cancelling(self, bench: Bench) -> None:
        """Lines by their reference; none means the whole order."""
        bench.needs(CancelsOrders)
        [ref] = bench.standin.place(Basket(lines=2, quantity=3))
        bench.settle()
        line = next(iter(bench.standin.truth(ref).units))
        try:
            for _ in range(2):
                bench.call(lambda c: c.cancel_order(ref, {line: 3}, "broken"))
        except NotSupported:  # the channel calls off whole orders only
            must(sum(bench.standin.truth(ref).units.values()) == 6, "no was said, and units went")
        else:
            left = bench.standin.truth(ref)
            must(left.units.get(line, 0) == 0, f"{left.units.get(line)} are left")
            must(sum(left.units.values()) == 3, f"3 units should be left, not {dict(left.units)}")
            must(units(current(bench, ref)) == {k: n for k, n in left.units.items() if n},
                 "cancelled units are read back as wanted")
        for _ in range(2):
            bench.call(lambda c: c.cancel_order(ref, {}, "broken too"))
        must(bench.standin.truth(ref).state == "cancelled", "the order was not called off")

    @keeps(44, "a document reaches the buyer byte for byte", "silver")
    def test_44_documents(self, bench: Bench) -> None:
        """Whatever encoding lies in between; and a correction is a second document."""
        bench.needs(UploadsInvoices)
        [ref] = bench.place_apart(1)
        pdf = b"%PDF-1.7\n" + bytes(range(256)) * 40
        for number in (1, 2):
            told = Invoice(ref, new_key("invoice"), f"FV {number}/2026", bench.clock.now,
                           pdf + bytes([number]))
            bench.call(methodcaller("upload_invoice", told))
        found = list(bench.standin.documents(ref))
        must(found == [pdf + b"\x01", pdf + b"\x02"],
             f"two documents became {len(found)}, or other bytes")

    @keeps(45, "subscribed twice is rung once; ending what is not there is no error", "gold")
    def test_45_subscriptions(self, bench: Bench) -> None:
        """Reconnecting an account subscribes again."""
        bench.needs(OrdersWebhooks)
        before = sorted(bench.standin.subscriptions())
        deed = subscription(bench)
        first = bench.call(deed.do)
        second = bench.call(deed.do)
        must(deed.is_done, f"two subscriptions of one address: {bench.standin.subscriptions()}")
        must(sorted(first) == sorted(second), "the same subscriptions have other references")
        bench.call(lambda c: c.unsubscribe([*second, bench.standin.unknown]))
        must(sorted(bench.standin.subscriptions()) == before, "they were not ended")
        bench.call(lambda c: c.unsubscribe(second))

    @keeps(47, "the channel's words have references of their own, and statuses work", "silver")
    def test_47_words(self, bench: Bench) -> None:
        """What a seller maps to must be what can be pushed."""
        bench.needs(KnowsWords)
        for kind in get_args(Dictionary):
            words = bench.call(methodcaller("words", kind))
            must(all(isinstance(word, Word) and word.ref and word.name for word in words),
                 f"{kind}: a word without reference or name")
            refs = [word.ref for word in words]
            must(len(set(refs)) == len(refs), f"{kind}: references are not unique")
        if bench.can(PushesStatus):
            [ref] = bench.place_apart(1)
            statuses = {word.ref for word in bench.call(lambda c: c.words("statuses"))}
            wanted = bench.standin.next_status(ref)
            must(wanted in statuses, f"status {wanted!r} is not among {sorted(statuses)}")

    @keeps(49, "an order stays in the inbox until it is acknowledged", "bronze")
    def test_49_inbox(self, bench: Bench) -> None:
        """A crash before that must leave it there."""
        bench.needs(AcknowledgesOrders, PullsOrders)
        refs = bench.place_apart(2)
        bench.call(lambda c: pulling(c, None, 10))
        must(set(refs) <= bench.standin.inbox(), "reading alone has emptied the inbox")
        for _ in range(2):
            bench.call(lambda c: c.acknowledge(refs[:1]))
        must(set(refs) & bench.standin.inbox() == {refs[1]}, "one of two was acknowledged; in the "
             f"inbox are {sorted(bench.standin.inbox())}")
        bench.call(lambda c: c.acknowledge([]))

    @keeps(52, "an SMS reaches the number it is for, letter by letter, or is refused", "silver")
    def test_52_sms(self, bench: Bench) -> None:
        """Short, long, with the letters of other languages; a number that is none is no fault."""
        bench.needs(SendsSms)
        for text in ("ok", "Zażółć gęślą jaźń", "& = + %26 ? # [x] {{y}} €", "długi tekst " * 30):
            told = new_sms(text.strip())
            bench.call(methodcaller("send_sms", told))
            found = list(bench.standin.texts(told.to))
            must(found == [told.text], f"{told.text[:40]!r} was sent as {found!r}"[:300])
        wrong = replace(new_sms("ok"), to="+48")
        try:
            bench.call(lambda c: c.send_sms(wrong))
        except Refused as refusal:
            must(refusal.field == "to", f"the number is wrong; it blames {refusal.field!r}")
            return
        raise Broken("an SMS to no number was taken")

    @keeps(53, "of each SMS it is told whether it arrived, in the order asked for", "silver")
    def test_53_reports(self, bench: Bench) -> None:
        """What is on its way is not there yet."""
        bench.needs(ReportsSms)
        refs = [bench.call(methodcaller("send_sms", new_sms(f"no. {number}")))
                for number in range(3)]
        must(len(set(refs)) == 3 and all(refs), f"references are not unique: {refs}")
        bench.standin.fail(refs[0])
        bench.standin.arrive(refs[2])
        asked = [refs[2], bench.standin.unknown, refs[0], refs[1]]
        found = bench.call(lambda c: c.sms_reports(asked))
        must([one and one.reference for one in found] == [refs[2], None, refs[0], refs[1]],
             f"asked for {asked}, told of {found}")
        states = [one and one.state for one in found]
        must(states == ["delivered", None, "undelivered", "sent"], f"they are {states}")
        must(bench.call(lambda c: c.sms_reports([])) == [], "something was told of nothing")
