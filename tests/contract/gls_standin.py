"""GLS Poland as a stand-in: ADE-Plus WebAPI 2 of one user, with sessions that end.

Made after public clients of the service: the order of elements of their generated classes, the
codes of its faults, and what they say of the preparing box and of hand-over protocols.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from oms_connector import Booking, Limit, Package, Response
from oms_connector.soap import Found
from oms_connector.testing import Absent, Carried, Clock
from oms_gls import GlsConnector
from oms_gls.looking import ZONE

from tests.contract.dhl24_standin import RECEIVER, SENDER
from tests.contract.soap_standin import (
    AMOUNT,
    ANY,
    DAY,
    TEXT,
    WHOLE,
    SoapStandIn,
    answer,
    fault,
    pdf,
    zpl,
)

PASSWORD = "gls-password-of-the-kit"
NAMESPACE = "https://adeplus.gls-poland.com/adeplus/pm1/ade_webapi2.php"
MODES = ("one_label_on_a4_pdf|one_label_on_a4_lt_pdf|four_labels_on_a4_pdf|roll_160x100_pdf"
         "|roll_160x100_zebra|roll_160x100_zebra_epl|roll_160x100_datamax")
SHOPS = [("PL10001", "Żabka", "50-066"), ("PL10002", "Kiosk", "50-067"),
         ("PL10003", "Papiernik", "50-068")]
IN = r"session [0-9a-f]{64}"
YES = "true|false"
SCHEMA = {
    "adeLogin": (r"user_name [^\n]{1,40}", r"user_password [^\n]{1,40}"),
    "adePreparingBox_Insert": (IN, "consign_prep_data cConsign"),
    "cConsign": (
        r"rname1 [^\n]{1,40}", r"rname2? [^\n]{1,40}", r"rname3? [^\n]{1,40}",
        "rcountry [A-Z]{2}", "rzipcode", "rcity", "rstreet", "rphone?", "rcontact?",
        "references?", "notes?", f"quantity? {WHOLE}", f"weight? {AMOUNT}", f"date? {DAY}", "pfc?",
        "sendaddr? cSenderAddress", "srv_ade?", "srv_bool? cServicesBool", "srv_daw?",
        "srv_ident?", "srv_ppe?", "srv_sds? cServiceSDS", "parcels? cParcels"),
    "cSenderAddress": ("name1", "name2?", "name3?", "country", "zipcode", "city", "street"),
    "cServicesBool": (f"cod? {YES}", f"cod_amount? {AMOUNT}", *(
        f"{name}? {YES}" for name in ("exw", "rod", "pod", "exc", "ident", "daw", "ps", "pr", "s10",
                                      "s12", "sat", "ow", "srs", "sds"))),
    "cServiceSDS": ("id",),
    "cParcels": ("items+ cParcel",),
    "cParcel": ("number?", "reference?", f"weight {AMOUNT}", "srv_ade?", "srv_bool?"),
    "adePreparingBox_GetConsignIDs": (IN, f"id_start {WHOLE}"),
    "adePreparingBox_GetConsign": (IN, f"id {WHOLE}"),
    "adePreparingBox_DeleteConsign": (IN, f"id {WHOLE}"),
    "adePreparingBox_GetConsignLabels": (IN, f"id {WHOLE}", f"mode {MODES}"),
    "adePreparingBox_GetConsignLabelsExt": (IN, f"id {WHOLE}", f"mode {MODES}"),
    "adePickup_Create": (IN, "consigns_ids Ids", f"desc? {TEXT}"),
    "Ids": (f"items+ {WHOLE}",),
    "adePickup_GetIDs": (IN, f"id_start {WHOLE}"),
    "adePickup_Get": (IN, f"id {WHOLE}"),
    "adePickup_GetConsignBinds": (IN, f"id {WHOLE}"),
    "adePickup_GetConsign": (IN, f"id {WHOLE}"),
    "adePickup_GetConsignLabels": (IN, f"id {WHOLE}", f"mode {MODES}"),
    "adePickup_GetReceipt": (IN, f"id {WHOLE}",
                             "mode with_barcodes|condensed|condensed_description_of_pickup"),
    "adeParcelShop_SearchByZip": (IN, "country [A-Z]{2}", "zipcode", f"street {ANY}"),
    "adeParcelShop_SearchByID": (IN, "id"),
    "adeParcelShop_GetByCountry": (IN, "country [A-Z]{2}"),
}


class Gls(SoapStandIn):
    """One user's preparing box and protocols."""

    connector = GlsConnector
    limits = (Limit(per_second=20, burst=20),)
    near = "Wrocław"
    namespace = NAMESPACE
    action = f"{NAMESPACE}#"
    schema = SCHEMA
    lasts = timedelta(days=1000)
    """How long a session does: half an hour at GLS, which would let the kit's calls, an hour apart,
    differ in their number of requests."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.sessions = {f"{0:064x}": self.now + self.lasts}
        self.box: dict[str, dict[str, Any]] = {}
        self.sent: dict[str, dict[str, Any]] = {}
        self.protocols: dict[str, dict[str, Any]] = {}
        self.last = 1000
        self.is_open = True

    @property
    def settings(self):
        return {"place": "https://adeplus.gls-poland.com", "username": "kit", "own_sender": ""}

    @property
    def secrets(self):
        return {"password": PASSWORD, "access_token": f"{0:064x}"}

    def answer_to(self, operation: str, content: Found) -> Response:
        if operation != "adeLogin":
            until = self.sessions.get(content.text("session"))
            if until is None:
                return fault("err_sess_not_found", "")
            if until < self.now:
                return fault("err_sess_expired", "")
        return super().answer_to(operation, content)

    def said(self, operation: str, content: Any) -> Response:
        return answer(self.namespace, operation, {"return": content})

    def do_adeLogin(self, content: Found) -> Response:
        if not self.is_open or content.text("user_password") != PASSWORD:
            return fault("err_user_incorrect_username_password", "user: kit")
        session = f"{len(self.sessions):064x}"
        self.sessions[session] = self.now + self.lasts
        return self.said("adeLogin", {"session": session})

    # The preparing box

    def do_adePreparingBox_Insert(self, content: Found) -> Response:
        asked = content.child("consign_prep_data")
        extras = asked.child("srv_bool")
        if asked.text("rzipcode") == "00-000":
            return fault("err_cons_receiver_zipcode_is_invalid", "")
        if extras.text("cod") == "true" and not 0 < Decimal(extras.text("cod_amount")) <= 6000:
            return fault("err_cons_srv_amount_of_cod_is_too_large", "6000")
        ref = self._next()
        self.box[ref] = {
            "references": asked.text("references"), "zip": asked.text("rzipcode"),
            "cod": extras.text("cod_amount"), "shop": asked.text("srv_sds", "id"),
            "extras": [one.name for one in extras.children if one.value == "true"],
            "parcels": [{"number": "", "reference": one.text("reference"),
                         "weight": one.text("weight")}
                        for one in asked.child("parcels").all("items")]}
        return self.said("adePreparingBox_Insert", {"id": ref})

    def do_adePreparingBox_GetConsignIDs(self, content: Found) -> Response:
        return self.said("adePreparingBox_GetConsignIDs", _page(self.box, content))

    def do_adePreparingBox_GetConsign(self, content: Found) -> Response:
        return self._consign("adePreparingBox_GetConsign", self.box, content)

    def do_adePreparingBox_DeleteConsign(self, content: Found) -> Response:
        if self.box.pop(content.text("id"), None) is None:
            return fault("err_cons_not_found", "")
        return self.said("adePreparingBox_DeleteConsign", {"id": content.text("id")})

    def do_adePreparingBox_GetConsignLabels(self, content: Found) -> Response:
        return self._labels("adePreparingBox_GetConsignLabels", self.box, content)

    def do_adePreparingBox_GetConsignLabelsExt(self, content: Found) -> Response:
        there = self.box.get(content.text("id"))
        if there is None:
            return fault("err_cons_not_found", "")
        self._number(there)
        return self.said("adePreparingBox_GetConsignLabelsExt", {"items": [
            {"number": one["number"], "file": zpl(one["number"])} for one in there["parcels"]]})

    # Protocols

    def do_adePickup_Create(self, content: Found) -> Response:
        refs = [one.value for one in content.child("consigns_ids").all("items")]
        if any(ref not in self.box for ref in refs):
            return fault("err_pickup_one_consignment_id_is_invalid", "")
        made = self._next()
        binds = {}
        for ref in refs:
            binds[ref] = self._next()
            self.sent[binds[ref]] = self.box.pop(ref)
            self._number(self.sent[binds[ref]])
        self.protocols[made] = {"desc": content.text("desc"), "at": self.now, "binds": binds}
        return self.said("adePickup_Create", {"id": made})

    def do_adePickup_GetIDs(self, content: Found) -> Response:
        return self.said("adePickup_GetIDs", _page(self.protocols, content))

    def do_adePickup_Get(self, content: Found) -> Response:
        there = self.protocols[content.text("id")]
        return self.said("adePickup_Get", {
            "desc": there["desc"], "quantity": len(there["binds"]), "weight": "1.00",
            "datetime": f"{there['at'].astimezone(ZONE):%Y-%m-%d %H:%M:%S}"})

    def do_adePickup_GetConsignBinds(self, content: Found) -> Response:
        binds = self.protocols[content.text("id")]["binds"]
        return self.said("adePickup_GetConsignBinds", {"items": [
            {"id": sent, "id_src": ref} for ref, sent in binds.items()]})

    def do_adePickup_GetConsign(self, content: Found) -> Response:
        return self._consign("adePickup_GetConsign", self.sent, content)

    def do_adePickup_GetConsignLabels(self, content: Found) -> Response:
        return self._labels("adePickup_GetConsignLabels", self.sent, content)

    def do_adePickup_GetReceipt(self, content: Found) -> Response:
        there = self.protocols[content.text("id")]
        return self.said("adePickup_GetReceipt", {"receipt": pdf(*there["binds"])})

    # ParcelShops

    def do_adeParcelShop_SearchByZip(self, content: Found) -> Response:
        return self._shops("adeParcelShop_SearchByZip",
                           [one for one in SHOPS if content.text("zipcode") == one[2]])

    def do_adeParcelShop_GetByCountry(self, content: Found) -> Response:
        return self._shops("adeParcelShop_GetByCountry", SHOPS)

    def do_adeParcelShop_SearchByID(self, content: Found) -> Response:
        found = [one for one in SHOPS if one[0] == content.text("id")]
        if not found:
            return fault("err_parcelshop_not_found", "")
        return self.said("adeParcelShop_SearchByID", _shop(*found[0]))

    def _shops(self, operation: str, found: list[tuple[str, str, str]]) -> Response:
        return self.said(operation, {"items": [_shop(*one) for one in found]})

    def _next(self) -> str:
        self.last += 1
        return str(self.last)

    def _number(self, there: dict[str, Any]) -> None:
        for one in there["parcels"]:
            one["number"] = one["number"] or f"6{self.last:06d}{int(self._next()):04d}"

    def _consign(self, operation: str, where: dict[str, Any], content: Found) -> Response:
        there = where.get(content.text("id"))
        if there is None:
            return fault("err_cons_not_found", "")
        return self.said(operation, {"rname1": "Zofia Kitowska", "references": there["references"],
                                     "parcels": {"items": there["parcels"]}})

    def _labels(self, operation: str, where: dict[str, Any], content: Found) -> Response:
        there = where.get(content.text("id"))
        if there is None:
            return fault("err_cons_not_found", "")
        self._number(there)
        draw = pdf if content.text("mode").endswith("pdf") else zpl
        return self.said(operation, {"labels": draw(*(one["number"] for one in there["parcels"]))})

    # What a carrier has and does

    def booking(self, key, wish="plain"):
        plain = Booking(key, "BP", SENDER, RECEIVER, [Package(1250)], note="Zamówienie 12")
        wished = {
            "plain": plain, "cod": replace(plain, cod=Decimal("199.99")),
            "point": replace(plain, service="SDS", point="PL10002"),
            "several": replace(plain, packages=[Package(1250), Package(730)]), "return": None,
        }[wish]
        if wished is None:
            raise Absent("return labels are not made with GLS")
        return wished

    def refused_booking(self, key):
        plain = self.booking(key)
        return replace(plain, receiver=replace(plain.receiver, city="")), "receiver.city"

    def bookings(self, key):
        binds = {sent: ref for one in self.protocols.values() for ref, sent in one["binds"].items()}
        return [Carried(binds.get(ref, ref), next((name.upper() for name in one["extras"]
                                                   if name != "cod"), "BP"),
                        [int(Decimal(each["weight"]) * 1000) for each in one["parcels"]],
                        Decimal(one["cod"]) if one["cod"] else None, one["shop"], one["zip"])
                for ref, one in (self.box | self.sent).items() if one["references"] == key]

    def expire_tokens(self):
        self.sessions = dict.fromkeys(self.sessions, self.now - timedelta(seconds=1))

    def revoke(self):
        self.is_open = False
        self.sessions.clear()


def _page(where: dict[str, Any], content: Found) -> dict[str, Any]:
    start = int(content.text("id_start"))
    found = sorted((int(ref) for ref in where if not start or int(ref) < start), reverse=True)
    return {"items": found[:100]}


def _shop(ref: str, name: str, postcode: str) -> dict[str, Any]:
    return {"id": ref, "distance": "0.5", "name1": name, "name2": None, "name3": None,
            "country": "PL", "zipcode": postcode, "city": "Wrocław", "street": "Rynek 1",
            "gps_lati": "51.1", "gps_long": "17.03", "mon_open": "06:00", "mon_close": "23:00"}
