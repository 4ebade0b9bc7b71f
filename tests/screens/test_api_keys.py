"""Keys of the API: made by the owner, shown once, listed with what they may, revoked."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.users import api_keys
from oms_web.domain.users.models import ApiKey
from tests.conftest import TESTER
from tests.factories import shop as make_shop

NEW = {"name": "Own shop", "scopes": ["orders:read", "orders:write", "stock:read"],
       "account_id": "", "lasts": "90"}


@pytest.fixture
def owner(works, browser_as):
    make_shop(works, {"A": 5})
    return browser_as("owner")


def text_of(answer):
    return answer.get_data(as_text=True)


def rows(works, model):
    with works.reading(TESTER) as work:
        return work.session.scalars(select(model).order_by(model.id)).all()


def shown_key(answer):
    return re.search(r'class="secret key">([^<]+)<', text_of(answer))[1]


@pytest.mark.parametrize("role", ["manager", "sales", "warehouse", "accountant", "reader"])
def test_only_owners_see_and_make_keys(browser_as, role):
    for path in ("/settings/api", "/settings/api/new", "/settings/api/1"):
        assert browser_as(role).get(path).status_code == 403
    assert browser_as(role).post("/settings/api/new", data=NEW).status_code == 403


def test_at_first_there_is_none_and_a_way_to_make_one(owner):
    page = text_of(owner.get("/settings/api"))
    assert "No key has been made yet" in page
    assert "/settings/api/new" in page
    assert 'aria-current="page"' in page


def test_a_key_is_shown_once_and_works(app, owner, works):
    answer = owner.post("/settings/api/new", data=NEW)
    assert answer.status_code == 200
    key = shown_key(answer)
    headers = {"Authorization": f"Bearer {key}"}
    assert app.test_client().get("/api/v1/stock", headers=headers).status_code == 200
    assert app.test_client().get("/api/v1/events", headers=headers).status_code == 403
    [row] = rows(works, ApiKey)
    for path in ("/settings/api", f"/settings/api/{row.id}"):
        page = text_of(owner.get(path))
        assert key not in page
        assert row.prefix in page
        assert "Own shop" in page
    assert 88 < (row.expires_at - row.created_at).days <= 90


def test_a_key_that_sends_orders_gets_a_channel_and_its_successor_takes_it_over(owner, works):
    owner.post("/settings/api/new", data=NEW)
    [channel] = [one for one in rows(works, ChannelAccount) if one.connector == "api"]
    assert (channel.name, channel.publish_stock) == ("Own shop", False)
    page = text_of(owner.get("/settings/api/new"))
    assert f'<option value="{channel.id}">Own shop</option>' in page
    owner.post("/settings/api/new", data=NEW | {"name": "Own shop 2",
                                               "account_id": str(channel.id)})
    assert [key.account_id for key in rows(works, ApiKey)] == [channel.id, channel.id]


def test_a_key_that_only_reads_needs_no_channel(owner, works):
    owner.post("/settings/api/new", data=NEW | {"scopes": ["stock:read"], "lasts": ""})
    [row] = rows(works, ApiKey)
    assert (row.account_id, row.expires_at) == (None, None)
    assert not [one for one in rows(works, ChannelAccount) if one.connector == "api"]


@pytest.mark.parametrize(("values", "words"), [
    ({"name": ""}, "Fill this in."), ({"scopes": []}, "Choose at least one."),
    ({"scopes": ["everything"]}, "is not a valid choice"),
    ({"name": "Targ"}, "Another channel has this name."),
    ({"account_id": "77"}, "Not a valid choice"),
])
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_made(owner, works, values, words):
    before = len(rows(works, ChannelAccount))
    answer = owner.post("/settings/api/new", data=NEW | values)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert rows(works, ApiKey) == []
    assert len(rows(works, ChannelAccount)) == before


def test_two_keys_that_work_have_two_names(owner, works):
    owner.post("/settings/api/new", data=NEW | {"scopes": ["stock:read"]})
    answer = owner.post("/settings/api/new", data=NEW | {"scopes": ["stock:read"]})
    assert "A key that works has this name already." in text_of(answer)
    assert len(rows(works, ApiKey)) == 1


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(app, owner, works):
    key = shown_key(owner.post("/settings/api/new", data=NEW))
    [row] = rows(works, ApiKey)
    assert owner.post(f"/settings/api/{row.id}/revoke").status_code == 303
    answer = app.test_client().get("/api/v1/stock", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    page = text_of(owner.get("/settings/api"))
    assert "opens nothing any more" in page
    assert "revoked" in page
    assert "Revoke the key" not in text_of(owner.get(f"/settings/api/{row.id}"))
    assert owner.post("/settings/api/99/revoke").status_code == 404


def test_what_a_key_did_is_found_in_the_trail(app, owner, works):
    with works.writing(TESTER) as work:
        row, key = api_keys.create(work, "Counter", ["stock:write"])
    app.test_client().put("/api/v1/stock/A", json={"on_hand": 9},
                          headers={"Authorization": f"Bearer {key}"})
    page = text_of(owner.get(f"/audit?who=api-{row.id}"))
    assert "Counter" in page
    assert page.count("Counter") >= 2
