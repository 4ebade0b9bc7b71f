"""A refund's correction of the invoice: the same amounts, once, by hand or by itself."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import correcting, settings
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.returns.settings import Edit
from oms_web.flows import return_case, return_refund
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_invoice
from oms_web.jobs.worker import drain
from tests import paper
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(both):
    """A paid and sent order of 119.99 with its invoice, and a withdrawal of all of it."""
    made = AfterSale(both)
    with made.works.writing(TESTER) as work:
        paper.company(work)
        for line in work.session.scalars(select(OrderLine)):
            line.vat_rate = line.vat_rate or "23"
        issue_invoice(work, made.order_id)
    made.cup, made.tea = made.lines()["CUP"], made.lines()["TEA"]
    case, _ = made.do(return_case.open_for, made.order_id, Opening(
        "withdrawal", lines={made.cup: 3, made.tea: 1}))
    made.case_id = case.id
    return made


def refund(shop, key, wish, *acts, **values):
    """The refund of a wish, moved on by acts."""
    [found] = shop.do(return_refund.ask, shop.case_id, wish, "cash", key, **values)
    for act in acts or ("approve",):
        shop.do(return_refund.act, found.id, act)
    return found.id


def correct(shop, refund_id):
    with shop.works.writing(TESTER) as work:
        found = work.session.get_one(Refund, refund_id)
        document, fresh = correct_invoice(work, *correcting.wanted(work.session, found))
        return document.gross, fresh, found.amount


def summed(shop):
    with shop.works.reading(TESTER) as work:
        return tuple(work.session.execute(select(
            func.sum(Document.net), func.sum(Document.vat), func.sum(Document.gross))).one())


def test_refunds_one_after_the_other_are_corrected_to_the_grosz(shop):
    """Shares of what is *left* would say 30.55, 30.55, 30.56: the refunds are 30.55, 30.56, 30.55.
    """
    found = [refund(shop, f"k{n}", Wish({shop.cup: 1})) for n in range(3)]
    found.append(refund(shop, "last", Wish({shop.tea: 1})))
    amounts = [correct(shop, one) for one in found]
    assert [(-gross, fresh) for gross, fresh, _ in amounts] == [
        (3055, True), (3056, True), (3055, True), (2833, True)]
    assert [amount for *_, amount in amounts] == [3055, 3056, 3055, 2833]  # delivery with the last
    assert summed(shop) == (0, 0, 0)


@pytest.mark.parametrize(("wish", "kept"), [
    (lambda shop: Wish({shop.cup: 2}), 0),
    (lambda shop: Wish({shop.cup: 1}, delivery=True), 0),
    (lambda shop: Wish({shop.cup: 3, shop.tea: 1}), 0),
    (lambda shop: Wish({shop.cup: 2}, {shop.cup: 7_77}), 7_77),
    (lambda shop: Wish(other=5_01), 0),
    (lambda shop: Wish({shop.tea: 1}, other=3_33), 0),
], ids=["partial", "with delivery", "all", "with wear", "a lower price", "goods and a gesture"])
def test_the_correction_equals_the_refund_and_twice_is_once(shop, wish, kept):
    """Wear that is kept is damages, no price: the correction is of the goods (art. 34 ust. 4)."""
    made = refund(shop, "k", wish(shop))
    gross, fresh, amount = correct(shop, made)
    assert (-gross, fresh) == (amount + kept, True)
    assert correct(shop, made)[:2] == (gross, False)
    with shop.works.reading(TESTER) as work:
        assert work.session.scalar(select(func.count()).select_from(Document)) == 2


def test_it_needs_an_approved_refund_and_an_invoice(shop):
    [planned] = shop.do(return_refund.ask, shop.case_id, Wish({shop.cup: 1}), "cash", "k")
    with pytest.raises(NotAllowedNow, match="not approved"):
        correct(shop, planned.id)
    other = shop.sell("B1")
    line = shop.lines(other)["CUP"]
    case, _ = shop.do(return_case.open_for, other, Opening("return", lines={line: 1}))
    [made] = shop.do(return_refund.ask, case.id, Wish({line: 1}), "cash", "k2")
    shop.do(return_refund.act, made.id, "approve")
    with pytest.raises(NotAllowedNow, match="no invoice"):
        correct(shop, made.id)


def test_what_was_corrected_is_not_dropped(shop):
    approved = refund(shop, "k", Wish({shop.cup: 1}))
    correct(shop, approved)
    with pytest.raises(NotAllowedNow, match="correction was issued"):
        shop.do(return_refund.act, approved, "drop", why="a mistake")
    other = refund(shop, "k2", Wish({shop.cup: 1}))
    assert shop.do(return_refund.act, other, "drop", why="a mistake")


def test_by_itself_only_where_the_seller_wants_it(shop, both):
    first = refund(shop, "k1", Wish({shop.cup: 1}), "approve", "done")
    drain(both)
    with shop.works.reading(TESTER) as work:
        assert correcting.corrections_of(work.session, [work.session.get(Refund, first)]) == {}
    shop.do(settings.change, Edit(correct_by_itself=True))
    second = refund(shop, "k2", Wish({shop.cup: 1}), "approve", "done")
    drain(both)
    drain(both)
    with shop.works.reading(TESTER) as work:
        found = correcting.corrections_of(work.session, [work.session.get(Refund, second)])
    assert [(one.gross, one.kind) for one in found.values()] == [(-3056, "correction")]
    assert correct(shop, second)[1] is False
