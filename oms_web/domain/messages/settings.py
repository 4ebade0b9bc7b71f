"""How mail is sent, where buyers find us and for how long their pages are open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.ports import SecretBox
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.messages.letters import Server, Why
from oms_web.domain.messages.models import MessageSettings

SECURITIES = ("starttls", "tls", "none")
MOST_DAYS = 730
_PURPOSE = "message_settings:smtp"
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?|::1")
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
                     r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
                     r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+")
"""An address that any server takes (RFC 5321): plain letters, no comments, no quotes."""


def get(session: Session) -> MessageSettings | None:
    """The settings; None before anybody made some."""
    return session.get(MessageSettings, 1)


def is_mailing(row: MessageSettings | None) -> bool:
    """Whether mail can be sent at all."""
    return row is not None and bool(row.host and row.from_address)


def stays_here(session: Session) -> bool:
    """Whether letters are kept here and sent to nobody: the demo shop, whose buyers are invented
    and whose mail server nobody has set up. A shop of one's own never is.
    """
    row, shop = get(session), session.get(Company, 1)
    return row is not None and not is_mailing(row) and shop is not None and shop.is_demo


def reaches(session: Session) -> bool:
    """Whether a letter gets somewhere: by the mail server, or as far as letters of a demo go."""
    return is_mailing(get(session)) or stays_here(session)


def page_days(row: MessageSettings | None) -> int:
    """How long a buyer's page is open after the order ended, in days."""
    return row.page_days if row is not None else 60


def change(work: Work, values: Mapping[str, Any]) -> bool:
    """Change what is given; False when nothing is different. An empty password keeps the old one.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    row = get(work.session)
    if row is None:
        row = MessageSettings(id=1, changed_at=work.now)
        work.session.add(row)
        work.session.flush()
    said = _checked(values, has_secret=row.secret is not None)
    password = str(values.get("password") or "")
    changes = audit.changes({name: getattr(row, name) for name in said}, said)
    for name in changes:
        setattr(row, name, said[name])
    if not row.username:
        row.secret = None
    elif password:
        box: SecretBox = work.ports["secrets"]
        row.secret = box.seal(password.encode(), _PURPOSE)
        changes["secrets"] = ["…", "…"]
    if changes:
        row.changed_at, row.trouble, row.trouble_at = work.now, None, None
        audit.record(work, "messages.settings", "message_settings", 1, changes)
    return bool(changes)


def server(work: Work, row: MessageSettings) -> Server:
    """The mail server with its password."""
    box: SecretBox = work.ports["secrets"]
    password = box.open(row.secret, _PURPOSE).decode() if row.secret else ""
    return Server(row.host, row.port, row.security, row.username, password)


def note_trouble(work: Work, why: Why | None) -> None:
    """Keep why nothing can be sent; None: it went well."""
    row = get(work.session)
    if row is not None and row.trouble != why:
        row.trouble, row.trouble_at = why, work.now if why else None


def _checked(values: Mapping[str, Any], has_secret: bool) -> dict[str, Any]:
    said: dict[str, Any] = {name: tidy(str(values.get(name) or "")) for name in (
        "host", "security", "username", "from_name", "from_address", "reply_to", "public_url")}
    problems: dict[str, OmsError] = {}
    said["public_url"] = said["public_url"].rstrip("/")
    for name, most in (("port", 65535), ("page_days", MOST_DAYS)):
        said[name] = values.get(name) if isinstance(values.get(name), int) else 0
        if not 1 <= said[name] <= most:
            problems[name] = Invalid("Between 1 and %(limit)s.", name, limit=most)
    for name in ("from_address", "reply_to"):
        if said[name] and not ADDRESS.fullmatch(said[name]):
            problems[name] = Invalid("An e-mail address looks like name@example.com.", name)
    if said["host"] and not said["from_address"]:
        problems["from_address"] = Invalid("Fill this in.", "from_address")
    if said["public_url"] and (refused := _url_problem(said["public_url"])):
        problems["public_url"] = refused
    problems |= _server_problems(said, has_secret or bool(values.get("password")))
    if problems:
        raise InvalidForm(problems)
    return said


def _server_problems(said: Mapping[str, Any], has_secret: bool) -> dict[str, OmsError]:
    problems: dict[str, OmsError] = {}
    if said["host"] and (not _HOST.fullmatch(said["host"]) or len(said["host"]) > 200):
        problems["host"] = Invalid("A server's name looks like smtp.example.com.", "host")
    if said["security"] not in SECURITIES:
        problems["security"] = Invalid("Choose one of the list.", "security")
    if said["username"] and said["security"] == "none" and said["host"] not in _OWN_MACHINE:
        problems["security"] = Invalid("A password is not sent in the clear: choose TLS.",
                                       "security")
    if said["username"] and not has_secret:
        problems["password"] = Invalid("Fill this in.", "password")
    return problems


def _url_problem(url: str) -> Invalid | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return Invalid("This is not a web address.", "public_url")
    if not parts.hostname or not url.isascii() or parts.query or parts.fragment or "@" in url:
        return Invalid("This is not a web address.", "public_url")
    if parts.scheme != "https" and not (
            parts.scheme == "http" and parts.hostname in _OWN_MACHINE):
        return Invalid("Begin with https:// (http:// is for this machine only).", "public_url")
    return None
