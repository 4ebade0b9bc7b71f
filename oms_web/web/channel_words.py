"""What the channels' screens say: feeds, outcomes, causes of errors with their fix, levels."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from oms_web.sync import feeds

FEED_NAMES = {
    feeds.ORDERS: _l("Orders"), feeds.SWEEP: _l("Orders, once more"),
    feeds.OPEN: _l("Open orders, one by one"), feeds.OFFERS: _l("Offers"),
    feeds.RETURNS: _l("Returns"), feeds.MESSAGES: _l("Buyers' messages"),
    feeds.BACKFILL: _l("Orders since a day"),
}
OUTCOMES = {
    "applied": _l("accepted"), "rejected": _l("refused"), "retry": _l("again soon"),
    "unknown": _l("no answer, again soon"), "sent": _l("on its way"),
    "accepted": _l("taken in, being worked on"), "drift": _l("showed another number"),
}
STATES = {"active": _l("works"), "paused": _l("paused"), "broken": _l("disconnected")}

# Kind of a cause -> (what it is about, what it means for the data and what mends it).
FIXES: dict[str, tuple[Any, Any]] = {
    "connect": (_l("Not connected yet"),
                _l("Say yes on the channel's own page; orders come in from then on.")),
    "access": (_l("Access refused"),
               _l("Orders wait at the channel and quantities stay as they are until it is "
                  "connected again.")),
    "limit": (_l("Asked to wait"),
              _l("The channel asks us to come later. We wait and go on by ourselves; nothing is "
                 "lost.")),
    "feed": (_l("Reading failed"),
             _l("It is tried again by itself. Nothing is lost: orders wait at the channel.")),
    "stock": (_l("Quantity not accepted"),
              _l("These offers keep the quantity they had; the others were sent. Mend the offer at "
                 "the channel, then send again.")),
    "price": (_l("Price not accepted"),
              _l("These offers keep the price they had; the others were sent. Mend the offer at "
                 "the channel, then send again.")),
    "order": (_l("Order not read"),
              _l("The orders are kept with their raw text and wait to be tried again.")),
    "return": (_l("Return not read"),
               _l("The returns are kept with their raw text and wait to be tried again.")),
    "message": (_l("Message not read"),
                _l("The messages are kept with their raw text and wait to be tried again.")),
    "invoice": (_l("Invoice not shown to the buyer"),
                _l("The invoice is issued here; the buyer does not see it on the channel.")),
    "cancel": (_l("Cancellation not told"),
               _l("It is cancelled here, but the channel still expects it. Tell it again, or "
                  "cancel it there by hand.")),
    "status": (_l("Status not told"),
               _l("The channel shows an older status of these orders.")),
    "shipment": (_l("Shipment not told"),
                 _l("The parcels have left, but the channel does not know. Tell it again, or enter "
                    "the number there by hand.")),
    "link": (_l("Offers without a product"),
             _l("Their orders come in, but reserve nothing until somebody names the SKU.")),
}
SHOWN = {"": _l("All"), "open": _l("On its way"), "rejected": _l("Refused"), "drift": _l("Drift")}
LEVELS = {"bronze": _l("bronze"), "silver": _l("silver"), "gold": _l("gold")}
# What a seller may rely on at each level.
LEVEL_MEANS = {
    "": _l("It does not keep all promises of the lowest level. Orders may be missed."),
    "bronze": _l("Reads every order once and exactly, and touches nothing it must not touch."),
    "silver": _l("Reads and writes exactly; no failure loses or doubles anything, and the "
                 "channel's pace is kept."),
    "gold": _l("Reads and writes exactly through every failure; each request follows the "
               "channel's own specification, and a whole day was played through."),
}
