"""A carrier's label comes out at the station where its parcel closed: once, whichever comes last,
the parcel's closing or the label.
"""

from __future__ import annotations

from oms_web.core.actor import SYSTEM
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping import service as shipping
from oms_web.wiring import Oms

SAYS = {
    "no_zpl": "This printer wants ZPL, and labels are kept as PDF only: choose ZPL under Settings, "
              "Sending, or print this one from the browser.",
}


def print_label(oms: Oms, shipment_id: int) -> bool:
    """Hand the label of a closed parcel to its station's printer, if labels come out there by
    themselves; whether it waits for the printer now.
    """
    with oms.works.reading(SYSTEM) as work:
        shipment = shipping.get(work.session, shipment_id)
        booking = bookings.live_of_shipment(work.session, shipment_id)
        found = printers.route_for(work.session, shipment.station, printers.LABEL)
        if booking is None or bookings.is_taken_back(booking) \
                or shipment.state != shipping.PACKED or found is None or not found[0].automatic:
            return False
        name = booking.files.get("zpl" if found[1].format == printers.ZPL else "pdf_a6")
        # One that is still fetched comes by later.
        is_late = not booking.files or booking.due_at is not None
    if name is None:
        if not is_late:
            with oms.works.writing(SYSTEM) as work:
                printers.cannot(work, shipment.station, printers.LABEL,
                                f"{booking.carrier} {booking.order_id}",
                                f"{printers.label_key(booking.id)}:none", SAYS["no_zpl"])
        return False
    suffix = name[name.rindex("."):]
    file = oms.works.ports["prints"].put(
        oms.works.ports["files"].path(name).read_bytes(), suffix)
    with oms.works.writing(SYSTEM) as work:
        job = printers.ask(work, shipment.station, printers.LABEL,
                           f"{booking.carrier} {booking.order_id}", file,
                           printers.label_key(booking.id))
    return job is not None
