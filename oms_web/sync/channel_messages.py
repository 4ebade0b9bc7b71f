"""Send what is due to buyers through their channels: into a thread, or about an order.

Taken, sent, noted, with no transaction open while the channel is asked. An answer that was lost, or
a worker that died, leaves a message in doubt: it is looked for in its thread before it is sent
again, not before the channel shows what it took.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from oms_connector import (
    AccessRefused,
    BuyerMessage,
    ChannelDown,
    ChannelError,
    MessageOut,
    OutcomeUnknown,
    RateLimited,
    Refused,
    SendsMessages,
)

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.messages import queries, service
from oms_web.domain.messages.letters import Verdict, Why, plain_why
from oms_web.domain.messages.service import Outgoing
from oms_web.domain.messages.wording import CHANNEL
from oms_web.sync import feeds
from oms_web.sync.message_sending import TURN, note, wait
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

LOOK_AFTER = timedelta(minutes=2)
"""How long after a lost answer a message is looked for, beside what the channel takes to show it.
"""
BEFORE = timedelta(minutes=5)
"""By so much may the channel's clock be behind ours."""
STOPPED = plain_why("The channel is not connected.")
CANNOT = plain_why("This channel takes no messages.")


def send(engine: Engine, account_id: int, beat: Callable[[int, int], None]) -> int:
    """Send what is due through one account; how many messages went out."""
    sent = 0
    try:
        with connected(engine, account_id) as (_account, connector):
            if not isinstance(connector, SendsMessages):
                wait(engine, CHANNEL, CANNOT, account_id)
                return 0
            for number in range(TURN):
                with engine.works.writing(SYSTEM) as work:
                    outgoing = service.take(work, CHANNEL, account_id=account_id)
                if outgoing is None:
                    break
                verdict = _say(engine, account_id, connector, outgoing)
                note(engine, outgoing, verdict, account_id=account_id)
                sent += verdict.state == "sent"
                beat(number + 1, 0)
                if verdict.state == "closed":
                    break
    except (ChannelStopped, NotAllowedNow):
        wait(engine, CHANNEL, STOPPED, account_id)
    return sent


def _say(engine: Engine, account_id: int, connector: Any, outgoing: Outgoing) -> Verdict:
    """One message, and what the channel's answer means."""
    with engine.works.reading(SYSTEM) as work:
        thread, known = queries.places(work.session, outgoing.thread_id, account_id)
    message = MessageOut(outgoing.key, outgoing.rendered.text, thread, outgoing.order_ref,
                         outgoing.tried_at - BEFORE, known)
    try:
        told = connector.find_message(message) if outgoing.doubtful else None
        return _sent(told or connector.send_message(message))
    except OutcomeUnknown as error:
        lag = timedelta(seconds=connector.manifest.capabilities.settle_lag_s)
        return Verdict("unknown", _why(error),
                       wait=(LOOK_AFTER + lag).total_seconds())
    except RateLimited as error:
        return Verdict("closed", _why(error), wait=error.retry_after)
    except AccessRefused as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.break_account(work, account_id, str(error))
        return Verdict("closed", _why(error))
    except Refused as error:
        return Verdict("refused", _why(error))
    except ChannelDown as error:
        return Verdict("closed", _why(error))
    except ChannelError as error:
        return Verdict("later", _why(error))
    except Exception as error:  # a fault of the connector: it may have sent it
        return Verdict("unknown", _why(feeds.describe(error)))


def _why(said: object) -> Why:
    return plain_why("The channel: %(why)s", why=said)


def _sent(told: Any) -> Verdict:
    if not isinstance(told, BuyerMessage) or not told.external_id:
        raise TypeError("it did not say which message it is")
    return Verdict("sent", reference=told.external_id)
