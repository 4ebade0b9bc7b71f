"""Money back by Allegro, and its commission: what is asked for, held against the vendor's file."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import (
    AccessRefused,
    FeeClaim,
    NotSupported,
    OutcomeUnknown,
    RefundAsk,
    RefundLine,
    Refused,
)

from tests.contract.allegro_wire import There


@pytest.fixture
def there():
    made = There()
    yield made
    assert made.violations == []


@pytest.fixture
def order(there):
    """Two lamps at 50.00, a mug at 20.00, delivery 10.99."""
    lamp, mug = there.shop.offer("LAMPA", "50.00"), there.shop.offer("KUBEK", "20.00")
    return there.shop.sell((lamp, 2), (mug, 1))


def lines_of(there, order):
    return [line["id"] for line in there.shop.forms[order]["lineItems"]]


def ask(there, order, amount, *lines, **values):
    refs = lines_of(there, order)
    return RefundAsk("k1", order, Decimal(amount), "PLN", "10001", lines=[
        RefundLine(refs[place], units, Decimal(money)) for place, units, money in lines],
        **{"reason": "return", **values})


def sent(there):
    return [{**one, "lineItems": [
        (line["type"], line.get("quantity"), (line.get("value") or {}).get("amount"))
        for line in one["lineItems"]]} for one in there.wire.money.refunds]


@pytest.mark.parametrize(("amount", "lines", "values", "wanted", "delivery"), [
    ("100.00", [(0, 2, "100.00")], {}, [("QUANTITY", 2, None)], None),
    ("45.00", [(0, 1, "45.00")], {}, [("AMOUNT", None, "45.00")], None),
    ("30.99", [(1, 1, "20.00")], {"shipping": Decimal("10.99")}, [("QUANTITY", 1, None)], "10.99"),
    ("10.99", [], {"shipping": Decimal("10.99")}, [], "10.99"),
    ("5.00", [], {"reason": "other"}, [("AMOUNT", None, "5.00")], None),
    ("55.00", [(0, 1, "50.00")], {}, [("AMOUNT", None, "55.00")], None),
    ("120.00", [(0, 2, "100.00")], {}, [("QUANTITY", 2, None), ("AMOUNT", None, "20.00")], None),
])
def test_whole_units_where_they_cost_what_goes_back_else_amounts(
        there, order, amount, lines, values, wanted, delivery):
    told = there.connector().refund(ask(there, order, amount, *lines, **values))
    [one] = sent(there)
    assert (told.amount, told.state) == (Decimal(amount), "done")
    assert one["lineItems"] == wanted
    assert (one.get("delivery") or {}).get("value", {}).get("amount") == delivery
    assert one["order"]["id"] == order
    assert one["sellerComment"].startswith("10001 (")


@pytest.mark.parametrize(("reason", "theirs"), [
    ("return", "REFUND"), ("complaint", "COMPLAINT"), ("cancelled", "CANCELLED_BY_BUYER"),
    ("not_collected", "NOT_COLLECTED"), ("other", "REFUND")])
def test_reasons(there, order, reason, theirs):
    there.connector().refund(ask(there, order, "20.00", (1, 1, "20.00"), reason=reason))
    assert sent(there)[0]["reason"] == theirs


@pytest.mark.parametrize(("status", "state"), [
    ("NEW", "pending"), ("IN_PROGRESS", "pending"), ("PARTIAL", "pending"), ("SUCCESS", "done"),
    ("CANCELED", "refused"), ("VALIDATE_FAILED", "refused")])
def test_states(there, order, status, state):
    wanted = ask(there, order, "20.00", (1, 1, "20.00"))
    there.wire.money.status = status
    assert there.connector().refund(wanted).state == state
    assert there.connector().find_refund(wanted).state == state


@pytest.mark.parametrize("forgets", [False, True])
def test_a_command_that_was_given_is_found_whatever_allegro_says_to_it(there, order, forgets):
    wanted = ask(there, order, "20.00", (1, 1, "20.00"))
    there.fault("POST /payments/refunds", 0, after=True)
    with pytest.raises(OutcomeUnknown):
        there.connector().refund(wanted)
    there.wire.money.forgets_commands = forgets
    again = there.connector().refund(wanted)
    found = there.connector().find_refund(wanted)
    assert (again.reference, len(there.wire.money.refunds)) == (found.reference, 1)
    other = replace(wanted, key="k2")
    assert there.connector().find_refund(other) is None
    assert there.connector().find_refund(other, found.reference).amount == Decimal("20.00")


def test_what_no_goods_stand_behind_is_taken_from_what_is_left_of_the_lines(there, order):
    there.connector().refund(ask(there, order, "100.00", (0, 2, "100.00")))
    there.connector().refund(replace(ask(there, order, "15.00"), key="k2"))
    assert sent(there)[1]["lineItems"] == [("AMOUNT", None, "15.00")]
    with pytest.raises(Refused, match="no more back than the goods"):
        there.connector().refund(replace(ask(there, order, "6.00"), key="k3"))
    there.wire.money.refunds[1]["status"] = "CANCELED"  # was given up: its money is there again
    assert there.connector().refund(replace(ask(there, order, "20.00"), key="k4")).state == "done"


def test_it_says_what_is_in_the_way(there, order):
    wanted = ask(there, order, "20.00", (1, 1, "20.00"))
    with pytest.raises(NotSupported, match="Switch it on"):
        there.connector(refunds="").refund(wanted)
    there.wire.money.has_rights = False
    for act in ("refund", "find_refund"):
        with pytest.raises(Refused, match="no right to payments") as told:
            getattr(there.connector(), act)(wanted)
        assert not isinstance(told.value, AccessRefused)  # the rest of the account goes on
    there.wire.money.has_rights = True
    with pytest.raises(Refused, match="no such line"):
        there.connector().refund(replace(wanted, lines=[RefundLine("x", 1, Decimal("20.00"))]))
    there.shop.forms[order]["fulfillment"]["provider"] = {"id": "ALLEGRO"}
    with pytest.raises(Refused, match="Allegro itself"):
        there.connector().refund(wanted)
    assert there.wire.money.refunds == []


# The commission ---------------------------------------------------------------------------------


def claim(there, order, quantity=1, **values):
    line = there.shop.forms[order]["lineItems"][0]
    return FeeClaim("fee:1", order, line["id"], line["offer"]["id"], quantity, **values)


@pytest.mark.parametrize(("status", "state", "amount"), [
    ("IN_PROGRESS", "open", None), ("WAITING_FOR_PAYMENT_REFUND", "open", None),
    ("APPEALED", "open", None), ("GRANTED", "granted", Decimal("5.0")),
    ("REJECTED", "rejected", None), ("REJECTED_AFTER_APPEAL", "rejected", None)])
def test_what_became_of_a_claim(there, order, status, state, amount):
    made = there.connector().claim_fee(claim(there, order))
    there.wire.money.claims[0]["status"] = status
    for reference in ("", made.reference):
        told = there.connector().find_fee_claim(claim(there, order), reference)
        assert (told.reference, told.state, told.amount) == (made.reference, state, amount)


def test_a_claim_is_found_where_the_offer_is_not_known(there, order):
    made = there.connector().claim_fee(claim(there, order))
    found = there.connector().find_fee_claim(replace(claim(there, order), offer_ref=""))
    assert found.reference == made.reference


def test_what_allegro_claimed_by_itself_is_not_claimed_again(there, order):
    there.wire.money.add_claim(there.shop.forms[order]["lineItems"][0], 1, "AUTOMATIC")
    told = there.connector().claim_fee(claim(there, order))
    assert (told.state, len(there.wire.money.claims)) == ("open", 1)
    more = there.connector().claim_fee(claim(there, order, known=(told.reference,)))
    assert (more.reference != told.reference, len(there.wire.money.claims)) == (True, 2)
    with pytest.raises(Refused, match="All of it is claimed"):
        there.connector().claim_fee(claim(there, order, known=(told.reference, more.reference)))


def test_a_claim_that_was_taken_back_counts_no_more_and_a_decided_one_stays(there, order):
    made = there.connector().claim_fee(claim(there, order, 2))
    for _ in range(2):
        there.connector().withdraw_fee_claim(made.reference)
    assert there.connector().find_fee_claim(claim(there, order, 2)) is None
    again = there.connector().claim_fee(claim(there, order, 2))
    there.wire.money.grant(again.reference)
    with pytest.raises(Refused, match="processed"):
        there.connector().withdraw_fee_claim(again.reference)
    assert there.connector().find_fee_claim(claim(there, order), "no-such-claim") is None
