"""Commissions claimed back: written down, asked for, followed until they are decided.

The network is asked with no transaction open. A claim whose answer was lost is looked for at the
marketplace before it is made again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from oms_connector import (
    AccessRefused,
    ChannelError,
    ClaimsFees,
    FeeClaim,
    FeeClaimTold,
    NotSupported,
    OutcomeUnknown,
    Refused,
)
from oms_connector.marking import N_

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.core.money import to_minor
from oms_web.domain.payments import fee_claims as claims
from oms_web.domain.payments.fee_claims import Taken
from oms_web.sync import feeds
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "claim_fees"
TURN = 50
GONE = N_("The marketplace does not know this claim any more.")


def able(registry: Registry) -> frozenset[str]:
    """The kinds of channels that give their commission back."""
    return frozenset(key for key, one in registry.connectors.items()
                     if issubclass(one, ClaimsFees))


def run(engine: Engine, beat: Callable[[int, int], None] = lambda _a, _b: None) -> int:
    """Make or look after what is due; how many claims moved on."""
    with engine.works.reading(SYSTEM) as work:
        found = claims.due(work.session, work.now, TURN)
    moved = 0
    for number, claim_id in enumerate(found, 1):
        try:
            moved += _one(engine, claim_id)
        except (ChannelError, NotAllowedNow) as error:
            log.warning("fee claim %s waits: %s", claim_id, error)
        beat(number, len(found))
    return moved


def _one(engine: Engine, claim_id: int) -> bool:
    with engine.works.writing(SYSTEM) as work:
        taken = claims.take(work, claim_id)
    if taken is None:
        return False
    with connected(engine, taken.account_id) as (_account, connector):
        if not isinstance(connector, ClaimsFees):
            raise NotAllowedNow("This channel gives no commission back.")
        return _asked(engine, connector, taken)


def _asked(engine: Engine, connector: ClaimsFees, taken: Taken) -> bool:
    try:
        told = _told(connector, taken)
    except OutcomeUnknown as error:
        return _note(engine, taken, claims.UNKNOWN if taken.asks else "", why=str(error))
    except Refused as error:
        if taken.asks and not isinstance(error, NotSupported):
            return _note(engine, taken, claims.REJECTED, why=str(error))
        return _note(engine, taken, claims.OPEN if taken.leaves else "", why=str(error))
    except ChannelError as error:
        _note(engine, taken, _before(taken), why=str(error))
        if isinstance(error, AccessRefused):
            with engine.works.writing(SYSTEM) as work:
                feeds.break_account(work, taken.account_id, str(error))
        raise
    if told is None:
        return _note(engine, taken, "", why=GONE)
    amount = None if told.amount is None else to_minor(told.amount, told.currency)
    return _note(engine, taken, told.state, reference=told.reference, amount=amount,
                 currency=told.currency, why=told.message)


def _told(connector: ClaimsFees, taken: Taken) -> FeeClaimTold | None:
    ask = FeeClaim(taken.key, taken.order_ref, taken.line_ref, taken.offer_ref, taken.quantity,
                   taken.known)
    if taken.leaves:
        connector.withdraw_fee_claim(taken.reference)
        return FeeClaimTold(taken.reference, "withdrawn", taken.quantity)
    if not taken.asks:
        return connector.find_fee_claim(ask, taken.reference)
    known = connector.find_fee_claim(ask, taken.reference) if taken.doubtful else None
    return known or connector.claim_fee(ask)


def _before(taken: Taken) -> str:
    """The state that a claim goes back to where the marketplace was not reached."""
    return (claims.UNKNOWN if taken.doubtful else claims.ASKED) if taken.asks else ""


def _note(engine: Engine, taken: Taken, state: str, *, reference: str = "",
          amount: int | None = None, currency: str = "", why: str = "") -> bool:
    """Note an answer; an empty state: nothing is new but why."""
    with engine.works.writing(SYSTEM) as work:
        now = claims.get(work.session, taken.id).state
        return claims.note(work, taken, state or now, reference=reference, amount=amount,
                           currency=currency, why=why)
