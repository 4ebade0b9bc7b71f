"""What must be true after a sale: units that came back, money that goes back, statements."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.domain.returns import statements
from oms_web.domain.returns.models import Statement
from oms_web.inspection import Finding
from oms_web.inspection.checking import Found, invariant, listed


@invariant("I3")
def judged_units_are_in_the_ledger(session: Session) -> Found:
    """What was judged at the bench is in the ledger, once for each thing it is made of."""
    yield from listed(
        session, "I3", "unit {id} of case {return_id} was judged and never moved",
        """
        SELECT unit.id, unit.return_id FROM return_unit AS unit
        WHERE NOT EXISTS (
            SELECT 1 FROM move
            WHERE move.cause LIKE 'return_unit:' || unit.id || ':%'
              AND move.to_id = unit.location_id)
        """,
    )


@invariant("I11")
def lines_count_what_came_back(session: Session) -> Found:
    """A line counts as returned and restocked what was judged of it, and no more is paid back
    than was ordered.
    """
    yield from listed(
        session, "I11", "order line {id}: {judged} judged, {returned} returned, {again} on a shelf "
                        "again, {restocked} restocked, {refunded} refunded",
        """
        SELECT line.id, line.returned, line.restocked, line.refunded,
               COALESCE(SUM(unit.quantity), 0) AS judged,
               COALESCE(SUM(CASE WHEN unit.disposition = 'restock' THEN unit.quantity END), 0)
                   AS again
        FROM order_line AS line
        LEFT JOIN return_line AS back ON back.order_line_id = line.id
        LEFT JOIN return_unit AS unit ON unit.line_id = back.id
        WHERE back.id IS NOT NULL OR line.returned <> 0 OR line.restocked <> 0
           OR line.refunded > line.quantity OR line.refunded < 0
        GROUP BY line.id, line.returned, line.restocked, line.refunded, line.quantity
        HAVING COALESCE(SUM(unit.quantity), 0) <> line.returned
            OR COALESCE(SUM(CASE WHEN unit.disposition = 'restock' THEN unit.quantity END), 0)
               <> line.restocked
            OR line.refunded > line.quantity OR line.refunded < 0
        """,
    )


@invariant("I16")
def pending_refunds_are_set_aside(session: Session) -> Found:
    """What an order has set aside for refunds is what its pending refunds come to."""
    yield from listed(
        session, "I16", "order {id}: {said} is set aside, its refunds come to {pending}",
        """
        SELECT owner.id, owner.refund_pending AS said, COALESCE(sums.amount, 0) AS pending
        FROM sales_order AS owner
        LEFT JOIN (
            SELECT purse_id, SUM(amount) AS amount FROM refund
            WHERE state IN ('planned', 'approved', 'sent', 'unknown') GROUP BY purse_id
        ) AS sums ON sums.purse_id = owner.id
        WHERE COALESCE(sums.amount, 0) <> owner.refund_pending
        """,
    )


@invariant("I16")
def refunds_stay_within_what_was_paid(session: Session) -> Found:
    """What went back and what is about to go back is no more than what came in."""
    yield from listed(
        session, "I16", "order {purse_id}: {refunds} to be paid back of {paid}",
        """
        SELECT sums.purse_id, sums.refunds, COALESCE(money.paid, 0) AS paid
        FROM (
            SELECT purse_id, SUM(amount) AS refunds FROM refund WHERE state <> 'refused'
            GROUP BY purse_id
        ) AS sums
        LEFT JOIN (
            SELECT order_id, SUM(amount) AS paid FROM payment WHERE amount > 0 GROUP BY order_id
        ) AS money ON money.order_id = sums.purse_id
        WHERE sums.refunds > COALESCE(money.paid, 0)
        """,
    )


@invariant("I24")
def statements_are_unbroken(session: Session) -> Found:
    """What buyers declared is as it was, and none is missing between two."""
    rows = session.scalars(select(Statement).order_by(Statement.id).execution_options(
        yield_per=500))
    wrong = statements.broken(rows)
    if wrong:
        yield Finding("I24", f"statements changed or missing before: {wrong[:3]} "
                             f"({len(wrong)} in all)")
