"""The audit trail in words: what each act is called, what it was done to, and the changed fields.

Acts are written by services as short names (``orders.hold``). A test reads those names off the
source and asks for words here, so the trail never shows a bare name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders.verification.kinds import CHECKS
from oms_web.web import (
    act_values,
    channels,
    message_words,
    quarantine,
    shipments,
    stock_documents,
)
from oms_web.web.order_words import HOLDS, HOW_SETTLED, LEVELS, PAYMENT_KINDS, QUEUES
from oms_web.web.packing_band import WEIGHT_REASONS
from oms_web.web.phase_names import PHASES
from oms_web.web.users import ROLE_NAMES

ACTS: dict[str, Any] = {
    "api_keys.create": _l("API key made"),
    "api_keys.revoke": _l("API key revoked"),
    "catalog.add": _l("Product added"),
    "catalog.archive": _l("SKU archived"),
    "catalog.edit": _l("Product changed"),
    "catalog.restore": _l("SKU brought back"),
    "channels.active": _l("Channel resumed"),
    "channels.again": _l("What went wrong with a channel tried again"),
    "channels.authorize": _l("Channel let us in"),
    "channels.broken": _l("Channel lost its access"),
    "channels.change": _l("Channel settings changed"),
    "channels.connect": _l("Channel connected"),
    "channels.paused": _l("Channel paused"),
    "channels.replay": _l("Orders fetched again from a date"),
    "channels.replay_stopped": _l("Fetching from a date stopped"),
    "channels.statuses": _l("Statuses of the channel chosen"),
    "channels.sync": _l("Orders fetched by hand"),
    "channels.verify": _l("Channel access checked"),
    "channels.webhooks": _l("Channel webhooks turned on"),
    "channels.warehouses": _l("Warehouses of the channel changed"),
    "company.change": _l("Company changed"),
    "company.guide_done": _l("First-day guide put away"),
    "company.logo": _l("Logo changed"),
    "company.reset": _l("Demo shop cleared"),
    "company.set_up": _l("Company set up"),
    "accounting.add_report": _l("Report of a cash register added"),
    "accounting.payer": _l("Data of tax files changed"),
    "accounting.remove_report": _l("Report of a cash register taken away"),
    "einvoices.accepted": _l("Document accepted by KSeF"),
    "einvoices.again": _l("Document sent to KSeF again"),
    "einvoices.offline": _l("Document issued offline"),
    "einvoices.queue": _l("Document prepared for KSeF"),
    "einvoices.rejected": _l("Document rejected by KSeF"),
    "einvoices.settings": _l("Settings of KSeF changed"),
    "documents.add_series": _l("Numbering series added"),
    "documents.archive_series": _l("Numbering series closed"),
    "documents.change_series": _l("Numbering series changed"),
    "documents.correct": _l("Correction issued"),
    "documents.proforma": _l("Pro forma issued"),
    "documents.warehouse": _l("Warehouse document issued"),
    "documents.default_series": _l("Numbering series made the usual one"),
    "documents.issue": _l("Document issued"),
    "documents.tell_channel": _l("Document sent to the channel"),
    "documents.set_next": _l("Next document number set"),
    "fulfilment.lost": _l("Goods went missing while packing"),
    "imports.done": _l("Import finished"),
    "imports.fail": _l("Import failed"),
    "imports.profile": _l("Import profile saved"),
    "imports.profile_delete": _l("Import profile deleted"),
    "imports.run": _l("Import begun"),
    "list.export": _l("List exported"),
    "listings.limits": _l("Stock rules of an offer changed"),
    "listings.map": _l("Offer linked to a product"),
    "listings.send_again": _l("Quantity sent again"),
    "listings.unmap": _l("Offer unlinked"),
    "macros.archive": _l("Macro put away"),
    "macros.change": _l("Macro changed"),
    "macros.create": _l("Macro made"),
    "messages.again": _l("Message sent once more"),
    "messages.allow_address": _l("Messages go to an address again"),
    "messages.drop": _l("Message called off"),
    "messages.page_exchange": _l("Buyer's page got another address"),
    "messages.settings": _l("Sending of messages changed"),
    "messages.settle": _l("Message counts as sent"),
    "messages.template_archive": _l("Template put away"),
    "messages.template_change": _l("Template changed"),
    "messages.template_create": _l("Template made"),
    "messages.template_variant": _l("Words of a channel changed"),
    "messages.told": _l("What became of a message"),
    "messages.write": _l("Message written"),
    "orders.accept_change": _l("Change on the channel accepted"),
    "orders.accept_total": _l("Total accepted"),
    "orders.apart": _l("Order taken out of a shared parcel"),
    "orders.call": _l("Webhook called"),
    "orders.cancel": _l("Order cancelled"),
    "orders.cancel_units": _l("Some units cancelled"),
    "orders.cancelled_too_late": _l("Cancelled on the channel after it was shipped"),
    "orders.change_address": _l("Address changed"),
    "orders.change_buyer": _l("Buyer changed"),
    "orders.change_delivery": _l("Delivery changed"),
    "orders.changed_on_channel": _l("Changed on the channel"),
    "orders.checks": _l("Verification changed"),
    "orders.confirm": _l("Order confirmed"),
    "orders.create": _l("Order taken down"),
    "orders.deliver": _l("Order delivered"),
    "orders.expire": _l("Reservation ran out"),
    "orders.finding": _l("Order pointed out"),
    "printers.add": _l("Printer added"),
    "printers.route": _l("Printer chosen for a paper"),
    "printers.ask": _l("Sent to a printer"),
    "printers.again": _l("Printed again"),
    "printers.drop": _l("Not printed after all"),
    "orders.hold": _l("Order held"),
    "orders.join": _l("Order joined to another one"),
    "orders.keep_ours": _l("Change of the channel left out"),
    "orders.line_added": _l("Position added"),
    "orders.line_quantity": _l("Quantity changed"),
    "orders.lost_units": _l("Goods went missing"),
    "orders.note": _l("Note written"),
    "orders.recall": _l("Recalled before the channel was told"),
    "orders.receive": _l("Order received"),
    "orders.release": _l("Hold released"),
    "orders.reserve": _l("Goods reserved"),
    "orders.settle": _l("Finding settled"),
    "orders.ship": _l("Order shipped"),
    "orders.split": _l("Order split"),
    "orders.split_off": _l("Order split off another one"),
    "orders.start_packing": _l("Packing started"),
    "orders.status": _l("Status of the order changed"),
    "orders.stop_packing": _l("Packing stopped"),
    "orders.tell_again": _l("Channel told once more"),
    "orders.tell_status": _l("Channel told of a status"),
    "orders.tell_cancelled": _l("Channel told of a cancellation"),
    "orders.tag": _l("Tag put on"),
    "orders.together": _l("Orders put into one parcel"),
    "orders.uncancel_units": _l("Cancelled units taken back"),
    "orders.undo_cancel": _l("Cancellation taken back"),
    "orders.undo_ship": _l("Shipping taken back"),
    "orders.unite": _l("Order joined again"),
    "orders.unnote": _l("Note removed"),
    "orders.untag": _l("Tag taken off"),
    "orders.watch": _l("List of whom to look out for changed"),
    "orders.void": _l("Sale over the counter taken back"),
    "orders.weight": _l("Weight of the parcel said"),
    "packing.aside": _l("Parcel put aside"),
    "packing.note": _l("Note confirmed by the packer"),
    "packing.photo": _l("Photo of the parcel taken"),
    "packing.take": _l("Parcel taken over"),
    "packing.unphoto": _l("Photo of the parcel taken off"),
    "packing.weigh": _l("Parcel weighed"),
    "payments.give_back": _l("Money given back"),
    "payments.record": _l("Payment recorded"),
    "payments.undo": _l("Payment taken back"),
    "payments.withdraw": _l("Channel no longer says that it is paid"),
    "picking.cancel": _l("Pick list cancelled"),
    "picking.done": _l("Pick list done"),
    "picking.leave_out": _l("Order left out of the walk"),
    "picking.own": _l("Pick list taken in hand"),
    "picking.reopen": _l("Pick list opened again"),
    "picking.start": _l("Pick list started"),
    "quarantine.drop": _l("Unread order dropped"),
    "returns.told": _l("Return announced on the channel"),
    "returns.receive": _l("Return received"),
    "rules.archive": _l("Rule put away"),
    "rules.change": _l("Rule changed"),
    "rules.create": _l("Rule written"),
    "rules.move": _l("Rule moved"),
    "rules.stopped": _l("Rule stopped by itself"),
    "rules.switch": _l("Rule switched"),
    "shipping.cancelled": _l("Shipment cancelled"),
    "shipping.delivered": _l("Parcel delivered"),
    "shipping.describe": _l("Shipment described"),
    "shipping.packed": _l("Parcel packed"),
    "shipping.packing": _l("Parcel opened again"),
    "shipping.parcel": _l("Parcel changed"),
    "shipping.shipped": _l("Parcel left"),
    "shipping.start": _l("Shipment started"),
    "shipping.tell_channel": _l("Channel told of the shipment"),
    "shipping.undelivered": _l("Parcel not delivered"),
    "statuses.archive": _l("Status archived or brought back"),
    "statuses.change": _l("Status changed"),
    "statuses.create": _l("Status added"),
    "statuses.move": _l("Status moved"),
    "stock.bins": _l("Bins changed"),
    "stock.correction": _l("Stock corrected"),
    "stock.move": _l("Stock moved"),
    "stock.receipt": _l("Receipt"),
    "stock.recount": _l("Shelf marked to be counted"),
    "stock.stocktake": _l("Stocktake"),
    "stock.transfer": _l("Transfer"),
    "stock.warehouse": _l("Warehouse changed"),
    "stock.write_off": _l("Goods written off"),
    "tags.create": _l("Tag added"),
    "tags.delete": _l("Tag deleted"),
    "tags.rename": _l("Tag renamed"),
    "till.archive": _l("Till put away"),
    "till.change": _l("Till changed"),
    "till.close": _l("Till counted and closed"),
    "till.create": _l("Till added"),
    "till.open": _l("Till opened"),
    "till.sale": _l("Sold over the counter"),
    "till.throw_away": _l("Basket emptied"),
    "till.void": _l("Sale taken back"),
    "users.active": _l("Access given or taken"),
    "users.create": _l("Person added"),
    "users.password": _l("Password changed"),
    "users.rename": _l("Person changed"),
    "users.role": _l("Role changed"),
    "users.sign_in": _l("Signed in"),
    "users.sign_out": _l("Signed out"),
    "views.change": _l("View of the list changed"),
    "views.create": _l("View of the list kept"),
    "views.delete": _l("View of the list taken away"),
    "views.restore": _l("View of the list brought back"),
    "webhooks.active": _l("Webhook resumed"),
    "webhooks.broken": _l("Webhook given up"),
    "webhooks.change": _l("Webhook changed"),
    "webhooks.create": _l("Webhook made"),
    "webhooks.delete": _l("Webhook deleted"),
    "webhooks.gone": _l("Webhook ended by its receiver"),
    "webhooks.paused": _l("Webhook paused"),
    "webhooks.rotate": _l("Webhook got a new secret"),
}

FAMILIES: dict[str, Any] = {
    "orders": _l("Orders"), "payments": _l("Payments"), "picking": _l("Picking"),
    "packing": _l("Packing"), "fulfilment": _l("Warehouse work"), "shipping": _l("Shipments"),
    "returns": _l("Returns"),
    "stock": _l("Stock"), "catalog": _l("Products"), "listings": _l("Offers"),
    "channels": _l("Channels"), "quarantine": _l("Orders not read"), "imports": _l("Import"),
    "documents": _l("Documents"), "list": _l("Exports"), "company": _l("Company"),
    "statuses": _l("Statuses"), "tags": _l("Tags"), "users": _l("People"),
    "api_keys": _l("API keys"), "webhooks": _l("Webhooks"), "rules": _l("Rules"),
    "macros": _l("Macros"), "till": _l("Point of sale"), "messages": _l("Messages"),
    "views": _l("Views"), "printers": _l("Printers"), "einvoices": _l("KSeF"),
    "accounting": _l("Accounting"),
}

SUBJECTS: dict[str, Any] = {
    "order": _l("Order"), "variant": _l("SKU"), "product": _l("Product"),
    "listing": _l("Offer"), "channel_account": _l("Channel"), "document": _l("Document"),
    "series": _l("Numbering series"), "pick_list": _l("Pick list"), "shipment": _l("Shipment"),
    "return": _l("Return"), "stock_document": _l("Stock document"), "warehouse": _l("Warehouse"),
    "location": _l("Bin"), "quarantine": _l("Unread order"), "company": _l("Company"),
    "status": _l("Status"), "tag": _l("Tag"), "user": _l("Person"),
    "import_run": _l("Import"), "import_profile": _l("Import profile"), "api_key": _l("API key"),
    "webhook": _l("Webhook"), "rule": _l("Rule"),
    "macro": _l("Macro"), "till": _l("Till"), "message": _l("Message"),
    "einvoice_settings": _l("Settings of KSeF"), "tax_payer": _l("Data of tax files"),
    "fiscal_report": _l("Report of a cash register"),
    "message_template": _l("Template"), "message_settings": _l("Sending of messages"),
    "view": _l("View"), "printer": _l("Printer"), "print_job": _l("Printing job"),
}

FIELDS: dict[str, Any] = {
    "accent": _l("accent colour"), "active": _l("may sign in"), "address": _l("address"),
    "archived": _l("archived"), "bank_account": _l("account number"), "bank_name": _l("bank"),
    "buyer_name": _l("buyer reads"), "city": _l("town"), "color": _l("colour"),
    "country": _l("country"), "currency": _l("currency"), "cut_off": _l("courier collects at"),
    "email": _l("e-mail"), "footer_en": _l("footer, English"), "footer_pl": _l("footer, Polish"),
    "format": _l("format"), "group": _l("group"), "hold": _l("hold"),
    "legal_name": _l("full name"), "logo": _l("logo"), "name": _l("name"), "orders": _l("orders"),
    "payment_hours": _l("hours for payment"), "phase": _l("phase"), "phone": _l("phone"),
    "position": _l("place"), "postcode": _l("postcode"), "quantity": _l("quantity"),
    "role": _l("role"), "slip_prices": _l("prices on slips"), "status": _l("status"),
    "street": _l("street"), "tax_id": _l("NIP"), "website": _l("website"),
    "bin": _l("bin"), "bins": _l("bins"), "brand": _l("brand"), "buffer": _l("buffer"),
    "cap": _l("at most shown"), "category": _l("category"), "code": _l("code"),
    "counted": _l("counted"), "description": _l("description"),
    "differing": _l("differing"), "eans": _l("codes"), "height_mm": _l("height, mm"),
    "images": _l("pictures"), "length_mm": _l("length, mm"), "minimum": _l("minimum"),
    "missing": _l("missing"), "option": _l("option"), "parts": _l("parts"),
    "path_order": _l("sequence"), "rank": _l("sequence"),
    "reason": _l("reason"), "sell_without_stock": _l("sell without stock"),
    "sellable": _l("sold from"), "sku": _l("SKU"), "state": _l("state"), "surplus": _l("surplus"),
    "units": _l("units"), "variant_id": _l("SKU"), "vat_rate": _l("rate of VAT"),
    "set_aside": _l("units set aside"), "last_units": _l("stands back at"),
    "shares": _l("sells the rest, too"),
    "walk": _l("walking order"), "weight_g": _l("weight, g"), "width_mm": _l("width, mm"),
    "archived_at": _l("archived"), "basket": _l("basket"), "cancelled": _l("cancelled"),
    "connector": _l("connector"), "default": _l("usual one"), "error": _l("error"),
    "feed": _l("feed"), "file": _l("file"), "form": _l("form"), "gross": _l("gross"),
    "next": _l("next number"), "number": _l("number"), "paid": _l("paid sum"),
    "parcels": _l("parcels"), "pattern": _l("pattern"), "profile": _l("profile"),
    "queue": _l("queue"), "payment_kind": _l("payment"), "payment_method": _l("payment method"),
    "ship_by": _l("ship by"), "reserved": _l("reserved"), "reset": _l("numbering starts again"),
    "spec": _l("rules"), "station": _l("station"), "tag": _l("tag"), "told": _l("channel told"),
    "url": _l("web address"), "kinds": _l("events"), "since": _l("since"),
    "by": _l("on whose wish"), "other": _l("other order"), "total": _l("total"),
    "scopes": _l("scopes"), "kind": _l("kind"), "printer": _l("printer"),
    "expires_at": _l("ends"), "version": _l("version"),
    "finding": _l("finding"), "how": _l("how"), "watched": _l("looked out for"),
    "hours": _l("hours"),
    "webhook": _l("webhook"), "steps": _l("what it does"), "key": _l("key"),
    "barcode": _l("barcode"), "icon": _l("icon"), "on_list": _l("on the list"),
    "weight": _l("weight, g"), "expected_g": _l("expected, g"), "photos": _l("photos"),
    "picker": _l("picker"), "for_packer": _l("the packer must confirm it"),
    "cart_slots": _l("orders on a cart"), "weighs": _l("parcels are weighed"),
    "packaging_g": _l("packaging, g"), "tolerance_g": _l("tolerance, g"),
    "tolerance_pct": _l("tolerance in percent"), "photo_days": _l("days that photos are kept"),
    "change_money": _l("cash at the start"), "expected": _l("should be there"),
    "counted_cash": _l("cash counted"), "difference": _l("difference"), "method": _l("paid by"),
    "lines": _l("positions"), "warehouse": _l("warehouse"),
    "template": _l("template"), "message": _l("message"), "words": _l("words"),
    "channel": _l("channel"), "host": _l("server"), "port": _l("port"),
    "security": _l("encryption"), "username": _l("user"), "from_name": _l("sender's name"),
    "from_address": _l("sender's address"), "reply_to": _l("answers go to"),
    "public_url": _l("address for buyers"), "page_days": _l("days that pages stay open"),
    "plain": _l("without diacritics"), "attach": _l("with the document"),
    "on_card": _l("on the order card"), "at_station": _l("at the pack station"),
    "audience": _l("who sees it"), "query": _l("filters"), "columns": _l("columns"),
    "density": _l("height of rows"),
}

# Values that are short names of ours: field -> name -> words.
VALUES: dict[str, Mapping[str, Any]] = {
    "phase": PHASES, "role": ROLE_NAMES, "hold": HOLDS,
    "queue": {name: queue.label for name, queue in QUEUES.items()},
    "finding": HOLDS, "how": HOW_SETTLED, **{kind: LEVELS for kind in CHECKS},
    "by": {"buyer": _l("the buyer"), "seller": _l("the seller"), "channel": _l("the channel")},
    "payment_kind": PAYMENT_KINDS, "reason": WEIGHT_REASONS, "message": message_words.STATES,
    "method": {"cash": _l("cash"), "card": _l("card"), "transfer": _l("bank transfer")},
    "audience": {"own": _l("the owner alone"), "all": _l("everybody"), **ROLE_NAMES},
    "state": {
        **channels.STATES, **stock_documents.STATES, **quarantine.STATES, **shipments.STATES,
        "open": _l("in progress"), "done": _l("done"), "gone": _l("ended by its receiver"),
        "on": _l("on"), "off": _l("off"), "shadow": _l("only watches"),
        "stopped": _l("stopped by itself"),
    },
}

_ACTORS = {"system": _l("The system"), "connector": _l("A channel"), "cli": _l("Command line"),
           "api": _l("A key of the API"), "rule": _l("A rule")}


def said(act: str) -> str:
    """An act in words."""
    return str(ACTS.get(act, act))


def families() -> dict[str, str]:
    """The families of acts a reader may filter by: prefix with its dot -> words."""
    present = {act.partition(".")[0] for act in ACTS}
    return {f"{key}.": str(words) for key, words in FAMILIES.items() if key in present}


def actor_name(kind: str) -> str:
    """Who did it, when it was not a person."""
    return str(_ACTORS.get(kind, kind))


def shown(entry: AuditEntry, currency: str = "PLN") -> list[tuple[str, str, str]]:
    """The changed fields of an entry: name, before, after; nested values are taken apart.

    ``currency`` is that of its amounts, unless the entry itself says one.
    """
    told = _pair(entry.change.get("currency"))[1]
    currency = told if isinstance(told, str) and told else currency
    rows: list[tuple[str, str, str]] = []
    for field, change in entry.change.items():
        before, after = _pair(change)
        if field in act_values.HIDDEN:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping) and field != "spec":
            keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
            rows += [_row(str(key), before.get(key), after.get(key), currency) for key in keys]
        else:
            rows.append(_row(field, before, after, currency))
    return rows


def _row(field: str, before: Any, after: Any, currency: str) -> tuple[str, str, str]:
    words = VALUES.get(field, {})
    return (_field(field), *act_values.pair(field, before, after, words, currency, _field))


def _pair(change: Any) -> tuple[Any, Any]:
    if isinstance(change, list | tuple) and len(change) == 2:
        return change[0], change[1]
    return None, change


def _field(name: str) -> str:
    return str(FIELDS.get(name) or (HOLDS[name] if name in CHECKS else act_values.label(name)))
