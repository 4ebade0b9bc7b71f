"""Read what the Ministry announces of KSeF (Latarnia). Without an answer the clock asks again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from oms_connector import ChannelError

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Works
from oms_web.domain.einvoices import notices, settings
from oms_web.domain.einvoices.announced import Announced

log = logging.getLogger(__name__)

TASK = "read_ksef_notices"

Reader = Callable[[str], Sequence[Announced]]
"""Reads the announcements at an address (the ``ksef_notices`` port)."""


def read(works: Works) -> int:
    """Ask, and keep what is published; how many events are new or different."""
    with works.writing(SYSTEM) as work:
        row = settings.get(work.session)
        address = settings.notices_address(row) if row is not None and settings.is_on(row) else ""
        if row is None or not address:
            return 0
        row.notices_asked_at, environment = work.now, row.environment
    ask: Reader = works.ports["ksef_notices"]
    try:
        events = ask(address)
    except ChannelError as error:
        log.info("Latarnia: %s", error)
        return 0
    with works.writing(SYSTEM) as work:
        row = settings.get(work.session)
        if row is None or row.environment != environment:
            return 0
        row.notices_read_at = work.now
        return notices.take_in(work, environment, events)
