"""A mail server on loopback with bad manners on demand: real sockets, the standard library only."""

from __future__ import annotations

import email
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from oms_web.core.clock import utc_now
from tests.serving import serving


@dataclass
class MailServer:
    """``answers``: what is said next to a command (``rcpt``, ``data``, ``end``, ``auth``) and not
    yes; ``hang up`` ends the line. ``end`` comes after the letter was taken.
    """

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    lines: int = 0
    logins: int = 0
    certificate: Path | None = None

    def encrypt(self, certificate: Path | None) -> None:
        """Speak TLS from the first word on, with this certificate and key; None: in the clear."""
        self.certificate = certificate

    def answer(self, command: str, usual: str) -> str:
        waiting = self.answers.get(command, [])
        return waiting.pop(0) if waiting else usual


class Conversation(socketserver.StreamRequestHandler):
    """One line to the server."""

    @property
    def state(self) -> MailServer:
        return self.server.state

    def say(self, text: str) -> None:
        if text == "hang up":
            raise ConnectionAbortedError
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.state.lines += 1
        try:
            self.say(self.state.answer("hello", "220 here"))
            while line := self.rfile.readline():
                if self._answer(line.split()[0].upper().decode()):
                    return
        except (ConnectionError, ValueError):
            return

    def _answer(self, verb: str) -> bool:
        if verb == "EHLO":
            self.say("250-here\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            self.state.logins += 1
            self.say(self.state.answer("auth", "235 welcome"))
        elif verb == "DATA":
            self._letter()
        elif verb == "QUIT":
            self.say("221 bye")
            return True
        else:
            self.say(self.state.answer(verb.lower(), "250 ok"))
        return False

    def _letter(self) -> None:
        said = self.state.answer("data", "354 go on")
        self.say(said)
        if not said.startswith("354"):
            return
        content = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            content += line[1:] if line.startswith(b".") else line
        self.state.got.append(email.message_from_bytes(
            content.replace(b"\r\n", b"\n"), policy=policy.default))
        self.say(self.state.answer("end", "250 taken"))


class Server(socketserver.ThreadingTCPServer):
    """Listens."""

    allow_reuse_address = True
    daemon_threads = True
    state: MailServer

    def get_request(self):
        """A new line, encrypted if it is to be."""
        line, address = super().get_request()
        if self.state.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.state.certificate)
            line = context.wrap_socket(line, server_side=True)
        return line, address


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server that listens."""
    state = MailServer()
    server = Server(("127.0.0.1", 0), Conversation)
    server.state = state
    state.port = server.server_address[1]
    with serving(server):
        yield state


def self_signed(folder: Path) -> Path:
    """A certificate that nobody vouches for, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = utc_now()
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([
            x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256()))
    file = folder / "mail.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return file
