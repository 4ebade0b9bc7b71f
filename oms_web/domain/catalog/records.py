"""What somebody tells about a SKU, and when that is acceptable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid
from oms_web.core.text import squeeze, tidy, words
from oms_web.core.work import Work
from oms_web.domain.catalog import no_withdrawal
from oms_web.domain.company import vat_rates
from oms_web.domain.company.models import Company
from oms_web.domain.company.service import home_of

GTU_CODES = tuple(f"GTU_{number:02d}" for number in range(1, 14))
USUAL_VAT_RATES = ("23", "8", "5", "0", *vat_rates.WORDS)

LONGEST = {"sku": 120, "name": 300, "option": 120, "brand": 120, "category": 120}
NUMBERS = ("weight_g", "length_mm", "width_mm", "height_mm", "cost", "price", "minimum")
MOST = {"cost": 10**15, "price": 10**12}
MOST_OTHER = 10**8


@dataclass(frozen=True, slots=True)
class VariantInput:
    """One SKU as somebody tells it. Empty means "not told": what is known stays.

    ``price`` is gross in minor units, ``cost`` net in micro, both of ``currency``; sizes are
    millimetres, weight grams. ``eans`` are added, never taken away. ``parts`` (SKU -> units), when
    not empty, make it a bundle of exactly these parts.
    """

    sku: str
    name: str = ""
    option: str = ""
    brand: str = ""
    category: str = ""
    description: str = ""
    vat_rate: str = ""
    no_withdrawal: str = ""
    eans: Sequence[str] = ()
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    cost: int | None = None
    price: int | None = None
    currency: str = ""
    sell_without_stock: bool | None = None
    minimum: int | None = None
    parts: Mapping[str, int] = field(default_factory=dict)


def tidied(record: VariantInput) -> VariantInput:
    """The record with its texts tidied.

    Raises:
        Invalid: the first thing that is wrong with it.
    """
    if not tidy(record.sku):
        raise Invalid("A SKU is missing.", "sku")
    values: dict[str, Any] = {
        name: check_text(getattr(record, name), name) for name in LONGEST
    }
    for name in NUMBERS:
        check_number(getattr(record, name), name)
    if record.currency:
        values["currency"] = check_currency(record.currency)
    no_withdrawal.check(record.no_withdrawal)
    if record.vat_rate:
        values["vat_rate"] = check_vat_rate(record.vat_rate)
    eans = tuple(dict.fromkeys(code for code in record.eans if code.strip()))
    return replace(record, **values, description=record.description.strip(), eans=eans)


def over(first: VariantInput, later: VariantInput) -> VariantInput:
    """Both records of one SKU as one: the later word holds, codes add up."""
    told = {
        f.name: getattr(later, f.name) for f in fields(VariantInput)
        if getattr(later, f.name) not in (None, "", (), {})
    }
    eans = tuple(dict.fromkeys([*first.eans, *later.eans]))
    return replace(first, **{**told, "eans": eans})


def check_text(text: str, name: str) -> str:
    """One tidy line that fits its column.

    Raises:
        Invalid: too long.
    """
    line = tidy(text)
    if len(line) > LONGEST[name]:
        raise Invalid("At most %(most)s characters fit here.", name, most=LONGEST[name])
    return line


def check_number(number: int | None, name: str) -> int | None:
    """A number that is not negative and not absurd; None passes.

    Raises:
        Invalid: out of range.
    """
    most = MOST.get(name, MOST_OTHER)
    if number is not None and not 0 <= number <= most:
        if name in ("price", "cost"):
            raise Invalid("This amount is negative or too large.", name)
        raise Invalid("A number from 0 to %(most)s.", name, most=most)
    return number


def check_currency(code: str, name: str = "currency") -> str:
    """An ISO 4217 code in capitals.

    Raises:
        Invalid: not three letters.
    """
    code = code.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Invalid("A currency has three letters, like PLN.", name)
    return code


def check_gtu(code: str, name: str = "gtu") -> str:
    """A code of goods that registers mark, or none (rozporządzenie JPK_VAT, § 10 ust. 3).

    Raises:
        Invalid: not one of ``GTU_01`` to ``GTU_13``.
    """
    if code and code not in GTU_CODES:
        raise Invalid("%(code)s is not a GTU code.", name, code=code)
    return code


def check_vat_rate(rate: str, name: str = "vat_rate") -> str:
    """A rate code: ``23``, ``8``, ``5.5``, ``zw``, ``np``, ``oo`` (``23%`` and ``5,50`` pass too).

    Raises:
        Invalid: neither a percentage below 100 nor one of the words.
    """
    code = rate.strip().lower().removesuffix("%").strip().replace(",", ".")
    if code in vat_rates.WORDS:
        return code
    whole, dot, part = code.partition(".")
    digits = whole + part
    if not (digits.isascii() and digits.isdigit() and 0 < len(whole) <= 2 and len(part) <= 2
            and bool(dot) == bool(part)):
        raise Invalid("%(rate)s is not a VAT rate.", name, rate=rate)
    part = part.rstrip("0")
    return f"{int(whole)}.{part}" if part else str(int(whole))


def check_rate(work: Work, rate: str, name: str = "vat_rate") -> str:
    """A rate code that is in force today where the company sells from.

    Raises:
        Invalid: no rate, or none of that country.
    """
    home = home_of(work.session.get(Company, 1))
    return vat_rates.check_in_force(check_vat_rate(rate, name), home, local_day(work.now), name)


def title_of(name: str, option: str) -> str:
    """How a variant is called in lists and on documents: product, then option."""
    return f"{name} {option}".strip()[:420]


def search_text(title: str, brand: str, sku: str) -> str:
    """The folded words that a search looks into; the SKU is there also as one word."""
    found = dict.fromkeys([squeeze(sku), *words(sku), *words(title), *words(brand)])
    return f" {' '.join(word for word in found if word)} "[:700]
