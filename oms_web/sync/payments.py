"""Payment providers: links asked for, payments watched until they came.

Said, done, noted (``domain/payments/requests.py``). No transaction is open while a provider is
asked. One task for each account (``core/claims.py``), rung when something is due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from oms_connector import (
    AccessRefused,
    AsksForPayments,
    ChannelDown,
    ChannelError,
    Conflict,
    Connector,
    OutcomeUnknown,
    PaymentAsk,
    PaymentLink,
    RateLimited,
    Refused,
    TellsPayments,
)
from oms_connector.marking import N_
from oms_connector.paying import is_safe_link

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.money import from_minor
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.messages import pages, settings, wording
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import requests
from oms_web.domain.payments.requests import Taken
from oms_web.flows import order_ask_payment, order_message
from oms_web.sync import feeds
from oms_web.sync.accounts import able
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "ask_payments"
TURN = 100
GONE = N_("The provider does not know this payment.")
NO_LINK = N_("The link cannot be shown to a buyer.")

Beat = Callable[[int, int], None]


def providers(work: Work, registry: Registry) -> list[ChannelAccount]:
    """The connected accounts by which buyers can be asked for money, the first one first."""
    return [one for one in able(work, registry, AsksForPayments) if one.state == "active"]


def run(engine: Engine, account_id: int, beat: Beat = lambda _a, _b: None) -> int:
    """Ask one account all that is due; how many questions were answered.

    Raises:
        ChannelError: access was refused, the provider is down or asks to slow down; what was not
            asked stays due.
    """
    done = 0
    with connected(engine, account_id) as (account, connector):
        actor = engine.actor(account)
        for number in range(TURN):
            with engine.works.writing(actor) as work:
                taken = requests.take(work, account_id)
                ask = _ask(work, taken, account_id) if taken and taken.asks else None
            if taken is None:
                break
            if ask is not None:
                done += _open(engine, account, connector, taken, ask)
            else:
                done += _look(engine, account, connector, taken)
            beat(number + 1, 0)
    return done


def _ask(work: Work, taken: Taken, account_id: int) -> PaymentAsk:
    """What the provider is told: nothing of what was ordered."""
    order = orders.get_order(work.session, taken.order_id)
    shop, row = work.session.get(Company, 1), settings.get(work.session)
    public = row.public_url if row is not None else ""
    name = shop.name if shop is not None else ""
    return PaymentAsk(
        taken.key, from_minor(taken.amount, taken.currency), taken.currency,
        f"{order.id} {name}".strip(), order.buyer_name, order.buyer_email,
        wording.language_of(order.country),
        return_url=pages.link(work, order.id) or (shop.website if shop is not None else "") or "",
        notify_url=f"{public}/ring/{account_id}" if public else "")


def _open(engine: Engine, account: ChannelAccount, connector: Connector, taken: Taken,
          ask: PaymentAsk) -> int:
    """Ask for one link, and note what came of it."""
    assert isinstance(connector, AsksForPayments)
    try:
        link = connector.ask_payment(ask)
    except Conflict as error:
        return _failed(engine, account, taken, str(error), sent=False, known=True)
    except Refused as error:
        return _failed(engine, account, taken, str(error), sent=False, final=True)
    except OutcomeUnknown as error:
        return _failed(engine, account, taken, str(error), sent=True)
    except ChannelError as error:
        _failed(engine, account, taken, str(error), sent=False)
        return _stop(engine, account, error)
    except Exception as error:  # a fault of the connector: it may have been opened
        return _failed(engine, account, taken, feeds.describe(error), sent=True)
    if not _is_safe(link):
        return _failed(engine, account, taken, NO_LINK, sent=False, final=True)
    with engine.works.writing(engine.actor(account)) as work:
        order = orders.lock_order(work.session, taken.order_id)
        shown = requests.note_link(work, taken, link.reference, link.url)
        template = requests.get(work.session, taken.id).template_id
        if shown and template:
            work.occasion = f"payment_request:{taken.id}"
            try:
                order_message.write(work, order.id, template)
            except (NotAllowedNow, NotFound) as error:
                log.warning("the payment link of order %s was not written: %s", order.id, error)
    return 1


def _is_safe(link: PaymentLink) -> bool:
    """Where a buyer may be sent; a reference is needed to ask about it later."""
    return bool(link.reference) and is_safe_link(link.url) and len(link.url) <= 2000


def _look(engine: Engine, account: ChannelAccount, connector: Connector, taken: Taken) -> int:
    """Ask how one payment stands."""
    if not isinstance(connector, TellsPayments):
        return _failed(engine, account, taken, GONE, sent=False)
    try:
        told = connector.payment(taken.reference)
    except Refused as error:
        return _failed(engine, account, taken, str(error), sent=False)
    except ChannelError as error:
        _failed(engine, account, taken, str(error), sent=False)
        return _stop(engine, account, error)
    except Exception as error:
        return _failed(engine, account, taken, feeds.describe(error), sent=False)
    if told is None:
        return _failed(engine, account, taken, GONE, sent=False)
    try:
        with engine.works.writing(engine.actor(account)) as work:
            order_ask_payment.heard(work, taken, account, told)
    except Invalid as error:
        return _failed(engine, account, taken, str(error), sent=False)
    return 1


def _failed(engine: Engine, account: ChannelAccount, taken: Taken, why: str, *, sent: bool,
            known: bool = False, final: bool = False) -> int:
    with engine.works.writing(engine.actor(account)) as work:
        requests.note_failed(work, taken, why, sent=sent, known=known, final=final)
    return 0


def _stop(engine: Engine, account: ChannelAccount, error: ChannelError) -> int:
    """What concerns the whole account ends the turn; what concerns one payment does not."""
    if isinstance(error, AccessRefused):
        with engine.works.writing(engine.actor(account)) as work:
            feeds.break_account(work, account.id, str(error))
        raise error
    if isinstance(error, RateLimited | ChannelDown):
        raise error
    return 0
