"""How the company is known to KSeF: where, as whom, for which buyers; and what a login gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session as Database

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.ports import SecretBox
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.company.models import Company
from oms_web.domain.einvoices import credentials, fa3, numbers
from oms_web.domain.einvoices.models import EInvoice, EInvoiceSettings
from oms_web.domain.einvoices.office import Access, Login, Pair, Session
from oms_web.domain.einvoices.parties import polish_nip

OFF, PRODUCTION, DEMO, TEST, REHEARSAL = "off", "production", "demo", "test", "rehearsal"
ENVIRONMENTS = (OFF, PRODUCTION, DEMO, TEST, REHEARSAL)
COMPANIES, EVERYBODY = "companies", "all"
BUYERS = (COMPANIES, EVERYBODY)
CERTIFICATE, TOKEN = "certificate", "token"
LOGINS = (CERTIFICATE, TOKEN)

# KSeF API 2.0, "Środowiska" and "Kody weryfikujące": where it is asked, where its codes lead.
_PLACES = {
    PRODUCTION: ("https://api.ksef.mf.gov.pl/v2", "https://qr.ksef.mf.gov.pl"),
    DEMO: ("https://api-demo.ksef.mf.gov.pl/v2", "https://qr-demo.ksef.mf.gov.pl"),
    TEST: ("https://api-test.ksef.mf.gov.pl/v2", "https://qr-test.ksef.mf.gov.pl"),
}
# Where Latarnia is asked. The demo environment has none of its own.
_NOTICES = {
    PRODUCTION: "https://api-latarnia.ksef.mf.gov.pl",
    TEST: "https://api-latarnia-test.ksef.mf.gov.pl",
}
_REHEARSAL_CODES = "https://qr-test.ksef.mf.gov.pl"
_PURPOSE = "einvoice_settings:"
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_PLAIN = ("environment", "address", "nip", "login", "buyers", "reads_incoming")


def get(session: Database) -> EInvoiceSettings | None:
    """The settings; None before anybody made some."""
    return session.get(EInvoiceSettings, 1)


def is_on(row: EInvoiceSettings | None) -> bool:
    """Whether documents go to KSeF at all."""
    return row is not None and row.environment != OFF


def goes(row: EInvoiceSettings | None, snapshot: Mapping[str, Any]) -> bool:
    """Whether a document goes to KSeF: invoices and their corrections, for these buyers.

    An invoice to a consumer may go there and need not (ustawa o VAT, art. 106ga ust. 2 pkt 4).
    """
    if row is None or row.environment == OFF or snapshot["kind"] not in fa3.KINDS:
        return False
    return row.buyers == EVERYBODY or bool(snapshot["buyer"].get("tax_id"))


def api_address(row: EInvoiceSettings) -> str:
    """Where KSeF is asked."""
    return row.address if row.environment == REHEARSAL else _PLACES[row.environment][0]


def notices_address(row: EInvoiceSettings) -> str:
    """Where KSeF's announcements are read; empty where there are none. A stand-in has its own."""
    if row.environment == REHEARSAL:
        return row.address.rstrip("/").removesuffix("/v2") + "/latarnia"
    return _NOTICES.get(row.environment, "")


def codes_address(environment: str) -> str:
    """Where the codes on prints lead."""
    return _PLACES[environment][1] if environment in _PLACES else _REHEARSAL_CODES


def change(work: Work, values: Mapping[str, Any]) -> bool:
    """Change what is given; False when nothing is different. Empty secrets keep what is there.

    Args:
        values: the plain columns, ``token``, and of ``certificate`` and ``offline`` the file
            itself, ``..._key`` and ``..._password``.

    Raises:
        InvalidForm: naming the fields that cannot be so.
    """
    row = get(work.session)
    if row is None:
        company = work.session.get(Company, 1)
        row = EInvoiceSettings(id=1, changed_at=work.now,
                               nip=polish_nip(company.tax_id) if company else "")
        work.session.add(row)
        work.session.flush()
    plain = {name: values[name] for name in _PLAIN if name in values}
    problems: dict[str, OmsError] = {}
    brought = _brought(values, problems)
    _check(row, plain, brought, bool(values.get("token")), problems)
    if problems:
        raise InvalidForm(problems)
    changes = audit.changes({name: getattr(row, name) for name in plain}, plain)
    for name in changes:
        setattr(row, name, plain[name])
    if _keep_secrets(work, row, values, brought):
        changes["secrets"] = ["…", "…"]
    if changes:
        row.changed_at, row.trouble, row.trouble_at = work.now, None, None
        row.access = row.session = row.down_since = row.paused_until = None
        row.notices_asked_at = row.notices_read_at = None
        audit.record(work, "einvoices.settings", "einvoice_settings", 1, changes)
    return bool(changes)


def _brought(values: Mapping[str, Any], problems: dict[str, OmsError]
             ) -> dict[str, credentials.Read]:
    found = {}
    for name in ("certificate", "offline"):
        if content := values.get(name):
            try:
                found[name] = credentials.read_pair(
                    content, values.get(f"{name}_key") or b"",
                    str(values.get(f"{name}_password") or ""), name)
            except Invalid as error:
                problems[name] = error
    return found


def _check(row: EInvoiceSettings, plain: dict[str, Any], brought: Mapping[str, Any],
           has_token: bool, problems: dict[str, OmsError]) -> None:
    for name, known in (("environment", ENVIRONMENTS), ("login", LOGINS), ("buyers", BUYERS)):
        if plain.get(name, known[0]) not in known:
            problems[name] = Invalid("Choose one of the list.", name)
    if "nip" in plain:
        plain["nip"] = polish_nip(str(plain["nip"]))
    will = {name: plain.get(name, getattr(row, name)) for name in _PLAIN}
    if will["environment"] == OFF:
        return
    if not will["nip"]:
        problems["nip"] = Invalid("KSeF knows a company by its NIP: ten digits.", "nip")
    if will["environment"] == REHEARSAL and (refused := _address_problem(str(will["address"]))):
        problems["address"] = refused
    if will["login"] == TOKEN and not (has_token or row.token):
        problems["token"] = Invalid("Fill this in.", "token")
    if will["login"] == CERTIFICATE and not ("certificate" in brought or row.certificate):
        problems.setdefault("certificate", Invalid("Fill this in.", "certificate"))


def _address_problem(address: str) -> Invalid | None:
    try:
        parts = urlsplit(address)
        named = parts.hostname or ""
    except ValueError:
        named, parts = "", urlsplit("")
    if not named or parts.scheme not in ("http", "https") or "@" in address:
        return Invalid("This is not a web address.", "address")
    if parts.scheme == "http" and named not in _OWN_MACHINE:
        return Invalid("Begin with https:// (http:// is for this machine only).", "address")
    return None


def _keep_secrets(work: Work, row: EInvoiceSettings, values: Mapping[str, Any],
                  brought: Mapping[str, credentials.Read]) -> bool:
    if token := str(values.get("token") or "").strip():
        row.token = _seal(work, "token", token)
    if read := brought.get("certificate"):
        row.certificate = _seal(work, "certificate", asdict(read.pair))
        row.certificate_name, row.certificate_until = read.name, read.until
    if read := brought.get("offline"):
        row.offline = _seal(work, "offline", asdict(read.pair))
        row.offline_serial, row.offline_until = read.serial, read.until
    return bool(token or brought)


def login(work: Work, row: EInvoiceSettings) -> Login:
    """How to sign in."""
    if row.login == TOKEN:
        return Login(token=str(_open(work, "token", row.token) or ""))
    pair = _open(work, "certificate", row.certificate)
    return Login(pair=Pair(**pair) if pair else None)


def access(work: Work, row: EInvoiceSettings) -> Access | None:
    """What the last login gave."""
    kept = _open(work, "access", row.access)
    return Access(kept["token"], _moment(kept["until"]), kept["refresh"],
                  _moment(kept["refresh_until"])) if kept else None


def keep_access(work: Work, given: Access) -> None:
    """Keep what a login gave, for the next task and for other workers."""
    row = get(work.session)
    if row is not None:
        row.access = _seal(work, "access", {**asdict(given), "until": given.until.isoformat(),
                                            "refresh_until": given.refresh_until.isoformat()})


def open_session(work: Work, row: EInvoiceSettings) -> Session | None:
    """The session that is open; None when none is, or it ends within minutes."""
    kept = _open(work, "session", row.session)
    if kept is None or _moment(kept["until"]) <= work.now:
        return None
    return Session(kept["reference"], bytes.fromhex(kept["key"]), bytes.fromhex(kept["vector"]),
                   _moment(kept["until"]))


def keep_session(work: Work, opened: Session | None) -> None:
    """Keep an open session, so that the next invoices go there too; None: it is of no use."""
    row = get(work.session)
    if row is not None:
        row.session = _seal(work, "session", {
            "reference": opened.reference, "key": opened.key.hex(),
            "vector": opened.vector.hex(), "until": opened.until.isoformat(),
        }) if opened else None


def offline_link(work: Work, row: EInvoiceSettings, invoice: EInvoice) -> str | None:
    """The address behind KOD II; None without a certificate for it."""
    pair = _open(work, "offline", row.offline)
    if not pair or (row.offline_until and row.offline_until <= work.now) or not invoice.hash:
        return None
    path = numbers.certificate_path(codes_address(row.environment), invoice.nip,
                                    row.offline_serial, invoice.hash)
    return f"{path}/{credentials.sign(Pair(**pair), path.removeprefix('https://'))}"


def note_reached(work: Work) -> None:
    """KSeF answers as it should."""
    row = get(work.session)
    if row is not None and (row.trouble or row.down_since or row.paused_until):
        row.trouble = row.trouble_at = row.down_since = row.paused_until = None


def note_trouble(work: Work, why: str, wait: timedelta, *, is_down: bool = False) -> None:
    """Keep why KSeF cannot be asked now, and for how long it is left alone."""
    row = get(work.session)
    if row is None:
        return
    row.paused_until = work.now + wait
    row.trouble, row.trouble_at = why[:500], row.trouble_at or work.now
    if is_down:
        row.down_since = row.down_since or work.now


def _seal(work: Work, name: str, value: Any) -> bytes:
    box: SecretBox = work.ports["secrets"]
    return box.seal(json.dumps(value).encode(), _PURPOSE + name)


def _open(work: Work, name: str, sealed: bytes | None) -> Any:
    if sealed is None:
        return None
    box: SecretBox = work.ports["secrets"]
    return json.loads(box.open(sealed, _PURPOSE + name))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
