"""Requests to e-Nadawca and to Poczta's tracking, and what their errors mean.

e-Nadawca answers most errors within its answer: ``error`` with a number and Polish words.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from oms_connector import ChannelDown, ChannelError, Context, Refused
from oms_connector.flaws import field_said
from oms_connector.soap import Fault, Found, Service

from oms_poczta import words

PLACES = ("https://e-nadawca.poczta-polska.pl", "https://en-testwebapi.poczta-polska.pl")
PATH = "/websrv/en.php"
NAMESPACE = "http://e-nadawca.poczta-polska.pl"

TRACKING = "https://tt.poczta-polska.pl"
TRACKING_PATH = f"{TRACKING}/Sledzenie/services/Sledzenie"
TRACKING_NAMESPACE = "http://sledzenie.pocztapolska.pl"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_PLAIN = ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
          "#PasswordText")
_EVERYBODY = ("sledzeniepp", "PPSA")
"""The login that Poczta publishes for whoever asks about single parcels."""


class Api:
    """e-Nadawca of one user, and the tracking that is open to everybody."""

    def __init__(self, context: Context) -> None:
        self._http = context.http
        self._service = Service(PATH, NAMESPACE, f"{NAMESPACE}/", refusal)
        self._tracking = Service(TRACKING_PATH, TRACKING_NAMESPACE, "urn:", tracking_refusal,
                                 is_qualified=True)

    def ask(self, operation: str, content: Mapping[str, Any] | None = None, *,
            is_write: bool = False) -> Found:
        """The answer to an operation. Errors as of ``Service.ask``; those within are left."""
        return self._service.ask(self._http, operation, content or {}, is_write=is_write)

    def scans(self, number: str) -> Found:
        """What the tracking knows of a parcel."""
        user, password = _EVERYBODY
        header = {"wsse:Security": {"@xmlns:wsse": _WSSE, "wsse:UsernameToken": {
            "wsse:Username": user, "wsse:Password": {"@Type": _PLAIN, "=": password}}}}
        return self._tracking.ask(self._http, "sprawdzPrzesylke", {"numer": number},
                                  header=header, signed=False).child("return")


def headers(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Basic authentication; nothing before there is a user."""
    user, password = secrets.get("username", "").strip(), secrets.get("password", "")
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"} \
        if user else {}


def refusal(fault: Fault, failing: type[ChannelError]) -> ChannelError:
    """A fault of e-Nadawca is never about what was asked: it says that within its answer."""
    return failing(words.BROKEN % {"why": fault.code})


def tracking_refusal(fault: Fault, failing: type[ChannelError]) -> ChannelError:
    """The tracking refuses nobody's parcel: it has a status for a number that it does not know."""
    return ChannelDown(words.BROKEN % {"why": fault.code})


def complaint(answer: Found) -> Refused | None:
    """What an answer complains of, the first of it; None where it does not."""
    for error in answer.all("error"):
        number = error.attributes.get("errorNumber", "0")
        said = error.attributes.get("errorDesc", "")
        if number != "0" or said:
            return Refused(words.SAYS % {"why": (said or number)[:300]}, number, field_said(said))
    return None
