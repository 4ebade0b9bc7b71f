"""What a parcel still needs before it closes: notes that are read, a scale, a photo, its slip."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file
from flask_babel import gettext

from oms_web.adapters import images
from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.domain.fulfilment import weighing
from oms_web.domain.shipping import photos, service
from oms_web.domain.shipping.models import ParcelPhoto
from oms_web.extensions import db
from oms_web.flows.pack import closing
from oms_web.flows.pack import photos as taking
from oms_web.web import formats, packing, packing_band
from oms_web.web.access import act
from oms_web.web.door import actor, oms, writing
from oms_web.web.packing_band import Band
from oms_web.web.packing_bench import refuse, show_bench
from oms_web.web.printing import pdf, wish
from oms_web.web.stations import station

screen = Blueprint("packing_close", __name__)


@screen.post("/packing/<int:shipment_id>/notes/<int:note_id>")
@act("pack.do")
def confirm_note(shipment_id: int, note_id: int) -> Response:
    """The packer has read a note."""
    try:
        with writing() as work:
            closed = closing.confirm_note(work, shipment_id, note_id)
    except OmsError as error:
        return refuse(shipment_id, error)
    return show_bench(shipment_id, None if closed else packing_band.note_read(), fresh=closed)


@screen.post("/packing/<int:shipment_id>/weigh")
@act("pack.do")
def weigh(shipment_id: int) -> Response:
    """A scale was read, or a weight was typed; anything else is heard as a scan."""
    typed = request.form.get("code", "")
    grams = weighing.read(typed)
    if grams is None:
        return packing.scan(shipment_id)
    reason = request.form.get("reason", "") or request.form.get("words", "")
    try:
        with writing() as work:
            came = closing.weigh(work, shipment_id, grams, reason)
    except OmsError as error:
        return refuse(shipment_id, error)
    if came.off:
        return show_bench(shipment_id, packing_band.off_weight(came), off=came)
    return show_bench(shipment_id, None if came.closed else packing_band.weighed(came),
                      fresh=came.closed)


# Photos --------------------------------------------------------------------------------------


@screen.post("/packing/<int:shipment_id>/photos")
@act("pack.do")
def add_photo(shipment_id: int) -> Response:
    """Keep a photo: proven to be a picture, made small and encoded anew before it is stored."""
    try:
        service.get(db.session, shipment_id)
        sent = request.files.get("image")
        if sent is None or not sent.filename:
            raise Invalid("Choose a picture.", "image")
        made = images.prepare(sent.read(images.MOST_BYTES + 1))
        files = oms().works.ports["files"]
        file, thumb = (files.put(part, images.SUFFIX) for part in (made.content, made.thumb))
        with writing() as work:
            taking.add(work, shipment_id, file, thumb)
    except OmsError as error:
        return refuse(shipment_id, error)
    return show_bench(shipment_id, packing_band.photo_kept())


@screen.post("/packing/<int:shipment_id>/photos/<int:photo_id>/remove")
@act("pack.do")
def remove_photo(shipment_id: int, photo_id: int) -> Response:
    """Take a photo off again, as long as the parcel is here."""
    try:
        with writing() as work:
            needless = taking.remove(work, shipment_id, photo_id)
    except OmsError as error:
        return refuse(shipment_id, error)
    for name in sorted(needless):
        oms().works.ports["files"].remove(name)
    return show_bench(shipment_id)


@screen.get("/packing/<int:shipment_id>/photos/<int:photo_id>/<any(whole, little):size>")
@act("pack.do")
def photo(shipment_id: int, photo_id: int, size: str) -> Response:
    """A photo at the station, as long as the parcel is here."""
    _here(shipment_id)
    return _picture(photos.get(db.session, photo_id, shipment_id), size)


@screen.get("/orders/<int:order_id>/photos/<int:photo_id>/<any(whole, little):size>")
@act("orders.see")
def order_photo(order_id: int, photo_id: int, size: str) -> Response:
    """A photo of a parcel, on the card of its order."""
    return _picture(photos.of_order(db.session, photo_id, order_id), size)


def _picture(one: ParcelPhoto, size: str) -> Response:
    name = one.file if size == "whole" else one.thumb
    return send_file(oms().works.ports["files"].path(name), mimetype="image/webp")


def _here(shipment_id: int) -> int:
    """The order of a parcel that has not left: of others the station shows nothing.

    Raises:
        NotAllowedNow: it has left, or was given up.
    """
    shipment = service.get(db.session, shipment_id)
    if shipment.state not in service.LIVE:
        raise NotAllowedNow("This parcel is not here any more.")
    return shipment.order_id


@screen.get("/packing/<int:shipment_id>/slip.pdf")
@act("pack.do")
def slip(shipment_id: int) -> Response:
    """The packing slip of a parcel that has not left."""
    order_id = _here(shipment_id)
    made = oms().printing.for_order("slip", order_id, actor(), formats.language())
    return pdf(made, f"slip-{order_id}.pdf")


@screen.post("/packing/<int:shipment_id>/slip")
@act("pack.do")
def print_slip(shipment_id: int) -> Response:
    """The packing slip of a parcel that has not left, at the printer of this station."""
    wish("slip", [_here(shipment_id)], station())
    return show_bench(shipment_id, Band("ok", "printer", gettext("Printing"),
                                        gettext("The packing slip goes to the printer.")))
