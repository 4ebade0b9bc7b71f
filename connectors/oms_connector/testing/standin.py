"""A stand-in: a channel in memory, written by who writes the connector, driven by the kit.

It answers HTTP requests in process and has verbs for what buyers and sellers do at the channel. The
verbs behave as the channel really does, its lapses included: the kit looks whether the connector
loses anything because of them. A verb for something that does not exist at the channel is left
out; the checks that need it are then not applicable, unless the connector says that it can do that
very thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from oms_connector import (
    Attached,
    Booking,
    Connector,
    Limit,
    NotSupported,
    Order,
    Response,
    Travel,
    Unreadable,
)
from oms_connector.testing.facts import (
    Basket,
    Carried,
    Delivery,
    InBooks,
    Request,
    Shown,
    Truth,
    Wish,
)

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Absent(NotSupported):
    """The channel has no such thing, or the stand-in does not play it. The message says why."""


class Clock:
    """The kit's clock, turned by hand: channel and connector see the same moment."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def forward(self, seconds: float = 0, **span: float) -> None:
        """Let time pass: seconds, or any span that ``timedelta`` knows."""
        self.now += timedelta(seconds=seconds, **span)


class StandIn:
    """The base of all stand-ins. ``connector``, ``settings``, ``secrets`` and ``exchange`` must be.

    The kit makes a new one for each check, so it may keep its state in plain attributes.
    """

    connector: ClassVar[type[Connector]]
    page: ClassVar[int] = 3
    """A page size that really makes several pages; the least one if the channel has fixed ones."""
    limits: ClassVar[Sequence[Limit]] = ()
    """How fast the vendor's documentation lets one account ask. The kit meters against these."""
    precision: ClassVar[timedelta] = timedelta(seconds=1)
    """How exactly the channel's stamps can be understood."""
    refuses_stale: ClassVar[bool] = False
    """Whether the channel knows an old push again (a key or a version) and lets it not win."""
    carrier: ClassVar[str] = ""
    """A carrier in the word the channel knows it by, as a seller would have mapped it."""
    signs_moment: ClassVar[bool] = False
    """Whether webhook signatures carry a moment, so that an old delivery can be told."""
    our_address: ClassVar[str] = "https://oms.example/hooks/"
    """Where the channel may ring; a number is put behind it."""
    signatures: ClassVar[Sequence[str]] = ()
    """The headers of a delivery that carry its signature, lower case."""
    unknown: ClassVar[str] = "999000999"
    """A reference (order, offer, subscription) that is well formed and does not exist."""
    signs_fields: ClassVar[bool] = False
    """Whether the signature stands in the body and is of its fields, in whatever form."""
    samples: ClassVar[Path | None] = None
    """A folder of ``NAME.json``, and of what ``read_sample`` makes of it: ``NAME.order.json``."""
    ours: ClassVar[str] = ""
    """Where the connector's own modules are imported from; its class's module if empty."""

    near: ClassVar[str] = ""
    """A postcode or town with at least three of the carrier's points."""
    takes_back: ClassVar[bool] = True
    """Whether the carrier takes a confirmed label back, or only what is not confirmed yet."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.skew = timedelta(0)

    @property
    def now(self) -> datetime:
        """What the channel's own clock says: the kit lets it go wrong by ``skew``."""
        return self.clock.now + self.skew

    @property
    def settings(self) -> Mapping[str, Any]:
        """The account's settings, as the form of the manifest would hold them."""
        return {"url": "https://channel.example"}

    @property
    def secrets(self) -> Mapping[str, str]:
        """The account's secrets that work now (tokens as of the last time they were issued)."""
        return {}

    def exchange(self, request: Request) -> Response:
        """Answer one request, at once and whole: no network, no waiting."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of files and the like."""

    # What buyers do

    def place(self, basket: Basket, count: int = 1) -> Sequence[str]:
        """So many orders at this very moment, in any order; their external ids.

        There are always units enough: raise the offer's quantity first if need be.
        """
        raise Absent("it has no orders")

    def pay(self, ref: str) -> None:
        """The buyer pays an unpaid order."""
        raise Absent("orders are paid when they are placed")

    def edit(self, ref: str) -> None:
        """The buyer changes something that ``Order`` shows: an address, a note."""
        raise Absent("buyers cannot change orders")

    def cancel(self, ref: str) -> None:
        """The buyer calls a whole order off that has not left."""
        raise Absent("buyers cannot call orders off")

    def refund(self, ref: str) -> None:
        """Money is given back, in the channel's own panel."""
        raise Absent("money cannot be given back there")

    def announce_return(self, ref: str) -> str:
        """The buyer says that goods of a shipped order come back; the return's id."""
        raise Absent("it has no returns")

    def close_return(self, return_ref: str) -> None:
        """The channel gives the money back; the return is settled."""
        raise Absent("it has no returns")

    # What is done in the seller's panel

    def ship(self, ref: str) -> None:
        """A paid order is marked as sent in the channel's own panel."""
        raise Absent("orders cannot be sent from the panel")

    def add_offers(self, count: int) -> None:
        """So many more offers."""
        raise Absent("offers cannot be added")

    # What is true at the channel

    def truth(self, ref: str) -> Truth:
        """An order as it is now."""
        raise Absent("it has no orders")

    def offers(self) -> Sequence[Shown]:
        """All offers as buyers see them, at least three with different SKUs, ended ones too."""
        raise Absent("it has no offers")

    def shipments(self, ref: str) -> Sequence[str]:
        """The tracking numbers stored for an order, one for each parcel, repeated ones too."""
        raise Absent("it stores no tracking")

    def status(self, ref: str) -> str:
        """The order's status in the channel's own word."""
        raise Absent("it has no statuses of its own")

    def next_status(self, ref: str) -> str:
        """A status to which the seller may move this order now."""
        raise Absent("a seller cannot move orders")

    def documents(self, ref: str) -> Sequence[bytes]:
        """The documents shown to the buyer of an order, repeated ones too."""
        raise Absent("it shows no documents")

    def inbox(self) -> Set[str]:
        """Orders that wait to be acknowledged."""
        raise Absent("it has no inbox")

    def subscriptions(self) -> Sequence[str]:
        """The addresses that are rung, repeated ones too."""
        raise Absent("nobody can subscribe")

    # What a gateway carries to phones

    def texts(self, to: str) -> Sequence[str]:
        """The SMS that were sent to a number (``+48600700800``), repeated ones too."""
        raise Absent("it sends no SMS")

    def arrive(self, ref: str) -> None:
        """An SMS reaches its phone."""
        raise Absent("nobody knows whether an SMS arrives")

    def fail(self, ref: str) -> None:
        """An SMS cannot reach its phone, for good."""
        raise Absent("nobody knows whether an SMS arrives")

    # What a carrier has and does

    def booking(self, key: str, wish: Wish = "plain") -> Booking:
        """A booking that the carrier takes, of invented people; ``Absent`` for what it lacks."""
        raise Absent("it carries nothing")

    def refused_booking(self, key: str) -> tuple[Booking, str]:
        """A booking that the carrier refuses, and the path of the field that is to blame."""
        raise Absent("it carries nothing")

    def bookings(self, key: str) -> Sequence[Carried]:
        """What it has under a key of ours, repeated ones too; nothing that was cancelled."""
        raise Absent("it carries nothing")

    def finish_bookings(self) -> None:
        """Work off what is pending; nothing to do where a booking is confirmed at once."""

    def travel(self, tracking: str, state: Travel) -> str:
        """A scan that means this, now; the carrier's own code of it."""
        raise Absent("nobody knows where its parcels are")

    def pickups(self, key: str) -> Sequence[str]:
        """The courier's visits ordered under a key of ours, repeated ones too."""
        raise Absent("no courier comes")

    # Where buyers pay, and what they get back

    def payments(self, key: str) -> Sequence[Decimal]:
        """The amounts of the payments opened under our key, repeated ones too."""
        raise Absent("nobody pays there")

    def buyer_pays(self, ref: str) -> None:
        """The buyer pays an open payment, all of it."""
        raise Absent("nobody pays there")

    def given_back(self, ref: str) -> Sequence[Decimal]:
        """What was given back of a payment or an order, refund by refund, repeated ones too."""
        raise Absent("no money goes back")

    def refuse_refunds(self) -> None:
        """From now on money cannot be given back by machine: the shop's gateway cannot do it."""
        raise Absent("money can always be given back")

    def fee_claims(self, ref: str) -> Sequence[tuple[str, int]]:
        """Claims of an order's commission (line, units), repeated ones too; none withdrawn."""
        raise Absent("it gives no commission back")

    def grant_fee(self, ref: str) -> Decimal:
        """The marketplace grants a claim; how much comes back."""
        raise Absent("it gives no commission back")

    # What stands in the books

    def entries(self, number: str) -> Sequence[InBooks]:
        """The documents entered under a number of ours, repeated ones too."""
        raise Absent("it keeps no books")

    # What buyers and sellers write to each other

    def buyer_writes(self, text: str, order: str = "", files: Sequence[Attached] = ()) -> str:
        """A buyer writes about an order, or, without one, asks something; the message's id."""
        raise Absent("nobody writes there")

    def seller_writes(self, text: str, order: str) -> str:
        """The seller writes to the buyer of an order in the channel's own panel; its id."""
        raise Absent("nobody writes there")

    def said(self, order: str) -> Sequence[str]:
        """What the seller wrote to the buyer of an order, oldest first, repeated ones too."""
        raise Absent("nobody writes there")

    def is_unread(self, order: str) -> bool:
        """Whether the thread with the buyer of an order counts as unread."""
        raise Absent("it does not know what was read")

    # Lapses

    def lose_event(self, ref: str) -> None:
        """What happened to this order so far never gets into the journal."""
        raise Absent("its feed loses nothing")

    def repeat_events(self) -> None:
        """The journal says everything once more, old things after new ones."""
        raise Absent("its feed repeats nothing")

    def hide(self, ref: str, seconds: float) -> None:
        """The order, placed now, is not shown before so many seconds have passed."""
        raise Absent("it shows orders at once")

    def forget_history(self) -> None:
        """Drop what is older than the channel keeps, by its clock."""
        raise Absent("it forgets nothing")

    def finish_pushes(self) -> None:
        """Work off what was taken in (``AnswersLater``); nothing to do where pushes act at once."""

    # Access

    def expire_tokens(self) -> None:
        """The access token ends; the refresh token still works."""
        raise Absent("its keys do not end")

    def revoke(self) -> None:
        """The seller takes the access back: nothing works any more, refreshing neither."""
        raise Absent("its keys cannot be taken back")

    def consent(self, url: str) -> str:
        """The seller says yes at the address they were sent to; the code they come back with."""
        raise Absent("nobody is asked for consent")

    def agree(self, user_code: str) -> None:
        """The seller types the code of a device and says yes."""
        raise Absent("nobody types codes")

    def slow_down(self) -> Response:
        """How the channel says "too many calls" other than by status 429."""
        raise Absent("it says so by status 429 only")

    # Doorbells

    def ring(self, ref: str) -> Delivery:
        """What the channel posts when something happened to an order, signed at this moment.

        The secret is ``secrets["webhook_secret"]``, or the one that the manifest names.
        """
        raise Absent("it does not ring")

    def ping(self) -> Delivery:
        """What the channel posts to see whether we are there."""
        raise Absent("it does not ping")

    # Hygiene

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        """How a request breaks the vendor's specification; empty when it does not."""
        raise Absent("the stand-in has no specification to look at")

    def read_sample(self, document: Any) -> Order | Unreadable:
        """What the connector makes of a vendor's document (a sample's decoded JSON)."""
        raise Absent("the stand-in reads no samples")
