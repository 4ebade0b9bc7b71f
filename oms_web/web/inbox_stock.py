"""The cases of the inbox about stock: what channels show, what is to be counted, what runs low."""

from __future__ import annotations

from collections.abc import Iterator

from flask import url_for
from flask_babel import gettext, ngettext

from oms_web.domain.stock import recounts, running_low
from oms_web.web import formats
from oms_web.web.inbox_case import Asked, Case

MOST = 999


def stock_on_channels(asked: Asked) -> Iterator[Case]:
    """Offers that show another quantity than we sent, or refused it."""
    drift = sum(one.drift for one in asked.accounts)
    refused = sum(one.rejected for one in asked.accounts)
    if drift:
        yield Case("warn", "arrows-diff", gettext("Another quantity on the channel"),
                   ngettext("%(num)s offer", "%(num)s offers", drift),
                   gettext("The channel shows another quantity than we sent."),
                   url_for("channels.index"), gettext("Compare"))
    prices = sum(one.price_drift for one in asked.accounts)
    if prices:
        yield Case("warn", "arrows-diff", gettext("Another price on the channel"),
                   ngettext("%(num)s offer", "%(num)s offers", prices),
                   gettext("The channel shows another price than we sent."),
                   url_for("channels.index"), gettext("Compare"))
    if refused:
        yield Case("warn", "cloud-off", gettext("Quantities refused"),
                   ngettext("%(num)s offer", "%(num)s offers", refused),
                   gettext("The channel did not take the quantity and keeps the old one."),
                   url_for("channels.index"), gettext("Look at the reasons"))


def shelves_to_count(asked: Asked) -> Iterator[Case]:
    """Places where pickers and packers found less than the ledger says."""
    n = recounts.count(asked.session)
    if n:
        yield Case(
            "warn", "clipboard-check", gettext("To be counted"),
            ngettext("%(num)s shelf", "%(num)s shelves", n),
            gettext("Somebody found less there than the ledger says; channels may show too many."),
            url_for("stock_documents.index"), gettext("Show them"),
        )


def low_stock(asked: Asked) -> Iterator[Case]:
    """SKUs of which fewer are free than their minimum."""
    n, since = running_low.count(asked.session, MOST)
    if n:
        yield Case("warn", "trending-down", gettext("Runs low"),
                   ngettext("%(num)s SKU", "%(num)s SKUs", n) if n <= MOST else
                   gettext("more than %(n)s", n=formats.number(MOST)),
                   gettext("Fewer are available than the minimum you set. Order more in time."),
                   url_for("stock.index", state="below"), gettext("Show them"), since=since)
