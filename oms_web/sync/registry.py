"""Which connectors are installed, and why others were refused. A bad plugin hurts nobody."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

import pluggy
from oms_connector import (
    API,
    ENTRY_POINTS,
    AsksForPayments,
    CarriesParcels,
    Connector,
    KeepsBooks,
    PullsOrders,
    PushesStock,
    SendsSms,
    hooks,
)

from oms_web.core.errors import NotAllowedNow

log = logging.getLogger(__name__)

# The same way in as any third party's; named here too, so that a checkout needs no installation.
BUILT_IN = (
    EntryPoint("allegro", "oms_allegro", ENTRY_POINTS),
    EntryPoint("amazon", "oms_amazon", ENTRY_POINTS),
    EntryPoint("api", "oms_api", ENTRY_POINTS),
    EntryPoint("demo", "oms_demo", ENTRY_POINTS),
    EntryPoint("dhl24", "oms_dhl24", ENTRY_POINTS),
    EntryPoint("dpd", "oms_dpd", ENTRY_POINTS),
    EntryPoint("fakturownia", "oms_fakturownia", ENTRY_POINTS),
    EntryPoint("files", "oms_files", ENTRY_POINTS),
    EntryPoint("furgonetka", "oms_furgonetka", ENTRY_POINTS),
    EntryPoint("gls", "oms_gls", ENTRY_POINTS),
    EntryPoint("inpost", "oms_inpost", ENTRY_POINTS),
    EntryPoint("medusa", "oms_medusa", ENTRY_POINTS),
    EntryPoint("orlen", "oms_orlen", ENTRY_POINTS),
    EntryPoint("payu", "oms_payu", ENTRY_POINTS),
    EntryPoint("poczta", "oms_poczta", ENTRY_POINTS),
    EntryPoint("prestashop", "oms_prestashop", ENTRY_POINTS),
    EntryPoint("przelewy24", "oms_przelewy24", ENTRY_POINTS),
    EntryPoint("shopify", "oms_shopify", ENTRY_POINTS),
    EntryPoint("smsapi", "oms_smsapi", ENTRY_POINTS),
    EntryPoint("stripe", "oms_stripe", ENTRY_POINTS),
    EntryPoint("tpay", "oms_tpay", ENTRY_POINTS),
    EntryPoint("ups", "oms_ups", ENTRY_POINTS),
    EntryPoint("vendure", "oms_vendure", ENTRY_POINTS),
    EntryPoint("woocommerce", "oms_woocommerce", ENTRY_POINTS),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A plugin that was not loaded: its entry point, one sentence, and the traceback if any."""

    name: str
    reason: str
    trace: str = ""


@dataclass(slots=True)
class Registry:
    """Connector classes by key."""

    connectors: dict[str, type[Connector]] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    def get(self, key: str) -> type[Connector] | None:
        """A connector class; None when it is not installed (any more)."""
        return self.connectors.get(key)

    def sells(self, key: str) -> bool:
        """Whether orders may come from accounts of this connector."""
        return is_shop(self.connectors.get(key))


def is_shop(connector: type[Connector] | None) -> bool:
    """Whether orders may come from it: not from a carrier, a payment provider, a gateway to phones
    or an accounting program. One that is not installed any more may have been a shop.
    """
    return connector is None or issubclass(connector, PullsOrders | PushesStock) \
        or not issubclass(connector, SendsSms | CarriesParcels | AsksForPayments | KeepsBooks)


def load_registry(points: Iterable[EntryPoint] | None = None) -> Registry:
    """Load every announced plugin, each within its own guard."""
    if points is None:
        installed = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
        points = ({point.name: point for point in BUILT_IN} | installed).values()
    registry = Registry()
    manager = pluggy.PluginManager("oms_connector")
    manager.add_hookspecs(hooks)
    for point in sorted(points, key=lambda point: point.name):
        _load(manager, registry, point)
    return registry


def _load(manager: pluggy.PluginManager, registry: Registry, point: EntryPoint) -> None:
    try:
        plugin = point.load()
        manager.register(plugin, name=point.name)
        manager.check_pending()
        caller = manager.subset_hook_caller(
            "oms_connectors",
            [other for name, other in manager.list_name_plugin() if name != point.name],
        )
        for connector in (found for answer in caller() for found in answer):
            _admit(registry, point.name, connector)
    except Exception as error:
        log.warning("plugin %s refused: %s", point.name, error)
        registry.refused.append(Refusal(point.name, str(error), traceback.format_exc()))
        if manager.has_plugin(point.name):
            manager.unregister(name=point.name)


def _admit(registry: Registry, name: str, connector: type[Connector]) -> None:
    manifest = connector.manifest
    if manifest.api[0] != API[0] or manifest.api[1] > API[1]:
        registry.refused.append(Refusal(name, str(NotAllowedNow(
            "%(key)s is made for version %(theirs)s of the SDK, this is %(ours)s",
            key=manifest.key, theirs=_dotted(manifest.api), ours=_dotted(API)))))
    elif manifest.key in registry.connectors:
        registry.refused.append(Refusal(name, str(NotAllowedNow(
            "The key %(key)s is taken already, by %(module)s.", key=manifest.key,
            module=registry.connectors[manifest.key].__module__))))
    else:
        registry.connectors[manifest.key] = connector


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def comes_with_the_app(connector: type[Connector]) -> bool:
    """Whether it is one of ours, which our own tests hold to what its manifest says."""
    return connector.__module__.partition(".")[0] in {point.value for point in BUILT_IN}
