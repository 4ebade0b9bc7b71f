"""Doubles that break what is promised of messages."""

from __future__ import annotations

from dataclasses import replace

from oms_connector import MessageOut, Page

from tests.contract.kit_double import breaks
from tests.contract.kit_shop import KitShop


@breaks(78)
class TakesEveryWordForTheBuyers(KitShop):
    """Who else would write?"""

    def pull_messages(self, cursor, limit):
        page = super().pull_messages(cursor, limit)
        return Page([replace(one, ours=False) for one in page.items], page.cursor, page.more)


@breaks(78, also=(79, 82))
class StopsAfterAPage(KitShop):
    """There is never more."""

    def pull_messages(self, cursor, limit):
        page = super().pull_messages(cursor, limit)
        return Page(page.items, cursor or page.cursor, False)


@breaks(79)
class SkipsWhatCameMeanwhile(KitShop):
    """It reads up to where the end was when it began, and goes on from where the end is now."""

    def pull_messages(self, cursor, limit):
        place = dict(cursor or {"after": 0})
        end = place.get("end") or self._end()
        page = super().pull_messages(place, limit)
        items = [one for one in page.items if int(one.external_id) <= end]
        if page.cursor["after"] < end:
            return Page(items, {"after": page.cursor["after"], "end": end}, True)
        return Page(items, {"after": self._end()}, False)

    def _end(self):
        page = Page([], {}, True)
        while page.more:
            page = super().pull_messages(page.cursor, 8)
        return page.cursor["after"]


@breaks(80)
class CutsOff(KitShop):
    """Nobody reads the end of a long letter."""

    def send_message(self, message):
        return super().send_message(replace(message, text=message.text[:1999]))


@breaks(81)
class FindsByWords(KitShop):
    """The same words are the same message."""

    def find_message(self, message: MessageOut):
        found = super().find_message(message)
        if found is not None or not message.known:
            return found
        page = super().pull_messages(None, 100)
        return next((one for one in page.items if one.ours and one.text == message.text), None)


@breaks(82)
class TakesTagsOff(KitShop):
    """What stands between brackets is no text."""

    def pull_messages(self, cursor, limit):
        page = super().pull_messages(cursor, limit)
        return Page([replace(one, text=one.text.replace("<", "").replace(">", ""))
                     for one in page.items], page.cursor, page.more)
