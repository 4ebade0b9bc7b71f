"""How many parts an SMS has: GSM 7-bit (3GPP TS 23.038) or UCS-2, as its letters want. Pure.

One letter outside the basic alphabet turns the whole message into UCS-2: a part holds 70 instead
of 160 characters, 67 and 153 where there are several (a header takes the rest).
"""

from __future__ import annotations

from dataclasses import dataclass

from oms_web.core.text import plain

GSM, UCS = "GSM-7", "UCS-2"
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_WHOLE, _PART = {GSM: 160, UCS: 70}, {GSM: 153, UCS: 67}
MOST_PARTS = 6
# What word processors put in place of plain signs.
_SIGNS = str.maketrans({
    "„": '"', "”": '"', "“": '"', "»": '"', "«": '"', "’": "'", "‘": "'", "‚": "'", "–": "-",
    "—": "-", "−": "-", "‑": "-", "…": "...", "•": "-", "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ", "\t": " ",
})


@dataclass(frozen=True, slots=True)
class Size:
    """``used`` units of the encoding in ``parts`` SMS; ``left`` before another part begins."""

    encoding: str
    used: int
    parts: int
    left: int


def measure(text: str) -> Size:
    """How large a text is as SMS. A letter that takes two units is never torn apart."""
    encoding = GSM if all(ch in _BASIC or ch in _EXTENDED for ch in text) else UCS
    units = [2 if (ch in _EXTENDED if encoding == GSM else ord(ch) > 0xFFFF) else 1 for ch in text]
    used = sum(units)
    if used <= _WHOLE[encoding]:
        return Size(encoding, used, 1 if used else 0, _WHOLE[encoding] - used)
    room, parts, filled = _PART[encoding], 1, 0
    for unit in units:
        if filled + unit > room:
            parts, filled = parts + 1, 0
        filled += unit
    return Size(encoding, used, parts, room - filled)


def without_accents(text: str) -> str:
    """The text in letters that every SMS knows: ``Zażółć — „tak”`` -> ``Zazolc - "tak"``."""
    return plain(text.translate(_SIGNS))


def foreign(text: str) -> str:
    """The letters of a text that make it UCS-2, each once."""
    return "".join(dict.fromkeys(ch for ch in text if ch not in _BASIC and ch not in _EXTENDED))
