"""Carriers that break what is promised of labels, journeys and hand-overs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from oms_connector import Booked, LabelFile, Refused
from oms_connector.testing import answer

from tests.contract.kit_carrier import SIZES, Goniec
from tests.contract.kit_carrier_standin import GoniecStandIn
from tests.contract.kit_double import breaks


@breaks(56, also=(17, 18, 37))
class FindsNothingAgain(Goniec):
    """It looks under the carrier's number only, so that a lost answer buys a second label."""

    def find_booking(self, key, reference=""):
        return super().find_booking(key, reference) if reference else None


@breaks(54)
class SellsOneServiceTwice(Goniec):
    """Two ways to send have one reference."""

    def services(self):
        return [*super().services(), super().services()[0]]


@breaks(54)
class SortsSizesTheOtherWay(Goniec):
    """The largest box comes first."""

    def services(self):
        return [replace(one, sizes=SIZES[::-1]) if one.sizes else one for one in super().services()]


@breaks(55)
class RoundsMoneyToCollect(Goniec):
    """It collects whole złoty."""

    def document(self, booking):
        cod = booking.cod and booking.cod.quantize(Decimal(1))
        return super().document(replace(booking, cod=cod))


@breaks(57)
class TellsTheFirstNumberOnly(Goniec):
    """The second box has no number."""

    def booked(self, said):
        told = super().booked(said)
        return replace(told, tracking=told.tracking[:1])


@breaks(58)
class PrintsAnything(Goniec):
    """A label of what does not exist."""

    def _label(self, reference, format):
        try:
            return super()._label(reference, format)
        except Refused:
            return b"%PDF-1.7 sorry %%EOF"


@breaks(58)
class ForgetsTheEnd(Goniec):
    """Its ZPL never ends."""

    def label(self, reference, tracking, format):
        found = super().label(reference, tracking, format)
        return found if format == "pdf_a6" else LabelFile(format, found.content.strip()[:-3])


@breaks(58)
class GivesAllTheSameLabel(Goniec):
    """Labels come with the bookings, and are one and the same."""

    def booked(self, said):
        return replace(super().booked(said), labels=[LabelFile("pdf_a6", b"%PDF-1.7 %%EOF")])


@breaks(59)
class BlamesNobody(Goniec):
    """The carrier says what is wrong; it does not pass it on."""

    def book(self, booking):
        try:
            return super().book(booking)
        except Refused as refusal:
            raise Refused(str(refusal)) from refusal


@breaks(60)
class LetsEverythingPass(Goniec):
    """It checks nothing."""

    def check_booking(self, booking):
        return []


@breaks(60)
class AsksToCheck(Goniec):
    """It asks the carrier what could be known here."""

    def check_booking(self, booking):
        self.services()
        self._read("account")
        return super().check_booking(booking)


@breaks(61)
class FindsTheDeadAlive(Goniec):
    """A cancelled parcel is found as if it were on."""

    def find_booking(self, key, reference=""):
        found = super().find_booking(key, reference)
        return found and Booked(found.reference, "confirmed", found.tracking, found.price)


@breaks(62)
class TellsItBackwards(Goniec):
    """The newest comes first."""

    def journey(self, number, rows):
        found = super().journey(number, rows)
        return found and replace(found, events=found.events[::-1])


@breaks(62)
class HasWordsOfItsOwn(Goniec):
    """It forgets the carrier's code."""

    def journey(self, number, rows):
        found = super().journey(number, rows)
        return found and replace(found, events=[
            replace(event, raw=event.state) for event in found.events])


@breaks(63)
class BringsAllBoxes(Goniec):
    """However many were asked for."""

    def points(self, near, country, limit):
        return super().points(near, country, 20)


@breaks(64)
class PricesInFloats(Goniec):
    """The price went through a float."""

    def rates(self, booking):
        return [replace(one, price=Decimal(float(one.price))) for one in super().rates(booking)]


@breaks(65, also=(17, 18, 37))
class CallsTheCourierTwice(GoniecStandIn):
    """Each call for a courier is a visit; nobody looks at the key."""

    def _take(self, head, rest, said):
        if head != "visits":
            return super()._take(head, rest, said)
        visit = {"id": f"V{len(self.visits) + 1}"} | said
        self.visits[visit["id"]] = visit
        return answer(200, visit)


@breaks(65)
class SignsAPageForPeople(Goniec):
    """Its protocol is no document."""

    def protocol(self, references):
        return b"<html>" + super().protocol(references)
