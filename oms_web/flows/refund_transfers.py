"""Refunds by transfer, put into a file for the bank: each into one file only.

What is put into a file is ``sent``; the bank's next statement confirms it, or a person does.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

from sqlalchemy import select

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.company.models import Company
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_states as states
from oms_web.domain.payments import refunds
from oms_web.domain.payments.bank import transfers
from oms_web.domain.payments.bank.transfers import Sender, Transfer
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import service as cases

Format = Literal["elixir", "pain"]
FILE = "file:"
MOST = 500


def waiting(work: Work, currency: str | None = None) -> list[Refund]:
    """Approved refunds by transfer that are in no file yet, the oldest first."""
    query = select(Refund).where(Refund.method == states.TRANSFER,
                                 Refund.state == states.APPROVED)
    if currency:
        query = query.where(Refund.currency == currency)
    return list(work.session.scalars(query.order_by(Refund.id).limit(MOST)))


def without_account(work: Work) -> list[Refund]:
    """Planned refunds by transfer that cannot be approved: nobody knows the buyer's account."""
    return list(work.session.scalars(
        select(Refund).where(Refund.method == states.TRANSFER, Refund.state == states.PLANNED,
                             Refund.bank_account == "").order_by(Refund.id).limit(MOST)))


def make(work: Work, format_: Format, currency: str) -> str:
    """Put what waits into a file; its name, by which it is had again.

    Raises:
        Invalid: our account number is missing or of another country.
        NotAllowedNow: nothing waits, or the money of all of it went back another way.
    """
    found = waiting(work, currency)
    orders.lock_orders(work.session, {one.order_id for one in found})
    mine = [cases.lock(work.session, one)
            for one in sorted({one.case_id for one in found if one.case_id})]
    rows = [refunds.lock(work.session, one.id) for one in found]
    rows = [one for one in rows if one.state == states.APPROVED]
    if not rows:
        raise NotAllowedNow("No refund waits for a transfer.")
    rows = [one for one in rows if _is_there(work, one)]
    if not rows:
        raise NotAllowedNow(refunds.GONE)
    name = f"{FILE}{format_}:{currency}:{work.now:%Y%m%d%H%M%S}-{rows[0].id}"
    _render(work, format_, name, rows)  # before anything is written: what cannot be sent is refused
    for one in rows:
        refunds.act(work, one, "send", reference=name)
    for case in mine:
        cases.follow(work, case)
    return name


def _is_there(work: Work, refund: Refund) -> bool:
    """Whether the money of a refund is still there; one whose money went another way is dropped, so
    that the others need not wait for it.
    """
    if refunds.covered(work, refund):
        return True
    refunds.act(work, refund, "drop", why=refunds.GONE)
    orders.refile(work, [refund.order_id, refund.purse_id])
    return False


def content(work: Work, name: str) -> bytes:
    """A file again, with what is in it still on its way.

    Raises:
        NotAllowedNow: there is no such file, or all of it has arrived.
    """
    rows = list(work.session.scalars(
        select(Refund).where(Refund.reference == name, Refund.state == states.SENT)
        .order_by(Refund.id)))
    said = name.removeprefix(FILE).partition(":")[0]
    format_: Format | None = next((one for one in get_args(Format) if one == said), None)
    if not rows or format_ is None:
        raise NotAllowedNow("There is no such file any more.")
    return _render(work, format_, name, rows)


def files(work: Work) -> dict[str, list[Refund]]:
    """The files whose refunds are on their way, the newest first."""
    rows = work.session.scalars(
        select(Refund).where(Refund.method == states.TRANSFER, Refund.state == states.SENT,
                             Refund.reference.startswith(FILE)).order_by(Refund.id.desc())
        .limit(MOST))
    found: dict[str, list[Refund]] = {}
    for one in rows:
        found.setdefault(one.reference, []).append(one)
    return found


def _render(work: Work, format_: Format, name: str, rows: list[Refund]) -> bytes:
    shop = work.session.get(Company, 1)
    account = "".join((shop.bank_account if shop is not None else "").split()).upper()
    if not account:
        raise Invalid("Write our account number into the company's settings first.", "account")
    address = " ".join(str((shop.address or {}).get(part) or "") for part in (
        "street", "postcode", "city")) if shop is not None else ""
    sender = Sender(account if account[:2].isalpha() else f"PL{account}",
                    shop.name if shop is not None else "", address)
    names = dict(work.session.execute(
        select(Order.id, Order.buyer_name).where(Order.id.in_([one.order_id for one in rows]))
    ).all())
    made = [Transfer(f"REF{one.id}", one.bank_account, names.get(one.order_id) or "-", one.amount,
                     one.currency, f"Zwrot do zamowienia {one.order_id}") for one in rows]
    day: date = local_day(work.now)
    if format_ == "elixir":
        return transfers.elixir(sender, made, day)
    key = name.rpartition(":")[2]
    return transfers.pain_001(sender, made, key, work.now, day)
