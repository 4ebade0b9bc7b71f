"""Cases of the first screen about parcels: their labels, their courier, their way."""

from __future__ import annotations

from collections.abc import Iterator

from flask import url_for
from flask_babel import gettext

from oms_web.domain.shipping import collecting, journeys, label_queries
from oms_web.web import formats
from oms_web.web.inbox_case import Asked, Case

MOST = 999


def lost_labels(asked: Asked) -> Iterator[Case]:
    """Labels that carriers refused, those of which nobody knows whether they were bought, and those
    that were bought and cannot be printed.
    """
    counts = label_queries.counts(asked.session, asked.now, label_queries.UNKNOWN,
                                  label_queries.REFUSED, label_queries.UNPRINTED)
    n = counts[label_queries.UNKNOWN]
    if n:
        yield Case("bad", "help", gettext("Labels nobody knows of"), formats.number(n),
                   gettext("The carrier's answer was lost. It is asked before another is bought."),
                   url_for("parcel_labels.index", view="unknown"), gettext("Look at them"))
    n = counts[label_queries.REFUSED]
    if n:
        yield Case("warn", "tag", gettext("Labels refused"), formats.number(n),
                   gettext("The carrier said why; put it right and buy again."),
                   url_for("parcel_labels.index", view="refused"), gettext("See why"))
    n = counts[label_queries.UNPRINTED]
    if n:
        yield Case("warn", "printer", gettext("Labels bought without their file"),
                   formats.number(n),
                   gettext("Ask the carrier again, or add the file from its page."),
                   url_for("parcel_labels.index", view="unprinted"), gettext("Look at them"))


def refused_visits(asked: Asked) -> Iterator[Case]:
    """Parcels that were given away and whose courier does not come."""
    n = label_queries.called_in_vain(asked.session)
    if n:
        yield Case("warn", "truck", gettext("Couriers who do not come"), formats.number(n),
                   gettext("The carrier refused the visit. Call again, or say that none is "
                           "needed."),
                   url_for("hand_over.index"), gettext("Look at them"))


def paid_twice(asked: Asked) -> Iterator[Case]:
    """Parcels whose label would collect what the buyer has paid since."""
    n = collecting.count(asked.session, MOST)
    if n:
        yield Case("bad", "cash-banknote", gettext("Labels that would collect twice"),
                   formats.number(n),
                   gettext("Their buyers paid since. They do not leave before another label is "
                           "bought."),
                   url_for("shipments.index", view="cash"), gettext("Put it right"))


def quiet_parcels(asked: Asked) -> Iterator[Case]:
    """Parcels that left and that nobody scanned for two days."""
    n = journeys.count_quiet(asked.session, asked.now, MOST)
    if n:
        yield Case("warn", "truck", gettext("Parcels nobody scanned for 48 hours"),
                   formats.number(n),
                   gettext("They left here. Ask the carrier before the buyer asks you."),
                   url_for("shipments.index", view="quiet"), gettext("Show them"))
