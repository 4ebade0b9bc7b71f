"""What must be true of stock: places, ledger, reservations."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from oms_web.inspection import Finding
from oms_web.inspection.checking import Found, invariant, listed

# The migrations' triggers refuse changes to these.
APPEND_ONLY = ("audit_entry", "audit_seal", "move", "publication", "price_publication", "document",
               "document_file", "document_annulment", "price_note", "return_statement")
# Places that hold units; the others are only where units come from and go to.
_HOLDS = "(SELECT id FROM location WHERE kind IN ('bin', 'transit'))"


@invariant("I1")
def nothing_below_zero(session: Session) -> Found:
    """No place holds less than nothing or promises more than it holds."""
    yield from listed(
        session, "I1", "variant {variant_id} in place {location_id}: {on_hand} on hand, "
                       "{reserved} reserved",
        "SELECT variant_id, location_id, on_hand, reserved FROM balance "
        "WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand",
    )


@invariant("I2")
def on_hand_is_the_sum_of_moves(session: Session) -> Found:
    """What a place holds is what came in less what went out."""
    yield from listed(
        session, "I2", "variant {variant_id} in place {location_id}: the balance says {held}, the "
                       "ledger {moved}",
        f"""
        SELECT variant_id, location_id, SUM(held) AS held, SUM(moved) AS moved FROM (
            SELECT variant_id, location_id, on_hand AS held, 0 AS moved FROM balance
            UNION ALL
            SELECT variant_id, to_id, 0, SUM(quantity) FROM move
            WHERE to_id IN {_HOLDS} GROUP BY variant_id, to_id
            UNION ALL
            SELECT variant_id, from_id, 0, -SUM(quantity) FROM move
            WHERE from_id IN {_HOLDS} GROUP BY variant_id, from_id
        ) AS sides GROUP BY variant_id, location_id HAVING SUM(held) <> SUM(moved)
        """,  # noqa: S608 - the only insertion is the constant above
    )


@invariant("I3")
def ledgers_refuse_change(session: Session) -> Found:
    """The triggers that keep the ledgers append-only are in place."""
    if session.get_bind().dialect.name == "sqlite":
        there = set(session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
        absent = [table for table in APPEND_ONLY
                  if not {f"{table}_no_update", f"{table}_no_delete"} <= there]
    else:
        there = set(session.scalars(text(
            "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND NOT tgisinternal")))
        absent = [table for table in APPEND_ONLY if f"{table}_append_only" not in there]
    if absent:
        yield Finding("I3", f"nothing guards {', '.join(absent)} against change any more")


@invariant("I3")
def moves_have_a_cause(session: Session) -> Found:
    """Every move says why and by whom."""
    yield from listed(
        session, "I3", "move {id} has no cause or nobody's name",
        "SELECT id FROM move WHERE cause = '' OR actor = ''",
    )


@invariant("I4")
def reserved_is_the_sum_of_promises(session: Session) -> Found:
    """What a place has promised is the sum of its reservations."""
    yield from listed(
        session, "I4", "variant {variant_id} in place {location_id}: the balance says {counted} "
                       "reserved, the reservations {promised}",
        """
        SELECT variant_id, location_id, SUM(counted) AS counted, SUM(promised) AS promised FROM (
            SELECT variant_id, location_id, reserved AS counted, 0 AS promised FROM balance
            UNION ALL
            SELECT variant_id, location_id, 0, SUM(quantity) FROM reservation
            GROUP BY variant_id, location_id
        ) AS sides GROUP BY variant_id, location_id HAVING SUM(counted) <> SUM(promised)
        """,
    )


@invariant("I4")
def lines_count_their_promises(session: Session) -> Found:
    """A line's reserved units are its reservations; a bundle's are complete sets of its parts."""
    yield from listed(
        session, "I4", "order {order_id}, line {line_id}, variant {variant_id}: the line says "
                       "{counted} reserved, the reservations {promised}",
        """
        SELECT line.order_id, sides.line_id, sides.variant_id,
               SUM(counted) AS counted, SUM(promised) AS promised
        FROM (
            SELECT line.id AS line_id, COALESCE(part.variant_id, line.variant_id) AS variant_id,
                   line.reserved * COALESCE(part.quantity, 1) AS counted, 0 AS promised
            FROM order_line AS line LEFT JOIN order_line_part AS part ON part.line_id = line.id
            WHERE line.reserved <> 0
            UNION ALL
            SELECT demand_id, variant_id, 0, SUM(quantity) FROM reservation
            WHERE demand_kind = 'order_line' GROUP BY demand_id, variant_id
        ) AS sides LEFT JOIN order_line AS line ON line.id = sides.line_id
        GROUP BY line.order_id, sides.line_id, sides.variant_id
        HAVING SUM(counted) <> SUM(promised)
        """,
    )


@invariant("I5")
def promises_serve_open_lines(session: Session) -> Found:
    """Units are promised only to lines of orders that still wait for them."""
    yield from listed(
        session, "I5", "{quantity} units of variant {variant_id} are promised to line {demand_id} "
                       "of order {order_id} ({phase})",
        """
        SELECT held.quantity, held.variant_id, held.demand_id, line.order_id,
               COALESCE(owner.phase, 'gone') AS phase
        FROM reservation AS held
        LEFT JOIN order_line AS line ON line.id = held.demand_id
        LEFT JOIN sales_order AS owner ON owner.id = line.order_id
        WHERE held.demand_kind = 'order_line' AND (
            owner.id IS NULL OR owner.phase NOT IN ('open', 'packing')
            OR line.shipped + line.cancelled >= line.quantity)
        """,
    )
