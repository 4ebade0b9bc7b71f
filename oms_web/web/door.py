"""How a click reaches the work: who it is, a session to read with, a transaction to write in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app, g

from oms_web.core.actor import Actor
from oms_web.core.work import Work
from oms_web.domain.orders import outgoing
from oms_web.domain.users.models import User
from oms_web.extensions import db
from oms_web.wiring import Oms

_NOBODY, _BUYER = Actor("system", "visitor"), Actor("system", "buyer")


def oms() -> Oms:
    """The installation this app serves."""
    return cast(Oms, current_app.extensions["oms"])


def current_user() -> User | None:
    """The signed-in person, loaded before the request by ``web/auth.py``."""
    return cast("User | None", g.get("user"))


def actor() -> Actor:
    """The name that goes into the audit trail; on pages of buyers that is the buyer."""
    user = current_user()
    if user is None:
        return _BUYER if g.get("buyers") else _NOBODY
    return Actor("user", user.name, user.id)


def reading() -> Work:
    """The request's own snapshot; nothing written through it is kept."""
    works = oms().works
    return Work(db.session, actor(), works.clock(), works.ports)


@contextmanager
def writing() -> Iterator[Work]:
    """A transaction for a changing request. Afterwards ``reading()`` sees what it did.

    However many a request opens, they are one click: what they decide is recalled together.
    """
    db.session.rollback()
    with oms().works.writing(actor()) as work:
        outgoing.together(work, _click())
        yield work
    db.session.rollback()


def _click() -> str:
    """What the decisions of this request have in common."""
    if "click" not in g:
        g.click = secrets.token_hex(8)
    return cast(str, g.click)
