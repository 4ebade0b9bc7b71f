"""``oms demo``: the demo shop and the marketplace it sells on."""

from __future__ import annotations

import os
import sys

import click
from oms_connector import ChannelDown, ChannelError
from oms_demo import DemoConnector
from oms_demo.market.store import seller_token
from sqlalchemy import select

from oms_web.adapters.http import AccountHttp
from oms_web.cli.database import make_ready, opened
from oms_web.cli.groups import Group
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.demo import market_address, market_folder
from oms_web.demo import seed as seed_shop
from oms_web.domain.channels.models import ChannelAccount
from oms_web.paths import instance_dir
from oms_web.settings import load_settings
from oms_web.wiring import Oms, wire


@click.group(cls=Group)
def demo() -> None:
    """The demo shop and its marketplace."""


@demo.command()
def seed() -> None:
    """Fill the demo shop; what is there already is left alone."""
    oms = wire()
    make_ready(oms, click.echo)
    seed_shop(oms)
    click.echo("the demo shop is filled")


@demo.command()
@click.argument("count", type=click.IntRange(1, 200), default=1)
def place(count: int) -> None:
    """Let COUNT invented buyers buy something now. The marketplace must be running."""
    for number in _place(opened(), count):
        click.echo(number)


@demo.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of the setting demo_port.")
@click.option("--rate", type=click.FloatRange(0, 600), help="Orders a minute; 0: none.")
@click.option("--seed", "seed_", type=int, help="The same number makes the same buyers.")
def market(port: int | None, rate: float | None, seed_: int | None) -> None:
    """Run the marketplace by itself.

    'oms serve' runs it anyway for the demo shop.
    """
    settings = load_settings(instance_dir())
    command = [sys.executable, "-m", "oms_demo", "--port", str(port or settings.demo_port),
               "--data", str(market_folder(settings))]
    for name, value in (("--rate", rate), ("--seed", seed_)):
        command += [] if value is None else [name, str(value)]
    os.execv(command[0], command)  # noqa: S606 - the command is ours


def _place(oms: Oms, count: int) -> list[str]:
    """The numbers of orders placed now, at the marketplace that the demo channel sells on.

    Raises:
        NotAllowedNow: the marketplace is not there, or says no.
    """
    address = _address(oms)
    http = AccountHttp(
        DemoConnector.base_url({"url": address}),
        DemoConnector.auth_headers({"token": seller_token(market_folder(oms.settings))}),
        loopback=True,
    )
    try:
        answer = http.request("POST", "sandbox/purchases", json={"count": count})
        return list(answer.json()["orders"])
    except ChannelDown as error:
        raise NotAllowedNow(
            "The marketplace does not answer at %(address)s. 'oms serve' or 'oms demo market' "
            "starts it.", address=address) from error
    except (ChannelError, KeyError) as error:
        raise NotAllowedNow("The marketplace at %(address)s refuses: %(why)s.",
                            address=address, why=error) from error
    finally:
        http.close()


def _address(oms: Oms) -> str:
    """Where the demo channel of this shop is; without one, where the settings say."""
    with oms.works.reading(SYSTEM) as work:
        settings = work.session.scalar(
            select(ChannelAccount.settings)
            .where(ChannelAccount.connector == DemoConnector.manifest.key,
                   ChannelAccount.archived_at.is_(None))
            .order_by(ChannelAccount.id).limit(1)
        )
    return str((settings or {}).get("url") or market_address(oms.settings))
