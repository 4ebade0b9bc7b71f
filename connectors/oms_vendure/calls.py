"""GraphQL over HTTP, and what Vendure's answers mean.

Nearly all of them have status 200. What went wrong is said in three ways: ``errors`` with a code
(a key that is not accepted is ``FORBIDDEN`` there, never a 401), an ``ErrorResult`` in the place of
what was asked for, and ``errors`` that point into a list whose other rows were fine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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

from oms_vendure import documents, words

FORBIDDEN = frozenset({"FORBIDDEN", "UNAUTHORIZED"})
NO_CHANNEL, NO_ENTITY = "CHANNEL_NOT_FOUND", "ENTITY_NOT_FOUND"
REFUSALS = frozenset({"USER_INPUT_ERROR", "ILLEGAL_OPERATION", "BAD_USER_INPUT"})
NOT_IN_SCHEMA = frozenset({"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"})
ROWS = "items"


class NoRight(AccessRefused):
    """The key or the user is known, and its role lacks a permission."""


class Torn(ChannelDown):
    """The shop answers, and fails with an error of its own: perhaps at one row of many, and with it
    the whole list is gone.
    """


def shop_url(settings: Mapping[str, Any]) -> str:
    """The shop's own address, without what people copy behind it."""
    return trimmed(settings.get("url"), (
        f"/{api_path(settings)}", "/admin-api", "/shop-api", "/dashboard", "/admin"))


def api_path(settings: Mapping[str, Any]) -> str:
    """Where the Admin API lies under the shop's address."""
    return str(settings.get("path") or "").strip().strip("/") or "admin-api"


class Api:
    """The Admin API of one channel of one shop."""

    def __init__(self, http: Http, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        self._http = http
        self._path = f"/{api_path(settings)}"
        self._is_safe = is_safe(shop_url(settings))
        self._channel = str(settings.get("channel") or "").strip()
        self._secrets = secrets

    @property
    def field(self) -> str:
        """The setting that says who asks."""
        return "api_key" if self._secrets.get("api_key") else "password"

    def read(self, document: str, variables: Mapping[str, Any] | None = None, *needs: str) -> Any:
        """The answer's data, with the ``needs`` in it.

        Raises:
            ChannelDown: the shop fails, or what it answers cannot be used; ``Torn`` for one row.
            Refused: it said no.
            AccessRefused: the key is not accepted; ``NoRight`` where it lacks a permission.
        """
        return self._run(document, variables or {}, ChannelDown, needs)

    def write(self, document: str, variables: Mapping[str, Any], name: str) -> Any:
        """Change something; what the mutation ``name`` gave. Errors as for ``read``, and:

        Raises:
            OutcomeUnknown: it may have been done.
        """
        found = self._run(document, variables, OutcomeUnknown, (name,))[name]
        if isinstance(found, dict) and found.get("errorCode"):
            raise refused(found)
        return found

    def try_write(self, document: str) -> None:
        """See whether a mutation that changes nothing is allowed. Errors as for ``read``."""
        self._run(document, {}, ChannelDown, ())

    def log_in_again(self) -> None:
        """Have a new session. Errors as for ``read``."""
        self._http.renew()

    def ask(self, document: str, variables: Mapping[str, Any], *, safe: bool, signed: bool = True
            ) -> Response:
        """One request, answered by whatever status.

        Raises:
            AccessRefused: the key would be sent in the clear.
        """
        if not self._is_safe:
            raise AccessRefused(words.NO_TLS, "url")
        channel = {"vendure-token": self._channel} if self._channel else {}
        return self._http.request(
            "POST", self._path, json={"query": document, "variables": dict(variables)}, safe=safe,
            signed=signed, headers={"Accept": "application/json", **channel})

    def _run(self, document: str, variables: Mapping[str, Any], failing: type[ChannelError],
             needs: Sequence[str]) -> Any:
        safe = failing is ChannelDown
        if self.field == "password" and not self._secrets.get("access_token"):
            self._http.renew()
        response = self.ask(document, variables, safe=safe)
        if is_forbidden(response):
            self._let_in()
            response = self.ask(document, variables, safe=safe)
            if is_forbidden(response):
                raise self._no_right()
        return data_of(response, failing, needs)

    def _let_in(self) -> None:
        """Log in again, if it was the session that ended.

        Raises:
            AccessRefused: the key is not accepted, or has no right to this.
        """
        if not is_forbidden(self.ask(documents.KNOWN, {}, safe=True)):
            raise self._no_right()
        if self.field == "api_key":
            raise AccessRefused(words.KEY_REFUSED, "api_key")
        self._http.renew()

    def _no_right(self) -> NoRight:
        return NoRight(words.NO_RIGHTS, self.field)


def data_of(response: Response, failing: type[ChannelError], needs: Sequence[str]) -> Any:
    """The data of an answer.

    Args:
        failing: what it is called when the shop fails rather than refuses.
    """
    if response.status == 403:
        raise ChannelDown(words.BLOCKED)
    if response.status == 404:
        raise ChannelDown(words.NO_API)
    body = _body(response)
    errors = body.get("errors") if isinstance(body, dict) else None
    if errors and response.status < 500:
        raise _sorted(errors, failing)
    if response.status >= 300:
        raise failing(words.STATUS % {"status": response.status})
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        raise failing(words.NO_JSON)  # the page is not quoted: it may name people
    missing = [name for name in needs if data.get(name) is None]
    if missing:
        raise failing(words.LACKS % {"names": ", ".join(missing)})
    return data


def rows_of(found: Any) -> tuple[list[Any], int]:
    """The rows of a list, and how many there are in all.

    Raises:
        ChannelDown: it is no list.
    """
    rows = found.get(ROWS) if isinstance(found, dict) else None
    total = found.get("totalItems") if isinstance(found, dict) else None
    if not isinstance(rows, list) or isinstance(total, bool) or not isinstance(total, int):
        raise ChannelDown(words.NO_LIST)
    return rows, total


def is_forbidden(response: Response) -> bool:
    """Whether an answer says that who asks is not known, or may not do this."""
    body = _body(response)
    errors = body.get("errors") if isinstance(body, dict) else None
    return isinstance(errors, list) and any(_code(error) in FORBIDDEN for error in errors)


def refused(found: Mapping[str, Any]) -> Refused:
    """What an ``ErrorResult`` says: a refusal in the place of what was asked for."""
    code, said = str(found["errorCode"]), str(found.get("transitionError") or "")
    message = said or str(found.get("message") or "")
    if not message or message.startswith("errorResult."):  # it has no words for it
        message = code.removesuffix("_ERROR").replace("_", " ").lower()
    return Refused(message[:500], code)


def _sorted(errors: Any, failing: type[ChannelError]) -> ChannelError:
    error = errors[0] if isinstance(errors, list) and errors else None
    code = _code(error)
    message = str(error.get("message") or code)[:500] if isinstance(error, dict) else ""
    if code == NO_CHANNEL:
        return AccessRefused(words.NO_CHANNEL, "channel")
    if code == NO_ENTITY:
        return NotFound(message, code)
    if code in REFUSALS:
        return Refused(message, code)
    if code in NOT_IN_SCHEMA:
        return NotSupported(words.NOT_IN_SCHEMA % {"why": message}, code)
    # Any other comes from the database or a plugin: its words may name people.
    return (Torn if failing is ChannelDown else failing)(words.FAILED % {"code": code or "?"})


def _code(error: Any) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _body(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        return None
