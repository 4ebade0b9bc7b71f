"""Connect an account whose channel wants the seller's yes on its own page: by code or by device.

The app owns the state, the PKCE verifier (RFC 7636) and the storage; a connector knows addresses
and words. Where an installation has to register itself first (RFC 7591), that is done on the way.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

from oms_connector import (
    AccessRefused,
    AuthorizesByCode,
    AuthorizesByDevice,
    Connector,
    RegistersClient,
    Tokens,
)
from sqlalchemy import delete, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.ports import SecretBox
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.service import get_account
from oms_web.sync import accounts
from oms_web.sync.models import Grant
from oms_web.sync.session import Engine, connected
from oms_web.sync.tokens import as_secrets, open_secrets

CODE, DEVICE = "code", "device"
PATIENCE = timedelta(minutes=15)
APP_NAME = "OMS"


def ways(connector: type[Connector]) -> list[str]:
    """How a seller can say yes to this kind of channel; empty where a key is typed in."""
    able = {DEVICE: AuthorizesByDevice, CODE: AuthorizesByCode}
    return [way for way, capability in able.items() if issubclass(connector, capability)]


def _purpose(account_id: int) -> str:
    return f"channel_grant:{account_id}"


def _keep(work: Work, account_id: int, secret: str, **values: object) -> Grant:
    """One grant at a time: a new one takes the place of one that was not finished."""
    box: SecretBox = work.ports["secrets"]
    work.session.execute(delete(Grant).where(Grant.account_id == account_id))
    grant = Grant(account_id=account_id, sealed=box.seal(secret.encode(), _purpose(account_id)),
                  **values)
    work.session.add(grant)
    return grant


def _secret(work: Work, grant: Grant) -> str:
    box: SecretBox = work.ports["secrets"]
    return box.open(grant.sealed, _purpose(grant.account_id)).decode()


def _register(engine: Engine, account_id: int, redirect_uri: str) -> None:
    """Register this installation with the channel, if it has to and nobody did."""
    with engine.works.reading(SYSTEM) as work:
        account = get_account(work.session, account_id)
        known = open_secrets(work, account).get("client_id") or account.settings.get("client_id")
    if known:
        return
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, RegistersClient):
            return
        told = connector.register_client(APP_NAME, redirect_uri)
    with engine.works.writing(SYSTEM) as work:
        accounts.set_secrets(work, get_account(work.session, account_id), told)


def begin_code(engine: Engine, account_id: int, redirect_uri: str) -> str:
    """Where to send the seller; they come back to ``redirect_uri`` with a code and our state.

    Raises:
        NotAllowedNow: the channel is not connected this way.
        ChannelError: the channel failed or refused to know this installation.
    """
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    _register(engine, account_id, redirect_uri)
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, AuthorizesByCode):
            raise NotAllowedNow("This channel is not connected this way.")
        url = connector.authorize_url(redirect_uri, state, challenge)
    with engine.works.writing(SYSTEM) as work:
        _keep(work, account_id, verifier, kind=CODE, state_hash=_hash(state), url=url,
              redirect_uri=redirect_uri, expires_at=work.now + PATIENCE)
    return url


def finish_code(engine: Engine, state: str, code: str, actor: Actor) -> int:
    """The seller came back: tokens for the code; which account it was.

    Raises:
        NotFound: nobody was sent away with this state, or too long ago. It is good once.
        AccessRefused, ChannelError: the channel does not give tokens for the code.
    """
    with engine.works.writing(SYSTEM) as work:
        grant = work.session.scalar(
            select(Grant).where(Grant.state_hash == _hash(state), Grant.kind == CODE)
            .with_for_update())
        if grant is None or grant.expires_at < work.now:
            raise NotFound("This way to connect has been used or is too old. Begin again.")
        verifier, account_id, back = _secret(work, grant), grant.account_id, grant.redirect_uri
        work.session.delete(grant)
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, AuthorizesByCode):
            raise NotAllowedNow("This channel is not connected this way.")
        tokens = connector.exchange(code, verifier, back)
    _open(engine, account_id, tokens, actor)
    return account_id


def begin_device(engine: Engine, account_id: int, redirect_uri: str) -> None:
    """Ask for a code that the seller types on the channel's page; see ``pending``.

    Raises:
        NotAllowedNow: the channel is not connected this way.
        ChannelError: the channel failed or refused to know this installation.
    """
    _register(engine, account_id, redirect_uri)
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, AuthorizesByDevice):
            raise NotAllowedNow("This channel is not connected this way.")
        device = connector.start_device()
    with engine.works.writing(SYSTEM) as work:
        _keep(work, account_id, device.device_code, kind=DEVICE, user_code=device.user_code[:40],
              url=device.url, interval_s=max(1, min(device.interval_s, 60)),
              expires_at=device.expires_at)


def poll_device(engine: Engine, account_id: int, actor: Actor) -> bool:
    """Whether the seller has typed the code; asks the channel not more often than it allows.

    Raises:
        NotFound: no code waits, or it has ended.
        AccessRefused, ChannelError: the seller said no, or the channel failed.
    """
    with engine.works.writing(SYSTEM) as work:
        grant = work.session.scalar(
            select(Grant).where(Grant.account_id == account_id, Grant.kind == DEVICE)
            .with_for_update())
        if grant is None or grant.expires_at < work.now:
            raise NotFound("This code has ended. Ask for a new one.")
        wait = timedelta(seconds=grant.interval_s)
        if grant.asked_at is not None and grant.asked_at + wait > work.now:
            return False
        grant.asked_at = work.now
        code = _secret(work, grant)
    with connected(engine, account_id, although_stopped=True) as (_account, connector):
        if not isinstance(connector, AuthorizesByDevice):
            raise NotAllowedNow("This channel is not connected this way.")
        try:
            tokens = connector.poll_device(code)
        except AccessRefused:
            with engine.works.writing(SYSTEM) as work:
                work.session.execute(delete(Grant).where(Grant.account_id == account_id))
            raise
    if tokens is None:
        return False
    _open(engine, account_id, tokens, actor)
    return True


def pending(work: Work, account_id: int) -> Grant | None:
    """What the seller still has to do; None when nothing is under way."""
    grant = work.session.get(Grant, account_id)
    return grant if grant is not None and grant.expires_at > work.now else None


def _open(engine: Engine, account_id: int, tokens: Tokens, actor: Actor) -> None:
    """Keep the tokens and let the account work."""
    with engine.works.writing(actor) as work:
        account = get_account(work.session, account_id)
        accounts.set_secrets(work, account, as_secrets(tokens))
        work.session.execute(delete(Grant).where(Grant.account_id == account_id))
        audit.record(work, "channels.authorize", "channel_account", account_id)
        if account.state != "active":
            accounts.set_state(work, account_id, "active")


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
