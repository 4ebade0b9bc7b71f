"""Labels through the API: asked for once, ready a moment later, and where the parcels are."""

from __future__ import annotations

import pytest

from oms_web.core.actor import SYSTEM
from oms_web.domain.shipping import sending
from oms_web.flows import label_back
from tests.api.calling import make_caller
from tests.sync.carrier import Counting, Depot


@pytest.fixture
def depot(oms):
    return Depot(oms)


@pytest.fixture
def caller(depot, app):
    return make_caller(app, depot.works)


def test_a_label_is_bought_once_and_its_parcel_is_followed(caller, depot):
    shipment_id = depot.pack(depot.order("A", {"KUB": 1}))
    path = f"/shipments/{shipment_id}"
    assert caller.get(f"{path}/label").status_code == 404
    first, again = caller.post(f"{path}/label"), caller.post(f"{path}/label")
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json["id"] == again.json["id"]
    assert (first.json["state"], first.json["ready"]) == ("intended", False)
    assert caller.get(f"{path}/label/pdf").status_code == 404
    depot.work()
    found = caller.get(f"{path}/label").json
    assert (found["state"], found["ready"], depot.sales()) == ("confirmed", True, 1)
    assert caller.get(f"{path}/label/pdf").data.startswith(b"%PDF-")
    depot.scanned(found["tracking"][0], "moving", "MVD")
    depot.forward(hours=1)
    depot.work()
    [box] = caller.get(f"{path}/tracking").json["parcels"]
    assert (box["state"], [scan["raw"] for scan in box["scans"]]) == ("moving", ["MVD"])
    assert "shipping.travel" in [one["type"] for one in caller.get("/events").json["items"]]


def test_no_file_is_given_out_of_a_label_that_is_taken_back(caller, depot):
    shipment_id = depot.bought(depot.order("A", {"KUB": 1}))
    path = f"/shipments/{shipment_id}/label/pdf"
    assert caller.get(path).status_code == 200
    depot.do(label_back.void, 1)
    assert caller.get(path).status_code == 404


def test_what_no_rule_chooses_is_refused_in_words(caller, depot):
    with depot.works.writing(SYSTEM) as work:
        sending.delete_rule(work, depot.rule)
    answer = caller.post(f"/shipments/{depot.pack(depot.order('A', {'KUB': 1}))}/label")
    assert answer.status_code == 409
    assert "No rule says" in answer.json["detail"]
    assert Counting.sold == {}
