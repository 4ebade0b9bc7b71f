"""The carriers that were looked into, and what of each has to be known. Pure.

Another one is a row here: its addresses, its form, what it sells, and where its request says what.
Whoever adds it reads what karrio makes of a booking first; ``docs/connectors/karrio.md`` names
those that were looked at and left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from oms_connector import CarrierService, Field, Travel

from oms_karrio import words

UNION = ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
         "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")
"""Between these goods need no customs papers, which a booking does not have."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What must stand at a path. ``field`` of the booking is to blame where something else does."""

    path: str
    value: Any
    field: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Where a request says who sends or receives.

    ``names``: a person's and a company's, in whatever order. ``street``: one line, joined by gaps.
    """

    names: Sequence[str]
    street: Sequence[str]
    postcode: str
    city: str
    country: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a carrier's request says what.

    A path is names with dots between them, ``*`` for each of a list. Weights are kilograms and
    measures centimetres; ``fixed`` and ``measured_in`` hold them to that. ``account``: path ->
    the setting whose value must stand there. ``wishes``: what of a booking's wishes
    (``checking.WISHES``) is told, and where; another wish is refused. ``plain``: what may stand
    there with any value, since it orders nothing. Whatever else stands in a request is refused.
    """

    weights: str
    measures: tuple[str, str, str]
    sender: Party
    receiver: Party
    service: str
    reference: str
    measured_in: Fixed
    fixed: Sequence[Fixed]
    account: Mapping[str, str]
    plain: Sequence[str]
    wishes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """Something a carrier sells. ``code`` is its own word for it, ``sold.ref`` karrio's."""

    code: str
    sold: CarrierService


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier. ``key`` is karrio's name of it, ``blames`` the setting that is wrong when it
    lets nobody in.

    ``live`` and ``test`` are addresses. ``label`` is karrio's word for a PDF of a label printer's
    size. ``house``: the number stands in the street's line, or in a field of its own. ``zone``:
    whose clock scans are told by where no offset is. ``knows_none`` and ``no_access``: codes by
    which it answers that it knows no such parcel, or not who asks. ``codes``: what scans mean where
    karrio knows less.
    """

    key: str
    name: str
    letters: str
    hue: int
    live: str
    test: str
    blames: str
    settings: Sequence[Field]
    services: Sequence[Service]
    senders: Sequence[str]
    label: str
    house: Literal["line", "apart"]
    longest: Mapping[str, int]
    layout: Layout
    zone: str
    insures: bool = False
    knows_none: Sequence[str] = ()
    no_access: Sequence[str] = ()
    codes: Mapping[str, Travel] = field(default_factory=dict)

    @property
    def sold(self) -> Sequence[CarrierService]:
        """What it sells, in the SDK's terms."""
        return [one.sold for one in self.services]


def _sold(ref: str, name: str, code: str, countries: Sequence[str], heaviest_g: int) -> Service:
    return Service(code, CarrierService(ref, name, heaviest_g=heaviest_g, countries=countries))


_FEDEX = "requestedShipment."
_FEDEX_BOX = _FEDEX + "requestedPackageLineItems.*."


def _fedex_party(path: str) -> Party:
    return Party(
        names=(f"{path}.contact.personName", f"{path}.contact.companyName"),
        street=(f"{path}.address.streetLines.*",),
        postcode=f"{path}.address.postalCode", city=f"{path}.address.city",
        country=f"{path}.address.countryCode", phone=f"{path}.contact.phoneNumber")


_FEDEX_PAYER = "requestedShipment.shippingChargesPayment.payor.responsibleParty."

FEDEX = Carrier(
    key="fedex", name="FedEx", letters="Fx", hue=275,
    live="https://apis.fedex.com", test="https://apis-sandbox.fedex.com", blames="secret_key",
    settings=(
        Field("api_key", words.API_KEY), Field("secret_key", words.SECRET_KEY, secret=True),
        Field("account_number", words.ACCOUNT),
        Field("track_api_key", words.TRACK_KEY, required=False, help=words.TRACK_HELP),
        Field("track_secret_key", words.TRACK_SECRET, required=False, secret=True,
              help=words.TRACK_HELP),
    ),
    services=(
        _sold("fedex_regional_economy", "FedEx Regional Economy", "FEDEX_REGIONAL_ECONOMY", UNION,
              68_000),
        _sold("fedex_international_economy", "FedEx International Economy",
              "INTERNATIONAL_ECONOMY", UNION, 68_000),
        _sold("fedex_international_connect_plus", "FedEx International Connect Plus",
              "FEDEX_INTERNATIONAL_CONNECT_PLUS", UNION, 68_000),
        _sold("fedex_international_priority", "FedEx International Priority",
              "FEDEX_INTERNATIONAL_PRIORITY", UNION, 68_000),
        _sold("fedex_international_priority_express", "FedEx International Priority Express",
              "FEDEX_INTERNATIONAL_PRIORITY_EXPRESS", UNION, 68_000),
        _sold("fedex_priority_overnight", "FedEx Priority", "PRIORITY_OVERNIGHT", UNION, 68_000),
    ),
    senders=UNION, label="PDF_4x6", house="line",
    longest=MappingProxyType({"name": 35, "street": 70, "city": 35, "postcode": 10,
                              "phone": 15}),
    layout=Layout(
        weights=_FEDEX_BOX + "weight.value",
        measures=(_FEDEX_BOX + "dimensions.length", _FEDEX_BOX + "dimensions.width",
                  _FEDEX_BOX + "dimensions.height"),
        sender=_fedex_party("requestedShipment.shipper"),
        receiver=_fedex_party("requestedShipment.recipients.*"),
        service=_FEDEX + "serviceType", reference=_FEDEX_BOX + "customerReferences.*.value",
        measured_in=Fixed(_FEDEX_BOX + "dimensions.units", "CM"),
        account=MappingProxyType({
            "accountNumber.value": "account_number",
            _FEDEX_PAYER + "accountNumber.value": "account_number"}),
        fixed=(
            Fixed(_FEDEX_BOX + "weight.units", "KG", "packages.0.weight_g"),
            Fixed(_FEDEX_BOX + "groupPackageCount", 1, "packages"),
            Fixed(_FEDEX + "totalPackageCount", 1, "packages"),
            Fixed(_FEDEX + "labelSpecification.imageType", "PDF"),
            Fixed(_FEDEX + "labelSpecification.labelStockType", "STOCK_4X6"),
            Fixed(_FEDEX + "shippingChargesPayment.paymentType", "SENDER"),
            Fixed("shipAction", "CONFIRM"), Fixed("labelResponseOptions", "LABEL"),
            Fixed(_FEDEX + "pickupType", "DROPOFF_AT_FEDEX_LOCATION"),
            Fixed(_FEDEX + "packagingType", "YOUR_PACKAGING"),
        ),
        plain=(
            # Whose account pays is held; the payer's address is the sender's once more.
            *(_FEDEX_PAYER + name for name in (
                "address.city", "address.countryCode", "address.postalCode",
                "address.streetLines.*", "contact.companyName", "contact.emailAddress",
                "contact.personName", "contact.phoneNumber")),
            *(_FEDEX + name for name in (
                "labelSpecification.labelFormatType", "labelSpecification.labelOrder",
                "rateRequestType.*", "recipients.*.contact.emailAddress",
                "shipper.contact.emailAddress", "shipDatestamp", "totalWeight")),
            *(_FEDEX_BOX + name for name in (
                "customerReferences.*.customerReferenceType", "itemDescription",
                "subPackagingType")),
            # A kind of paper that nothing is written on: customs papers are not let through.
            *(_FEDEX + "shippingDocumentSpecification." + name for name in (
                "commercialInvoiceDetail.documentFormat.docType",
                "commercialInvoiceDetail.documentFormat.stockType", "shippingDocumentTypes.*")),
        ),
        wishes=MappingProxyType({"insured": (_FEDEX + "totalDeclaredValue.amount",
                                             _FEDEX_BOX + "declaredValue.amount")}),
    ),
    zone="UTC", insures=True,
)


def _dhl_party(path: str, phone: str = "") -> Party:
    return Party(
        names=(f"{path}.name1", f"{path}.name2"),
        street=(f"{path}.addressStreet", f"{path}.addressHouse"),
        postcode=f"{path}.postalCode", city=f"{path}.city", country=f"{path}.country", phone=phone)


_DHL = "body.shipments.*."

DHL_PARCEL_DE = Carrier(
    key="dhl_parcel_de", name="DHL Parcel DE", letters="DP", hue=50,
    live="https://api-eu.dhl.com", test="https://api-sandbox.dhl.com", blames="password",
    settings=(
        Field("username", words.USER), Field("password", words.PASSWORD, secret=True),
        Field("client_id", words.API_KEY), Field("client_secret", words.SECRET_KEY, secret=True),
        Field("billing_number", words.BILLING, help=words.BILLING_HELP),
    ),
    services=(_sold("dhl_parcel_de_paket", "DHL Paket", "V01PAK", ("DE",), 31_500),),
    senders=("DE",), label="PDF_910_300_300", house="apart",
    longest=MappingProxyType({"name": 50, "street": 60, "city": 40, "postcode": 10,
                              "phone": 20}),
    layout=Layout(
        weights=_DHL + "details.weight.value",
        measures=(_DHL + "details.dim.length", _DHL + "details.dim.width",
                  _DHL + "details.dim.height"),
        sender=_dhl_party("body.shipments.*.shipper"),
        receiver=_dhl_party("body.shipments.*.consignee", _DHL + "consignee.phone"),
        service=_DHL + "product", reference=_DHL + "refNo",
        measured_in=Fixed(_DHL + "details.dim.uom", "cm"),
        account=MappingProxyType({_DHL + "billingNumber": "billing_number"}),
        fixed=(
            Fixed(_DHL + "details.weight.uom", "kg", "packages.0.weight_g"),
            Fixed("query.docFormat", "PDF"), Fixed("query.printFormat", "910-300-300"),
            # What cannot be delivered comes back.
            Fixed(_DHL + "services.endorsement", "RETURN"),
        ),
        plain=("body.profile", "query.combine", "query.includeDocs",
               *(_DHL + name for name in (
                   "shipDate", "shipper.contactName", "shipper.email", "consignee.contactName",
                   "consignee.email", "consignee.name"))),
        countries=MappingProxyType({"DEU": "DE"}),
    ),
    zone="Europe/Berlin", knows_none=("100", "200"), no_access=("5", "6", "62"),
    codes=MappingProxyType({"ES": "accepted", "AE": "accepted", "PO": "out"}),
)
