"""The keys that programs call the API with: made once, shown once, known by their hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work, Works
from oms_web.domain.audit import service as audit
from oms_web.domain.users.models import ApiKey
from oms_web.domain.users.scopes import SCOPES, SENDS_ORDERS

START = "oms_"
SHOWN = len(START) + 6
MOST_LENGTH = 80
SEEN_EVERY = timedelta(minutes=5)


def create(
    work: Work, name: str, scopes: Sequence[str], expires_at: datetime | None = None,
    account_id: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; its row, and the key itself, which nobody can be told again.

    Args:
        expires_at: from this moment on it opens nothing; None: it lasts.
        account_id: the channel account that its orders belong to.

    Raises:
        InvalidForm: no name or a taken one, no or unknown scopes, an end that has passed, no
            channel though it may send orders in.
    """
    name = tidy(name)
    problems: dict[str, OmsError] = {}
    if not name:
        problems["name"] = Invalid("Fill this in.")
    elif len(name) > MOST_LENGTH:
        problems["name"] = Invalid("At most %(limit)s characters.", limit=MOST_LENGTH)
    elif work.session.scalar(select(ApiKey.id).where(ApiKey.name == name, *_live(work.now))):
        problems["name"] = Invalid("A key that works has this name already.")
    if not scopes or not set(scopes) <= SCOPES.keys():
        problems["scopes"] = Invalid("Choose at least one.")
    if expires_at is not None and expires_at <= work.now:
        problems["expires_on"] = Invalid("This moment has passed.")
    if SENDS_ORDERS in scopes and account_id is None:
        problems["account_id"] = Invalid("Choose a channel.")
    if problems:
        raise InvalidForm(problems)
    key = START + secrets.token_urlsafe(32)
    row = ApiKey(
        name=name, prefix=key[:SHOWN], key_hash=hash_of(key),
        scopes=[scope for scope in SCOPES if scope in scopes], account_id=account_id,
        created_at=work.now, created_by=work.actor.name, expires_at=expires_at,
    )
    work.session.add(row)
    work.session.flush()
    audit.record(work, "api_keys.create", "api_key", row.id, {
        "name": [None, name], "scopes": [None, row.scopes], "account_id": [None, account_id],
        "expires_at": [None, expires_at and expires_at.isoformat()],
    })
    return row, key


def hash_of(key: str) -> str:
    """What is kept of a key. It is 256 random bits: no slow hash makes it harder to guess."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def find(session: Session, key: str) -> ApiKey | None:
    """The row of a key, whether it still works or not.

    It is looked up by its hash, so the time this takes says nothing about any key.
    """
    return session.scalar(select(ApiKey).where(ApiKey.key_hash == hash_of(key)))


def state(key: ApiKey, now: datetime) -> str:
    """``live``, ``expired`` or ``revoked``."""
    if key.revoked_at is not None:
        return "revoked"
    return "live" if key.expires_at is None or key.expires_at > now else "expired"


def _live(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ApiKey.revoked_at.is_(None), (ApiKey.expires_at.is_(None)) | (ApiKey.expires_at > now)


def needs_touch(key: ApiKey, now: datetime) -> bool:
    """Whether a key's last use is old enough to be written again."""
    return key.used_at is None or key.used_at + SEEN_EVERY <= now


def touch(works: Works, key_id: int) -> None:
    """Note that a key is in use; at most every five minutes, see ``needs_touch``."""
    with works.writing(SYSTEM) as work:
        work.session.execute(
            update(ApiKey).where(
                ApiKey.id == key_id,
                ApiKey.used_at.is_(None) | (ApiKey.used_at <= work.now - SEEN_EVERY),
            ).values(used_at=work.now)
        )


def every(session: Session) -> list[ApiKey]:
    """All keys: those not revoked first, by name; the latest revoked one next."""
    return list(session.scalars(
        select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.revoked_at.desc(),
                                func.lower(ApiKey.name), ApiKey.id)
    ))


def get(session: Session, key_id: int) -> ApiKey:
    """A key's row.

    Raises:
        NotFound: there is none.
    """
    found = session.get(ApiKey, key_id)
    if found is None:
        raise NotFound("There is no such key.")
    return found


def revoke(work: Work, key_id: int) -> bool:
    """Let a key open nothing any more, from the next call on; False when it was revoked before."""
    row = get(work.session, key_id)
    if row.revoked_at is not None:
        return False
    row.revoked_at, row.revoked_by = work.now, work.actor.name
    audit.record(work, "api_keys.revoke", "api_key", key_id, {"name": [row.name, row.name]})
    return True
