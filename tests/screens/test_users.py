"""People: added, given roles, kept out; passwords shown once; the last owner stays."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.users import service
from oms_web.domain.users.models import User, UserSession
from tests.conftest import PASSWORD, TESTER


@pytest.fixture
def owner(browser_as):
    return browser_as("owner")


@pytest.fixture
def packer(works):
    with works.writing(TESTER) as work:
        return service.create_user(work, "kuba@example.test", "Kuba W", "warehouse", PASSWORD).id


def person(works, user_id):
    with works.reading(TESTER) as work:
        return work.session.get(User, user_id)


def acts(works):
    with works.reading(TESTER) as work:
        return work.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()


def test_everybody_is_listed(owner, packer):
    page = owner.get("/users").get_data(as_text=True)
    assert "Kuba W" in page
    assert "kuba@example.test" in page
    assert "2 accounts" in page


@pytest.mark.parametrize("role", ["manager", "sales", "warehouse", "accountant", "reader"])
def test_only_owners_manage_people(browser_as, role):
    assert browser_as(role).get("/users").status_code == 403
    assert browser_as(role).post("/users/new", data={}).status_code == 403


def test_somebody_new_gets_a_password_that_works_and_is_shown_once(app, owner, works):
    answer = owner.post("/users/new", data={"name": "Ola", "email": "Ola@Example.test",
                                            "role": "sales", "language": "pl"})
    assert answer.status_code == 200
    password = re.search(r'class="secret">([^<]+)<', answer.get_data(as_text=True))[1]
    entered = app.test_client().post("/sign-in", data={"email": "ola@example.test",
                                                       "password": password})
    assert entered.status_code == 303
    with works.reading(TESTER) as work:
        ola = work.session.scalar(select(User).where(User.name == "Ola"))
    assert password not in owner.get(f"/users/{ola.id}").get_data(as_text=True)
    assert "users.create" in acts(works)


@pytest.mark.parametrize(("change", "words"), [
    ({"email": "not an address"}, "This is not an e-mail address."),
    ({"email": "owner@example.test"}, "Somebody already uses this e-mail."),
    ({"name": " "}, "Fill this in."),
])
def test_what_is_wrong_is_said_at_the_field(owner, works, change, words):
    data = {"name": "Ola", "email": "ola@example.test", "role": "sales", "language": "pl"} | change
    answer = owner.post("/users/new", data=data)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    field = next(iter(change))
    assert re.search(rf'id="{field}-error".*{re.escape(words)}', page, re.S)
    assert 'aria-invalid="true"' in page
    with works.reading(TESTER) as work:
        assert len(work.session.scalars(select(User.id)).all()) == 1


def test_an_unknown_role_is_refused(owner, packer):
    assert owner.post(f"/users/{packer}/role", data={"role": "god"}).status_code == 422


def test_another_role_signs_the_person_out(app, owner, works, packer):
    kuba = app.test_client()
    kuba.post("/sign-in", data={"email": "kuba@example.test", "password": PASSWORD})
    assert owner.post(f"/users/{packer}/role", data={"role": "reader"}).status_code == 303
    assert person(works, packer).role == "reader"
    assert kuba.get("/me").status_code == 302


def test_keeping_out_ends_sessions_at_once_and_can_be_undone(app, owner, works, packer):
    kuba = app.test_client()
    kuba.post("/sign-in", data={"email": "kuba@example.test", "password": PASSWORD})
    owner.post(f"/users/{packer}/active/off")
    assert not person(works, packer).active
    assert kuba.get("/me").status_code == 302
    page = owner.get(f"/users/{packer}").get_data(as_text=True)
    assert f'action="/users/{packer}/active/on"' in page
    assert "Kuba W can no longer sign in." in page
    owner.post(f"/users/{packer}/active/on")
    assert person(works, packer).active


def test_the_last_owner_stays_one(owner, works):
    assert owner.post("/users/1/active/off").status_code == 409
    assert owner.post("/users/1/role", data={"role": "sales"}).status_code == 409
    assert person(works, 1).role == "owner"
    assert person(works, 1).active


def test_a_new_password_replaces_the_old_one_everywhere(app, owner, packer):
    kuba = app.test_client()
    kuba.post("/sign-in", data={"email": "kuba@example.test", "password": PASSWORD})
    answer = owner.post(f"/users/{packer}/password")
    password = re.search(r'class="secret">([^<]+)<', answer.get_data(as_text=True))[1]
    assert kuba.get("/me").status_code == 302
    for attempt, status in ((PASSWORD, 422), (password, 303)):
        answer = kuba.post("/sign-in", data={"email": "kuba@example.test", "password": attempt})
        assert answer.status_code == status


def test_name_and_email_change_with_before_and_after(owner, works, packer):
    answer = owner.post(f"/users/{packer}", data={"name": "Jakub W", "email": "jw@example.test"})
    assert answer.status_code == 303
    assert person(works, packer).email == "jw@example.test"
    with works.reading(TESTER) as work:
        entry = work.session.scalar(select(AuditEntry).where(AuditEntry.act == "users.rename"))
        assert entry.change == {"name": ["Kuba W", "Jakub W"],
                                "email": ["kuba@example.test", "jw@example.test"]}
    assert owner.post(f"/users/{packer}", data={"name": "", "email": "x@y"}).status_code == 422


def test_one_browser_can_be_signed_out_but_only_through_its_person(app, owner, works, packer):
    kuba = app.test_client()
    kuba.post("/sign-in", data={"email": "kuba@example.test", "password": PASSWORD})
    with works.reading(TESTER) as work:
        session_id = work.session.scalar(
            select(UserSession.id).where(UserSession.user_id == packer))
    owner.post(f"/users/1/sessions/{session_id}/end")
    assert kuba.get("/me").status_code == 200
    owner.post(f"/users/{packer}/sessions/{session_id}/end")
    assert kuba.get("/me").status_code == 302


def test_a_person_who_is_not_there(owner):
    assert owner.get("/users/999").status_code == 404
