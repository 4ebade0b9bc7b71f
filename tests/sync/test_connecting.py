"""A seller says yes on the channel's page: by a code typed there, or by a way there and back."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from oms_connector import AccessRefused, Capabilities, Connector, DeviceCode, Manifest, Tokens
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync.models import Grant
from oms_web.sync.registry import Registry
from oms_web.sync.tokens import open_secrets


class Gate:
    """The channel's side: who registered, which codes were given, who said yes."""

    def __init__(self):
        self.clients, self.challenges, self.polls = [], {}, 0
        self.answer = None

    def connector(self):
        gate = self

        class Gated(Connector):
            manifest = Manifest("gated", "Gated", "Ga", "1.0", capabilities=Capabilities())

            def register_client(self, name, redirect_uri):
                gate.clients.append(redirect_uri)
                return {"client_id": f"client-{len(gate.clients)}"}

            def authorize_url(self, redirect_uri, state, challenge):
                gate.challenges[challenge] = self.context.secrets["client_id"]
                return f"https://channel.example.test/yes?state={state}&challenge={challenge}"

            def exchange(self, code, verifier, redirect_uri):
                digest = hashlib.sha256(verifier.encode()).digest()
                challenge = urlsafe_b64encode(digest).decode().rstrip("=")
                if code != "good" or challenge not in gate.challenges:
                    raise AccessRefused("the code is not good")
                return Tokens("access-1", "refresh-1")

            def start_device(self):
                return DeviceCode("ABC-DEF", "https://channel.example.test/device", "device-1", 5,
                                  self.context.now + timedelta(minutes=10))

            def poll_device(self, device_code):
                gate.polls += 1
                assert device_code == "device-1"
                if isinstance(gate.answer, Exception):
                    raise gate.answer
                return gate.answer

        return Gated


@pytest.fixture
def gate(oms, app):
    found = Gate()
    oms.__dict__["registry"] = Registry({"gated": found.connector()})
    return found


@pytest.fixture
def owner(gate, browser_as):
    """An owner who has named the channel; where that led them."""
    client = browser_as("owner")
    answer = client.post("/channels/new/gated", data={
        "name": "Targ", "publish_stock": "y", "buffer": "0", "ship_days": "1"})
    assert answer.location == "/channels/1/connect"
    return client


def account(oms):
    with oms.works.reading(SYSTEM) as work:
        row = work.session.scalars(select(ChannelAccount)).one()
        return row.state, open_secrets(work, row)


def grants(oms):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(Grant))


def way_there(owner):
    """Begin, and read the address off the page: the state that comes back with the seller."""
    assert owner.post("/channels/1/connect/code").location == "/channels/1/connect"
    page = owner.get("/channels/1/connect").get_data(as_text=True)
    url = re.search(r'href="(https://channel[^"]+)"', page)[1].replace("&amp;", "&")
    return parse_qs(urlsplit(url).query)["state"][0]


def test_a_new_account_waits_until_the_seller_has_said_yes(oms, owner):
    assert account(oms)[0] == "broken"


def test_there_and_back_with_a_code(oms, gate, owner):
    state = way_there(owner)
    answer = owner.get(f"/channels/connected?state={state}&code=good")
    assert answer.location == "/channels/1"
    found, secrets = account(oms)
    assert (found, secrets["access_token"], secrets["refresh_token"]) == (
        "active", "access-1", "refresh-1")
    assert (gate.clients, secrets["client_id"]) == (
        ["http://localhost/channels/connected"], "client-1")
    assert grants(oms) == 0


def test_a_state_is_good_once_and_only_as_it_was_given(oms, owner):
    state = way_there(owner)
    assert owner.get(f"/channels/connected?state={state}x&code=good").status_code == 404
    assert owner.get("/channels/connected?state=&code=good").status_code == 404
    assert owner.get(f"/channels/connected?state={state}&code=bad").location == "/channels"
    assert owner.get(f"/channels/connected?state={state}&code=good").status_code == 404
    assert account(oms)[0] == "broken"


def test_a_way_that_was_begun_anew_ends_the_one_before(oms, gate, owner):
    first, second = way_there(owner), way_there(owner)
    assert owner.get(f"/channels/connected?state={first}&code=good").status_code == 404
    assert owner.get(f"/channels/connected?state={second}&code=good").location == "/channels/1"
    assert len(gate.clients) == 1  # registered once


def test_a_way_that_took_too_long_is_over(oms, owner):
    state = way_there(owner)
    late = oms.works.clock() + timedelta(minutes=16)
    oms.works.clock = lambda: late
    assert owner.get(f"/channels/connected?state={state}&code=good").status_code in (302, 303, 404)
    assert account(oms)[0] == "broken"


def test_no_at_the_channel_is_told(owner):
    owner.get("/channels/connected?error=access_denied&error_description=Not+today")
    assert "Not today" in owner.get("/channels").get_data(as_text=True)


def test_with_a_code_that_is_typed_there(oms, gate, owner):
    owner.post("/channels/1/connect/device")
    page = owner.get("/channels/1/connect").get_data(as_text=True)
    assert "ABC-DEF" in page
    assert "https://channel.example.test/device" in page
    assert "device-1" not in page
    assert "ABC-DEF" in owner.post("/channels/1/connect/wait").get_data(as_text=True)
    gate.answer = Tokens("access-2")
    owner.post("/channels/1/connect/wait")
    assert gate.polls == 1  # not more often than the channel allows
    later = oms.works.clock() + timedelta(seconds=6)
    oms.works.clock = lambda: later
    assert owner.post("/channels/1/connect/wait").location == "/channels/1"
    assert (account(oms)[0], account(oms)[1]["access_token"]) == ("active", "access-2")


def test_no_to_a_typed_code_ends_it(oms, gate, owner):
    owner.post("/channels/1/connect/device")
    gate.answer = AccessRefused("said no")
    assert "said no" in owner.post("/channels/1/connect/wait").get_data(as_text=True)
    assert grants(oms) == 0


def test_what_is_kept_meanwhile_is_sealed(oms, owner):
    owner.post("/channels/1/connect/device")
    with oms.works.reading(SYSTEM) as work:
        assert b"device-1" not in work.session.scalars(select(Grant.sealed)).one()


def test_only_who_manages_channels_may(owner, browser_as):
    sales = browser_as("sales")
    for path in ("/channels/1/connect", "/channels/connected?state=x&code=y"):
        assert sales.get(path).status_code == 403
    assert sales.post("/channels/1/connect/code").status_code == 403
    assert owner.post("/channels/1/connect/letter").status_code == 404
