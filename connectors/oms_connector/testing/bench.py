"""The bench a check works on: one stand-in, connectors for it, and what they left behind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import pytest

from oms_connector import (
    AcknowledgesOrders,
    AnswersLater,
    AsksForPayments,
    AuthorizesByCode,
    AuthorizesByDevice,
    CancelsBookings,
    CancelsOrders,
    CarriesParcels,
    ChecksBookings,
    ClaimsFees,
    Connector,
    Context,
    FetchesOrders,
    FindsPoints,
    HearsWebhooks,
    KeepsBooks,
    KnowsWords,
    ListsOffers,
    MarksRead,
    OrdersPickups,
    OrdersWebhooks,
    PrintsProtocols,
    PullsMessages,
    PullsOrders,
    PullsReturns,
    PushesPrices,
    PushesShipments,
    PushesStatus,
    PushesStock,
    RatesBookings,
    RefreshesTokens,
    RefundsPayments,
    RegistersClient,
    ReportsSms,
    SendsMessages,
    SendsSms,
    SweepsOrders,
    TellsPayments,
    TracksParcels,
    UploadsInvoices,
    VerifiesAccess,
)
from oms_connector.testing.facts import Basket
from oms_connector.testing.guard import Guard
from oms_connector.testing.network import KitHttp, Line
from oms_connector.testing.standin import Absent, Clock, StandIn
from oms_connector.testing.verdict import Broken, not_applicable

Result = TypeVar("Result")

ABLE: Mapping[type[Any], tuple[str, tuple[str, ...]]] = {
    VerifiesAccess: ("verify access", ()),
    PullsOrders: ("pull orders", ("place", "truth")),
    SweepsOrders: ("sweep orders", ("place",)),
    FetchesOrders: ("fetch orders", ("place",)),
    AcknowledgesOrders: ("acknowledge orders", ("inbox",)),
    PullsReturns: ("pull returns", ("announce_return", "ship")),
    ListsOffers: ("list offers", ("offers",)),
    PushesStock: ("push stock", ("offers",)),
    PushesPrices: ("push prices", ("offers",)),
    AnswersLater: ("answer later", ("offers",)),
    PushesShipments: ("push shipments", ("place", "shipments")),
    PushesStatus: ("push a status", ("place", "status", "next_status", "edit")),
    CancelsOrders: ("cancel orders", ("place", "truth")),
    UploadsInvoices: ("upload documents", ("place", "documents")),
    KnowsWords: ("say the channel's words", ()),
    HearsWebhooks: ("hear webhooks", ("ring",)),
    OrdersWebhooks: ("subscribe to webhooks", ("subscriptions",)),
    RefreshesTokens: ("refresh tokens", ("expire_tokens", "revoke")),
    AuthorizesByCode: ("be authorised by code", ("consent",)),
    AuthorizesByDevice: ("be authorised by device", ("agree",)),
    RegistersClient: ("register itself", ()),
    SendsSms: ("send SMS", ("texts",)),
    ReportsSms: ("report on SMS", ("arrive", "fail")),
    CarriesParcels: ("carry parcels", ("booking", "bookings", "refused_booking")),
    ChecksBookings: ("check bookings", ("refused_booking",)),
    CancelsBookings: ("cancel bookings", ("bookings",)),
    RatesBookings: ("rate bookings", ("booking",)),
    TracksParcels: ("track parcels", ("travel",)),
    FindsPoints: ("find points", ()),
    OrdersPickups: ("order pickups", ("pickups",)),
    PrintsProtocols: ("print protocols", ("booking",)),
    AsksForPayments: ("ask for payments", ("payments",)),
    TellsPayments: ("tell of payments", ("buyer_pays",)),
    RefundsPayments: ("give money back", ("given_back",)),
    KeepsBooks: ("keep books", ("entries",)),
    ClaimsFees: ("claim its commission back", ("fee_claims", "grant_fee")),
    PullsMessages: ("pull messages", ("buyer_writes", "seller_writes")),
    SendsMessages: ("send messages", ("buyer_writes", "said")),
    MarksRead: ("mark messages as read", ("is_unread",)),
}
"""Capability -> what it is called, and the verbs that a stand-in must have for it."""


class Bench:
    """One stand-in with its clock. ``errors`` are all that its connectors raised."""

    def __init__(self, kind: type[StandIn], guard: Guard, stack: ExitStack) -> None:
        self.kind = kind
        self.guard = guard
        self.clock = Clock()
        self.standin = kind(self.clock)
        stack.callback(self.standin.close)
        self._stack = stack
        self.secrets = dict(self.standin.secrets)
        self.line = Line(self.standin, self.clock, guard)
        self.errors: list[BaseException] = []

    @property
    def kind_of_connector(self) -> type[Connector]:
        """The connector class that is checked."""
        return self.kind.connector

    def again(self) -> Bench:
        """A bench with a new stand-in, as if nothing had happened."""
        return Bench(self.kind, self.guard, self._stack)

    # Capabilities

    def can(self, capability: type[Any]) -> bool:
        """Whether the connector has a capability."""
        return issubclass(self.kind_of_connector, capability)

    def needs(self, *capabilities: type[Any]) -> None:
        """End the check as not applicable unless the connector has all of them."""
        for capability in capabilities:
            if not self.can(capability):
                not_applicable(f"the connector does not {ABLE[capability][0]}")

    def absent(self, absent: Absent) -> None:
        """The stand-in lacks something: a gap of the check, or of the stand-in itself.

        Raises:
            Broken: the connector's capabilities imply it.
        """
        verb = _verb_of(absent)
        for capability, (text, verbs) in ABLE.items():
            if verb in verbs and self.can(capability):
                raise Broken(f"the connector can {text}, so its stand-in must have {verb!r}; "
                             f"it says: {absent}") from absent
        not_applicable(str(absent))

    # The connector at work

    def connector(self, secrets: Mapping[str, str] | None = None) -> Connector:
        """A new connector, as the app makes one for each call. Its tokens are renewed for all."""
        return self._made(self.secrets if secrets is None else dict(secrets), None)

    def _made(self, secrets: dict[str, str], http: KitHttp | None) -> Connector:
        kind, settings = self.kind_of_connector, dict(self.standin.settings)
        http = http or KitHttp(self.line, kind, settings, secrets,
                               lambda same: self._made(secrets, same))
        log = logging.getLogger(f"oms.connector.{kind.manifest.key}")
        return kind(Context(settings, secrets, http, self.clock.now, log))

    def call(self, act: Callable[..., Result], secrets: Mapping[str, str] | None = None
             ) -> Result:
        """Let a new connector do something, and nothing but that."""
        connector = self.connector(secrets)
        with self.guard.on():
            try:
                return act(connector)
            except Exception as error:
                self.errors.append(error)
                raise

    def requests(self, act: Callable[[Any], Any]) -> int:
        """How many requests an act makes."""
        before = len(self.line.calls)
        self.call(act)
        return len(self.line.calls) - before

    def settle(self) -> None:
        """Wait until the channel shows what has happened."""
        self.clock.forward(self.kind_of_connector.manifest.capabilities.settle_lag_s + 1)

    def place_apart(self, count: int, **basket: Any) -> list[str]:
        """So many orders, each a second after the one before, all of them visible."""
        refs: list[str] = []
        for _ in range(count):
            refs += self.standin.place(Basket(**basket))
            self.clock.forward(1)
        self.settle()
        return refs


def _verb_of(absent: Absent) -> str:
    """The verb of the stand-in that raised it."""
    trace, names = absent.__traceback__, []
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    verbs = {name for _, found in ABLE.values() for name in found}
    return next((name for name in reversed(names) if name in verbs), names[-1])


@contextmanager
def open_bench(kind: type[StandIn]) -> Iterator[Bench]:
    """A bench for one check: guarded, and cleared away afterwards."""
    guard = Guard()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        bench = Bench(kind, guard, stack)
        guard.install(patch)
        yield bench


class Logged(logging.Handler):
    """Remembers every line that is logged, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, with the traceback that would be written under it."""
        self.lines.append(logging.Formatter().format(record))


@contextmanager
def listening() -> Iterator[Logged]:
    """Hear all loggers."""
    root, ear = logging.getLogger(), Logged()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield ear
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
