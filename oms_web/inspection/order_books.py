"""What must be true of orders, their money and their documents."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oms_web.inspection.checking import Found, invariant, listed


@invariant("I9")
def channel_orders_are_once(session: Session) -> Found:
    """A channel's order exists once per account."""
    yield from listed(
        session, "I9", "order {external_id} of account {account_id} is here {times} times",
        "SELECT account_id, external_id, COUNT(*) AS times FROM channel_order "
        "GROUP BY account_id, external_id HAVING COUNT(*) > 1",
    )


@invariant("I9")
def channel_orders_became_one_order(session: Session) -> Found:
    """A channel's order is the origin of one of our orders, not of two."""
    yield from listed(
        session, "I9", "channel order {channel_order_id} became {times} orders",
        "SELECT channel_order_id, COUNT(*) AS times FROM order_link WHERE kind = 'origin' "
        "GROUP BY channel_order_id HAVING COUNT(*) > 1",
    )


@invariant("I9")
def channel_lines_are_once(session: Session) -> Found:
    """A channel's line exists once in an order."""
    yield from listed(
        session, "I9", "order {order_id} has line {line_ref} {times} times",
        "SELECT order_id, channel_order_id, line_ref, COUNT(*) AS times FROM order_line "
        "WHERE channel_order_id IS NOT NULL AND line_ref <> '' "
        "GROUP BY order_id, channel_order_id, line_ref HAVING COUNT(*) > 1",
    )


@invariant("I9")
def lines_stand_for_linked_channel_orders(session: Session) -> Found:
    """An order has lines only of channel orders that it stands for, also after a split."""
    yield from listed(
        session, "I9", "order {order_id} has line {id} of channel order {channel_order_id}, for "
                       "which it does not stand",
        """
        SELECT line.order_id, line.id, line.channel_order_id FROM order_line AS line
        LEFT JOIN order_link AS link ON link.order_id = line.order_id
            AND link.channel_order_id = line.channel_order_id
        WHERE line.channel_order_id IS NOT NULL AND link.order_id IS NULL
        """,
    )


@invariant("I11")
def lines_stay_within_what_was_ordered(session: Session) -> Found:
    """No more is shipped, cancelled and promised than was ordered, or returned than shipped."""
    yield from listed(
        session, "I11", "order {order_id}, line {id}: {quantity} ordered, {shipped} shipped, "
                        "{cancelled} cancelled, {reserved} reserved, {returned} returned",
        "SELECT order_id, id, quantity, shipped, cancelled, reserved, returned FROM order_line "
        "WHERE shipped + cancelled + reserved > quantity OR returned > shipped "
        "OR shipped < 0 OR cancelled < 0 OR reserved < 0 OR returned < 0",
    )


@invariant("I13")
def quarantine_lost_nothing(session: Session) -> Found:
    """An order that left quarantine as solved is stored."""
    yield from listed(
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


@invariant("I13")
def imports_account_for_every_record(session: Session) -> Found:
    """What a finished import has read is added, changed, the same, or in quarantine.

    A product whose barcode is wrong is both: kept, and its barcode in quarantine.
    """
    yield from listed(
        session, "I13", "import {id}: {read} records read, {kept} accounted for",
        "SELECT id, read, added + changed + same + quarantined AS kept FROM import_run "
        "WHERE state = 'done' "
        "AND read NOT BETWEEN added + changed + same AND added + changed + same + quarantined",
    )


@invariant("I14")
def totals_add_up(session: Session) -> Found:
    """Goods and delivery less discount are the total."""
    yield from listed(
        session, "I14", "order {id}: {items_total} + {shipping_total} - {discount_total} is not "
                        "{total}",
        "SELECT id, items_total, shipping_total, discount_total, total FROM sales_order "
        "WHERE items_total + shipping_total - discount_total <> total ORDER BY id",
    )


@invariant("I14")
def lines_add_up(session: Session) -> Found:
    """The goods' total is the sum of the lines."""
    yield from listed(
        session, "I14", "order {order_id}: the lines add up to {lines}, the order says {said}",
        """
        SELECT owner.id AS order_id, COALESCE(sums.total, 0) AS lines, owner.items_total AS said
        FROM sales_order AS owner
        LEFT JOIN (SELECT order_id, SUM(total) AS total FROM order_line GROUP BY order_id) AS sums
            ON sums.order_id = owner.id
        WHERE COALESCE(sums.total, 0) <> owner.items_total
        """,
    )


@invariant("I14")
def payments_add_up(session: Session) -> Found:
    """What an order has been paid is the sum of its payments."""
    yield from listed(
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


@invariant("I18")
def document_numbers_have_no_gap(session: Session) -> Found:
    """Numbers of a period run without a gap or a repeat up to where the counter stands.

    They may begin above 1: a shop that moves in goes on where its old system stopped.
    """
    yield from listed(
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


@invariant("I18")
def issued_documents_are_kept(session: Session) -> Found:
    """Every document that the audit trail saw issued is still there."""
    yield from listed(
        session, "I18", "document {subject_id}, issued {at}, is gone",
        """
        SELECT issued.subject_id, issued.at FROM audit_entry AS issued
        WHERE issued.act IN ('documents.issue', 'documents.correct', 'documents.proforma',
                             'documents.warehouse') AND issued.subject = 'document'
          AND NOT EXISTS (SELECT 1 FROM document WHERE document.id = issued.subject_id)
        """,
    )


@invariant("I18")
def documents_add_up(session: Session) -> Found:
    """Net and VAT of a document are its gross."""
    yield from listed(
        session, "I18", "document {number}: {net} + {vat} is not {gross}",
        "SELECT number, net, vat, gross FROM document WHERE net + vat <> gross",
    )
