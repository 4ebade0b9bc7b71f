"""The frame in a real browser: htmx under the strict policy, the keyboard, and what axe finds."""

from __future__ import annotations

import re
import time

import pytest
from flask import Blueprint, Response, render_template_string, request
from playwright.sync_api import expect

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company import service as company
from oms_web.domain.orders import labels
from oms_web.domain.users import service as users
from oms_web.web.access import act
from oms_web.web.render import go, wants_part
from oms_web.web.toasts import say
from tests import factories as make
from tests.conftest import PASSWORD, TESTER
from tests.journeys.looking import look, look_both
from tests.sizes import size as sized

pytestmark = pytest.mark.browser

LIST = """
{% extends "parts/list.html" %}{% import "parts/ui.html" as ui %}{% block title %}Try{% endblock %}
{% block views %}{{ ui.page_head("Try", back="/odd/back") }}{% endblock %}
{% block list %}
<form id="try-list">
<table class="table"><thead><tr>
<th class="tick"><input type="checkbox" data-select-all aria-label="All"></th>
<th scope="col">Name</th></tr></thead>
<tbody data-rows id="rows">
{% for n in numbers %}<tr data-row id="row-{{ n }}"><td class="tick">
<input type="checkbox" name="n" value="{{ n }}" data-select aria-label="{{ n }}"></td>
<td><a href="/odd/list?opened={{ n }}" data-open>Row {{ n }}</a></td></tr>
{% endfor %}</tbody></table>
<div class="bulk" data-bulk hidden><b data-bulk-count></b>
<button type="button" class="btn" data-key="e" data-dialog="sure">Edit</button></div>
</form>
<button class="btn" id="fewer" hx-get="/odd/list?without=2" hx-target="#try-list"
 hx-select="#try-list" hx-swap="outerHTML">Fewer</button>
<a class="btn" id="pushed" href="/odd/list?pushed=1" hx-get="/odd/list?pushed=1"
 hx-target="#try-list" hx-select="#try-list" hx-swap="outerHTML" hx-push-url="true">Pushed</a>
{{ ui.search_field("/odd/list", id="here") }}
<p id="said">{{ request.args.get("opened", "") }}{{ request.args.get("pushed", "") }}</p>
{% call ui.dialog("sure", "Sure?") %}
<footer>{{ ui.button("Close", type="button", attrs={"data-close": true}) }}</footer>
{% endcall %}
{% endblock %}
"""
FORM = """
{% extends "parts/page.html" %}{% import "parts/ui.html" as ui %}{% block title %}Try{% endblock %}
{% block content %}<div id="box">{{ part }}</div>
{{ ui.button("Primary", "primary", key="Enter", type="button", dialog="sure") }}
{% call ui.dialog("sure", "Sure?") %}
<footer>{{ ui.button("Close", type="button", attrs={"data-close": true}) }}</footer>
{% endcall %}
{% endblock %}
"""
PART = """
<form id="try" hx-post="/odd/form" hx-swap="outerHTML"><p>{{ problem }}</p>
<label for="name">Name</label><input id="name" name="name" value="{{ value }}">
<button class="btn">Send</button></form>
"""


@pytest.fixture
def odd(app):
    """Screens made for these tests."""
    screen = Blueprint("odd", __name__)

    @screen.get("/odd/list")
    @act("home.see")
    def listing():
        if "HX-History-Restore-Request" in request.headers:
            time.sleep(0.3)
        numbers = [n for n in range(1, 6) if str(n) != request.args.get("without")]
        return render_template_string(LIST, numbers=numbers)

    @screen.get("/odd/back")
    @act("home.see")
    def behind():
        return render_template_string(FORM, part="")

    @screen.get("/odd/form")
    @act("home.see")
    def form():
        from markupsafe import Markup
        return render_template_string(FORM, part=Markup(render_template_string(PART, value="")))

    @screen.post("/odd/form")
    @act("home.see")
    def send():
        name = request.form["name"]
        assert wants_part()
        if name == "no":
            raise NotAllowedNow("Choose a role.")
        if name == "go":
            say("Gone on", undo="/odd/undo")
            return go("/odd/back")
        return Response(render_template_string(PART, problem="Not this", value=name), 422)

    app.register_blueprint(screen)
    return app


def test_htmx_works_under_the_strict_policy(odd, open_page):
    page = open_page()
    page.goto("/odd/form")
    page.fill("#name", "wrong")
    page.click("text=Send")
    expect(page.locator("#try p")).to_have_text("Not this")
    expect(page.locator("#name")).to_have_value("wrong")
    page.fill("#name", "no")
    page.click("text=Send")
    expect(page.locator(".toast.bad")).to_contain_text("Choose a role.")
    expect(page.locator("#try p")).to_have_text("Not this")
    page.click(".toast [data-dismiss]")
    expect(page.locator(".toast")).to_have_count(0)
    page.fill("#name", "go")
    page.click("text=Send")
    page.wait_for_url("**/odd/back")
    expect(page.locator(".toast")).to_contain_text("Gone on")


def test_a_form_is_sent_after_its_preview_too_and_once(open_page, works):
    with works.writing(TESTER) as work:
        make.company(work)
    page = open_page()
    page.goto("/documents/design")
    sent = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    page.fill("[name=footer_en]", "Thank you")
    with page.expect_request(lambda one: "/preview" in one.url and "Thank" in one.url):
        page.click("button[formtarget=paper]")
    with page.expect_navigation():
        page.dblclick("#design-form button.primary")
    assert len([one for one in sent if one.endswith("/documents/design")]) == 1
    expect(page.locator("[name=footer_en]")).to_have_value("Thank you")


def test_going_back_in_the_browser_restores_the_whole_page(odd, open_page):
    page = open_page()
    page.goto("/odd/list")
    page.click("#pushed")
    page.wait_for_url("**/odd/list?pushed=1")
    page.evaluate("document.getElementById('try-list').dataset.before = ''")
    page.go_back()  # the address changes at once, the page when the server has answered
    page.wait_for_url(re.compile(r"/odd/list$"))
    expect(page.locator("#try-list[data-before]")).to_have_count(0)
    expect(page.locator(".top")).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(5)
    page.click("#fewer")
    expect(page.locator("[data-row]")).to_have_count(4)


def test_rows_are_walked_selected_and_opened_with_keys(odd, open_page):
    page = open_page()
    page.goto("/odd/list")
    press = page.keyboard.press
    expect(page.locator("[data-bulk]")).to_be_hidden()
    press("j")
    press("j")
    expect(page.locator("#row-2")).to_have_class(re.compile("cursor"))
    expect(page.locator("#row-2")).to_be_focused()
    press("x")
    press("j")
    press("j")
    press("Shift+X")
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    expect(page.locator("[data-select-all]")).to_have_js_property("indeterminate", True)
    press("e")
    expect(page.locator("#sure")).to_be_visible()
    press("j")
    expect(page.locator("#row-4")).to_have_class(re.compile("cursor"))
    press("Escape")
    expect(page.locator("#sure")).to_be_hidden()
    expect(page.locator("[data-bulk]")).to_be_visible()
    press("Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    press("k")
    press("Enter")
    page.wait_for_url("**opened=3")
    expect(page.locator("#said")).to_have_text("3")


def test_the_cursor_goes_to_the_successor_when_its_row_is_swapped_away(odd, open_page):
    page = open_page()
    page.goto("/odd/list")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.evaluate("document.getElementById('fewer').click()")
    expect(page.locator("[data-row]")).to_have_count(4)
    expect(page.locator(".cursor")).to_have_id("row-3")
    page.evaluate("document.getElementById('fewer').click()")
    expect(page.locator(".cursor")).to_have_id("row-3")


def test_letters_do_nothing_in_fields_and_escape_leaves_them(odd, open_page):
    page = open_page()
    page.goto("/odd/list")
    page.keyboard.press("/")
    expect(page.locator("#here")).to_be_focused()
    page.keyboard.type("jjx?gh")
    expect(page.locator("#here")).to_have_value("jjx?gh")
    expect(page.locator(".cursor")).to_have_count(0)
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#here")).not_to_be_focused()
    page.keyboard.press("Escape")
    page.wait_for_url("**/odd/back")


def test_letters_that_were_turned_off_are_off(odd, open_page, works):
    page = open_page("reader")
    with works.writing(TESTER) as work:
        users.set_single_keys(work, users.list_users(work.session)[0].id, False)
    page.goto("/odd/list")
    for key in ("j", "?", "/"):
        page.keyboard.press(key)
    expect(page.locator(".cursor")).to_have_count(0)
    expect(page.locator("#keys")).to_be_hidden()


def test_help_lists_the_keys_of_the_screen_and_sequences_go_places(odd, open_page):
    page = open_page()
    page.goto("/odd/list")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("[data-keys-go]")).to_contain_text("Home")
    expect(page.locator("[data-keys-here]")).to_contain_text("Edit")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(re.compile(r"://[^/]+/$"))


def test_enter_presses_the_primary_button(odd, open_page):
    page = open_page()
    page.goto("/odd/back")
    page.keyboard.press("Enter")
    expect(page.locator("#sure")).to_be_visible()


def test_the_menu_opens_under_its_button_and_walks_with_arrows(odd, open_page):
    page = open_page(language="pl")
    page.goto("/odd/back")
    page.click("[popovertarget=me]")
    menu = page.locator("#me").bounding_box()
    button = page.locator("[popovertarget=me]").bounding_box()
    assert menu["y"] >= button["y"] + button["height"]
    assert menu["x"] + menu["width"] <= 1440
    expect(page.locator("#me a").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#me button").first).to_be_focused()
    page.click("#me [value=dark]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.click("[popovertarget=me]")
    page.click("text=English")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_forms_work_without_scripts(chromium, live, open_page, works):
    open_page("owner")
    context = chromium.new_context(base_url=live, java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("[name=email]", "owner@example.test")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    with works.writing(TESTER) as work:
        company.set_up(work, "Sklep")
    page.goto("/settings/tags")
    page.fill("[name=name]", "prezent")
    page.click("text=Add the tag")
    expect(page.locator("tbody")).to_contain_text("prezent")
    context.close()


@pytest.mark.parametrize(("scheme", "language", "size"), [
    ("dark", "en", (1440, 900)), ("light", "pl", (1440, 900)),
    ("dark", "pl", (390, 844)), ("light", "en", (390, 844)),
][:sized(1, 4)])
def test_axe_finds_nothing(open_page, works, scheme, language, size):
    page = open_page("owner", language, size=size, scheme=scheme)
    with works.writing(TESTER) as work:
        company.set_up(work, "Leśna Sowa")
        labels.create_status(work, {"name": "Grawer", "phase": "open", "color": "#8B5CC7"})
        tag = labels.ensure_tag(work, "prezent").id
        other = users.create_user(work, "ola@example.test", "Ola", "sales", PASSWORD).id
        work.session.add(ChannelAccount(connector="demo", name="Targowisko", letters="Ta",
                                        state="broken", settings={}, created_at=work.now))
    found = []
    for path in ("/", "/components", "/users", "/users/new", f"/users/{other}", "/settings",
                 "/settings/statuses", "/settings/statuses/1", "/settings/tags",
                 f"/settings/tags/{tag}", "/me", "/audit", "/not/there"):
        page.goto(path)
        found += look(page, path)
    page.click("[popovertarget=me]")
    found += look_both(page, "menu")
    page.locator("#me form", has_text=re.compile("Wyloguj|Sign out")).get_by_role("button").click()
    page.wait_for_url("**/sign-in")
    page.click("main button")
    page.fill("[name=email]", "x@y")
    page.fill("[name=password]", "wrong")
    page.click("main button")
    expect(page.locator(".notice.bad")).to_be_visible()
    found += look_both(page, "sign-in")
    assert found == []


def test_the_search_field_takes_commands_too(odd, open_page, works):
    with works.writing(TESTER) as work:
        company.set_up(work, "Sklep")
    if "orders.index" not in odd.view_functions:
        orders = Blueprint("orders", __name__)
        orders.add_url_rule("/orders", "index", act("orders.see")(lambda: "found"))
        odd.register_blueprint(orders)
    page = open_page(language="pl")
    page.goto("/odd/list")
    page.keyboard.press("Control+k")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("dzien")
    expect(page.locator("#commands [role=option] span")).to_have_text(
        ["Przejdź do: Dziennik zmian", "Szukaj zamówień: dzien"])
    expect(page.locator("#commands [aria-selected=true]")).to_have_text(
        "Przejdź do: Dziennik zmianEnter")
    page.keyboard.press("Escape")
    expect(page.locator("#commands")).to_be_hidden()
    expect(page.locator("#find")).to_be_focused()
    page.fill("#find", "")
    page.keyboard.type("ustawienia")
    expect(page.locator("#commands [aria-selected=true]")).to_have_count(1)
    assert look(page, "commands") == []
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/(settings|me)$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("10467")
    expect(page.locator("#commands")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders?q=10467")
    page.goto("/odd/list")
    page.keyboard.press("Control+k")
    page.keyboard.type("pako")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders?q=pako")
