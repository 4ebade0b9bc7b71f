"""Requests to DHL24, and what its faults mean.

Every operation carries the account's login. Faults have a number of DHL's own as their code; what
is wrong with a booking is said in Polish words only, so the field is told from those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelError,
    Context,
    Refused,
)
from oms_connector.soap import Fault, Found, Service

from oms_dhl24 import words

PLACES = ("https://dhl24.com.pl", "https://sandbox.dhl24.com.pl")
ROOT = "/webapi2"
PATH = "/provider/service.html?ws=1"
WRONG_LOGIN = "100"
_BROKEN = frozenset({"Server", "WSDL"})
"""Faults of PHP's own SOAP server: it failed, it refused nothing."""
_SIDES = (("sender", re.compile(r"nadawc|shipper|sender", re.IGNORECASE)),
          ("receiver", re.compile(r"odbiorc|receiver|recipient", re.IGNORECASE)))
_FIELDS = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r"kod\w* pocztow|postal ?code", "postcode"), (r"miast|miejscowo|\bcity", "city"),
    (r"ulic|street|numer\w* domu|house", "street"), (r"telefon|phone", "phone"),
    (r"e-?mail", "email"), (r"nazw|imi[ęe]|\bname", "name"), (r"kraj|country", "country"),
))
_WHOLE = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r"pobrani|\bcod\b|collectondelivery", "cod"), (r"ubezpiecz|insur", "insured"),
    (r"punkt|servicepoint", "point"), (r"usług|produkt|product|servicetype", "service"),
    (r"wag[aęi]|weight", "packages.0.weight_g"), (r"wymiar|długo|szeroko|wysoko", "packages"),
    (r"zawarto|content", "contents"), (r"dat[aęy]|date", "ship_on"),
))


class Api:
    """The WebAPI of one account."""

    def __init__(self, context: Context) -> None:
        place = str(context.settings.get("place") or PLACES[0])
        namespace = f"{place}{ROOT}{PATH}"
        self._http = context.http
        self._service = Service(PATH, namespace, f"{namespace}#", refusal)
        self._login = {"username": str(context.settings.get("username") or "").strip(),
                       "password": context.secrets.get("password", "")}

    def ask(self, operation: str, content: Mapping[str, Any], *, is_write: bool = False) -> Found:
        """The result of an operation. Errors as of ``Service.ask``."""
        answer = self._service.ask(self._http, operation, {"authData": self._login, **content},
                                   is_write=is_write)
        return answer.child(f"{operation}Result")


def items(found: Found) -> Sequence[Found]:
    """The rows of an array; DHL calls every one of them ``item``."""
    return found.all("item")


def refusal(fault: Fault, failing: type[ChannelError]) -> ChannelError:
    """What a fault means."""
    if fault.code == WRONG_LOGIN:
        return AccessRefused(words.REFUSED_LOGIN, "password")
    if fault.code in _BROKEN:
        return failing(words.SAYS % {"why": fault.code})
    return Refused(words.SAYS % {"why": fault.text[:300]}, fault.code, field_of(fault.text))


def field_of(text: str) -> str:
    """The booking's field that DHL's words are about; empty when they do not say."""
    side = next((name for name, pattern in _SIDES if pattern.search(text)), "")
    field = next((name for pattern, name in _FIELDS if pattern.search(text)), "") if side else ""
    if field:
        return f"{side}.{field}"
    return next((name for pattern, name in _WHOLE if pattern.search(text)), "")
