"""Who calls: the key in the Authorization header, its pace, and its scopes. Cookies say nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from flask import Flask, Response, current_app, g, request

from oms_web.api.pace import Pace, Strangers
from oms_web.api.problems import Problem
from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.users import api_keys
from oms_web.domain.users.api_calls import Calls
from oms_web.domain.users.models import ApiKey
from oms_web.wiring import Oms

PREFIX = "/api/"
PUBLIC = "public"
_STATES = {"unknown": "There is no such key.", "expired": "This key has expired.",
           "revoked": "This key was revoked."}


@dataclass(frozen=True, slots=True)
class Node:
    """What this process keeps between calls."""

    pace: Pace
    calls: Calls
    strangers: Strangers = field(default_factory=Strangers)


def oms() -> Oms:
    """The installation this app serves."""
    return cast(Oms, current_app.extensions["oms"])


def node() -> Node:
    """The counters of this process."""
    return cast(Node, current_app.extensions["oms_api"])


def is_api(path: str) -> bool:
    """Whether an address belongs to this door."""
    return path.startswith(PREFIX) or path == PREFIX.rstrip("/")


def scope_of(app: Flask, endpoint: str | None) -> str | None:
    """The scope of a route; None when it has none, which means that nobody may call it."""
    return getattr(app.view_functions.get(endpoint or ""), "scope", None)


def check_request(app: Flask) -> None:
    """Before every call: who is it, not too often, and may they?

    Raises:
        Problem: no valid key, too many calls, or not in the key's scopes.
    """
    if request.endpoint is None:
        return  # Flask itself says that there is nothing, or not by this method
    if "\0" in request.path:
        raise Problem("not-found", "There is nothing at this address.")
    scope = scope_of(app, request.endpoint)
    if scope == PUBLIC:
        return
    key = _key()
    g.api_key = key
    allowance = node().pace.take(key.key_hash, oms().works.clock())
    g.api_allowance = allowance
    if not allowance.allowed:
        raise Problem("too-many", f"At most {allowance.limit} calls a minute.")
    if scope is None or scope not in key.scopes:
        raise Problem("not-in-scope", f"This needs the scope {scope or 'of nobody'}.")
    if api_keys.needs_touch(key, oms().works.clock()):
        api_keys.touch(oms().works, key.id)


def _key() -> ApiKey:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _refused("Send a key: Authorization: Bearer oms_...")
    works, strangers = oms().works, node().strangers
    address, hashed = request.remote_addr or "", api_keys.hash_of(token.strip())
    if left := strangers.refused(address, hashed, works.clock()):
        raise Problem("too-many", f"At most {left.limit} calls a minute with keys that are none.",
                      headers={"Retry-After": str(left.reset_s)})
    with works.reading(SYSTEM) as work:
        found = api_keys.find(work.session, token.strip())
        state = api_keys.state(found, work.now) if found else "unknown"
        if found is None or state != "live":
            strangers.wrong(address, hashed, work.now)
            raise _refused(_STATES[state], "invalid_token")
        work.session.expunge(found)
    strangers.welcome(hashed)
    return found


def _refused(detail: str, error: str = "") -> Problem:
    """RFC 6750: the challenge names an error only when a key was sent."""
    more = f', error="{error}"' if error else ""
    return Problem("no-key", detail, headers={"WWW-Authenticate": f'Bearer realm="oms"{more}'})


def actor() -> Actor:
    """The name that goes into the audit trail: the key's."""
    key = cast(ApiKey, g.api_key)
    return Actor("api", key.name, key.id)


def finish(response: Response) -> Response:
    """Say how many calls are left."""
    allowance = g.get("api_allowance")
    if allowance is not None:
        response.headers.update(allowance.headers())
    return response
