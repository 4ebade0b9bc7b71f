"""How an invoice is paid, as FA(3) says it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_web.core.text import fold
from oms_web.domain.einvoices.nodes import YES, Node, add, add_text

_CASH, _CARD, _TRANSFER, _MOBILE = "1", "2", "6", "7"
# Words of a payment method, folded, and what FA(3) calls it (TFormaPlatnosci).
_FORMS = (
    ("blik", _MOBILE), ("mobil", _MOBILE), ("gotowk", _CASH), ("cash", _CASH), ("kart", _CARD),
    ("card", _CARD), ("przelew", _TRANSFER), ("transfer", _TRANSFER),
)


def payment(fa: Node, snapshot: Mapping[str, Any]) -> None:
    """``Platnosc``. That it is paid is said only with its day, which FA(3) wants beside it."""
    said = snapshot["payment"]
    node = add(fa, "Platnosc")
    if said.get("paid_on") and not said["to_pay"]:
        add(node, "Zaplacono", YES)
        add(node, "DataZaplaty", said["paid_on"])
    if said["due_date"] and said["to_pay"]:
        add(add(node, "TerminPlatnosci"), "Termin", said["due_date"])
    _form(node, said)
    account = "".join(str(snapshot["seller"].get("bank_account") or "").split())
    if 10 <= len(account) <= 34:
        bank = add(node, "RachunekBankowy")
        add(bank, "NrRB", account)
        add_text(bank, "NazwaBanku", str(snapshot["seller"].get("bank_name") or ""))
    if not len(node):
        fa.remove(node)


def _form(node: Node, said: Mapping[str, Any]) -> None:
    words = fold(str(said["method"]))
    found = _TRANSFER if said["kind"] == "credit" else next(
        (form for part, form in _FORMS if part in words), "")
    if found:
        add(node, "FormaPlatnosci", found)
    elif words.strip():
        add(node, "PlatnoscInna", YES)
        add_text(node, "OpisPlatnosci", str(said["method"]))
