"""Bulk changes in words: what was done, with what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from oms_web.automation.batches import UNDO
from oms_web.domain.automation.models import Macro
from oms_web.domain.messages.models import MessageTemplate
from oms_web.domain.orders.models import Status
from oms_web.domain.shipping.label_models import Packaging
from oms_web.domain.stock.models import Warehouse
from oms_web.domain.webhooks.models import Webhook

# What was done to the orders, before a colon or alone.
ACTS: Mapping[str, Any] = {
    "status": _l("Status"), "tag": _l("Tag"), "untag": _l("Tag taken off"),
    "hold": lazy_pgettext("change", "Held"), "release": lazy_pgettext("change", "Released"),
    "delivery": _l("Courier and delivery"), "note": _l("Note"),
    "cancel": lazy_pgettext("change", "Cancelled"), "invoice": _l("Invoices"),
    "webhook": _l("Webhook"), "macro": _l("Macro"), "weight": _l("Weight, g"),
    "ship": lazy_pgettext("change", "Sent"), "message": _l("Message"),
    "doubt": _l("Point it out for verification"), "together": _l("One parcel"),
    "split": _l("Missing units split off"), "allocate": _l("Sent from another warehouse"),
    "packaging": _l("Packaging"), "label": _l("Label"),
}
# Acts whose one parameter is the key of a row with a name.
_NAMED: Mapping[str, tuple[Any, str]] = {
    "macro": (Macro, "macro"), "webhook": (Webhook, "webhook"),
    "message": (MessageTemplate, "template"), "allocate": (Warehouse, "warehouse"),
    "packaging": (Packaging, "packaging"),
}
LONGEST = 60


def title(session: Session, key: str, params: Mapping[str, Any]) -> str:
    """What a change does: ``Status: Wholesale``."""
    if key == UNDO:
        return gettext("Taken back: %(what)s", what=_name(params.get("act", "")))
    what = _with(session, key, params)
    return f"{_name(key)}: {what}" if what else _name(key)


def _name(key: str) -> str:
    return gettext("Undo") if key == UNDO else str(ACTS.get(key, key))


def _with(session: Session, key: str, params: Mapping[str, Any]) -> str:
    """The parameters of an act, as short as they can be said."""
    if key == "status":
        status = session.get(Status, params.get("status"))
        return status.name if status is not None else ""
    if key in _NAMED:
        model, name = _NAMED[key]
        found = session.get(model, params.get(name))
        return found.name if found is not None else ""
    said = ", ".join(str(value) for value in params.values() if value and value is not True
                     and not isinstance(value, list))
    return said if len(said) <= LONGEST else f"{said[:LONGEST - 1]}…"
