"""Checks 66-69: a buyer is asked once, what came is told as it is, and money goes back once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import (
    AsksForPayments,
    Conflict,
    RefundAsk,
    RefundsPayments,
    RefundTold,
    Refused,
    TellsPayments,
)
from oms_connector.paying import is_safe_link
from oms_connector.testing.bench import Bench
from oms_connector.testing.deeds import new_ask, paid_up
from oms_connector.testing.losing import lose_answer
from oms_connector.testing.promise import keeps
from oms_connector.testing.verdict import Broken, must
from oms_connector.testing.write import new_key

AMOUNTS = ("19.99", "5.00", "1234567.89", "100.10")
TEXTS = ("Zamówienie 7", 'Kubek "duży" & talerz <3/>', "x" * 300)


class Paying:
    """Links, states, refunds."""

    @keeps(66, "a buyer is asked for exactly the amount, and one key is one payment", "silver")
    def test_70_asked_once(self, bench: Bench) -> None:
        """Asked again it is the same link, or a ``Conflict``."""
        bench.needs(AsksForPayments)
        refs = set()
        for amount in AMOUNTS:
            for text in TEXTS:
                ask = new_ask(Decimal(amount), text)
                link = bench.call(lambda c, ask=ask: c.ask_payment(ask))
                must(is_safe_link(link.url), f"the link is {link.url!r}")
                refs.add(link.reference)
                try:
                    again = bench.call(lambda c, ask=ask: c.ask_payment(ask))
                    must(again == link, f"asked twice, it gives {link} and {again}")
                except Conflict:
                    pass
                found = list(bench.standin.payments(ask.key))
                must(found == [ask.amount], f"{amount} was asked for; there is {found}")
        must(len(refs) == len(AMOUNTS) * len(TEXTS) and all(refs), f"references: {sorted(refs)}")
        wrong = new_ask(Decimal("1.005"))
        try:
            bench.call(lambda c: c.ask_payment(wrong))
        except Refused as refusal:
            must(refusal.field == "amount", f"the amount is wrong; it blames {refusal.field!r}")
            return
        raise Broken("half a grosz was asked for")

    @keeps(67, "whether a payment came is told as it is", "silver")
    def test_71_standing(self, bench: Bench) -> None:
        """Open, paid, unknown; with the amount, the currency and our key."""
        bench.needs(AsksForPayments, TellsPayments)
        ask = new_ask(Decimal("64.20"))
        ref = bench.call(lambda c: c.ask_payment(ask)).reference
        open_ = bench.call(lambda c: c.payment(ref))
        must(open_ is not None and (open_.state, open_.paid) == ("waiting", 0),
             f"nobody has paid, and it says {open_}")
        bench.standin.buyer_pays(ref)
        told = bench.call(lambda c: c.payment(ref))
        must(told is not None and told.state == "paid", f"it is paid, and it says {told}")
        must((told.reference, told.key, told.currency) == (ref, ask.key, "PLN"),
             f"whose payment is it? {told}")
        must((told.amount, told.paid, list(told.refunds)) == (ask.amount, ask.amount, []),
             f"64.20 was paid; it says {told}")
        unknown = bench.call(lambda c: c.payment(bench.standin.unknown))
        must(unknown is None, f"of a payment that is not there it says {unknown}")

    @keeps(68, "the part that was asked for goes back, once, and never more than came", "silver")
    def test_72_refunds(self, bench: Bench) -> None:
        """Two parts make the whole; each is told with the payment."""
        bench.needs(AsksForPayments, TellsPayments, RefundsPayments)
        ref = paid_up(bench, Decimal("100.00"))
        done: list[RefundTold] = []
        for amount in ("30.10", "69.90"):
            ask = RefundAsk(new_key("refund"), ref, Decimal(amount), "PLN", "Zwrot & co",
                            known=tuple(one.reference for one in done))
            told = [bench.call(lambda c, ask=ask: c.refund(ask)) for _ in range(2)]
            must(told[0].reference and told[0].reference == told[1].reference,
                 f"the same key is two refunds: {told}")
            must(told[0].amount == ask.amount and told[0].state in ("pending", "done"),
                 f"{amount} was to go back; it says {told[0]}")
            done.append(told[0])
        found = list(bench.standin.given_back(ref))
        must(found == [one.amount for one in done], f"given back were {found}")
        seen = bench.call(lambda c: c.payment(ref)).refunds
        must([(one.reference, one.amount) for one in seen]
             == [(one.reference, one.amount) for one in done], f"the payment tells of {seen}")
        more = RefundAsk(new_key("refund"), ref, Decimal("0.01"), "PLN", "Zwrot",
                         known=tuple(one.reference for one in done))
        try:
            bench.call(lambda c: c.refund(more))
        except Refused:
            return
        raise Broken("more was given back than came")

    @keeps(69, "a refund whose answer was lost is found again", "silver")
    def test_73_found_again(self, bench: Bench) -> None:
        """By our key, or as the one of this amount that we do not know."""
        bench.needs(AsksForPayments, RefundsPayments)
        ref = paid_up(bench, Decimal("50.00"))
        first = RefundAsk(new_key("refund"), ref, Decimal("5.00"), "PLN", "Zwrot")
        known = bench.call(lambda c: c.refund(first)).reference
        lost = replace(first, key=new_key("refund"), known=(known,))
        must(bench.call(lambda c: c.find_refund(lost)) is None, "it finds what was never asked for")
        lose_answer(bench, lambda c: c.refund(lost), lambda: len(bench.standin.given_back(ref)))
        found = bench.call(lambda c: c.find_refund(lost))
        must(found is not None and found.amount == lost.amount and found.reference != known,
             f"it was done, and what is found is {found}")
        by_name = bench.call(lambda c: c.find_refund(lost, found.reference))
        must(by_name == found, f"by its reference it is {by_name}")
        must(len(bench.standin.given_back(ref)) == 2, "looking for it gave money back")
