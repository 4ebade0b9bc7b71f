"""``oms sync``: read channels now and do what follows, in the foreground."""

from __future__ import annotations

import click
from sqlalchemy import select

from oms_web.cli.database import opened
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotFound
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import accounts, feeds
from oms_web.sync.offers import read_offers
from oms_web.sync.pull import pull
from oms_web.sync.push_stock import push_stock
from oms_web.sync.session import Engine
from oms_web.wiring import Oms


@click.command()
@click.argument("name", required=False)
@click.option("--replay", is_flag=True, help="Read the orders again from the beginning.")
def sync(name: str | None, replay: bool) -> None:
    """Read orders and offers of the channel NAME (or of all), then send quantities."""
    oms = opened()
    engine = Engine(oms.works, oms.registry)
    failed = False
    for account in _accounts(oms, name):
        if replay:
            with oms.works.writing(SYSTEM) as work:
                accounts.replay(work, account.id)
        try:
            _one(engine, account)
        except Exception as error:
            click.echo(f"{account.name}: {feeds.describe(error)}", err=True)
            failed = True
    if failed:
        raise SystemExit(1)


def _accounts(oms: Oms, name: str | None) -> list[ChannelAccount]:
    query = select(ChannelAccount).where(
        ChannelAccount.archived_at.is_(None), ChannelAccount.state == "active"
    ).order_by(ChannelAccount.name)
    if name:
        query = query.where(ChannelAccount.name == name)
    with oms.works.reading(SYSTEM) as work:
        found = list(work.session.scalars(query))
    if name and not found:
        raise NotFound("There is no active channel %(name)s.", name=name)
    return found


def _one(engine: Engine, account: ChannelAccount) -> None:
    connector = engine.registry.get(account.connector)
    if connector is None:
        click.echo(f"{account.name}: the connector {account.connector} is not installed", err=True)
        return
    have = feeds.feeds_of(connector)
    if feeds.ORDERS in have:
        pulled = pull(engine, account.id, feeds.ORDERS)
        click.echo(f"{account.name}: {counted(pulled.added, 'new order')}, "
                   f"{pulled.changed} changed, {pulled.same} as before, "
                   f"{pulled.quarantined} not read")
    if feeds.OFFERS in have:
        click.echo(f"{account.name}: {counted(read_offers(engine, account.id), 'offer')} read")
    pushed = push_stock(engine, account.id)
    click.echo(f"{account.name}: {counted(pushed.applied, 'quantity', 'quantities')} accepted, "
               f"{pushed.rejected} refused, {pushed.later} again later")


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 new order``, ``2 new orders``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
