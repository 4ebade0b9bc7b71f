"""``oms connectors``: what is installed, what it can do, and why something was refused."""

from __future__ import annotations

import click
from oms_connector import (
    CarriesParcels,
    Connector,
    FetchesOrders,
    FindsPoints,
    ListsOffers,
    PullsOrders,
    PushesShipments,
    PushesStock,
    RatesBookings,
    ReadsFiles,
    SweepsOrders,
    TracksParcels,
    VerifiesAccess,
)

from oms_web.cli.connector_kit import check, new
from oms_web.cli.groups import Group
from oms_web.sync.registry import load_registry

CAPABILITIES = (
    (PullsOrders, "orders"), (SweepsOrders, "sweep"), (FetchesOrders, "fetch"),
    (ListsOffers, "offers"), (PushesStock, "stock"), (PushesShipments, "shipments"),
    (CarriesParcels, "labels"), (RatesBookings, "prices"), (TracksParcels, "tracking"),
    (FindsPoints, "points"), (VerifiesAccess, "test"), (ReadsFiles, "files"),
)


@click.group(cls=Group)
def connectors() -> None:
    """Channels this installation can speak with."""


@connectors.command("list")
def list_() -> None:
    """Name every connector and what it can do.

    Exit code 1 if one was refused.
    """
    registry = load_registry()
    for key, connector in sorted(registry.connectors.items()):
        manifest = connector.manifest
        can = ", ".join(able(connector))
        click.echo(f"{key:<12} {manifest.name} {manifest.version}" + (f"  ({can})" if can else ""))
    for refusal in registry.refused:
        click.echo(f"{refusal.name:<12} refused: {refusal.reason}", err=True)
        click.echo(refusal.trace, err=True)
    if registry.refused:
        raise SystemExit(1)


def able(connector: type[Connector]) -> list[str]:
    """What a connector can do, in words."""
    return [word for capability, word in CAPABILITIES if issubclass(connector, capability)]


connectors.add_command(check)
connectors.add_command(new)
