"""An issued document in the words of EN 16931, the European invoice. Pure.

The norm names what an invoice says (BT-1 number, BG-25 line ...), not how it is written; ``cii.py``
and ``ubl.py`` write this model. Sums per rate are the document's own. The norm wants net lines that
add up to them (BR-CO-10, BR-S-08), so the net sum of a rate is divided over its lines in proportion
to what they say, with nothing lost; VAT may then differ from net x rate by what rounding allows
(BR-CO-17 takes up to one unit).

A correction that lowers the sum is a credit note (381) with the signs turned, one that raises it a
debit note (383); a final invoice takes its advances off as lines below nought. Worked example:
docs/accounting.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.core.money import exponent, from_micro, from_minor, spread
from oms_web.domain.documents import kinds, vat
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.snapshot import party_name
from oms_web.domain.documents.tax_ids import UNION
from oms_web.domain.einvoices.nodes import one_line
from oms_web.domain.einvoices.treatments import EXPORT, SERVICES, WDT, treatment_of

INVOICE, CREDIT_NOTE, DEBIT_NOTE, PREPAYMENT = "380", "381", "383", "386"
"""BT-3, out of UNTDID 1001."""
PIECE, ONE = "H87", "C62"
"""BT-130, out of UN/ECE recommendation 20."""
TRANSFER, CARD, CASH, OTHER = "30", "48", "10", "1"
"""BT-81, out of UNTDID 4461; 1 is "not defined"."""

STANDARD, ZERO, EXEMPT, REVERSE = "S", "Z", "E", "AE"
WITHIN_UNION, BEYOND_UNION, OUTSIDE = "K", "G", "O"
"""BT-118, out of UNTDID 5305."""

# Why there is no VAT (BT-121), out of the VATEX list of the norm.
_REASONS = {
    REVERSE: "VATEX-EU-AE", WITHIN_UNION: "VATEX-EU-IC", BEYOND_UNION: "VATEX-EU-G",
    OUTSIDE: "VATEX-EU-O",
}
# Electronic addresses that are VAT numbers: country -> scheme, out of the EAS list of the norm.
_SCHEMES = {
    "AT": "9914", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930", "EE": "9931",
    "GR": "9933", "HR": "9934", "IE": "9935", "LT": "9937", "LU": "9938", "LV": "9939",
    "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947", "SI": "9949",
    "SK": "9950", "FR": "9957", "HU": "9910", "ES": "9920", "BE": "9925", "IT": "0211",
}
_PRICE_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Party:
    """BG-4 or BG-7. ``vat_id`` begins with the letters of its country; ``tax_id`` is the number
    of who has none of those.
    """

    name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_id: str = ""
    tax_id: str = ""
    email: str = ""
    phone: str = ""
    endpoint: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """BG-25. ``net`` is BT-131; ``price`` (BT-146) is net, after discounts, and never below
    nought: the sign is the quantity's.
    """

    id: str
    name: str
    quantity: Decimal
    unit: str
    price: Decimal
    net: Decimal
    category: str
    rate: Decimal
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """BG-23: what comes to one category and rate."""

    category: str
    rate: Decimal
    net: Decimal
    vat: Decimal
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is written. Amounts have two decimals; ``home_vat`` (BT-111) is in ``home_currency``.

    ``preceding``: numbers and days of the documents it speaks of (BG-3).
    """

    number: str
    code: str
    issue_date: date
    sale_date: date
    due_date: date | None
    currency: str
    home_currency: str
    home_vat: Decimal | None
    seller: Party
    buyer: Party
    deliver_to: Party
    order_number: str
    notes: Sequence[str]
    means: str
    means_words: str
    account: str
    preceding: Sequence[tuple[str, date]]
    lines: Sequence[Line]
    taxes: Sequence[Tax]
    net: Decimal
    vat: Decimal
    gross: Decimal
    prepaid: Decimal
    due: Decimal

    @property
    def is_credit(self) -> bool:
        """Whether its amounts are given back."""
        return self.code == CREDIT_NOTE


def goes(setting: str, snapshot: Mapping[str, Any]) -> bool:
    """Whether the PDF of a document carries its data, by the company's setting (``off``,
    ``foreign``: to companies abroad, ``companies``: to all).
    """
    buyer = snapshot.get("buyer") or {}
    if snapshot["kind"] not in (*kinds.CORRECTABLE, kinds.CORRECTION) or not buyer.get("tax_id"):
        return False
    home = snapshot["seller"]["address"].get("country") or "PL"
    return setting == "companies" or (setting == "foreign"
                                      and (buyer.get("country") or home) != home)


def invoice(snapshot: Mapping[str, Any]) -> Invoice:
    """A numbered document as the norm sees it.

    Raises:
        Invalid: the norm cannot say it: no invoice, a correction that changes no sum, a currency
            with three decimals, sales outside of VAT beside others.
    """
    if snapshot["kind"] not in (*kinds.CORRECTABLE, kinds.CORRECTION):
        raise Invalid("Only invoices and their corrections are European e-invoices.")
    currency = snapshot["currency"]
    if exponent(currency) > 2:
        raise Invalid("A European e-invoice has no amounts in %(currency)s.", "currency",
                      currency=currency)
    if not snapshot["rates"] or not (rows := _rows(snapshot)):
        raise Invalid("This correction changes no sum: a European e-invoice cannot say it.")
    treatment = treatment_of(snapshot)
    taxes = [_tax(row, treatment, snapshot) for row in snapshot["rates"]]
    if len({tax.category for tax in taxes} | {OUTSIDE}) > 1 and any(
            tax.category == OUTSIDE for tax in taxes):
        raise Invalid("A European e-invoice cannot have sales outside of VAT beside others.")
    sign = -1 if _code(snapshot) == CREDIT_NOTE else 1
    total = snapshot["total"]
    outside = taxes[0].category == OUTSIDE
    seller, buyer = _seller(snapshot["seller"]), _buyer(snapshot["buyer"])
    if outside:  # BR-O-02: then neither party is named by a VAT number
        seller, buyer = _without_vat_id(seller), _without_vat_id(buyer)
    due = _due(snapshot, sign)
    due_date = snapshot["payment"].get("due_date")
    exchange = snapshot.get("exchange") or {}
    home_vat = total.get("vat_home")
    return Invoice(
        number=snapshot["number"], code=_code(snapshot),
        issue_date=date.fromisoformat(snapshot["issue_date"]),
        sale_date=date.fromisoformat(snapshot["sale_date"]),
        due_date=date.fromisoformat(due_date) if due_date and due > 0 else None,
        currency=currency, home_currency=exchange.get("currency", ""),
        home_vat=None if home_vat is None else _amount(sign * home_vat, exchange["currency"]),
        seller=seller, buyer=buyer,
        deliver_to=_buyer(snapshot.get("recipient") or snapshot["buyer"]),
        order_number=one_line(str(snapshot["order"].get("channel_number")
                                  or snapshot["order"].get("number") or "")),
        notes=_notes(snapshot), means=_means(snapshot), means_words=_means_words(snapshot),
        account="".join(str(snapshot["seller"].get("bank_account") or "").split()),
        preceding=_preceding(snapshot),
        lines=[_line(at, row, treatment, sign, snapshot) for at, row in enumerate(rows, start=1)],
        taxes=[_turned(tax, sign) for tax in taxes],
        net=_amount(sign * total["net"], currency), vat=_amount(sign * total["vat"], currency),
        gross=_amount(sign * total["gross"], currency),
        prepaid=_amount(sign * total["gross"], currency) - due, due=due,
    )


def _code(snapshot: Mapping[str, Any]) -> str:
    if snapshot["kind"] == kinds.ADVANCE:
        return PREPAYMENT
    gross = snapshot["total"]["gross"]
    if snapshot["kind"] == kinds.CORRECTION:
        return DEBIT_NOTE if gross > 0 else CREDIT_NOTE
    return INVOICE


def _due(snapshot: Mapping[str, Any], sign: int) -> Decimal:
    """BT-115: what is still to be paid, or of a credit note given back."""
    said = snapshot["payment"]
    due = said.get("to_return", -snapshot["total"]["gross"]) if sign < 0 else said["to_pay"]
    return _amount(due, snapshot["currency"])


# Lines ------------------------------------------------------------------------------------------


def _rows(snapshot: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], int]]:
    """(line, its net) for each line that says something; they add up to the document's sums."""
    whole = (snapshot.get("whole") or snapshot)["rates"]
    found = _divided(snapshot["lines"], {row["rate"]: row["net"] for row in whole},
                     snapshot["method"])
    words = LABELS[snapshot["language"]]
    for one in snapshot.get("advances") or ():
        for row in one["rates"]:
            found.append(({
                "title": f"{words['advance']} {one['number']}", "rate": row["rate"],
                "quantity": -1, "kind": "advance", "amount": -row["gross"], "discount": 0,
            }, -row["net"]))
    return found


def _divided(lines: Sequence[Mapping[str, Any]], nets: Mapping[str, int], method: str
             ) -> list[tuple[Mapping[str, Any], int]]:
    found: dict[int, int] = {}
    for rate, net in nets.items():
        at = [i for i, line in enumerate(lines) if line["rate"] == rate and line["amount"]]
        amounts = [lines[i]["amount"] for i in at]
        if min(amounts, default=0) < 0 < max(amounts, default=0):
            # Some go up, some down: each by its own amount, the last bears what rounding leaves.
            own = [vat.tax_in_gross(one, rate).net if method == vat.GROSS_RATE else one
                   for one in amounts]
            own[-1] += net - sum(own)
            found |= dict(zip(at, own, strict=True))
        else:
            found |= dict(zip(at, spread(net, [abs(one) for one in amounts]), strict=True))
    return [(lines[i], found[i]) for i in sorted(found)]


def _line(at: int, row: tuple[Mapping[str, Any], int], treatment: str, sign: int,
          snapshot: Mapping[str, Any]) -> Line:
    said, net = row
    currency = snapshot["currency"]
    worth = _amount(sign * net, currency)
    units = Decimal(abs(said["quantity"]) or 1)
    is_exact = snapshot["method"] != vat.GROSS_RATE and not said["discount"] and said["quantity"]
    price = from_micro(said["unit_price"]) if is_exact and "unit_price" in said \
        else (abs(worth) / units).quantize(_PRICE_PLACES)
    if abs(units * price - abs(worth)) > Decimal("0.01"):
        price = (abs(worth) / units).quantize(_PRICE_PLACES)
    return Line(
        id=str(said.get("position") or at), name=one_line(said["title"], 250) or "-",
        quantity=-units if worth < 0 else units,
        unit=PIECE if said.get("kind", "goods") == "goods" else ONE, price=price, net=worth,
        category=category(said["rate"], treatment), rate=vat.percent(said["rate"]),
        sku=one_line(str(said.get("sku") or ""), 50),
    )


# VAT --------------------------------------------------------------------------------------------


def category(rate: str, treatment: str) -> str:
    """BT-118 (and BT-151) of a stored rate."""
    if rate == vat.EXEMPT:
        return EXEMPT
    if rate == vat.REVERSE:
        return REVERSE
    if rate == vat.OUTSIDE:
        # A service to a company in the Union is taxed there, by the buyer (art. 28b).
        return REVERSE if treatment == SERVICES else OUTSIDE
    if vat.percent(rate):
        return STANDARD
    return {WDT: WITHIN_UNION, EXPORT: BEYOND_UNION}.get(treatment, ZERO)


def _tax(row: Mapping[str, Any], treatment: str, snapshot: Mapping[str, Any]) -> Tax:
    of, currency = category(row["rate"], treatment), snapshot["currency"]
    reason = one_line(snapshot.get("exempt_basis") or "") if of == EXEMPT else ""
    return Tax(of, vat.percent(row["rate"]), _amount(row["net"], currency),
               _amount(row["vat"], currency), reason, _REASONS.get(of, ""))


def _turned(tax: Tax, sign: int) -> Tax:
    return Tax(tax.category, tax.rate, sign * tax.net + 0, sign * tax.vat + 0, tax.reason,
               tax.reason_code)


# Parties and words ------------------------------------------------------------------------------


def _seller(said: Mapping[str, Any]) -> Party:
    address = said["address"]
    return _party(str(said["name"]), address, str(said["tax_id"] or ""),
                  one_line(str(said.get("email") or "")), one_line(str(said.get("phone") or "")))


def _buyer(said: Mapping[str, Any]) -> Party:
    return _party(party_name(said), said, str(said.get("tax_id") or ""))


def _party(name: str, address: Mapping[str, Any], number: str, email: str = "", phone: str = ""
           ) -> Party:
    country = str(address.get("country") or "PL")
    bare = "".join(ch for ch in number.upper() if ch.isalnum())
    letters = "EL" if country == "GR" else country
    vat_id = ""
    if bare and (country in UNION or country == "XI"):
        vat_id = bare if bare.startswith(letters) else letters + bare
    scheme = _SCHEMES.get(country)
    return Party(
        name=one_line(name) or "-", street=one_line(str(address.get("street") or "")),
        postcode=one_line(str(address.get("postcode") or "")),
        city=one_line(str(address.get("city") or "")), country=country, vat_id=vat_id,
        tax_id="" if vat_id else bare, email=email, phone=phone,
        endpoint=(scheme, vat_id) if scheme and vat_id else None,
    )


def _without_vat_id(party: Party) -> Party:
    return Party(party.name, party.street, party.postcode, party.city, party.country,
                 tax_id=party.vat_id or party.tax_id, email=party.email, phone=party.phone)


def _notes(snapshot: Mapping[str, Any]) -> list[str]:
    words = LABELS[snapshot["language"]]
    found = [words[name] for name in snapshot.get("notes") or () if name in words]
    for name in ("reason", "remark"):
        if text := one_line(str(snapshot.get(name) or ""), 500):
            found.append(text)
    return found


def _preceding(snapshot: Mapping[str, Any]) -> list[tuple[str, date]]:
    corrected = snapshot.get("corrected")
    before = ([corrected] if corrected else []) + list(snapshot.get("advances") or ())
    return [(one["number"], date.fromisoformat(one["issue_date"])) for one in before]


def _means(snapshot: Mapping[str, Any]) -> str:
    said = snapshot["payment"]
    if said["kind"] == "credit":
        return TRANSFER if snapshot["seller"].get("bank_account") else OTHER
    return CASH if said["kind"] == "cod" else OTHER


def _means_words(snapshot: Mapping[str, Any]) -> str:
    said = snapshot["payment"]
    return one_line(str(said["method"] or said["kind"]), 100)


def _amount(minor: int, currency: str) -> Decimal:
    return round(from_minor(minor, currency), 2)
