"""Goods at the bench: which line a unit belongs to, its grade, and the one move that follows.

A judgement has a key; the same again moves nothing. Each unit row is one cause in the ledger, so a
unit that came back is there once, wherever it went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.orders.reserving import Parts, bundle_parts, line_parts
from oms_web.domain.returns import kinds, moments, service, tracks
from oms_web.domain.returns.models import Return, ReturnLine, ReturnUnit
from oms_web.domain.shipping import service as shipping
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import CUSTOMER, SCRAP, SUPPLIER, Location

OUTSIDE = {kinds.SCRAPPED: SCRAP, kinds.SUPPLIED: SUPPLIER}
MOST_AT_ONCE = 999


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of units of a line. ``location_id``: the bin; None: the usual one."""

    line_id: int
    grade: str
    disposition: str
    key: str
    quantity: int = 1
    location_id: int | None = None
    note: str = ""


def sells(disposition: str) -> bool | None:
    """Whether goods go to a bin that is sold from, or to one that is not; None: to none at all."""
    return None if disposition in OUTSIDE else disposition == kinds.RESTOCK


def units_of(session: Session, case_id: int) -> list[ReturnUnit]:
    """What was judged of a case, in order."""
    return list(session.scalars(
        select(ReturnUnit).where(ReturnUnit.return_id == case_id).order_by(ReturnUnit.id)))


def judged(session: Session, case_id: int) -> dict[int, int]:
    """Units that were judged, per line."""
    rows = session.execute(
        select(ReturnUnit.line_id, func.sum(ReturnUnit.quantity))
        .where(ReturnUnit.return_id == case_id).group_by(ReturnUnit.line_id))
    return {line_id: int(units) for line_id, units in rows}


def restocked(session: Session, case_id: int) -> dict[int, int]:
    """Units that lie on a shelf again, per line."""
    rows = session.execute(
        select(ReturnUnit.line_id, func.sum(ReturnUnit.quantity))
        .where(ReturnUnit.return_id == case_id, ReturnUnit.disposition == kinds.RESTOCK)
        .group_by(ReturnUnit.line_id))
    return {line_id: int(units) for line_id, units in rows}


def in_parcel(session: Session, shipment_id: int, lines: Sequence[OrderLine]) -> dict[int, int]:
    """Units that a parcel which nobody took brings back: line -> those that lie in it and are in no
    case yet; of a parcel whose contents nobody wrote down, all that left.
    """
    left = service.returnable(session, lines)
    inside = shipping.planned_units(session, shipment_id)
    return {line: some for line, units in left.items()
            if (some := min(units, inside.get(line, 0)) if inside else units)}


def line_for(work: Work, case: Return, variant_id: int, lines: Sequence[OrderLine]) -> ReturnLine:
    """The line of a case that one more unit of a variant belongs to; one is added if there is none.

    First what was announced, then what the order has and nobody announced, then the line of wrong
    goods.
    """
    mine = service.lines_of(work.session, case.id)
    done = judged(work.session, case.id)
    here = [line for line in mine if line.variant_id == variant_id]
    for line in here:
        if done.get(line.id, 0) < line.quantity and line.location_id is None:
            return line
    sold = [line for line in lines if line.variant_id == variant_id]
    left = service.returnable(work.session, sold)
    for one in sold:
        if left[one.id] > 0:
            return service.add_line(work, case, one, 1)
    return _surplus(work, case, variant_id, [line for line in here if line.order_line_id is None])


def _surplus(work: Work, case: Return, variant_id: int, known: Sequence[ReturnLine]
             ) -> ReturnLine:
    """The line of goods that the order does not have."""
    if known:
        known[0].quantity += 1
        work.session.flush()
        return known[0]
    variant = work.session.get(Variant, variant_id)
    if variant is None:
        raise NotFound("There is no such product.")
    row = ReturnLine(return_id=case.id, variant_id=variant_id, sku=variant.sku,
                     title=variant.title, quantity=1, reason_code="", unit_price=0, total=0)
    work.session.add(row)
    work.session.flush()
    return row


def unpack(work: Work, case: Return, line: ReturnLine) -> bool:
    """A unit of a line is in somebody's hands, so it has arrived; False when that was known."""
    here = min(line.quantity, judged(work.session, case.id).get(line.id, 0) + 1)
    if line.arrived >= here:
        return False
    audit.record(work, "returns.arrive", "return", case.id, {"units": [None, here - line.arrived]},
                 order_id=case.order_id, note=line.title[:200])
    line.arrived = here
    line.missing = min(line.missing, line.quantity - here)
    return True


def arrive(work: Work, case: Return) -> bool:
    """The parcel is here, to be judged; False when that was known.

    What is in it nobody knows yet: units are counted as they are taken in hand.
    """
    if case.phase in tracks.ENDED:
        raise NotAllowedNow("This case is over. Open it again first.")
    if case.goods in (tracks.ARRIVED, tracks.JUDGED):
        return False
    case.goods = tracks.ARRIVED
    audit.record(work, "returns.arrive", "return", case.id, order_id=case.order_id)
    service.follow(work, case)
    service.turned(work, case, moments.ARRIVED)
    return True


def rest_of(case: Return, lines: Sequence[ReturnLine],
            units: Mapping[int, Sequence[ReturnUnit]]) -> int:
    """Units of a case that were not judged and are not known to be missing, once something was
    judged: of those it can be said that they did not come, unless another thing was sent instead of
    all of them. Pure.
    """
    if case.phase in tracks.ENDED or case.exchange_order_id is not None or not any(units.values()):
        return 0
    return sum(line.quantity - line.missing - sum(one.quantity for one in units.get(line.id, ()))
               for line in lines if line.location_id is None)


def rest_missing(work: Work, case: Return, why: str) -> bool:
    """What was judged is all that came of a case; False when that was said already.

    The case goes on with what came. What comes after all is judged as ever.

    Raises:
        Invalid: without a word why.
        NotAllowedNow: the case is over, or nothing of it was judged yet.
    """
    if case.phase in tracks.ENDED:
        raise NotAllowedNow("This case is over. Open it again first.")
    done = judged(work.session, case.id)
    if not done:
        raise NotAllowedNow("Nothing of this case was judged yet. Judge first what came.")
    units = 0
    for line in service.lines_of(work.session, case.id):
        here = line.quantity if line.location_id is not None else done.get(line.id, 0)
        units += line.quantity - here - line.missing
        line.arrived, line.missing = min(line.arrived, here), line.quantity - here
    if not units:
        return False
    if not why.strip():
        raise Invalid("Say what is known about the rest.", "rest")
    audit.record(work, "returns.missing", "return", case.id, {"units": [None, units]},
                 order_id=case.order_id, note=tidy(why)[:300])
    service.follow(work, case)
    return True


def judge(work: Work, case: Return, said: Judgement) -> tuple[ReturnUnit, bool]:
    """Judge units of a locked case, and move them; returns the row, and whether it is new.

    Raises:
        Invalid: an unknown word, a place that does not fit, or more units than there are.
        NotAllowedNow: the case is over.
    """
    known = work.session.scalar(select(ReturnUnit).where(ReturnUnit.key == said.key))
    if known is not None:
        return known, False
    if case.phase in tracks.ENDED:
        raise NotAllowedNow("This case is over. Open it again first.")
    line = work.session.get(ReturnLine, said.line_id)
    if line is None or line.return_id != case.id:
        raise NotFound("There is no such line in this case.")
    _check(work.session, case, line, said)
    place = OUTSIDE.get(said.disposition) or _place(work.session, said)
    row = ReturnUnit(
        return_id=case.id, line_id=line.id, variant_id=line.variant_id or 0,
        quantity=said.quantity, grade=said.grade, disposition=said.disposition,
        location_id=place, note=tidy(said.note)[:300], key=said.key, at=work.now,
        actor=work.actor.name)
    work.session.add(row)
    work.session.flush()
    _count(work.session, line, said, judged(work.session, case.id)[line.id])
    stock.move_units(work, [
        stock.MoveWanted(variant, CUSTOMER, place, per_unit * said.quantity,
                         f"return_unit:{row.id}:{variant}", "return", order_id=case.order_id,
                         note=case.number)
        for variant, per_unit in _parts(work.session, line)
    ])
    audit.record(work, "returns.judge", "return", case.id,
                 {"units": [None, said.quantity], "grade": [None, said.grade],
                  "disposition": [None, said.disposition]}, order_id=case.order_id,
                 note=line.title[:200])
    service.follow(work, case)
    return row, True


def _check(session: Session, case: Return, line: ReturnLine, said: Judgement) -> None:
    if not said.key:
        raise Invalid("This page has been open for too long. Reload it and try again.")
    if said.grade not in kinds.GRADES:
        raise Invalid("Choose a grade.", "grade")
    if said.disposition not in kinds.DISPOSITIONS:
        raise Invalid("Choose what becomes of it.", "disposition")
    if line.variant_id is None:
        raise Invalid("No product is linked to this line.", "line")
    if line.location_id is not None:
        raise NotAllowedNow("A file has told where these goods went.")
    left = line.quantity - judged(session, case.id).get(line.id, 0)
    if not 0 < said.quantity <= min(left, MOST_AT_ONCE):
        raise Invalid("From 1 to %(left)s units of this line are to be judged.", "quantity",
                      left=left)


def _place(session: Session, said: Judgement) -> int:
    """The bin for goods that stay: one we sell from only for what is sold again."""
    wanted = bool(sells(said.disposition))
    if said.location_id is None:
        usual = stock.default_bin(session, sellable=wanted)
        found = session.get_one(Location, usual)
    else:
        chosen = session.get(Location, said.location_id)
        if chosen is None or chosen.kind != "bin" or not chosen.active:
            raise Invalid("There is no such bin.", "location")
        found = chosen
    if found.sellable != wanted:
        raise Invalid("Goods to be sold again go to a bin that is sold from, all others to one "
                      "that is not. Choose such a bin, or add one in the warehouse.", "location")
    return found.id


def _count(session: Session, line: ReturnLine, said: Judgement, done: int) -> None:
    line.arrived = max(line.arrived, done)
    line.missing = min(line.missing, line.quantity - done)
    if line.order_line_id is None:
        return
    sold = session.scalars(select(OrderLine).where(OrderLine.id == line.order_line_id)
                           .with_for_update().execution_options(populate_existing=True)).one()
    if sold.returned + said.quantity > sold.shipped:
        raise Invalid("%(title)s: no more can come back than was sent.", "quantity",
                      title=sold.title)
    sold.returned += said.quantity
    if said.disposition == kinds.RESTOCK:
        sold.restocked += said.quantity
    session.flush()


def _parts(session: Session, line: ReturnLine) -> Parts:
    """What a unit of a line is made of: as it was sold, else as it is today."""
    sold = session.get(OrderLine, line.order_line_id) if line.order_line_id else None
    if sold is not None:
        return line_parts(session, [sold])[sold.id]
    variant = line.variant_id or 0
    return bundle_parts(session, [variant])[variant]
