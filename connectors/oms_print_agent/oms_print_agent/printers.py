"""Ways to a printer: each takes bytes, or raises ``NotPrinted`` in words for a person."""

from __future__ import annotations

import http.client
import re
import socket
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 60
RAW_PORT, IPP_PORT = 9100, 631
_OPERATION, _URI, _NAME, _TYPE, _END = 0x01, 0x45, 0x42, 0x49, 0x03
_CHARSET, _LANGUAGE, _INTEGER, _JOB = 0x47, 0x48, 0x21, 0x02
_PRINT_JOB = 0x0002
_STILL_FINE = 0x00FF
"""IPP status codes up to here are successes (RFC 8011, 4.1.6.1)."""


class NotPrinted(Exception):
    """The printer did not take it."""


@dataclass(frozen=True)
class Printer:
    """A printer of this station. ``format`` is what it understands: ``pdf`` or ``zpl``."""

    name: str
    format: str
    send: Callable[[bytes, str, int], None]


def printer(text: str) -> Printer:
    """A printer from the command line: ``NAME=KIND:ADDRESS[,FORMAT]``.

    Raises:
        ValueError: it is not written so.
    """
    name, _, address = text.partition("=")
    address, _, wanted = address.partition(",")
    kind, _, place = address.partition(":")
    made = {"cups": _cups, "raw": _raw, "ipp": _ipp, "folder": _folder}.get(kind)
    if not name.strip() or made is None or not place or wanted not in ("", "pdf", "zpl"):
        raise ValueError(f"not a printer: {text} (NAME=cups:QUEUE, raw:HOST, ipp:HOST/PATH or "
                         "folder:PATH, with ,zpl or ,pdf behind it if need be)")
    return Printer(name.strip(), wanted or ("zpl" if kind == "raw" else "pdf"), made(place))


def _cups(queue: str) -> Callable[[bytes, str, int], None]:
    def send(content: bytes, title: str, copies: int) -> None:
        raw = ["-o", "raw"] if content.lstrip()[:3] == b"^XA" else []
        command = ["lp", "-d", queue, "-n", str(copies), "-t", _plain(title), *raw, "-"]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and the words are ours
                command, input=content, capture_output=True, timeout=SECONDS,
                check=False)
        except FileNotFoundError:
            raise NotPrinted("CUPS is not installed here: there is no lp") from None
        except subprocess.TimeoutExpired:
            raise NotPrinted("CUPS did not answer within a minute") from None
        if done.returncode:
            raise NotPrinted(done.stderr.decode("utf-8", "replace").strip() or "lp refused it")

    return send


def _raw(place: str) -> Callable[[bytes, str, int], None]:
    host, _, port = place.partition(":")

    def send(content: bytes, title: str, copies: int) -> None:
        try:
            with socket.create_connection((host, int(port or RAW_PORT)), SECONDS) as line:
                for _ in range(copies):
                    line.sendall(content)
                line.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise NotPrinted(f"{host} does not answer: {error}") from None

    return send


def _ipp(place: str) -> Callable[[bytes, str, int], None]:
    found = urlsplit(f"ipp://{place}")
    host, port, path = found.hostname or "", found.port or IPP_PORT, found.path or "/ipp/print"

    def send(content: bytes, title: str, copies: int) -> None:
        asked = ipp_request(f"ipp://{host}:{port}{path}", title, copies) + content
        line = http.client.HTTPConnection(host, port, timeout=SECONDS)
        try:
            line.request("POST", path, asked, {"Content-Type": "application/ipp"})
            answer = line.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NotPrinted(f"{host} does not answer: {error}") from None
        finally:
            line.close()
        if answer.status != 200 or len(said) < 8:
            raise NotPrinted(f"{host} answered with HTTP {answer.status}")
        (code,) = struct.unpack(">H", said[2:4])
        if code > _STILL_FINE:
            raise NotPrinted(f"{host} refused it (IPP status 0x{code:04x})")

    return send


def ipp_request(uri: str, title: str, copies: int) -> bytes:
    """The head of a Print-Job request; the document follows it (RFC 8010, 3.1)."""
    def attribute(tag: int, name: str, value: bytes) -> bytes:
        key = name.encode("ascii")
        return struct.pack(">BH", tag, len(key)) + key + struct.pack(">H", len(value)) + value

    return b"".join((
        struct.pack(">BBHI", 1, 1, _PRINT_JOB, 1), bytes([_OPERATION]),
        attribute(_CHARSET, "attributes-charset", b"utf-8"),
        attribute(_LANGUAGE, "attributes-natural-language", b"en"),
        attribute(_URI, "printer-uri", uri.encode("ascii")),
        attribute(_NAME, "requesting-user-name", b"oms"),
        attribute(_NAME, "job-name", _plain(title).encode("utf-8")[:250]),
        attribute(_TYPE, "document-format", b"application/pdf"),
        bytes([_JOB]), attribute(_INTEGER, "copies", struct.pack(">i", copies)), bytes([_END]),
    ))


def _folder(place: str) -> Callable[[bytes, str, int], None]:
    folder = Path(place)

    def send(content: bytes, title: str, copies: int) -> None:
        suffix = "zpl" if content.lstrip()[:3] == b"^XA" else "pdf"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, copies + 1):
                name = f"{_plain(title)}{f' {number}' if copies > 1 else ''}.{suffix}"
                aside = folder / f".{name}.part"
                aside.write_bytes(content)
                aside.replace(folder / name)
        except OSError as error:
            raise NotPrinted(f"{folder} cannot be written: {error.strerror}") from None

    return send


def _plain(title: str) -> str:
    return re.sub(r"[^\w .,()-]+", "-", title).strip(" .-")[:120] or "paper"
