"""Ask the buyer of an order for money, and take in what the provider says came of it.

What came is a payment like any other, so the order goes on by itself once it is paid; it is known
by the provider's account and reference, once.
"""

from __future__ import annotations

from typing import Any

from oms_connector import PaymentTold

from oms_web.core.errors import Invalid
from oms_web.core.money import to_minor
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import get_account, require_active
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_echoes, requests
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.requests import Taken
from oms_web.domain.returns import service as cases

_ENDED = ("refused", "cancelled")


def ask(work: Work, order_id: int, account_id: int, amount: int, form_key: str,
        template_id: int | None = None) -> bool:
    """Ask for money by a link; False when this form was sent before.

    Args:
        amount: minor units of the order's currency.
        template_id: the message that tells the buyer as soon as there is a link; None: nobody is
            told by it.

    Raises:
        Invalid: naming the field.
        NotAllowedNow: the order is a draft or cancelled, has an open link, or the account is
            stopped.
        NotFound: no such order or account.
    """
    if not form_key:
        raise Invalid("This page has been open for too long. Reload it and try again.")
    order = orders.lock_order(work.session, order_id)
    require_active(get_account(work.session, account_id))
    return requests.ask(work, order, account_id, amount, form_key, template_id)[1]


def withdraw(work: Work, order_id: int, request_id: int) -> bool:
    """Show a link no longer; False when it is not open.

    Raises:
        Invalid: it is not of this order.
    """
    orders.lock_order(work.session, order_id)
    row = requests.get(work.session, request_id)
    if row.order_id != order_id:
        raise Invalid("This payment request is of another order.")
    return requests.withdraw(work, row)


def source_of(account_id: int) -> str:
    """How payments name the provider's account that they came by."""
    return f"pay:{account_id}"


def heard(work: Work, taken: Taken, account: ChannelAccount, told: PaymentTold) -> int:
    """Take in how a payment stands; how many rows of money are new.

    Raises:
        Invalid: it is of another currency than was asked for.
    """
    if told.currency != taken.currency:
        raise Invalid("The provider tells of another currency: %(text)s", text=told.currency)
    order = orders.lock_order(work.session, taken.order_id)
    rows = _rows(work, taken, account, told, order)
    state = requests.PAID if told.state == "paid" else \
        requests.ENDED if told.state in _ENDED else requests.WAITING
    paid = to_minor(told.paid, taken.currency) if told.paid else 0
    new = requests.note_standing(work, taken, state=state, paid=max(0, paid), rows=rows,
                                 disputed=told.disputed)
    orders.refile(work, [one.id for one in lineage.purchase(work.session, order)])
    return new


def _rows(work: Work, taken: Taken, account: ChannelAccount, told: PaymentTold, order: Order
          ) -> list[dict[str, Any]]:
    """What came, what came on top of it, what went back, a chargeback: each once and for ever.

    A refund of ours is no news: it is settled by its own row.
    """
    def row(amount: int, reference: str, method: str) -> dict[str, Any]:
        return {"at": told.at or work.now, "amount": amount, "currency": taken.currency,
                "method": method[:80], "source": source_of(account.id),
                "reference": reference[:160], "stated": False}

    came = to_minor(told.paid, taken.currency) if told.paid else 0
    found = []
    kept = payments.came_by(work.session, source_of(account.id), told.reference)
    if came > kept:
        reference = f"{told.reference}{payments.MORE}{came}" if kept else told.reference
        found.append(row(came - kept, reference, told.method or account.name))
    back = [(one.reference, to_minor(one.amount, taken.currency)) for one in told.refunds
            if one.state == "done" and one.amount > 0]
    found += _news(work, taken, order, [
        row(-amount, reference, account.name) for reference, amount in back])
    found += [row(amount, reference, account.name)
              for amount, reference in _dispute(work, account.id, told, came - sum(
                  amount for _, amount in back))]
    return found


def _news(work: Work, taken: Taken, order: Order, back: list[dict[str, Any]]
          ) -> list[dict[str, Any]]:
    """What went back and was not told before: refunds of others; one of ours is settled by it."""
    fresh = [one for one in back if payments.amount_of(
        work.session, one["source"], one["reference"]) is None]
    news, settled = refund_echoes.hear(work, order, fresh, taken.id)
    for case_id in sorted(settled):
        cases.follow(work, cases.lock(work.session, case_id))
    return [dict(one) for one in news]


def _dispute(work: Work, account_id: int, told: PaymentTold, left: int) -> list[tuple[int, str]]:
    """What a buyer's bank took back, more of it later, and that it gave it back when the dispute
    was won.
    """
    name = f"{told.reference}:dispute"
    rows, taken = payments.named(work.session, source_of(account_id), name)
    more = -left - taken if told.disputed else -taken
    if more == 0 or (told.disputed and more > 0):
        return []
    often = rows if told.disputed else rows - 1  # each row has a name of its own
    return [(more, f"{name}{'' if told.disputed else ':won'}{f':{rows}' if often else ''}")]
