"""Checks 74-77: a channel gives the money of its orders back once and to the grosz, and its fee."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import (
    ClaimsFees,
    FeeClaim,
    PullsOrders,
    RefundAsk,
    RefundLine,
    RefundsPayments,
    Refused,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.deeds import fee_claim, order_refund, paid_order
from oms_connector.testing.losing import lose_answer
from oms_connector.testing.promise import keeps
from oms_connector.testing.pulling import current
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must
from oms_connector.testing.write import new_key


class Refunding:
    """Money back by the order, and the commission back for it."""

    @keeps(74, "a refund of an order whose answer was lost is found, and not made again", "silver")
    def test_74_found_again(self, bench: Bench) -> None:
        """By our key, and by its reference."""
        bench.needs(PullsOrders, RefundsPayments)
        first = order_refund(bench, paid_order(bench))
        known = bench.call(lambda c: c.refund(first)).reference
        lost = replace(first, key=new_key("refund"), known=(known,))
        must(bench.call(lambda c: c.find_refund(lost)) is None, "it finds what was never asked for")
        lose_answer(bench, lambda c: c.refund(lost),
                    lambda: len(bench.standin.given_back(lost.payment)))
        found = bench.call(lambda c: c.find_refund(lost))
        must(found is not None and found.amount == lost.amount and found.reference != known,
             f"it was done, and what is found is {found}")
        by_name = bench.call(lambda c: c.find_refund(lost, found.reference))
        must(by_name == found, f"by its reference it is {by_name}")
        again = bench.call(lambda c: c.refund(lost))
        must(again.reference == found.reference, f"asked for again it is {again}")
        given = list(bench.standin.given_back(lost.payment))
        must(given == [first.amount, lost.amount], f"given back were {given}")

    @keeps(75, "what goes back of an order is what was asked for, to the grosz", "silver")
    def test_75_amounts(self, bench: Bench) -> None:
        """A unit, a unit less what it lost, sending, and an amount that nothing stands behind."""
        bench.needs(PullsOrders, RefundsPayments)
        ref = paid_order(bench)
        whole = order_refund(bench, ref)
        [line] = whole.lines
        worn = line.amount - Decimal("0.03")
        asked = [whole, _same(whole, worn, [replace(line, amount=worn)])]
        cost = current(bench, ref).shipping
        if cost > 0:
            asked.append(replace(_same(whole, cost, []), shipping=cost))
        asked.append(replace(_same(whole, Decimal("0.11"), []), reason="other"))
        known: list[str] = []
        for ask in asked:
            ask = replace(ask, known=tuple(known))
            told = [bench.call(lambda c, ask=ask: c.refund(ask)) for _ in range(2)]
            must(told[0].reference and told[0].reference == told[1].reference,
                 f"the same key is two refunds: {told}")
            must(told[0].amount == ask.amount and told[0].state in ("pending", "done"),
                 f"{ask.amount} was to go back; it says {told[0]}")
            known.append(told[0].reference)
        given = list(bench.standin.given_back(ref))
        must(given == [ask.amount for ask in asked],
             f"{[ask.amount for ask in asked]} were asked for; given back were {given}")

    @keeps(76, "a refund that the channel refuses is refused, and nothing has gone back", "silver")
    def test_76_refusals(self, bench: Bench) -> None:
        """More than was paid, half a grosz, an order that is not there, a gateway that cannot."""
        bench.needs(PullsOrders, RefundsPayments)
        ref = paid_order(bench)
        good = order_refund(bench, ref)
        too_much = bench.standin.truth(ref).total + Decimal("0.01")
        wrong = {"more than was paid": _same(good, too_much, []),
                 "half a grosz": _same(good, Decimal("0.005"), []),
                 "no such order": replace(good, key=new_key("refund"),
                                          payment=bench.standin.unknown)}
        for what, ask in wrong.items():
            _refuses(bench, ask, what)
        try:
            bench.standin.refuse_refunds()
            _refuses(bench, replace(good, key=new_key("refund")), "a gateway that cannot")
        except Absent:
            pass
        given = list(bench.standin.given_back(ref))
        must(not given, f"all was refused, and {given} went back")

    @keeps(77, "a commission is claimed back once, and it is told what became of that", "silver")
    def test_77_fee_claims(self, bench: Bench) -> None:
        """Whatever answer is lost; another unit of the line is another claim."""
        bench.needs(ClaimsFees)
        claim = fee_claim(bench)
        must(bench.call(lambda c: c.find_fee_claim(claim)) is None, "it finds what was not claimed")
        lose_answer(bench, lambda c: c.claim_fee(claim),
                    lambda: len(bench.standin.fee_claims(claim.order_ref)))
        told = bench.call(lambda c: c.claim_fee(claim))
        found = bench.call(lambda c: c.find_fee_claim(claim))
        must(found is not None and told.reference == found.reference and found.state == "open",
             f"claimed as {told}, found as {found}")
        _claimed(bench, claim, [(claim.line_ref, claim.quantity)])
        amount = bench.standin.grant_fee(told.reference)
        granted = bench.call(lambda c: c.find_fee_claim(claim, told.reference))
        must((granted.state, granted.amount) == ("granted", amount),
             f"{amount} came back; it says {granted}")
        more = replace(claim, key=new_key("claim"), known=(told.reference,))
        second = bench.call(lambda c: c.claim_fee(more))
        must(second.reference != told.reference, "the second unit is the first one's claim")
        _claimed(bench, claim, [(claim.line_ref, claim.quantity)] * 2)
        for _ in range(2):
            bench.call(lambda c: c.withdraw_fee_claim(second.reference))
        _claimed(bench, claim, [(claim.line_ref, claim.quantity)])


def _same(ask: RefundAsk, amount: Decimal, lines: list[RefundLine]) -> RefundAsk:
    return replace(ask, key=new_key("refund"), amount=amount, lines=lines)


def _refuses(bench: Bench, ask: RefundAsk, what: str) -> None:
    try:
        told = bench.call(lambda c: c.refund(ask))
    except Refused as refusal:
        must(str(refusal), f"{what} is refused, and it does not say why")
        return
    except Exception as error:
        raise Broken(f"{what} is no refusal, it is {error!r}") from error
    raise Broken(f"{what} was given back: {told}")


def _claimed(bench: Bench, claim: FeeClaim, wanted: list[tuple[str, int]]) -> None:
    found = list(bench.standin.fee_claims(claim.order_ref))
    must(found == wanted, f"claimed is {found}, it should be {wanted}")
