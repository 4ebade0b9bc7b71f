"""The frame: sections by role, counts, toasts, error pages, addresses of static files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Blueprint
from sqlalchemy import insert

from oms_web.core.errors import Denied, Invalid, NotAllowedNow, NotFound, ShortStock
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company import service as company
from oms_web.domain.orders.tally_models import OrderTally
from oms_web.web import formats
from oms_web.web.access import act
from oms_web.web.render import go, render
from oms_web.web.toasts import say
from tests.conftest import TESTER

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def frame(client, path="/me"):
    return client.get(path).get_data(as_text=True)


def sections(page):
    nav = re.search(r'<nav class="sections".*?</nav>', page, re.S)[0]
    menu = re.search(r'<div class="pop menu" id="more".*?\n</div>|$', page, re.S)[0]
    return set(re.findall(r'href="([^"?]+)"', nav + menu))


def test_everybody_sees_the_sections_of_their_role(browser_as):
    owner, packer = sections(frame(browser_as("owner"))), sections(frame(browser_as("warehouse")))
    assert {"/", "/settings", "/users", "/audit"} <= owner
    assert not {"/settings", "/users", "/audit", "/orders", "/channels"} & packer
    assert "/" in packer


def test_the_section_one_is_in_is_marked(browser_as):
    page = frame(browser_as("owner"), "/users")
    assert re.search(r'<a href="/users" aria-current="page">', page)
    assert not re.search(r'<a href="/"[^>]*aria-current', page)


def test_counts_stand_beside_sections(app, browser_as, works):
    if "orders.index" not in app.view_functions:
        pytest.skip("the order list is not served")
    with works.writing(TESTER) as work:
        work.session.execute(insert(OrderTally), [
            {"kind": "queue", "name": name, "n": n}
            for name, n in (("pick", 1200), ("pack", 84), ("done", 9), ("pick", -1))
        ])
    page = frame(browser_as("owner"))
    assert re.search(r'href="/orders"[^>]*>Orders <span class="n">1,283</span>', page)


def test_channels_that_do_not_work_are_told(browser_as, works):
    owner = browser_as("owner")
    assert "health" not in frame(owner)
    with works.writing(TESTER) as work:
        for n, state in enumerate(("active", "active", "broken", "paused")):
            work.session.add(ChannelAccount(
                connector="demo", name=f"Shop {n}", letters="Sh", state=state, settings={},
                created_at=work.now))
    page = frame(owner)
    assert "2 of 4 channels" in page
    assert "health" not in frame(browser_as("warehouse"))


def test_the_shop_is_named_and_its_name_is_text(browser_as, works):
    owner = browser_as("owner")
    assert "<title>My settings · OMS</title>" in frame(owner)
    with works.writing(TESTER) as work:
        company.set_up(work, "A <b>shop</b>")
    assert "A &lt;b&gt;shop&lt;/b&gt;" in frame(owner)


def test_static_addresses_change_with_the_content(app, browser_as, tmp_path):
    page = frame(browser_as("owner"))
    found = re.search(r"/static/css/tokens\.css\?v=([0-9a-f]{10})", page)
    assert found
    answer = app.test_client().get(found[0])
    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    from oms_web.web.assets import content_hash
    file = tmp_path / "a.css"
    file.write_text("a")
    before = content_hash(file)
    file.write_text("bb")
    assert content_hash(file) != before
    assert content_hash(tmp_path / "none.css") == ""


@pytest.fixture
def app(own_app):
    """An app that may get routes of its own."""
    return own_app


@pytest.fixture
def odd(app):
    """Routes that end in each kind of trouble."""
    screen = Blueprint("odd", __name__)

    def trouble(error):
        @act("home.see")
        def view():
            raise error
        return view

    for code, error in {
        "403": Denied("Your role does not include this."),
        "404": NotFound("There is no order %(number)s.", number="<i>7</i>"),
        "409": NotAllowedNow("Choose a role."), "409s": ShortStock("Choose a role."),
        "422": Invalid("Choose a role.", "role"), "500": RuntimeError("the secret is 12345"),
    }.items():
        screen.add_url_rule(f"/odd/{code}", f"e{code}", trouble(error), methods=["GET", "POST"])

    @act("home.see")
    def told():
        say("Done <b>well</b>", undo="/odd/undo")
        say("Not so well", "bad")
        return render("errors/fault.html", "parts/_language.html", message="x", reference="y")

    @act("home.see")
    def sent():
        say("Gone on")
        return go("/me")

    screen.add_url_rule("/odd/told", "told", told)
    screen.add_url_rule("/odd/sent", "sent", sent)
    app.register_blueprint(screen)
    return app


@pytest.mark.parametrize(("path", "status"), [
    ("403", 403), ("404", 404), ("409", 409), ("409s", 409), ("422", 422), ("500", 500),
])
def test_trouble_is_a_page_or_a_toast(odd, browser_as, path, status):
    owner = browser_as("owner")
    page = owner.get(f"/odd/{path}")
    assert page.status_code == status
    assert "<html" in page.get_data(as_text=True)
    part = owner.post(f"/odd/{path}", headers=PART)
    text = part.get_data(as_text=True)
    assert part.status_code == status
    assert "<html" not in text
    assert '<hx-partial hx-target="#toasts"' in text
    assert 'class="toast bad"' in text
    assert "12345" not in page.get_data(as_text=True) + text
    assert "<i>7</i>" not in page.get_data(as_text=True) + text


def test_a_fault_is_shown_with_the_number_that_is_logged(odd, browser_as, caplog):
    page = browser_as("owner").get("/odd/500").get_data(as_text=True)
    number = re.search(r"fault ([0-9a-f]{8})", caplog.text)[1]
    assert number in page


def test_an_address_that_is_not_there(browser_as, app):
    assert "There is nothing at this address." in frame(browser_as("owner"), "/nothing/here")
    assert app.test_client().get("/nothing/here").status_code == 404


def test_what_was_said_comes_behind_a_part(odd, browser_as):
    owner = browser_as("owner")
    text = owner.get("/odd/told", headers=PART).get_data(as_text=True)
    assert '<hx-partial hx-target="#toasts" hx-swap="beforeend">' in text
    assert "Done &lt;b&gt;well&lt;/b&gt;" in text
    assert 'action="/odd/undo"' in text
    assert text.count('class="toast') == 2
    assert "Done" not in frame(owner)


def test_what_was_said_waits_for_the_next_page(odd, browser_as):
    owner = browser_as("owner")
    answer = owner.get("/odd/sent", headers=PART)
    assert answer.headers["HX-Redirect"] == "/me"
    assert "Gone on" in frame(owner)
    assert "Gone on" not in frame(owner)


def test_the_component_page_shows_every_macro(browser_as):
    page = frame(browser_as("owner"), "/components")
    for sign in ("strip", "due", "btn primary", "chip", "badge", "tile", "thumb", "toast",
                 "notice", "empty", "why", "proof", "steps", "timeline", "field", "queue", "tabs",
                 "table", "bulk", "keybar", "avatar"):
        assert re.search(rf'class="[^"]*{sign}', page) or sign in ("queue",), sign
    assert browser_as("sales").get("/components").status_code == 403


@pytest.mark.parametrize(("language", "word"), [("pl", "Ustawienia"), ("en", "Settings")])
def test_the_frame_speaks_the_readers_language(browser_as, language, word):
    page = frame(browser_as("owner", language))
    assert f'<html lang="{language}"' in page
    assert word in page


def test_deadlines_are_counted_by_the_houses_clock(app, oms):
    noon = datetime(2031, 3, 4, 11, tzinfo=UTC)
    oms.works.clock = lambda: noon
    with app.test_request_context():
        assert formats.countdown(noon - timedelta(minutes=5)) == ("\N{MINUS SIGN}5\xa0min", "late")
        assert formats.countdown(noon + timedelta(minutes=50)) == ("50\xa0min", "soon")
        assert formats.is_far(noon + timedelta(days=2))
