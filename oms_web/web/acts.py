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
    act_fields,
    act_values,
    books,
    case_words,
    channels,
    label_words,
    message_words,
    payment_words,
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
    "bank.book": _l("Line of a statement booked"),
    "bank.ignore": _l("Line of a statement put aside"),
    "bank.restore": _l("Line of a statement brought back"),
    "bank.undo": _l("Booking of a statement's line taken back"),
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
    "books.again": _l("Document to be entered into the books again"),
    "books.choose": _l("Books chosen"),
    "books.enter": _l("Document entered into the books"),
    "books.leave": _l("Document entered into the books by hand"),
    "books.paid": _l("The books told of a payment"),
    "books.refuse": _l("Document not taken by the books"),
    "books.stop": _l("Books stopped"),
    "einvoices.accepted": _l("Document accepted by KSeF"),
    "einvoices.again": _l("Document sent to KSeF again"),
    "einvoices.deadline": _l("Last day for KSeF changed"),
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
    "messages.assign": _l("Conversation given to somebody"),
    "messages.attach": _l("Conversation belongs to an order"),
    "messages.close": _l("Conversation needs no answer"),
    "messages.heard": _l("Message on a channel"),
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
    "orders.allocate": _l("Sent from another warehouse"),
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
    "orders.packaging": _l("Packaging chosen"),
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
    "fees.add": _l("Fee added"),
    "fees.claim": _l("Commission claimed back"),
    "fees.claimed": _l("Claim of the commission went on"),
    "payments.ask": _l("Payment link asked for"),
    "payments.dispute": _l("Payment disputed"),
    "payments.give_back": _l("Money given back"),
    "payments.link": _l("Payment link given"),
    "payments.link_ended": _l("Payment link ended unpaid"),
    "payments.link_refused": _l("Payment link refused"),
    "payments.record": _l("Payment recorded"),
    "payments.undo": _l("Payment taken back"),
    "payments.withdraw_link": _l("Payment link withdrawn"),
    "payments.withdraw": _l("Channel no longer says that it is paid"),
    "picking.cancel": _l("Pick list cancelled"),
    "picking.done": _l("Pick list done"),
    "picking.leave_out": _l("Order left out of the walk"),
    "picking.own": _l("Pick list taken in hand"),
    "picking.reopen": _l("Pick list opened again"),
    "picking.start": _l("Pick list started"),
    "quarantine.drop": _l("Unread order dropped"),
    "refunds.account": _l("Account number of a refund added"),
    "refunds.approve": _l("Refund approved"),
    "refunds.done": _l("Refund has gone"),
    "refunds.drop": _l("Refund dropped"),
    "refunds.lose": _l("Outcome of a refund unknown"),
    "refunds.plan": _l("Refund planned"),
    "refunds.refuse": _l("Refund did not go"),
    "refunds.send": _l("Refund ordered"),
    "refunds.told": _l("Channel told of our refund"),
    "returns.accept": _l("Case accepted"),
    "returns.answer": _l("Complaint answered"),
    "returns.answered": _l("Buyer answered"),
    "returns.arrive": _l("Returned goods arrived"),
    "returns.ask": _l("Case waits for the buyer"),
    "returns.attach": _l("Order of a case found"),
    "returns.call_off": _l("Case called off"),
    "returns.change": _l("Case changed"),
    "returns.close": _l("Case closed"),
    "returns.exchange": _l("Goods exchanged"),
    "returns.judge": _l("Returned unit judged"),
    "returns.open": _l("Case opened"),
    "returns.photo": _l("Photo of returned goods taken"),
    "returns.refuse": _l("Case refused"),
    "returns.reopen": _l("Case opened again"),
    "returns.settings": _l("Settings of returns changed"),
    "returns.told": _l("Return announced on the channel"),
    "returns.track": _l("Goods or money of a case moved on"),
    "returns.unphoto": _l("Photo of returned goods taken off"),
    "returns.receive": _l("Return received"),
    "rules.archive": _l("Rule put away"),
    "rules.change": _l("Rule changed"),
    "rules.create": _l("Rule written"),
    "rules.move": _l("Rule moved"),
    "rules.stopped": _l("Rule stopped by itself"),
    "rules.switch": _l("Rule switched"),
    "claims.drop": _l("Claim against a courier dropped"),
    "claims.paid": _l("Courier paid a claim"),
    "claims.refused": _l("Courier refused a claim"),
    "claims.send": _l("Claim sent to the courier"),
    "claims.write": _l("Claim against a courier written"),
    "labels.cancel": _l("Label taken back"),
    "labels.choose": _l("Cheapest service chosen"),
    "labels.confirm": _l("Label bought"),
    "labels.discard": _l("Label thrown away"),
    "labels.hand_over": _l("Parcels given to a courier"),
    "labels.intend": _l("Label to be bought"),
    "labels.keep": _l("Label could not be taken back"),
    "labels.lose": _l("Nobody knows whether a label was bought"),
    "labels.note": _l("Carrier asked about a label"),
    "labels.refuse": _l("Label refused"),
    "labels.settle": _l("Settled that a label was not bought"),
    "labels.visit": _l("Courier called"),
    "labels.void": _l("Carrier asked to take a label back"),
    "sending.change": _l("Sending of parcels changed"),
    "sending.no_packaging": _l("Packaging offered no longer"),
    "sending.no_price": _l("Price of a carrier removed"),
    "sending.no_rule": _l("Rule of sending removed"),
    "sending.packaging": _l("Packaging added"),
    "sending.price": _l("Price of a carrier added"),
    "sending.rule": _l("Rule of sending added"),
    "shipping.collects": _l("Left although its label collects what was paid"),
    "shipping.cancelled": _l("Shipment cancelled"),
    "shipping.delivered": _l("Parcel delivered"),
    "shipping.describe": _l("Shipment described"),
    "shipping.packed": _l("Parcel packed"),
    "shipping.packing": _l("Parcel opened again"),
    "shipping.parcel": _l("Parcel changed"),
    "shipping.shipped": _l("Parcel left"),
    "shipping.start": _l("Shipment started"),
    "shipping.tell_channel": _l("Channel told of the shipment"),
    "shipping.travel": _l("Parcel scanned"),
    "shipping.undelivered": _l("Parcel not delivered"),
    "statuses.archive": _l("Status archived or brought back"),
    "statuses.change": _l("Status changed"),
    "statuses.create": _l("Status added"),
    "statuses.move": _l("Status moved"),
    "stock.bins": _l("Bins changed"),
    "stock.correction": _l("Stock corrected"),
    "stock.low": _l("Runs low"),
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
    "bank": _l("Bank"), "fees": _l("Fees"),
    "orders": _l("Orders"), "payments": _l("Payments"), "picking": _l("Picking"),
    "packing": _l("Packing"), "fulfilment": _l("Warehouse work"), "shipping": _l("Shipments"),
    "returns": _l("Returns"), "refunds": _l("Refunds"), "claims": _l("Claims against couriers"),
    "stock": _l("Stock"), "catalog": _l("Products"), "listings": _l("Offers"),
    "channels": _l("Channels"), "quarantine": _l("Orders not read"), "imports": _l("Import"),
    "documents": _l("Documents"), "list": _l("Exports"), "company": _l("Company"),
    "statuses": _l("Statuses"), "tags": _l("Tags"), "users": _l("People"),
    "api_keys": _l("API keys"), "webhooks": _l("Webhooks"), "rules": _l("Rules"),
    "macros": _l("Macros"), "till": _l("Point of sale"), "messages": _l("Messages"),
    "views": _l("Views"), "labels": _l("Labels"), "sending": _l("Sending of parcels"),
    "printers": _l("Printers"), "einvoices": _l("KSeF"), "accounting": _l("Accounting"),
    "books": _l("Books"),
}

SUBJECTS: dict[str, Any] = {
    "fee_rate": _l("Fee"), "fee_claim": _l("Claim of a commission"),
    "bank_entry": _l("Line of a statement"),
    "order": _l("Order"), "variant": _l("SKU"), "product": _l("Product"),
    "listing": _l("Offer"), "channel_account": _l("Channel"), "document": _l("Document"),
    "series": _l("Numbering series"), "pick_list": _l("Pick list"), "shipment": _l("Shipment"),
    "return": _l("Return"), "refund": _l("Refund"),
    "return_settings": _l("Settings of returns"),
    "stock_document": _l("Stock document"), "warehouse": _l("Warehouse"),
    "location": _l("Bin"), "quarantine": _l("Unread order"), "company": _l("Company"),
    "status": _l("Status"), "tag": _l("Tag"), "user": _l("Person"),
    "import_run": _l("Import"), "import_profile": _l("Import profile"), "api_key": _l("API key"),
    "webhook": _l("Webhook"), "rule": _l("Rule"),
    "macro": _l("Macro"), "till": _l("Till"), "message": _l("Message"),
    "accounting": _l("Accounting"),
    "einvoice_settings": _l("Settings of KSeF"), "tax_payer": _l("Data of tax files"),
    "fiscal_report": _l("Report of a cash register"),
    "message_template": _l("Template"), "message_thread": _l("Conversation"),
    "message_settings": _l("Sending of messages"),
    "view": _l("View"), "hand_over": _l("Hand-over"), "packaging": _l("Packaging"),
    "sending_settings": _l("Sending of parcels"), "service_rule": _l("Rule of sending"),
    "own_price": _l("Price of a carrier"), "courier_claim": _l("Claim against the courier"),
    "printer": _l("Printer"), "print_job": _l("Printing job"),
}

# Values that are short names of ours: field -> name -> words.
VALUES: dict[str, Mapping[str, Any]] = {
    "phase": {**PHASES, **case_words.PHASES}, "kind": case_words.KINDS,
    "goods": case_words.GOODS, "money": case_words.MONEY, "refund": case_words.REFUND_STATES,
    "fee_claim": payment_words.CLAIMS,
    "refund_method": case_words.METHODS, "disposition": case_words.DISPOSITIONS,
    "outcome": case_words.WISHES, "reason_code": case_words.REASONS, "wish": case_words.WISHES,
    "role": ROLE_NAMES, "hold": HOLDS,
    "queue": {name: queue.label for name, queue in QUEUES.items()},
    "finding": HOLDS, "how": HOW_SETTLED, **{kind: LEVELS for kind in CHECKS},
    "by": {"buyer": _l("the buyer"), "seller": _l("the seller"), "channel": _l("the channel")},
    "payment_kind": PAYMENT_KINDS, "reason": WEIGHT_REASONS, "message": message_words.STATES,
    "method": {"cash": _l("cash"), "card": _l("card"), "transfer": _l("bank transfer")},
    "moment": message_words.MOMENTS, "travel": label_words.TRAVEL, "label": label_words.STATES,
    "books": books.STATES,
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
    return str(act_fields.FIELDS.get(name)
               or (HOLDS[name] if name in CHECKS else act_values.label(name)))
