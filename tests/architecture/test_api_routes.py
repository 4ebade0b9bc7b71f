"""Every route of the API has a scope: who may call it; a session opens none; looking changes none.
"""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.routing import Rule

from oms_web.api.access import PUBLIC, is_api, scope_of
from oms_web.api.operations import OPERATIONS, get
from oms_web.domain.users.permissions import ACTS, OWNER
from oms_web.domain.users.scopes import SCOPES
from tests.api.calling import make_caller
from tests.architecture.test_routes import CHANGE, _counts, address

# What a program may read without a key. A new one has to be added here on purpose.
PUBLIC_ROUTES = {"/api/v1/openapi.json", "/api/v1/docs"}
PROBLEM = "application/problem+json"


@pytest.fixture
def app(own_app: Flask) -> Flask:
    """An app whose views may be exchanged and which may get a route too many."""
    return own_app


def rows(app: Flask) -> list[tuple[Rule, str]]:
    """Every route of the API with every method it takes."""
    return [(rule, method) for rule in app.url_map.iter_rules() if is_api(rule.rule)
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]


def unscoped(app: Flask) -> set[str]:
    return {rule.endpoint for rule, _ in rows(app) if scope_of(app, rule.endpoint) is None}


def test_every_route_names_its_scope(app):
    assert unscoped(app) == set()
    assert len(rows(app)) == len(OPERATIONS) + len(PUBLIC_ROUTES)
    for rule, _ in rows(app):
        scope = scope_of(app, rule.endpoint)
        assert scope in SCOPES or (scope == PUBLIC and rule.rule in PUBLIC_ROUTES), rule


def test_every_scope_is_made_of_acts_and_opens_something():
    assert set().union(*SCOPES.values()) <= ACTS.keys()
    assert {one.scope for one in OPERATIONS} == SCOPES.keys()
    for one in OPERATIONS:
        assert one.changes == one.scope.endswith(":write"), one.name
        assert one.words, one.name


def test_an_act_outside_its_scope_cannot_be_a_route():
    with pytest.raises(LookupError, match="not part of the scope"):
        get("/planted", "orders:read", act="orders.cancel", gives="text/plain")


def test_a_route_without_a_scope_is_noticed_and_refused_to_every_key(app, works):
    caller = make_caller(app, works)
    app._got_first_request = False
    app.add_url_rule("/api/v1/planted", "planted", lambda: "reached")
    assert unscoped(app) == {"planted"}
    assert caller.get("/planted").status_code == 403
    assert app.test_client().get("/api/v1/planted").status_code == 401


def test_without_a_key_nothing_answers_not_even_to_the_signed_in_owner(app, browser_as):
    for client in (app.test_client(), browser_as(OWNER)):
        for rule, method in rows(app):
            if rule.rule in PUBLIC_ROUTES:
                assert client.get(rule.rule).status_code == 200
                continue
            answer = client.open(address(rule), method=method)
            assert (answer.status_code, answer.mimetype) == (401, PROBLEM), (rule, method)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="oms"'


def test_a_key_opens_no_screen(app, works):
    caller = make_caller(app, works)
    answer = app.test_client().get("/orders", headers=caller.headers())
    assert answer.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_reaches_what_it_names_and_nothing_else(app, works, scope):
    caller = make_caller(app, works, [scope])
    reached = []
    for endpoint, view in list(app.view_functions.items()):
        if scope_of(app, endpoint) in SCOPES:
            app.view_functions[endpoint] = _noting(view, reached)
    for rule, method in rows(app):
        wanted = scope_of(app, rule.endpoint)
        if wanted == PUBLIC:
            continue
        reached.clear()
        answer = caller.client.open(address(rule), method=method, headers=caller.headers())
        assert (answer.status_code, reached) == (
            (200, [scope]) if wanted == scope else (403, [])), (rule, method)


def _noting(view, reached):
    def noted(**_values):
        reached.append(view.scope)
        return "reached"

    noted.scope = view.scope
    return noted


def test_looking_changes_nothing(app, works, oms):
    caller = make_caller(app, works)
    caller.get("/orders")  # the key's first use is noted
    before, written = _counts(oms), []

    @event.listens_for(oms.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if found := CHANGE.match(statement):
            written.append(found[1])

    for rule, method in rows(app):
        if method == "GET":
            answer = caller.client.get(address(rule), headers=caller.headers())
            assert answer.status_code in (200, 404), rule
    event.remove(oms.engine, "before_cursor_execute", note)
    assert (written, _counts(oms)) == ([], before)
