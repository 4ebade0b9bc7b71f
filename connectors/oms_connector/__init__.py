"""The connector SDK: everything a connector may import, and all it needs.

A connector is a class with a ``manifest`` and whatever capabilities its channel has; each
capability is one small protocol below. The engine owns the network, the clock, retries, pace,
secrets and the database. A connector turns calls into requests and answers into these data
classes, and nothing else: no sockets, no sleeping, no state of its own.

    from oms_connector import Connector, Manifest, hookimpl

    class MyShop(Connector):
        manifest = Manifest(key="myshop", name="My shop", letters="My", version="1.0")

    @hookimpl
    def oms_connectors():
        return [MyShop]

Announced through the entry-point group ``oms.connectors``.
"""

from oms_connector.data import (
    Address,
    FileColumn,
    FileKind,
    FileProblem,
    FileSample,
    ItemResult,
    Offer,
    Order,
    OrderLine,
    OrderRef,
    Page,
    ParcelInfo,
    Payment,
    PriceItem,
    ProductRecord,
    RecordKind,
    Shipment,
    Skipped,
    StockItem,
    StockRecord,
    Unreadable,
)
from oms_connector.errors import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Conflict,
    CursorExpired,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from oms_connector.hooks import hookimpl, hookspec
from oms_connector.spec import (
    Capabilities,
    Connector,
    Context,
    FetchesOrders,
    Field,
    Http,
    ListsOffers,
    Manifest,
    PullsOrders,
    PushesShipments,
    PushesStock,
    ReadsFiles,
    Response,
    SweepsOrders,
    VerifiesAccess,
)
from oms_connector.version import API, ENTRY_POINTS

__all__ = [
    "API", "ENTRY_POINTS", "AccessRefused", "Address", "Capabilities", "ChannelDown",
    "ChannelError", "Conflict", "Connector", "Context", "CursorExpired", "FetchesOrders", "Field",
    "FileColumn", "FileKind", "FileProblem", "FileSample", "Http", "ItemResult", "ListsOffers",
    "Manifest", "NotFound", "NotSupported", "Offer", "Order", "OrderLine", "OrderRef",
    "OutcomeUnknown", "Page", "ParcelInfo", "Payment", "PriceItem", "ProductRecord", "PullsOrders",
    "PushesShipments", "PushesStock", "RateLimited", "ReadsFiles", "RecordKind", "Refused",
    "Response", "Shipment", "Skipped", "StockItem", "StockRecord", "SweepsOrders", "Unreadable",
    "VerifiesAccess", "hookimpl", "hookspec",
]
