"""A macro's barcode at the pack station: its acts are done to the order in hand, once a scan."""

from __future__ import annotations

from flask_babel import gettext

from oms_web.automation import acts
from oms_web.domain.automation import macros
from oms_web.domain.automation.models import Macro
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.shipping import service as shipping
from oms_web.extensions import db
from oms_web.web.door import writing
from oms_web.web.packing_band import Band, refused

MACRO = "macro"
"""The result of such a scan."""


def scanned(code: str) -> Macro | None:
    """The macro that was scanned, if it was one."""
    return macros.scanned(db.session, code)


def without_order(macro: Macro) -> Band:
    """Nothing is open that it could be done to."""
    return refused(gettext("Open an order first, then scan %(name)s.", name=macro.name))


def run(shipment_id: int, macro: Macro, key: str) -> Band:
    """Run a macro on the order of a parcel. The same scan again does nothing and answers the same.

    Raises:
        OmsError: one of its acts was refused; nothing is done.
    """
    macro_id, name = macro.id, macro.name
    with writing() as work:
        if fulfilment.scan_by_key(work.session, key) is None:
            shipment = shipping.get(work.session, shipment_id)
            parcel = shipping.parcels_of(work.session, shipment_id)[-1].position
            acts.get(MACRO).do(work, shipment.order_id, {"macro": macro_id})
            fulfilment.record_scan(work, shipment_id, key, name, None, MACRO, parcel)
    return Band("ok", "wand", gettext("Macro"), name, gettext("Done."), sound="ok")
