"""Words compared as people mean them: case, accents, spaces and punctuation do not matter."""

from __future__ import annotations

import re
import unicodedata

_STROKED = str.maketrans({"ł": "l", "Ł": "L"})
_NOT_WORD = re.compile(r"[^0-9a-z%]+")


def fold(text: str) -> str:
    """Lower case without accents and surplus spaces."""
    plain = unicodedata.normalize("NFKD", text.translate(_STROKED))
    return " ".join("".join(ch for ch in plain if not unicodedata.combining(ch)).lower().split())


def squeeze(text: str) -> str:
    """Only the folded letters and digits: ``Nr zamówienia`` and ``nr_zamowienia`` are the same."""
    return _NOT_WORD.sub("", fold(text))
