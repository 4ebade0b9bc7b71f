"""What the pack station says about the last scan: large, in one colour, with one sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from oms_web.domain.fulfilment import weighing
from oms_web.domain.shipping.bench import Bench, Row
from oms_web.flows.pack.closing import Weighed
from oms_web.web import formats

WEIGHT_REASONS: dict[str, Any] = {
    weighing.FILLER: _l("More filler or a heavier box"),
    weighing.CATALOGUE: _l("The weight in the catalogue is wrong"),
    weighing.CHECKED: _l("I looked again: everything is right"),
}
"""Why a weight is off, in words."""


@dataclass(frozen=True, slots=True)
class Band:
    """``tone``: ``ok warn bad`` or empty; ``sound``: a name that ``static/js/pack.js`` knows.

    ``said`` is what is read aloud; ``undo`` the scan that can be taken back.
    """

    tone: str
    icon: str
    kicker: str
    title: str
    text: str = ""
    at: datetime | None = None
    sound: str = ""
    undo: int | None = None

    @property
    def said(self) -> str:
        """The band as a sentence."""
        return ". ".join(filter(None, (self.kicker, self.title, self.text)))


def refused(words: str) -> Band:
    """Something was not possible, in words."""
    return Band("bad", "ban", gettext("Not now"), words, sound="unknown")


def greeting(bench: Bench) -> Band:
    """An open parcel that nothing was scanned into yet."""
    return Band("", "scan", gettext("Order %(number)s is open", number=bench.order_id),
                gettext("Scan the first unit"),
                ngettext("%(num)s unit in all", "%(num)s units in all", bench.units))


def special(result: str, order_id: int, code: str) -> Band:
    """A scan that was not for the parcel: ``here``, this order's number; ``other``, another's."""
    if result == "here":
        return Band("", "info-circle", gettext("This order is open already"),
                    gettext("Scan the goods of order %(number)s", number=order_id))
    return Band("warn", "arrows-diff", gettext("That is another order"),
                gettext("First finish order %(number)s or put it aside", number=order_id),
                code, sound="unknown")


def too_many(order_id: int, code: str) -> Band:
    """A unit like those of the parcel that has just been closed: it is not needed any more."""
    return Band("warn", "copy", gettext("One too many for the parcel just closed"),
                gettext("The parcel of order %(number)s is complete", number=order_id),
                _joined(code, gettext("Put this one back.")), sound="extra")


def last(bench: Bench, *, fresh: bool) -> Band:
    """The latest scan of a parcel; ``fresh``: it was made just now, so it is heard."""
    scan = bench.last
    if scan is None:
        return greeting(bench)
    row = next((row for row in bench.rows if row.need.key == scan.key), None)
    made = _BANDS.get(scan.result, _unknown)(bench, row)
    sound = made.sound if fresh else ""
    undo = scan.id if scan.result in ("ok", "hand") else None
    return Band(made.tone, made.icon, made.kicker, made.title, made.text, scan.at, sound, undo)


def _counts(row: Row | None) -> str:
    if row is None:
        return ""
    words = gettext("unit %(n)s of %(total)s", n=row.need.packed, total=row.need.quantity)
    if row.need.left:
        words += ", " + ngettext("%(num)s to go", "%(num)s to go", row.need.left)
    return words


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _ok(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("ok", "check", gettext("Right"), bench.last.title,
                _joined(bench.last.code, _counts(row)), sound="ok")


def _hand(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("ok", "hand-click", gettext("Confirmed without a scan"), bench.last.title,
                _counts(row), sound="ok")


def _macro(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("ok", "wand", gettext("Macro"), bench.last.code, gettext("Done."))


def _extra(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("warn", "copy", gettext("One too many"), bench.last.title,
                gettext("All %(n)s are in the parcel. Put this one back.",
                        n=row.need.quantity if row else 0), sound="extra")


def _wrong(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("bad", "x", gettext("Not in this order"), bench.last.title,
                _joined(bench.last.code, gettext("Take it out of the box.")), sound="wrong")


def _unknown(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("bad", "zoom-question", gettext("Nobody knows this code"), bench.last.code,
                gettext("Scan again, or confirm the unit without a scan."), sound="unknown")


def _undone(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    return Band("", "arrow-back-up", gettext("Taken back"), bench.last.title,
                gettext("Take it out of the box."))


def _missing(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    where = ", ".join(row.bins) if row else ""
    return Band("warn", "box-off", gettext("Missing: stock was corrected"), bench.last.title,
                gettext("Fetch another one: %(bins)s", bins=where) if where else "", sound="extra")


def _damaged(bench: Bench, row: Row | None) -> Band:
    assert bench.last is not None
    where = ", ".join(row.bins) if row else ""
    return Band("warn", "heart-broken", gettext("Damaged: written off"), bench.last.title,
                gettext("Fetch another one: %(bins)s", bins=where) if where else "", sound="extra")


_BANDS: dict[str, Callable[[Bench, Row | None], Band]] = {
    "ok": _ok, "hand": _hand, "extra": _extra, "wrong": _wrong, "unknown": _unknown,
    "undone": _undone, "missing": _missing, "damaged": _damaged, "macro": _macro,
}


def stopped(kind: str, hold: str, bench: Bench) -> Band:
    """Something happened to the order: a reason to stop at once."""
    number = bench.order_id
    words = {
        "cancelled": (gettext("Order %(number)s was cancelled", number=number),
                      gettext("Put everything back on its shelf.")),
        "left": (gettext("Order %(number)s has left already", number=number),
                 gettext("It was marked as sent elsewhere. Put everything back on its shelf.")),
        "held": (gettext("Order %(number)s is on hold", number=number),
                 gettext("The buyer changed something on the channel. The office must look at it.")
                 if hold == "changed" else gettext("The office must look at it first.")),
        "unpaid": (gettext("Order %(number)s is not paid", number=number),
                   gettext("It must not leave before the payment is here.")),
        "changed": (gettext("Order %(number)s has changed", number=number),
                    gettext("Look at what is different, then go on.")),
        "short": (gettext("Order %(number)s lost units", number=number),
                  gettext("They are not there any more. Put everything back on its shelf.")),
    }
    title, text = words[kind]
    return Band("stop", "alert-triangle", gettext("Stop packing"), title, text, sound="stop")


def packed(bench: Bench, bare: int = 0) -> Band:
    """The parcel is closed; so many of its boxes are not on its label."""
    return Band("warn" if bare else "ok", "package", gettext("Packed"),
                ngettext("%(num)s parcel has no label", "%(num)s parcels have no label", bare)
                if bare else
                gettext("The parcel of order %(number)s is complete", number=bench.order_id),
                ngettext("%(num)s unit", "%(num)s units", bench.units),
                bench.shipment.packed_at, sound="closed",
                undo=bench.last.id if bench.last and bench.last.result in ("ok", "hand") else None)


def note_read() -> Band:
    """A note was confirmed, and the parcel is not closed by that."""
    return Band("ok", "eye-check", gettext("Note confirmed"), gettext("Go on with the parcel"),
                sound="ok")


def weighed(came: Weighed) -> Band:
    """A box was weighed and its weight is right, or has a reason; others are still to be."""
    return Band("ok", "weight", gettext("Weighed"), formats.kilos(came.measured_g), sound="ok")


def off_weight(came: Weighed) -> Band:
    """The scale says another weight than the goods have."""
    assert came.expected_g is not None
    lighter = came.measured_g < came.expected_g
    return Band("warn", "weight", gettext("Too light") if lighter else gettext("Too heavy"),
                gettext("%(measured)s instead of %(expected)s",
                        measured=formats.kilos(came.measured_g),
                        expected=formats.kilos(came.expected_g)),
                gettext("Is something missing?") if lighter
                else gettext("Is something in it that does not belong there?"), sound="extra")


def photo_kept() -> Band:
    """A photo of the parcel is kept."""
    return Band("ok", "photo", gettext("Photo kept"),
                gettext("It shows on the card of the order"), sound="ok")


def gone(bench: Bench) -> Band:
    """The parcel is not here any more."""
    words = {
        "shipped": gettext("It has left."), "delivered": gettext("It is delivered."),
        "undelivered": gettext("It could not be delivered."),
        "cancelled": gettext("It was given up. The goods went back to their shelves."),
    }
    return Band("", "info-circle", gettext("Order %(number)s", number=bench.order_id),
                words.get(bench.shipment.state, ""))
