"""What any form that issues a document asks for: who buys, and an exchange rate typed by hand for
the days whose table of the bank is not here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, StringField
from wtforms.validators import Optional

from oms_web.core.money import parse_amount
from oms_web.domain.documents import exchange
from oms_web.domain.documents.snapshot import Exchange
from oms_web.web import formats
from oms_web.web.forms import CountryField


class BuyerFields:
    """Who a document is made out to."""

    company = StringField(_l("Company"))
    name = StringField(_l("First and last name"))
    tax_id = StringField(_l("NIP"))
    street = StringField(_l("Street and number"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = CountryField(_l("Country"))


class ExchangeFields:
    """What names a rate: units of home currency for one, the table it stands in, that table's day
    (ustawa o VAT, art. 31a)."""

    exchange_rate = StringField(_l("Exchange rate"))
    exchange_table = StringField(_l("Table number"))
    exchange_day = DateField(_l("Day of the rate"), [Optional()])

    def exchange(self) -> Exchange | None:
        """The rate as typed; None when none is.

        Raises:
            Invalid: it is no rate, or its table or day is not named.
        """
        typed = (self.exchange_rate.data or "").strip()
        if not typed:
            return None
        return exchange.typed(parse_amount(typed, "exchange_rate"), self.exchange_table.data or "",
                              self.exchange_day.data)


def exchange_named(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as a document fills them; nothing where it names no rate."""
    named = said["exchange"]
    if not named:
        return {}
    return {"exchange_rate": formats.decimal(named["rate"]), "exchange_table": named["table"],
            "exchange_day": date.fromisoformat(named["day"])}
