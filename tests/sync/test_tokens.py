"""Tokens that end: renewed once whoever wants to, stored before they are used (bar 23)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2
import pytest
from oms_connector import AccessRefused, ChannelDown, Connector, Manifest, Order, Page, Tokens
from sqlalchemy import select, update

from oms_web.adapters.http import AccountHttp
from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import accounts, tokens
from oms_web.sync.pull import pull
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected
from oms_web.sync.tokens import Keyring
from oms_web.wiring import Oms
from tests import factories as make


@dataclass
class Bank:
    """A channel that gives access tokens for refresh tokens that are good for one use."""

    valid: str = "a0"
    good: str = "r0"
    given: int = 0
    asked: list[str] = field(default_factory=list)
    paths: list[tuple[str, str]] = field(default_factory=list)
    lose: int = 0
    """So many answers of the token endpoint are lost on the way."""
    rotates: bool = True
    pages: int = 1
    expires_in: int | None = 3600
    pause: threading.Event | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer like the channel."""
        if request.url.path == "/token":
            return self._token(request)
        bearer = request.headers.get("authorization", "")
        self.paths.append((request.url.path, bearer))
        if bearer != f"Bearer {self.valid}":
            return httpx2.Response(401)
        return httpx2.Response(200, json={"ok": True})

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        if self.pause:
            self.pause.wait(5)
        with self.lock:
            self.asked.append(json.loads(request.content)["refresh_token"])
            if self.lose:
                self.lose -= 1
                raise httpx2.ReadTimeout("lost", request=request)
            if self.asked[-1] != self.good:
                return httpx2.Response(400, json={"error": "invalid_grant"})
            self.given += 1
            self.valid = f"a{self.given}"
            if self.rotates:
                self.good = f"r{self.given}"
            return httpx2.Response(200, json={
                "access_token": self.valid,
                "refresh_token": self.good if self.rotates else "",
                "expires_in": self.expires_in,
            })


def connector_of(bank: Bank) -> type[Connector]:
    class Banked(Connector):
        manifest = Manifest("banked", "Banked", "Ba", "1.0")

        @classmethod
        def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
            return {"Authorization": f"Bearer {secrets.get('access_token', '')}"}

        def verify(self) -> str:
            self.context.http.request("GET", "/me")
            return "me"

        def pull_orders(self, cursor, limit) -> Page[Order]:
            for number in range(bank.pages):
                self.context.http.request("GET", f"/orders/{number}")
            return Page((), {"at": 1}, False)

        def refresh(self) -> Tokens:
            answer = self.context.http.request(
                "POST", "/token", signed=False,
                json={"refresh_token": self.context.secrets["refresh_token"]},
            )
            if answer.status == 400:
                raise AccessRefused("the grant was taken back")
            found = answer.json()
            until = found["expires_in"] and self.context.now + timedelta(
                seconds=found["expires_in"])
            return Tokens(found["access_token"], found["refresh_token"], until,
                          extra={"shop": "s1"})

    return Banked


@pytest.fixture
def bank():
    return Bank()


def opened(oms: Oms, bank: Bank, **secrets: str) -> tuple[Engine, int]:
    connector = connector_of(bank)
    oms.works.ports["http"] = lambda base, headers, name, **more: AccountHttp(
        "https://bank.example", headers, loopback=False, name=name,
        transport=httpx2.MockTransport(bank.handle),
        renewal=more["renewal"], secrets=more["secrets"],
    )
    registry = Registry({"banked": connector})
    with oms.works.writing(SYSTEM) as work:
        account = accounts.connect(work, connector, "Bank", {}, {
            "access_token": "a0", "refresh_token": "r0", "client_secret": "kept"} | secrets)
    return Engine(oms.works, registry), account.id


def stored(oms: Oms, account_id: int) -> dict[str, str]:
    with oms.works.reading(SYSTEM) as work:
        return tokens.open_secrets(work, work.session.get_one(ChannelAccount, account_id))


def row(oms: Oms, account_id: int) -> ChannelAccount:
    with oms.works.reading(SYSTEM) as work:
        return work.session.get_one(ChannelAccount, account_id)


def test_a_refused_token_is_renewed_and_the_call_made_again(oms, bank):
    engine, account_id = opened(oms, bank)
    bank.valid = "other"
    with connected(engine, account_id) as (_, connector):
        assert connector.verify() == "me"
    assert bank.paths == [("/me", "Bearer a0"), ("/me", "Bearer a1")]
    kept = stored(oms, account_id)
    assert kept.pop("expires_at").startswith("20")
    assert kept == {"access_token": "a1", "refresh_token": "r1", "client_secret": "kept",
                    "shop": "s1"}
    assert row(oms, account_id).renewing_until is None


def test_a_token_whose_time_is_over_is_not_tried_first(oms, bank):
    engine, account_id = opened(oms, bank, expires_at="2020-01-01T00:00:00Z")
    with connected(engine, account_id) as (_, connector):
        connector.verify()
        connector.verify()
    assert bank.paths == [("/me", "Bearer a1"), ("/me", "Bearer a1")]
    assert bank.asked == ["r0"]


@pytest.mark.parametrize("expires_in", [None, 0, -60])
def test_tokens_without_or_with_an_odd_end_are_used_until_they_are_refused(oms, bank, expires_in):
    bank.expires_in = expires_in
    engine, account_id = opened(oms, bank, expires_at="2020-01-01T00:00:00+00:00")
    with connected(engine, account_id) as (_, connector):
        for _ in range(3):
            connector.verify()
    assert bank.asked == ["r0"]
    if expires_in is None:  # the end of the tokens before them is forgotten
        with connected(engine, account_id) as (_, connector):
            connector.verify()
        assert bank.asked == ["r0"]


def test_what_carries_no_token_renews_none(oms, bank):
    engine, account_id = opened(oms, bank, expires_at="2020-01-01T00:00:00Z")
    with connected(engine, account_id) as (_, connector), pytest.raises(AccessRefused):
        connector.context.http.request("GET", "/me", signed=False)
    assert bank.asked == []


def test_new_tokens_are_stored_before_they_are_used(oms, bank):
    engine, account_id = opened(oms, bank)
    bank.valid = "other"
    kept = []
    honest = bank.handle

    def handle(request):
        if request.headers.get("authorization") == "Bearer a1":
            kept.append(stored(oms, account_id)["access_token"])
        return honest(request)

    bank.handle = handle
    with connected(engine, account_id) as (_, connector):
        connector.verify()
    assert kept == ["a1"]


def test_a_refresh_token_that_is_not_replaced_stays(oms, bank):
    bank.rotates, bank.valid = False, "other"
    engine, account_id = opened(oms, bank)
    with connected(engine, account_id) as (_, connector):
        connector.verify()
    assert stored(oms, account_id)["refresh_token"] == "r0"


def test_the_end_in_the_middle_of_a_page_costs_one_renewal(oms, bank):
    """The page goes on where it was, and no order is asked for a third time."""
    engine, account_id = opened(oms, bank)
    bank.pages = 5
    honest = bank.handle

    def handle(request):
        if request.url.path == "/orders/3" and bank.given == 0:
            bank.valid = "other"
        return honest(request)

    bank.handle = handle
    with connected(engine, account_id) as (_, connector):
        connector.pull_orders(None, 10)
    assert [path for path, _ in bank.paths] == [f"/orders/{n}" for n in (0, 1, 2, 3, 3, 4)]
    assert bank.asked == ["r0"]


def parallel(engine: Engine, account_id: int, count: int) -> list[object]:
    """``count`` threads that all find at once that the token has ended; how each of them ended."""
    start, ended = threading.Barrier(count), []

    def one():
        with connected(engine, account_id) as (_, connector):
            start.wait()
            try:
                ended.append(connector.verify())
            except Exception as error:
                ended.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def test_twenty_at_once_renew_once(both, bank):
    engine, account_id = opened(both, bank)
    bank.valid = "other"
    assert parallel(engine, account_id, 20) == ["me"] * 20
    assert bank.asked == ["r0"]
    assert row(both, account_id).state == "active"


def test_the_control_without_the_lock_renews_more_than_once(both, bank, monkeypatch):
    """Without waiting for one another a rotating token is used twice: needless disconnects."""
    monkeypatch.setattr(Keyring, "_take_turn", lambda self, used: True)
    monkeypatch.setattr(Keyring, "_adopt", lambda self, stored, used: False)
    engine, account_id = opened(both, bank)
    bank.valid = "other"
    ended = parallel(engine, account_id, 20)
    assert len(bank.asked) > 1
    assert any(isinstance(one, AccessRefused) for one in ended)


def test_twenty_with_a_grant_that_was_taken_back_ask_once(both, bank):
    """One of them says so; the others do not ask again with what was refused a moment ago."""
    engine, account_id = opened(both, bank)
    bank.valid, bank.good = "other", "taken back"
    bank.pause = threading.Event()
    threading.Timer(1.0, bank.pause.set).start()
    ended = parallel(engine, account_id, 20)
    kinds = sorted(type(one).__name__ for one in ended)
    assert kinds == ["AccessRefused"] + ["ChannelDown"] * 19
    assert bank.asked == ["r0"]


def test_a_grant_that_was_taken_back_breaks_the_account(oms, bank):
    engine, account_id = opened(oms, bank)
    bank.valid, bank.good = "other", "taken back"
    with pytest.raises(AccessRefused):
        pull(engine, account_id, "orders")
    account = row(oms, account_id)
    assert (account.state, account.state_reason) == ("broken", "the grant was taken back")
    assert account.renewing_until is None
    assert stored(oms, account_id)["refresh_token"] == "r0"


def test_a_channel_that_refuses_what_it_just_gave_is_not_asked_in_a_loop(oms, bank):
    engine, account_id = opened(oms, bank)
    honest = bank.handle

    def handle(request):
        if request.url.path != "/token":
            return httpx2.Response(401)
        return honest(request)

    bank.handle = handle
    with connected(engine, account_id) as (_, connector):
        for _ in range(3):
            with pytest.raises(AccessRefused):
                connector.verify()
    assert bank.asked == ["r0"]


def test_the_lost_answer_of_a_renewal_disconnects_nobody(both, bank):
    engine, account_id = opened(both, bank)
    bank.valid, bank.lose = "other", 1
    with pytest.raises(ChannelDown):  # not OutcomeUnknown: the call itself was not made
        pull(engine, account_id, "orders")
    account = row(both, account_id)
    assert (account.state, account.renewing_until) == ("active", None)
    assert pull(engine, account_id, "orders").pages == 1
    assert bank.asked == ["r0", "r0"]
    assert stored(both, account_id)["access_token"] == "a1"


def test_who_reconnects_meanwhile_keeps_what_they_typed(oms, bank):
    engine, account_id = opened(oms, bank)
    bank.valid = "other"
    honest = bank.handle

    def handle(request):
        answer = honest(request)
        if request.url.path == "/token":
            with oms.works.writing(SYSTEM) as work:
                accounts.change(work, account_id, {}, {"access_token": "typed",
                                                       "refresh_token": "typed too"})
            bank.valid = "typed"
        return answer

    bank.handle = handle
    with connected(engine, account_id) as (_, connector):
        assert connector.verify() == "me"
    assert stored(oms, account_id)["access_token"] == "typed"
    assert stored(oms, account_id)["refresh_token"] == "typed too"


def test_a_key_that_was_typed_anew_takes_what_was_made_of_the_old_one_away(oms, bank):
    _engine, account_id = opened(oms, bank, expires_at="2099-01-01T00:00:00+00:00")
    with oms.works.writing(SYSTEM) as work:
        accounts.change(work, account_id, {}, {"refresh_token": "another seller's",
                                               "client_secret": ""})
    kept = stored(oms, account_id)
    assert (kept.get("access_token"), kept.get("expires_at")) == (None, None)
    assert (kept["refresh_token"], kept["client_secret"]) == ("another seller's", "kept")
    with oms.works.writing(SYSTEM) as work:
        accounts.change(work, account_id, {}, {"access_token": "a9", "refresh_token": "r9"})
    assert stored(oms, account_id)["access_token"] == "a9"


def test_one_whose_lease_ran_out_takes_over_what_the_other_stored(oms, bank):
    """Its own refresh token was used up by the other: that is no reason to disconnect."""
    engine, account_id = opened(oms, bank)
    bank.valid, bank.good = "other", "used up"
    honest = bank.handle

    def handle(request):
        if request.url.path == "/token":
            bank.valid = "newer"
            with oms.works.writing(SYSTEM) as work:
                account = work.session.get_one(ChannelAccount, account_id)
                accounts.set_secrets(work, account, {"access_token": "newer",
                                                     "refresh_token": "r9"})
        return honest(request)

    bank.handle = handle
    with connected(engine, account_id) as (_, connector):
        assert connector.verify() == "me"


def keyring(oms: Oms, account_id: int, **more) -> Keyring:
    return Keyring(oms.works, account_id, stored(oms, account_id), poll=0.01, **more)


def lease(oms: Oms, account_id: int, **span: float) -> None:
    with oms.works.writing(SYSTEM) as work:
        work.session.execute(update(ChannelAccount).where(ChannelAccount.id == account_id).values(
            renewing_until=work.now + timedelta(**span)))


def test_who_waits_for_another_gives_up_after_a_while(oms, bank):
    _, account_id = opened(oms, bank)
    lease(oms, account_id, minutes=1)
    with pytest.raises(ChannelDown, match="another worker"):
        keyring(oms, account_id, patience=0.05).renew(lambda: Tokens("never"))


def test_the_lease_of_a_dead_worker_runs_out(oms, bank):
    _, account_id = opened(oms, bank)
    lease(oms, account_id, seconds=-1)
    ring = keyring(oms, account_id)
    ring.renew(lambda: Tokens("mine"))
    assert stored(oms, account_id)["access_token"] == "mine"
    assert row(oms, account_id).renewing_until is None


def test_a_fault_in_the_connector_lets_the_next_one_try(oms, bank):
    _, account_id = opened(oms, bank)
    with pytest.raises(ZeroDivisionError):
        keyring(oms, account_id).renew(lambda: 1 // 0)
    keyring(oms, account_id).renew(lambda: Tokens("mine"))
    assert stored(oms, account_id)["access_token"] == "mine"


def test_no_transaction_is_open_while_the_channel_is_asked(oms, bank):
    _, account_id = opened(oms, bank)

    def refresh():
        assert oms.engine.pool.checkedout() == 0
        make.shop(oms.works, {"S0": 1})  # another writer is not kept waiting
        return Tokens("mine")

    keyring(oms, account_id).renew(refresh)


def test_tokens_lie_encrypted_and_stay_out_of_logs(oms, bank, caplog):
    engine, account_id = opened(oms, bank)
    bank.valid = "other"
    with caplog.at_level("DEBUG"), connected(engine, account_id) as (_, connector):
        connector.verify()
    with oms.works.reading(SYSTEM) as work:
        sealed = work.session.scalar(
            select(ChannelAccount.secrets).where(ChannelAccount.id == account_id))
    assert b"access_token" not in sealed
    for secret in ("a0", "a1", "r0", "r1"):
        assert f"Bearer {secret}" not in caplog.text
        assert f'"{secret}"' not in caplog.text
