"""Requests to ORLEN Paczka, and what its errors mean.

Every operation carries the partner's id and key. Whether it was done is said in each row of an
answer: ``Err`` and ``ErrDes``; some rows come as a .NET data set, some as plain elements, by the
same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from oms_connector import AccessRefused, ChannelError, Context, Refused
from oms_connector.flaws import field_said
from oms_connector.soap import Fault, Found, Service

from oms_orlen import words

PLACES = ("https://api.orlenpaczka.pl", "https://apitest.orlenpaczka.pl")
PATHS = {PLACES[0]: "/WebServicePwRProd/WebServicePwR.asmx",
         PLACES[1]: "/WebServicePwR/WebServicePwR.asmx"}
NAMESPACE = "https://91.242.220.103/WebServicePwR"
"""The service's own name for itself; never an address that is asked."""
DONE = frozenset({0, 6, 7, 8})
"""Stored; with 6 to 8 at another point's code than was asked for: an old code's new one."""
_KEY = re.compile(r"PartnerID|PartnerKey", re.IGNORECASE)
_NAMES = (("DestinationCode", "point"), ("BoxSize", "packages.0.size"))
_SIDED = {"EMail": "email", "FirstName": "name", "LastName": "name", "CompanyName": "name",
          "StreetName": "street", "BuildingNumber": "street", "FlatNumber": "street",
          "City": "city", "PostCode": "postcode", "PhoneNumber": "phone"}


class Api:
    """ORLEN Paczka of one partner."""

    def __init__(self, context: Context) -> None:
        place = str(context.settings.get("place") or PLACES[0])
        self._http = context.http
        self._service = Service(PATHS.get(place, PATHS[PLACES[0]]), NAMESPACE, f"{NAMESPACE}/",
                                refusal, is_qualified=True)
        self._login = {"PartnerID": str(context.settings.get("partner") or "").strip(),
                       "PartnerKey": context.secrets.get("key", "")}

    def ask(self, operation: str, content: Mapping[str, Any], *, is_write: bool = False,
            is_login_last: bool = False) -> Found:
        """The answer to an operation. Errors as of ``Service.ask``; those of rows are left.

        Args:
            is_login_last: the operation's schema has the partner behind everything else.
        """
        parts = (content, self._login) if is_login_last else (self._login, content)
        return self._service.ask(self._http, operation, {**parts[0], **parts[1]},
                                 is_write=is_write)

    def ask_anybody(self, operation: str) -> Found:
        """The answer to an operation that is open to everybody."""
        return self._service.ask(self._http, operation, {})


def rows(found: Found, name: str) -> Iterator[Found]:
    """The rows of an answer, however they are packed: what has an element of this name."""
    for one in found.children:
        if one.name == name:
            yield found
            break
    for one in found.children:
        if one.name != "schema":  # a data set brings its own schema along
            yield from rows(one, name)


def complaint(row: Found) -> ChannelError | None:
    """What a row says is wrong; None when it was done. ``000`` and ``0`` are the same."""
    code, said = row.text("Err"), row.text("ErrDes")
    if code.isdigit() and int(code) in DONE:
        return None
    if _KEY.search(said):
        return AccessRefused(words.REFUSED_KEY, "key")
    return Refused(words.SAYS % {"why": (said or code)[:300]}, code, field_of(said))


def refusal(fault: Fault, failing: type[ChannelError]) -> ChannelError:
    """A fault: the service failed, or did not understand the envelope."""
    if fault.code == "Client":
        return Refused(words.SAYS % {"why": fault.text[:300]}, fault.code)
    return failing(words.BROKEN % {"why": fault.code})


def field_of(said: str) -> str:
    """The booking's field that an error is about: by the service's own names, else by words."""
    for name, field in _NAMES:
        if name in said:
            return field
    for name, field in _SIDED.items():
        if name in said:
            return f"{'sender' if f'Sender{name}' in said else 'receiver'}.{field}"
    return field_said(said)
