"""What the stand-in has been sent, and what it makes of it: numbers, duplicates, refusals, UPO."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from oms_web.domain.einvoices.numbers import check_digits
from oms_web.domain.einvoices.schema import faults

_WARSAW = ZoneInfo("Europe/Warsaw")
_UPO = "http://upo.schematy.mf.gov.pl/KSeF/v4-3"
WORDS = {
    100: "Faktura przyjęta do dalszego przetwarzania", 150: "Trwa przetwarzanie", 200: "Sukces",
    405: "Przetwarzanie anulowane z powodu błędu sesji", 410: "Nieprawidłowy zakres uprawnień",
    430: "Błąd weryfikacji pliku faktury", 435: "Błąd odszyfrowania pliku",
    440: "Duplikat faktury", 450: "Błąd weryfikacji semantyki dokumentu faktury",
    550: "Operacja została anulowana przez system",
}


def sha256(content: bytes) -> str:
    """A hash as the interface writes it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def reference(kind: str, now: datetime) -> str:
    """A reference number in the form that KSeF's have."""
    tail = secrets.token_hex(11).upper()
    return f"{now:%Y%m%d}-{kind}-{tail[:10]}-{tail[10:20]}-{tail[20:22]}"


@dataclass(slots=True)
class Invoice:
    """One invoice that arrived. ``polls`` is how often it is still asked in vain."""

    reference: str
    session: str
    hash: str
    arrived: datetime
    code: int = 100
    details: tuple[str, ...] = ()
    extensions: dict[str, str] = field(default_factory=dict)
    polls: int = 0
    xml: bytes = b""
    file_name: str | None = None
    nip: str = ""
    number: str = ""
    kind: str = ""
    issued: str = ""
    ksef_number: str = ""
    is_offline: bool = False


@dataclass(slots=True)
class Session:
    """A session. ``parts``: of a package, the parts that were put."""

    reference: str
    nip: str
    key: bytes
    vector: bytes
    opened: datetime
    is_batch: bool = False
    is_offline: bool = False
    is_closed: bool = False
    code: int = 100
    declared: dict[str, Any] = field(default_factory=dict)
    parts: dict[int, bytes] = field(default_factory=dict)
    invoices: list[Invoice] = field(default_factory=list)


@dataclass(slots=True)
class Books:
    """Everything the stand-in knows.

    Attributes:
        slow: how often a fresh invoice is asked after in vain.
        break_next: codes that the next invoices get instead of being looked at.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    slow: int = 0
    sessions: dict[str, Session] = field(default_factory=dict)
    accepted: dict[str, Invoice] = field(default_factory=dict)
    break_next: list[int] = field(default_factory=list)
    arrivals: int = 0

    def take(self, session: Session, xml: bytes | None, hash_: str, *, is_offline: bool,
             replaces: str = "", file_name: str | None = None) -> Invoice:
        """An invoice arrives; ``xml`` is None if it could not be decrypted."""
        now = self.clock()
        self.arrivals += 1
        made = Invoice(reference("EE", now), session.reference, hash_, now, polls=self.slow,
                       file_name=file_name)
        session.invoices.append(made)
        if self.break_next:
            made.code = self.break_next.pop(0)
        elif xml is None:
            made.code = 435
        elif sha256(xml) != hash_:
            made.code, made.details = 430, ("Skrót faktury jest inny niż zadeklarowany",)
        else:
            made.xml = xml
            self._judge(made, session, is_offline=is_offline, replaces=replaces)
        return made

    def _judge(self, made: Invoice, session: Session, *, is_offline: bool, replaces: str) -> None:
        if wrong := faults(made.xml):
            made.code, made.details = 450, tuple(wrong)
            return
        _read(made)
        today = made.arrived.astimezone(_WARSAW).date()
        twin = next((one for one in self.accepted.values() if _key(one) == _key(made)), None)
        if made.nip != session.nip:
            made.code = 410
        elif date.fromisoformat(made.issued) > today:
            made.code, made.details = 450, ("Data wystawienia jest późniejsza niż dzień odbioru",)
        elif replaces and not self._was_rejected_offline(replaces):
            made.code, made.details = 450, ("Nie ma odrzuconej faktury offline o tym skrócie",)
        elif twin is not None:
            made.code = 440
            made.details = (f"Duplikat faktury. Faktura o numerze KSeF: {twin.ksef_number}",)
            made.extensions = {"originalKsefNumber": twin.ksef_number,
                               "originalSessionReferenceNumber": twin.session}
        else:
            made.code = 200
            made.is_offline = is_offline or date.fromisoformat(made.issued) < today
            head = f"{made.nip}-{today:%Y%m%d}-{secrets.token_hex(6).upper()}"
            made.ksef_number = f"{head}-{check_digits(head)}"
            self.accepted[made.ksef_number] = made

    def _was_rejected_offline(self, hash_: str) -> bool:
        return any(one.hash == hash_ and one.code in (430, 435, 450, 440)
                   for session in self.sessions.values() for one in session.invoices)

    def put_incoming(self, xml: bytes) -> str:
        """Somebody else issued an invoice; its KSeF number."""
        now = self.clock()
        session = Session(reference("SO", now), "", b"", b"", now)
        made = Invoice(reference("EE", now), session.reference, sha256(xml), now, xml=xml)
        _read(made)
        session.nip = made.nip
        self._judge(made, session, is_offline=False, replaces="")
        return made.ksef_number


def _key(one: Invoice) -> tuple[str, str, str]:
    return one.nip, one.kind, one.number


def _read(made: Invoice) -> None:
    tree = etree.fromstring(made.xml)
    made.nip = tree.findtext("{*}Podmiot1/{*}DaneIdentyfikacyjne/{*}NIP") or ""
    made.number = tree.findtext("{*}Fa/{*}P_2") or ""
    made.kind = tree.findtext("{*}Fa/{*}RodzajFaktury") or ""
    made.issued = tree.findtext("{*}Fa/{*}P_1") or ""


def status(one: Invoice) -> dict[str, Any]:
    """What the interface says of an invoice; each look brings it a step on."""
    code = one.code
    if one.polls > 0:
        one.polls -= 1
        code = 150
    said: dict[str, Any] = {
        "ordinalNumber": 1, "referenceNumber": one.reference, "invoiceHash": one.hash,
        "invoicingDate": one.arrived.isoformat(), "invoiceFileName": one.file_name,
        "status": {"code": code, "description": WORDS.get(code, "Nieznany błąd"),
                   "details": list(one.details) if code == one.code else []},
    }
    if code == one.code and one.extensions:
        said["status"]["extensions"] = one.extensions
    if code == 200:
        said |= {"ksefNumber": one.ksef_number, "invoiceNumber": one.number,
                 "acquisitionDate": one.arrived.isoformat(),
                 "invoicingMode": "Offline" if one.is_offline else "Online"}
    return said


def metadata(one: Invoice) -> dict[str, Any]:
    """An invoice as the list of invoices has it."""
    tree = etree.fromstring(one.xml)
    fa = tree.find("{*}Fa")
    assert fa is not None
    vat = sum(float(node.text or 0) for node in fa
              if etree.QName(node).localname.startswith("P_14_"))
    gross = float(fa.findtext("{*}P_15") or 0)
    buyer = tree.find("{*}Podmiot2/{*}DaneIdentyfikacyjne")
    return {
        "ksefNumber": one.ksef_number, "invoiceNumber": one.number, "issueDate": one.issued,
        "invoicingDate": one.arrived.isoformat(), "acquisitionDate": one.arrived.isoformat(),
        "permanentStorageDate": one.arrived.isoformat(),
        "seller": {"nip": one.nip, "name": tree.findtext(
            "{*}Podmiot1/{*}DaneIdentyfikacyjne/{*}Nazwa")},
        "buyer": {"identifier": {"type": "Nip", "value": buyer.findtext("{*}NIP")
                                 if buyer is not None else None}},
        "netAmount": round(gross - vat, 2), "grossAmount": gross, "vatAmount": round(vat, 2),
        "currency": fa.findtext("{*}KodWaluty"), "invoicingMode": "Online",
        "invoiceType": one.kind.title(), "isSelfInvoicing": False, "hasAttachment": False,
        "formCode": {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA"},
        "invoiceHash": one.hash,
    }


def upo(one: Invoice) -> bytes:
    """A receipt in the form of KSeF's (UPO 4.3), without a signature."""
    root = etree.Element(f"{{{_UPO}}}Potwierdzenie", nsmap={None: _UPO})

    def add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
        node = etree.SubElement(parent, f"{{{_UPO}}}{name}")
        node.text = text or None
        return node

    add(root, "NazwaPodmiotuPrzyjmujacego", "Atrapa KSeF: to nie jest urzędowe potwierdzenie")
    add(root, "NumerReferencyjnySesji", one.session)
    proof = add(root, "Uwierzytelnienie")
    add(add(proof, "IdKontekstu"), "Nip", one.nip)
    add(proof, "NumerReferencyjnyTokenaKSeF", one.reference)
    add(root, "NazwaStrukturyLogicznej", "Schemat_FA(3)_v1-0E.xsd")
    add(root, "KodFormularza", "FA (3)")
    paper = add(root, "Dokument")
    for name, text in (
        ("NipSprzedawcy", one.nip), ("NumerKSeFDokumentu", one.ksef_number),
        ("NumerFaktury", one.number), ("DataWystawieniaFaktury", one.issued),
        ("DataPrzeslaniaDokumentu", one.arrived.isoformat()),
        ("DataNadaniaNumeruKSeF", one.arrived.isoformat()), ("SkrotDokumentu", one.hash),
        ("TrybWysylki", "Offline" if one.is_offline else "Online"),
    ):
        add(paper, name, text)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
