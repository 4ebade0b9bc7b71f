"""Which words a message has, and how they look as a letter. Pure.

A template has words in Polish and English, and may have others for a channel. The buyer's language
decides; where it has no words, the other language's are better than none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import escape

from oms_web.domain.messages import placeholders, segments

LANGUAGES = ("pl", "en")
EMAIL, SMS, CHANNEL = "email", "sms", "channel"
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class Words:
    """Words in both languages: (subject, text) each, empty where there are none."""

    pl: tuple[str, str] = ("", "")
    en: tuple[str, str] = ("", "")

    def in_(self, language: str) -> tuple[str, str]:
        """Subject and text in a language."""
        return self.en if language == "en" else self.pl


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it will be sent."""

    language: str
    subject: str
    text: str


def language_of(country: str, usual: str = "pl") -> str:
    """The language a buyer is written to in: Polish in Poland, English elsewhere.

    Args:
        usual: the shop's own, where no country is known.
    """
    return usual if not country else "pl" if country == "PL" else "en"


def choose(usual: Words, own: Words | None, language: str) -> tuple[str, tuple[str, str]]:
    """The language and words to use: the channel's own before the usual ones, the buyer's language
    before the other.
    """
    other = "pl" if language == "en" else "en"
    for spoken in (language, other):
        for words in (own, usual):
            found = words.in_(spoken) if words else ("", "")
            if found[1].strip():
                return spoken, found
    return language, ("", "")


def render(kind: str, words: tuple[str, str], language: str, values: Mapping[str, str],
           plain: bool = False) -> Rendered:
    """Words with the fields of an order. ``plain``: an SMS without diacritics."""
    subject, text = words
    filled = placeholders.fill(text, values).strip()
    if kind == SMS:
        return Rendered(language, "", segments.without_accents(filled) if plain else filled)
    return Rendered(language, "" if kind == CHANNEL else placeholders.fill_line(subject, values),
                    filled)


def html(text: str, language: str) -> str:
    """A letter of the text: escaped, paragraphs and lines as typed, web addresses as links."""
    parts = re.split(r"\n\s*\n", text.strip())
    body = "\n".join(f"<p>{_linked(part)}</p>" for part in parts)
    return (f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
            '<body style="margin:0 auto;max-width:40em;padding:16px;line-height:1.5;'
            'font-family:Helvetica,Arial,sans-serif">\n'
            f"{body}\n</body></html>\n")


def _linked(part: str) -> str:
    pieces, end = [], 0
    for match in _LINK.finditer(part):
        url = escape(match[0])
        pieces += [escape(part[end:match.start()]), f'<a href="{url}">{url}</a>']
        end = match.end()
    pieces.append(escape(part[end:]))
    return "".join(map(str, pieces)).replace("\n", "<br>\n")
