"""How text is compared when people search: case, accents and dashes do not matter."""

from __future__ import annotations

import re
import unicodedata

# Letters that Unicode does not take apart into a base letter and an accent.
_WHOLE_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "đ": "d", "Đ": "D",
     "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH", "ı": "i"}
)
# Pictures among letters, and what glues and colours them: no font that is sent along has them.
_PICTURES = re.compile(
    "[\U0001F000-\U0001FAFF\U000E0000-\U000E007F\u200d\u20e3\ufe0e\ufe0f"
    "\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23fa]+"
)
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
"""An e-mail address as people have them; whether a server takes it is another matter."""
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_NOT_DIGIT = re.compile(r"\D+")


def fold(text: str) -> str:
    """Lower case, no accents: ``Żółkiewski`` -> ``zolkiewski``."""
    return plain(text).lower()


def plain(text: str) -> str:
    """No accents: ``Żółkiewski`` -> ``Zolkiewski``."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_WHOLE_LETTERS))
    return "".join(ch for ch in apart if not unicodedata.combining(ch))


def words(text: str) -> list[str]:
    """The folded words of a text, in order, without punctuation."""
    return [word for word in _NOT_WORD.split(fold(text)) if word]


def key_in(text: str) -> int | None:
    """The key of a row in a text that somebody sent: up to twelve plain digits, else None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def squeeze(text: str) -> str:
    """Only folded letters and digits: how codes are compared (``AB-12/x`` -> ``ab12x``)."""
    return _NOT_WORD.sub("", fold(text))


def phone_key(text: str) -> str:
    """The last nine digits of a phone number (a Polish number without its prefix)."""
    return _NOT_DIGIT.sub("", text)[-9:]


def tidy(text: str) -> str:
    """One line, single spaces, no control characters: names and titles from outside."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    printable = "".join(ch if ch.isprintable() else " " for ch in text)
    return " ".join(printable.split())


def without_pictures(text: str) -> str:
    """The text without emoji: on paper each would be an empty box. The spaces around one close up.

    Names and addresses keep every letter; what is stored is not changed.
    """
    if text.isascii() or not _PICTURES.search(text):
        return text
    return re.sub(r"(?<=\S) {2,}(?=\S)", " ", _PICTURES.sub("", text))
