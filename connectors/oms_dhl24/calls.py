"""Requests to DHL24, and what its faults mean.

Every operation carries the account's login. Faults have a number of DHL's own as their code; what
is wrong with a booking is said in Polish words only, so the field is told from those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelError,
    Context,
    Refused,
)
from oms_connector.flaws import field_said
from oms_connector.soap import Fault, Found, Service

from oms_dhl24 import words

PLACES = ("https://dhl24.com.pl", "https://sandbox.dhl24.com.pl")
ROOT = "/webapi2"
PATH = "/provider/service.html?ws=1"
WRONG_LOGIN = "100"
_BROKEN = frozenset({"Server", "WSDL"})
"""Faults of PHP's own SOAP server: it failed, it refused nothing."""


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
    return Refused(words.SAYS % {"why": fault.text[:300]}, fault.code, field_said(fault.text))
