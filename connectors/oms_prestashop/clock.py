"""The shop's own time. Pure.

The webservice knows no zones: moments are written and compared as the shop's clock shows them. In
the night when that clock goes back an hour is shown twice, and no stamp says which of the two it
was. So spans are widened to the whole of that hour, and what is asked of such a stamp gets the same
answer each time: the first of the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from oms_connector import ChannelDown
from oms_connector.reading import Puzzling, value

from oms_prestashop import words

FORM = "%Y-%m-%d %H:%M:%S"
NEVER = "0000-00-00 00:00:00"
END = "2999-12-31 23:59:59"
STEP = timedelta(minutes=15)
"""All changes of clocks known to zones lie on such a step."""


class Clock:
    """The clock of one shop, by the name of its zone.

    Raises:
        ChannelDown: there is no such zone here.
    """

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (LookupError, ValueError, OSError) as error:
            raise ChannelDown(words.NO_ZONE % {"zone": zone[:80]}) from error

    def moment(self, document: Any, name: str) -> datetime:
        """A moment that must be there, in UTC."""
        found = self.moment_or_none(document, name)
        if found is None:
            raise Puzzling(words.NOT_A_MOMENT, name, value(document, name))
        return found

    def moment_or_none(self, document: Any, name: str) -> datetime | None:
        """A moment that may not have come yet: PrestaShop writes zeros then."""
        written = value(document, name)
        if written in (None, "", NEVER, NEVER[:10]):
            return None
        if not isinstance(written, str):
            raise Puzzling(words.NOT_A_MOMENT, name, written)
        try:
            return parsed(written).replace(tzinfo=self._zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Puzzling(words.NOT_A_MOMENT, name, written) from error

    def shows(self, moment: datetime) -> datetime:
        """What the shop's clock shows at a moment, without a zone (``fold`` as in Python)."""
        return moment.astimezone(self._zone).replace(tzinfo=None)

    def since(self, moment: datetime) -> str:
        """A stamp that nothing after a moment lies before."""
        shown = self.shows(moment)
        return written(self.hour_shown_twice(shown)[0] if self.is_twice(shown) and not shown.fold
                       else shown)

    def until(self, moment: datetime) -> str:
        """A stamp that nothing before a moment lies behind."""
        shown = self.shows(moment)
        return written(self.hour_shown_twice(shown)[1] if self.is_twice(shown) and shown.fold
                       else shown)

    def before(self, stamp: str, span: timedelta) -> str:
        """Where to begin looking again, so far before a stamp, for what may have come late."""
        shown = parsed(stamp)
        begin = shown - span
        return written(min(begin, self.hour_shown_twice(shown)[0]) if self.is_twice(shown)
                       else begin)

    def revision(self, stamp: str) -> str:
        """A stamp as text that sorts by time; the whole of an hour that is shown twice is equal."""
        shown = parsed(stamp)
        if self.is_twice(shown):
            shown = self.hour_shown_twice(shown)[0]
        return shown.replace(tzinfo=self._zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def revision_of(self, document: Any) -> str:
        """The revision of a thing by its last change; empty where none is told."""
        changed = self.moment_or_none(document, "date_upd")
        return self.revision(document["date_upd"]) if changed else ""

    def is_twice(self, shown: datetime) -> bool:
        """Whether the clock shows this twice."""
        first, second = (shown.replace(tzinfo=self._zone, fold=fold).utcoffset()
                         for fold in (0, 1))
        # In spring, when an hour is left out, the second is the greater.
        return first is not None and second is not None and first > second

    def hour_shown_twice(self, shown: datetime) -> tuple[datetime, datetime]:
        """The first and the last second of the span around it that is shown twice."""
        start = shown.replace(minute=shown.minute // 15 * 15, second=0, microsecond=0, fold=0)
        end = start
        while self.is_twice(start - STEP):
            start -= STEP
        while self.is_twice(end):
            end += STEP
        return start, end - timedelta(seconds=1)


def parsed(stamp: str) -> datetime:
    """What a stamp shows.

    Raises:
        ValueError: it is none.
    """
    return datetime.strptime(stamp, FORM)  # noqa: DTZ007 - the zone is the clock's


def written(shown: datetime) -> str:
    """A stamp as PrestaShop writes it."""
    return shown.strftime(FORM)


def later(stamp: str, seconds: int = 1) -> str:
    """The stamp so many seconds on, as the clock shows it."""
    return written(parsed(stamp) + timedelta(seconds=seconds))
