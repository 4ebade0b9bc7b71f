"""Which accounts are places where we sell, and which carry, pay, write or keep books for us."""

from __future__ import annotations

from oms_connector import (
    AsksForPayments,
    CarriesParcels,
    Connector,
    KeepsBooks,
    PullsOrders,
    PushesStock,
    SendsSms,
)

from oms_web.domain.channels.models import ChannelAccount
from oms_web.web.door import oms


def is_shop(connector: type[Connector] | None) -> bool:
    """Whether orders may come from it; one that is not installed any more may have been a shop."""
    return connector is None or issubclass(connector, PullsOrders | PushesStock) \
        or not issubclass(connector, SendsSms | CarriesParcels | AsksForPayments | KeepsBooks)


def sells(account: ChannelAccount) -> bool:
    """Whether orders may come from an account."""
    return is_shop(oms().registry.get(account.connector))
