"""DHL24 as a stand-in: WebAPI2 of one account, strict about every structure it documents.

Made after the vendor's documentation of WebAPI2 (createShipment, getLabels, getLabelsData,
getMyShipments, getTrackAndTraceInfo, deleteShipment, bookCourier, getNearestServicepoints) and the
element order of its schema as public clients generated it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from oms_connector import Address, Booking, Limit, Package, Response
from oms_connector.soap import Found
from oms_connector.testing import Absent, Carried, Clock
from oms_dhl24 import Dhl24Connector
from oms_dhl24.reading import STATES, ZONE

from tests.contract.soap_standin import (
    AMOUNT,
    ANY,
    DAY,
    HOUR,
    WHOLE,
    SoapStandIn,
    answer,
    fault,
    pdf,
    zpl,
)

PASSWORD = "dhl24-password-of-the-kit"
SENDER = Address("Jan Magazynier", "Sklep Próbny", "Magazynowa 1", "00-950", "Warszawa", "", "PL",
                 "600100200", "wysylka@kit.example")
RECEIVER = Address("Zofia Kitowska", "", "ul. Kiciowa 7/3", "50-066", "Wrocław", "", "PL",
                   "600300400", "zofia@kit.example")
NAMESPACE = "https://dhl24.com.pl/webapi2/provider/service.html?ws=1"
DAY_OF_GRACE = timedelta(days=1)
CODES = {"announced": "EDWP", "accepted": "DWP", "moving": "SORT", "out": "LK",
         "waiting": "SP_DSP", "delivered": "DOR", "exception": "AWI"}
POINTS = [("4500001", "Żabka Rynek", "50-066"), ("4500002", "Kiosk Dworzec", "50-067"),
          ("4500003", "Inmedio Galeria", "50-068")]


def limited(most: int, least: int = 1) -> str:
    return rf"[^\n]{{{least},{most}}}"


LOGIN = "authData AuthData"
SCHEMA = {
    "AuthData": ("username", "password"),
    "getMyShipmentsCount": (LOGIN, f"createdFrom {DAY}", f"createdTo {DAY}"),
    "getMyShipments": (LOGIN, f"createdFrom {DAY}", f"createdTo {DAY}", f"offset {WHOLE}"),
    "createShipment": (LOGIN, "shipment CreateShipmentRequest"),
    "CreateShipmentRequest": (
        "shipmentInfo ShipmentInfo", f"content {limited(30)}", f"comment? {limited(100)}",
        f"reference? {limited(200)}", "ship Ship", "pieceList Pieces"),
    "ShipmentInfo": (
        r"wayBill? \d{11}", "dropOffType REGULAR_PICKUP|REQUEST_COURIER|COURIER_ONLY",
        "serviceType AH|PR|09|12|DW|SP|EK|PI|CP|CM", "billing Billing",
        "specialServices? Services", "shipmentTime ShipmentTime",
        "labelType LP|BLP|LBLP|ZBLP|ZBLP300"),
    "Billing": ("shippingPaymentType SHIPPER|RECEIVER|USER", r"billingAccountNumber \d{7}",
                "paymentType CASH|BANK_TRANSFER", f"costsCenter? {limited(20)}"),
    "Services": ("item+ Service",),
    "Service": ("serviceType 1722|SOBOTA|NAD_SOBOTA|UBEZP|COD|PDI|ROD|POD|SAS|ODB",
                f"serviceValue? {AMOUNT}", "textInstruction?",
                "collectOnDeliveryForm? BANK_TRANSFER"),
    "ShipmentTime": (f"shipmentDate {DAY}", f"shipmentStartHour {HOUR}",
                     f"shipmentEndHour {HOUR}"),
    "Ship": ("shipper Shipper", "receiver Receiver", r"servicePointAccountNumber? \d{7}"),
    "Shipper": ("preaviso? Contact", "contact? Contact", "address Address"),
    "Receiver": ("preaviso? Contact", "contact? Contact", "address ReceiverAddress"),
    "Contact": (f"personName? {limited(60)}", f"phoneNumber? {limited(20)}",
                f"emailAddress? {limited(60)}"),
    "Address": (f"name {limited(60)}", r"postalCode \d{5}", f"city {limited(17)}",
                f"street {limited(35)}", f"houseNumber {limited(10)}",
                f"apartmentNumber? {limited(10)}"),
    "ReceiverAddress": (
        "country [A-Z]{2}", "isPackstation?", "isPostfiliale?", "postnummer?",
        "addressType B|C", f"name {limited(60)}", f"postalCode {limited(10)}",
        f"city {limited(17)}", f"street {limited(35)}", f"houseNumber {limited(10)}",
        f"apartmentNumber? {limited(10)}"),
    "Pieces": ("item+ Piece",),
    "Piece": ("type ENVELOPE|PACKAGE|PALLET", "euroReturn?", f"weight {AMOUNT}",
              f"width? {WHOLE}", f"height? {WHOLE}", f"length? {WHOLE}", f"quantity {WHOLE}",
              "nonStandard? true|false", "blpPieceId?"),
    "getLabels": (LOGIN, "itemsToPrint Prints"),
    "Prints": ("item+ Print",),
    "Print": ("labelType LP|BLP|LBLP|ZBLP|ZBLP300", f"shipmentId {WHOLE}"),
    "getLabelsData": (LOGIN, "itemsToLabelData Datas"),
    "Datas": ("item+ Data",),
    "Data": (f"shipmentId {WHOLE}",),
    "deleteShipment": (LOGIN, "shipment Deleted"),
    "Deleted": (f"shipmentIdentificationNumber {WHOLE}", "dispatchIdentificationNumber?"),
    "getTrackAndTraceInfo": (LOGIN, f"shipmentId {WHOLE}"),
    "bookCourier": (LOGIN, f"pickupDate {DAY}", f"pickupTimeFrom {HOUR}", f"pickupTimeTo {HOUR}",
                    f"additionalInfo? {limited(50)}", "shipmentIdList? Ids",
                    "shipmentOrderInfo?", "courierWithLabel?"),
    "Ids": (f"item+ {WHOLE}",),
    "getNearestServicepoints": (LOGIN, "structure Near"),
    "Near": ("country [A-Z]{2}", r"postcode? \d{5}", f"city? {ANY}", f"radius {WHOLE}"),
}


class Dhl24(SoapStandIn):
    """One account. A shipment's number is the tracking number of all its pieces."""

    connector = Dhl24Connector
    limits = (Limit(per_second=5, burst=10),)
    near = "Wrocław"
    namespace = NAMESPACE
    action = f"{NAMESPACE}#"
    schema = SCHEMA
    unknown = "99900099900"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.there: dict[str, dict[str, Any]] = {}
        self.visits: dict[str, dict[str, Any]] = {}
        self.scans: dict[str, list[dict[str, str]]] = {}
        self.is_open = True

    @property
    def settings(self):
        return {"place": "https://dhl24.com.pl", "username": "KIT_API", "account": "1204663",
                "costs_center": ""}

    @property
    def secrets(self):
        return {"password": PASSWORD}

    @property
    def today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def answer_to(self, operation: str, content: Found) -> Response:
        login = content.child("authData")
        if not self.is_open or (login.text("username"), login.text("password")) \
                != ("KIT_API", PASSWORD):
            return fault("100", "Nieprawidłowe dane autoryzacyjne")
        return super().answer_to(operation, content)

    def said(self, operation: str, content: Any) -> Response:
        return answer(self.namespace, operation, {f"{operation}Result": content})

    def do_getMyShipmentsCount(self, content: Found) -> Response:
        return self.said("getMyShipmentsCount", len(self.there))

    def do_createShipment(self, content: Found) -> Response:
        asked = content.child("shipment")
        info, ship = asked.child("shipmentInfo"), asked.child("ship")
        services = {one.text("serviceType"): one.text("serviceValue")
                    for one in info.child("specialServices").all("item")}
        day = date.fromisoformat(info.text("shipmentTime", "shipmentDate"))
        if self.today - day > DAY_OF_GRACE:
            return fault("124", "Data nadania nie może być z przeszłości")
        if ship.text("receiver", "address", "postalCode") == "00000":
            return fault("201", "Nieprawidłowy kod pocztowy odbiorcy: Zofia Kitowska")
        if "COD" in services and Decimal(services.get("UBEZP", "0")) < Decimal(services["COD"]):
            return fault("305", "Wartość ubezpieczenia nie może być mniejsza niż kwota pobrania")
        if info.text("serviceType") == "SP" and not ship.text("servicePointAccountNumber"):
            return fault("401", "Brak numeru punktu ServicePoint")
        number = f"{15_000_000_000 + len(self.there) + 1}"
        self.there[number] = {
            "reference": asked.text("reference"), "created": self.today, "order": "",
            "service": info.text("serviceType"), "cod": services.get("COD"),
            "point": ship.text("servicePointAccountNumber"),
            "postcode": ship.text("receiver", "address", "postalCode"),
            "pieces": [one.text("weight") for one in asked.child("pieceList").all("item")]}
        self.scans[number] = []
        return self.said("createShipment", {
            "shipmentNotificationNumber": number, "shipmentTrackingNumber": number,
            "packagesTrackingNumbers": "JJD000030", "dispatchNotificationNumber": None,
            "label": {"labelType": "BLP", "labelFormat": "application/pdf", "labelContent": ""}})

    def do_getMyShipments(self, content: Found) -> Response:
        span = (content.text("createdFrom"), content.text("createdTo"))
        rows = [number for number, one in sorted(self.there.items(), reverse=True)
                if span[0] <= one["created"].isoformat() <= span[1]]
        begin = int(content.text("offset"))
        return self.said("getMyShipments", {"item": [
            {"shipmentId": number, "created": self.there[number]["created"],
             "orderStatus": None} for number in rows[begin:begin + 100]]})

    def do_getLabelsData(self, content: Found) -> Response:
        numbers = [one.text("shipmentId") for one in content.child("itemsToLabelData").all("item")]
        if len(numbers) > 3 or any(number not in self.there for number in numbers):
            return fault("500", "Brak przesyłki o podanym numerze")
        return self.said("getLabelsData", {"item": [{
            "shipmentId": number, "primaryWaybillNumber": None,
            "dispatchNotificationNumber": self.there[number]["order"] or None,
            "reference": self.there[number]["reference"],
            "pieceList": {"item": [{"type": "PACKAGE", "quantity": 1}
                                   for _ in self.there[number]["pieces"]]}}
            for number in numbers]})

    def do_getLabels(self, content: Found) -> Response:
        rows = []
        for one in content.child("itemsToPrint").all("item"):
            number, kind = one.text("shipmentId"), one.text("labelType")
            if number not in self.there:
                return fault("500", "Brak przesyłki o podanym numerze")
            lines = [f"{number} {place}" for place in range(len(self.there[number]["pieces"]))]
            rows.append({"shipmentId": number, "labelType": kind, "labelName": "etykieta",
                         "labelData": pdf(*lines) if kind == "BLP" else zpl(*lines),
                         "labelMimeType": "application/pdf"})
        return self.said("getLabels", {"item": rows})

    def do_deleteShipment(self, content: Found) -> Response:
        number = content.text("shipment", "shipmentIdentificationNumber")
        gone = self.there.get(number)
        error = "Brak przesyłki" if gone is None else "Zamówiony kurier" if gone["order"] else ""
        if not error:
            del self.there[number]
        return self.said("deleteShipment", {
            "id": number, "result": "false" if error else "true", "error": error or None})

    def do_getTrackAndTraceInfo(self, content: Found) -> Response:
        number = content.text("shipmentId")
        events = self.scans.get(number, [
            {"status": "ERR", "description": "Nie znaleziono przesyłki o takim numerze",
             "terminal": "", "timestamp": f"{self.now:%Y-%m-%d %H:%M:%S}"}])
        return self.said("getTrackAndTraceInfo", {
            "shipmentId": number, "receivedBy": None, "events": {"item": events[::-1]}})

    def do_bookCourier(self, content: Found) -> Response:
        numbers = [one.value for one in content.child("shipmentIdList").all("item")]
        if any(number not in self.there or self.there[number]["order"] for number in numbers):
            return fault("600", "Kurier jest już zamówiony")
        order = f"{len(self.visits) + 1:05d}WWW"
        self.visits[order] = {"key": content.text("additionalInfo")}
        for number in numbers:
            self.there[number]["order"] = order
        return self.said("bookCourier", {"item": [order]})

    def do_getNearestServicepoints(self, content: Found) -> Response:
        asked = content.child("structure")
        found = [one for one in POINTS if asked.text("city").casefold() == "wrocław"
                 or asked.text("postcode") == one[2].replace("-", "")]
        return self.said("getNearestServicepoints", {"points": {"item": [
            {"type": "PARCELSHOP", "address": {
                "country": "PL", "name": name, "postcode": postcode, "city": "Wrocław",
                "street": "Rynek", "houseNumber": "1"},
             "description": None, "longitude": "51.1", "latitude": "17.03", "sap": sap,
             "monOpen": "0600", "monClose": "2300", "workInHoliday": "false", "name": name}
            for sap, name, postcode in found]}, "count": len(found)})

    # What a carrier has and does

    def booking(self, key, wish="plain"):
        plain = Booking(key, "AH", SENDER, RECEIVER, [Package(1250, 300, 200, 101)],
                        note="Zamówienie 12")
        wished = {
            "plain": plain, "cod": replace(plain, cod=Decimal("199.99")),
            "point": replace(plain, service="SP", point="4500002"),
            "several": replace(plain, packages=[Package(1250), Package(730)]), "return": None,
        }[wish]
        if wished is None:
            raise Absent("return labels are not made with DHL24")
        return wished

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(plain.receiver, phone="")), "receiver.phone"

    def bookings(self, key):
        return [Carried(number, one["service"],
                        [int(Decimal(weight) * 1000) for weight in one["pieces"]],
                        Decimal(one["cod"]) if one["cod"] else None, one["point"],
                        f"{one['postcode'][:2]}-{one['postcode'][2:]}")
                for number, one in self.there.items() if one["reference"] == key]

    def travel(self, tracking, state):
        if state not in CODES:
            raise Absent("no code of DHL for a parcel that comes back is known")
        assert STATES[CODES[state]] == state
        local = self.now.astimezone(ZONE)
        self.scans[tracking].append({
            "status": CODES[state], "description": "przesyłka", "terminal": "WRO",
            "timestamp": f"{local:%Y-%m-%d %H:%M:%S}"})
        return CODES[state]

    def pickups(self, key):
        return [order for order, one in self.visits.items() if one["key"] == key]

    def revoke(self):
        self.is_open = False
