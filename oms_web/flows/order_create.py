"""An order that somebody takes down: by phone, by message, over the counter.

It is verified and its goods are reserved in the transaction that stores it, as an order from a
channel would be; a draft waits until it is confirmed. A form sent twice makes one order.
"""

from __future__ import annotations

from datetime import time

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.company.models import Company
from oms_web.domain.orders import deadlines, phases, reserving, taking
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.taking import MAX_LINES, MAX_UNITS, Position, Taken
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.payments import service as payments
from oms_web.domain.users.models import User

__all__ = ["MAX_LINES", "MAX_UNITS", "Position", "Taken", "confirm", "create", "made_with"]

RECENT_FORMS = 50


def create(work: Work, taken: Taken, *, confirm: bool, form_key: str, paid: bool = False
           ) -> tuple[int, bool]:
    """Store the order; returns its number, and whether it is new (a form sent again makes none).

    Args:
        paid: somebody saw the money for all of it already; only for what is confirmed.

    Raises:
        Invalid: no lines, an impossible quantity, price, discount or product; ``field`` names it.
    """
    if paid and not confirm:
        raise Invalid("A draft cannot be paid yet. Take the order down, or say that it will be "
                      "paid later.", "payment_kind")
    made_before = made_with(work, form_key)
    if made_before is not None:
        return made_before, False
    order = taking.store(work, taken, form_key)
    if confirm:
        _confirm(work, order)
    if paid and order.total > 0:
        _pay(work, order, form_key)
    orders.follow_status(work, order)
    orders.refile(work, [order.id])
    return order.id, True


def confirm(work: Work, order_id: int) -> bool:
    """A draft becomes an order: verified, reserved; False when it was confirmed before.

    Raises:
        NotAllowedNow: it was cancelled.
    """
    order = orders.lock_order(work.session, order_id)
    if order.phase in (phases.OPEN, phases.PACKING, phases.SHIPPED, phases.DONE):
        return False
    if order.phase != phases.DRAFT:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    _confirm(work, order)
    orders.refile(work, [order.id])
    return True


def _pay(work: Work, order: Order, form_key: str) -> None:
    payments.record_by_hand(work, order, order.total, order.payment_method, work.now,
                            f"taken:{form_key}")


def _confirm(work: Work, order: Order) -> None:
    session = work.session
    company = session.get(Company, 1)
    cut_off = time.fromisoformat(company.cut_off) if company else time(15)
    orders.set_phase(work, order, "confirm")
    order.placed_at = work.now
    if order.ship_by is None:
        order.ship_by = deadlines.ship_by(work.now, 1, cut_off)
    verify_again(work, order)
    verification.seek_doubles(work, [order.id])
    session.flush()
    reserving.reserve_orders(work, [order.id])


def made_with(work: Work, form_key: str) -> int | None:
    """The order this form made already. Two sendings at once queue at the person's own row.

    Raises:
        Invalid: the form has no key.
    """
    if not form_key:
        raise Invalid("This page has been open for too long. Reload it and try again.")
    session = work.session
    session.execute(select(User.id).where(User.id == work.actor.id).with_for_update())
    recent = session.execute(
        select(AuditEntry.order_id, AuditEntry.change)
        .where(AuditEntry.actor_kind == work.actor.kind, AuditEntry.actor_id == work.actor.id)
        .order_by(AuditEntry.id.desc()).limit(RECENT_FORMS)
    )
    return next((order_id for order_id, change in recent
                 if (change.get("form") or [None, None])[1] == form_key), None)
