"""Labels: written down to be bought, for orders and for returns, and what carriers say to that.

A flow decides and writes; the carrier is asked by ``sync/labels.py``, with no transaction open. How
a label is given back is in ``label_back.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as default_of
from datetime import timedelta
from typing import Any

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.channels.service import get_account
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import service as cases
from oms_web.domain.returns import tracks
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping import bookings, choosing, planning, prices, sending
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.bookings import Taken
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.shipping.planning import Plan, Wanted

MOST_RETURNED = 10

Checker = Callable[[Mapping[str, Any], int], None]
"""Asks a carrier's connector, without a network, what is wrong with a booking; raises it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a booking at the carrier. ``tracking`` and ``price`` (minor) once confirmed;
    ``files``: format -> name in the file store, of a label that came with the answer; ``wait``:
    when to ask again; ``person``: only a person can find out.
    """

    state: str
    reference: str = ""
    tracking: Sequence[str] = ()
    price: int | None = None
    currency: str = ""
    files: Mapping[str, str] = default_of(default_factory=dict)
    why: str = ""
    field: str = ""
    wait: timedelta | None = None
    person: bool = False


def plan_order(work: Work, order_id: int) -> Plan:
    """What would be booked for an order: for its shipment that has not left, if there is one."""
    order = orders.get_order(work.session, order_id)
    begun = shipping.of_order(work.session, order_id, *shipping.LIVE)
    return planning.plan(work.session, order, begun[0] if begun else None)


def book_order(work: Work, order_id: int, wanted: Wanted = Wanted(), check: Checker | None = None
               ) -> LabelBooking:
    """Have the label of an order bought: of each shipment that has none, else of the order itself.

    Said again, it changes nothing: the label that there is, is returned.

    Raises:
        NotAllowedNow: the order is closed, held or not paid, no service is chosen, there are more
            boxes than its label is for, or it travels with others whose packing has not begun: a
            label of it alone would not collect their money.
        Invalid, InvalidForm: what the carrier would refuse.
    """
    states = (*shipping.LIVE, shipping.SHIPPED)  # parcels before their orders, as everybody
    shipping.lock_all(work, [one.id for one in shipping.of_order(
        work.session, order_id, *states)])
    order = orders.lock_order(work.session, order_id)
    begun = shipping.of_order(work.session, order_id, *states)
    if not begun:
        known = bookings.live_before_packing(work.session, [order_id])
        if known is None and len(lineage.together(work.session, order_id)) > 1:
            raise NotAllowedNow(
                "This order travels with others: their label is bought when packing begins.")
        return known or _book(work, order, None, wanted, check)
    found, any_new = [], False
    for one in begun:
        is_new = bookings.live_of_shipment(work.session, one.id) is None
        any_new |= is_new
        found.append(book_shipment(work, one.id, wanted, check))
        if is_new and wanted.cod:  # what was typed is collected once
            wanted = replace(wanted, cod=0)
    if not any_new and any(one.state in shipping.LIVE and bookings.left_out(work.session, one.id)
                           for one in begun):
        raise NotAllowedNow("Its label is for fewer parcels than there are. Take it back and buy "
                            "one for all.")
    return found[0]


def book_shipment(work: Work, shipment_id: int, wanted: Wanted = Wanted(),
                  check: Checker | None = None) -> LabelBooking:
    """Have the label of a shipment bought; the one that it has already, if there is one.

    Raises:
        NotAllowedNow: its order is closed, held or not paid, no service is chosen, or its boxes
            have numbers that were typed.
        Invalid, InvalidForm: what the carrier would refuse.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE, shipping.SHIPPED)
    order = orders.lock_order(work.session, shipment.order_id)
    known = bookings.live_of_shipment(work.session, shipment_id)
    if known is not None:
        return known
    if any(parcel.tracking for parcel in shipping.parcels_of(work.session, shipment_id)):
        raise NotAllowedNow("This parcel has a tracking number already.")
    return _book(work, order, shipment, wanted, check)


def _book(work: Work, order: Order, shipment: Shipment | None, wanted: Wanted,
          check: Checker | None) -> LabelBooking:
    if order.phase in (phases.DRAFT, phases.DONE, phases.CANCELLED, phases.ELSEWHERE) \
            or (order.phase == phases.SHIPPED and shipment is None):
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    if order.queue in ("held", "unpaid", "verify"):
        raise NotAllowedNow(_WAITS[order.queue])
    made = planning.plan(work.session, order, shipment)
    rule = made.choice.rule
    account_id = wanted.account_id or (rule.account_id if rule else None)
    if not wanted.account_id and rule is not None and rule.kind == choosing.CHEAPEST:
        return _write_cheapest(work, order, shipment, made, rule, wanted)
    if not wanted.account_id and rule is not None and rule.kind != choosing.CARRIER:
        raise NotAllowedNow(_NO_LABEL[rule.kind])
    if account_id is None:
        raise NotAllowedNow(
            "No rule says by which service this order goes. Choose one, or add a rule.")
    asked = planning.request(work.session, made, wanted, bookings.new_key(order.id))
    planning.refuse_amounts(work.session, made, asked)
    return _write(work, order, shipment, account_id, asked, made, check)


def _write_cheapest(work: Work, order: Order, shipment: Shipment | None, made: Plan,
                    rule: choosing.Rule, wanted: Wanted) -> LabelBooking:
    """A label whose service is chosen by price, once the carriers were asked (``sync/rates.py``).
    """
    asked = planning.request(work.session, made, replace(wanted, point=""),
                             bookings.new_key(order.id))
    planning.refuse_amounts(work.session, made, asked)
    among = prices.candidates(work.session, asked, rule.among)
    if not among:
        raise NotAllowedNow("No service among which the cheapest is to be found fits this order.")
    booking = bookings.write(
        work, asked, order_id=order.id, shipment_id=shipment.id if shipment else None,
        account_id=among[0][0], carrier="", reasons=[rule.id, *rule.conditions], among=among)
    bookings.ask(work, booking.id)
    return booking


def choose(work: Work, booking_id: int, account_id: int, service: str) -> bool:
    """The cheapest service was found; False if that is settled, or the label was called off."""
    bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if not booking.among or booking.state != bookings.INTENDED:
        return False
    known = sending.service(work.session, account_id, service)
    sizes = sending.sizes_of(known) if known is not None else []
    packages = [{**one, "size": choosing.smallest(
        sizes, (one["length_mm"], one["width_mm"], one["height_mm"]), one["weight_g"])
        if sizes else ""} for one in booking.request["packages"]]
    booking.account_id, booking.service, booking.among = account_id, service, []
    booking.carrier = get_account(work.session, account_id).name[:40]
    booking.request = {**booking.request, "service": service, "packages": packages}
    booking.attempts, booking.why = 0, ""
    bookings.record(work, booking, "labels.choose", {"service": [None, service]})
    work.session.flush()
    return True


def not_chosen(work: Work, booking_id: int, why: str, most_tries: int) -> None:
    """No carrier told a price: they are asked again a few times, then a person chooses."""
    mine = bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if not booking.among or booking.state != bookings.INTENDED:
        return
    booking.attempts, booking.why = booking.attempts + 1, why[:500]
    booking.due_at = work.now + bookings.wait(booking.attempts)
    if booking.attempts >= most_tries:
        booking.state, booking.due_at = bookings.REFUSED, None
        bookings.record(work, booking, "labels.refuse",
                        {"label": [bookings.INTENDED, bookings.REFUSED]}, booking.why)
    work.session.flush()
    for order in mine:
        shipping.tell_order(work, order)


_WAITS = {
    "held": "This order is on hold.", "unpaid": "This order waits for its payment.",
    "verify": "This order must be checked first.",
}
_NO_LABEL = {
    choosing.OWN: "This order goes by our own courier: it needs no label of a carrier.",
    choosing.PICKUP: "The buyer collects this order: it needs no label of a carrier.",
}


def _write(work: Work, order: Order, shipment: Shipment | None, account_id: int,
           asked: Mapping[str, Any], made: Plan, check: Checker | None,
           case_id: int | None = None) -> LabelBooking:
    account = get_account(work.session, account_id)
    if not asked["service"]:
        raise Invalid("Choose a service.", "service")
    known = sending.service(work.session, account_id, asked["service"])
    if known is not None and len(asked["packages"]) > known.most_parcels:
        raise Invalid("This service takes %(most)s parcels at once.", "service",
                      most=known.most_parcels)
    if check is not None:
        check(asked, account_id)
    rule = made.choice.rule
    booking = bookings.write(
        work, asked, order_id=order.id, shipment_id=shipment.id if shipment else None,
        account_id=account_id, carrier=account.name, case_id=case_id,
        reasons=[rule.id, *rule.conditions] if rule and rule.service == asked["service"] else [])
    bookings.ask(work, booking.id)
    return booking


def book_return(work: Work, order_id: int, wanted: Wanted, check: Checker | None = None,
                case_id: int | None = None, *, once: bool = False) -> LabelBooking:
    """Have a label bought by which a buyer sends goods back.

    Args:
        case_id: the case whose goods it is for.
        once: the label that this case has already is the answer, if there is one.

    Raises:
        NotAllowedNow: nothing of the order has left, the case is over or another order's, or there
            are too many such labels.
        Invalid, InvalidForm: what the carrier would refuse.
    """
    order = orders.lock_order(work.session, order_id)
    if case_id is not None:
        _see_case(work, cases.lock(work.session, case_id), order_id)
    if once and case_id is not None:
        known = next((one for one in bookings.of_case(work.session, case_id)
                      if one.state in bookings.LIVE), None)
        if known is not None:
            return known
    if order.phase not in (phases.SHIPPED, phases.DONE):
        raise NotAllowedNow("Nothing of this order has left yet.")
    there = [one for one in bookings.of_order(work.session, order_id)
             if one.is_return and one.state in bookings.LIVE]
    if len(there) >= MOST_RETURNED:
        raise NotAllowedNow("This order has %(n)s labels for returns already.", n=len(there))
    if not wanted.account_id:
        raise Invalid("Choose a service.", "service")
    made = planning.plan(work.session, order, None)
    asked = planning.request(work.session, made, wanted, bookings.new_key(order.id),
                             is_return=True)
    return _write(work, order, None, wanted.account_id, asked, made, check, case_id)


def _see_case(work: Work, case: Return, order_id: int) -> None:
    if case.order_id != order_id:
        raise NotAllowedNow("This case belongs to another order.")
    if case.phase in (*tracks.ENDED, tracks.REFUSED) or case.goods in (tracks.ARRIVED,
                                                                       tracks.JUDGED):
        raise NotAllowedNow("The goods of this case are here already, or the case is over.")


def book_by_itself(work: Work, shipment_id: int, occasion: str) -> LabelBooking | None:
    """Packing began (``packing``) or a parcel closed (``packed``): its label is bought if the
    seller wants it then and the rules choose a carrier; None if not. Why not is no error here: the
    parcel closes all the same, and the label waits in its queue.
    """
    chosen = sending.settings(work.session).buy_when
    if chosen == sending.ASKED or (chosen == sending.PACKED and occasion == sending.PACKING):
        return None
    shipment = shipping.get(work.session, shipment_id)
    if shipment.state not in shipping.LIVE:
        return None
    made = planning.plan(work.session, orders.get_order(work.session, shipment.order_id), shipment)
    rule = made.choice.rule
    if rule is None or rule.kind not in (choosing.CARRIER, choosing.CHEAPEST):
        return None
    try:
        return book_shipment(work, shipment_id)
    except (NotAllowedNow, Invalid):
        return None


# What the carrier said --------------------------------------------------------------------------


def note(work: Work, taken: Taken, verdict: Verdict) -> bool:
    """Keep what became of a booking; False if somebody else has taken it since.

    A confirmed one puts its numbers on the boxes; its label is fetched next if it did not come.
    """
    mine = bookings.lock_orders(work, bookings.get(work.session, taken.id))
    booking = bookings.held(work.session, taken)
    if booking is None:
        return False
    before = taken.was if taken.was != bookings.SENT else bookings.UNKNOWN
    booking.state, booking.why, booking.field = verdict.state, verdict.why[:500], verdict.field[:60]
    booking.reference = verdict.reference[:120] or booking.reference
    booking.due_at = None if verdict.person or verdict.wait is None else work.now + verdict.wait
    if verdict.state == bookings.INTENDED:
        booking.asked = taken.asked
    if verdict.state == bookings.CONFIRMED:
        booking.price, booking.currency = verdict.price, verdict.currency or booking.currency
        booking.files = {**booking.files, **verdict.files}
        bookings.confirm(work, booking, verdict.tracking)
    if verdict.state != before:
        bookings.record(work, booking, f"labels.{_SAYS.get(verdict.state, 'note')}", {
            "label": [before, verdict.state],
            **({"tracking": [None, ", ".join(booking.tracking)]} if booking.tracking else {}),
        }, booking.why)
    work.session.flush()
    for order in mine:
        shipping.tell_order(work, order)
    return True


_SAYS = {bookings.CONFIRMED: "confirm", bookings.REFUSED: "refuse", bookings.UNKNOWN: "lose",
         bookings.CANCELLED: "cancel"}


def keep_files(work: Work, booking_id: int, files: Mapping[str, str]) -> None:
    """The label was fetched: format -> name in the file store."""
    booking = bookings.lock(work.session, booking_id)
    booking.files = {**booking.files, **files}
    if booking.void_asked_at is None:
        booking.due_at, booking.why = None, ""
    work.session.flush()


def not_printed(work: Work, booking_id: int, why: str, wait: timedelta | None) -> None:
    """The label could not be fetched; None: not at all, a person looks."""
    booking = bookings.lock(work.session, booking_id)
    booking.why = why[:500]
    if booking.void_asked_at is None:
        booking.due_at = None if wait is None else work.now + wait
    work.session.flush()
