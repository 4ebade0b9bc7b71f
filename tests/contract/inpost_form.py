"""The form of a shipment as the ShipX documentation has it ("Form validation"): what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LOCKER = {"inpost_locker_standard"}
COURIER = {"inpost_courier_standard", "inpost_courier_express_1000", "inpost_courier_express_1200",
           "inpost_courier_express_1700"}
C2C = {"inpost_courier_c2c"}
KNOWN = {"service", "receiver", "sender", "parcels", "custom_attributes", "cod", "insurance",
         "reference", "comments", "external_customer_id", "additional_services",
         "end_of_week_collection", "is_return", "only_choice_of_offer", "mpk"}
SENDING = {"parcel_locker", "pok", "pop", "courier_pok", "branch", "dispatch_order", "any_point"}
PARTY = {"company_name", "first_name", "last_name", "email", "phone", "address"}
ADDRESS = {"street", "building_number", "city", "post_code", "country_code"}


def wrong(form: Mapping[str, Any], points: Mapping[str, Any]) -> dict[str, Any]:
    """The tree of errors of a form; empty if there are none."""
    service = form.get("service")
    found: dict[str, Any] = {name: ["unknown_attribute"] for name in set(form) - KNOWN}
    if service not in LOCKER | COURIER | C2C:
        found["service"] = ["invalid"]
    for name in ("receiver", "sender"):
        errors = _party(form.get(name) or {}, name == "sender" or service not in LOCKER)
        if errors:
            found[name] = [errors]
    if errors := _parcels(form.get("parcels"), service):
        found["parcels"] = errors
    attributes = form.get("custom_attributes") or {}
    if errors := _attributes(attributes, service, points):
        found["custom_attributes"] = [errors]
    found |= _money(form, service, points.get(attributes.get("target_point", ""), {}))
    reference = form.get("reference", "")
    if reference and not 3 <= len(reference) <= 100:
        found["reference"] = ["too_short" if len(reference) < 3 else "too_long"]
    return found


def _party(party: Mapping[str, Any], with_address: bool) -> dict[str, Any]:
    found: dict[str, Any] = {name: ["unknown_attribute"] for name in set(party) - PARTY}
    if not re.fullmatch(r"\d{9}", party.get("phone", "")):
        found["phone"] = ["invalid" if party.get("phone") else "required"]
    if not re.fullmatch(r"\S+@\S+\.\S+", party.get("email", "")):
        found["email"] = ["required"]
    if not with_address:
        return found
    if not party.get("company_name") and not (party.get("first_name") and party.get("last_name")):
        found["first_name"] = ["required"]
    address = party.get("address") or {}
    errors: dict[str, Any] = {name: ["unknown_attribute"] for name in set(address) - ADDRESS}
    errors |= {name: ["required"] for name in ADDRESS if not address.get(name)}
    if not re.fullmatch(r"\d{2}-\d{3}", address.get("post_code", "")):
        errors["post_code"] = ["invalid"]
    if address.get("country_code") not in ("PL", None):
        errors["country_code"] = ["invalid"]
    return found | ({"address": [errors]} if errors else {})


def _parcels(parcels: Any, service: Any) -> list[Any]:
    if not isinstance(parcels, list) or not 1 <= len(parcels) <= 99:
        return ["invalid"]
    if service not in COURIER and len(parcels) > 1:
        return ["too_many"]
    ids = [parcel.get("id") for parcel in parcels]
    if len(set(ids)) < len(ids) or not all(isinstance(one, str) and one for one in ids):
        return [{"id": ["invalid"]}]
    found = [_parcel(parcel, service) for parcel in parcels]
    return found if any(found) else []


def _parcel(parcel: Mapping[str, Any], service: Any) -> dict[str, Any]:
    templates = {"small", "medium", "large"} | ({"xlarge"} if service in C2C else set())
    if "template" in parcel:
        is_known = service not in COURIER and parcel["template"] in templates
        return {} if is_known else {"template": ["invalid"]}
    dimensions, weight = parcel.get("dimensions") or {}, parcel.get("weight") or {}
    found: dict[str, Any] = {}
    for name in ("length", "width", "height"):
        if not 1 <= _number(dimensions.get(name)) < 10_000 or dimensions.get("unit") != "mm":
            found.setdefault("dimensions", [{}])[0][name] = ["invalid"]
    if not 0 < _number(weight.get("amount")) <= 50 or weight.get("unit") != "kg":
        found["weight"] = [{"amount": ["too_big" if _number(weight.get("amount")) > 50
                                       else "required"]}]
    return found


def _attributes(attributes: Mapping[str, Any], service: Any, points: Mapping[str, Any]
                ) -> dict[str, Any]:
    found = {name: ["unknown_attribute"] for name in
             set(attributes) - {"target_point", "dropoff_point", "sending_method"}}
    if attributes.get("sending_method") not in SENDING:
        found["sending_method"] = ["invalid"]
    target = attributes.get("target_point")
    if service in LOCKER and not target:
        found["target_point"] = ["required"]
    elif target and target not in points:
        found["target_point"] = ["does_not_exist"]
    return found


def _money(form: Mapping[str, Any], service: Any, point: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("cod", "insurance"):
        money = form.get(name)
        if money is None:
            continue
        amount = money.get("amount")
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not is_number or money.get("currency") != "PLN" or not 1 <= amount < 10_000_000:
            found[name] = [{"amount": ["invalid"]}]
        elif round(amount * 100) != amount * 100:
            found[name] = [{"amount": ["invalid_format"]}]
    if "cod" in form and service in COURIER and not form.get("insurance"):
        found["insurance"] = ["required"]
    if "cod" in form and service in LOCKER and point and not point.get("payment_available"):
        found["cod"] = ["unavailable_for_target_point"]
    return found


def _number(told: Any) -> float:
    try:
        return float(told)
    except (TypeError, ValueError):
        return -1.0
