"""Mail by SMTP (RFC 5321): one connection for several letters, and exactly what became of each.

The moment that matters is the end of DATA. Before it nothing was sent, whatever happens; after it
the server may have taken the letter although its answer never came: that is *unknown*.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from hashlib import sha256

from oms_web.core.clock import Clock, utc_now
from oms_web.domain.messages.letters import Letter, Server, Verdict, Why, plain_why
from oms_web.domain.messages.wording import html

SECONDS = 20.0
TAKING = 90.0
"""How long a server may look at a letter before it says that it took it."""
_DOT = re.compile(rb"(?m)^\.")
# Enhanced status codes (RFC 3463) that say that there is no such recipient.
_NOBODY = re.compile(r"\b5\.1\.[0-3]\b|\b5\.1\.10\b")


@contextmanager
def connection(server: Server, clock: Clock = utc_now, seconds: float = SECONDS
               ) -> Iterator[Line]:
    """A line to a mail server; it is opened for the first letter and closed in the end."""
    line = Line(server, clock, seconds)
    try:
        yield line
    finally:
        line.hang_up()


class Line:
    """A connection that says of each letter what became of it."""

    def __init__(self, server: Server, clock: Clock, seconds: float) -> None:
        self._server = server
        self._clock = clock
        self._seconds = seconds
        self._smtp: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> Verdict:
        """Send one letter; never raises."""
        try:
            content = compose(letter, self._clock)
        except ValueError as error:
            return Verdict("refused", plain_why("This message cannot be written: %(why)s",
                                                why=error))
        try:
            smtp = self._smtp or self._open()
        except (OSError, smtplib.SMTPException) as error:
            self.hang_up()
            return Verdict("closed", _unreachable(error))
        verdict = _hand_over(smtp, letter, content)
        if verdict.state != "sent":
            self.hang_up()  # in whatever state the conversation is: the next one begins anew
        return verdict

    def hang_up(self) -> None:
        """Close the connection."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _open(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._seconds, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self._seconds)
        self._smtp = smtp
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            smtp.starttls(context=context)  # refused or missing: an error, never in the clear
            smtp.ehlo()
        if server.username:
            smtp.login(server.username, server.password)
        return smtp


def _hand_over(smtp: smtplib.SMTP, letter: Letter, content: bytes) -> Verdict:
    """The conversation about one letter, up to the point of no return and past it."""
    try:
        for step in ("mail", "rcpt", "data"):
            code, text = smtp.mail(letter.sender) if step == "mail" else \
                smtp.rcpt(letter.recipient) if step == "rcpt" else smtp.docmd("DATA")
            if not 200 <= code < 400:
                return _answered(code, _text(text), recipient=step == "rcpt")
    except (OSError, smtplib.SMTPException) as error:
        return Verdict("closed", _unreachable(error))
    try:
        if smtp.sock is not None:
            smtp.sock.settimeout(TAKING)
        smtp.send(_DOT.sub(b"..", content) + b".\r\n")
        code, text = smtp.getreply()
    except (OSError, smtplib.SMTPException):
        return Verdict("unknown", plain_why("The answer was lost: nobody knows whether it was "
                                            "sent."))
    if 200 <= code < 300:
        return Verdict("sent")
    return _answered(code, _text(text))


def _answered(code: int, text: str, recipient: bool = False) -> Verdict:
    """What a refusal means: 4xx passes, 5xx does not (RFC 5321, 4.2.1)."""
    why = plain_why("The mail server said: %(text)s", text=f"{code} {text}")
    if code == 421:
        return Verdict("closed", why)
    if code < 500:
        return Verdict("later", why)
    nobody = bool(_NOBODY.search(text)) or (
        recipient and code in (550, 553) and not re.search(r"\b5\.[2-7]\.\d", text))
    return Verdict("refused", why, address=nobody)


def _unreachable(error: Exception) -> Why:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return plain_why("The mail server does not accept user and password: %(text)s",
                         text=f"{error.smtp_code} {_text(error.smtp_error)}")
    if isinstance(error, ssl.SSLError):
        return plain_why("The mail server's certificate is not to be trusted: %(text)s",
                         text=error.reason or error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return plain_why("The mail server does not encrypt: choose another way.")
    if isinstance(error, smtplib.SMTPResponseException):
        return plain_why("The mail server said: %(text)s",
                         text=f"{error.smtp_code} {_text(error.smtp_error)}")
    return plain_why("The mail server cannot be reached: %(text)s", text=error)


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:250]


# Letters ---------------------------------------------------------------------------------------


def compose(letter: Letter, clock: Clock = utc_now) -> bytes:
    """A letter as it goes over the wire: plain text, the same as HTML, attachments.

    Raises:
        ValueError: an address or a header that cannot be.
    """
    mail = EmailMessage(policy=WIRE)
    mail["From"] = _address(letter.sender, letter.sender_name)
    mail["To"] = _address(letter.recipient)
    if letter.reply_to:
        mail["Reply-To"] = _address(letter.reply_to)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(clock())
    domain = letter.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{sha256(letter.key.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices, please
    mail["Content-Language"] = letter.language
    mail.set_content(letter.text + "\n", cte="quoted-printable")
    mail.add_alternative(html(letter.text, letter.language), subtype="html",
                         cte="quoted-printable")
    for one in letter.attachments:
        mail.add_attachment(one.content, maintype="application", subtype="pdf", filename=one.name)
    return mail.as_bytes()


def _address(text: str, name: str = "") -> Address:
    if any(ch in text + name for ch in "\r\n\0"):
        raise ValueError("a line end in an address")
    user, _, domain = text.rpartition("@")
    return Address(name, user, domain)
