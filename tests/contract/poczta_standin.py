"""Poczta Polska as a stand-in: e-Nadawca of one user, by its WSDL, and the tracking for everybody.

The types are those of ``en.wsdl`` for the operations that the connector uses; parcels lie in
collections until they are sent, and an own id is taken once.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from typing import Any

from oms_connector import Booking, Limit, Package, Response
from oms_connector.soap import Found
from oms_connector.testing import Absent, Carried, Clock, Request
from oms_poczta import PocztaConnector
from oms_poczta.booking import guid
from oms_poczta.reading import STATES, ZONE

from tests.contract.dhl24_standin import RECEIVER, SENDER, limited
from tests.contract.soap_standin import (
    ANY,
    DAY,
    WHOLE,
    SoapStandIn,
    answer,
    pdf,
    zpl,
)

USER, PASSWORD = "poczta.kit@example.com", "poczta-password-of-the-kit"
NAMESPACE = "http://e-nadawca.poczta-polska.pl"
OFFICE = "260101"
CODES = {"announced": "P_REJ_KN1", "accepted": "P_NAD", "moving": "P_WPL", "out": "P_WD",
         "waiting": "P_A", "delivered": "P_D", "exception": "P_ND", "returning": "P_ZW"}
SAID = {"P_WPL": "Wysłanie z placówki", "P_ND": "Nieudane doręczenie", "P_ZW": "Zwrot do nadawcy"}
POINTS = [("200001", "50066"), ("200002", "50067"), ("200003", "50068")]
GUID = r"[0-9A-F]{32}"
SCHEMA = {
    "getPasswordExpiredDate": (), "getUrzedyNadania": (), "getEnvelopeBuforList": (),
    "addShipment": ("przesylki+ pocztex2021KurierType", f"idBufor? {WHOLE}"),
    "pocztex2021KurierType": (
        "@type tns:pocztex2021KurierType", f"@guid {GUID}", "@pakietGuid?", "@opakowanieGuid?",
        "@opis?", f"@planowanaDataNadania? {DAY}", "@numerNadania?", "@sygnatura?",
        "oplacaOdbiorca?", "mpk?", "adres? adresType", "nadawca? adresType", "relatedToAllegro?",
        "pobranie? pobranieType", "potwierdzenieDoreczenia?", "potwierdzenieOdbioru?",
        "ubezpieczenie?", r"masa? [1-9]\d{0,6}", r"wartosc? \d{1,7}", "ostroznie? true|false",
        "ponadgabaryt? true|false", "format? S|M|L|XL|2XL",
        f"numerPrzesylkiKlienta? {limited(25)}", "zwrotDokumentow?",
        "idDokumentyZwrotneAdresy?", "epo?", "adresDlaZwrotu?", "odbiorWSobote?",
        "zasadySpecjalne?", "zawartosc? zawartosc",
        "sprawdzenieZawartosciPrzesylkiPrzezOdbiorce?", "uiszczaOplate? NADAWCA|ADRESAT",
        "doreczenieDoRakWlasnych?", "subPrzesylka*", "punktOdbioru? punktOdbioruType",
        "punktNadania?", "kopertaPocztex?", "godzinaDoreczenia?", "doreczenieWeWskazanymDniu?"),
    "adresType": (
        f"@nazwa? {limited(60)}", f"@nazwa2? {limited(60, 0)}", f"@ulica? {limited(255)}",
        f"@numerDomu? {limited(11, 0)}", f"@numerLokalu? {limited(11, 0)}",
        f"@miejscowosc? {limited(63)}", f"@kodPocztowy? {limited(10, 0)}",
        f"@kraj? {limited(40, 0)}", f"@telefon? {limited(20, 0)}", f"@email? {limited(50, 6)}",
        f"@mobile? {ANY}", f"@osobaKontaktowa? {ANY}", f"@nip? {ANY}"),
    "pobranieType": (
        "@sposobPobrania? PRZEKAZ|RACHUNEK_BANKOWY", r"@kwotaPobrania? \d{1,7}",
        f"@nrb? {limited(26, 0)}", f"@tytulem? {limited(54, 0)}"),
    "zawartosc": ("zawartoscInna",),
    "punktOdbioruType": (f"@id {WHOLE}",),
    "getEnvelopeBufor": (f"idBufor? {WHOLE}",),
    "clearEnvelopeByGuids": (f"guid+ {GUID}", f"idBufor? {WHOLE}"),
    "getPrintForParcel": (f"guid+ {GUID}", "type PrintType"),
    "PrintType": ("kind ADDRESS_LABEL|ADDRESS_LABEL_BY_GUID|WAYBILL|REPORT",
                  "method EACH_PARCEL_SEPARATELY|ALL_PARCELS_IN_ONE_FILE",
                  "format? PDF_FORMAT|ZPL_FORMAT", "resolution? DPI_203|DPI_300"),
    "getEnvelopeList": (f"startDate {DAY}", f"endDate {DAY}"),
    "getEnvelopeContentShort": (f"idEnvelope {WHOLE}",),
    "createEnvelopeBufor": ("bufor+ buforType",),
    "buforType": ("@idBufor?", f"@dataNadania? {DAY}", f"@urzadNadania? {WHOLE}", "@active?",
                  "@opis?", "profil?", "idKarta?"),
    "moveShipments": (f"idBuforFrom {WHOLE}", f"idBuforTo {WHOLE}", f"guid+ {GUID}"),
    "sendEnvelope": (f"urzadNadania? {WHOLE}", "pakiet*", f"idBufor? {WHOLE}", "profil?"),
    "getOutboxBook": (f"idEnvelope {WHOLE}", "includeNierejestrowane? true|false"),
    "getPlacowkiPocztowe": (r"idWojewodztwo \d\d",),
    "getPlacowkaPocztowa": (f"pni+ {WHOLE}",),
}
ASKED = {"sprawdzPrzesylke": ("numer [0-9A-Z]{10,32}",)}


class Tracking(SoapStandIn):
    """The tracking: another service, at another host, with a login that everybody has."""

    namespace = "http://sledzenie.pocztapolska.pl"
    action = "urn:"
    is_qualified = True
    schema = ASKED


class Poczta(SoapStandIn):
    """One user. Parcels go to collection 1; tracking is of its own."""

    connector = PocztaConnector
    limits = (Limit(per_second=5, burst=10),)
    near = "Wrocław"
    namespace = NAMESPACE
    action = f"{NAMESPACE}/"
    schema = SCHEMA
    unknown = "F" * 20 + "0" * 12

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.parcels: dict[str, dict[str, Any]] = {}
        self.buffers: dict[str, dict[str, Any]] = {"1": {"opis": "", "active": "true"}}
        self.envelopes: dict[str, Any] = {}
        self.scans: dict[str, list[dict[str, Any]]] = {}
        self.is_open, self.chosen = True, ""

    @property
    def settings(self):
        return {"place": "https://e-nadawca.poczta-polska.pl", "office": self.chosen,
                "account": "61 1090 1014 0000 0712 1981 2874"}

    @property
    def secrets(self):
        return {"username": USER, "password": PASSWORD}

    def exchange(self, request: Request) -> Response:
        if request.url.startswith("https://tt.poczta-polska.pl/"):
            return self._tracked(request)
        login = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if not self.is_open or request.headers.get("authorization") != f"Basic {login}":
            return Response(401, {}, b"")
        return super().exchange(request)

    def violations(self, request: Request, response: Response):
        if request.url.startswith("https://tt.poczta-polska.pl/"):
            return Tracking(self.clock).violations(request, response)
        return super().violations(request, response)

    def said(self, operation: str, content: Any) -> Response:
        return answer(self.namespace, operation, content)

    def do_getPasswordExpiredDate(self, content: Found) -> Response:
        return self.said("getPasswordExpiredDate", {"dataWygasniecia": "2027-01-31"})

    def do_getUrzedyNadania(self, content: Found) -> Response:
        return self.said("getUrzedyNadania", {"urzedyNadania": [
            {"@urzadNadania": OFFICE, "@opis": "UP Warszawa 1"}]})

    # Collections

    def do_addShipment(self, content: Found) -> Response:
        asked = content.child("przesylki")
        own, to = asked.attributes["guid"], asked.child("adres").attributes
        errors = []
        if own in self.parcels:
            errors.append({"@errorNumber": 11, "@errorDesc": "Przesyłka o podanym guid istnieje"})
        if to.get("kodPocztowy") == "00000":
            errors.append({"@errorNumber": 20,
                           "@errorDesc": "Zofia Kitowska: błędny kod pocztowy odbiorcy"})
        if errors:
            return self.said("addShipment", {"retval": {"@guid": own, "error": errors}})
        number = f"00359007{len(self.parcels) + 1:012d}"
        self.parcels[own] = {
            "number": number, "grams": int(asked.text("masa")), "to": to["kodPocztowy"],
            "cod": asked.child("pobranie").attributes.get("kwotaPobrania"),
            "point": asked.child("punktOdbioru").attributes.get("id", ""), "buffer": "1",
            "envelope": ""}
        return self.said("addShipment", {"retval": {"@guid": own, "@numerNadania": number}})

    def do_getEnvelopeBuforList(self, content: Found) -> Response:
        return self.said("getEnvelopeBuforList", {"bufor": [
            {"@idBufor": ref, "@opis": one["opis"], "@active": one["active"]}
            for ref, one in self.buffers.items()]})

    def do_getEnvelopeBufor(self, content: Found) -> Response:
        buffer = content.text("idBufor") or "1"
        return self.said("getEnvelopeBufor", {"przesylka": [
            {"@guid": own, "@numerNadania": one["number"]} for own, one in self.parcels.items()
            if one["buffer"] == buffer]})

    def do_createEnvelopeBufor(self, content: Found) -> Response:
        ref = str(len(self.buffers) + 1)
        self.buffers[ref] = {"opis": content.child("bufor").attributes["opis"], "active": "false"}
        return self.said("createEnvelopeBufor", {"createdBufor": [{"@idBufor": ref}]})

    def do_moveShipments(self, content: Found) -> Response:
        left = []
        for one in content.all("guid"):
            there = self.parcels.get(one.value)
            if there is None or there["buffer"] != content.text("idBuforFrom"):
                left.append(one.value)
                continue
            there["buffer"] = content.text("idBuforTo")
        return self.said("moveShipments", {"notMovedGuid": left})

    def do_clearEnvelopeByGuids(self, content: Found) -> Response:
        errors = []
        for one in content.all("guid"):
            if self.parcels.get(one.value, {}).get("buffer"):
                del self.parcels[one.value]
            else:
                errors.append({"@errorNumber": 30, "@errorDesc": "Brak przesyłki w buforze"})
        return self.said("clearEnvelopeByGuids", {"error": errors})

    def do_sendEnvelope(self, content: Found) -> Response:
        buffer = content.text("idBufor")
        inside = [one for one in self.parcels.values() if one["buffer"] == buffer]
        if not inside or content.text("urzadNadania") != OFFICE:
            return self.said("sendEnvelope", {"error": [
                {"@errorNumber": 40, "@errorDesc": "Pusty zbiór albo zły urząd"}]})
        ref = str(7000 + len(self.envelopes))
        self.envelopes[ref] = self.now.astimezone(ZONE).date()
        for one in inside:
            one["buffer"], one["envelope"] = "", ref
        return self.said("sendEnvelope", {"idEnvelope": ref, "envelopeStatus": "WYSLANY"})

    def do_getEnvelopeList(self, content: Found) -> Response:
        span = (content.text("startDate"), content.text("endDate"))
        return self.said("getEnvelopeList", {"envelopes": [
            {"@idEnvelope": ref, "@envelopeStatus": "PRZYJETY", "@dataTransmisji": day}
            for ref, day in self.envelopes.items() if span[0] <= day.isoformat() <= span[1]]})

    def do_getEnvelopeContentShort(self, content: Found) -> Response:
        return self.said("getEnvelopeContentShort", {"przesylka": [
            {"@guid": own, "@numerNadania": one["number"]} for own, one in self.parcels.items()
            if one["envelope"] == content.text("idEnvelope")]})

    def do_getOutboxBook(self, content: Found) -> Response:
        lines = [one["number"] for one in self.parcels.values()
                 if one["envelope"] == content.text("idEnvelope")]
        return self.said("getOutboxBook", {"pdfContent": pdf(*lines)})

    def do_getPrintForParcel(self, content: Found) -> Response:
        own = content.text("guid")
        if own not in self.parcels:
            return self.said("getPrintForParcel", {"error": [
                {"@errorNumber": 50, "@errorDesc": "Nie znaleziono przesyłki", "@guid": own}]})
        draw = zpl if content.text("type", "format") == "ZPL_FORMAT" else pdf
        return self.said("getPrintForParcel", {"printResult": [
            {"guid": own, "print": draw(self.parcels[own]["number"])}]})

    # Points and scans

    def do_getPlacowkiPocztowe(self, content: Found) -> Response:
        found = POINTS if content.text("idWojewodztwo") == "02" else []
        return self.said("getPlacowkiPocztowe", {"placowka": [_point(*one) for one in found]})

    def do_getPlacowkaPocztowa(self, content: Found) -> Response:
        return self.said("getPlacowkaPocztowa", {"placowka": [
            _point(*one) for one in POINTS if one[0] == content.text("pni")]})

    def _tracked(self, request: Request) -> Response:
        service = Tracking(self.clock)
        wrong = service.violations(request, Response(200, {}, b""))
        if wrong or b">sledzeniepp<" not in request.body or b">PPSA<" not in request.body \
                or "authorization" in request.headers:
            return Response(500, {}, b"")
        number = service.opened(request)[1].text("numer")
        events = self.scans.get(number)
        if not events:
            return answer(service.namespace, "sprawdzPrzesylke", {"return": {
                "danePrzesylki": None, "numer": number, "status": "-1"}})
        return answer(service.namespace, "sprawdzPrzesylke", {"return": {
            "danePrzesylki": {"masa": "1.3", "numer": number, "zakonczonoObsluge": "false",
                              "zdarzenia": {"zdarzenie": events}},
            "numer": number, "status": "0"}})

    # What a carrier has and does

    def booking(self, key, wish="plain"):
        plain = Booking(key, "KURIER", SENDER, RECEIVER, [Package(1250, 300, 200, 80, "S")],
                        note="Zamówienie 12")
        wished = {
            "plain": plain, "cod": replace(plain, cod=Decimal("199.99")),
            "point": replace(plain, service="PUNKT", point="200002"),
            "several": None, "return": None,
        }[wish]
        if wished is None:
            raise Absent("one Pocztex parcel a booking, and no returns")
        return wished

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(plain.receiver, city="")), "receiver.city"

    def bookings(self, key):
        own = guid(USER, key)
        return [Carried(ref, "PUNKT" if one["point"] else "KURIER", [one["grams"]],
                        Decimal(one["cod"]) / 100 if one["cod"] else None, one["point"],
                        f"{one['to'][:2]}-{one['to'][2:]}")
                for ref, one in self.parcels.items() if ref == own]

    def travel(self, tracking, state):
        code = CODES[state]
        assert STATES.get(code, state) == state
        local = self.now.astimezone(ZONE)
        self.scans.setdefault(tracking, []).append({
            "czas": f"{local:%Y-%m-%d %H:%M}", "jednostka": {"nazwa": "WER Wrocław"}, "kod": code,
            "konczace": "false", "nazwa": SAID.get(code, "zdarzenie")})
        return code

    # No ``revoke``: the tracking lets everybody in, so the kit has every host say 401 instead.

def _point(ref: str, postcode: str) -> dict[str, Any]:
    return {"@id": ref, "@prefixNazwy": "UP", "@nazwa": f"Wrocław {ref[-1]}",
            "@kodPocztowy": postcode, "@miejscowosc": "Wrocław", "@ulica": "Rynek",
            "@numerDomu": "1", "lokalizacjaGeograficzna": {
                "dlugosc": {"@dec": "17.03"}, "szerokosc": {"@dec": "51.1"}},
            "opis": "pn-pt 8-20", "typ": "AUTOMAT" if ref[-1] == "3" else "PUNKT",
            "funkcja": "NADAWCZO-ODDAWCZA", "maksymalnaKwotaPobrania": 500000}
