"""Send what is due to buyers: e-mail by the shop's mail server, SMS by a gateway's connector.

One task for each kind (``core/claims.py``), so that two workers do not open two lines; what goes
through a channel is sent by ``channel_messages``. No transaction is open while something is sent;
what was about to be sent is written down before.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

from oms_connector import (
    AccessRefused,
    ChannelError,
    Connector,
    OutcomeUnknown,
    RateLimited,
    Refused,
    ReportsSms,
    SendsSms,
    Sms,
)
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.errors import OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.channels.service import ChannelStopped
from oms_web.domain.documents.models import Document
from oms_web.domain.messages import queries, segments, service, settings
from oms_web.domain.messages.letters import Attachment, Letter, Mailer, Verdict, Why, plain_why
from oms_web.domain.messages.models import MessageSettings
from oms_web.domain.messages.service import Outgoing
from oms_web.domain.messages.wording import EMAIL, SMS
from oms_web.sync import feeds
from oms_web.sync.accounts import able
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected

log = logging.getLogger(__name__)

TASK = "send_messages"
TURN = 50
"""Messages that one task sends; then others have their turn."""
CLOSED = timedelta(minutes=2)
NO_SERVER = plain_why("The mail server is not set up yet.")
NO_GATEWAY = plain_why("No SMS gateway is connected.")
TOO_LONG = plain_why("The SMS is longer than six parts.")
UNSAFE_NAME = re.compile(r"[^\w.\-]+")

PdfOf = Callable[[int], bytes]
Beat = Callable[[int, int], None]


def ask(work: Work, kind: str, account_id: int = 0) -> bool:
    """Queue the sending of a kind, through a channel that of one account; False if it is queued."""
    key, args = (f"{kind}:{account_id}", {"kind": kind, "account_id": account_id}) \
        if account_id else (kind, {"kind": kind})
    return enqueue(work.session, TASK, key, args, now=work.now) is not None


def send(engine: Engine, kind: str, pdf_of: PdfOf, beat: Beat) -> int:
    """Send what is due of a kind; how many messages went out.

    Args:
        pdf_of: the file of a document, by its id.
    """
    return _send_mail(engine, pdf_of, beat) if kind == EMAIL else _send_sms(engine, beat)


# E-mail ------------------------------------------------------------------------------------------


def _send_mail(engine: Engine, pdf_of: PdfOf, beat: Beat) -> int:
    with engine.works.reading(SYSTEM) as work:
        row = settings.get(work.session)
        mailing, kept = settings.is_mailing(row), settings.stays_here(work.session)
        server = settings.server(work, row) if row is not None and mailing else None
    if row is None or not (server or kept):
        wait(engine, EMAIL, NO_SERVER)
        return 0
    mailer: Mailer = engine.works.ports["mail"]
    sent = 0
    with mailer(server) if server is not None else nullcontext(_Drawer()) as carrier:
        for number in range(TURN):
            with engine.works.writing(SYSTEM) as work:
                outgoing = service.take(work, EMAIL)
            if outgoing is None:
                break
            letter = _letter(engine, row, outgoing, pdf_of)
            verdict = carrier.send(letter) if isinstance(letter, Letter) else letter
            note(engine, outgoing, verdict)
            sent += verdict.state == "sent"
            beat(number + 1, 0)
            if verdict.state == "closed":
                break
    return sent


class _Drawer:
    """Where a demo shop's letters go: they can be read under Messages, and nobody gets them."""

    def send(self, letter: Letter) -> Verdict:
        """Keep it."""
        return Verdict("sent")


def _letter(engine: Engine, row: MessageSettings, outgoing: Outgoing, pdf_of: PdfOf
            ) -> Letter | Verdict:
    """The letter of a message; what becomes of it where it cannot be written now."""
    if not settings.ADDRESS.fullmatch(outgoing.recipient):
        return Verdict("refused", plain_why("This is no e-mail address: %(text)s",
                                            text=outgoing.recipient))
    try:
        with engine.works.reading(SYSTEM) as work:
            numbers = {id_: number for id_, number in work.session.execute(
                select(Document.id, Document.number).where(Document.id.in_(outgoing.documents)))}
        papers = [Attachment(f"{UNSAFE_NAME.sub('-', number)}.pdf", pdf_of(id_))
                  for id_, number in numbers.items()]
    except (OmsError, OSError) as error:
        return Verdict("later", plain_why("The document cannot be printed now: %(why)s",
                                          why=error))
    said = outgoing.rendered
    return Letter(outgoing.key, row.from_name, row.from_address, row.reply_to, outgoing.recipient,
                  said.subject, said.text, said.language, papers)


def note(engine: Engine, outgoing: Outgoing, verdict: Verdict, *, account_id: int | None = None,
         key_hours: int = 0) -> None:
    """Note what became of a message; where the line is shut, those behind it wait too."""
    with engine.works.writing(SYSTEM) as work:
        service.note(work, outgoing, verdict, account_id=account_id, key_hours=key_hours)
        if outgoing.kind == EMAIL and verdict.state in ("sent", "closed"):
            settings.note_trouble(work, verdict.why if verdict.state == "closed" else None)
        if verdict.state == "closed":
            pause = max(CLOSED, timedelta(seconds=verdict.wait or 0))
            service.hold_back(work, outgoing.kind, work.now + pause, outgoing.account_id)


def wait(engine: Engine, kind: str, why: Why, account_id: int | None = None) -> None:
    """Nothing can be sent before somebody has set something up; what grew too old is given up."""
    with engine.works.writing(SYSTEM) as work:
        for _ in range(TURN):
            outgoing = service.take(work, kind, account_id=account_id)
            if outgoing is None:
                break
            service.note(work, outgoing, Verdict("later", why), account_id=account_id)


# SMS ---------------------------------------------------------------------------------------------


def gateway(work: Work, registry: Registry) -> ChannelAccount | None:
    """The account that SMS go by: the first that works and can."""
    return next((one for one in able(work, registry, SendsSms) if one.state == "active"), None)


def _send_sms(engine: Engine, beat: Beat) -> int:
    with engine.works.reading(SYSTEM) as work:
        account = gateway(work, engine.registry)
    if account is None:
        wait(engine, SMS, NO_GATEWAY)
        _follow(engine, 0, None)
        return 0
    kind = engine.registry.connectors[account.connector]
    hours = kind.manifest.capabilities.sms_key_hours
    sent = 0
    try:
        with connected(engine, account.id) as (_account, connector):
            for number in range(TURN):
                with engine.works.writing(SYSTEM) as work:
                    outgoing = service.take(work, SMS, hours)
                if outgoing is None:
                    break
                verdict = _text(engine, account.id, connector, outgoing)
                note(engine, outgoing, verdict, account_id=account.id, key_hours=hours)
                sent += verdict.state == "sent"
                beat(number + 1, 0)
                if verdict.state == "closed":
                    return sent
            _follow(engine, account.id, connector)
    except ChannelStopped:
        log.info("the SMS gateway was stopped meanwhile")
    return sent


def _text(engine: Engine, account_id: int, connector: Connector, outgoing: Outgoing) -> Verdict:
    """One SMS, and what the gateway's answer means."""
    text = outgoing.rendered.text
    if segments.measure(text).parts > segments.MOST_PARTS:
        return Verdict("refused", TOO_LONG)
    assert isinstance(connector, SendsSms)
    try:
        return Verdict("sent", reference=connector.send_sms(
            Sms(outgoing.key, outgoing.recipient, text)))
    except OutcomeUnknown as error:
        return Verdict("unknown", plain_why("The SMS gateway: %(why)s", why=error))
    except RateLimited as error:
        return Verdict("closed", plain_why("The SMS gateway: %(why)s", why=error),
                       wait=error.retry_after)
    except AccessRefused as error:
        with engine.works.writing(SYSTEM) as work:
            feeds.break_account(work, account_id, str(error))
        return Verdict("closed", plain_why("The SMS gateway: %(why)s", why=error))
    except Refused as error:
        return Verdict("refused", plain_why("The SMS gateway: %(why)s", why=error))
    except ChannelError as error:
        return Verdict("closed", plain_why("The SMS gateway: %(why)s", why=error))
    except Exception as error:  # a fault of the connector: it may have sent it
        return Verdict("unknown", plain_why("The SMS gateway: %(why)s", why=feeds.describe(error)))


def _follow(engine: Engine, account_id: int, connector: Connector | None) -> None:
    """Ask what became of SMS that were sent by this account a while ago."""
    with engine.works.reading(SYSTEM) as work:
        due = queries.awaited(work.session, work.now)
    if not due:
        return
    states = dict.fromkeys((one.id for one in due), ("sent", ""))
    mine = [one for one in due if one.account_id == account_id]
    if mine and isinstance(connector, ReportsSms):
        try:
            found = connector.sms_reports([one.reference for one in mine])
            states |= {one.id: (report.state, report.message) if report else ("", "")
                       for one, report in zip(mine, found, strict=True)}
        except ChannelError as error:
            log.info("the SMS gateway cannot say what became of messages: %s", error)
    with engine.works.writing(SYSTEM) as work:
        for one in due:
            state, why = states[one.id]
            service.note_report(work, one.id, state, plain_why("The SMS gateway: %(why)s", why=why))
