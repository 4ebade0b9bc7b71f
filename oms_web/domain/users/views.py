"""Views of a list, kept by people: made, shared, put in order, taken away and brought back.

What a view narrows a list to is for the list to know; here it is an address, name -> values.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Denied, Invalid, NotAllowedNow, NotFound
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.users.models import ListChoice, ListView, User
from oms_web.domain.users.permissions import ROLES, may

OWN, ALL = "own", "all"
AUDIENCES = (OWN, ALL, *ROLES)
DENSITIES = ("compact", "normal", "roomy")
MOST = 40
"""Views that one person keeps."""
MOST_NAME = 40
MOST_ADDRESS = 2000
"""Characters of the filters of a view: longer addresses do not reach every server."""
SHARE = "views.share"


def visible(session: Session, user: User) -> list[ListView]:
    """The views that a person sees, by name: their own, their role's, everybody's."""
    return list(session.scalars(
        select(ListView)
        .where(ListView.gone_at.is_(None),
               or_(ListView.owner_id == user.id, ListView.audience.in_((ALL, user.role))))
        .order_by(func.lower(ListView.name), ListView.id)))


def get(session: Session, user: User, view_id: int, *, gone: bool = False) -> ListView:
    """A view that this person sees; with ``gone`` one that was taken away.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    view = session.get(ListView, view_id)
    if view is None or (view.gone_at is not None) != gone or not (
        view.owner_id == user.id or view.audience in (ALL, user.role)
    ):
        raise NotFound("There is no such view.")
    return view


def may_change(user: User, view: ListView) -> bool:
    """Whether a person may change a view: their own, and a shared one if they may share."""
    return view.owner_id == user.id or (view.audience != OWN and may(user.role, SHARE))


def _own(work: Work, user: User, view_id: int, *, gone: bool = False) -> ListView:
    view = get(work.session, user, view_id, gone=gone)
    if not may_change(user, view):
        raise Denied("This view belongs to somebody else. Keep one of your own.")
    return view


def create(work: Work, user: User, name: str, audience: str, query: Mapping[str, Any],
           columns: Sequence[str] = (), density: str = "") -> ListView:
    """Keep a view under a name.

    Raises:
        Invalid: no name, a long one, one that this person sees already, an unknown audience, or
            an address that is too long.
        Denied: this person may not share.
        NotAllowedNow: there are ``MOST`` already.
    """
    own = work.session.scalar(select(func.count()).where(
        ListView.owner_id == user.id, ListView.gone_at.is_(None))) or 0
    if own >= MOST:
        raise NotAllowedNow("You keep %(n)s views already. Take one away first.", n=MOST)
    view = ListView(owner_id=user.id, name=_name(work.session, user, name, 0),
                    audience=_audience(user, audience, OWN), query=_address(query),
                    columns=list(columns), density=density, changed_at=work.now)
    work.session.add(view)
    work.session.flush()
    audit.record(work, "views.create", "view", view.id,
                 {"name": [None, view.name], "audience": [None, view.audience]})
    return view


def change(work: Work, user: User, view_id: int, name: str, audience: str) -> bool:
    """Call a view otherwise, or show it to others; False when nothing is different.

    Raises:
        Invalid, Denied: as ``create``.
        NotFound: this person does not see it.
    """
    view = _own(work, user, view_id)
    said = {"name": _name(work.session, user, name, view_id),
            "audience": _audience(user, audience, view.audience)}
    return _keep(work, view, said)


def narrow(work: Work, user: User, view_id: int, query: Mapping[str, Any]) -> bool:
    """Let a view be of something else: another address.

    Raises:
        Invalid: an address that is too long.
    """
    return _keep(work, _own(work, user, view_id), {"query": _address(query)})


def draw(work: Work, user: User, view_id: int, columns: Sequence[str], density: str) -> bool:
    """Give a view columns and a density of its own."""
    return _keep(work, _own(work, user, view_id), {"columns": list(columns), "density": density})


def _keep(work: Work, view: ListView, said: Mapping[str, Any]) -> bool:
    changes = audit.changes({name: getattr(view, name) for name in said}, said)
    if not changes:
        return False
    for name in changes:
        setattr(view, name, said[name])
    view.changed_at = work.now
    for name in ("query", "columns"):  # nobody reads whole addresses in the trail
        if name in changes:
            changes[name] = [len(changes[name][0]), len(changes[name][1])]
    audit.record(work, "views.change", "view", view.id, changes, note=view.name)
    return True


def drop(work: Work, user: User, view_id: int) -> str:
    """Take a view away, for everybody who saw it; its name. It can be brought back."""
    view = _own(work, user, view_id)
    view.gone_at = work.now
    audit.record(work, "views.delete", "view", view_id, {"name": [view.name, None]})
    return view.name


def restore(work: Work, user: User, view_id: int) -> None:
    """Bring a view back."""
    view = _own(work, user, view_id, gone=True)
    view.gone_at = None
    audit.record(work, "views.restore", "view", view_id, {"name": [None, view.name]})


def _name(session: Session, user: User, name: str, own_id: int) -> str:
    name = tidy(name)
    if not name:
        raise Invalid("Fill this in.", "name")
    if len(name) > MOST_NAME:
        raise Invalid("At most %(limit)s characters.", "name", limit=MOST_NAME)
    if any(one.name.lower() == name.lower() and one.id != own_id for one in visible(session, user)):
        raise Invalid("There is a view with this name already.", "name")
    return name


def _address(query: Mapping[str, Any]) -> dict[str, Any]:
    said = dict(query)
    if len(json.dumps(said)) > MOST_ADDRESS:
        raise Invalid("At most %(limit)s characters.", "query", limit=MOST_ADDRESS)
    return said


def _audience(user: User, audience: str, before: str) -> str:
    if audience not in AUDIENCES:
        raise Invalid("Choose who sees it.", "audience")
    if audience not in (OWN, before) and not may(user.role, SHARE):
        raise Denied("Your role does not include this.")
    return audience


# How one person has the list ---------------------------------------------------------------------


def choice(session: Session, user_id: int) -> ListChoice:
    """How a person has the list; as it comes when they never said."""
    return session.get(ListChoice, user_id) or ListChoice(
        user_id=user_id, columns=[], density="", places=[], hidden=[], first="")


def choose(work: Work, user_id: int, **said: Any) -> None:
    """Write down how a person has the list: any of the fields of ``ListChoice``."""
    found = work.session.get(ListChoice, user_id)
    if found is None:
        found = choice(work.session, user_id)
        work.session.add(found)
    for name, value in said.items():
        setattr(found, name, value)


def arranged(keys: Sequence[str], places: Sequence[str], hidden: Collection[str] = ()) -> list[str]:
    """The keys as a person has put them; those they never placed come behind. Pure."""
    rank = {key: place for place, key in enumerate(places)}
    ordered = sorted(keys, key=lambda key: rank.get(key, len(rank)))
    return [key for key in ordered if key not in hidden]


def moved(keys: Sequence[str], key: str, step: int) -> list[str]:
    """The keys with one of them a step further up (-1) or down (+1). Pure."""
    found = list(keys)
    at = found.index(key) if key in found else -1
    if at < 0 or not 0 <= at + step < len(found):
        return found
    found[at], found[at + step] = found[at + step], found[at]
    return found
