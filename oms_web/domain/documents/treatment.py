"""How a sale of goods is taxed, from who sells, who buys and where the goods arrive. Pure.

Proposed when an invoice is drafted; the seller may choose otherwise, within what can be true:

* ``domestic``: Polish rates. Also for consumers in the Union below the yearly threshold of
  10,000 EUR (ustawa o VAT, art. 22a), as long as the seller did not join the one-stop shop.
* ``wdt``: goods go to a business in another country of the Union that has a number there, sold by
  somebody who has one here: 0 % (art. 41 ust. 3, art. 42).
* ``export``: goods leave the Union: 0 %, once that is proved (art. 41 ust. 4 and 6).
* ``oss``: goods go to a consumer in the Union and the seller joined the one-stop shop: the rate of
  the country they arrive in (art. 22 ust. 1a, art. 130a and following).
* ``services_eu``: a service to a business in another country of the Union, taxed there by the
  buyer: outside Polish VAT (art. 28b).
* ``reverse``: the buyer accounts for the tax (art. 17).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from oms_web.core.errors import Invalid
from oms_web.domain.company.vat_rates import check_in_force, standard_rate
from oms_web.domain.documents import vat
from oms_web.domain.documents.tax_ids import UNION

DOMESTIC, WDT, EXPORT, OSS = "domestic", "wdt", "export", "oss"
SERVICES_EU, REVERSE = "services_eu", "reverse"
TREATMENTS = (DOMESTIC, WDT, EXPORT, OSS, SERVICES_EU, REVERSE)

_RATES = {WDT: "0", EXPORT: "0", SERVICES_EU: vat.OUTSIDE, REVERSE: vat.REVERSE}


@dataclass(frozen=True, slots=True)
class Sale:
    """The facts that decide.

    Attributes:
        home: The seller's country.
        eu_vat: The seller is registered for trade within the Union (VAT-UE).
        oss: The seller joined the one-stop shop.
        buyer_number: The buyer's tax number is one of another country of the Union, in its form.
        arrives_in: Where the goods go; empty where that is not known or they are fetched.
    """

    home: str
    eu_vat: bool
    oss: bool
    buyer_number: bool
    arrives_in: str


def proposed(sale: Sale) -> str:
    """The treatment that the facts call for."""
    to = sale.arrives_in
    if not to or to == sale.home:
        return DOMESTIC
    if to not in UNION:
        return EXPORT
    if sale.buyer_number:
        return WDT if sale.eu_vat else DOMESTIC
    return OSS if sale.oss else DOMESTIC


def check(chosen: str, sale: Sale) -> str:
    """A treatment that can be true.

    Raises:
        Invalid: at ``treatment``, saying what speaks against it.
    """
    abroad = bool(sale.arrives_in) and sale.arrives_in != sale.home
    if chosen not in TREATMENTS:
        raise Invalid("Choose how the sale is taxed.", "treatment")
    if chosen in (WDT, SERVICES_EU) and not sale.buyer_number:
        raise Invalid("The buyer has no VAT number of another country of the Union.", "treatment")
    if chosen == WDT and not (abroad and sale.arrives_in in UNION):
        raise Invalid("The goods do not go to another country of the Union.", "treatment")
    if chosen == EXPORT and (not abroad or sale.arrives_in in UNION):
        raise Invalid("The goods do not leave the European Union.", "treatment")
    if chosen == OSS and not (abroad and sale.arrives_in in UNION):
        raise Invalid("The goods do not go to another country of the Union.", "treatment")
    return chosen


def rate_for(treatment: str, rate: str, sale: Sale, day: date) -> str:
    """The rate of goods whose domestic rate is ``rate`` on the day of supply.

    Under the one-stop shop it is the standard rate of the country: which goods are taxed lower
    there is for the seller to say.
    """
    if treatment == OSS:
        return standard_rate(sale.arrives_in, day) or rate
    return _RATES.get(treatment, rate)


def check_rate(rate: str, treatment: str, sale: Sale, day: date, name: str) -> str:
    """A rate that can be the one of goods sold so on a day.

    Raises:
        Invalid: the country that taxes them has no such rate.
    """
    return check_in_force(rate, sale.arrives_in if treatment == OSS else sale.home, day, name)
