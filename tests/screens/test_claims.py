"""Claims against couriers on screens: from a parcel and from a case to what is still owed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import claims
from oms_web.flows import return_case, ship
from tests.screens.test_shipments import post, text_of
from tests.sync.carrier import Depot


@pytest.fixture
def depot(oms):
    return Depot(oms)


@pytest.fixture
def left(depot):
    """A parcel that left: its order and shipment."""
    order_id = depot.order("A", {"KUB": 2})
    shipment_id = depot.pack(order_id)
    depot.do(ship.leave, shipment_id)
    return order_id, shipment_id


def claim_of(depot):
    with depot.works.reading(SYSTEM) as work:
        return claims.get(work.session, 1)


def test_a_claim_goes_from_the_parcel_to_the_courier_and_is_owed_until_paid(depot, left,
                                                                            browser_as):
    owner, (order_id, shipment_id) = browser_as("owner"), left
    form = f"/shipments/{shipment_id}/claim"
    assert form in owner.get(f"/orders/{order_id}").text
    page = owner.get(form)
    assert 'value="20.00"' in page.text
    assert "art. 74 ust. 3" in text_of(page)
    for wrong, field in (({"amount": "much"}, "amount"), ({"amount": "0"}, "amount"),
                         ({"amount": "5", "due_on": "1999-01-01"}, "due_on")):
        answer = post(owner, form, part=False, reason="damaged", **wrong)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
    answer = post(owner, form, part=False, reason="damaged", amount="12,50", story="Wet.")
    assert answer.headers["Location"].endswith("/claims/1")
    assert owner.get(form).headers["Location"].endswith("/claims/1"), "there is one already"
    owed = owner.get("/payments/owed?view=parcels")
    assert "Claimed and not paid: PLN 12.50" in text_of(owed)
    assert "Claims to send to couriers" not in text_of(owner.get("/"))
    with depot.works.writing(SYSTEM) as work:
        claims.get(work.session, 1).due_on = local_day(work.now) + timedelta(days=4)
    assert "Claims to send to couriers" in text_of(owner.get("/"))
    post(owner, "/claims/1/send", part=False, reference="R/77")
    assert "R/77" in text_of(owner.get("/claims/1"))
    assert post(owner, "/claims/1/settle", part=False, paid="x").status_code == 422
    post(owner, "/claims/1/settle", part=False, paid="10,00", answer="Half.")
    assert (claim_of(depot).state, claim_of(depot).paid) == ("paid", 1000)
    assert "Nothing is owed" in text_of(owner.get("/payments/owed?view=parcels"))


def test_a_claim_goes_with_the_buyers_case(depot, left, browser_as):
    owner, (order_id, shipment_id) = browser_as("owner"), left
    case, _ = depot.do(return_case.open_for, order_id,
                       Opening("complaint", story="It is broken."))
    page = owner.get(f"/returns/{case.id}").text
    [form] = re.findall(rf'href="(/shipments/{shipment_id}/claim\?case={case.id})"', page)
    assert "It is broken." in owner.get(form).text
    post(owner, f"/shipments/{shipment_id}/claim", part=False, case=case.id, reason="damaged",
         amount="20")
    assert claim_of(depot).case_id == case.id
    assert "/claims/1" in owner.get(f"/returns/{case.id}").text
    other = depot.order("B", {"KUB": 1})
    assert owner.get(f"/shipments/{depot.pack(other)}/claim?case={case.id}").status_code == 404


def test_the_file_and_claims_are_for_who_sends(left, browser_as):
    packer = browser_as("packer")
    for path in (f"/shipments/{left[1]}/claim", f"/shipments/{left[1]}/file.pdf", "/claims/1"):
        assert packer.get(path).status_code == 403
