"""Whether the books agree: the invariants that every transaction promises to keep.

``check`` reads, and never repairs. Each check is one function around one query that lists what is
wrong; its docstring says what must be true. The letters I1, I2... are the invariants' names in
docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oms_web.core.claims import LEASE
from oms_web.core.columns import UtcDateTime
from oms_web.domain.audit.sealing import broken_seals
from oms_web.inspection import Finding

_SHOWN = 3
_COUNTED = 1000
# A worker that lives renews its lease; one that does not is dead after this.
_STALE = 2 * LEASE
# The migrations' triggers refuse changes to these.
APPEND_ONLY = ("audit_entry", "audit_seal", "move", "publication", "document", "document_file",
               "price_note")

Found = Iterator[Finding]
CHECKS: dict[str, Callable[[Session], Found]] = {}


def check(session: Session, only: Collection[str] = ()) -> list[Finding]:
    """Run the checks (``only`` names some of them: ``I2``); an empty list means all is well."""
    found: list[Finding] = []
    for name, one in CHECKS.items():
        if only and name.partition(" ")[0] not in only:
            continue
        try:
            found += one(session)
        except DBAPIError as error:  # A damaged file cannot even be read: say so and go on.
            session.rollback()
            found.append(Finding(name.partition(" ")[0], f"{name} cannot be read: {error.orig}"))
    return found


def _named(name: str) -> Callable[[Callable[[Session], Found]], Callable[[Session], Found]]:
    def keep(one: Callable[[Session], Found]) -> Callable[[Session], Found]:
        CHECKS[f"{name} {one.__name__}"] = one
        return one

    return keep


def _found(session: Session, name: str, sentence: str, query: str, **values: Any) -> Found:
    """One finding if the query lists anything. ``sentence`` is filled with a row's columns."""
    statement = text(query)
    for key, value in values.items():
        if isinstance(value, datetime):
            statement = statement.bindparams(bindparam(key, type_=UtcDateTime()))
    rows = session.execute(statement, values).mappings().fetchmany(_COUNTED + 1)
    if not rows:
        return
    examples = "; ".join(sentence.format(**row) for row in rows[:_SHOWN])
    count = f"more than {_COUNTED}" if len(rows) > _COUNTED else str(len(rows))
    more = f" ({count} in all)" if len(rows) > _SHOWN else ""
    yield Finding(name, examples + more)


# Stock

# Places that hold units; the others are only where units come from and go to.
_HOLDS = "(SELECT id FROM location WHERE kind IN ('bin', 'transit'))"


@_named("I1")
def nothing_below_zero(session: Session) -> Found:
    """No place holds less than nothing or promises more than it holds."""
    yield from _found(
        session, "I1", "variant {variant_id} in place {location_id}: {on_hand} on hand, "
                       "{reserved} reserved",
        "SELECT variant_id, location_id, on_hand, reserved FROM balance "
        "WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand",
    )


@_named("I2")
def on_hand_is_the_sum_of_moves(session: Session) -> Found:
    """What a place holds is what came in less what went out."""
    yield from _found(
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


@_named("I3")
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


@_named("I3")
def moves_have_a_cause(session: Session) -> Found:
    """Every move says why and by whom."""
    yield from _found(
        session, "I3", "move {id} has no cause or nobody's name",
        "SELECT id FROM move WHERE cause = '' OR actor = ''",
    )


@_named("I4")
def reserved_is_the_sum_of_promises(session: Session) -> Found:
    """What a place has promised is the sum of its reservations."""
    yield from _found(
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


@_named("I4")
def lines_count_their_promises(session: Session) -> Found:
    """A line's reserved units are its reservations; a bundle's are complete sets of its parts."""
    yield from _found(
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


@_named("I5")
def promises_serve_open_lines(session: Session) -> Found:
    """Units are promised only to lines of orders that still wait for them."""
    yield from _found(
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


# Orders


@_named("I9")
def channel_orders_are_once(session: Session) -> Found:
    """A channel's order exists once per account."""
    yield from _found(
        session, "I9", "order {external_id} of account {account_id} is here {times} times",
        "SELECT account_id, external_id, COUNT(*) AS times FROM channel_order "
        "GROUP BY account_id, external_id HAVING COUNT(*) > 1",
    )


@_named("I9")
def channel_orders_became_one_order(session: Session) -> Found:
    """A channel's order is the origin of one of our orders, not of two."""
    yield from _found(
        session, "I9", "channel order {channel_order_id} became {times} orders",
        "SELECT channel_order_id, COUNT(*) AS times FROM order_link WHERE kind = 'origin' "
        "GROUP BY channel_order_id HAVING COUNT(*) > 1",
    )


@_named("I9")
def channel_lines_are_once(session: Session) -> Found:
    """A channel's line exists once in an order."""
    yield from _found(
        session, "I9", "order {order_id} has line {line_ref} {times} times",
        "SELECT order_id, channel_order_id, line_ref, COUNT(*) AS times FROM order_line "
        "WHERE channel_order_id IS NOT NULL AND line_ref <> '' "
        "GROUP BY order_id, channel_order_id, line_ref HAVING COUNT(*) > 1",
    )


@_named("I11")
def lines_stay_within_what_was_ordered(session: Session) -> Found:
    """No more is shipped, cancelled and promised than was ordered, or returned than shipped."""
    yield from _found(
        session, "I11", "order {order_id}, line {id}: {quantity} ordered, {shipped} shipped, "
                        "{cancelled} cancelled, {reserved} reserved, {returned} returned",
        "SELECT order_id, id, quantity, shipped, cancelled, reserved, returned FROM order_line "
        "WHERE shipped + cancelled + reserved > quantity OR returned > shipped "
        "OR shipped < 0 OR cancelled < 0 OR reserved < 0 OR returned < 0",
    )


@_named("I13")
def quarantine_lost_nothing(session: Session) -> Found:
    """An order that left quarantine as solved is stored."""
    yield from _found(
        session, "I13", "order {external_id} of account {account_id} left quarantine and is "
                        "nowhere",
        """
        SELECT q.account_id, q.external_id FROM quarantine AS q
        WHERE q.kind = 'order' AND q.state = 'solved' AND q.account_id IS NOT NULL
          AND NOT EXISTS (
            SELECT 1 FROM channel_order AS known
            WHERE known.account_id = q.account_id AND known.external_id = q.external_id)
        """,
    )


@_named("I13")
def imports_account_for_every_record(session: Session) -> Found:
    """What a finished import has read is added, changed, the same, or in quarantine."""
    yield from _found(
        session, "I13", "import {id}: {read} records read, {kept} accounted for",
        "SELECT id, read, added + changed + same + quarantined AS kept FROM import_run "
        "WHERE state = 'done' AND read <> added + changed + same + quarantined",
    )


# Money


@_named("I14")
def totals_add_up(session: Session) -> Found:
    """Goods and delivery less discount are the total."""
    yield from _found(
        session, "I14", "order {id}: {items_total} + {shipping_total} - {discount_total} is not "
                        "{total}",
        "SELECT id, items_total, shipping_total, discount_total, total FROM sales_order "
        "WHERE items_total + shipping_total - discount_total <> total ORDER BY id",
    )


@_named("I14")
def lines_add_up(session: Session) -> Found:
    """The goods' total is the sum of the lines."""
    yield from _found(
        session, "I14", "order {order_id}: the lines add up to {lines}, the order says {said}",
        """
        SELECT owner.id AS order_id, COALESCE(sums.total, 0) AS lines, owner.items_total AS said
        FROM sales_order AS owner
        LEFT JOIN (SELECT order_id, SUM(total) AS total FROM order_line GROUP BY order_id) AS sums
            ON sums.order_id = owner.id
        WHERE COALESCE(sums.total, 0) <> owner.items_total
        """,
    )


@_named("I14")
def payments_add_up(session: Session) -> Found:
    """What an order has been paid is the sum of its payments."""
    yield from _found(
        session, "I14", "order {order_id}: the payments add up to {payments}, the order says "
                        "{said}",
        """
        SELECT owner.id AS order_id, COALESCE(sums.total, 0) AS payments, owner.paid_total AS said
        FROM sales_order AS owner
        LEFT JOIN (SELECT order_id, SUM(amount) AS total FROM payment GROUP BY order_id) AS sums
            ON sums.order_id = owner.id
        WHERE COALESCE(sums.total, 0) <> owner.paid_total
        """,
    )


@_named("I18")
def document_numbers_have_no_gap(session: Session) -> Found:
    """Numbers of a period run without a gap or a repeat up to where the counter stands.

    They may begin above 1: a shop that moves in goes on where its old system stopped.
    """
    yield from _found(
        session, "I18", "series {series_id}, period {period}: {documents} documents from {lowest} "
                        "to {highest}, the counter stands at {last}",
        """
        SELECT given.series_id, given.period, given.documents, given.lowest, given.highest,
               COALESCE(counter.last, 0) AS last
        FROM (
            SELECT series_id, period, COUNT(*) AS documents, COUNT(DISTINCT sequence) AS numbers,
                   MIN(sequence) AS lowest, MAX(sequence) AS highest
            FROM document GROUP BY series_id, period
        ) AS given
        LEFT JOIN document_series_period AS counter
            ON counter.series_id = given.series_id AND counter.period = given.period
        WHERE given.documents <> given.numbers OR given.highest <> COALESCE(counter.last, 0)
           OR given.highest - given.lowest + 1 <> given.documents
        """,
    )


@_named("I18")
def issued_documents_are_kept(session: Session) -> Found:
    """Every document that the audit trail saw issued is still there."""
    yield from _found(
        session, "I18", "document {subject_id}, issued {at}, is gone",
        """
        SELECT issued.subject_id, issued.at FROM audit_entry AS issued
        WHERE issued.act = 'documents.issue' AND issued.subject = 'document'
          AND NOT EXISTS (SELECT 1 FROM document WHERE document.id = issued.subject_id)
        """,
    )


@_named("I18")
def documents_add_up(session: Session) -> Found:
    """Net and VAT of a document are its gross."""
    yield from _found(
        session, "I18", "document {number}: {net} + {vat} is not {gross}",
        "SELECT number, net, vat, gross FROM document WHERE net + vat <> gross",
    )


# Work and data


@_named("I21")
def tasks_end(session: Session) -> Found:
    """A task is done, dead, waiting with a date, or held by a worker that lives."""
    yield from _found(
        session, "I21", "task {id} ({kind}) is {state}, held by {worker} until {lease_until}",
        """
        SELECT id, kind, state, COALESCE(worker, 'nobody') AS worker, lease_until FROM task
        WHERE state NOT IN ('waiting', 'running', 'done', 'dead')
           OR (state IN ('done', 'dead')) <> (finished_at IS NOT NULL)
           OR (state = 'running' AND (lease_until IS NULL OR lease_until < :late))
        """,
        late=datetime.now(UTC) - _STALE,
    )


@_named("I23")
def references_lead_somewhere(session: Session) -> Found:
    """No row points to a row that is gone. PostgreSQL guards this itself."""
    if session.get_bind().dialect.name != "sqlite":
        return
    yield from _found(
        session, "I23", "{table}, row {rowid}: its {parent} is gone",
        'SELECT "table", "rowid", "parent" FROM pragma_foreign_key_check',
    )


@_named("I23")
def file_is_whole(session: Session) -> Found:
    """The database file is not damaged. PostgreSQL's pages have checksums of their own."""
    if session.get_bind().dialect.name != "sqlite":
        return
    verdict = list(session.scalars(text("PRAGMA integrity_check(3)")))
    if verdict != ["ok"]:
        yield Finding("I23", f"the database file is damaged: {'; '.join(verdict)}")


@_named("I24")
def audit_trail_is_unbroken(session: Session) -> Found:
    """The sealed part of the audit trail is what was sealed."""
    broken = broken_seals(session)
    if broken:
        yield Finding("I24", f"the audit trail was altered: seal {broken[0]} does not fit its "
                             f"entries ({len(broken)} seals in all)")


# Sums that are kept so that screens need not count


@_named("counts")
def queues_are_counted_right(session: Session) -> Found:
    """The counts beside the queues and statuses are the numbers of orders in them."""
    for kind, column in (("queue", "queue"), ("status", "status_id")):
        yield from _found(
            session, "counts", f"{kind} {{name}}: the count says {{counted}}, there are {{there}}",
            f"""
            SELECT name, SUM(counted) AS counted, SUM(there) AS there FROM (
                SELECT name, n AS counted, 0 AS there FROM order_tally WHERE kind = :kind
                UNION ALL
                SELECT CAST({column} AS VARCHAR(24)), 0, COUNT(*) FROM sales_order
                WHERE {column} IS NOT NULL GROUP BY {column}
            ) AS sides GROUP BY name HAVING SUM(counted) <> SUM(there)
            """,  # noqa: S608 - the column is one of the two above
            kind=kind,
        )
