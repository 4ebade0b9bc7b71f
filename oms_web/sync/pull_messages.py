"""Messages of channels as a feed: each kept once in its thread, the oldest of a page first.

What a person has read here is told to the channel with the next reading. That is a courtesy: if it
fails, the reading has not.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from oms_connector import BuyerMessage, ChannelError, MarksRead, PullsMessages
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.marking import N_
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import threads
from oms_web.domain.messages.models import Thread
from oms_web.sync import feeds
from oms_web.sync.pull_told import Told
from oms_web.sync.session import Engine

log = logging.getLogger(__name__)

KIND = "message"
MOST_READ = 20
FIRST = datetime(1, 1, 1, tzinfo=UTC)


def take(work: Work, account: ChannelAccount, told: BuyerMessage) -> str:
    """Keep one message: ``added`` or ``same``."""
    return threads.take(work, account.id, heard(told))


def heard(told: BuyerMessage) -> threads.Heard:
    """A message of the SDK in our terms."""
    return threads.Heard(
        told.external_id, told.thread, told.at, told.text, bool(told.ours), told.author,
        told.subject, told.order_ref, told.key, [(one.name, one.url) for one in told.attachments])


def _oldest_first(items: Sequence[Any]) -> Sequence[Any]:
    """So that an answer comes after its question, in whatever order a channel lists them."""
    return sorted(items, key=lambda one: at if isinstance(at := getattr(one, "at", None), datetime)
                  and at.tzinfo is not None else FIRST)


def _tell_read(engine: Engine, account: ChannelAccount, connector: Any) -> None:
    if not isinstance(connector, MarksRead):
        return
    with engine.works.reading(SYSTEM) as work:
        due = work.session.execute(
            select(Thread.id, Thread.external_id)
            .where(Thread.account_id == account.id, Thread.unread_there,
                   Thread.waiting_since.is_(None))
            .order_by(Thread.last_at.desc()).limit(MOST_READ)).all()
    for thread_id, external_id in due:
        try:
            connector.mark_read(external_id)
        except ChannelError as error:
            log.info("a thread could not be marked as read: %s", error)
            return
        with engine.works.writing(engine.actor(account)) as work:
            threads.read_there(work, thread_id)


MESSAGES = Told(
    feeds.MESSAGES, KIND, PullsMessages,
    lambda connector, cursor, limit: connector.pull_messages(cursor, limit), take,
    N_("The message has a value that makes no sense: %(why)s"), _oldest_first, _tell_read)
