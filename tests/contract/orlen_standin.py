"""ORLEN Paczka as a stand-in: the web service of one partner, a .NET one.

Made after public clients of the service: the order of ``BusinessPack``, what comes as a data set
and what as plain elements, ``Err`` in every row, and the codes of scans.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oms_connector import Booking, Limit, Package, Response
from oms_connector.soap import Found
from oms_connector.testing import Absent, Carried, Clock
from oms_orlen import OrlenConnector
from oms_orlen.booking import point_code
from oms_orlen.reading import STATES, ZONE

from tests.contract.dhl24_standin import RECEIVER, SENDER, limited
from tests.contract.soap_standin import ANY, TEXT, SoapStandIn, answer, pdf, zpl

PARTNER, KEY = "KIT0000001", "orlen-key-of-the-kit"
NAMESPACE = "https://91.242.220.103/WebServicePwR"
CODES = {"announced": "200", "accepted": "210", "moving": "300", "out": "610", "waiting": "690",
         "delivered": "1000", "exception": "711", "returning": "709"}
POINTS = [("DS-100001-K1-02", "50-066", "APM"), ("DS-100002-K1-02", "50-067", "PKN"),
          ("DS-100003-K1-02", "50-068", "PPP"), ("DS-100004-K1-02", "50-069", "APM")]
LOGIN = (f"PartnerID {TEXT}", f"PartnerKey {TEXT}")
FORMAT = "Format PDF|PDF10|EPL|ZPL|ZPL_300DPI"
NUMBER = r"\d{13}"
ADDRESS = (f"EMail? {limited(60, 0)}", f"FirstName? {limited(30, 0)}",
           f"LastName? {limited(30, 0)}", f"CompanyName? {limited(70, 0)}",
           f"StreetName? {limited(30, 0)}",
           f"BuildingNumber? {limited(10, 0)}", f"FlatNumber? {limited(10, 0)}",
           f"City? {limited(30, 0)}", r"PostCode? (\d\d-\d{3})?", r"PhoneNumber \d{9}")
SCHEMA = {
    "GivePartnerStatus": LOGIN,
    "GenerateLabelBusinessPackListTwo": (
        *LOGIN, "AutoDestinationChange T|", FORMAT, "BusinessPackList Packs"),
    "Packs": ("BusinessPack+ BusinessPack",),
    "BusinessPack": (
        r"DestinationCode [A-Z]{2}-\d{6}-[A-Z0-9]{2}-[A-Z0-9]{2}",
        f"AlternativeDestinationCode? {ANY}", "BoxSize S|M|L", "PackValue?", "CashOnDelivery?",
        "AmountCashOnDelivery?", "Insurance?", *ADDRESS, *(f"Sender{one}" for one in ADDRESS),
        f"SenderOrders? {limited(30, 0)}", "ReturnDestinationCode?", "ReturnEMail?",
        "ReturnFirstName?", "ReturnLastName?", "ReturnCompanyName?", "ReturnStreetName?",
        "ReturnBuildingNumber?", "ReturnFlatNumber?", "ReturnCity?", "ReturnPostCode?",
        "ReturnPhoneNumber?", "ReturnPack?", f"TransferDescription? {limited(70, 0)}",
        "PrintAdress 1|2", "ReturnAvailable?", "ReturnQuantity?", "PrintType 1|2|3"),
    "LabelPrintDuplicateListTwo": (*LOGIN, FORMAT, "PackCodeList Codes"),
    "Codes": (f"string+ {NUMBER}",),
    "PutCustomerPackCanceled": (f"PackCode {NUMBER}", *LOGIN),
    "GiveMePackStatusFullHistoryList": ("PackCodes Codes", *LOGIN),
    "GiveMeAllLocationWithAllDataWithZipCode": (),
    "GenerateProtocol": (*LOGIN, "parcels Longs"),
    "Longs": (f"unsignedLong+ {NUMBER}",),
}


class Orlen(SoapStandIn):
    """One partner's parcels."""

    connector = OrlenConnector
    limits = (Limit(per_second=5, burst=10),)
    near = "Wrocław"
    namespace = NAMESPACE
    action = f"{NAMESPACE}/"
    is_qualified = True
    schema = SCHEMA
    unknown = "2999999999999"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.parcels: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, str]]] = {}
        self.is_open = True

    @property
    def settings(self):
        return {"place": "https://api.orlenpaczka.pl", "partner": PARTNER}

    @property
    def secrets(self):
        return {"key": KEY}

    def answer_to(self, operation: str, content: Found) -> Response:
        is_anybodys = operation == "GiveMeAllLocationWithAllDataWithZipCode"
        if not is_anybodys and (not self.is_open or content.text("PartnerKey") != KEY):
            return self.row(operation, 2, "Błędny PartnerID lub PartnerKey")
        return super().answer_to(operation, content)

    def row(self, operation: str, code: Any, said: str, **more: Any) -> Response:
        return answer(self.namespace, operation, {
            f"{operation}Result": {"Err": code, "ErrDes": said} | more})

    def do_GivePartnerStatus(self, content: Found) -> Response:
        return self.row("GivePartnerStatus", "000", "saved", PaymentType="POSTPAID",
                        CompanyName="Sklep Próbny")

    def do_GenerateLabelBusinessPackListTwo(self, content: Found) -> Response:
        operation = "GenerateLabelBusinessPackListTwo"
        asked = content.child("BusinessPackList", "BusinessPack")
        known = {point[0].split("-")[1]: point[0] for point in POINTS}
        code = known.get(asked.text("DestinationCode").split("-")[1])
        if code is None:
            return self.row(operation, 104, "Brak punktu dla Zofia Kitowska: DestinationCode")
        number = f"21{len(self.parcels) + 1:011d}"
        self.parcels[number] = {"key": asked.text("TransferDescription"), "point": code,
                                "postcode": asked.text("PostCode"), "size": asked.text("BoxSize")}
        self._scan(number, "200", "Zaawizowana do PwR")
        changed = code != asked.text("DestinationCode")
        row = {"@id": "1", "Err": "006" if changed else "000",
               "ErrDes": "Zmieniono DestinationCode" if changed else "saved",
               "PackCode_RUCH": number, "DestinationCode": code, "PackPrice": 1099,
               "PackPaid": "true"}
        # A data set: its schema names the same elements, and is none of its rows.
        return answer(self.namespace, operation, {
            f"{operation}Result": {
                "schema": {"element": {"Err": "no row", "PackCode_RUCH": "no row"}},
                "diffgram": {"NewDataSet": {operation: [row]}}},
            "LabelData": pdf(number)})

    def do_LabelPrintDuplicateListTwo(self, content: Found) -> Response:
        operation = "LabelPrintDuplicateListTwo"
        number = content.text("PackCodeList", "string")
        if number not in self.parcels:
            return self.row(operation, 106, "Brak paczki")
        draw = zpl if content.text("Format") == "ZPL" else pdf
        return answer(self.namespace, operation, {
            f"{operation}Result": {operation: [{"PackCode": number, "Err": 0, "ErrDes": "saved"}]},
            "LabelData": draw(number)})

    def do_PutCustomerPackCanceled(self, content: Found) -> Response:
        number = content.text("PackCode")
        there = self.scans.get(number)
        if there is None or there[-1]["Trans"] != "200":
            return self.row("PutCustomerPackCanceled", 210, "Nie można anulować")
        self._scan(number, "201", "Anulowane awizo")
        return self.row("PutCustomerPackCanceled", "000", "saved", PackCode=number)

    def do_GiveMePackStatusFullHistoryList(self, content: Found) -> Response:
        operation = "GiveMePackStatusFullHistoryList"
        asked = [one.value for one in content.child("PackCodes").all("string")]
        return answer(self.namespace, operation, {f"{operation}Result": {
            "PackStatus": [one for number in asked for one in self.scans.get(number, [])]}})

    def do_GiveMeAllLocationWithAllDataWithZipCode(self, content: Found) -> Response:
        operation = "GiveMeAllLocationWithAllDataWithZipCode"
        return answer(self.namespace, operation, {f"{operation}Result": {
            "LocationWithAllData2": [
                {"DestinationCode": code, "StreetName": "RYNEK", "BuildingNumber": "6",
                 "City": "Wrocław", "Zipcode": postcode, "OpeningHours": "Pn-Pt \n 8-20",
                 "Location": "Przy sklepie", "PSD": code.split("-")[1],
                 "Available": "N" if code == "DS-100004-K1-02" else "T", "PointType": kind,
                 "Latitude": "51,1", "Longitude": "17,03", "NearestPoints": {
                     "NearestPoint": [{"Name": "Inny", "Distance": 10}]}}
                for code, postcode, kind in POINTS]}})

    def do_GenerateProtocol(self, content: Found) -> Response:
        numbers = [one.value for one in content.child("parcels").all("unsignedLong")]
        return answer(self.namespace, "GenerateProtocol", {
            "GenerateProtocolResult": {"Err": 0, "ErrDes": "saved"}, "LabelData": pdf(*numbers)})

    def _scan(self, number: str, code: str, said: str, mark: str = "") -> None:
        local = self.now.astimezone(ZONE)
        self.scans.setdefault(number, []).append({
            "PackCode": number, "Trans": code, "Trans_Des": said,
            "Data": f"{local:%Y-%m-%dT%H:%M:%S}.9237746Z", "Attribute": mark})

    # What a carrier has and does

    def booking(self, key, wish="plain"):
        plain = Booking(key, "PACZKA", SENDER, RECEIVER, [Package(1250, size="S")],
                        point="DS-100002-K1-02", note="Zamówienie 12")
        if wish not in ("plain", "point"):
            raise Absent("one parcel a booking, no cash, no returns")
        return plain

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(plain.receiver, phone="123")), "receiver.phone"

    def bookings(self, key):
        return [Carried(number, "PACZKA", (), None, point_code(one["point"]), one["postcode"])
                for number, one in self.parcels.items()
                if one["key"] == key and self.scans[number][-1]["Trans"] != "201"]

    def travel(self, tracking, state):
        code = CODES[state]
        assert STATES[code] == state
        self._scan(tracking, code, "zdarzenie")
        return code

    # No ``revoke``: the list of points is everybody's, so the kit has the host say 401 instead.
