"""Doubles that break what is promised of reading. Each says in its docstring what it gets wrong."""

from __future__ import annotations

import contextlib
import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import (
    AccessRefused,
    Capabilities,
    ChannelDown,
    CursorExpired,
    Order,
    Page,
    RateLimited,
    Unreadable,
)

from tests.contract import kit_shop_mapping as mapping
from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop, _understood


@breaks(1)
class TakesAFullPageForTheLast(KitShop):
    """It believes that nothing comes after a page of the largest size."""

    def pull_orders(self, cursor, limit):
        page = super().pull_orders(cursor, limit)
        return replace(page, more=page.more and limit < self.manifest.capabilities.page_max)


@breaks(2)
class KeepsItsPlaceInMemory(KitShop):
    """The place in the journal is a class's attribute, and the cursor is for show."""

    place: dict[str, Any] = {}

    def pull_orders(self, cursor, limit):
        page = super().pull_orders(type(self).place if cursor else None, limit)
        type(self).place = dict(page.cursor)
        return page


@breaks(3)
class GoesOnAfterAStamp(KitShop):
    """It goes on after the last stamp and so jumps over others of the same second."""

    def pull_orders(self, cursor, limit):
        last = (cursor or {}).get("at", "")
        said = self._get("journal", "events", after=(cursor or {}).get("after", 0), limit=10_000)
        events = [event for event in said["events"] if event["at"] > last
                  and datetime.fromisoformat(event["at"]) <= self.settled(said)]
        taken = events[:limit]
        refs = list(dict.fromkeys(event["order"] for event in taken))
        place = {"after": taken[-1]["id"], "at": taken[-1]["at"]} if taken else dict(cursor or {})
        return Page(self.fetch_orders(refs), place, len(events) > limit)


@breaks(3)
class SweepsAfterAStamp(KitShop):
    """The same mistake, in the sweep."""

    def sweep_orders(self, since, until, cursor, limit):
        start = datetime.fromisoformat(cursor["at"]) + timedelta(seconds=1) if cursor else since
        page = super().sweep_orders(start, until, None, limit)
        last = page.items[-1].updated_at.isoformat() if page.items else ""
        return replace(page, cursor={"at": last} if last else {"after": ""})


@breaks(4)
class ReadsOffAListMadeAtTheStart(KitShop):
    """It lists all orders once, and goes on after the journal's end as it is when it is done."""

    def pull_orders(self, cursor, limit):
        if cursor and "todo" not in cursor:
            return super().pull_orders(cursor, limit)
        said = self._get("journal", "events", after=0, limit=10_000)
        events = [event for event in said["events"]
                  if datetime.fromisoformat(event["at"]) <= self.settled(said)]
        todo = cursor["todo"] if cursor else list(dict.fromkeys(e["order"] for e in events))
        place = {"todo": todo[limit:]} if todo[limit:] else {
            "after": events[-1]["id"] if events else 0}
        return Page(self.fetch_orders(todo[:limit]), place, bool(todo[limit:]))


@breaks(5)
class CountsRevisionsAsText(KitShop):
    """Its revision "10" sorts before "9"."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else \
            replace(order, revision=str(int(order.revision)))


@breaks(6)
class SweepsTheJournal(KitShop):
    """Its sweep looks where the losses are."""

    def sweep_orders(self, since, until, cursor, limit):
        said = self._get("journal", "events", after=0, limit=10_000)
        refs = list(dict.fromkeys(
            event["order"] for event in said["events"]
            if since.replace(microsecond=0) <= datetime.fromisoformat(event["at"]) <= until))
        start = (cursor or {}).get("from", 0)
        return Page(self.fetch_orders(refs[start:start + limit]), {"from": start + limit},
                    len(refs) > start + limit)


@breaks(7)
class StampsWithItsOwnClock(KitShop):
    """It says that an order changed when it was read."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else \
            replace(order, updated_at=self.context.now.replace(minute=0, second=0, microsecond=0))


@breaks(8)
class FallsOverOneDocument(KitShop):
    """What it cannot read it does not catch."""

    def read_order(self, document):
        return mapping._order(document)


@breaks(8)
class GuessesAtStatuses(KitShop):
    """A status it does not know is "new", so that it is packed."""

    def read_order(self, document):
        order = super().read_order(document)
        status = document.get("status")
        if isinstance(order, Order) or not isinstance(status, str):
            return order
        guessed = super().read_order(document | {"status": "new"})
        return guessed if isinstance(guessed, Unreadable) else \
            replace(guessed, raw_status=status)


@breaks(8)
class DropsWhatItCannotRead(KitShop):
    """What it cannot read it leaves out."""

    def pull_orders(self, cursor, limit):
        page = super().pull_orders(cursor, limit)
        return replace(page, items=[one for one in page.items if isinstance(one, Order)])


@breaks(9)
class KnowsWinterOnly(KitShop):
    """It reads the shop's local time as if summer never came."""

    def read_order(self, document):
        order = super().read_order(document)
        if isinstance(order, Unreadable):
            return order
        wall = order.placed_at.astimezone(ZoneInfo("Europe/Warsaw")).replace(tzinfo=None)
        return replace(order, placed_at=wall.replace(tzinfo=timezone(timedelta(hours=1))))


@breaks(10)
class StartsOverInSilence(KitShop):
    """A journal that was cut is read from its beginning, and nobody hears of the gap."""

    def pull_orders(self, cursor, limit):
        try:
            return super().pull_orders(cursor, limit)
        except CursorExpired:
            return super().pull_orders(None, limit)


@breaks(11)
class ClaimsToNoticeEverything(KitShop):
    """Its manifest does not say that payments move no stamp."""

    manifest = replace(KitShop.manifest, capabilities=replace(
        KitShop.manifest.capabilities, updated_misses=frozenset()))


@breaks(12)
class DoesNotWaitForLateOnes(KitShop):
    """It goes on after the youngest event, whatever may still appear in front of it."""

    def settled(self, said):
        return datetime.fromisoformat(said["time"])


@breaks(22)
class ForgetsTheRotatedToken(KitShop):
    """It keeps the access token and forgets that the refresh token was changed too."""

    def refresh(self):
        return replace(super().refresh(), refresh_token="")


@breaks(23)
class TakesARefusalForNothingNew(KitShop):
    """A key that is not accepted looks like a quiet day."""

    def pull_orders(self, cursor, limit):
        try:
            return super().pull_orders(cursor, limit)
        except AccessRefused:
            return Page([], cursor or {"after": 0}, False)


@breaks(23)
class KnocksAgainAndAgain(KitShop):
    """It tries a key that is not accepted ten times."""

    def verify(self):
        for _ in range(9):
            with contextlib.suppress(AccessRefused):
                return super().verify()
        return super().verify()


@breaks(24)
class TakesHasteForTheEnd(KitShop):
    """Told to slow down, it says that there are no more offers."""

    def list_offers(self, cursor, limit):
        try:
            return super().list_offers(cursor, limit)
        except RateLimited:
            return Page([], cursor or {}, False)


@breaks(24)
class DoesNotKnowTheShopsWord(KitShop):
    """It does not understand how the shop says "slow down" with status 200."""

    def verify(self):
        try:
            return super().verify()
        except RateLimited as error:
            raise (ChannelDown("?") if error.retry_after == 12 else error) from error


@breaks(24)
class ForgetsHowLongToWait(KitShop):
    """It hears "seven seconds" and says "sometime"."""

    def fetch_orders(self, refs):
        try:
            return super().fetch_orders(refs)
        except RateLimited as error:
            raise RateLimited(str(error)) from error


@breaks(24)
class ClaimsToBeAllowedMore(KitShop):
    """Its manifest says ten times what the shop allows."""

    manifest = replace(KitShop.manifest, limits=(
        replace(KitShop.manifest.limits[0], per_second=500, burst=1000),))


@breaks(24)
class DrawsFromABucketOfItsOwn(KitShop):
    """It names a bucket that its manifest does not have."""

    def verify(self):
        self.context.http.request("GET", "me", bucket="accounts")
        return super().verify()


@breaks(25)
class TrustsOurClock(KitShop):
    """It waits by our clock for events that are stamped by the shop's."""

    def settled(self, said):
        return self.context.now - timedelta(seconds=30)


@breaks(29)
class OpensASocket(KitShop):
    """It looks by itself whether the shop is there, and never mind."""

    def verify(self):
        with contextlib.suppress(Exception):
            socket.create_connection(("kram.example", 443), timeout=1)
        return super().verify()


@breaks(30)
class LogsItsToken(KitShop):
    """It writes down what it sends."""

    def verify(self):
        self.context.log.debug("asking with %s", self.auth_headers(self.context.secrets))
        return super().verify()


@breaks(30)
class LogsBuyers(KitShop):
    """It writes down who bought, in a log of its own."""

    def read_order(self, document):
        logging.getLogger("kram").info("read %s", document)
        return super().read_order(document)


@breaks(30)
class RepeatsWhatTheShopGrumbles(KitShop):
    """Its errors hold whatever the shop wrote into its own."""

    def list_offers(self, cursor, limit):
        response = self.context.http.request("GET", "offers",
                                             params={"after": (cursor or {}).get("after", ""),
                                                     "limit": limit})
        if response.status >= 500:
            raise ChannelDown(f"the shop says {response.body.decode(errors='replace')}")
        said = _understood(response, "offers")
        return Page([mapping.offer(document) for document in said["offers"]],
                    {"after": said["next"] or ""}, said["next"] is not None)


@breaks(31)
class RoundsToTenGroszy(KitShop):
    """Small change is no money."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, lines=[
            replace(line, unit_price=line.unit_price.quantize(Decimal("0.1")))
            for line in order.lines])


@breaks(31, also=(50,))  # an amount with fifty places is no amount by its form either
class CalculatesInFloats(KitShop):
    """Its amounts went through a float."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, lines=[
            replace(line, unit_price=Decimal(float(line.unit_price))) for line in order.lines])


@breaks(35)
class NamesOffersByTheirSku(KitShop):
    """The lines of its orders name offers in another way than its list of offers."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, lines=[
            replace(line, offer_ref=line.sku) for line in order.lines])


@breaks(36)
class TakesSilenceForTheEnd(KitShop):
    """A list that cannot be read is an empty list."""

    def list_offers(self, cursor, limit):
        try:
            return super().list_offers(cursor, limit)
        except ChannelDown:
            return Page([], {}, False)


@breaks(36)
class TakesDownForRefused(KitShop):
    """A shop that is down for a while costs the account its access."""

    def verify(self):
        try:
            return super().verify()
        except ChannelDown as error:
            raise AccessRefused("this is not Kram", "url") from error


@breaks(38)
class LeavesUnknownOrdersOut(KitShop):
    """Fewer answers than references."""

    def fetch_orders(self, refs):
        return [order for order in super().fetch_orders(refs) if order is not None]


@breaks(39)
class NeverLooksAtAReturnAgain(KitShop):
    """Its cursor ends behind everything that will ever happen."""

    def pull_returns(self, cursor, limit):
        page = super().pull_returns(cursor, limit)
        return page if page.more else replace(page, cursor={"after": 1_000_000})


@breaks(40)
class ListsThreeOffers(KitShop):
    """It takes the first page for all there is."""

    def list_offers(self, cursor, limit):
        return replace(super().list_offers(cursor, limit), more=False)


@breaks(46)
class NamesAFieldThatIsNotThere(KitShop):
    """The error points at a line of the form that does not exist."""

    def verify(self):
        try:
            return super().verify()
        except AccessRefused as refusal:
            raise AccessRefused(str(refusal), "password") from refusal


@breaks(50)
class SaysNoneForText(KitShop):
    """A telephone number that is not there is not a text."""

    def read_order(self, document):
        order = super().read_order(document)
        return order if isinstance(order, Unreadable) else replace(order, buyer_phone=None)


@breaks(33)
class HasTooManyLetters(KitShop):
    """Its tile has room for two."""

    manifest = replace(KitShop.manifest, letters="Kram")


@breaks(33)
class KeepsPagesOfNothing(KitShop):
    """A number of its manifest makes no sense."""

    manifest = replace(KitShop.manifest, capabilities=Capabilities(
        settle_lag_s=30, history_days=30, page_max=8, stock_batch=20, stock_shape="same_value",
        zero_ok=False, updated_misses=frozenset({"payment"}), min_poll_s=0))


@breaks(33)
class HasEnded(KitShop):
    """The interface it was made for was switched off."""

    manifest = replace(KitShop.manifest, sunset=datetime(2024, 1, 1, tzinfo=UTC).date())
