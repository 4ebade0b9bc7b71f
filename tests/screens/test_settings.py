"""Settings: the company with its checks, statuses, tags; and everybody's own."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert, select

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.company import service as company
from oms_web.domain.orders import labels
from oms_web.domain.orders.models import Order, OrderTag, Status, Tag
from oms_web.domain.users import service as users
from tests.conftest import PASSWORD, TESTER

GOOD = {
    "name": "Leśna Sowa", "legal_name": "Leśna Sowa sp. z o.o.", "tax_id": "526-10-40-828",
    "street": "Leśna 1", "postcode": "00950", "city": "Łódź", "country": "pl", "email": "",
    "phone": "", "website": "", "bank_account": "61 1090 1014 0000 0712 1981 2874",
    "bank_name": "", "currency": "PLN", "cut_off": "9:30", "payment_hours": "48",
    "recall_seconds": "30",
    "exempt_basis": "",
}


@pytest.fixture
def owner(browser_as, works):
    with works.writing(TESTER) as work:
        company.set_up(work, "Sklep")
    return browser_as("owner")


def saved(works):
    with works.reading(TESTER) as work:
        return company.get_company(work.session)


def test_the_floor_is_set_within_its_bounds(owner, works):
    good = {"cart_slots": "8", "weighs": "y", "packaging_g": "0", "tolerance_g": "40",
            "tolerance_pct": "3", "photo_days": "30"}
    wrong = owner.post("/settings/floor", data={**good, "cart_slots": "0", "photo_days": "9999"})
    assert wrong.status_code == 422
    page = wrong.get_data(as_text=True)
    assert field_error(page, "cart_slots") == "Between 1 and 100."
    assert field_error(page, "photo_days") == "Between 1 and 730."
    assert saved(works).cart_slots == 12
    assert owner.post("/settings/floor", data=good).status_code == 303
    row = saved(works)
    assert (row.cart_slots, row.weighs, row.packaging_g, row.photo_days) == (8, True, 0, 30)
    owner.post("/settings/floor", data={k: v for k, v in good.items() if k != "weighs"})
    assert saved(works).weighs is False


def field_error(page, field):
    found = re.search(rf'id="{field}-error">.*?<span>([^<]*)</span>', page, re.S)
    return found[1] if found else None


# The company


def test_the_company_is_stored_tidied_with_before_and_after(owner, works):
    assert owner.post("/settings", data=GOOD).status_code == 303
    row = saved(works)
    assert (row.tax_id, row.bank_account) == ("5261040828", "PL61109010140000071219812874")
    assert row.address == {"street": "Leśna 1", "postcode": "00-950", "city": "Łódź",
                           "country": "PL"}
    assert (row.cut_off, row.payment_hours) == ("09:30", 48)
    with works.reading(TESTER) as work:
        entry = work.session.scalar(select(AuditEntry).where(AuditEntry.act == "company.change"))
        assert entry.change["name"] == ["Sklep", "Leśna Sowa"]
        assert entry.change["cut_off"] == ["15:00", "09:30"]
    page = owner.get("/settings").get_data(as_text=True)
    assert "Saved." in page
    assert "Leśna Sowa sp. z o.o." in page


def test_saving_the_same_again_changes_nothing(owner, works):
    owner.post("/settings", data=GOOD)
    owner.post("/settings", data=GOOD)
    with works.reading(TESTER) as work:
        acts = work.session.scalars(select(AuditEntry.act)).all()
    assert acts.count("company.change") == 1


@pytest.mark.parametrize(("field", "value", "words"), [
    ("name", "", "Fill this in."),
    ("tax_id", "525-000-11-1", "A NIP has 10 digits, here are 9."),
    ("tax_id", "5261040829", "The check digit of this NIP is wrong: compare it again."),
    ("postcode", "009", "A postcode looks like 00-950."),
    ("country", "", "Two letters, like PL."),
    ("country", "ZZ", "There is no country ZZ. Two letters, like PL."),
    ("email", "nope", "An e-mail address looks like name@example.com."),
    ("website", "javascript:alert(1)",
     "A website looks like www.example.com or https://example.com."),
    ("website", "ftp://example.com",
     "A website looks like www.example.com or https://example.com."),
    ("bank_account", "61 1090 1014 0000 0712 1981 2875",
     "This account number is not valid: a digit is wrong or missing."),
    ("cut_off", "25:00", "A time looks like 15:00."),
    ("payment_hours", "0", "Between 1 and 1440 hours."),
    ("payment_hours", "", "Fill this in."),
    ("exempt_basis", "x" * 201, "At most 200 characters."),
])
def test_a_wrong_value_is_said_at_its_field_and_nothing_is_stored(owner, works, field, value,
                                                                  words):
    answer = owner.post("/settings", data=GOOD | {field: value})
    assert answer.status_code == 422
    assert field_error(answer.get_data(as_text=True), field) == words
    assert saved(works).name == "Sklep"


def test_a_foreign_tax_number_is_checked_by_its_country(owner, works):
    assert owner.post("/settings", data=GOOD | {"country": "DE", "tax_id": "DE136695976",
                                                "postcode": "10115", "bank_account": ""}
                      ).status_code == 303
    answer = owner.post("/settings", data=GOOD | {"country": "DE", "tax_id": "DE136695975"})
    assert field_error(answer.get_data(as_text=True), "tax_id") == "This is not a tax number of DE."


@pytest.mark.parametrize("role", ["sales", "warehouse", "accountant", "reader"])
@pytest.mark.parametrize("path", ["/settings", "/settings/statuses", "/settings/tags"])
def test_others_do_not_see_settings(browser_as, role, path):
    assert browser_as(role).get(path).status_code == 403


# Statuses


STATUS = {"name": "Grawer", "phase": "open", "color": "#8b5cc7", "group": "", "buyer_name": ""}


def names(works, archived=False):
    with works.reading(TESTER) as work:
        return [s.name for s in labels.statuses(work.session, archived=archived)]


def add_status(works, **values):
    with works.writing(TESTER) as work:
        return labels.create_status(work, STATUS | values).id


def add_order(works, status_id):
    with works.writing(TESTER) as work:
        return work.session.execute(insert(Order).values(
            phase="open", queue="pick", strip=".....", status_id=status_id, currency="PLN",
            items_total=0, total=0, ship_to={}, placed_at=work.now, created_at=work.now,
            updated_at=work.now).returning(Order.id)).scalar_one()


def test_a_status_is_added_changed_and_moved(owner, works):
    assert owner.post("/settings/statuses", data=STATUS).status_code == 303
    other = add_status(works, name="Pakuje Ola")
    with works.reading(TESTER) as work:
        first = work.session.scalar(select(Status.id).where(Status.name == "Grawer"))
    assert names(works) == ["Grawer", "Pakuje Ola"]
    owner.post(f"/settings/statuses/{other}/move/up")
    assert names(works) == ["Pakuje Ola", "Grawer"]
    owner.post(f"/settings/statuses/{other}/move/up")
    assert names(works) == ["Pakuje Ola", "Grawer"]
    owner.post(f"/settings/statuses/{first}", data=STATUS | {"name": "Grawer: czeka"})
    assert names(works) == ["Pakuje Ola", "Grawer: czeka"]
    page = owner.get("/settings/statuses").get_data(as_text=True)
    assert 'fill="#8B5CC7"' in page


@pytest.mark.parametrize(("change", "field"), [
    ({"name": "Pakuje Ola"}, "name"), ({"name": ""}, "name"), ({"name": "x" * 41}, "name"),
    ({"color": "javascript:"}, "color"), ({"phase": "lost"}, "phase"),
    ({"buyer_name": "x" * 81}, "buyer_name"),
])
def test_a_status_that_cannot_be(owner, works, change, field):
    add_status(works, name="Pakuje Ola")
    answer = owner.post("/settings/statuses", data=STATUS | change)
    assert answer.status_code == 422
    assert field_error(answer.get_data(as_text=True), field)
    assert names(works) == ["Pakuje Ola"]


def test_a_status_in_use_stays_in_its_phase(owner, works):
    used = add_status(works)
    add_order(works, used)
    answer = owner.post(f"/settings/statuses/{used}", data=STATUS | {"phase": "shipped"})
    assert answer.status_code == 409
    assert owner.post(f"/settings/statuses/{used}", data=STATUS | {"group": "Ręczne"}
                      ).status_code == 303


def test_an_archived_status_is_offered_no_longer_and_comes_back(owner, works):
    one = add_status(works)
    owner.post(f"/settings/statuses/{one}/archive/on")
    assert names(works) == []
    page = owner.get("/settings/statuses").get_data(as_text=True)
    assert "is offered no longer" in page
    owner.post(f"/settings/statuses/{one}/archive/off")
    assert names(works) == ["Grawer"]


def test_a_status_that_is_not_there(owner):
    assert owner.get("/settings/statuses/9").status_code == 404
    assert owner.post("/settings/statuses/9/archive/on").status_code == 404


# Tags


def add_tag(works, name):
    with works.writing(TESTER) as work:
        return labels.ensure_tag(work, name).id


def test_tags_are_added_once_renamed_and_deleted_with_their_uses(owner, works):
    for _ in range(2):
        assert owner.post("/settings/tags", data={"name": " pilne  dziś "}).status_code == 303
    with works.reading(TESTER) as work:
        tag = work.session.scalars(select(Tag)).one()
    assert tag.name == "pilne dziś"
    order = add_order(works, None)
    with works.writing(TESTER) as work:
        work.session.add(OrderTag(tag_id=tag.id, order_id=order))
    assert "1 order" in owner.get(f"/settings/tags/{tag.id}").get_data(as_text=True)
    owner.post(f"/settings/tags/{tag.id}", data={"name": "pilne"})
    owner.post(f"/settings/tags/{tag.id}/delete")
    with works.reading(TESTER) as work:
        assert work.session.scalars(select(OrderTag)).all() == []
        changes = {e.act: e.change for e in work.session.scalars(select(AuditEntry))}
    assert changes["tags.rename"] == {"name": ["pilne dziś", "pilne"]}
    assert changes["tags.delete"] == {"name": ["pilne", None], "orders": [1, 0]}
    assert owner.get(f"/settings/tags/{tag.id}").status_code == 404


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "B2B"])
def test_a_tag_cannot_be_called_so(owner, works, name):
    add_tag(works, "B2B")
    other = add_tag(works, "prezent")
    answer = owner.post(f"/settings/tags/{other}", data={"name": name})
    assert answer.status_code == 422
    assert field_error(answer.get_data(as_text=True), "name")


# One's own


def test_own_language_colours_and_keys(browser_as, works):
    me = browser_as("reader")
    answer = me.post("/me", data={"language": "pl", "theme": "dark"})
    assert answer.status_code == 303
    page = me.get("/me").get_data(as_text=True)
    assert '<html lang="pl" data-theme="dark">' in page
    assert "keys-off" in page
    assert "Zapisano." in page
    with works.reading(TESTER) as work:
        assert users.list_users(work.session)[0].single_keys is False


def test_nonsense_is_refused(browser_as):
    assert browser_as("reader").post("/me", data={"language": "xx", "theme": "dark"}
                                     ).status_code == 422


@pytest.mark.parametrize(("present", "new", "field"), [
    ("wrong", "a whole new password", "present"), (PASSWORD, "short", "password"),
    ("", "a whole new password", "present"), (PASSWORD, "x" * 201, "password"),
])
def test_a_password_change_that_is_refused(browser_as, present, new, field):
    answer = browser_as("sales").post("/me/password", data={"present": present, "password": new})
    assert answer.status_code == 422
    assert field_error(answer.get_data(as_text=True), field)


def test_a_changed_password_ends_the_other_browsers(app, browser_as):
    me = browser_as("sales")
    other = app.test_client()
    data = {"email": "sales@example.test", "password": PASSWORD}
    other.post("/sign-in", data=data)
    answer = me.post("/me/password", data={"present": PASSWORD, "password": "three wet boots"})
    assert answer.status_code == 303
    assert me.get("/me").status_code == 200
    assert other.get("/me").status_code == 302
    assert other.post("/sign-in", data=data).status_code == 422


def test_somebody_elses_session_cannot_be_ended(app, browser_as, works):
    browser_as("owner")
    me = browser_as("sales")
    with works.reading(TESTER) as work:
        owner = next(u for u in users.list_users(work.session) if u.role == "owner")
        session = users.sessions_of(work.session, owner.id, works.clock())[0]
    assert me.post(f"/me/sessions/{session.id}/end").status_code == 303
    assert browser_as("owner").get("/me").status_code == 200
