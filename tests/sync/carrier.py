"""A carrier in memory that counts what it was paid for, and a floor whose parcels it carries."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from oms_connector import (
    Booked,
    CarrierService,
    Connector,
    Flaw,
    Journey,
    LabelFile,
    Manifest,
    NotSupported,
    PickupPoint,
    TravelEvent,
)

from oms_web.core.actor import SYSTEM
from oms_web.domain.company.models import Company
from oms_web.domain.shipping import bookings, sending
from oms_web.flows import label
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine
from tests import factories as make
from tests.floor import KUBA, Floor

_numbers = count(1)


class Counting(Connector):
    """``sold``: key -> bookings paid for. ``before``/``after``: errors raised next by ``book``,
    before or after it was sold. ``knows``: whether it can be asked by key."""

    manifest = Manifest(key="counting", name="Counting", letters="Co", version="1.0")
    sold: dict = {}
    before: list = []
    after: list = []
    label_says: list = []
    cancelled: list = []
    scans: dict = {}
    visits: list = []
    knows = True
    pending = False
    once = False
    """Whether labels come with the booking, and never again."""

    @classmethod
    def reset(cls):
        cls.sold, cls.before, cls.after, cls.label_says = {}, [], [], []
        cls.cancelled, cls.scans, cls.visits, cls.knows, cls.pending = [], {}, [], True, False
        cls.once = False

    @classmethod
    def base_url(cls, settings):
        return "https://carrier.example"

    def services(self):
        return [CarrierService("door", "Door", cod=True, most_parcels=3),
                CarrierService("locker", "Locker", needs_point=True)]

    def check_booking(self, booking):
        return [] if booking.receiver.phone else [Flaw("receiver.phone", "no phone")]

    def book(self, booking):
        if self.before and (error := self.before.pop(0)):
            raise error
        number = next(_numbers)
        told = Booked(f"R{number}", "pending" if self.pending else "confirmed",
                      [] if self.pending else self._tracking(number, booking), None,
                      labels=[LabelFile("pdf_a6", b"%PDF-1.4 once %%EOF")] if self.once else ())
        self.sold.setdefault(booking.key, []).append((told, booking))
        if self.after and (error := self.after.pop(0)):
            raise error
        return told

    def _tracking(self, number, booking):
        return [f"CC{number:08d}{place}" for place in range(len(booking.packages))]

    def find_booking(self, key, reference=""):
        if not self.knows:
            raise NotSupported("it cannot be asked")
        if key not in self.sold:
            return None
        told, booking = self.sold[key][-1]
        if told.reference in self.cancelled:
            return Booked(told.reference, "cancelled")
        if self.pending:
            return told
        return Booked(told.reference, "confirmed",
                      told.tracking or self._tracking(int(told.reference[1:]), booking))

    def label(self, reference, tracking, format):
        if self.once:
            raise NotSupported("it came with the booking")
        if self.label_says and (error := self.label_says.pop(0)):
            raise error
        text = ",".join(tracking).encode()
        return LabelFile(format, b"%PDF-1.4 " + text + b" %%EOF" if format == "pdf_a6"
                         else b"^XA" + text + b"^XZ")

    def cancel_booking(self, reference, tracking):
        self.cancelled.append(reference)

    def track(self, trackings):
        return [Journey(one, self.scans[one]) if one in self.scans else None for one in trackings]

    def points(self, near, country, limit):
        return [PickupPoint("AAA01", "AAA01", "Prosta 1", "00-001", near)]

    def order_pickup(self, pickup):
        if pickup.key not in self.visits:
            self.visits.append(pickup.key)
        return f"V-{pickup.key}"


class Depot(Floor):
    """A floor with a carrier's account, and a rule by which everything goes with it."""

    def __init__(self, oms, buy_when=sending.ASKED, **stock):
        super().__init__(oms.works, **stock)
        Counting.reset()
        self.oms = oms
        oms.__dict__["registry"] = Registry({"counting": Counting})
        oms.works.ports["children"] = None
        self.engine = Engine(oms.works, oms.registry)
        self.moment = oms.works.clock()
        oms.works.clock = lambda: self.moment
        with oms.works.writing(SYSTEM) as work:
            work.session.get_one(Company, 1).phone = "422000100"
            self.carrier = make.account(work, "Kurier", connector="counting")
            sending.keep_services(work, self.carrier.id, [
                {"ref": ref, "name": ref, "needs_point": ref == "locker", "cod": True,
                 "most_parcels": 3, "sizes": []} for ref in ("door", "locker")])
            self.rule = sending.add_rule(work, {
                "kind": "carrier", "account_id": self.carrier.id, "service": "door", "size": "",
                "packaging_id": None, "channel_id": None, "method": "", "country": "",
                "heaviest_g": None, "least": None, "most": None, "cod": ""}).id
            sending.change(work, {"buy_when": buy_when, "label_format": "pdf_a6",
                                  "default_g": 1000, "insures": False})

    def forward(self, **span):
        self.moment += timedelta(**span)

    def do(self, act, *values, **named):
        with self.works.writing(KUBA) as work:
            return act(work, *values, **named)

    def work(self):
        """Let clock and workers do what is due."""
        rings.ring_labels(self.oms)
        drain(self.oms)

    def book(self, order_id, **named):
        return self.do(label.book_order, order_id, **named).id

    def bought(self, order_id):
        """A parcel with its label, ready for the courier."""
        shipment_id = self.pack(order_id)
        self.book(order_id)
        self.work()
        return shipment_id

    def booking(self, booking_id):
        with self.works.reading(SYSTEM) as work:
            return bookings.get(work.session, booking_id)

    def scanned(self, tracking, state, raw=None):
        Counting.scans.setdefault(tracking, []).append(
            TravelEvent(self.moment, state, raw or state.upper()))

    @staticmethod
    def sales():
        """How many labels were paid for."""
        return sum(len(found) for found in Counting.sold.values())
