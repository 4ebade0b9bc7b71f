"""Units go into the parcel, one scan each, and come out again; the last one closes it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment import scan as scans
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.fulfilment.models import PackScan
from oms_web.domain.fulfilment.scan import Need
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import bench, replanning, weights
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Shipment
from oms_web.flows.pack import closing, trouble

STOP, HERE, OTHER = "stop", "here", "other"
MOST_BY_HAND = 500


@dataclass(frozen=True, slots=True)
class _Told:
    """A scan that is to be written down."""

    key: str
    code: str
    variant_id: int | None
    result: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What a scan came to. ``result``: a verdict of ``scan.py``, or

    ``hand`` (confirmed without a scan), ``stop`` (something happened to the order: nothing was
    counted), ``here`` (the number of this very order), ``other`` (the number of another one).
    """

    result: str
    scan_id: int | None = None
    closed: bool = False


def scan(
    work: Work, shipment_id: int, code: str, key: str, current: tuple[int, int] | None = None
) -> Heard:
    """One scan at an open parcel. The same ``key`` again counts nothing and answers the same.

    Raises:
        NotAllowedNow: the parcel is closed.
    """
    before = fulfilment.scan_by_key(work.session, key)
    if before is not None:
        return _heard_before(work.session, before)
    shipment = _in_hand(work, shipment_id)
    if trouble.find(work.session, shipment) is not None:
        return Heard(STOP)
    product = catalog.scanned(work.session, code)
    needs = bench.needs(work.session, shipment_id)
    verdict = scans.judge(needs, product.id if product else None, current)
    if verdict.result in (scans.UNKNOWN, scans.WRONG):
        named = _names_order(work.session, code)
        if named is not None:
            mine = shipping.owners(work.session, shipment)
            return Heard(HERE if named in mine else OTHER)
    told = _Told(key, code.strip(), product.id if product else None, verdict.result)
    return _count(work, shipment, needs, verdict.counts, [told])


def _in_hand(work: Work, shipment_id: int) -> Shipment:
    """An open parcel; it and its orders are nobody else's until the end of the transaction."""
    shipment = shipping.lock(work.session, shipment_id, shipping.PACKING)
    shipping.lock_owners(work, shipment)
    return shipment


def _heard_before(session: Session, before: PackScan) -> Heard:
    shipment = shipping.get(session, before.shipment_id)
    return Heard(before.result, before.id, shipment.state != shipping.PACKING)


def _names_order(session: Session, code: str) -> int | None:
    named = scans.basket(code)
    if named is not None:
        return fulfilment.basket_order(session, *named)
    number = scans.order_number(code)
    return number if number and session.get(Order, number) is not None else None


def _count(
    work: Work, shipment: Shipment, needs: list[Need], counts: scans.Counts, told: list[_Told]
) -> Heard:
    parcel = shipping.parcels_of(work.session, shipment.id)[-1].position
    rows = [
        fulfilment.record_scan(work, shipment.id, one.key, one.code, one.variant_id, one.result,
                               parcel)
        for one in told
    ]
    _put(work, shipment, counts)
    closed = counts != () and scans.complete(scans.counted(needs, counts)) \
        and closing.close_when_ready(work, shipment)
    return Heard(rows[-1].result, rows[-1].id, closed)


def _put(work: Work, shipment: Shipment, counts: scans.Counts, sign: int = 1) -> None:
    """Write units into (or, with ``sign`` -1, out of) the shipment's lines, shelf by shelf."""
    lines = shipping.lines_of(work.session, shipment.id)
    for key, units in counts:
        mine = [line for line in lines if (line.line_id, line.variant_id) == key]
        for line in mine if sign > 0 else reversed(mine):
            some = min(units, line.quantity - line.packed if sign > 0 else line.packed)
            line.packed += sign * some
            units -= some
    work.session.flush()


def by_hand(
    work: Work, shipment_id: int, line_id: int, variant_id: int, key: str, units: int = 1
) -> Heard:
    """Confirm units of a line without scanning them; written down as such.

    Raises:
        NotAllowedNow: nothing of the line is left to confirm, or the parcel is closed.
    """
    before = fulfilment.scan_by_key(work.session, key)
    if before is not None:
        return _heard_before(work.session, before)
    shipment = _in_hand(work, shipment_id)
    if trouble.find(work.session, shipment) is not None:
        return Heard(STOP)
    needs = bench.needs(work.session, shipment_id)
    need = next((n for n in needs if n.key == (line_id, variant_id) and n.left > 0), None)
    if need is None:
        raise NotAllowedNow("All of it is in the parcel already.")
    many = max(1, min(units, need.left, MOST_BY_HAND))
    return _count(work, shipment, needs, ((need.key, many),), [
        _Told(key if number == 0 else f"{key[:34]}:{number}", "", variant_id, "hand")
        for number in range(many)
    ])


def undo(work: Work, shipment_id: int, scan_id: int) -> bool:
    """Take a counted scan back; False when it was taken back already. A closed parcel opens.

    Raises:
        NotAllowedNow: it has left.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE)
    shipping.lock_owners(work, shipment)
    row = work.session.get(PackScan, scan_id)
    if row is None or row.shipment_id != shipment_id or row.result not in fulfilment.COUNTED:
        return False
    if shipment.state == shipping.PACKED:
        replanning.unseal(work, shipment)
    weights.forget(work, shipment)
    if row.variant_id is not None:
        needs = bench.needs(work.session, shipment_id)
        _put(work, shipment, scans.take_back(needs, row.variant_id), -1)
    row.result = "undone"
    work.session.flush()
    return True


def second_parcel(work: Work, shipment_id: int) -> int:
    """What comes next goes into another box; its position. An empty last box is used first.

    Raises:
        NotAllowedNow: the parcel is closed, or there are too many.
    """
    shipment = shipping.lock(work.session, shipment_id, shipping.PACKING)
    last = shipping.parcels_of(work.session, shipment_id)[-1]
    if not fulfilment.scanned_into(work.session, shipment_id).get(last.position):
        return last.position
    weights.forget(work, shipment)
    return shipping.add_parcel(work, shipment).position


def accept_changes(work: Work, shipment_id: int) -> dict[tuple[int, int], int]:
    """The packer has seen that the order changed: the parcel follows.

    Returns:
        Units to take out of the parcel, per (line, variant).

    Raises:
        NotAllowedNow: the order lost units, or something else stands in the way.
    """
    shipment = _in_hand(work, shipment_id)
    found = trouble.find(work.session, shipment)
    if found is None:
        return {}
    if found.kind != trouble.CHANGED:
        raise NotAllowedNow("This order cannot go on like this.")
    out = shipping.relist(work, shipment)
    weights.forget(work, shipment)
    closing.close_when_ready(work, shipment)
    return out
