"""Amounts in words, Polish and English. Pure.

``12345, "PLN"`` -> ``sto dwadzieścia trzy złote 45/100`` / ``one hundred twenty-three zlotys
45/100``: the hundredths stay figures, as on cheques and invoices.
"""

from __future__ import annotations

from oms_web.core.money import exponent

_PL_UNITS = (
    "", "jeden", "dwa", "trzy", "cztery", "pięć", "sześć", "siedem", "osiem", "dziewięć",
    "dziesięć", "jedenaście", "dwanaście", "trzynaście", "czternaście", "piętnaście",
    "szesnaście", "siedemnaście", "osiemnaście", "dziewiętnaście",
)
_PL_TENS = ("", "", "dwadzieścia", "trzydzieści", "czterdzieści", "pięćdziesiąt",
            "sześćdziesiąt", "siedemdziesiąt", "osiemdziesiąt", "dziewięćdziesiąt")
_PL_HUNDREDS = ("", "sto", "dwieście", "trzysta", "czterysta", "pięćset", "sześćset",
                "siedemset", "osiemset", "dziewięćset")
_PL_GROUPS = (
    ("", "", ""), ("tysiąc", "tysiące", "tysięcy"), ("milion", "miliony", "milionów"),
    ("miliard", "miliardy", "miliardów"), ("bilion", "biliony", "bilionów"),
)
_PL_CURRENCIES = {
    "PLN": ("złoty", "złote", "złotych"),
    "EUR": ("euro", "euro", "euro"),
    "USD": ("dolar", "dolary", "dolarów"),
    "GBP": ("funt", "funty", "funtów"),
    "CHF": ("frank", "franki", "franków"),
    "HUF": ("forint", "forinty", "forintów"),
}

_EN_UNITS = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_GROUPS = ("", "thousand", "million", "billion", "trillion")
_EN_CURRENCIES = {
    "PLN": ("zloty", "zlotys"), "EUR": ("euro", "euros"), "USD": ("dollar", "dollars"),
    "GBP": ("pound", "pounds"), "CHF": ("franc", "francs"), "HUF": ("forint", "forints"),
}

_LIMIT = 10**15


def amount_in_words(minor: int, currency: str, language: str) -> str:
    """An amount in minor units as words, with its currency.

    Raises:
        ValueError: a thousand billion or more; no document says that.
    """
    whole, rest = divmod(abs(minor), 10 ** exponent(currency))
    if whole >= _LIMIT:
        raise ValueError("the amount is too large to say")
    say = _polish if language == "pl" else _english
    places = exponent(currency)
    hundredths = f" {rest:0{places}d}/{10**places}" if places else ""
    return ("minus " if minor < 0 else "") + say(whole, currency) + hundredths


def _groups(whole: int) -> list[tuple[int, int]]:
    """Groups of three digits that are not nought, highest first: (power of 1000, value)."""
    found = []
    power = 0
    while whole:
        whole, value = divmod(whole, 1000)
        if value:
            found.append((power, value))
        power += 1
    return found[::-1]


def _polish_form(n: int, forms: tuple[str, str, str]) -> str:
    if n == 1:
        return forms[0]
    few = n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14)
    return forms[1] if few else forms[2]


def _polish(whole: int, currency: str) -> str:
    said = []
    for power, value in _groups(whole):
        if not (power and value == 1):  # "tysiąc", not "jeden tysiąc"
            said += [_PL_HUNDREDS[value // 100], *_polish_below_hundred(value % 100)]
        said.append(_polish_form(value, _PL_GROUPS[power]))
    forms = _PL_CURRENCIES.get(currency, (currency,) * 3)
    return " ".join(filter(None, [*(said or ["zero"]), _polish_form(whole, forms)]))


def _polish_below_hundred(value: int) -> list[str]:
    if value < 20:
        return [_PL_UNITS[value]]
    return [_PL_TENS[value // 10], _PL_UNITS[value % 10]]


def _english(whole: int, currency: str) -> str:
    said = []
    for power, value in _groups(whole):
        if value >= 100:
            said.append(f"{_EN_UNITS[value // 100]} hundred")
        below = value % 100
        if below >= 20:
            said.append("-".join(filter(None, (_EN_TENS[below // 10], _EN_UNITS[below % 10]))))
        else:
            said.append(_EN_UNITS[below])
        said.append(_EN_GROUPS[power])
    one, many = _EN_CURRENCIES.get(currency, (currency,) * 2)
    return " ".join(filter(None, [*(said or ["zero"]), one if whole == 1 else many]))
