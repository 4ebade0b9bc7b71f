"""What a correction of an invoice says: (state after) less (state before), to the grosz. Pure.

A correction is counted on what the invoice says, never on the order: its stored lines with the
method they were taxed by. Each state is taxed as a whole, rate by rate, and a correction is the
difference of two states. So a full correction is the exact mirror of the invoice, and however many
partial ones bring it to nothing, they add up to it (ustawa o VAT, art. 106j ust. 2 pkt 5-6).

Worked numbers: docs/algorithms/corrections.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import line_total, spread
from oms_web.domain.company.vat_rates import HOME, check_in_force
from oms_web.domain.documents import restating, snapshot, vat
from oms_web.domain.documents.charges import DELIVERY, GOODS
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.documents.treatment import OSS
from oms_web.domain.documents.words import amount_in_words

QUANTITY, PRICE, RATE, DATA, MIXED = "quantity", "price", "rate", "data", "mixed"
EXCHANGE = "exchange"
BEFORE_AFTER, DIFFERENCE = "before_after", "difference"
FORMS = (BEFORE_AFTER, DIFFERENCE)
ON_THE_INVOICE, ON_THE_CORRECTION, OTHERWISE = 1, 2, 3
MOST_UNITS = 10_000_000

_SHOWN = ("quantity", "unit_price", "discount", "rate", "amount")

Line = dict[str, Any]
_TURNED: Sequence[str] = ("quantity", "amount", "discount", "vat", "gross")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a correction changes, and how it is issued. Amounts are minor units in the prices of
    the invoice (gross or net).

    Attributes:
        returned: Order line -> units that came back.
        worth: Order line -> what those units cost, where a refund says it; else their share.
        delivery_back: How much of the delivery is given back.
        lowered: A reduction of all goods that stay, divided by value.
        quantities: Position -> how many it should be.
        prices: Position -> what a unit should cost, in millionths, before discount.
        rates: Position -> the VAT rate it should have.
        buyer: The buyer as it should be: address fields and ``tax_id``; None leaves it.
        exempt_basis: The provision that exempts the lines at ``zw``; empty leaves what is named.
        exchange: The rate that counted for the sale: the right one, where the invoice names
            another; where it names none, one typed because the bank's table is not here.
        cause: The same cause gives the same correction, however often it is asked for.
    """

    returned: Mapping[int, int] = field(default_factory=dict)
    worth: Mapping[int, int] = field(default_factory=dict)
    delivery_back: int = 0
    lowered: int = 0
    quantities: Mapping[int, int] = field(default_factory=dict)
    prices: Mapping[int, int] = field(default_factory=dict)
    rates: Mapping[int, str] = field(default_factory=dict)
    buyer: Mapping[str, str] | None = None
    reason: str = ""
    form: str = BEFORE_AFTER
    effect: int = 0
    issue_date: date | None = None
    series_id: int | None = None
    remark: str = ""
    exempt_basis: str = ""
    exchange: Exchange | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a correction names: the documents it goes on from, its day and its author."""

    corrected: Mapping[str, Any]
    previous: Mapping[str, Any] | None
    issue_date: date
    issued_by: str
    design: Mapping[str, Any]


def state_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """What an invoice says at present: of itself, or after a correction of it."""
    if said["kind"] == "correction":
        return dict(said["after"])
    whole = said.get("whole") or said
    return {"buyer": said["buyer"], "lines": said["lines"], "rates": whole["rates"],
            "total": whole["total"]}


def correction(latest: Mapping[str, Any], ask: Ask, naming: Naming,
               settled: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The correction of an invoice, without a number.

    Args:
        latest: The snapshot of the invoice, or of the last correction of it.
        settled: What a final invoice takes off for its advances (``restating.settled_by``).

    Raises:
        InvalidForm: more comes back than was left, or nothing changes; by field.
    """
    before = state_of(latest)
    if latest["exchange"] is not None:
        before = _said_at_home(before)
    problems: dict[str, OmsError] = {}
    lines = _changed_lines(before["lines"], latest, ask, problems)
    _check_words(ask, problems)
    if problems:
        raise InvalidForm(problems)
    exchange = restating.right_exchange(latest, ask.exchange)
    buyer = {**before["buyer"],
             **{name: str(value).strip() for name, value in (ask.buyer or {}).items()}}
    after = taxed({**latest, "exchange": exchange}, lines) | {"buyer": buyer}
    changed = [line["position"] for line, old in zip(lines, before["lines"], strict=True)
               if any(line[name] != old[name] for name in _SHOWN)]
    is_restated = exchange != latest["exchange"]
    if not changed and buyer == before["buyer"] and not is_restated:
        raise InvalidForm({"lines": Invalid("Nothing is different from the invoice: change a "
                                            "quantity, a price or the buyer.", "lines")})
    rates = _rates_between(before["rates"], after["rates"])
    if is_restated:
        rates = restating.restated(latest, before["rates"], after["rates"], exchange, settled)
    said = _said(latest, before, after, changed, rates, ask, naming)
    if not is_restated:
        return said
    moved = said["total"]["gross"] or sum(row["net_home"] + row["vat_home"] for row in rates)
    return said | {"exchange": exchange, "former_exchange": latest["exchange"],
                   "cause": MIXED if changed or buyer != before["buyer"] else EXCHANGE,
                   "effect": ask.effect or _effect(moved)}


def _said_at_home(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state with its VAT at home: nought where there was none to say."""
    return {**state, "rates": [{**row, "vat_home": row.get("vat_home", 0)}
                               for row in state["rates"]],
            "total": {**state["total"], "vat_home": state["total"].get("vat_home", 0)}}


def taxed(said: Mapping[str, Any], lines: Sequence[Line]) -> dict[str, Any]:
    """Lines with their sums, by the method and the exchange rate of the document they are of.

    The exchange rate stays that of the invoice (art. 31b ust. 1).
    """
    counted = vat.sums(said["method"], [(line["rate"], line["amount"]) for line in lines])
    own = [dict(line) for line in lines]
    for line, of_line in zip(own, counted.lines, strict=False):
        line |= {"vat": of_line.vat, "gross": of_line.gross}
    return {"lines": own, **snapshot.summed(counted, said["currency"], said["exchange"])}


def left_of(line: Mapping[str, Any], quantity: int, worth: int | None = None) -> Line:
    """A line with other units: amount and discount in proportion, nothing when none is left.

    What comes off is rounded half up, as a refund of it is (``returns/refund_plan.share``), so
    that paper and money agree to the grosz. The discount is price before it less amount, so that
    the line still adds up on paper.

    Args:
        worth: what the units that come off cost, where a refund says so. None: their share.
    """
    had, amount = line["quantity"], line["amount"]
    if quantity == had:
        return dict(line)
    kept = amount - _share(amount, had - quantity, had)
    if worth is not None and quantity:
        kept = max(0, amount - worth)
    full = _share(amount + line["discount"], quantity, had)
    return {**line, "quantity": quantity, "amount": kept, "discount": max(0, full - kept)}


# The lines --------------------------------------------------------------------------------------


def _changed_lines(before: Sequence[Line], said: Mapping[str, Any], ask: Ask,
                   problems: dict[str, OmsError]) -> list[Line]:
    quantities = {**ask.quantities, **_returned(before, ask.returned, problems)}
    lines = []
    for old in before:
        line, at = dict(old), old["position"]
        _tell(problems, f"quantity_{at}", lambda line=line, at=at: _fewer(
            line, quantities.get(at, line["quantity"]), ask.worth.get(line["line_id"])))
        if at in ask.prices:
            _tell(problems, f"price_{at}", lambda line=line, at=at: _priced(
                line, ask.prices[at], said["currency"]))
        if at in ask.rates:
            _tell(problems, f"rate_{at}", lambda line=line, at=at: _rated(
                line, ask.rates[at], said))
        lines.append(line)
    _lower(lines, DELIVERY, ask.delivery_back, "delivery", problems)
    _lower(lines, GOODS, ask.lowered, "lowered", problems)
    return lines


def _tell(problems: dict[str, OmsError], where: str, act: Any) -> None:
    try:
        act()
    except Invalid as refusal:
        problems[where] = refusal


def _returned(before: Sequence[Line], returned: Mapping[int, int], problems: dict[str, OmsError]
              ) -> dict[int, int]:
    """Position -> quantity that is left, from order line -> units that came back."""
    at = {line["line_id"]: line for line in before if line["line_id"] is not None}
    found = {}
    for line_id, units in returned.items():
        line = at.get(line_id)
        if line is None:
            problems["lines"] = Invalid("The invoice has no such line.", "lines")
            continue
        if not 0 <= units <= line["quantity"]:
            where = f"quantity_{line['position']}"
            problems[where] = Invalid("%(title)s: only %(n)s can come back.", where,
                                      title=line["title"], n=line["quantity"])
            continue
        found[line["position"]] = line["quantity"] - units
    return found


def _fewer(line: Line, quantity: int, worth: int | None) -> None:
    """Set the quantity of a line; more than before cost what they cost."""
    if quantity == line["quantity"]:
        return
    where = f"quantity_{line['position']}"
    if not 0 <= quantity <= MOST_UNITS:
        raise Invalid("Type a number of units from %(least)s to %(most)s.", where, least=0,
                      most=MOST_UNITS)
    if not line["quantity"]:
        raise Invalid("%(title)s: all units came back already.", where, title=line["title"])
    line.update(left_of(line, quantity, worth))


def _priced(line: Line, price: int, currency: str) -> None:
    """Set the price of a unit; the discount stays."""
    if price == line["unit_price"]:
        return
    where = f"price_{line['position']}"
    if price < 0:
        raise Invalid("A price is not below nought.", where)
    amount = line_total(price, line["quantity"], currency) - line["discount"]
    if amount < 0:
        raise Invalid("%(title)s: the discount is larger than this price.", where,
                      title=line["title"])
    line.update(unit_price=price, amount=amount)


def _rated(line: Line, typed: str, said: Mapping[str, Any]) -> None:
    """Set the rate of a line: another one is one of the country that taxes the sale."""
    rate = vat.tidy_rate(typed)
    if rate == line["rate"]:
        return
    country = said["seller"]["address"].get("country") or HOME
    if said["treatment"] == OSS:
        country = (said["recipient"] or said["buyer"])["country"]
    line.update(rate=check_in_force(rate, country, date.fromisoformat(said["sale_date"]),
                                    f"rate_{line['position']}"))


def _lower(lines: Sequence[Line], kind: str, by: int, where: str, problems: dict[str, OmsError]
           ) -> None:
    """Take an amount off all lines of a kind, as a discount, divided by value."""
    if not by:
        return
    mine = [line for line in lines if line["kind"] == kind]
    worth = sum(line["amount"] for line in mine)
    if not 0 <= by <= worth:
        problems[where] = Invalid("This is more than is left on the invoice.", where)
        return
    for line, cut in zip(mine, spread(by, [line["amount"] for line in mine]), strict=True):
        line.update(amount=line["amount"] - cut, discount=line["discount"] + cut)


def _check_words(ask: Ask, problems: dict[str, OmsError]) -> None:
    if not ask.reason.strip():
        problems["reason"] = Invalid("Say why the invoice is corrected.", "reason")
    for name, said, most in (("remark", ask.remark, snapshot.LONGEST_REMARK),
                             ("exempt_basis", ask.exempt_basis, snapshot.LONGEST_BASIS)):
        if len(said.strip()) > most:
            problems[name] = Invalid("At most %(limit)s characters.", name, limit=most)
    if ask.form not in FORMS:
        problems["form"] = Invalid("Choose how the difference is shown.", "form")
    if ask.effect not in (0, ON_THE_INVOICE, ON_THE_CORRECTION, OTHERWISE):
        problems["effect"] = Invalid("Choose when the correction takes effect.", "effect")


def _share(amount: int, part: int, whole: int) -> int:
    """Of an amount that is not below nought; half up."""
    return (2 * amount * part + whole) // (2 * whole)


# The document -----------------------------------------------------------------------------------


def _said(latest: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any],
          changed: Sequence[int], rates: Sequence[Mapping[str, Any]], ask: Ask, naming: Naming
          ) -> dict[str, Any]:
    total, language = snapshot.added(rates), latest["language"]
    gross = total["gross"]
    pay = latest["payment"]
    return {
        **{name: latest[name] for name in (
            "schema", "language", "currency", "sale_date", "method", "seller", "recipient",
            "exchange", "order", "treatment")},
        "exempt_basis": _basis(latest, rates, ask),
        "kind": "correction",
        "number": None,
        "issue_date": naming.issue_date.isoformat(),
        "issued_by": naming.issued_by,
        "buyer": after["buyer"],
        "lines": _lines_between(before["lines"], after["lines"], changed),
        "rates": list(rates),
        "total": total,
        "in_words": amount_in_words(abs(gross), latest["currency"], language),
        "payment": {"kind": pay["kind"], "method": pay["method"], "paid": 0,
                    "to_pay": max(gross, 0), "to_return": max(-gross, 0), "due_date": None},
        "receipt": latest["receipt"],
        "notes": latest["notes"],
        "remark": ask.remark.strip(),
        "design": dict(naming.design),
        "corrected": dict(naming.corrected),
        "previous": dict(naming.previous) if naming.previous else None,
        "reason": " ".join(ask.reason.split())[:255],
        "cause": _cause(before, after, changed),
        "effect": ask.effect or _effect(gross),
        "form": ask.form,
        "before": dict(before),
        "after": dict(after),
        "changed": list(changed),
    }


def _basis(latest: Mapping[str, Any], rates: Sequence[Mapping[str, Any]], ask: Ask) -> str:
    """The provision that exempts (art. 106e ust. 1 pkt 19): of an invoice that had no such line, as
    the correction names it.
    """
    is_exempt = any(row["rate"] == vat.EXEMPT for row in rates)
    return (is_exempt and ask.exempt_basis.strip()) or str(latest["exempt_basis"])


def _rates_between(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
                   ) -> list[dict[str, Any]]:
    """What changes per rate; a rate that stays as it was is not named."""
    old, new = ({row["rate"]: row for row in rows} for rows in (before, after))
    found: list[dict[str, Any]] = []
    for rate in sorted({*old, *new}, key=vat.rate_order):
        was, now = old.get(rate, {}), new.get(rate, {})
        names = [name for name in ("net", "vat", "gross", "vat_home") if name in {*was, *now}]
        row: dict[str, int] = {name: now.get(name, 0) - was.get(name, 0) for name in names}
        if any(row.values()):
            found.append({"rate": rate, **row})
    return found


def _lines_between(before: Sequence[Line], after: Sequence[Line], changed: Sequence[int]
                   ) -> list[Line]:
    """The difference line by line; a line whose rate changes goes out whole and comes in whole."""
    found: list[Line] = []
    for old, new in zip(before, after, strict=True):
        if new["position"] not in changed:
            continue
        if old["rate"] != new["rate"]:
            found += [_turned(old), dict(new)]
            continue
        found.append({**new, **{name: new[name] - old[name] for name in _TURNED if name in new}})
    return found


def _turned(line: Line) -> Line:
    return {**line, **{name: -line[name] for name in _TURNED if name in line}}


def _cause(before: Mapping[str, Any], after: Mapping[str, Any], changed: Sequence[int]) -> str:
    """What kind of correction it is, for lists and for the words on it."""
    found = {DATA} if before["buyer"] != after["buyer"] else set()
    for old, new in zip(before["lines"], after["lines"], strict=True):
        if new["position"] not in changed:
            continue
        if old["rate"] != new["rate"]:
            found.add(RATE)
        if old["quantity"] != new["quantity"]:
            found.add(QUANTITY)
        elif old["amount"] != new["amount"]:
            found.add(PRICE)
    return found.pop() if len(found) == 1 else MIXED


def _effect(gross: int) -> int:
    """When it counts for the seller: what lowers the tax, when it is issued; what raises it
    because of a mistake, with the invoice (art. 29a ust. 13 and 17)."""
    if gross < 0:
        return ON_THE_CORRECTION
    return ON_THE_INVOICE if gross > 0 else OTHERWISE
