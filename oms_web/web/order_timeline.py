"""An order's timeline: audit entries as sentences. An act nobody wrote a sentence for is shown
with the words of the audit trail, so nothing that happened is ever left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext

from oms_web.domain.audit.models import AuditEntry
from oms_web.web import acts, formats, going, label_words, message_words
from oms_web.web import order_words as words
from oms_web.web.outside_words import translated
from oms_web.web.packing_band import WEIGHT_REASONS

VIEWS = ("", "channel", "people", "documents")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: when, an icon with its tone, the sentence, a remark at the right."""

    at: datetime
    icon: str
    text: str
    note: str
    tone: str
    views: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made of: the entry, its change, the order's currency."""

    entry: AuditEntry
    currency: str

    def after(self, name: str) -> Any:
        """A field's new value."""
        return self._pair(name)[1]

    def before(self, name: str) -> Any:
        """A field's old value."""
        return self._pair(name)[0]

    def _pair(self, name: str) -> tuple[Any, Any]:
        found = (self.entry.change or {}).get(name)
        return (found[0], found[1]) if isinstance(found, list) and len(found) == 2 else (None, None)

    @property
    def who(self) -> str:
        """The channel or the person."""
        return self.entry.actor_name

    def money(self, name: str) -> str:
        """A field's new value as an amount."""
        return self._amount(self.after(name))

    def money_before(self, name: str) -> str:
        """A field's old value as an amount."""
        return self._amount(self.before(name))

    def _amount(self, value: Any) -> str:
        return formats.amount(int(value), self.currency, always=True) if value is not None else ""

    def units(self, name: str) -> str:
        """A field's change in units."""
        before, after = self._pair(name)
        return formats.units(abs(int(after or 0) - int(before or 0)))


Sentence = Callable[[Told], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """How an act is told: icon, tone, sentence, remark, and the view it belongs to."""

    icon: str
    text: Sentence
    tone: str = ""
    note: Sentence | None = None
    view: str = ""


def _reserved(told: Told) -> str:
    units = told.after("reserved")
    return gettext("%(units)s reserved", units=formats.units(int(units))) if units else ""


def _hold_note(told: Told) -> str:
    return told.entry.note or ""


def _hold_name(kind: Any) -> str:
    return str(words.HOLDS.get(str(kind), kind))


def _going(kind: Any) -> str:
    return str(going.KINDS[kind][1]) if kind in going.KINDS else ""


def _number(told: Told) -> str:
    carrier, tracking = told.after("carrier") or "", told.after("tracking") or ""
    return f"{carrier} {tracking}".strip()


def _changed_fields(told: Told) -> str:
    return ", ".join(dict.fromkeys(name for name, _, _ in acts.shown(told.entry, told.currency)))


def _weight_note(told: Told) -> str:
    expected, reason = told.after("expected_g"), told.after("reason")
    if not reason:
        return ""
    instead = gettext("instead of %(weight)s", weight=formats.kilos(int(expected or 0)))
    return f"{instead}: {WEIGHT_REASONS.get(reason, reason)}"


def _lost(told: Told) -> str:
    return ", ".join(str(title) for title in told.entry.change)


def _rule(told: Told) -> str:
    return gettext("rule %(name)s", name=told.who) if told.entry.actor_kind == "rule" else ""


def _letter(told: Told) -> str:
    name = str(told.after("template"))
    return str(message_words.FIXED.get(name, name))


def _state(told: Told) -> str:
    return str(message_words.STATES.get(str(told.after("message")), ""))


TELLING: Mapping[str, Kind] = {
    "orders.receive": Kind("download", lambda t: gettext("%(who)s: new order", who=t.who),
                           note=_reserved, view="channel"),
    "orders.create": Kind("phone", lambda t: gettext("Order taken down"),
                          note=lambda t: t.money("total")),
    "orders.confirm": Kind("circle-check", lambda t: gettext("Order confirmed"), "ok"),
    "orders.changed_on_channel": Kind(
        "transfer", lambda t: gettext("%(who)s: the order was changed", who=t.who), "warn",
        _changed_fields, "channel"),
    "orders.cancelled_too_late": Kind(
        "alert-triangle", lambda t: gettext("%(who)s: cancelled after it had left", who=t.who),
        "bad", view="channel"),
    "orders.reserve": Kind("lock", lambda t: gettext("%(units)s reserved", units=t.units("units")),
                           "ok"),
    "orders.allocate": Kind("building-warehouse", lambda t: gettext(
        "Sent from %(warehouse)s now: %(units)s", units=t.units("units"),
        warehouse=t.after("warehouse")), note=lambda t: gettext(
            "before: %(warehouse)s", warehouse=t.before("warehouse"))
        if t.before("warehouse") else ""),
    "orders.packaging": Kind("box", lambda t: gettext(
        "To be packed in: %(what)s", what=t.after("packaging") or gettext("as rules say"))),
    "orders.lost_units": Kind(
        "package-off", lambda t: gettext("%(units)s lost: the shelf holds fewer",
                                         units=t.units("units")), "bad"),
    "fulfilment.lost": Kind("package-off", lambda t: gettext("Not on the shelf: %(what)s",
                                                             what=_lost(t)), "bad", _hold_note),
    "orders.expire": Kind("hourglass", lambda t: gettext("Not paid in time: the goods were let go"),
                          "warn"),
    "orders.hold": Kind("player-pause", lambda t: gettext(
        "Held: %(why)s", why=_hold_name(t.after("hold"))), "warn", _hold_note),
    "orders.release": Kind("player-play", lambda t: gettext(
        "No longer held: %(why)s", why=_hold_name(t.before("hold"))), "ok"),
    "orders.finding": Kind("eye-check", lambda t: gettext(
        "Pointed out: %(why)s", why=_hold_name(t.after("finding"))), "warn", _hold_note),
    "orders.settle": Kind("eye-check", lambda t: gettext(
        "Settled: %(why)s", why=_hold_name(t.before("finding"))), "ok",
        lambda t: str(words.HOW_SETTLED.get(t.after("how"), ""))),
    "orders.status": Kind("progress", lambda t: gettext("Status: %(name)s",
                                                        name=t.after("status"))),
    "orders.tag": Kind("tag", lambda t: gettext("Tag: %(name)s", name=t.after("tag"))),
    "orders.untag": Kind("tag", lambda t: gettext("Tag taken off: %(name)s",
                                                  name=t.before("tag"))),
    "orders.note": Kind("note", lambda t: gettext("Note: “%(text)s”", text=t.entry.note or "")),
    "orders.unnote": Kind("note", lambda t: gettext("Note taken off")),
    "orders.change_address": Kind("map-pin", lambda t: gettext("Address changed"),
                                  note=_changed_fields),
    "orders.change_buyer": Kind("user", lambda t: gettext("Buyer changed"), note=_changed_fields),
    "orders.change_delivery": Kind("truck", lambda t: gettext("Delivery changed"),
                                   note=_changed_fields),
    "orders.accept_total": Kind("receipt-2", lambda t: gettext("The channel's total was accepted"),
                                "ok"),
    "orders.accept_change": Kind("transfer", lambda t: gettext(
        "The channel's change was taken over"), "ok", _changed_fields),
    "orders.keep_ours": Kind("transfer", lambda t: gettext("The channel's change was left out")),
    "orders.line_added": Kind("plus", lambda t: gettext("Position added: %(what)s", what=_lost(t)),
                              view="channel"),
    "orders.line_quantity": Kind("edit", lambda t: gettext("Quantity changed: %(what)s",
                                                           what=_lost(t)), view="channel"),
    "orders.cancel_units": Kind("minus", lambda t: gettext("%(units)s cancelled",
                                                           units=t.units("cancelled")), "warn",
                                _hold_note),
    "orders.tell_status": Kind(
        "send", lambda t: gettext("The channel knows the status")
        if t.after("told") == "done" else gettext("The channel could not be told the status"),
        "", _hold_note, "channel"),
    "orders.tell_cancelled": Kind(
        "send", lambda t: gettext("The channel knows that it was cancelled")
        if t.after("told") == "done"
        else gettext("The channel could not be told that it was cancelled"),
        "warn", _hold_note, "channel"),
    "orders.uncancel_units": Kind("arrow-back-up", lambda t: gettext(
        "%(units)s not cancelled after all", units=t.units("cancelled"))),
    "orders.undo_cancel": Kind("arrow-back-up", lambda t: gettext("Not cancelled after all"),
                               "warn"),
    "orders.recall": Kind("arrow-back-up", lambda t: gettext(
        "Recalled before the channel was told: %(what)s", what=_going(t.after("what"))), "warn"),
    "orders.cancel": Kind("circle-x", lambda t: gettext("Order cancelled"), "bad"),
    "orders.split": Kind("arrows-split-2", lambda t: gettext(
        "%(units)s split off as order %(number)s", units=t.units("units"),
        number=t.after("other"))),
    "orders.split_off": Kind("arrows-split-2", lambda t: gettext(
        "Split off order %(number)s: %(units)s", units=t.units("units"),
        number=t.after("other"))),
    "orders.unite": Kind("arrow-back-up", lambda t: gettext(
        "Joined again: order %(number)s, %(units)s", units=t.units("units"),
        number=t.before("other"))),
    "orders.join": Kind("arrow-back-up", lambda t: gettext("Joined to the order it came from")),
    "orders.together": Kind("packages", lambda t: gettext(
        "In one parcel: orders %(orders)s", orders=t.after("orders"))),
    "orders.apart": Kind("package", lambda t: gettext("Travels by itself again"), "",
                         lambda t: gettext(t.entry.note) if t.entry.note else ""),
    "orders.start_packing": Kind("package", lambda t: gettext("Packing began")),
    "orders.stop_packing": Kind("package", lambda t: gettext("Packing was broken off")),
    "orders.ship": Kind("truck", lambda t: gettext("The order has left"), "ok"),
    "orders.undo_ship": Kind("arrow-back-up", lambda t: gettext("It has not left after all"),
                             "warn"),
    "orders.deliver": Kind("circle-check", lambda t: gettext("Order delivered"), "ok"),
    "orders.void": Kind("receipt-refund", lambda t: gettext("Sale over the counter taken back"),
                        "bad"),
    "till.sale": Kind("building-store", lambda t: gettext("Sold over the counter"), "ok"),
    "till.void": Kind("receipt-refund", lambda t: gettext("Sale taken back"), "bad", _hold_note),
    "payments.record": Kind("cash-banknote", lambda t: gettext("Payment of %(amount)s",
                                                               amount=t.money("paid")), "ok"),
    "bank.book": Kind("cash-banknote", lambda t: gettext(
        "A bank statement's line of %(amount)s was booked", amount=t.money("amount")), "ok"),
    "bank.undo": Kind("arrow-back-up", lambda t: gettext(
        "The booking of a statement's line was taken back"), "warn"),
    "payments.ask": Kind("link", lambda t: gettext(
        "Payment link over %(amount)s asked for", amount=t.money("amount"))),
    "payments.link": Kind("link", lambda t: gettext("Payment link given"), "ok"),
    "payments.link_ended": Kind("link", lambda t: gettext("Payment link ended unpaid"), "warn"),
    "payments.link_refused": Kind("link", lambda t: gettext("Payment link refused"), "bad",
                                  _hold_note),
    "payments.withdraw_link": Kind("link", lambda t: gettext("Payment link withdrawn"), "warn"),
    "payments.dispute": Kind("alert-triangle", lambda t: gettext(
        "The buyer's bank takes a payment back") if t.after("disputed") else gettext(
        "A disputed payment is ours again"), "bad"),
    "payments.withdraw": Kind(
        "cash-banknote", lambda t: gettext("%(who)s: no longer said to be paid in full", who=t.who),
        view="channel"),
    "payments.undo": Kind("arrow-back-up", lambda t: gettext(
        "Payment of %(amount)s taken back", amount=t.money_before("amount")), "warn", _hold_note),
    "payments.give_back": Kind("cash-banknote", lambda t: gettext(
        "%(amount)s given back", amount=t.money("amount")), "warn"),
    "picking.start": Kind("basket", lambda t: gettext("On a pick list"),
                          note=lambda t: gettext("basket %(n)s", n=t.after("basket"))
                          if t.after("basket") else ""),
    "picking.done": Kind("basket", lambda t: gettext("Goods picked"), "ok"),
    "picking.leave_out": Kind("basket", lambda t: gettext("Taken off the pick list")),
    "packing.note": Kind("eye-check", lambda t: gettext(
        "The packer confirmed the note: “%(text)s”", text=t.entry.note or "")),
    "packing.photo": Kind("photo", lambda t: gettext("Photo of the parcel taken")),
    "packing.unphoto": Kind("photo", lambda t: gettext("Photo of the parcel taken off")),
    "packing.weigh": Kind("weight", lambda t: gettext(
        "Weighed: %(weight)s", weight=formats.kilos(int(t.after("weight") or 0))),
        note=_weight_note),
    "shipping.start": Kind("package", lambda t: gettext("Parcel begun")),
    "shipping.parcel": Kind("package", lambda t: ngettext(
        "%(num)s parcel", "%(num)s parcels", int(t.after("parcels") or 0))),
    "shipping.describe": Kind("truck", lambda t: gettext("Parcel: %(number)s", number=_number(t))
                              if _number(t) else gettext("Parcel described")),
    "shipping.packed": Kind("package", lambda t: gettext("Parcel packed"), "ok"),
    "shipping.shipped": Kind("truck", lambda t: gettext("Handed over"), "ok", _hold_note),
    "shipping.travel": Kind("truck", lambda t: gettext("Parcel: %(number)s", number=str(
        label_words.TRAVEL.get(str(t.after("travel")), t.after("travel")))), note=_hold_note),
    "shipping.delivered": Kind("circle-check", lambda t: gettext("Parcel delivered"), "ok"),
    "shipping.undelivered": Kind("alert-triangle", lambda t: gettext("Parcel not delivered"),
                                 "bad", lambda t: label_words.why(t.entry.note or "")),
    "shipping.cancelled": Kind("circle-x", lambda t: gettext("Parcel given up"), "warn"),
    "labels.intend": Kind("tag", lambda t: gettext(
        "Label ordered: %(carrier)s", carrier=t.after("carrier") or gettext("the cheapest"))),
    "labels.confirm": Kind("tag", lambda t: gettext("Label bought: %(carrier)s",
                                                    carrier=t.after("carrier")), "ok",
                           lambda t: t.after("tracking") or ""),
    "labels.refuse": Kind("tag", lambda t: gettext("Label refused"), "bad", _hold_note),
    "labels.lose": Kind("tag", lambda t: gettext("The carrier's answer was lost"), "warn",
                        _hold_note),
    "labels.cancel": Kind("tag", lambda t: gettext("Label taken back"), "warn"),
    "labels.keep": Kind("tag", lambda t: gettext("The carrier did not take the label back"), "warn",
                        _hold_note),
    "shipping.tell_channel": Kind(
        "send", lambda t: gettext("The channel knows that it has left")
        if t.after("told") == "done" else gettext("The channel could not be told"), "",
        _hold_note, "channel"),
    "documents.issue": Kind("file-invoice", lambda t: gettext(
        "Document %(number)s issued", number=t.after("number")), "ok",
        lambda t: t.money("gross"), "documents"),
    "documents.correct": Kind("file-invoice", lambda t: gettext(
        "Correction %(number)s issued", number=t.after("number")), "",
        lambda t: t.money("gross"), "documents"),
    "documents.proforma": Kind("file-invoice", lambda t: gettext(
        "Pro forma %(number)s issued", number=t.after("number")), "",
        lambda t: t.money("gross"), "documents"),
    "documents.warehouse": Kind("file-text", lambda t: gettext(
        "Warehouse document %(number)s issued", number=t.after("number")), "", None, "documents"),
    "documents.tell_channel": Kind(
        "send", lambda t: gettext("The channel shows the document to the buyer")
        if t.after("told") == "done" else gettext("The document could not be sent to the channel"),
        "", _hold_note, "documents"),
    "messages.write": Kind("mail", lambda t: gettext(
        "Written to the buyer: %(name)s", name=_letter(t)), note=lambda t: _rule(t)),
    "messages.told": Kind("mail", lambda t: gettext("Message: %(state)s", state=_state(t)), "bad"),
    "messages.settle": Kind("mail", lambda t: gettext("The message counts as sent")),
    "messages.heard": Kind("message", lambda t: gettext("A message on the channel"),
                           view="channel"),
    "messages.attach": Kind("message", lambda t: gettext(
        "A conversation belongs to this order")),
    "messages.close": Kind("message", lambda t: gettext("The buyer needs no answer")),
    "messages.drop": Kind("mail", lambda t: gettext("Message called off")),
    "messages.again": Kind("mail", lambda t: gettext("Message sent once more")),
    "returns.told": Kind("truck-return", lambda t: gettext(
        "The channel tells of a return"), "warn", _changed_fields, view="channel"),
    "returns.receive": Kind("truck-return", lambda t: gettext(
        "Return received: %(units)s", units=t.units("units")), "warn", view="channel"),
}


def lines(entries: Iterable[AuditEntry], currency: str, view: str = "") -> list[Line]:
    """Entries as sentences, newest first as they come; ``view`` keeps those that belong to it."""
    found = list(entries)
    began = {entry.at for entry in found if entry.act == "orders.start_packing"}
    told = [_line(Told(entry, currency)) for entry in found
            if not _is_no_news(entry, began)]
    return [line for line in told if not view or view in line.views]


def _is_no_news(entry: AuditEntry, began: Collection[datetime]) -> bool:
    """A parcel begun with the packing; a message that was sent as it was meant to be."""
    if entry.act == "messages.told":
        return (entry.change or {}).get("message", [None, None])[1] in ("sent", "delivered")
    return entry.act == "shipping.start" and entry.at in began


def _line(told: Told) -> Line:
    entry = told.entry
    kind = TELLING.get(entry.act)
    is_person = entry.actor_kind == "user"
    views = set()
    if is_person:
        views.add("people")
    if entry.actor_kind == "connector" or (kind and kind.view == "channel"):
        views.add("channel")
    if entry.act.startswith("documents.") or (kind and kind.view == "documents"):
        views.add("documents")
    if kind is None:
        text, note, icon, tone = acts.said(entry.act), _plain(told), "history", ""
    else:
        text, icon, tone = kind.text(told), kind.icon, kind.tone
        note = kind.note(told) if kind.note else ""
    who = entry.actor_name if is_person else ""
    return Line(entry.at, icon, text, " · ".join(filter(None, (note, who))), tone,
                frozenset(views))


def _plain(told: Told) -> str:
    """The change of an entry without a sentence."""
    entry = told.entry
    changed = "; ".join(f"{name}: {before} → {after}" if before else f"{name}: {after}"
                        for name, before, after in acts.shown(entry, told.currency)[:3])
    return " · ".join(filter(None, (changed, translated(entry.note or ""))))
