"""What all pages of buyers share: how often somebody may knock, the key, the language, the answer.

No account, no shell. A key that is wrong and one that is over are answered alike, by the same two
look-ups; what is answered is kept by nobody and named to no other site.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from flask import Response, g, make_response, render_template, request, session
from flask_babel import refresh

from oms_web.core.errors import NotFound
from oms_web.domain.company.models import Company
from oms_web.domain.messages import pages, wording
from oms_web.domain.orders.models import Order
from oms_web.extensions import db
from oms_web.flows import return_portal
from oms_web.web.door import oms

WRONG_PER_MINUTE, ALL_PER_MINUTE = 30, 300
"""Many buyers may share the address of their phone company; few of them have a wrong key."""
SAID_PER_MINUTE = 10
"""Forms that write something down or send a letter."""
MOST_ADDRESSES = 10_000
GOES_BACK = "private, no-cache"
"""An answer to a form that its reader may go back to: a browser has it again only if it kept it."""
CHOSEN = "buyer_language"
"""Where the session keeps the language that a buyer chose."""


class Gate:
    """How often an address may knock in a minute, counted by each node for itself."""

    def __init__(self, most: int = ALL_PER_MINUTE) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._minute = 0
        self._knocks: dict[str, int] = {}
        self._wrong: dict[str, int] = {}

    def opens(self, address: str, now: datetime) -> bool:
        """Count a knock; False when there were too many, or too many wrong ones."""
        minute = int(now.timestamp()) // 60
        with self._lock:
            if minute != self._minute or len(self._knocks) > MOST_ADDRESSES:
                self._minute, self._knocks, self._wrong = minute, {}, {}
            self._knocks[address] = self._knocks.get(address, 0) + 1
            return self._knocks[address] <= self._most \
                and self._wrong.get(address, 0) < WRONG_PER_MINUTE

    def wrong(self, address: str) -> None:
        """Count a key that was none."""
        with self._lock:
            self._wrong[address] = self._wrong.get(address, 0) + 1


_gate, _desk = Gate(), Gate(SAID_PER_MINUTE)


def open_order(token: str) -> Order | None:
    """The order of a key; None where there is none, or it has been asked for too often."""
    now, address = oms().works.clock(), request.remote_addr or ""
    g.allowed = _gate.opens(address, now)
    if not g.allowed:
        return None
    try:
        order = pages.find(db.session, token[:100], now)
    except NotFound:
        _gate.wrong(address)
        return None
    speak(order)
    return order


def entered(token: str) -> tuple[bool, Order | None]:
    """Whether somebody may come in, and the order of their key, if they have one."""
    if not return_portal.is_open(db.session):
        speak(None)
        return False, None
    if not token:
        speak(None)
        return True, None
    order = open_order(token)
    return order is not None, order


def shop() -> Company | None:
    """Whose page it is."""
    return db.session.get(Company, 1)


def may_say() -> bool:
    """Count a form that is sent; False when there were too many of them."""
    g.allowed = _desk.opens(request.remote_addr or "", oms().works.clock())
    return bool(g.allowed)


def speak(order: Order | None) -> str:
    """Answer in the language that was chosen on a page, else in what the browser asks for, else in
    that of the order's country.
    """
    g.buyers = True
    if request.args.get("lang") in wording.LANGUAGES:
        session[CHOSEN] = request.args["lang"]
    usual = wording.language_of(order.country) if order is not None else "pl"
    g.language = session.get(CHOSEN) or \
        request.accept_languages.best_match(wording.LANGUAGES) or usual
    g.pop("catalogue", None)
    refresh()
    return str(g.language)


def nothing() -> Response:
    """What is answered to a key that is wrong, over, or tried too often."""
    speak(None)
    status = 404 if g.get("allowed", True) else 429
    made = answer("buyer/nothing.html", status=status, shop=None, slow=status == 429)
    if status == 429:
        made.headers["Retry-After"] = "60"
    return made


def answer(template: str, *, status: int = 200, **values: Any) -> Response:
    """A page of a buyer's."""
    return shy(make_response(render_template(template, **values), status))


def shy(made: Response) -> Response:
    """Kept by nobody, found by no search engine, named to no other site."""
    made.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    made.headers["Referrer-Policy"] = "no-referrer"
    made.headers["Cache-Control"] = "no-store, private"
    return made
