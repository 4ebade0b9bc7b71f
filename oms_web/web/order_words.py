"""What queues, payments, holds and filters of orders are called on screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.orders import checks, phases
from oms_web.web import formats


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue in the rail. A tone colours its count: it needs a person."""

    name: str
    label: Any
    icon: str
    tone: str = ""


QUEUES = {queue.name: queue for queue in (
    Queue("draft", _l("Drafts"), "pencil"),
    Queue("verify", _l("To check"), "eye-check", "warn"),
    Queue("unpaid", _l("Awaiting payment"), "cash-banknote"),
    Queue("short", _l("Short stock"), "package-off", "bad"),
    Queue("pick", _l("To pick"), "basket"),
    Queue("pack", _l("To pack"), "package"),
    Queue("courier", _l("Awaiting courier"), "trolley"),
    Queue("transit", _l("In transit"), "truck"),
    Queue("undelivered", _l("Undelivered"), "alert-triangle", "bad"),
    Queue("held", _l("On hold"), "player-pause"),
    Queue("elsewhere", lazy_pgettext("phase", "Sent by the channel"), "building-warehouse"),
    Queue("done", lazy_pgettext("phase", "Delivered"), "circle-check"),
    Queue("cancelled", lazy_pgettext("phase", "Cancelled"), "circle-x"),
)}

PAYMENTS: Mapping[str, Any] = {
    "unpaid": _l("not paid"), "part": _l("paid in part"), "paid": _l("paid"),
    "over": _l("overpaid"), "cod": _l("on delivery"), "credit": _l("credit"),
}
PAYMENT_TONES = {"unpaid": "warn", "part": "bad", "paid": "ok", "over": "bad"}


def payment_words(state: str, phase: str, to_give_back: bool) -> tuple[str, str]:
    """How far an order is paid, in words, and the tone.

    One that is cancelled waits for no money: a sale that was taken back is not unpaid.
    """
    if phase != phases.CANCELLED:
        return str(PAYMENTS[state]), PAYMENT_TONES.get(state, "")
    return (gettext("to give back"), "warn") if to_give_back else (gettext("nothing to pay"), "")


PAYMENT_KINDS: Mapping[str, Any] = {
    "prepaid": _l("In advance"), "cod": _l("On delivery"), "credit": _l("On credit"),
}
SOURCES: Mapping[str, Any] = {
    "channel": _l("channel"), "desk": _l("by hand"), "till": _l("over the counter"),
    "import": _l("history"),
}
SHIP_DAYS: Mapping[str, Any] = {
    "late": _l("late"), "today": _l("today"), "tomorrow": _l("tomorrow"), "later": _l("later"),
    "none": _l("none"),
}
HOLDS: Mapping[str, Any] = {
    "any": _l("any reason"), "unmapped": _l("product not linked"),
    "address": _l("address incomplete"), "totals": _l("totals do not agree"),
    "tax_id": _l("tax number"), "payment_expired": _l("payment overdue"),
    "changed": _l("changed on the channel"), "refund": _l("money to give back"),
    "house_number": _l("no house number"), "postcode": _l("form of the postcode"),
    "town": _l("postcode and town"), "phone": _l("phone number"), "no_phone": _l("no phone"),
    "payment": _l("payment does not agree"), "duplicate": _l("may be a double"),
    "doubt": _l("pointed out by a rule"), "manual": _l("held by a person"),
}
# How strict a check is, and how what it found was settled.
LEVELS: Mapping[str, Any] = {
    "off": _l("off"), "warn": _l("point it out"), "hold": _l("hold the order"),
}
HOW_SETTLED: Mapping[str, Any] = {
    "accepted": _l("accepted as it is"), "kept": _l("both are meant"),
    "corrected": _l("corrected"), "cancelled": _l("cancelled as a double"),
    "left": _l("the order left or was closed"), "undone": _l("taken back"),
}
FILTERS: Mapping[str, Any] = {
    "queue": _l("Queue"), "status": _l("Status"), "account": _l("Channel"),
    "payment": _l("Payment"), "ship": _l("Ship by"), "courier": _l("Courier"),
    "country": _l("Country"), "tag": _l("Tag"), "sku": _l("SKU or EAN"),
    "product": _l("Product"), "hold": _l("Held because"), "issue": _l("Problem"),
    "warehouse": _l("Warehouse"), "source": _l("Taken in"), "documents": _l("Documents"),
    "from": _l("Placed since"), "to": _l("Placed until"),
}
SORTS: Mapping[str, Any] = {
    "ship": _l("ship by"), "newest": _l("newest first"), "oldest": _l("oldest first"),
}
SCOPES: Mapping[str, Any] = {"all": _l("all orders"), "open": _l("all open")}

# What an address lacks, as verification names it.
_GAPS: Mapping[str, Any] = {
    "name": _l("name"), "street": _l("street"), "city": _l("town"), "country": _l("country"),
    "postcode": _l("postcode"),
}
# What the channel changed and is different here.
_CHANGED: Mapping[str, Any] = {
    "ship_to": _l("delivery address"), "bill_to": _l("invoice address"), "lines": _l("positions"),
    "buyer_name": _l("buyer"), "buyer_email": _l("e-mail"), "buyer_phone": _l("phone"),
    "buyer_company": _l("company"), "tax_id": _l("NIP"), "wants_invoice": _l("invoice"),
    "buyer_note": _l("buyer's note"), "country": _l("country"),
    "delivery_method": _l("delivery"), "carrier": _l("courier"),
    "pickup_point": _l("pick-up point"), "payment_kind": _l("payment"),
    "payment_method": _l("payment method"), "ship_by": _l("ship by"),
    "cancelled by the buyer": _l("cancelled by the buyer"),
    "replaced by a joint purchase": _l("replaced by a joint purchase"),
}

# What a hold keeps as money, written as ``1148.00 PLN`` when it was found.
_SUMS = frozenset({"amount", "paid", "total", "stated", "computed"})


def hold_words(kind: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong and what frees it, in the reader's language."""
    wrong, frees = checks.KINDS.get(kind, ("%(kind)s", "Somebody must release it."))
    values = {"kind": kind, **detail}
    for name, words in (("missing", _GAPS), ("what", _CHANGED)):
        if name in values:
            values[name] = ", ".join(
                str(words.get(part, part)) for part in str(values[name]).split(", "))
    for name in _SUMS & values.keys():
        values[name] = formats.told_amount(str(values[name]))
    return gettext(wrong) % values, gettext(frees)


def desk_tile() -> tuple[str, str]:
    """Letters and name of the tile of orders that came by no channel."""
    return gettext("Hd"), gettext("Taken down by hand")


def field(name: str) -> str:
    """A field of an order or an address in words."""
    return str(_CHANGED.get(name) or _GAPS.get(name) or _MORE.get(name) or name)


_MORE: Mapping[str, Any] = {
    "company": _l("company"), "region": _l("region"), "phone": _l("phone"), "email": _l("e-mail"),
}
