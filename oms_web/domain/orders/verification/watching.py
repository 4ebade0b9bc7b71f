"""The seller's own list of phone numbers, e-mail addresses and addresses to look out for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, NotFound
from oms_web.core.text import phone_key, tidy, words
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders.verification.models import Watched

_PHONE_DIGITS = 7
_SHORTEST = 6
_STREET = ("ul", "ulica")
MOST = 2000
"""Entries of the list. It is read as a whole by nobody but its own screen."""


def key_of(text: str) -> str:
    """How an entry is compared: an e-mail address, a phone number by its last nine digits, or an
    address without spaces, commas, accents and capitals.

    Raises:
        Invalid: too little to recognise anybody by.
    """
    typed = tidy(text)
    if "@" in typed:
        key = typed.lower()
    elif sum(ch.isdigit() for ch in typed) >= _PHONE_DIGITS and not any(
            ch.isalpha() for ch in typed):
        key = phone_key(typed)
    else:
        key = _place(typed)
    if len(key) < _SHORTEST:
        raise Invalid("Give a phone number, an e-mail address, or a street with its number and "
                      "the postcode or the town.", "text")
    return key[:120]


def keys_of(ship_to: Mapping[str, Any], email: str, phone: str) -> set[str]:
    """What an order may stand on the list by."""
    street, postcode, city = (str(ship_to.get(name) or "")
                              for name in ("street", "postcode", "city"))
    phones = {phone_key(text) for text in (phone, str(ship_to.get("phone") or ""))}
    places = {_place(f"{street} {rest}") for rest in (postcode, city, f"{postcode} {city}")
              if rest and street}
    mails = {text.strip().lower() for text in (email, str(ship_to.get("email") or ""))}
    return {key[:120] for key in phones | places | mails if len(key) >= _SHORTEST}


def _place(text: str) -> str:
    """An address as it is compared; whether a street is called one makes no difference."""
    return "".join(word for word in words(text) if word not in _STREET)


def among(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the keys that stand on the list."""
    if not keys:
        return set()
    return set(session.scalars(select(Watched.key).where(Watched.key.in_(sorted(keys)))))


def every(session: Session) -> Sequence[Watched]:
    """The list, the newest first."""
    return session.scalars(select(Watched).order_by(Watched.id.desc()).limit(MOST)).all()


def add(work: Work, text: str, note: str) -> bool:
    """Put an entry on the list; False when it stands there.

    Raises:
        Invalid: too little to recognise anybody by, or the list is full.
    """
    key = key_of(text)
    if work.session.scalar(select(Watched.id).where(Watched.key == key)) is not None:
        return False
    if len(every(work.session)) >= MOST:
        raise Invalid("At most %(n)s entries.", "text", n=MOST)
    work.session.add(Watched(key=key, text=tidy(text)[:200], note=tidy(note)[:200],
                             added_at=work.now, added_by=work.actor.name))
    audit.record(work, "orders.watch", "company", 1, {"watched": [None, tidy(text)[:200]]},
                 note=tidy(note)[:200] or None)
    return True


def remove(work: Work, watched_id: int) -> None:
    """Take an entry off the list.

    Raises:
        NotFound: it is not there.
    """
    row = work.session.get(Watched, watched_id)
    if row is None:
        raise NotFound("This does not stand on the list.")
    audit.record(work, "orders.watch", "company", 1, {"watched": [row.text, None]})
    work.session.delete(row)
