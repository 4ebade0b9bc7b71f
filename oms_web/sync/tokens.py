"""An account's secrets at work: tokens that end are renewed once, whoever else wants to.

Many threads and nodes may find at the same moment that a token has ended, and a refresh token is
often good for one use. So one of them gets the right to renew (a conditional UPDATE with a lease,
no transaction stays open while the channel is asked) and stores the new tokens before it uses
them; the others wait for what it stores.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from oms_connector import AccessRefused, ChannelDown, ChannelError, Tokens
from sqlalchemy import ColumnElement, or_, select, true, update

from oms_web.core.actor import SYSTEM
from oms_web.core.db import rows_changed
from oms_web.core.ports import SecretBox
from oms_web.core.work import Work, Works
from oms_web.domain.channels.models import ChannelAccount

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=180)
"""Longer than asking a channel for tokens may take."""
PATIENCE = 20.0
POLL = 0.1


def purpose(account_id: int) -> str:
    """What an account's secrets are bound to."""
    return f"channel_account:{account_id}"


def open_secrets(work: Work, account: ChannelAccount) -> dict[str, str]:
    """The account's secrets, decrypted."""
    return _opened(work, account.id, account.secrets)


def as_secrets(tokens: Tokens) -> dict[str, str]:
    """Tokens by the names under which a connector finds them among its secrets."""
    named = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token,
             "expires_at": tokens.expires_at.isoformat() if tokens.expires_at else ""}
    return {**tokens.extra, **named}


@dataclass(slots=True)
class Keyring:
    """The secrets of one account while it is connected. ``secrets`` is renewed in place.

    ``patience`` and ``poll``: seconds that one waits for another who renews.
    """

    works: Works
    account_id: int
    secrets: dict[str, str]
    patience: float = PATIENCE
    poll: float = POLL
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _fresh: str | None = None
    _lease: datetime | None = None

    def due(self) -> bool:
        """Whether the access token is known to have ended."""
        if self._fresh is not None and self.secrets.get("access_token") == self._fresh:
            return False  # the channel's clock is not ours
        until = _moment(self.secrets.get("expires_at", ""))
        return until is not None and until <= self.works.clock()

    def renew(self, refresh: Callable[[], Tokens]) -> None:
        """Put tokens that work into ``secrets``: another's, or by ``refresh``.

        Raises:
            AccessRefused: the channel took the access back, or refuses what it just gave.
            ChannelDown: not now; what was stored before still stands.
        """
        used = self.secrets.get("access_token", "")
        if used and used == self._fresh:
            raise AccessRefused("the channel does not accept the token that it has just given")
        if not self._take_turn(used):
            return
        try:
            tokens = refresh()
        except AccessRefused:
            self._give_back()
            if self._adopt(self._look()[0], used):
                return  # our lease had run out, and somebody else was in time
            raise
        except ChannelError as error:
            self._give_back()
            # Whatever it was, the call that needed the token was not made.
            raise ChannelDown(f"the access could not be renewed: {error}") from error
        except BaseException:
            self._give_back()
            raise
        self._store(tokens)
        self._fresh = self.secrets.get("access_token")

    def _take_turn(self, used: str) -> bool:
        """Whether it is ours to renew; False when another's tokens are in ``secrets`` now."""
        latest = time.monotonic() + self.patience
        has_waited = False
        while True:
            stored, until = self._look()
            if self._adopt(stored, used):
                return False
            if until is None and has_waited:
                raise ChannelDown("the access could not be renewed a moment ago")
            if (until is None or until <= self.works.clock()) and self._take():
                break
            has_waited = True
            if time.monotonic() >= latest:
                raise ChannelDown("another worker is renewing the access")
            self.sleep(self.poll)
        # Between the look and the lease somebody may have stored theirs and gone.
        if self._adopt(self._look()[0], used):
            self._give_back()
            return False
        return True

    def _look(self) -> tuple[dict[str, str], datetime | None]:
        """The stored secrets and until when somebody renews them: of one moment."""
        with self.works.reading(SYSTEM) as work:
            sealed, until = work.session.execute(
                select(ChannelAccount.secrets, ChannelAccount.renewing_until)
                .where(ChannelAccount.id == self.account_id)
            ).one()
            return _opened(work, self.account_id, sealed), until

    def _take(self) -> bool:
        with self.works.writing(SYSTEM) as work:
            self._lease = work.now + LEASE
            return self._change(work, or_(
                ChannelAccount.renewing_until.is_(None),
                ChannelAccount.renewing_until <= work.now,
            ), renewing_until=self._lease)

    def _give_back(self) -> None:
        with self.works.writing(SYSTEM) as work:
            self._change(work, ChannelAccount.renewing_until == self._lease, renewing_until=None)

    def _adopt(self, stored: Mapping[str, str], used: str) -> bool:
        """Whether the stored access token is another than the one we used; then it is ours too."""
        if stored.get("access_token", "") in ("", used):
            return False
        self._replace(stored)
        return True

    def _store(self, tokens: Tokens) -> None:
        """Seal the new tokens, unless somebody reconnected the account meanwhile."""
        before = self.secrets.get("refresh_token", "")
        with self.works.writing(SYSTEM) as work:
            sealed = work.session.scalar(
                select(ChannelAccount.secrets).where(ChannelAccount.id == self.account_id)
                .with_for_update()
            )
            stored = _opened(work, self.account_id, sealed)
            if stored.get("refresh_token", "") == before:
                stored |= {name: value for name, value in as_secrets(tokens).items()
                           if value or name == "expires_at"}
                box: SecretBox = work.ports["secrets"]
                self._change(work, true(), secrets=box.seal(
                    json.dumps(stored).encode(), purpose(self.account_id)))
            self._change(work, ChannelAccount.renewing_until == self._lease, renewing_until=None)
        self._replace(stored)
        log.info("the access of account %s was renewed", self.account_id)

    def _change(self, work: Work, condition: ColumnElement[bool], **values: Any) -> bool:
        done = rows_changed(
            work.session,
            update(ChannelAccount).where(ChannelAccount.id == self.account_id, condition)
            .values(**values).execution_options(synchronize_session=False)
        )
        return bool(done)

    def _replace(self, secrets: Mapping[str, str]) -> None:
        self.secrets.clear()
        self.secrets.update(secrets)


def _opened(work: Work, account_id: int, sealed: bytes | None) -> dict[str, str]:
    if sealed is None:
        return {}
    box: SecretBox = work.ports["secrets"]
    opened: dict[str, str] = json.loads(box.open(sealed, purpose(account_id)))
    return opened


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
