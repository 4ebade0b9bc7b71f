"""Webhooks: made, changed, paused, given a new secret, and what became of each try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update

from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, OmsError
from oms_web.core.ports import SecretBox
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.webhooks import patience, signing
from oms_web.domain.webhooks.models import Webhook, WebhookDelivery
from oms_web.domain.webhooks.queries import get
from oms_web.domain.webhooks.told import SUBJECTS

ACTIVE, PAUSED, BROKEN, GONE = "active", "paused", "broken", "gone"
STATES = (ACTIVE, PAUSED, BROKEN, GONE)
MOST_NAME, MOST_URL = 80, 500
BOTH_VALID = timedelta(days=1)
KEEP = timedelta(days=30)
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Try:
    """How a try went. ``wait``: seconds that were asked for before the next one."""

    kind: str
    event_id: int | None
    type: str
    status: int | None
    ms: int
    error: str = ""
    answer: str = ""
    wait: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether it was taken: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


def create(work: Work, name: str, url: str, kinds: Sequence[str]) -> tuple[Webhook, str]:
    """Make a webhook, told of all that happens from now on; its row, and its secret, which nobody
    can be told again.

    Raises:
        InvalidForm: no name or a taken one, an address that cannot be, no or unknown kinds.
    """
    name, url = _checked(work, name, url, kinds)
    row = Webhook(
        name=name, url=url, kinds=[kind for kind in SUBJECTS if kind in kinds], secret=b"",
        seen=work.session.scalar(select(func.max(AuditEntry.id))) or 0,
        created_at=work.now, created_by=work.actor.name, changed_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    secret = _new_secret(work, row)
    audit.record(work, "webhooks.create", "webhook", row.id, {
        "name": [None, name], "url": [None, url], "kinds": [None, row.kinds]})
    return row, secret


def change(work: Work, webhook_id: int, name: str, url: str, kinds: Sequence[str]) -> None:
    """Give a webhook another name, address or choice of events.

    Raises:
        InvalidForm: as for ``create``.
    """
    row = get(work.session, webhook_id)
    name, url = _checked(work, name, url, kinds, webhook_id)
    wanted = {"name": name, "url": url, "kinds": [one for one in SUBJECTS if one in kinds]}
    changes = audit.changes({key: getattr(row, key) for key in wanted}, wanted)
    if changes:
        for key, value in wanted.items():
            setattr(row, key, value)
        if "url" in changes:
            row.next_at = None  # the new address is tried at once
        row.changed_at = work.now
        audit.record(work, "webhooks.change", "webhook", webhook_id, changes)


def _checked(work: Work, name: str, url: str, kinds: Sequence[str], own: int = 0
             ) -> tuple[str, str]:
    name, url = tidy(name or ""), (url or "").strip()
    problems: dict[str, OmsError] = {}
    if not name:
        problems["name"] = Invalid("Fill this in.")
    elif len(name) > MOST_NAME:
        problems["name"] = Invalid("At most %(limit)s characters.", limit=MOST_NAME)
    elif work.session.scalar(select(Webhook.id).where(Webhook.name == name, Webhook.id != own)):
        problems["name"] = Invalid("Another webhook has this name.")
    if refusal := _address_problem(url):
        problems["url"] = refusal
    if not kinds or not set(kinds) <= set(SUBJECTS):
        problems["kinds"] = Invalid("Choose at least one.")
    if problems:
        raise InvalidForm(problems)
    return name, url


def _address_problem(url: str) -> Invalid | None:
    """Why an address cannot be; whether it leads somewhere allowed is asked when it is called."""
    if len(url) > MOST_URL:
        return Invalid("At most %(limit)s characters.", limit=MOST_URL)
    if not url.isascii() or not url.isprintable() or " " in url:
        return Invalid("An address has only plain letters, digits and signs.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return Invalid("This is not a web address.")
    if not parts.hostname or parts.scheme not in ("https", "http"):
        return Invalid("Begin with https://")
    if parts.scheme == "http" and parts.hostname not in _OWN_MACHINE:
        return Invalid("Begin with https:// (http:// is for this machine only).")
    if parts.username or parts.password:
        return Invalid("Leave user and password out of the address; the signature proves us.")
    return None


# Secrets ---------------------------------------------------------------------------------------


def rotate(work: Work, webhook_id: int) -> str:
    """A new secret; the present one signs too for a day, so that nothing is refused meanwhile."""
    row = get(work.session, webhook_id)
    row.old_secret, row.old_until = row.secret, work.now + BOTH_VALID
    row.changed_at = work.now
    secret = _new_secret(work, row)
    audit.record(work, "webhooks.rotate", "webhook", webhook_id, {"name": [row.name, row.name]})
    return secret


def valid_secrets(work: Work, row: Webhook) -> list[str]:
    """The secrets that sign now, the newest first."""
    sealed = [row.secret]
    if row.old_secret is not None and row.old_until is not None and work.now < row.old_until:
        sealed.append(row.old_secret)
    box: SecretBox = work.ports["secrets"]
    return [box.open(one, _purpose(row.id)).decode() for one in sealed]


def _new_secret(work: Work, row: Webhook) -> str:
    secret = signing.new_secret()
    box: SecretBox = work.ports["secrets"]
    row.secret = box.seal(secret.encode(), _purpose(row.id))
    work.session.flush()
    return secret


def _purpose(webhook_id: int) -> str:
    return f"webhook:{webhook_id}"


# Going and stopping ----------------------------------------------------------------------------


def pause(work: Work, webhook_id: int) -> None:
    """Tell it nothing for now; events wait.

    Raises:
        NotAllowedNow: it is not told anything already.
    """
    row = get(work.session, webhook_id)
    if row.state != ACTIVE:
        raise NotAllowedNow("This webhook is stopped already.")
    _to(work, row, PAUSED)


def resume(work: Work, webhook_id: int, skip: bool = False) -> None:
    """Tell it again, at once: of what waits, or, to ``skip`` that, of what happens from now on.

    Raises:
        NotAllowedNow: it was not stopped.
    """
    row = get(work.session, webhook_id)
    if row.state == ACTIVE:
        raise NotAllowedNow("This webhook is not stopped.")
    if skip:
        row.seen = work.session.scalar(select(func.max(AuditEntry.id))) or 0
    row.failures, row.failing_since, row.next_at = 0, None, None
    _to(work, row, ACTIVE)


def remove(work: Work, webhook_id: int) -> None:
    """Delete a webhook with its log."""
    row = get(work.session, webhook_id)
    work.session.execute(delete(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id))
    work.session.delete(row)
    audit.record(work, "webhooks.delete", "webhook", webhook_id, {
        "name": [row.name, None], "url": [row.url, None]})


def _to(work: Work, row: Webhook, state: str, note: str | None = None) -> None:
    audit.record(work, f"webhooks.{state}", "webhook", row.id, {"state": [row.state, state]},
                 note=note)
    row.state, row.changed_at = state, work.now


# Tries -----------------------------------------------------------------------------------------


def note_try(work: Work, webhook_id: int, tried: Try, *, seen: int | None = None) -> bool:
    """Keep how a try went, and what follows from it; whether the webhook may be told more now.

    Args:
        seen: for an event in its turn, where the webhook stood before it. Nothing follows if it
            stands elsewhere now: somebody else told it meanwhile, or a person skipped.
    """
    row = work.session.scalar(
        select(Webhook).where(Webhook.id == webhook_id).with_for_update()
    )
    if row is None:
        return False
    in_turn = seen is not None and row.seen == seen
    work.session.add(WebhookDelivery(
        webhook_id=webhook_id, kind=tried.kind, event_id=tried.event_id, type=tried.type,
        at=work.now, attempt=row.failures + 1 if seen is not None else 1, status=tried.status,
        ms=tried.ms, delivered=tried.delivered, error=tried.error[:300], answer=tried.answer,
    ))
    if not in_turn or row.state != ACTIVE:
        if in_turn and tried.delivered and tried.event_id is not None:
            row.seen = tried.event_id  # it was paused while it took this one
        return False
    if tried.delivered:
        row.seen, row.failures, row.failing_since, row.next_at = tried.event_id or row.seen, 0, \
            None, None
        return True
    _failed(work, row, tried)
    return False


def _failed(work: Work, row: Webhook, tried: Try) -> None:
    row.failures += 1
    row.failing_since = row.failing_since or work.now
    row.next_at = work.now + patience.pause_after(row.failures, tried.wait)
    if tried.status == 410:  # RFC 9110, 15.5.11: gone, and likely for ever
        _to(work, row, GONE)
    elif patience.gives_up(row.failing_since, work.now):
        _to(work, row, BROKEN, note=tried.error[:300] or None)


def pass_over(work: Work, webhook_id: int, seen: int, until: int) -> None:
    """Go on over entries that are of no interest to a webhook."""
    done: Any = update(Webhook).where(Webhook.id == webhook_id, Webhook.seen == seen)
    work.session.execute(done.values(seen=until).execution_options(synchronize_session=False))


def forget_old(work: Work) -> None:
    """Forget tries older than thirty days."""
    work.session.execute(delete(WebhookDelivery).where(WebhookDelivery.at < work.now - KEEP))
