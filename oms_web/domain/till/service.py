"""Tills, their shifts and the baskets on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.company.models import Company
from oms_web.domain.orders import discounts
from oms_web.domain.stock.models import Warehouse
from oms_web.domain.till import basket as baskets
from oms_web.domain.till.basket import MAX_PRICE, Items
from oms_web.domain.till.models import Basket, Sale, Shift, Till
from oms_web.domain.till.reckoning import Taken, by_method, expected_cash

SEEN = 60
MOST_BASKETS = 20


def currency(session: Session) -> str:
    """What tills are paid in: the shop's own currency."""
    return session.scalar(select(Company.currency).where(Company.id == 1)) or "PLN"


# Tills -------------------------------------------------------------------------------------------


def get_till(session: Session, till_id: int) -> Till:
    """A till that is in use.

    Raises:
        NotFound: there is none, or it was put away.
    """
    found = session.get(Till, till_id)
    if found is None or found.archived_at is not None:
        raise NotFound("There is no such till.")
    return found


def save_till(work: Work, till_id: int | None, name: str, warehouse_id: int) -> Till:
    """Add a till, or rename it or give it another warehouse.

    Raises:
        Invalid: no name, one that is taken, or no such warehouse.
        NotAllowedNow: the warehouse of a till with an open shift is changed.
    """
    session, name = work.session, tidy(name)[:40]
    if not name:
        raise Invalid("Give the till a name.", "name")
    twin = session.scalar(select(Till.id).where(Till.name == name))
    if twin is not None and twin != till_id:
        raise Invalid("There is a till of this name.", "name")
    house = session.get(Warehouse, warehouse_id)
    if house is None or not house.active:
        raise Invalid("Choose a warehouse that is in use.", "warehouse")
    if till_id is None:
        till = Till(name=name, warehouse_id=warehouse_id)
        session.add(till)
        session.flush()
        audit.record(work, "till.create", "till", till.id, {"name": [None, name]})
        return till
    till = get_till(session, till_id)
    if till.warehouse_id != warehouse_id and open_shift(session, till_id) is not None:
        raise NotAllowedNow("Close the till first, then give it another warehouse.")
    change = audit.changes({"name": till.name, "warehouse": till.warehouse_id},
                           {"name": name, "warehouse": warehouse_id})
    till.name, till.warehouse_id = name, warehouse_id
    if change:
        audit.record(work, "till.change", "till", till.id, change)
    return till


def archive_till(work: Work, till_id: int) -> None:
    """Put a till away; what was sold at it stays.

    Raises:
        NotAllowedNow: its shift is open.
    """
    till = get_till(work.session, till_id)
    if open_shift(work.session, till_id) is not None:
        raise NotAllowedNow("Close the till first, then put it away.")
    till.archived_at = work.now
    audit.record(work, "till.archive", "till", till.id, {"archived": [False, True]})


# Shifts ------------------------------------------------------------------------------------------


def open_shift(session: Session, till_id: int, *, lock: bool = False) -> Shift | None:
    """The shift of a till that is not closed yet; ``lock`` keeps it so until the commit."""
    query = select(Shift).where(Shift.till_id == till_id, Shift.closed_at.is_(None))
    return session.scalar(query.with_for_update() if lock else query)


def begin_shift(work: Work, till_id: int, change_money: int) -> Shift:
    """Open a till; the shift that is open already, if one is.

    Args:
        change_money: the cash that lies in the drawer, in minor units.

    Raises:
        Invalid: an impossible amount.
    """
    till = get_till(work.session, till_id)
    work.session.scalar(select(Till.id).where(Till.id == till_id).with_for_update())
    present = open_shift(work.session, till_id)
    if present is not None:
        return present
    _check_cash(change_money, "change_money")
    shift = Shift(till_id=till.id, currency=currency(work.session), change_money=change_money,
                  opened_at=work.now, opened_by=work.actor.name)
    work.session.add(shift)
    work.session.flush()
    audit.record(work, "till.open", "till", till.id, {"change_money": [None, change_money]})
    return shift


def end_shift(work: Work, till_id: int, counted: int, note: str = "") -> Shift:
    """Close a till: what was counted is written down beside what should be there.

    Raises:
        Invalid: an impossible amount.
        NotAllowedNow: the till is not open.
    """
    shift = open_shift(work.session, till_id, lock=True)
    if shift is None:
        raise NotAllowedNow("This till is closed already.")
    _check_cash(counted, "counted")
    expected = expected_cash(shift.change_money, taken(work.session, shift.id))
    shift.closed_at, shift.closed_by = work.now, work.actor.name
    shift.expected, shift.counted, shift.note = expected, counted, tidy(note)[:300]
    audit.record(work, "till.close", "till", till_id, {
        "expected": [None, expected], "counted_cash": [None, counted],
        "difference": [None, counted - expected]}, note=shift.note or None)
    return shift


def taken(session: Session, shift_id: int) -> list[Taken]:
    """What came in during a shift, per method."""
    rows = session.execute(
        select(Sale.method, Sale.voided_at.is_not(None), func.count(), func.sum(Sale.total))
        .where(Sale.shift_id == shift_id).group_by(Sale.method, Sale.voided_at.is_not(None))
    )
    return by_method((method, bool(voided), count, int(total))
                     for method, voided, count, total in rows)


def _check_cash(amount: int, field: str) -> None:
    if not 0 <= amount <= MAX_PRICE:
        raise Invalid("An amount cannot be below nought.", field)


# Baskets -----------------------------------------------------------------------------------------


def get_basket(session: Session, basket_id: int) -> Basket:
    """A basket, sold or not.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Basket, basket_id)
    if found is None:
        raise NotFound("There is no such basket.")
    return found


def lock_basket(session: Session, basket_id: int) -> Basket:
    """A basket that nobody else changes until the end of the transaction, as it is now."""
    found = session.scalar(
        select(Basket).where(Basket.id == basket_id).with_for_update()
        .execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such basket.")
    return found


def begin_basket(work: Work, till_id: int) -> Basket:
    """An empty basket.

    Raises:
        NotAllowedNow: too many wait already.
    """
    till = get_till(work.session, till_id)
    waiting = work.session.scalar(select(func.count()).select_from(Basket).where(
        Basket.till_id == till_id, Basket.closed_at.is_(None))) or 0
    if waiting >= MOST_BASKETS:
        raise NotAllowedNow("%(most)s baskets wait at this till. Sell or empty one first.",
                            most=MOST_BASKETS)
    made = Basket(till_id=till.id, lines=[], created_at=work.now, created_by=work.actor.name)
    work.session.add(made)
    work.session.flush()
    return made


def put_in(work: Work, basket_id: int, variant_id: int, key: str, units: int = 1) -> None:
    """One more unit, or several; the same scan sent again puts in none.

    Raises:
        NotAllowedNow: the basket is sold or emptied, or the product is not sold any more.
        Invalid: too many.
    """
    basket = _open(work, basket_id)
    if key in basket.seen:
        return
    variant = catalog.variant(work.session, variant_id)
    if variant.archived_at is not None:
        raise NotAllowedNow("%(title)s is not sold any more.", title=variant.title)
    price = variant.price if variant.currency == currency(work.session) else None
    basket.lines = baskets.stored(
        baskets.add(baskets.restore(basket.lines), variant_id, price, units))
    basket.seen = [*basket.seen, key][-SEEN:]
    work.session.flush()


def change_line(work: Work, basket_id: int, variant_id: int, **values: Any) -> None:
    """Change a line (``quantity``, ``price``, ``discount``); no units take it out.

    Raises:
        NotAllowedNow: the basket is sold or emptied.
        Invalid: see ``basket.changed``.
    """
    basket = _open(work, basket_id)
    basket.lines = baskets.stored(
        baskets.changed(baskets.restore(basket.lines), variant_id, **values))


def discount_all(work: Work, basket_id: int, discount: discounts.Discount | None) -> None:
    """A discount on everything in the basket; None takes it away.

    Raises:
        Invalid: more than the basket costs.
    """
    basket = _open(work, basket_id)
    if discount is not None:
        worth = baskets.bill(restored(basket), None, currency(work.session)).items
        discount.taken_off(worth)
    basket.discount = discount.stored if discount else []


def name_basket(work: Work, basket_id: int, name: str) -> None:
    """Write down whose basket waits."""
    _open(work, basket_id).name = tidy(name)[:60]


def throw_away(work: Work, basket_id: int) -> None:
    """Nobody will pay for this basket. Who emptied it, and of how much, is written down."""
    basket = _open(work, basket_id)
    worth = baskets.bill(restored(basket), discounts.restore(basket.discount),
                         currency(work.session))
    basket.closed_at = work.now
    if basket.lines:
        audit.record(work, "till.throw_away", "till", basket.till_id,
                     {"total": [worth.total, None], "lines": [len(basket.lines), None]})


def restored(basket: Basket) -> Items:
    """The lines of a basket."""
    return baskets.restore(basket.lines)


def _open(work: Work, basket_id: int) -> Basket:
    basket = lock_basket(work.session, basket_id)
    if basket.closed_at is not None:
        raise NotAllowedNow("This basket is sold or emptied. Begin a new one.")
    return basket
