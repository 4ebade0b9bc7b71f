"""Checks 22-25, 46 and 48: keys that end, channels that ask for patience, clocks that go wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from oms_connector import (
    AccessRefused,
    AuthorizesByCode,
    AuthorizesByDevice,
    Limit,
    ListsOffers,
    PullsOrders,
    PushesStock,
    RateLimited,
    RefreshesTokens,
    RegistersClient,
    SweepsOrders,
    Tokens,
    VerifiesAccess,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.deeds import everything, stock_items
from oms_connector.testing.failing import attempts
from oms_connector.testing.faults import (
    SLOW_DOWN,
    SLOW_DOWN_ABSURDLY,
    SLOW_DOWN_SILENTLY,
    TOO_FAST,
    UNAUTHORIZED,
    Way,
)
from oms_connector.testing.network import Call, keep
from oms_connector.testing.promise import keeps
from oms_connector.testing.reading import Shelf, offering, page, pulling, read, sweeping
from oms_connector.testing.sending import push_stock
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must, not_applicable
from oms_connector.testing.write import Reader, outcome

WAITS = {SLOW_DOWN.name: 7.0, SLOW_DOWN_SILENTLY.name: None, SLOW_DOWN_ABSURDLY.name: 3600.0}
"""What the engine must learn of how long to wait."""
FEW = 3
"""Requests that a call may make after it was told that its key is not accepted."""


class Access:
    """What lies between the connector and the channel's door."""

    @keeps(22, "tokens that end in the middle of a stream are renewed, each refresh token once",
           "silver")
    def test_22_tokens(self, bench: Bench) -> None:
        """The engine refreshes under a lock; the connector hands it all that was rotated."""
        bench.needs(RefreshesTokens, PullsOrders)
        refs = bench.place_apart(3 * bench.standin.page)
        shelf, cursor, more = Shelf(), None, True
        issued = {bench.secrets.get("access_token", "")}
        while more:
            bench.standin.expire_tokens()
            got = page(bench, pulling, cursor)
            shelf.take(got.items)
            must(got.cursor != cursor or not got.more, "the cursor stands still")
            cursor, more = got.cursor, got.more
            token = bench.secrets["access_token"]
            must(token not in issued, "an access token that had ended was kept")
            issued.add(token)
        shelf.expect(refs)
        tokens = bench.call(lambda c: c.refresh())
        keep(bench.secrets, tokens)
        must(isinstance(tokens, Tokens), f"refresh() gives {type(tokens).__name__}")
        until = tokens.expires_at
        must(until is None or (until.tzinfo is not None and until > bench.clock.now),
             f"fresh tokens end at {until}")

    @keeps(23, "a key that was taken back is AccessRefused from every call, without a loop",
           "bronze")
    def test_23_revoked(self, bench: Bench) -> None:
        """The account stops and a person is asked; trying again and again gets sellers locked."""
        for where, way, number, do in attempts(bench, (UNAUTHORIZED,)):
            bench.line.faults = {number: way.strike}
            try:
                bench.call(do)
                must(bench.can(RefreshesTokens), f"{where}: it went on as if it had been let in")
            except AccessRefused:
                continue
            finally:
                bench.line.faults = {}
        deeds = list(everything(bench))
        try:
            bench.standin.revoke()
        except Absent:
            bench.line.every = UNAUTHORIZED.strike
        for name, do in deeds:
            before = len(bench.line.calls)
            try:
                got = bench.call(do)
            except AccessRefused:
                must(len(bench.line.calls) - before <= FEW, f"{name}: it asked again and again")
                must(len(bench.line.calls) > before, f"{name}: it did not ask the channel")
            except Exception as error:
                raise Broken(f"{name}: {error!r} instead of AccessRefused") from error
            else:
                raise Broken(f"{name}: the key is not accepted, and it returned {got!r}")

    @keeps(24, "told to slow down it stops, and it never asks faster than the channel allows",
           "silver")
    def test_24_pace(self, bench: Bench) -> None:
        """By 429, or in the channel's own manner; and the manifest's limits are the channel's."""
        ways: tuple[Way, ...] = TOO_FAST
        with contextlib.suppress(Absent):
            said = bench.standin.slow_down()
            ways += (Way("the channel's own way to say it", lambda request, answer: said),)
        for where, way, number, do in attempts(bench, ways):
            self._slowed(bench, where, way, number, do)
        names = {limit.bucket for limit in bench.kind_of_connector.manifest.limits} | {""}
        for call in bench.line.calls:
            must(call.bucket in names, f"bucket {call.bucket!r} is not among the manifest's limits")
        self._metered(bench.again())

    def _slowed(self, bench: Bench, where: str, way: Way, number: int, do: Reader) -> None:
        bench.line.faults = {number: way.strike}
        try:
            got = bench.call(do)
        except RateLimited as limited:
            wanted = WAITS.get(way.name, limited.retry_after)
            must(limited.retry_after == wanted,
                 f"{where}: it should wait {wanted} s, not {limited.retry_after}")
            return
        except Exception as error:
            raise Broken(f"{where}: {error!r} instead of RateLimited") from error
        finally:
            bench.line.faults = {}
        must(outcome(got) == "retry", f"{where}: it returned {got!r}")

    def _metered(self, bench: Bench) -> None:
        if bench.can(PullsOrders):
            bench.place_apart(2)
        began = len(bench.line.calls)
        for _ in range(40):
            if bench.can(PullsOrders):
                read(bench)
            if bench.can(ListsOffers):
                read(bench, offering)
            if bench.can(PushesStock):
                push_stock(bench, stock_items(bench)[:1])
        for limit in bench.standin.limits:
            too_fast(bench.line.calls[began:], limit)

    @keeps(25, "a clock that goes wrong by ten minutes loses no order", "silver")
    def test_25_skewed_clock(self, bench: Bench) -> None:
        """Cursors are made of the channel's own stamps, not of ours."""
        bench.needs(PullsOrders)
        for minutes in (-10, 10):
            this = bench.again()
            this.standin.skew = timedelta(minutes=minutes)
            refs, shelf, cursor = [], Shelf(), None
            for _ in range(4):
                refs += this.place_apart(1)
                done = read(this, cursor=cursor)
                shelf.take(done.items)
                cursor = done.cursors[-1]
            shelf.expect(refs)
            if this.can(SweepsOrders):
                wide = timedelta(hours=1)
                span = sweeping(this.clock.now - wide, this.clock.now + wide)
                Shelf(read(this, span).items).expect(refs)

    @keeps(46, "it can say whose account this is, and which setting is wrong", "bronze")
    def test_46_verify(self, bench: Bench) -> None:
        """The field in the error is one of the form's."""
        bench.needs(VerifiesAccess)
        name = bench.call(lambda c: c.verify())
        must(isinstance(name, str) and name.strip(), f"the account's name is {name!r}")
        bench.line.every = UNAUTHORIZED.strike
        fields = {field.name for field in bench.kind_of_connector.manifest.settings}
        try:
            bench.call(lambda c: c.verify())
        except AccessRefused as refusal:
            must(refusal.field in fields | ({""} if bench.can(RefreshesTokens) else set()),
                 f"no setting is called {refusal.field!r}")
            must(str(refusal), "it does not say what is wrong")
            return
        raise Broken("a wrong key is accepted")

    @keeps(48, "an account is connected by consent, by device, or as a registered application",
           "silver")
    def test_48_consent(self, bench: Bench) -> None:
        """What comes of it opens the account."""
        ways = [capability for capability in (AuthorizesByCode, AuthorizesByDevice, RegistersClient)
                if bench.can(capability)]
        if not ways:
            not_applicable("an account is connected by a key that is typed in")
        if bench.can(RegistersClient):
            kept = bench.call(lambda c: c.register_client("OMS", "https://oms.example/back"))
            must(kept and all(isinstance(value, str) for value in kept.values()),
                 f"nothing to keep came of registering: {kept!r}")
        if bench.can(AuthorizesByCode):
            self._by_code(bench)
        if bench.can(AuthorizesByDevice):
            self._by_device(bench)

    def _by_code(self, bench: Bench) -> None:
        back, state, challenge = "https://oms.example/back", "kit-state", "kit-challenge"
        url = bench.call(lambda c: c.authorize_url(back, state, challenge))
        must(state in url and challenge in url, "the address lacks the state or the challenge")
        code = bench.standin.consent(url)
        opens(bench, bench.call(lambda c: c.exchange(code, "kit-verifier", back)))
        try:
            bench.call(lambda c: c.exchange("kit-wrong-code", "kit-verifier", back))
        except AccessRefused:
            return
        raise Broken("a wrong code gives tokens")

    def _by_device(self, bench: Bench) -> None:
        device = bench.call(lambda c: c.start_device())
        must(device.interval_s > 0 and device.expires_at > bench.clock.now, f"a code: {device}")
        early = bench.call(lambda c: c.poll_device(device.device_code))
        must(early is None, "nobody has agreed yet, and there are tokens")
        bench.standin.agree(device.user_code)
        bench.clock.forward(device.interval_s)
        opens(bench, bench.call(lambda c: c.poll_device(device.device_code)))


def opens(bench: Bench, tokens: Any) -> None:
    """See that tokens let a connector in.

    Raises:
        Broken: they are none, or do not.
    """
    must(isinstance(tokens, Tokens) and tokens.access_token, f"no tokens: {tokens!r}")
    keep(bench.secrets, tokens)
    if bench.can(VerifiesAccess):
        bench.call(lambda c: c.verify())
    elif bench.can(PullsOrders):
        read(bench)


def too_fast(calls: Sequence[Call], limit: Limit) -> None:
    """Hold calls against a limit of the channel.

    Raises:
        Broken: more was drawn than the bucket could have held.
    """
    if not calls:
        return
    level, at = limit.burst, calls[0].at
    for number, call in enumerate(calls, 1):
        if limit.bucket not in ("", call.bucket):
            continue
        level = min(limit.burst, level + (call.at - at).total_seconds() * limit.per_second)
        level, at = level - call.cost, call.at
        must(level > -1e-6, f"request {number} comes too fast: the channel allows {limit.burst:g} "
             f"at once and {limit.per_second:g} a second")
