"""From what a document says to HTML for the PDF engine. Our own templates, never a seller's.

A page speaks the document's language whatever the reader's; every value is escaped.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from oms_web.adapters import barcode, print_tables
from oms_web.adapters.print_accent import LETTERS, LINES, darkened
from oms_web.adapters.print_columns import column_mm, text_mm
from oms_web.adapters.qr import qr
from oms_web.core.clock import SHOP_ZONE
from oms_web.core.errors import NotFound
from oms_web.core.money import exponent, from_micro, from_minor
from oms_web.core.ports import FileStore
from oms_web.core.text import without_pictures
from oms_web.domain.company.models import Company
from oms_web.domain.documents import kinds, placeholders
from oms_web.domain.documents.dispute_kits import Kit, Photo
from oms_web.domain.documents.handovers import Handover
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.picksheets import PickSheet
from oms_web.domain.documents.slips import Slip
from oms_web.domain.documents.tax_ids import printed_tax_ids
from oms_web.domain.einvoices.marks import Mark
from oms_web.paths import STATIC, TEMPLATES

FOLDER = TEMPLATES / "print"
CSS = FOLDER / "paper.css"
FONTS: Sequence[tuple[str, Path]] = (
    ("Inter", STATIC / "vendor" / "inter-latin.woff2"),
    ("Inter Ext", STATIC / "vendor" / "inter-latin-ext.woff2"),
)
# A list of more rows is printed as several documents: layout time grows faster than rows do.
ROWS_PER_SHEET = 100

_BOTTOM_MM = 20.0
_FOOTER_MM, _FOOT_LINE_MM, _FOOT_PAD_MM = 126.0, 3.71, 12.0

_MINUS = "\N{MINUS SIGN}"
_SPACE = "\N{NO-BREAK SPACE}"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
             ".webp": "image/webp"}
_ADDRESS = ("name", "company", "street", "postcode", "city", "region", "country", "phone")
_SIGNS = {"PLN": "zł", "EUR": "€"}
_RATE_WORDS = {
    "pl": {"zw": "zw.", "np": "np.", "oo": "o.o."},
    "en": {"zw": "exempt", "np": "out of scope", "oo": "reverse"},
}


@dataclass(frozen=True, slots=True)
class Look:
    """How slips and lists look now.

    Attributes:
        footers: The seller's text by language, its fields unfilled.
        fields: What the company gives to those fields.
        address: Where goods are sent back to, line by line.
    """

    company: str
    accent: str = "#3350D4"
    logo: str | None = None
    footers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    address: Sequence[str] = ()


def look_of(company: Company | None) -> Look:
    """How slips and lists look now."""
    if company is None:
        return Look("")
    name = company.legal_name or company.name
    return Look(
        company.name or name, company.accent, company.logo_file,
        {"pl": company.footer_pl, "en": company.footer_en},
        {"company": name, "tax_id": company.tax_id, "website": company.website,
         "email": company.email, "phone": company.phone},
        _lines_of(company.address or {}),
    )


def _lines_of(address: Mapping[str, Any]) -> tuple[str, ...]:
    town = f"{address.get('postcode') or ''} {address.get('city') or ''}".strip()
    return tuple(filter(None, (str(address.get("street") or ""), town)))


class Say:
    """How one language writes numbers, dates and names."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)

    def amount(self, minor: int, currency: str) -> str:
        """``1 148,00`` / ``1,148.00``."""
        places = exponent(currency)
        pattern = "#,##0" + ("." + "0" * places if places else "")
        text = format_decimal(from_minor(minor, currency), pattern, locale=self._locale)
        return text.replace("-", _MINUS)

    def money(self, minor: int, currency: str) -> str:
        """``1 148,00 zł`` / ``PLN 1,148.00``."""
        text = self.amount(minor, currency)
        if self.language == "pl":
            return f"{text}{_SPACE}{_SIGNS.get(currency, currency)}"
        return f"{currency}{_SPACE}{text}"

    def price(self, micro: int, currency: str) -> str:
        """A unit price with the decimals it has, at least the currency's."""
        places = exponent(currency)
        pattern = "#,##0." + "0" * places + "#" * (6 - places)
        return format_decimal(from_micro(micro), pattern, locale=self._locale)

    def count(self, value: int) -> str:
        """A whole number."""
        return format_decimal(value, locale=self._locale).replace("-", _MINUS)

    def kilos(self, grams: int) -> str:
        """``1,25 kg``."""
        return format_decimal(Decimal(grams) / 1000, "#,##0.###", locale=self._locale) + " kg"

    def date(self, day: date | str) -> str:
        """``22.11.2026`` / ``22 Nov 2026``."""
        if isinstance(day, str):
            day = date.fromisoformat(day)
        pattern = "dd.MM.y" if self.language == "pl" else "d MMM y"
        return format_date(day, pattern, locale=self._locale)

    def moment(self, moment: datetime) -> str:
        """A day and a time in the shop's zone."""
        pattern = "dd.MM.y, HH:mm" if self.language == "pl" else "d MMM y, HH:mm"
        return format_datetime(moment.astimezone(SHOP_ZONE), pattern, locale=self._locale)

    def rate(self, rate: str) -> str:
        """``23%`` / ``zw.``."""
        word = _RATE_WORDS[self.language].get(rate)
        if word is not None:
            return word
        return (rate.replace(".", ",") if self.language == "pl" else rate) + "%"

    def country(self, code: str) -> str:
        """A country's name."""
        return self._locale.territories.get(code, code)

    def account(self, number: str) -> str:
        """An account number in groups: IBAN by four from the left, a bare Polish one 2 + 4s."""
        bare = "".join(number.split())
        head = 2 if bare.isdigit() and len(bare) == 26 else 0
        rest = bare[head:]
        groups = [rest[at:at + 4] for at in range(0, len(rest), 4)]
        return _SPACE.join(filter(None, [bare[:head], *groups]))

    def exchange(self, snapshot: Mapping[str, Any], name: str = "exchange") -> str:
        """The sentence that names the exchange rate, or the ``former_exchange``."""
        used = snapshot[name]
        return LABELS[self.language]["exchange"] % {
            "currency": snapshot["currency"], "home": used["currency"], "table": used["table"],
            "rate": used["rate"].replace(".", "," if self.language == "pl" else "."),
            "date": self.date(used["day"]),
        }


class PrintPages:
    """Draws pages; reads logos from the file store."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._kept_logo = "", ""

    def invoice(self, snapshot: Mapping[str, Any], ksef: Mark | None = None) -> str:
        """The page of an issued document for a buyer, or of a draft when it has no number."""
        design, language = snapshot["design"], snapshot["language"]
        seller, buyer = printed_tax_ids(snapshot["seller"], snapshot["buyer"])
        return self._draw("invoice.html", language, doc=snapshot, ksef=ksef, qr=qr,
                          tables=print_tables.of(snapshot, LABELS[language], _say(language)),
                          tax_ids={"seller": seller, "buyer": buyer},
                          design=self._design(design["accent"], design["logo"],
                                              design["footer"]))

    def document(self, snapshot: Mapping[str, Any], ksef: Mark | None = None) -> str:
        """The page of an issued document, whatever its kind."""
        if snapshot["kind"] not in kinds.WAREHOUSE:
            return self.invoice(snapshot, ksef)
        design = snapshot["design"]
        return self._draw("warehouse.html", snapshot["language"], doc=snapshot,
                          design=self._design(design["accent"], design["logo"], ""))

    def slip(self, slip: Slip, look: Look, *, with_prices: bool) -> str:
        """The page of a packing slip."""
        footer = placeholders.fill(look.footers.get(slip.language, ""), {
            **look.fields, "order_number": slip.order_number,
            "channel_number": slip.channel_number, "buyer": slip.buyer,
        })
        ship_to = {name: slip.ship_to.get(name) or "" for name in _ADDRESS}
        say, words = _say(slip.language), LABELS[slip.language]
        prices = [say.price(line.price, slip.currency) for line in slip.lines]
        values = [say.amount(line.value, slip.currency) for line in slip.lines]
        widths = {
            "count": column_mm(words["pieces_column"],
                               [say.count(line.quantity) for line in slip.lines], 12),
            "ean": column_mm("EAN", [line.ean for line in slip.lines]),
            "price": column_mm(words["price"], prices),
            "value": column_mm(words["value"], values),
        }
        return self._draw("slip.html", slip.language, slip=slip, with_prices=with_prices,
                          ship_to=ship_to, home="PL", company=look.company, widths=widths,
                          order_code=barcode.code128(slip.order_number),
                          design=self._design(look.accent, look.logo, footer))

    def return_form(self, slip: Slip, look: Look) -> str:
        """The page by which a buyer sends goods back: what such a form has to ask (ustawa o prawach
        konsumenta, annex 2), with the order's code for who unpacks it.
        """
        return self._draw("return_form.html", slip.language, slip=slip, look=look, home="PL",
                          ship_to={name: slip.ship_to.get(name) or "" for name in _ADDRESS},
                          company=look.company, order_code=barcode.code128(slip.order_number),
                          design=self._design(look.accent, look.logo, ""))

    def handover(self, sheet: Handover, look: Look, language: str) -> str:
        """The page a courier signs for parcels."""
        return self._draw("handover.html", language, sheet=sheet, language=language,
                          company=look.company, design=self._design(look.accent, look.logo, ""))

    def dispute(self, kit: Kit, look: Look, language: str, letters: Sequence[Any],
                cases: Sequence[Any], photos: Sequence[Photo], has_label: bool) -> str:
        """The page of what is known of a parcel."""
        sender, receiver = ({name: given.get(name) or "" for name in _ADDRESS}
                            for given in (kit.sender, kit.receiver))
        pictures = [(one, uri) for one in photos if (uri := self._picture(one.file)) is not None]
        return self._draw("dispute.html", language, kit=kit, language=language, letters=letters,
                          cases=cases, pictures=pictures, has_label=has_label, sender=sender,
                          receiver=receiver, company=look.company,
                          numbers=", ".join(box.tracking for box in kit.boxes if box.tracking),
                          design=self._design(look.accent, look.logo, ""))

    def picklist(self, sheet: PickSheet, look: Look, language: str) -> list[str]:
        """The pages of a pick list; long ones are cut into parts of equal kind."""
        cuts = range(0, max(len(sheet.rows), 1), ROWS_PER_SHEET)
        code = barcode.code128(f"PL-{sheet.number}", 9) if sheet.number else ""
        say, words = _say(language), LABELS[language]
        widths = {
            "place": column_mm(words["place"], [row.place for row in sheet.rows], 12),
            "count": column_mm(words["pieces_column"],
                               [say.count(row.quantity) for row in sheet.rows], 14),
        }
        return [
            self._draw("picklist.html", language, sheet=sheet, language=language,
                       rows=sheet.rows[at:at + ROWS_PER_SHEET], part=part, parts=len(cuts),
                       shorts=sheet.shorts if part == len(cuts) else [], ean=barcode.ean,
                       list_code=code, company=look.company, widths=widths,
                       design=self._design(look.accent, look.logo, ""))
            for part, at in enumerate(cuts, start=1)
        ]

    def _draw(self, template: str, speaks: str, /, **values: Any) -> str:
        drawn = _environment().get_template(template).render(
            t=LABELS[speaks], say=_say(speaks), **values)
        return without_pictures(drawn)

    def _design(self, accent: str, logo: str | None, footer: str) -> dict[str, Any]:
        accent = accent if _COLOR.fullmatch(accent) else "#3350D4"
        return {
            "accent": darkened(accent, LINES),
            "ink": darkened(accent, LETTERS),
            "logo_uri": self._logo(logo) if logo else None,
            "footer": footer,
            "bottom_mm": max(_BOTTOM_MM, _FOOT_PAD_MM + _FOOT_LINE_MM * _footer_lines(footer)),
        }

    def _logo(self, name: str) -> str | None:
        kept = self._kept_logo  # threads share this: look once
        if kept[0] == name:
            return kept[1]
        found = self._picture(name)
        if found is not None:
            self._kept_logo = name, found
        return found

    def _picture(self, name: str) -> str | None:
        """A stored picture as a ``data:`` address; the engine opens no other kind."""
        try:
            file = self._files.path(name)
        except NotFound:
            return None
        kind = _PICTURES.get(file.suffix)
        if kind is None:
            return None
        return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def _footer_lines(footer: str) -> int:
    """How many lines a footer takes on paper."""
    return sum(max(1, ceil(text_mm(line, 7.5) / _FOOTER_MM)) for line in footer.splitlines())


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True,
                       lstrip_blocks=True, undefined=StrictUndefined)


@cache
def _say(language: str) -> Say:
    return Say(language)
