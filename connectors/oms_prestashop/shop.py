"""What holds for the whole shop: its time zone, its currency, the numbers of its statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oms_connector import ChannelDown
from oms_connector.reading import value

from oms_prestashop import words
from oms_prestashop.calls import Api
from oms_prestashop.clock import Clock

STATUSES = ("PS_OS_SHIPPING", "PS_OS_DELIVERED", "PS_OS_CANCELED", "PS_OS_REFUND", "PS_OS_ERROR")
ASKED = ("PS_TIMEZONE", "PS_CURRENCY_DEFAULT", "PS_SHOP_NAME", *STATUSES)


@dataclass(frozen=True, slots=True)
class Shop:
    """``settings``: PrestaShop's own, by name. ``clock``: what it says of moments."""

    settings: Mapping[str, str]
    clock: Clock

    def status(self, name: str) -> str:
        """The number of one of PrestaShop's own statuses: ``SHIPPING``, ``CANCELED``, ..."""
        return self.settings[f"PS_OS_{name}"]


def load(api: Api) -> Shop:
    """Ask for what holds for the shop. One request.

    Raises:
        ChannelDown: something of it is missing, or its time zone is not known here.
    """
    rows = api.of("configurations", "[id,name,value,id_shop]", "name", ASKED)
    found: dict[str, str] = {}
    for row in rows:
        name, told, of = value(row, "name"), value(row, "value"), value(row, "id_shop")
        # In a multistore each shop may have its own; what is for all has no shop.
        if isinstance(name, str) and (name not in found or (of and str(of) == api.shop)):
            found[name] = str(told or "")
    missing = [name for name in ASKED if not found.get(name) and name != "PS_SHOP_NAME"]
    if missing:
        raise ChannelDown(words.LACKS % {"names": ", ".join(missing)})
    return Shop(found, Clock(found["PS_TIMEZONE"]))


def currency(api: Api, shop: Shop) -> str:
    """The currency of the shop's prices."""
    number = shop.settings["PS_CURRENCY_DEFAULT"]
    rows = api.of("currencies", "[id,iso_code]", "id", [number])
    code = next((value(row, "iso_code") for row in rows if str(value(row, "id")) == number), None)
    if not isinstance(code, str) or not code:
        raise ChannelDown(words.LACKS % {"names": "iso_code"})
    return code
