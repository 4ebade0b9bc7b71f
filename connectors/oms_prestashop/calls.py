"""Requests to the webservice, and what its refusals mean.

Answers are asked for as JSON, what is written is XML. Always with ``display``: without it
PrestaShop leaves every zero out of an answer. An empty list is ``[]`` without a name, whatever was
asked for. The engine's client answers 401 and 429 itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Http,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Response,
)
from oms_connector.addresses import is_safe, trimmed

from oms_prestashop import words
from oms_prestashop.documents import written

ROOT = "/api"
FULL = "full"
NAMES = {"order_slip": "order_slips"}
"""Resources whose lists are called otherwise than they are."""
NO_SUCH_ID = frozenset({"87", "92", "131"})
NOT_THERE = frozenset({"23", "25", "27", "101"})
"""The resource, or the method: of this version, or of this key."""
NO_SHOP = frozenset({"132", "999"})
NOT_SAVED = "46"


class NotSaved(OutcomeUnknown):
    """The shop could not finish: perhaps after it had done what was asked (a mail that failed)."""


def shop_url(settings: Mapping[str, Any]) -> str:
    """The shop's own address, without what people copy behind it."""
    return trimmed(settings.get("url"), ("/index.php", ROOT))


class Api:
    """The webservice of one shop."""

    def __init__(self, http: Http, settings: Mapping[str, Any]) -> None:
        self._http = http
        self._is_safe = is_safe(shop_url(settings))
        self.shop = str(settings.get("id_shop") or "").strip()
        self._told = ""

    def now(self, ours: datetime) -> datetime:
        """What the shop's own clock said in its last answer; ours where it said nothing."""
        return datetime.fromtimestamp(int(self._told), UTC) if self._told.isdigit() else ours

    def rows(self, resource: str, display: str, params: Mapping[str, Any] | None = None, *,
             needs: Sequence[str] = ()) -> list[Any]:
        """Things of a kind, each an object with the ``needs`` in it.

        Raises:
            ChannelDown: the shop fails, or what it answers cannot be used.
            Refused: it said no.
        """
        response = self.ask("GET", resource, {"display": display, **(params or {})})
        if response.status >= 300:
            raise refusal(response, ChannelDown)
        return _list(response, resource, needs)

    def of(self, resource: str, display: str, field: str, refs: Iterable[str],
           params: Mapping[str, Any] | None = None) -> list[Any]:
        """Things of a kind whose field is one of these, by number; nothing is asked for none."""
        wanted = "|".join(dict.fromkeys(filter(None, refs)))
        asked = {f"filter[{field}]": f"[{wanted}]", "sort": "[id_ASC]", **(params or {})}
        return self.rows(resource, display, asked) if wanted else []

    def send(self, method: str, resource: str, node: str, rows: Sequence[Mapping[str, Any]],
             params: Mapping[str, Any] | None = None) -> list[Any]:
        """Change things; how they are now.

        Raises:
            OutcomeUnknown: it may have been done, all or a part of it.
            Refused: it said no; what stood before the refused one was done.
        """
        response = self.ask(method, resource, {"display": FULL, **(params or {})},
                            body=written(node, rows))
        if response.status >= 300:
            raise refusal(response, OutcomeUnknown)
        try:
            return _list(response, resource, ("id",))
        except ChannelDown as error:  # it was done, but what came back cannot be read
            raise OutcomeUnknown(str(error)) from error

    def ask(self, method: str, resource: str, params: Mapping[str, Any],
            body: bytes | None = None, form: str = "JSON") -> Response:
        """One request, answered by whatever status.

        Raises:
            AccessRefused: the key would be sent in the clear.
        """
        if not self._is_safe:
            raise AccessRefused(words.NO_TLS, "url")
        asked = {**params, "output_format": form, "id_shop": self.shop or None}
        kind = {"Content-Type": "text/xml; charset=utf-8"} if body else {}
        response = self._http.request(method, f"{ROOT}/{resource}", params=asked, body=body,
                                      headers=kind)
        self._told = response.headers.get("access-time", "")[:11]
        return response


def _list(response: Response, resource: str, needs: Sequence[str]) -> list[Any]:
    try:
        document = json.loads(response.body)
    except ValueError:
        raise ChannelDown(words.NO_JSON) from None  # the page is not quoted: it may name people
    if document == []:
        return []
    rows = document.get(NAMES.get(resource, resource)) if isinstance(document, dict) else None
    # An empty list has no name.
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ChannelDown(words.NO_LIST % {"names": resource})
    missing = [name for name in needs
               if any(name not in row for row in rows)]
    if missing:
        raise ChannelDown(words.LACKS % {"names": ", ".join(missing)})
    return rows


def refusal(response: Response, failing: type[ChannelError]) -> ChannelError:
    """What a status from 300 up means, by PrestaShop's own code if there is one.

    Args:
        failing: what it is called when the shop fails rather than refuses.
    """
    code, message = reason(response)
    if not code:
        if response.status == 403:
            return ChannelDown(words.WALL % {"status": 403})
        if response.status == 404:
            return ChannelDown(words.NO_API)
        is_passing = response.status < 400 or response.status >= 500
        said = words.STATUS % {"status": response.status}
        return failing(said) if is_passing else Refused(said)
    if code in NO_SHOP:
        return AccessRefused(words.NO_SHOP, "id_shop")
    if code in NOT_THERE:
        return NotSupported(words.SAYS % {"why": message}, code)
    if code in NO_SUCH_ID:
        return NotFound(words.SAYS % {"why": message}, code)
    if code == NOT_SAVED and failing is OutcomeUnknown:
        return NotSaved(words.SAYS % {"why": message})
    if response.status == 503 or code == NOT_SAVED or _is_php(code):
        return failing(words.STATUS % {"status": response.status})
    return Refused(words.SAYS % {"why": message}, code, _field(message))


def reason(response: Response) -> tuple[str, str]:
    """Code and message of the first error; both empty where the answer is not PrestaShop's."""
    try:
        body = json.loads(response.body)
    except ValueError:
        return "", ""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or not isinstance(first.get("code"), int):
        return "", ""
    told = str(first.get("message") or "").replace("-&gt;", "->")
    # An error in what was written repeats the whole of it, and a list of names is no reason.
    return str(first["code"]), re.split(r"\n|Original XML| The full list is", told)[0][:300]


def _is_php(code: str) -> bool:
    """Errors of PHP itself have small codes: a warning in a module, or a fault."""
    return int(code) < 16


def _field(message: str) -> str:
    found = re.search(r"[Pp](?:roperty|arameter) (?:\w+->|\")(\w+)", message)
    return found[1] if found else ""
