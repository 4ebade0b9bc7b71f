"""Macros: made, refused, pressed on the card and in the list, scanned at the pack station."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from oms_web.automation import acts
from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import InvalidForm
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation import macros
from oms_web.domain.automation.models import Macro
from oms_web.domain.orders.models import Note, Order, OrderTag, Tag
from oms_web.domain.shipping.models import Shipment
from oms_web.flows.pack import opening
from oms_web.jobs import worker
from oms_web.web import macros as macros_screen
from tests.screens.shelves import PART, open_shop, text_of

ANNA = Actor("user", "Anna", 7)
FORM = {
    "macro": "", "name": "Gift", "icon": "gift", "color": "#8B5CC7", "key": "7",
    "barcode": "MACRO-GIFT", "on_card": "y", "on_list": "y", "at_station": "y",
    "steps": ["0", "1"], "steps-0-act": "tag", "steps-0-tag": "gift", "steps-1-act": "note",
    "steps-1-text": "Wrap it",
}


@pytest.fixture
def shop(works):
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


@pytest.fixture
def order(shop):
    return shop.ask(select(Order.id).order_by(Order.id))[0]


def make(shop, steps=(("tag", {"tag": "gift"}), ("note", {"text": "Wrap it"})), **values):
    with shop.works.writing(ANNA) as work:
        return macros.create(work, {
            "name": "Gift", "barcode": "MACRO-GIFT", "at_station": True, "on_card": True,
            "on_list": True, "steps": [list(step) for step in steps], **values}).id


def tags(shop, order_id):
    return set(shop.ask(select(Tag.name).join(OrderTag).where(OrderTag.order_id == order_id)))


def notes(shop):
    return shop.ask(select(func.count()).select_from(Note))[0]


def test_a_macro_is_made_changed_and_put_away(shop, owner):
    assert "No macros yet" in text_of(owner.get("/macros"))
    assert owner.post("/macros/new", data=FORM).status_code == 303
    [macro] = shop.ask(select(Macro))
    assert macro.steps == [["tag", {"tag": "gift"}], ["note", {"text": "Wrap it"}]]
    assert "Gift put on the tag gift, write the note Wrap it 7 MACRO-GIFT" in text_of(
        owner.get("/macros"))
    owner.post(f"/macros/{macro.id}", data=FORM | {"key": "g", "on_list": ""})
    [macro] = shop.ask(select(Macro))
    assert (macro.key, macro.on_list) == ("g", False)
    owner.post(f"/macros/{macro.id}/archive")
    assert owner.get(f"/macros/{macro.id}").status_code == 404
    assert owner.post("/macros/new", data=FORM).status_code == 303  # name, key and code are free


@pytest.mark.parametrize(("wrong", "where"), [
    ({"name": ""}, "name"), ({"barcode": "a"}, "barcode"), ({"key": "ż"}, "key"),
    ({"steps": []}, "macro-steps"), ({"steps-0-tag": ""}, "steps-0-tag"),
    ({"steps-0-act": "macro"}, "macro-steps"), ({"icon": "none"}, ""),
])
def test_what_is_wrong_is_said_at_its_field(shop, owner, wrong, where):
    with shop.works.writing(ANNA) as work:
        inner = macros.create(work, {"name": "Inner", "steps": [["release", {}]]}).id
    answer = owner.post("/macros/new", data=FORM | {"steps-0-macro": str(inner)} | wrong)
    assert answer.status_code == 422
    assert not where or f'id="{where}-error"' in answer.get_data(as_text=True)
    assert len(shop.ask(select(Macro))) == 1


def test_two_macros_never_answer_to_the_same_key_or_code(shop):
    make(shop, key="7")
    for name in ("name", "key", "barcode"):
        with pytest.raises(InvalidForm) as refused:
            make(shop, **{"name": "Other", "key": "8", "barcode": "OTHER"} | {
                name: {"name": "Gift", "key": "7", "barcode": "MACRO-GIFT"}[name]})
        assert list(refused.value.problems) == [name]


def test_on_the_card_it_is_one_press_and_one_undo(shop, owner, order):
    macro = make(shop, key="7")
    page = owner.get(f"/orders/{order}").get_data(as_text=True)
    assert 'data-key="7" data-key-name="Gift"' in page
    owner.post(f"/orders/{order}/macros/{macro}")
    assert (tags(shop, order), notes(shop)) == ({"gift"}, 1)
    words = owner.get(f"/orders/{order}").get_data(as_text=True)
    undo = words[words.index('action="/macros/undo/'):].split('"')[1]
    owner.post(undo)
    assert (tags(shop, order), notes(shop)) == (set(), 0)


def test_all_of_a_macro_or_nothing_and_the_reason(shop, owner, order):
    macro = make(shop, [("tag", {"tag": "gift"}), ("webhook", {"webhook": 99})])
    owner.post(f"/orders/{order}/macros/{macro}")
    assert "Gift was not done: There is no such webhook." in text_of(owner.get(f"/orders/{order}"))
    assert tags(shop, order) == set()


def test_in_the_list_it_is_a_bulk_change_with_one_undo(shop, owner, oms):
    macro = make(shop)
    ids = shop.ask(select(Order.id))
    assert 'name="macro.macro"' in owner.get("/orders").get_data(as_text=True)
    assert owner.post("/orders/bulk/macro", data={
        "macro.macro": macro, "order": ids}).status_code == 303
    worker.drain(oms)
    assert all(tags(shop, one) == {"gift"} for one in ids)
    assert "Macro: Gift" in text_of(owner.get("/orders"))
    owner.post("/changes/1/undo")
    worker.drain(oms)
    assert not any(tags(shop, one) for one in ids)


def test_it_lets_nobody_do_what_their_role_does_not(shop, browser_as, order):
    macro = make(shop, [("hold", {"reason": "Wait"})])
    packer = browser_as("warehouse")
    assert packer.post(f"/orders/{order}/macros/{macro}").status_code == 403
    assert packer.post("/macros/new", data=FORM).status_code == 403
    accountant = browser_as("accountant")
    assert accountant.post("/orders/bulk/macro", data={
        "macro.macro": macro, "order": order}).status_code == 403
    assert 'name="macro.macro"' not in accountant.get("/orders").get_data(as_text=True)


def test_its_barcode_runs_it_at_the_pack_station_once_for_a_scan(shop, browser_as, order):
    make(shop)
    packer = browser_as("warehouse")
    answer = packer.post("/packing/scan", data={"code": "MACRO-GIFT", "key": "k0"}, headers=PART)
    assert "Open an order first, then scan Gift." in text_of(answer)
    with shop.works.writing(SYSTEM) as work:
        shipment = opening.open_order(work, order, "Bench").id
    for _ in range(2):  # the station sends a scan again until it is answered
        answer = packer.post(f"/packing/{shipment}/scan", data={
            "code": "MACRO-GIFT", "key": "k1"}, headers=PART)
        assert "Macro Gift Done." in text_of(answer)
    assert (tags(shop, order), notes(shop)) == ({"gift"}, 1)
    packer.post(f"/packing/{shipment}/scan", data={"code": "MACRO-GIFT", "key": "k2"},
                headers=PART)
    assert notes(shop) == 2
    assert shop.ask(select(Shipment.state).where(Shipment.id == shipment)) == ["packing"]
    assert shop.ask(select(AuditEntry.actor_name).where(AuditEntry.act == "orders.tag")) == [
        "Warehouse"]


def test_a_macro_that_is_not_for_the_station_is_an_unknown_code_there(shop, browser_as, order):
    make(shop, at_station=False)
    with shop.works.writing(SYSTEM) as work:
        shipment = opening.open_order(work, order, "Bench").id
    answer = browser_as("warehouse").post(f"/packing/{shipment}/scan", data={
        "code": "MACRO-GIFT", "key": "k1"}, headers=PART)
    assert "Nobody knows this code" in text_of(answer)
    assert tags(shop, order) == set()


def test_each_act_has_words():
    from oms_web.web import act_words, change_words
    assert set(acts.ACTS) - set(act_words.ACTS) == set()
    assert {field.name for act in acts.ACTS.values() for field in act_words.fields(act)
            if act.listed} - set(act_words.FIELDS) == set()
    assert {act.key for act in acts.ACTS.values() if act.listed} - set(change_words.ACTS) == set()


def test_each_icon_is_named():
    assert set(macros_screen.ICONS) == set(macros.ICONS)
