"""Cases of the inbox after a sale: terms of the law, money in doubt, parcels nobody knows, and
documents that no books take.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy import func, select

from oms_web.core.clock import day_bounds, local_day
from oms_web.domain.accounting import entry_queries
from oms_web.domain.payments import refund_states
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import clocks, queries
from oms_web.domain.shipping import claims
from oms_web.web.access import allowed
from oms_web.web.inbox_case import Asked, Case

CLAIM_SOON = timedelta(days=5)
"""So long before its last day a claim is a case of its own."""


def complaints(asked: Asked) -> Iterator[Case]:
    """Complaints whose answer is due: without one in time they count as accepted."""
    n, first = asked.terms.get(clocks.ANSWER, (0, asked.now))
    if n:
        late = first < asked.now
        yield Case(
            "bad", "heart-broken", gettext("Complaints to be answered"), _cases(n),
            gettext("The time is over: they count as accepted. Answer them all the same.") if late
            else gettext("Without an answer in time they count as accepted."),
            url_for("returns.index", view="complaints"), gettext("Answer them"), due=first)


def repayments(asked: Asked) -> Iterator[Case]:
    """Withdrawn orders whose money has to go back within the law's time."""
    n, first = asked.terms.get(clocks.REPAY, (0, None))
    if n:
        yield Case(
            "bad", "cash-banknote", gettext("Money to pay back"), _cases(n),
            gettext("The law gives 14 days from the withdrawal."),
            url_for("returns.index", view="money"), gettext("Pay back"), due=first)


def refunds(asked: Asked) -> Iterator[Case]:
    """Refunds nobody knows the outcome of, and those that wait for a yes."""
    counts = {state: (n, since) for state, n, since in asked.session.execute(
        select(Refund.state, func.count(), func.min(Refund.created_at))
        .where(Refund.state.in_((refund_states.UNKNOWN, refund_states.PLANNED)))
        .group_by(Refund.state))}
    if refund_states.UNKNOWN in counts:
        n, since = counts[refund_states.UNKNOWN]
        yield Case(
            "bad", "cash-banknote", gettext("Refunds with an unknown outcome"), _refunds(n),
            gettext("Nobody knows whether the money went. Ask before it is sent again."),
            url_for("refunds.index"), gettext("Find out"), since=since)
    if refund_states.PLANNED in counts:
        n, since = counts[refund_states.PLANNED]
        yield Case(
            "", "cash-banknote", gettext("Refunds to approve"), _refunds(n),
            gettext("They are planned; somebody has to say yes."),
            url_for("refunds.index"), gettext("Look at them"), since=since)


def waiting(asked: Asked) -> Iterator[Case]:
    """What was announced or came and nobody has decided; parcels without an order."""
    counts = asked.returns
    if counts["undecided"]:
        yield Case(
            "", "truck-return", gettext("Returns to decide"), _cases(counts["undecided"]),
            gettext("Accept them, ask the buyer, or refuse with a reason."),
            url_for("returns.index"), gettext("Decide"))
    if counts["orphans"]:
        yield Case(
            "warn", "zoom-question", gettext("Parcels that match no order"),
            _cases(counts["orphans"]), gettext("Find out whose they are."),
            url_for("returns.index", view="orphans"), gettext("Look for their orders"))


def courier_claims(asked: Asked) -> Iterator[Case]:
    """Claims that must reach the courier soon, and those it did not answer in time."""
    today = local_day(asked.now)
    n, first, silent = claims.waiting(asked.session, today + CLAIM_SOON, today)
    where = url_for("settlements.owed", view="parcels") if allowed("payments.statements") \
        else url_for("shipments.index", view="undelivered")
    if n and first is not None:
        yield Case(
            "bad", "receipt-refund", gettext("Claims to send to couriers"), _claims(n),
            gettext("Later the courier need not look at them."),
            where, gettext("Send them"),
            due=day_bounds(first)[1])
    if silent:
        yield Case(
            "warn", "receipt-refund", gettext("Couriers that did not answer a claim"),
            _claims(silent),
            gettext("Their time is over. Remind them, or go on by the contract."),
            where, gettext("Look at them"))


def bench(asked: Asked) -> Iterator[Case]:
    """Goods that arrived and were not judged: they can be sold again only afterwards."""
    n = asked.returns["here"]
    if n:
        yield Case(
            "", "package-import", gettext("Returned goods to be judged"), _cases(n),
            gettext("What is as new can be sold again once it is judged."),
            url_for("return_bench.index"), gettext("Judge them"))


def books(asked: Asked) -> Iterator[Case]:
    """Documents that an accounting program does not take."""
    n, since = entry_queries.needing_a_person(asked.session)
    if n:
        yield Case(
            "warn", "file-invoice", gettext("Not taken into the books"),
            ngettext("%(num)s document", "%(num)s documents", n),
            gettext("Each says why: put it right and try again, or enter it by hand."),
            url_for("accounting.index", _anchor="books"), gettext("See why"), since=since)


def _cases(n: int) -> str:
    if n > queries.MOST:
        return gettext("more than %(n)s cases", n=queries.MOST)
    return ngettext("%(num)s case", "%(num)s cases", n)


def _claims(n: int) -> str:
    return ngettext("%(num)s claim", "%(num)s claims", n)


def _refunds(n: int) -> str:
    return ngettext("%(num)s refund", "%(num)s refunds", n)
