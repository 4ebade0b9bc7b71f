"""Orders that a first look should not leave to chance: one for each thing that needs a person.

They were placed in the last hours before the shop was first seen, and none of them has been sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oms_demo.market.buyers import OnSale
from oms_demo.market.delivery import BY_KEY
from oms_demo.market.orders import Basket
from oms_demo.market.people import person

FIRST_BUYER = 500_000
"""Buyers of scenes are others than those who come by chance."""


@dataclass(frozen=True, slots=True)
class Scene:
    """An order: SKUs and units, and what is special about it.

    ``buyer`` tells the people of the scenes apart; ``changes`` go over what was invented of them.
    """

    hours_ago: float
    buyer: int
    units: Mapping[str, int]
    delivery: str = "locker"
    payment: str = "online"
    country: str = "PL"
    note: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)


SCENES = (
    # an offer that no product is linked to
    Scene(7.4, 1, {"TARG-5512": 2, "SWI-LAS-180": 1}),
    # the only three lamps go, and the second offer for the same lamp goes on selling
    Scene(6.9, 2, {"LAM-NAF-MOS": 3}, delivery="dpd"),
    Scene(6.2, 3, {"LAMPA-26-MOS": 1, "ROZ-WEL-32": 2}, delivery="courier"),
    # no postcode, and no locker to send it to
    Scene(5.8, 4, {"KOC-MER-140": 1}, delivery="courier", changes={"postcode": ""}),
    # a company whose tax number has two digits swapped
    Scene(5.1, 5, {"KUB-03-GRA": 24, "KUB-03-BIA": 24, "TER-STA-100": 6}, delivery="dpd",
          note="Proszę o fakturę na firmę, dostawa do 15:00.",
          changes={"company": "Pensjonat Pod Świerkami s.c.", "tax_id": "9990002070"}),
    # the same buyer twice within minutes: one parcel would do
    Scene(4.2, 6, {"PUZ-ZUB-150": 1, "MEM-PTA-60": 1}, note="Proszę zapakować osobno, to prezent."),
    Scene(4.0, 6, {"KSI-BAJ-01": 1}),
    # cash on delivery, dear
    Scene(3.1, 7, {"KOC-ZEL-7": 1, "RUS-SKL-40": 1, "KIJ-OGN-4": 2}, delivery="dpd-cod",
          payment="cod"),
    # a bundle, abroad, in euro
    Scene(2.3, 8, {"SWI-JAR-3": 2}, delivery="dpd-eu", country="DE",
          note="Bitte als Geschenk verpacken, danke!"),
    # not paid
    Scene(1.2, 9, {"PLE-22-OLI": 1}, payment="unpaid"),
    # something to be engraved
    Scene(0.6, 10, {"KUB-05-GRW": 2}, note="Grawer: Zosia"),
)


def act_out(scene: Scene, seed: int, shelf: Mapping[str, OnSale]) -> Basket:
    """The basket of a scene, from the offers by SKU. What chance has sold before is left out."""
    someone = person(seed, FIRST_BUYER + scene.buyer, scene.country).as_dict()
    buyer = someone | {"company": "", "tax_id": ""} | dict(scene.changes)
    return Basket(
        lines=[
            (shelf[sku].ref, min(units, shelf[sku].stock))
            for sku, units in scene.units.items() if shelf[sku].stock
        ],
        buyer=buyer,
        delivery=scene.delivery,
        pickup_point=f"LOD{scene.buyer:02d}M" if BY_KEY[scene.delivery].point else "",
        payment=scene.payment,
        payment_method="Pobranie" if scene.payment == "cod" else "BLIK",
        invoice=bool(buyer["company"]),
        note=scene.note,
    )
