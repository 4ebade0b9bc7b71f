"""The bench: what a scan means, goods that arrive, and what becomes of each unit.

A scan may be the barcode of a buyer's form, a case's number, an order's, a tracking number, or the
EAN of a product. What matches nothing is taken in all the same, as a case without an order.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.returns import exchange_goods, intake, kinds, photos, queries, service, tracks
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return, ReturnUnit
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import queries as shipping
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.shipping.service import LEFT, UNDELIVERED

MOST_ORDERS = 20
_HERE = (tracks.CLOSED, tracks.OFF)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan came to: a case, or a choice of them, or of orders; ``fresh``: it was opened by
    the scan.
    """

    case_id: int | None = None
    choice: tuple[int, ...] = ()
    orders: tuple[int, ...] = ()
    fresh: bool = False


def scan(work: Work, code: str, key: str, order_id: int | None = None) -> Scanned:
    """Find or open the case of a parcel.

    Args:
        key: makes the scan one of a kind; the same again opens nothing new.
        order_id: whose parcel it is, where the code names several orders.

    Raises:
        Invalid: nothing was scanned.
        NotFound: it is no number we know; the parcel can be taken in without an order.
    """
    code = code.strip()[:120]
    if not code:
        raise Invalid("Scan or type a code.", "code")
    found = _cases(work, code) if order_id is None else []
    if len(found) == 1:
        return Scanned(found[0].id)
    if found:
        return Scanned(choice=tuple(one.id for one in found))
    orders_ = [one for one in orders_of(work, code) if order_id in (None, one.id)]
    if not orders_:
        raise NotFound("No case, order or parcel has the number %(code)s.", code=code[:80])
    if len(orders_) > 1:
        return Scanned(orders=tuple(one.id for one in orders_))
    order = orders_[0]
    known = [one for one in queries.of_order(work.session, order.id) if one.phase not in _HERE]
    if known:
        return Scanned(known[0].id) if len(known) == 1 else \
            Scanned(choice=tuple(one.id for one in known))
    row, fresh = service.open_case(work, orders.lock_order(work.session, order.id),
                                   orders.order_lines(work.session, order.id),
                                   _opening(work, order, code, key))
    return Scanned(row.id, fresh=fresh)


def _cases(work: Work, code: str) -> list[Return]:
    page = queries.listed(work.session, queries.Asked(q=code), limit=10)
    named = [row.case for row in page.rows if row.case.phase not in _HERE]
    return named or queries.by_tracking(work.session, code)


def orders_of(work: Work, code: str) -> list[Order]:
    """The orders a code names: by our number, the channel's, or that of a parcel; the newest
    first, no more than anybody looks through.
    """
    ids = [int(code)] if code.isascii() and code.isdigit() and len(code) < 12 else []
    found = [order for order in (work.session.get(Order, one) for one in ids) if order]
    if found:
        return found
    tracked = shipping.tracked(work.session, code)
    rows = work.session.scalars(
        select(Order).where((Order.external_number == code) | Order.id.in_(tracked))
        .order_by(Order.id.desc()).limit(MOST_ORDERS)).all()
    return list(rows)


def _opening(work: Work, order: Order, code: str, key: str) -> Opening:
    """A parcel nobody announced. If ours could not be delivered, it is that one, with what is in
    it.
    """
    failed = work.session.scalars(
        select(Shipment).where(with_goods_of(order.id), Shipment.state == UNDELIVERED)
        .order_by(Shipment.id.desc()).limit(1)).first()
    sent = failed or work.session.scalars(
        select(Shipment).where(with_goods_of(order.id), Shipment.state.in_(LEFT))
        .order_by(Shipment.id.desc()).limit(1)).first()
    lines = intake.in_parcel(work.session, failed.id, orders.order_lines(
        work.session, order.id)) if failed else {}
    return Opening(
        kinds.RETURN, source="bench", lines=lines,
        reason_code="not_collected" if failed else "", box=code, goods=tracks.ARRIVED,
        shipment_id=sent.id if sent else None, form_key=f"bench:{key}" if key else "")


def orphan(work: Work, code: str, key: str) -> tuple[Return, bool]:
    """Take in a parcel that matches no order; returns its case, and whether it is new."""
    return service.open_case(work, None, (), Opening(
        kinds.RETURN, source="bench", box=code, goods=tracks.ARRIVED,
        form_key=f"bench:{key}" if key else ""))


def _locked(work: Work, case_id: int) -> tuple[Return, list[OrderLine]]:
    known = service.get(work.session, case_id)
    if known.order_id is None:
        return service.lock(work.session, case_id), []
    orders.lock_order(work.session, known.order_id)
    return (service.lock(work.session, case_id),
            orders.order_lines(work.session, known.order_id))


def arrive(work: Work, case_id: int, box: str = "") -> bool:
    """The parcel is here, to be judged; False when that was known.

    Raises:
        NotFound, NotAllowedNow: no such case, or it is over.
    """
    case, _ = _locked(work, case_id)
    if box and not case.box:
        case.box = box[:80]
    return intake.arrive(work, case)


def same_box(work: Work, case_id: int, other_id: int) -> bool:
    """The goods of another case lay in the same parcel; False when that was known.

    Raises:
        NotFound: there is no such case.
    """
    case, other = (service.lock(work.session, one) for one in (case_id, other_id))
    box = case.box or case.number
    if case.id == other.id or (case.box, other.box) == (box, box):
        return False
    for one in (case, other):
        service.details(work, one, {"box": box})
    return True


def pick_out(work: Work, case_id: int, code: str) -> int:
    """The line of the case that a scanned unit belongs to; one is added if nobody announced it.

    Raises:
        NotFound: no product is known by this code.
        NotAllowedNow: the case is over.
    """
    case, lines = _locked(work, case_id)
    if case.phase in tracks.ENDED:
        raise NotAllowedNow("This case is over. Open it again first.")
    found = catalog.scanned_or_refuse(work.session, code)
    line = intake.line_for(work, case, found.id, lines)
    intake.unpack(work, case, line)
    service.follow(work, case)
    return line.id


def judge(work: Work, case_id: int, said: Judgement) -> tuple[ReturnUnit, bool]:
    """Judge units and move them; the same key again moves nothing. See ``intake.judge``. What is
    sent instead of them may go then.
    """
    case, _ = _locked(work, case_id)
    unit, fresh = intake.judge(work, case, said)
    if fresh:
        exchange_goods.judged(work, case)
    return unit, fresh


def rest_missing(work: Work, case_id: int, why: str) -> bool:
    """What was judged is all that came; False when that was said. See ``intake.rest_missing``.

    Raises:
        NotAllowedNow: another thing is sent instead of all of it.
    """
    case, _ = _locked(work, case_id)
    if case.exchange_order_id is not None:
        raise NotAllowedNow("Another thing is sent instead of all of it. Call the exchange off and "
                            "make it anew with what came.")
    return intake.rest_missing(work, case, why)


def add_photo(work: Work, case_id: int, file: str, thumb: str) -> bool:
    """Keep a photo of what came; False when this very picture is known."""
    case, _ = _locked(work, case_id)
    return photos.add(work, case, file, thumb)


def remove_photo(work: Work, case_id: int, photo_id: int) -> set[str]:
    """Take a photo off again; the files nobody needs then."""
    case, _ = _locked(work, case_id)
    return photos.remove(work, case, photo_id)
