"""Take a bank's statement in: keep its lines, book what is sure, offer what is doubtful.

A line is kept once and booked at most once at a time; it is a payment with the line's own mark as
its reference. What went out confirms refunds by transfer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from oms_connector.marking import N_
from sqlalchemy import NotNullable, select

from oms_web.core.clock import SHOP_ZONE, to_utc
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.documents.models import Document
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import refunds
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.bank import matching
from oms_web.domain.payments.bank import service as bank
from oms_web.domain.payments.bank.lines import BankLine
from oms_web.domain.payments.bank.matching import Match
from oms_web.domain.payments.bank.models import BOOKED, IGNORED, BankEntry
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import service as cases

METHOD = N_("bank transfer")
DOCUMENTS_OF = timedelta(days=180)
MOST_DOCUMENTS = 40


@dataclass(slots=True)
class TakenIn:
    """How many lines were kept, booked, offered, found nobody for, went out for nothing that is
    known here, and were known before.
    """

    new: int = 0
    booked: int = 0
    offered: int = 0
    nobody: int = 0
    out: int = 0
    known: int = 0


def take(work: Work, account: str, lines: Sequence[tuple[str, BankLine]], told: TakenIn) -> None:
    """Keep lines of one account and book what is sure.

    All orders are locked at once: one after the other, in the sequence of the lines, two statements
    could wait for each other crosswise.
    """
    kept = [bank.store(work, account, mark, line) for mark, line in lines]
    fresh = [entry for entry in kept if entry is not None]
    told.new, told.known = told.new + len(fresh), told.known + len(kept) - len(fresh)
    found = {entry.id: _matches(work, entry) for entry in fresh if entry.amount >= 0}
    meant = {one.order_id for some in found.values() if (one := matching.sure(some)) is not None}
    meant |= {one.order_id for entry in fresh if entry.amount < 0
              for one in bank.refunds_of(work.session, entry)}
    orders.lock_orders(work.session, meant)
    for entry in fresh:
        if entry.amount < 0:
            _went_out(work, entry, told)
        else:
            _came_in(work, entry, found[entry.id], told)


def _came_in(work: Work, entry: BankEntry, found: Sequence[Match], told: TakenIn) -> None:
    """Book a line whose order is sure: looked at once more, now that nobody else pays for it."""
    if matching.sure(found) is not None:
        found = _matches(work, entry)
    bank.note_matches(entry, found)
    one = matching.sure(found)
    if one is not None and _may_be_booked(work, one.order_id):
        _book(work, entry, one.order_id)
        told.booked += 1
    elif found:
        told.offered += 1
    else:
        told.nobody += 1


def look_again(work: Work, entry_id: int) -> bool:
    """Look anew for a line's order, or for the refund that a line which went out carried out: one
    may have come since. Whether one is found; a person books it.
    """
    entry = bank.lock(work, entry_id)
    if entry.state == BOOKED or (entry.state == IGNORED and entry.amount >= 0):
        return False
    _note(work, entry)
    return bool(entry.matches)


def _note(work: Work, entry: BankEntry) -> None:
    if entry.amount < 0:
        bank.note_refunds(entry, bank.refunds_of(work.session, entry))
    else:
        bank.note_matches(entry, _matches(work, entry))


def _matches(work: Work, entry: BankEntry) -> list[Match]:
    line = bank.as_line(entry)
    by_paper = work.session.scalars(
        select(NotNullable(Document.order_id))
        .where(Document.gross == entry.amount, Document.currency == entry.currency,
               Document.order_id.is_not(None),
               Document.issue_date >= entry.booked_on - DOCUMENTS_OF)
        .order_by(Document.id.desc()).limit(MOST_DOCUMENTS))
    found = bank.candidates(work.session, line, set(by_paper))
    numbers: dict[int, list[str]] = {}
    for order_id, number in work.session.execute(
            select(NotNullable(Document.order_id), Document.number)
            .where(Document.order_id.in_([one.order_id for one in found]))):
        numbers.setdefault(order_id, []).append(number)
    return matching.match(line, bank.with_documents(found, numbers))


def _may_be_booked(work: Work, order_id: int) -> bool:
    """Nobody is asked about an order that waits for money; about any other one a person is."""
    order = orders.get_order(work.session, order_id)
    return order.phase not in (phases.DRAFT, phases.CANCELLED)


def _went_out(work: Work, entry: BankEntry, told: TakenIn) -> None:
    """Money that left carries out a refund, or is nobody's business here. Of several that fit a
    person says which.
    """
    found = bank.refunds_of(work.session, entry)
    bank.note_refunds(entry, found if len(found) > 1 else ())
    if len(found) > 1:
        told.offered += 1
    elif found and _carry_out(work, entry, found[0]):
        told.booked += 1
    else:
        told.out += 1


def _carry_out(work: Work, entry: BankEntry, known: Refund) -> bool:
    """A refund is made, by a line that went out; False if it was made before."""
    orders.lock_order(work.session, known.order_id)
    case = cases.lock(work.session, known.case_id) if known.case_id else None
    refund = refunds.lock(work.session, known.id)
    is_new = refunds.act(work, refund, "done", reference=entry.reference)
    if is_new:
        entry.refund_id, entry.state, entry.ended_by = refund.id, BOOKED, work.actor.name
    if case is not None:
        cases.follow(work, case)
    orders.refile(work, [refund.order_id, refund.purse_id])
    return is_new


def book(work: Work, entry_id: int, order_id: int) -> bool:
    """Book a line to an order, of one that went out to its refund; False if that was done before.

    Raises:
        NotFound: no such line or order.
        Invalid: the order has another currency.
        NotAllowedNow: it is booked to another order, or the order is a draft.
    """
    order = orders.lock_order(work.session, order_id)
    entry = bank.lock(work, entry_id)
    if entry.state == BOOKED:
        made = work.session.get(Refund, entry.refund_id) if entry.refund_id else None
        if order_id == (made.order_id if made else entry.order_id):
            return False
        raise NotAllowedNow("This line is booked already. Take that back first.")
    if entry.amount <= 0:
        found = [one for one in bank.refunds_of(work.session, entry) if one.order_id == order_id]
        if not found:
            raise NotAllowedNow("This money went out: it pays for nothing.")
        return _carry_out(work, entry, found[0])
    if order.phase == phases.DRAFT:
        raise NotAllowedNow("This order is a draft. Confirm it first.")
    if order.currency != entry.currency:
        raise Invalid("The order is in another currency.", "order")
    _book(work, entry, order_id)
    return True


def _book(work: Work, entry: BankEntry, order_id: int) -> None:
    order = orders.lock_order(work.session, order_id)
    entry.bookings += 1
    payments.record_new(work, order, [_row(entry, entry.amount, _reference(entry))])
    entry.state, entry.order_id, entry.ended_by = BOOKED, order_id, work.actor.name
    audit.record(work, "bank.book", "bank_entry", entry.id, {"amount": [None, entry.amount]},
                 order_id=order_id)
    orders.refile(work, [one.id for one in lineage.purchase(work.session, order)])


def _reference(entry: BankEntry, undo: str = "") -> str:
    """What makes the payment of a line one of a kind; booked anew it is another one."""
    return f"{undo}{entry.fingerprint}:{entry.bookings}"


def _row(entry: BankEntry, amount: int, reference: str) -> dict[str, object]:
    at = to_utc(datetime.combine(entry.booked_on, time(12)), SHOP_ZONE)
    return {"at": at, "amount": amount, "currency": entry.currency, "method": METHOD,
            "source": payments.BANK, "reference": reference, "stated": False}


def take_back(work: Work, entry_id: int) -> bool:
    """Undo a booking; False if it is not booked. Nothing is deleted: a row below zero is added.

    Raises:
        NotAllowedNow: some of the money is about to go back, or it carried out a refund.
    """
    known = work.session.get(BankEntry, entry_id)
    if known is None or known.order_id is None:
        bank.lock(work, entry_id)
        return False
    order = orders.lock_order(work.session, known.order_id)
    entry = bank.lock(work, entry_id)
    if entry.state != BOOKED or entry.order_id != order.id:
        return False
    refunds.refuse_if_pending(order, entry.amount)
    payments.record_new(work, order, [_row(entry, -entry.amount, _reference(entry, "undo:"))])
    entry.order_id = None
    bank.note_matches(entry, _matches(work, entry))
    audit.record(work, "bank.undo", "bank_entry", entry.id, {"amount": [entry.amount, None]},
                 order_id=order.id)
    orders.refile(work, [one.id for one in lineage.purchase(work.session, order)])
    return True


def ignore(work: Work, entry_id: int, wanted: bool = True) -> bool:
    """Say that a line is no order's money, or that it may be after all; False if nothing changed.
    """
    entry = bank.lock(work, entry_id)
    if entry.state == BOOKED or (entry.state == IGNORED) == wanted:
        return False
    if wanted:
        entry.state, entry.ended_by = IGNORED, work.actor.name
    else:
        _note(work, entry)
    audit.record(work, "bank.ignore" if wanted else "bank.restore", "bank_entry", entry.id)
    return True
