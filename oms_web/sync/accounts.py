"""Connect a channel account: its settings checked, its secrets sealed, its feeds begun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oms_connector import (
    CancelsOrders,
    Connector,
    SendsMessages,
    UploadsInvoices,
    VerifiesAccess,
)
from sqlalchemy import select, update

from oms_web.core.actor import Actor
from oms_web.core.claims import Task
from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.ports import SecretBox
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import pricing
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import get_account
from oms_web.domain.messages import routing
from oms_web.domain.orders.models import ChannelNotice
from oms_web.sync import feeds
from oms_web.sync.models import Feed
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected, open_secrets, purpose


def able(work: Work, registry: Registry, capability: type[object]) -> list[ChannelAccount]:
    """The accounts whose connectors can do something, the first one first; none that is put away.
    """
    keys = [key for key, one in registry.connectors.items() if issubclass(one, capability)]
    return list(work.session.scalars(
        select(ChannelAccount)
        .where(ChannelAccount.connector.in_(keys), ChannelAccount.archived_at.is_(None))
        .order_by(ChannelAccount.id)))


def split_settings(
    connector: type[Connector], values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Typed-in values as (settings, secrets), each checked against the connector's form.

    Raises:
        InvalidForm: fields that are missing or malformed, by name.
    """
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    problems: dict[str, OmsError] = {}
    for field in connector.manifest.settings:
        text = str(values.get(field.name) or "").strip() or field.default
        if field.required and not text and field.kind != "flag":
            problems[field.name] = Invalid("This is needed.", field.name)
        elif field.kind == "url" and text and not text.startswith(("http://", "https://")):
            problems[field.name] = Invalid("Begin with http:// or https://", field.name)
        elif field.kind == "number" and text and not text.lstrip("-").isdigit():
            problems[field.name] = Invalid("This is not a number.", field.name)
        elif field.kind == "choice" and text and text not in field.choices:
            problems[field.name] = Invalid("Choose one of the list.", field.name)
        elif field.secret:
            secrets[field.name] = text
        else:
            settings[field.name] = text
    if problems:
        raise InvalidForm(problems)
    return settings, secrets


def connect(
    work: Work, connector: type[Connector], name: str, settings: Mapping[str, Any],
    secrets: Mapping[str, str], **values: Any,
) -> ChannelAccount:
    """Add an account with its feeds, due at once; it is told what its connector can tell.

    Raises:
        Invalid: the name is missing or taken.
    """
    name = _free_name(work, name)
    manifest = connector.manifest
    values.setdefault("send_invoices", issubclass(connector, UploadsInvoices))
    values.setdefault("tell_cancelled", issubclass(connector, CancelsOrders))
    values.setdefault("writing", writing(connector, settings))
    account = ChannelAccount(
        connector=manifest.key, name=name, letters=manifest.letters, hue=manifest.hue,
        settings=dict(settings), created_at=work.now, **values,
    )
    work.session.add(account)
    work.session.flush()
    set_secrets(work, account, secrets)
    work.session.add_all([
        Feed(account_id=account.id, name=feed, due_at=work.now)
        for feed in feeds.feeds_of(connector)
    ])
    work.session.flush()
    audit.record(work, "channels.connect", "channel_account", account.id,
                 {"name": [None, name], "connector": [None, manifest.key]})
    return account


def writing(connector: type[Connector], settings: Mapping[str, Any]) -> str:
    """Whether buyers can be written to through an account (``ChannelAccount.writing``)."""
    able = connector.manifest.capabilities
    is_on = not able.message_setting or bool(settings.get(able.message_setting))
    if not issubclass(connector, SendsMessages) or not is_on:
        return ""
    return routing.FIRST if able.message_first else routing.CAN


def await_access(work: Work, account: ChannelAccount) -> None:
    """A new account that the seller has yet to say yes to on the channel's page."""
    account.state, account.state_reason = "broken", feeds.NOT_YET


def _free_name(work: Work, name: str, account_id: int | None = None) -> str:
    """The name, tidied, if no other account has it."""
    name = " ".join(name.split())[:120]
    if not name:
        raise Invalid("Give the channel a name.", "name")
    taken = work.session.scalar(select(ChannelAccount.id).where(ChannelAccount.name == name))
    if taken not in (None, account_id):
        raise Invalid("Another channel has this name.", "name")
    return name


def set_secrets(work: Work, account: ChannelAccount, secrets: Mapping[str, str]) -> None:
    """Seal the account's secrets; an empty value keeps what was there."""
    kept = open_secrets(work, account)
    fresh = {name: value for name, value in secrets.items() if value}
    if not kept and not fresh:
        return
    if fresh.get("refresh_token", kept.get("refresh_token")) != kept.get("refresh_token"):
        # It may be another seller's: nothing is asked with what was made of the old one.
        kept = {name: value for name, value in kept.items()
                if name not in ("access_token", "expires_at")}
    box: SecretBox = work.ports["secrets"]
    account.secrets = box.seal(json.dumps(kept | fresh).encode(), purpose(account.id))


def change(
    work: Work, account_id: int, settings: Mapping[str, Any], secrets: Mapping[str, str],
    **values: Any,
) -> ChannelAccount:
    """Change an account's settings; a broken one is given another chance.

    Raises:
        Invalid: another channel has the name.
    """
    account = get_account(work.session, account_id)
    if "name" in values:
        values["name"] = _free_name(work, values["name"], account_id)
    before = {name: getattr(account, name) for name in values} | dict(account.settings)
    account.settings = dict(account.settings) | dict(settings)
    for name, value in values.items():
        setattr(account, name, value)
    set_secrets(work, account, secrets)
    changed = audit.changes(before, values | dict(settings))
    if any(secrets.values()):
        changed["secrets"] = ["…", "…"]
    audit.record(work, "channels.change", "channel_account", account_id, changed)
    if account.publish_prices and {"publish_prices", "surcharge_bp"} & changed.keys():
        work.session.flush()
        pricing.publish_account(work, account_id)
    if account.state == "broken":
        set_state(work, account_id, "active")
    return account


def set_state(work: Work, account_id: int, state: str, reason: str = "") -> None:
    """Pause (``paused``) or resume (``active``) an account; resuming makes everything due."""
    account = get_account(work.session, account_id)
    if account.state == state:
        return
    audit.record(work, f"channels.{state}", "channel_account", account_id,
                 {"state": [account.state, state]}, note=reason or None)
    account.state, account.state_reason = state, reason or None
    if state == "active":
        sync_now(work, account_id)


def sync_now(work: Work, account_id: int) -> None:
    """Make all feeds of an account due at once, and what could not be told."""
    work.session.execute(
        update(Feed).where(Feed.account_id == account_id)
        .values(due_at=work.now, failures=0)
    )
    hasten_shipments(work)
    work.session.execute(
        update(ChannelNotice)
        .where(ChannelNotice.account_id == account_id, ChannelNotice.due_at.is_not(None))
        .values(due_at=work.now)
    )


def hasten_shipments(work: Work) -> None:
    """What channels could not be told of shipments is tried again at once."""
    work.session.execute(
        update(Task).where(Task.kind == "push_shipment", Task.state == "waiting", Task.attempts > 0)
        .values(not_before=work.now))


def access_ends(work: Work, account: ChannelAccount) -> datetime | None:
    """When the access token ends; None where it does not, or nobody said, or can be told."""
    try:
        text = open_secrets(work, account).get("expires_at", "")
        return datetime.fromisoformat(text) if text else None
    except (OmsError, ValueError):
        return None


def replay(work: Work, account_id: int, name: str = feeds.ORDERS) -> None:
    """Read a feed again from its beginning. Storing is idempotent: nothing is doubled.

    Raises:
        NotFound: there is no such feed; what is read from a date has no other beginning.
    """
    done = rows_changed(
        work.session, update(Feed).where(Feed.account_id == account_id, Feed.name == name,
                           Feed.name != feeds.BACKFILL)
        .values(cursor=None, due_at=work.now)
    )
    if done == 0:
        raise NotFound("This channel has no such feed.")
    audit.record(work, "channels.replay", "channel_account", account_id, {"feed": [None, name]})


def verify(engine: Engine, account_id: int, actor: Actor) -> str:
    """Ask the channel whether the settings work: its own name for the account.

    Raises:
        AccessRefused, ChannelError: what the channel says is wrong.
    """
    with connected(engine, account_id, although_stopped=True) as (account, connector):
        found = connector.verify() if isinstance(connector, VerifiesAccess) else account.name
    with engine.works.writing(actor) as work:
        audit.record(work, "channels.verify", "channel_account", account_id)
        if get_account(work.session, account_id).state == "broken":
            set_state(work, account_id, "active")
    return found
