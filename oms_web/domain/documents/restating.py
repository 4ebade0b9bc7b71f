"""A wrong rate of exchange on an invoice, put right: what its VAT at home becomes. Pure.

Any mistake of an invoice is put right by a correction (ustawa o VAT, art. 106j ust. 1 pkt 5); that
of the rate changes no amount in the currency of the document.

Worked numbers: docs/algorithms/corrections.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_web.domain.documents import kinds, snapshot, vat
from oms_web.domain.documents.snapshot import Exchange


def right_exchange(said: Mapping[str, Any], typed: Exchange | None) -> Mapping[str, str] | None:
    """The rate of exchange as it should be: the typed one, where it is another than the document
    names.
    """
    named: Mapping[str, str] | None = said["exchange"]
    if named is None or typed is None:
        return named
    right = snapshot.exchange_said(typed, named["currency"])
    same = Decimal(named["rate"]) == typed.rate and all(
        right[name] == named[name] for name in ("table", "day"))
    return named if same else right


def settled_by(first: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a final invoice takes off for its advances, by rate: their tax arose with them, at
    rates of their own (art. 19a ust. 8). Nothing on other invoices.
    """
    if first["kind"] != kinds.FINAL:
        return []
    left = {row["rate"]: row for row in first["rates"]}
    return [{"rate": row["rate"], **{name: row[name] - left.get(row["rate"], {}).get(name, 0)
                                     for name in ("net", "vat")}}
            for row in first["whole"]["rates"]]


def restated(said: Mapping[str, Any], before: Sequence[Mapping[str, Any]],
             after: Sequence[Mapping[str, Any]], exchange: Mapping[str, str] | None,
             settled: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a right rate of exchange changes, per rate of VAT: sums in the currency only where the
    lines change too; at home, VAT and the net sum that registers want, each state at its rate.
    """
    off = {row["rate"]: row for row in settled}
    old, new = ({row["rate"]: row for row in rows} for rows in (before, after))

    def home(row: Mapping[str, Any], name: str, used: Mapping[str, str] | None, rate: str) -> int:
        if used is None:
            return 0
        return vat.in_home_currency(row.get(name, 0) - off.get(rate, {}).get(name, 0),
                                    said["currency"], used["currency"], Decimal(used["rate"]))

    found = []
    for rate in sorted({*old, *new}, key=vat.rate_order):
        was, now = old.get(rate, {}), new.get(rate, {})
        row = {name: now.get(name, 0) - was.get(name, 0) for name in ("net", "vat", "gross")}
        row |= {f"{name}_home": home(now, name, exchange, rate)
                - home(was, name, said["exchange"], rate) for name in ("vat", "net")}
        if any(row.values()):
            found.append({"rate": rate, **row})
    return found
