"""Signing in and out: who gets in, who is slowed down, what a session's end means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from oms_web.core.clock import utc_now
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.users import service
from oms_web.domain.users.models import SignInFailure, UserSession
from oms_web.web.auth import COOKIE, is_local_path
from tests.conftest import PASSWORD, TESTER

WHO = "ola@example.test"


@pytest.fixture
def ola(works):
    with works.writing(TESTER) as work:
        return service.create_user(work, WHO, "Ola Nowicka", "sales", PASSWORD, "en").id


def sign_in(client, password=PASSWORD, email=WHO, **more):
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def test_the_page_speaks_both_languages_before_anybody_is_known(app):
    client = app.test_client()
    polish = client.get("/sign-in", headers={"Accept-Language": "pl"}).get_data(as_text=True)
    assert '<html lang="pl"' in polish
    assert "Zaloguj się" in polish
    assert client.post("/language/en", data={"next": "/sign-in"}).status_code == 303
    english = client.get("/sign-in", headers={"Accept-Language": "pl"}).get_data(as_text=True)
    assert '<html lang="en"' in english
    assert "Sign in" in english


def test_a_right_password_opens_a_session_of_one_row(app, works, ola):
    client = app.test_client()
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = client.get_cookie(COOKIE)
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    with works.reading(TESTER) as work:
        row = work.session.scalars(select(UserSession)).one()
        assert row.user_id == ola
        assert cookie.value not in (row.token_hash,)
        assert "users.sign_in" in work.session.scalars(select(AuditEntry.act)).all()


@pytest.mark.parametrize(("email", "password"), [
    (WHO, "not the password"), ("nobody@example.test", PASSWORD), ("", ""),
])
def test_a_wrong_one_is_refused_in_the_same_words_whoever_it_is(app, works, ola, email, password):
    answer = sign_in(app.test_client(), password, email)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Zły e-mail albo hasło." in page
    assert 'type="password"' in page
    with works.reading(TESTER) as work:
        assert work.session.scalar(select(func.count()).select_from(SignInFailure)) == 1


def test_somebody_kept_out_cannot_sign_in(app, works, ola):
    with works.writing(TESTER) as work:
        service.set_active(work, ola, False)
    assert sign_in(app.test_client()).status_code == 422


def test_what_was_asked_for_is_shown_after_signing_in(app, ola):
    client = app.test_client()
    answer = client.get("/me?tab=1")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=")
    assert sign_in(client, next="/me?tab=1").headers["Location"] == "/me?tab=1"


def test_who_was_signed_out_meanwhile_is_told_and_comes_back(app, ola):
    client = app.test_client()
    sent = {"data": {"name": "x"}, "headers": {"Referer": "http://localhost/me?tab=1"}}
    answer = client.post("/orders/1/notes", **sent)
    assert answer.headers["Location"] == "/sign-in?next=/me?tab%3D1&lost=1"
    english = {"headers": {"Accept-Language": "en"}}
    lost = client.get(answer.headers["Location"], **english).get_data(as_text=True)
    assert "was not saved" in lost
    plain = client.get("/sign-in?next=/me", **english).get_data(as_text=True)
    assert "was not saved" not in plain
    part = client.get("/orders", headers={
        "HX-Request": "true", "HX-Current-URL": "http://localhost/orders?queue=pick"})
    assert part.headers["HX-Redirect"] == "/sign-in?next=/orders?queue%3Dpick"
    foreign = client.post("/orders/1/notes", headers={"Referer": "https://evil.example/me"})
    assert foreign.headers["Location"] == "/sign-in?lost=1"


@pytest.mark.parametrize("target", [
    "//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/a\nb", "\\\\evil",
])
def test_a_foreign_address_is_not_followed(app, ola, target):
    assert not is_local_path(target)
    assert sign_in(app.test_client(), next=target).headers["Location"] == "/"


def test_signing_out_ends_the_session_on_our_side(app, ola):
    client = app.test_client()
    sign_in(client)
    stolen = client.get_cookie(COOKIE).value
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    thief = app.test_client()
    thief.set_cookie(COOKIE, stolen)
    assert thief.get("/me").status_code == 302


@pytest.mark.parametrize("change", [
    {"seen_at": utc_now() - service.IDLE_LIMIT - timedelta(minutes=1)},
    {"ends_at": utc_now() - timedelta(minutes=1)},
])
def test_a_session_ends_by_itself(app, works, ola, change):
    client = app.test_client()
    sign_in(client)
    assert client.get("/me").status_code == 200
    with works.writing(TESTER) as work:
        work.session.execute(update(UserSession).values(**change))
    assert client.get("/me").status_code == 302


def test_use_is_noted_every_five_minutes_at_most(app, works, ola):
    client = app.test_client()
    sign_in(client)

    def seen():
        with works.reading(TESTER) as work:
            return work.session.scalar(select(UserSession.seen_at))

    first = seen()
    client.get("/me")
    assert seen() == first
    old = utc_now() - timedelta(minutes=6)
    with works.writing(TESTER) as work:
        work.session.execute(update(UserSession).values(seen_at=old))
    client.get("/me")
    assert seen() > old + timedelta(minutes=5)


def test_ten_wrong_guesses_from_one_place_are_enough(app, ola):
    client = app.test_client()
    for _ in range(service.FAILURES_ALLOWED):
        assert sign_in(client, "wrong password").status_code == 422
    answer = sign_in(client)
    assert answer.status_code == 422
    assert "Za dużo prób" in answer.get_data(as_text=True)


def test_strangers_cannot_lock_a_person_out_of_their_own_browser(app, works, ola):
    mine = app.test_client()
    sign_in(mine)
    mine.post("/sign-out")
    with works.writing(TESTER) as work:
        for n in range(service.FAILURES_ALLOWED * 5):
            work.session.add(SignInFailure(at=work.now, email=WHO, address=f"10.0.0.{n}"))
    assert sign_in(app.test_client()).status_code == 422
    assert sign_in(mine).status_code == 303


def test_a_signed_in_person_keeps_the_language_they_choose(app, works, ola):
    client = app.test_client()
    sign_in(client)
    assert '<html lang="en"' in client.get("/me").get_data(as_text=True)
    client.post("/language/pl", data={"next": "/me"})
    assert '<html lang="pl"' in client.get("/me").get_data(as_text=True)
    with works.reading(TESTER) as work:
        assert service.get_user(work.session, ola).language == "pl"


def test_the_colours_are_kept_and_nonsense_is_refused(app, ola):
    client = app.test_client()
    sign_in(client)
    assert client.post("/theme", data={"theme": "dark", "next": "/me"}).headers["Location"] == "/me"
    assert 'data-theme="dark"' in client.get("/me").get_data(as_text=True)
    assert client.post("/theme", data={"theme": "pink"}).status_code == 422


def test_a_form_without_its_token_is_refused(app, ola):
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    assert sign_in(client).status_code == 400
