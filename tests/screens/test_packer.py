"""The packer's role: every route is walked, and none shows buyers, contacts, prices or exports."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import Order
from oms_web.domain.users.permissions import ACTS, PACKER
from oms_web.flows import pick, ship
from oms_web.web.access import PUBLIC, act_of
from tests.architecture.test_routes import rows
from tests.floor import KUBA, Floor

# What a packer may do at all. A new act has to be added here on purpose.
MAY = {"own.settings", "catalog.pictures", "pick.do", "pack.do", "printers.see"}
# The one who buys for the parcel in hand, and one whose parcel has left long ago.
HERE, GONE = "Helena Tutejsza", "Grzegorz Dawny"
CONTACTS = ("buyer@secret.example", "+48600100200", "Tajna 7", "1180000009")
PRICE = re.compile(r"\b777[,.]77\b")


@pytest.fixture
def floor(works):
    made = Floor(works)
    orders = {}
    for name, lines in ((GONE, {"SWI": 1}), (HERE, {"KUB": 2}), ("Zofia Czekająca", {"PUZ": 1})):
        orders[name] = made.order(name.split()[0], lines, buyer_note=f"Tel. {CONTACTS[1]}")
        address = {"name": name, "street": CONTACTS[2], "city": "Warszawa", "country": "PL",
                   "phone": CONTACTS[1], "postcode": "00-950"}
        with works.writing(SYSTEM) as work:
            work.session.execute(update(Order).where(Order.id == orders[name]).values(
                buyer_name=name, buyer_email=CONTACTS[0], buyer_phone=CONTACTS[1],
                tax_id=CONTACTS[3], ship_to=address, items_total=77777, total=77777,
                shipping_total=0, discount_total=0))
    left = made.pack(orders[GONE])
    with works.writing(KUBA) as work:
        ship.leave(work, left)
        pick.start(work, made.house.id, [orders["Zofia Czekająca"]])
    made.open(orders[HERE])
    return made


def addresses(app):
    """Every GET of the screens, with the ids of things that are there."""
    ids = {"order_id": (10001, 10002, 10003), "shipment_id": (1, 2), "list_id": (1,),
           "pick_list_id": (1,), "product_id": (1,), "variant_id": (1,), "account_id": (1,)}
    with app.test_request_context():
        for rule, method in rows(app):
            if method != "GET" or rule.endpoint == "static":
                continue
            kinds = [{}]
            for name in rule.arguments:
                converter = rule._converters[name]
                known = ids.get(name) or (
                    sorted(converter.items) if hasattr(converter, "items")
                    else (1,) if type(converter).__name__ == "IntegerConverter" else ("csv",))
                kinds = [{**kind, name: value} for kind in kinds for value in known]
            for kind in kinds:
                yield rule.endpoint, app.url_for(rule.endpoint, **kind)


def leaks(text):
    return [secret for secret in (GONE, *CONTACTS) if secret in text] + PRICE.findall(text)


def test_a_packer_may_pick_pack_and_look_after_themselves_and_nothing_else():
    assert {act for act, roles in ACTS.items() if PACKER in roles} == MAY


def test_no_route_shows_a_packer_the_buyers_the_prices_or_a_list_to_take_away(
    app, floor, browser_as
):
    packer = browser_as("packer")
    seen, found = set(), []
    for endpoint, address in addresses(app):
        answer = packer.get(address)
        act = act_of(app, endpoint)
        if act not in MAY | {PUBLIC}:
            assert answer.status_code == 403, address
            continue
        seen.add(address)
        assert answer.status_code < 500, address
        text = answer.get_data().decode("utf-8", "replace")
        found += [(address, leaked) for leaked in leaks(text)]
        if answer.mimetype in ("text/csv", "application/zip") or "attachment" in \
                answer.headers.get("Content-Disposition", ""):
            found.append((address, "a file to take away"))
    assert found == []
    assert {"/packing", "/packing/1", "/packing/2", "/picking", "/picking/lists/1"} <= seen
    assert HERE in packer.get("/packing/2").get_data(as_text=True)
    assert packer.get("/packing/1/slip.pdf").status_code == 409


def test_the_walk_finds_what_a_bookkeeper_sees(app, floor, browser_as):
    """The control: the same walk as somebody who may see it all finds every secret."""
    bookkeeper = browser_as("accountant")
    text = " ".join(bookkeeper.get(address).get_data().decode("utf-8", "replace")
                    for _, address in addresses(app) if address.startswith("/orders"))
    assert set(leaks(text)) >= {GONE, *CONTACTS}


def test_a_packer_begins_at_the_station_and_leaves_it_for_picking(app, floor, browser_as):
    browser_as("packer")
    from tests.conftest import PASSWORD

    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "packer@example.test", "password": PASSWORD})
    assert answer.headers["Location"] == "/packing"
    page = client.get("/packing").get_data(as_text=True)
    assert 'href="/picking"' in page
    assert 'href="/"' not in client.get("/picking").get_data(as_text=True)
    answer = client.post("/packing/2/aside", data={"next": "home"})
    assert answer.headers["Location"] == "/picking"
