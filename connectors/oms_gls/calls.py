"""Requests to ADE-Plus, sessions, and what its errors mean.

A session is got with the login and ends after half an hour; an operation in an ended session does
nothing. The engine keeps it as a token and has it renewed once, whoever else works meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Context,
    NotFound,
    Refused,
)
from oms_connector.soap import Fault, Found, Service

from oms_gls import words

PLACES = ("https://adeplus.gls-poland.com", "https://ade-test.gls-poland.com")
PATH = "/adeplus/pm1/ade_webapi2.php"

_ACCESS = {
    "err_user_incorrect_username_password": (words.REFUSED_LOGIN, "password"),
    "err_login_failed": (words.REFUSED_LOGIN, "password"),
    "err_user_blocked": (words.BLOCKED, "username"),
    "err_user_webapi_blocked": (words.NO_WEBAPI, "username"),
    "err_user_permissions_problem": (words.NO_WEBAPI, "username"),
    "err_user_insufficient_permissions": (words.NO_WEBAPI, "username"),
    "err_user_login_by_localization_code_required": (words.BY_LOCATION, "username"),
    "err_user_debt_collection_lock": (words.IN_DEBT, ""),
}
_ENDED = frozenset({"err_sess_not_found", "err_sess_expired"})
_BROKEN = frozenset({"Server", "err_sess_create_problem", "err_cons_parcel_label_problem",
                     "err_cons_delete_problem", "err_pickup_make_problem"})
_NOT_THERE = frozenset({"err_cons_not_found", "err_invalid_identifier", "err_cons_no_label",
                        "err_pickup_not_found", "err_parcelshop_not_found"})
_FIELDS = {
    "err_cons_receiver_name1_empty": (words.NEEDED, "receiver.name"),
    "err_cons_receiver_country_empty": (words.NEEDED, "receiver.country"),
    "err_cons_receiver_zipcode_empty": (words.NEEDED, "receiver.postcode"),
    "err_cons_receiver_zipcode_is_invalid": (words.WRONG_POSTCODE, "receiver.postcode"),
    "err_cons_receiver_city_empty": (words.NEEDED, "receiver.city"),
    "err_cons_receiver_street_empty": (words.NEEDED, "receiver.street"),
    "err_cons_srv_amount_of_cod_is_incorrect": (words.WRONG_COD, "cod"),
    "err_cons_srv_amount_of_cod_is_too_large": (words.WRONG_COD, "cod"),
    "err_cons_srv_cod_service_is_unavailable": (words.NO_COD, "cod"),
    "err_cons_srv_for_countries_other_than_pl_are_not_available":
        (words.ONLY_POLAND, "receiver.country"),
    "err_cons_number_of_parcels_is_incorrect": (words.WRONG_PARCELS, "packages"),
}


class Ended(ChannelDown):
    """The session is none (any more); nothing was done."""


class Api:
    """ADE-Plus of one user."""

    def __init__(self, context: Context) -> None:
        place = str(context.settings.get("place") or PLACES[0])
        self._http, self._secrets = context.http, context.secrets
        self._login = {"user_name": str(context.settings.get("username") or "").strip(),
                       "user_password": context.secrets.get("password", "")}
        self._service = Service(PATH, place + PATH, f"{place}{PATH}#", refusal)

    def log_in(self) -> str:
        """A new session."""
        found = self._service.ask(self._http, "adeLogin", self._login, signed=False)
        session = found.text("return", "session")
        if not session:
            raise ChannelDown(words.NO_SESSION)
        return session

    def ask(self, operation: str, content: Mapping[str, Any], *, is_write: bool = False) -> Found:
        """What an operation returns; in a new session where ours has ended.

        Errors as of ``Service.ask``.
        """
        if not self._secrets.get("access_token"):
            self._http.renew()
        try:
            return self._ask(operation, content, is_write)
        except Ended:
            self._http.renew()
        return self._ask(operation, content, is_write)

    def _ask(self, operation: str, content: Mapping[str, Any], is_write: bool) -> Found:
        session = self._secrets.get("access_token", "")
        return self._service.ask(self._http, operation, {"session": session, **content},
                                 is_write=is_write).child("return")


def refusal(fault: Fault, failing: type[ChannelError]) -> ChannelError:
    """What an error means; GLS gives it as the fault's code."""
    if fault.code in _ACCESS:
        return AccessRefused(*_ACCESS[fault.code])
    if fault.code in _ENDED:
        return Ended(words.BROKEN % {"code": fault.code})
    if fault.code in _BROKEN:
        return failing(words.BROKEN % {"code": fault.code})
    if fault.code in _NOT_THERE:
        return NotFound(words.NOT_THERE, fault.code)
    said, field = _FIELDS.get(fault.code, (words.SAYS % {"code": fault.code[:80]}, ""))
    return Refused(said, fault.code, field)
