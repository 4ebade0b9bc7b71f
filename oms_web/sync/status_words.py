"""A channel's own words for our statuses: asked for, chosen by the seller, kept at the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oms_connector import Connector, KnowsWords, PushesStatus, Word
from sqlalchemy import select

from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.service import get_account
from oms_web.domain.orders.models import Status
from oms_web.sync.session import Engine, connected

LONGEST = 120


def can(connector: type[Connector]) -> bool:
    """Whether a channel has statuses of its own that can be set."""
    return issubclass(connector, PushesStatus) and issubclass(connector, KnowsWords)


def ask(engine: Engine, account_id: int) -> Sequence[Word]:
    """The statuses that the channel has.

    Raises:
        NotFound: it has none that can be set.
        ChannelError: it failed.
    """
    with connected(engine, account_id) as (_account, connector):
        if not isinstance(connector, KnowsWords) or not isinstance(connector, PushesStatus):
            raise NotFound("This channel has no statuses of its own.")
        return connector.words("statuses")


def ours(work: Work) -> Sequence[Status]:
    """The seller's statuses in use, in their order."""
    return work.session.scalars(
        select(Status).where(Status.archived_at.is_(None)).order_by(Status.position, Status.id)
    ).all()


def choose(work: Work, account_id: int, chosen: Mapping[int, str]) -> bool:
    """Tell these words for these statuses (ids) from now on; an empty word: tell nothing.

    Returns:
        Whether that is another choice than before.
    """
    account = get_account(work.session, account_id)
    names = {status.id: status.name for status in ours(work)}
    words = {str(id_): chosen[id_][:LONGEST] for id_ in names if chosen.get(id_)}
    before = dict(account.status_words)
    if before == words:
        return False
    account.status_words = words
    audit.record(work, "channels.statuses", "channel_account", account_id, {
        name: [before.get(str(id_)), words.get(str(id_))] for id_, name in names.items()
        if before.get(str(id_)) != words.get(str(id_))})
    return True
