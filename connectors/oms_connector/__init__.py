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

from oms_connector.access import (
    AuthorizesByCode,
    AuthorizesByDevice,
    DeviceCode,
    RefreshesTokens,
    RegistersClient,
    Tokens,
    bearer,
)
from oms_connector.bookkeeping import (
    BookChange,
    BookDocument,
    BookExchange,
    BookKind,
    BookLine,
    BookMethod,
    BookParty,
    BookPayment,
    BookSum,
    Entered,
    KeepsBooks,
)
from oms_connector.carrying import (
    Booked,
    Booking,
    CancelsBookings,
    CarrierService,
    CarriesParcels,
    ChecksBookings,
    FindsPoints,
    Flaw,
    Journey,
    LabelFile,
    LabelFormat,
    OrdersPickups,
    Package,
    ParcelSize,
    Pickup,
    PickupPoint,
    PrintsProtocols,
    Rate,
    RatesBookings,
    TracksParcels,
    Travel,
    TravelEvent,
)
from oms_connector.context import Context, Http, Response
from oms_connector.data import (
    Address,
    Dictionary,
    Invoice,
    ItemResult,
    Offer,
    Order,
    OrderLine,
    OrderRef,
    Page,
    ParcelInfo,
    Payment,
    PriceItem,
    RecordKind,
    Return,
    ReturnLine,
    Shipment,
    Skipped,
    Sms,
    SmsReport,
    StockItem,
    Unreadable,
    Word,
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
from oms_connector.files import (
    FileColumn,
    FileKind,
    FileProblem,
    FileSample,
    ProductRecord,
    ReadsFiles,
    StockRecord,
)
from oms_connector.hooks import hookimpl, hookspec
from oms_connector.manifest import Capabilities, Field, Limit, Manifest
from oms_connector.marking import N_
from oms_connector.paying import (
    AsksForPayments,
    ClaimsFees,
    FeeClaim,
    FeeClaimTold,
    PaymentAsk,
    PaymentLink,
    PaymentStanding,
    PaymentTold,
    RefundAsk,
    RefundLine,
    RefundReason,
    RefundsPayments,
    RefundTold,
    TellsPayments,
)
from oms_connector.spec import (
    AcknowledgesOrders,
    AnswersLater,
    CancelsOrders,
    Connector,
    FetchesOrders,
    KnowsWords,
    ListsOffers,
    PullsOrders,
    PullsReturns,
    PushesPrices,
    PushesShipments,
    PushesStatus,
    PushesStock,
    ReportsSms,
    SendsSms,
    SweepsOrders,
    UploadsInvoices,
    VerifiesAccess,
)
from oms_connector.talking import (
    Attached,
    BuyerMessage,
    MarksRead,
    MessageOut,
    PullsMessages,
    SendsMessages,
)
from oms_connector.version import API, ENTRY_POINTS
from oms_connector.webhooks import HearsWebhooks, OrdersWebhooks, Ring, WebhookRefused

__all__ = [
    "API", "ENTRY_POINTS", "N_", "AccessRefused", "AcknowledgesOrders", "Address", "AnswersLater",
    "AsksForPayments", "Attached", "AuthorizesByCode", "AuthorizesByDevice", "BookChange",
    "BookDocument", "BookExchange", "BookKind", "BookLine", "BookMethod", "BookParty",
    "BookPayment", "BookSum", "Booked", "Booking", "BuyerMessage", "CancelsBookings",
    "CancelsOrders", "Capabilities", "CarrierService", "CarriesParcels", "ChannelDown",
    "ChannelError", "ChecksBookings", "ClaimsFees", "Conflict", "Connector", "Context",
    "CursorExpired", "DeviceCode", "Dictionary", "Entered", "FeeClaim", "FeeClaimTold",
    "FetchesOrders", "Field", "FileColumn", "FileKind", "FileProblem", "FileSample", "FindsPoints",
    "Flaw", "HearsWebhooks", "Http", "Invoice", "ItemResult", "Journey", "KeepsBooks", "KnowsWords",
    "LabelFile", "LabelFormat", "Limit", "ListsOffers", "Manifest", "MarksRead", "MessageOut",
    "NotFound", "NotSupported", "Offer", "Order", "OrderLine", "OrderRef", "OrdersPickups",
    "OrdersWebhooks", "OutcomeUnknown", "Package", "Page", "ParcelInfo", "ParcelSize", "Payment",
    "PaymentAsk", "PaymentLink", "PaymentStanding", "PaymentTold", "Pickup", "PickupPoint",
    "PriceItem", "PrintsProtocols", "ProductRecord", "PullsMessages", "PullsOrders", "PullsReturns",
    "PushesPrices", "PushesShipments", "PushesStatus", "PushesStock", "Rate", "RateLimited",
    "RatesBookings", "ReadsFiles", "RecordKind", "RefreshesTokens", "RefundAsk", "RefundLine",
    "RefundReason", "RefundTold", "RefundsPayments", "Refused", "RegistersClient", "ReportsSms",
    "Response", "Return", "ReturnLine", "Ring", "SendsMessages", "SendsSms", "Shipment", "Skipped",
    "Sms", "SmsReport", "StockItem", "StockRecord", "SweepsOrders", "TellsPayments", "Tokens",
    "TracksParcels", "Travel", "TravelEvent", "Unreadable", "UploadsInvoices", "VerifiesAccess",
    "WebhookRefused", "Word", "bearer", "hookimpl", "hookspec",
]
