"""Claims against couriers on screens: from a parcel and from a case to what is still owed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import claims
from oms_web.domain.shipping import service as shipping
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
    with depot.works.writing(SYSTEM) as work:
        shipping.get(work.session, shipment_id).shipped_at = work.now - timedelta(days=9)
    said = text_of(post(owner, form, part=False, reason="damaged", amount="20,01"))
    assert "more than the goods in the parcel cost: PLN 20.00" in said
    assert "The last day to tell the courier was" in said
    answer = post(owner, form, part=False, reason="damaged", amount="12,50", story="Wet.",
                  sure="above_goods")
    assert (answer.status_code, 'name="sure" value="too_late"' in answer.text) == (422, True)
    answer = post(owner, form, part=False, reason="damaged", amount="12,50", story="Wet.",
                  sure="too_late")
    assert answer.headers["Location"].endswith("/claims/1")
    assert owner.get(form).headers["Location"].endswith("/claims/1"), "there is one already"
    owed = owner.get("/payments/owed?view=parcels")
    assert "to be sent to the courier" in text_of(owed)
    assert "Claimed and not paid" not in text_of(owed)
    assert "The last day to tell the courier has passed" in text_of(owner.get("/claims/1"))
    with depot.works.writing(SYSTEM) as work:
        claims.get(work.session, 1).due_on = local_day(work.now) + timedelta(days=30)
    assert "Claims to send to couriers" not in text_of(owner.get("/"))
    with depot.works.writing(SYSTEM) as work:
        claims.get(work.session, 1).due_on = local_day(work.now) + timedelta(days=4)
    assert "Claims to send to couriers" in text_of(owner.get("/"))
    post(owner, "/claims/1/send", part=False, reference="R/77")
    assert "R/77" in text_of(owner.get("/claims/1"))
    assert "Claimed and not paid: PLN 12.50" in text_of(owner.get("/payments/owed?view=parcels"))
    assert post(owner, "/claims/1/settle", part=False, paid="x").status_code == 422
    post(owner, "/claims/1/settle", part=False, paid="10,00", answer="Half.")
    assert (claim_of(depot).state, claim_of(depot).paid) == ("paid", 1000)
    assert "Nothing is owed" in text_of(owner.get("/payments/owed?view=parcels"))


def test_what_was_delivered_is_damaged_first_and_never_lost(depot, left, browser_as):
    owner, (order_id, shipment_id) = browser_as("owner"), left
    form = f"/shipments/{shipment_id}/claim"
    assert 'selected value="lost"' in owner.get(form).text
    depot.do(ship.arrived, shipment_id)
    page = owner.get(form).text
    assert 'value="lost"' not in page
    assert 'selected value="damaged"' in page
    case, _ = depot.do(return_case.open_for, order_id, Opening(
        "complaint", reason_code="incomplete", story="One is missing."))
    assert 'selected value="missing"' in owner.get(f"{form}?case={case.id}").text


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
