"""Doubles that break what is promised of reading. Each says in its docstring what it gets wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import (
    AccessRefused,
    ChannelDown,
    CursorExpired,
    Order,
    Page,
    Unreadable,
)

from tests.contract import kit_shop_mapping as mapping
from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop


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
