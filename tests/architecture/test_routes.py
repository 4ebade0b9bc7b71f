"""Every route has a row: who may call it; changing needs a token; looking changes nothing.

Screens name an act, calls of the API a scope; test_api_routes.py has the latter.
"""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import event, text
from werkzeug.routing import Rule

from oms_web.api.access import is_api
from oms_web.domain.company import service as company
from oms_web.domain.users.permissions import ACTS, OWNER, ROLES
from oms_web.models import metadata
from oms_web.paths import STATIC
from oms_web.web.access import PUBLIC, act_of
from tests.conftest import TESTER

# Addresses anybody may call without signing in. A new one has to be added here on purpose.
PUBLIC_ROUTES = {
    ("static", "GET"), ("auth.sign_in", "GET"), ("auth.sign_in_post", "POST"),
    ("auth.language", "POST"), ("doorbell.ring", "POST"), ("doorbell.knock", "GET"),
    ("buyer_page.show", "GET"), ("buyer_page.document", "GET"),
    *(("buyer_after." + name, "GET") for name in ("start", "ask", "case", "pay", "label_file")),
    *(("buyer_after." + name, "POST") for name in (
        "send_link", "request_", "label", "give_account")),
    *(("buyer_withdrawal." + name, "GET") for name in (
        "withdraw", "withdraw_known", "withdrawn", "withdrawn_known")),
    *(("buyer_withdrawal." + name, "POST") for name in (
        "review", "confirm", "review_known", "confirm_known")),
}
# Called by machines without a cookie: a signature over the body stands where a page's token does.
SIGNED = {"doorbell.ring"}
SAFE = {"GET", "HEAD", "OPTIONS"}
# Looking notes that the session is in use; that is no change to the shop.
BOOKKEEPING = {"user_session", "user_account"}
# An export is looked up in the trail later: that it was taken is written down.
NOTED = {"audit_entry"}
ICON = re.compile(r'/icons\.svg[^"#]*#([\w-]+)"')
CHANGE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


@pytest.fixture
def app(own_app: Flask) -> Flask:
    """An app whose views may be exchanged and which may get a route too many."""
    return own_app


def rows(app: Flask) -> list[tuple[Rule, str]]:
    """Every route of the screens with every method it takes."""
    return [(rule, method) for rule in app.url_map.iter_rules() if not is_api(rule.rule)
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]


def address(rule: Rule) -> str:
    """An address that the rule matches, about something that is not there."""
    values = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        kind = type(converter).__name__
        values[name] = {
            "IntegerConverter": 987654, "FloatConverter": 1.5,
            "UUIDConverter": "00000000-0000-0000-0000-000000000000",
        }.get(kind, "zzz")
        if kind == "AnyConverter":
            values[name] = sorted(converter.items)[0]
    with_slots = rule.build(values, append_unknown=False)
    assert with_slots is not None, rule
    return with_slots[1]


def unmarked(app: Flask) -> set[str]:
    """Endpoints that nobody gave an act."""
    return {rule.endpoint for rule, _ in rows(app) if act_of(app, rule.endpoint) is None}


def test_every_route_names_its_act(app):
    assert unmarked(app) == set()
    for rule, _ in rows(app):
        name = act_of(app, rule.endpoint)
        assert name == PUBLIC or name in ACTS, rule


def test_a_route_without_an_act_is_noticed_and_refused_even_to_the_owner(app, browser_as):
    owner = browser_as(OWNER)
    app._got_first_request = False
    app.add_url_rule("/planted", "planted", lambda: "reached")
    assert unmarked(app) == {"planted"}
    assert owner.get("/planted").status_code == 403
    assert app.test_client().get("/planted").status_code == 302


def test_only_these_routes_are_open_to_everybody(app):
    open_ = {(rule.endpoint, method) for rule, method in rows(app)
             if act_of(app, rule.endpoint) == PUBLIC}
    assert open_ == PUBLIC_ROUTES


def test_visitors_are_sent_to_sign_in(app):
    visitor = app.test_client()
    for rule, method in rows(app):
        if act_of(app, rule.endpoint) != PUBLIC:
            answer = visitor.open(address(rule), method=method)
            assert answer.status_code == 302, (rule, method, answer.status_code)
            assert answer.headers["Location"].startswith("/sign-in"), rule


@pytest.mark.parametrize("role", [role for role in ROLES if role != OWNER])
def test_each_role_reaches_what_the_table_gives_it_and_nothing_else(app, browser_as, role):
    reached = []
    # What a permitted view would do is not of interest here, only whether it is called at all.
    for endpoint in list(app.view_functions):
        if act_of(app, endpoint) not in (None, PUBLIC):
            app.view_functions[endpoint] = _noting(app.view_functions[endpoint], reached)
    client = browser_as(role)
    for rule, method in rows(app):
        name = act_of(app, rule.endpoint)
        if name == PUBLIC:
            continue
        reached.clear()
        answer = client.open(address(rule), method=method)
        if role in ACTS[name]:
            assert (answer.status_code, reached) == (200, [name]), (rule, method)
        else:
            assert (answer.status_code, reached) == (403, []), (rule, method)


def _noting(view, reached):
    def noted(**_values):
        reached.append(view.act)
        return "reached"

    noted.act = view.act
    return noted


def test_nothing_is_changed_without_the_pages_token(app, browser_as):
    owner = browser_as(OWNER)
    app.config["WTF_CSRF_ENABLED"] = True
    for rule, method in rows(app):
        if method in SAFE or rule.endpoint in SIGNED:
            continue
        for headers in ({}, {"X-CSRFToken": "forged"}, {"Origin": "https://evil.example"}):
            answer = owner.open(address(rule), method=method, headers=headers)
            assert answer.status_code == 400, (rule, method, headers)


def test_looking_changes_nothing(app, browser_as, oms, works):
    with works.writing(TESTER) as work:
        company.set_up(work, "Sklep")
    owner = browser_as(OWNER)
    listed = set((STATIC / "icons.txt").read_text("utf-8").split())
    before = _counts(oms)
    written: list[str] = []

    @event.listens_for(oms.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        found = CHANGE.match(statement)
        if found and found[1] not in BOOKKEEPING:
            written.append(found[1])

    wrong = []
    for rule, method in rows(app):
        if method == "GET" and rule.endpoint != "static":
            written.clear()
            with owner.get(address(rule)) as answer:
                text_of = answer.get_data().decode("utf-8", "replace")  # a PDF is no text
                icons = set(ICON.findall(text_of))
            if answer.status_code >= 500 or not set(written) <= NOTED or not icons <= listed:
                wrong.append((rule.rule, answer.status_code, written[:], icons - listed))
    assert wrong == []
    event.remove(oms.engine, "before_cursor_execute", note)
    after = _counts(oms)
    assert {table for table, n in after.items() if n != before[table]} <= NOTED


def _counts(oms) -> dict[str, int]:
    with oms.engine.connect() as connection:
        return {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
                for name in metadata.tables}
