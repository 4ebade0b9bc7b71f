"""The form of a channel: what we decide about it, and the settings its connector asks for."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l
from oms_connector import (
    CancelsOrders,
    Connector,
    PushesPrices,
    UploadsInvoices,
)
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
)
from wtforms.validators import NumberRange, Optional

from oms_web.core.clock import day_bounds
from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import parse_amount
from oms_web.domain.channels import pricing
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import backfill
from oms_web.sync.registry import is_shop
from oms_web.web.forms import Form, Needed, NeededNumber, choices


class AccountForm(Form):
    """What we decide about an account; the connector's own settings are added to it."""

    name = StringField(_l("Name"), [Needed()])
    publish_stock = BooleanField(_l("Send our stock to this channel"), default=True)
    buffer = IntegerField(_l("Buffer"), [Optional(), NumberRange(0, 100_000)], default=0)
    cap = IntegerField(_l("Show at most"), [Optional(), NumberRange(0, 1_000_000)])
    last_units = IntegerField(_l("Stand back at"), [Optional(), NumberRange(0, 100_000)], default=0)
    rank = IntegerField(_l("Place among channels"), [Optional(), NumberRange(1, 99)], default=1)
    only_own = BooleanField(_l("Show only units that are set aside for it"))
    publish_prices = BooleanField(_l("Send our prices to this channel"))
    surcharge = StringField(_l("Surcharge in percent"), default="0")
    send_invoices = BooleanField(_l("Send invoices to this channel"), default=True)
    tell_cancelled = BooleanField(_l("Tell this channel what we cancel"), default=True)
    ship_days = IntegerField(_l("Working days to ship"), [Optional(), NumberRange(0, 60)],
                             default=1)
    since = DateField(_l("Read orders since"), [Optional()])


# What there is nothing to decide about where nothing is sold: a gateway to phones, a carrier,
# an accounting program.
OF_SELLING = ("publish_stock", "buffer", "cap", "last_units", "rank", "only_own", "ship_days")


class SinceForm(Form):
    """From which day on a channel is read again."""

    since = DateField(_l("Since"), [NeededNumber()])


def form_for(connector: type[Connector], *, new: bool = False, **values: Any) -> AccountForm:
    """A form with the connector's settings as fields named ``s_<name>``.

    Of a ``new`` channel it is asked from which day on orders are wanted.
    """
    made: dict[str, Any] = {}
    for field in connector.manifest.settings:
        label = gettext(field.label)
        if field.secret:
            made[f"s_{field.name}"] = PasswordField(label)
        elif field.kind == "choice":
            made[f"s_{field.name}"] = SelectField(
                label, choices=choices({c: c for c in field.choices}), default=field.default)
        elif field.kind == "flag":
            made[f"s_{field.name}"] = BooleanField(label, default=bool(field.default))
        else:
            made[f"s_{field.name}"] = StringField(label, default=field.default)
    if not is_shop(connector):
        made |= dict.fromkeys(OF_SELLING)
    if not issubclass(connector, PushesPrices):
        made |= {"publish_prices": None, "surcharge": None}
    if not issubclass(connector, UploadsInvoices):
        made["send_invoices"] = None
    if not issubclass(connector, CancelsOrders):
        made["tell_cancelled"] = None
    if not new or not backfill.can(connector):
        made["since"] = None
    return type("ConnectorForm", (AccountForm,), made)(**values)


def form_of(account: ChannelAccount, connector: type[Connector]) -> AccountForm:
    """The form filled with what an account has."""
    return form_for(
        connector, name=account.name, publish_stock=account.publish_stock, buffer=account.buffer,
        cap=account.cap, last_units=account.last_units, rank=account.rank,
        only_own=not account.shares, ship_days=account.ship_days,
        send_invoices=account.send_invoices, tell_cancelled=account.tell_cancelled,
        publish_prices=account.publish_prices,
        surcharge=format_decimal(Decimal(account.surcharge_bp).scaleb(-2), "0.00"),
        **{f"s_{name}": value for name, value in account.settings.items()},
    )


def typed(form: AccountForm, connector: type[Connector]) -> dict[str, Any]:
    """The connector's settings as they were typed."""
    return {
        field.name: ("1" if form[f"s_{field.name}"].data else "")
        if field.kind == "flag" else form[f"s_{field.name}"].data
        for field in connector.manifest.settings
    }


def refuse(form: AccountForm, error: OmsError) -> None:
    """Put refusals of the connector's settings at their fields."""
    if isinstance(error, InvalidForm):
        error = InvalidForm({f"s_{name}": one for name, one in error.problems.items()})
    form.refuse(error)


def decided(form: AccountForm) -> dict[str, Any]:
    """What we decide about the account, as its columns.

    Raises:
        Invalid: the surcharge makes no sense.
    """
    if form.publish_stock is None:
        return {"publish_stock": False}
    return {"publish_stock": bool(form.publish_stock.data), "buffer": form.buffer.data or 0,
            "cap": form.cap.data, "last_units": form.last_units.data or 0,
            "rank": form.rank.data or 1, "shares": not form.only_own.data,
            "ship_days": form.ship_days.data or 0,
            "publish_prices": bool(form.publish_prices and form.publish_prices.data),
            "surcharge_bp": _surcharge(form) if form.surcharge else 0,
            "send_invoices": bool(form.send_invoices and form.send_invoices.data),
            "tell_cancelled": bool(form.tell_cancelled and form.tell_cancelled.data)}


def _surcharge(form: AccountForm) -> int:
    """The surcharge in hundredths of a percent.

    Raises:
        Invalid: not a number, or out of range.
    """
    parts = parse_amount(form.surcharge.data or "0", "surcharge").scaleb(2)
    if parts != parts.to_integral_value() or not pricing.LEAST_BP <= parts <= pricing.MOST_BP:
        raise Invalid("From -99 to 1000 percent, two decimals at most.", "surcharge")
    return int(parts)




def begin_of(day: date) -> datetime:
    """The moment at which a day begins here."""
    return day_bounds(day)[0]
