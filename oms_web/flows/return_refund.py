"""Money back for a case: planned to the smallest coin, approved by somebody, sent, and proven.

What the invoice has to be corrected by is proposed on the case (``web/case_corrections.py``):
issuing it is a story of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stdnum import iban
from stdnum.exceptions import ValidationError

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import refund_states, refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import (
    correcting,
    kinds,
    money,
    refund_plan,
    service,
    standings,
    tracks,
)
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Plan, Wish


def usual(work: Work, case: Return) -> Wish:
    """What a case usually pays back now (``standings.usual``).

    Raises:
        NotAllowedNow: the case has no order.
    """
    order = orders.get_order(work.session, _order_of(case))
    return standings.usual(work.session, case, money.facts(work.session, order)[0])


def plan(work: Work, case: Return, wish: Wish) -> Plan:
    """The plan of a wish as the law and the order have it; nothing is written.

    Raises:
        Invalid: more units than are left, or an amount that makes no sense.
        NotAllowedNow: the case has no order.
    """
    order = orders.get_order(work.session, _order_of(case))
    sold, paid = money.facts(work.session, order)
    return refund_plan.plan(sold, paid, wish, lawful=case.kind == kinds.WITHDRAWAL,
                            promised=case.outcome == kinds.REDUCE)


def ask(work: Work, case_id: int, wish: Wish, method: str, key: str, *, amount: int | None = None,
        reason: str = "", account: str = "", told: str = "") -> list[Refund]:
    """Plan a refund; what was paid by voucher becomes one of its own, as credit.

    Args:
        amount: minor units that somebody typed instead of what the plan comes to; with a reason.
        key: what makes the form one of a kind; the same again plans nothing.
        account: the buyer's bank account, for a transfer.
        told: why less goes back than the goods cost, as the buyer reads it.

    Raises:
        Invalid: naming the field: another amount, or a withdrawal
            without its delivery, without a reason, more than was paid, a transfer
            without an account number or with one that is none, nothing to be paid back.
        NotAllowedNow: the case is over, was refused or has no order.
    """
    order = orders.lock_order(work.session, _order_of(service.get(work.session, case_id)))
    case = service.lock(work.session, case_id)
    if not tracks.may_pay(standings.of(work.session, case)):
        raise NotAllowedNow("This case is over or was refused. Open or accept it first.")
    if not key:
        raise Invalid("This page has been open for too long. Reload it and try again.")
    known = [one for one in refunds.of_case(work.session, case_id)
             if one.key == key or one.key.startswith(f"{key}:")]
    if known:
        return known
    made = plan(work, case, wish)
    if case.kind == kinds.WITHDRAWAL and wish.delivery is False and not reason.strip() \
            and plan(work, case, replace(wish, delivery=None)).total > made.total:
        raise Invalid("Say why delivery does not go back: the law gives it back with the last of "
                      "the goods.", "reason")
    if amount is not None and amount != made.total:
        made = _typed(made, amount, reason)
    if made.total <= 0:
        raise Invalid("There is nothing to be paid back.", "amount")
    if method == refund_states.TRANSFER:
        account = case.bank_account = needed_account(account or case.bank_account)
    found = money.ask(work, order, case, made, method, key, money.Said(reason, told, account))
    service.follow(work, case)
    return found


def _typed(made: Plan, amount: int, reason: str) -> Plan:
    """The plan with an amount that a person wants, the difference as an item of its own."""
    if not reason.strip():
        raise Invalid("Say why the amount is another than the plan's.", "reason")
    difference = amount - sum(item.amount for item in made.items)
    items = (*made.items, refund_plan.Item(refund_plan.OTHER, difference)) if difference \
        else made.items
    return replace(made, items=items, total=amount, credit=min(made.credit, amount))


def act(work: Work, refund_id: int, name: str, *, why: str = "", reference: str = "",
        account: str | None = None) -> bool:
    """Approve, send, confirm or drop a refund; False when it had its effect already.

    Args:
        account: the buyer's bank account as it is typed where a transfer is approved; None: the
            one that is known.

    Raises:
        NotFound: there is none.
        Invalid: dropped or refused without a word why; a transfer approved without an account
            number.
        NotAllowedNow: its state does not permit that, a machine has it in hand, or it is dropped
            although the invoice was corrected by it.
    """
    known = refunds.get(work.session, refund_id)
    orders.lock_order(work.session, known.order_id)
    case = service.lock(work.session, known.case_id) if known.case_id else None
    refund = refunds.lock(work.session, refund_id)
    if name in ("drop", "refuse") and not why.strip() and refund.state != refund_states.REFUSED:
        raise Invalid("Say why.", "why")
    in_hand = name == "send" or (name in ("refuse", "done") and refund.state in (
        refund_states.APPROVED, refund_states.SENT))
    if in_hand and refund.method in refund_states.ASKED_FOR:
        raise NotAllowedNow("Nobody sends this one by hand: the provider or the channel is asked.")
    if name == "drop" and correcting.corrections_of(work.session, [refund]):
        raise NotAllowedNow("Its correction was issued. Correct the invoice back first.")
    if name == "approve" and refund.state == refund_states.PLANNED \
            and refund.method == refund_states.TRANSFER:
        _send_to(work, refund, case, account)
    done = refunds.act(work, refund, name, why=why, reference=reference)
    if case is not None:
        service.follow(work, case)
    orders.refile(work, [refund.order_id, refund.purse_id])
    return done


def _send_to(work: Work, refund: Refund, case: Return | None, typed: str | None) -> None:
    """Where a transfer goes: what is typed now, else what the refund or its case says."""
    known = refund.bank_account or (case.bank_account if case is not None else "")
    account = needed_account(known if typed is None else typed)
    if account != refund.bank_account:
        _note_account(work, refund, account)
    if case is not None:
        case.bank_account = account


def _note_account(work: Work, refund: Refund, account: str) -> None:
    before, refund.bank_account = refund.bank_account, account
    audit.record(work, "refunds.account", "refund", refund.id,
                 {"bank_account": [before, account]}, order_id=refund.order_id)


def details(work: Work, case_id: int, values: Mapping[str, Any]) -> bool:
    """Change what is written of a case; False when nothing is new.

    A transfer of the case that waits for the buyer's account number gets it, too: without one
    nobody can approve it.

    Raises:
        NotFound: there is no such case.
        Invalid: a word that is none.
    """
    known = service.get(work.session, case_id)
    if known.order_id:
        orders.lock_order(work.session, known.order_id)
    case = service.lock(work.session, case_id)
    changed = service.details(work, case, values)
    for one in refunds.of_case(work.session, case_id) if case.bank_account else ():
        if one.method == refund_states.TRANSFER and not one.bank_account \
                and one.state == refund_states.PLANNED:
            _note_account(work, refunds.lock(work.session, one.id), case.bank_account)
            changed = True
    return changed


def bank_account(typed: str) -> str:
    """A bank account number as it is kept: an IBAN without spaces; a Polish one may lack its PL.

    Raises:
        Invalid: digits are missing or wrong.
    """
    plain = "".join(typed.split()).upper()
    if not plain:
        return ""
    if plain.isdigit() and len(plain) == 26:
        plain = f"PL{plain}"
    try:
        return str(iban.validate(plain))
    except ValidationError:
        raise Invalid("This account number is not right: a digit is missing or wrong.",
                      "account") from None


def needed_account(typed: str) -> str:
    """The account number of a transfer: nobody approves one that nobody could send.

    Raises:
        Invalid: there is none, or digits are missing or wrong.
    """
    found = bank_account(typed)
    if not found:
        raise Invalid("A transfer needs the buyer's account number.", "account")
    return found


def _order_of(case: Return) -> int:
    if case.order_id is None:
        raise NotAllowedNow("Say first which order this case belongs to.")
    return case.order_id
