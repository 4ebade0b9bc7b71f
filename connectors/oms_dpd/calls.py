"""Requests to DPDServices, and what its refusals mean.

Everything is a POST, asking too. A refusal comes with status 200: a ``status`` that is not ``OK``
at one of three levels (all, package, parcel), with ``validationInfo[].errorCode``; or with 400 and
``errors[]``. Sentences are not repeated, they may name people; codes are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.reading import value

from oms_dpd import words

OK, UNKNOWN = "OK", "NOT_FOUND"
DUPLICATES = frozenset(("DUPLICATED_PACKAGE_REFERENCE", "DUPLICATED_PARCEL_REFERENCE"))
_FAILED = frozenset(("UNKNOWN_ERROR", "SERVICE_UNAVAILABLE", "UNSPECIFIED_ERROR"))
_CODE = re.compile(r"[A-Z0-9_]{2,80}")
_PLACES = (("POSTAL_CODE", "postcode"), ("ADDRESS", "street"), ("CITY", "city"),
           ("COUNTRY", "country"), ("PHONE", "phone"), ("EMAIL", "email"), ("NAME", "name"),
           ("COMPANY", "company"))
_ALONE = (("COD", "cod"), ("DECLARED_VALUE", "insured"), ("WEIGHT", "packages.0.weight_g"),
          ("SIZE", "packages.0.length_mm"), ("PUDO", "point"), ("PICKUP", "point"),
          ("SERVICE", "service"), ("REFERENCE", "key"))


def ask(http: Http, path: str, document: Mapping[str, Any], fid: str) -> Mapping[str, Any]:
    """The decoded answer to a question, whatever its ``status`` says.

    Raises:
        ChannelDown: DPD fails, or what it answers cannot be used.
        Refused, AccessRefused: it said no.
    """
    return _understood(_post(http, path, document, fid, safe=True), ChannelDown)


def send(http: Http, path: str, document: Mapping[str, Any], fid: str) -> Mapping[str, Any]:
    """Have something done; the decoded answer, whatever its ``status`` says.

    Raises:
        OutcomeUnknown: it may have been done.
        Refused, AccessRefused: it was not.
    """
    return _understood(_post(http, path, document, fid, safe=None), OutcomeUnknown)


def _post(http: Http, path: str, document: Mapping[str, Any], fid: str, safe: bool | None
          ) -> Response:
    return http.request("POST", path, json=document, safe=safe,
                        headers={"Accept": "application/json", "X-DPD-FID": fid})


def _understood(response: Response, failing: type[ChannelError]) -> Mapping[str, Any]:
    try:
        found = json.loads(response.body)
    except ValueError:
        found = None
    if response.status < 300:
        if not isinstance(found, dict) or not isinstance(found.get("status"), str):
            raise failing(words.NO_JSON)
        return found
    if response.status < 400 or response.status >= 500 or not isinstance(found, dict):
        raise failing(words.STATUS % {"status": response.status})
    if response.status == 403:
        raise AccessRefused(words.REFUSED_LOGIN, "login")
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    raise refusal(str(value(first, "subCode") or value(first, "code") or response.status),
                  str(value(first, "field") or ""))


def trouble(document: Any) -> str:
    """The code of what is wrong in an answer; empty when all three levels are OK."""
    for code in _codes(document):
        return code
    return ""


def _codes(document: Any) -> Iterator[str]:
    """The most exact one first: parcels', then the package's, then that of all."""
    packages = value(document, "packages")
    rows = [row for row in packages if isinstance(row, dict)] if isinstance(packages, list) else []
    boxes = [box for row in rows for box in (value(row, "parcels") or ()) if isinstance(box, dict)]
    for one in (*boxes, *rows):
        for info in value(one, "validationInfo") or ():
            if code := value(info, "errorCode"):
                yield str(code)
    for one in (*boxes, *rows, document):
        if (status := value(one, "status")) != OK:
            yield str(status or "NO_STATUS")


def refusal(code: str, field: str = "") -> ChannelError:
    """What a code means, and about which field of the booking it is."""
    shown = code if _CODE.fullmatch(code) else "ERROR"
    if "FID" in shown or shown in ("DISABLED_API", "ERROR_PAYER_BLOCKED"):
        return AccessRefused(words.REFUSED_FID % {"code": shown}, "payer")
    if shown in _FAILED:
        return OutcomeUnknown(words.REFUSES % {"code": shown})
    return Refused(words.REFUSES % {"code": shown}, shown,
                   field_in(shown) or field_in(_as_code(field)))


def _as_code(path: str) -> str:
    """A path of the request in the form of a code: ``receiver.postalCode``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path).replace(".", "_").upper()


def field_in(code: str) -> str:
    """The booking's field that a code speaks of; empty when unsure."""
    for who in ("RECEIVER", "SENDER"):
        if who in code:
            return next((f"{who.lower()}.{field}" for word, field in _PLACES if word in code), "")
    return next((field for word, field in _ALONE if word in code), "")
