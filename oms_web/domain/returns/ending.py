"""How a case ends against what was asked: called off, or a withdrawal refused. Pure.

Calling off is the buyer's taking back, or the undoing of a mistake; it is no way to end what a
buyer has a right to. A withdrawal is refused only for a ground that the law knows; free text is a
remark beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from oms_web.core.errors import Invalid
from oms_web.domain.catalog import no_withdrawal

BUYER, MISTAKE = BY = ("buyer", "mistake")
"""Who takes a case back: its buyer, or we, who opened it by mistake."""
TOLD_BY_BUYER = frozenset({"buyer", "channel"})
"""Sources of cases that are the buyer's own statement."""

LATE, BUSINESS, ABROAD, UNKNOWN, SETTLED = BY_DATA = (
    "late", "business", "abroad", "unknown", "settled",
)
"""Grounds that are there only where our data say so."""
POINTS: Mapping[str, int] = {**no_withdrawal.POINTS, "market": 2, "alcohol": 7, "auction": 11}
"""Ground -> point of art. 38 ust. 1 of the ustawa o prawach konsumenta (directive 2011/83/EU,
art. 16)."""

_GROUNDS: Mapping[str, tuple[str, str]] = {
    "custom": ("rzecz wykonana na zamówienie lub dla konkretnej osoby",
               "made or personalised to order"),
    "perishable": ("rzecz szybko się psuje lub ma krótki termin przydatności",
                   "perishes quickly"),
    "hygiene": ("zapieczętowane ze względów higieny lub zdrowia, otwarte po dostarczeniu",
                "sealed for hygiene or health and opened after delivery"),
    "mixed": ("nie daje się oddzielić od innych rzeczy",
              "cannot be parted from other things any more"),
    "media": ("zapieczętowane nagrania lub programy, otwarte po dostarczeniu",
              "sealed recordings or software, opened after delivery"),
    "press": ("dzienniki, periodyki lub czasopisma", "newspapers and magazines"),
    "digital": ("treści cyfrowe bez nośnika, dostarczone za zgodą kupującego",
                "digital content without a carrier, delivered with the buyer's consent"),
    "market": ("cena zależy od wahań na rynku finansowym",
               "the price follows the financial market"),
    "alcohol": ("napoje alkoholowe o umówionej cenie, dostarczane po 30 dniach",
                "alcoholic drinks at an agreed price, delivered after 30 days"),
    "auction": ("umowa zawarta na aukcji publicznej", "sold at a public auction"),
    LATE: ("oświadczenie złożono po terminie na odstąpienie od umowy",
           "declared after the term for a withdrawal"),
    BUSINESS: ("zakupu dokonała firma w celach zawodowych, a prawo odstąpienia mają konsumenci",
               "bought by a business for its trade; the right is a consumer's"),
    ABROAD: ("prawo kraju kupującego nie daje takiego prawa",
             "the law of the buyer's country gives no such right"),
    UNKNOWN: ("nie znamy zamówienia, którego dotyczy oświadczenie",
              "we know no order that the statement could be about"),
    SETTLED: ("całość zwrócono lub anulowano już wcześniej",
              "all of it was paid back or cancelled before"),
}

GROUNDS = tuple(_GROUNDS)


@dataclass(frozen=True, slots=True)
class Ended:
    """What is said where a case is ended: a word, for a case called off ``by`` whom and on which
    ``day`` the buyer said so, for a withdrawal the ``ground`` of its refusal.
    """

    note: str = ""
    by: str = ""
    day: date | None = None
    ground: str = ""


def words(ground: str, language: str) -> str:
    """A ground in words, with its article; empty for one that is none."""
    if ground not in _GROUNDS:
        return ""
    said = _GROUNDS[ground][language == "en"]
    if ground not in POINTS:
        return said
    article = "art. 38(1)({}) of the Polish consumer rights act" if language == "en" else \
        "art. 38 ust. 1 pkt {} ustawy o prawach konsumenta"
    return f"{said} ({article.format(POINTS[ground])})"


def who(source: str, *, stated: bool) -> tuple[str, ...]:
    """Who may take a case back; ``stated``: its buyer made a statement that is kept."""
    return (BUYER,) if stated or source in TOLD_BY_BUYER else BY


def check_call_off(said: Ended, may: Collection[str], began: date, today: date) -> None:
    """Whether it was said who takes a case back, how they said so, and when.

    Raises:
        Invalid: naming the field.
    """
    if said.by not in may:
        raise Invalid("Say who takes it back. What a buyer declared, only the buyer takes back.",
                      "by")
    if said.by == MISTAKE and not said.note.strip():
        raise Invalid("Say what the mistake was.", "note")
    if not said.note.strip():
        raise Invalid("Say how the buyer took it back.", "note")
    if said.by == BUYER and (said.day is None or not began <= said.day <= today):
        raise Invalid("Say on which day the buyer took it back: from the day of the case to "
                      "today.", "day")


def grounds(by_data: Collection[str], *, here: bool) -> tuple[str, ...]:
    """The grounds that a withdrawal may be refused for, those that our data name first.

    Args:
        by_data: what our data say of this case: words of ``BY_DATA``, reasons of its products.
        here: its goods are here: only then is it seen whether a seal was broken.
    """
    first = tuple(one for one in _GROUNDS if one in by_data)
    return first + tuple(
        one for one in POINTS
        if one not in first and (here or one not in no_withdrawal.WHILE_SEALED))


def check_refusal(ground: str, may: Collection[str]) -> None:
    """Whether a withdrawal may be refused for a ground.

    Raises:
        Invalid: it is none of those that may fit.
    """
    if ground not in may:
        raise Invalid("A withdrawal is refused only for a ground of the law. Choose it; if none "
                      "fits, it cannot be refused.", "ground")
