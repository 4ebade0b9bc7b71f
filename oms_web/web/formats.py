"""How values are shown to people: money, moments, countdowns, in the reader's language."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import current_app, g, has_app_context
from flask_babel import LazyString, get_locale, gettext, lazy_gettext, ngettext
from markupsafe import Markup

from oms_web.core.clock import SHOP_ZONE, local_day, utc_now
from oms_web.core.money import exponent, from_micro, from_minor, to_minor

MINUS = "\N{MINUS SIGN}"
SOON = timedelta(hours=3)


def now() -> datetime:
    """The moment by the house's clock, which works go by; by the machine's outside an app."""
    return current_app.extensions["oms"].works.clock() if has_app_context() else utc_now()


def language() -> str:
    """The reader's language: ``pl`` or ``en``."""
    return g.get("language") or str(get_locale())


def number(value: int) -> str:
    """A whole number with its thousands parted and a true minus sign."""
    return _parted(f"{value:,}", language())


def _parted(text: str, reader: str) -> str:
    """A number as Python writes it (``-1,148.00``), in the reader's language.

    Lists show hundreds of numbers; a general formatter took a tenth of their time.
    """
    text = text.replace("-", MINUS)
    if reader == "pl":
        text = text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    return text


def decimal(value: Decimal | str) -> str:
    """A number with as many places as it has, as a bank's rate: ``4,2615`` or ``4.2615``."""
    return _parted(str(value), language())


def signed(value: int) -> str:
    """A change: ``+3``, ``−2``, with a true minus sign."""
    return ("+" if value > 0 else "") + number(value)


def amount(minor: int, currency: str, *, always: bool = False) -> str:
    """Money: in Polish ``1 148,00 zł``, in English ``PLN 1,148.00``.

    Zloty is implied in tables (``always`` False drops its sign there); other currencies are named.
    """
    text = _parted(f"{from_minor(minor, currency):,.{exponent(currency)}f}", language())
    return text if currency == "PLN" and not always else named(text, currency)


def percent(points: int) -> str:
    """Hundredths of a percent with one decimal: ``20,4 %``, ``20.4%``."""
    text = _parted(f"{Decimal(points) / 100:.1f}", language())
    return f"{text}\N{NO-BREAK SPACE}%" if language() == "pl" else f"{text}%"


def told_amount(text: str) -> str:
    """Money that was kept in words (``1148.00 PLN``), as :func:`amount` writes it."""
    value, _, currency = text.partition(" ")
    return amount(to_minor(Decimal(value), currency), currency, always=True)


def named(text: str, currency: str) -> str:
    """A written number with its currency: ``12,50 zł``, ``PLN 12.50``."""
    if language() == "pl":
        sign = {"PLN": "zł", "EUR": "€"}.get(currency, currency)
        return f"{text}\N{NO-BREAK SPACE}{sign}"
    return f"{currency}\N{NO-BREAK SPACE}{text}"


def price(micro: int, currency: str) -> str:
    """A unit price with as many decimals as it has, at least the currency's own."""
    places = exponent(currency)
    pattern = "#,##0." + "0" * places + "#" * (6 - places)
    return format_decimal(from_micro(micro), pattern, locale=language()).replace("-", MINUS)


def day(moment: datetime) -> str:
    """The day in the shop's zone: ``24.11`` or ``24 Nov``; with the year unless it is this one."""
    local = moment.astimezone(SHOP_ZONE)
    same = local.year == local_day(now()).year
    if language() == "pl":
        return local.strftime("%d.%m" if same else "%d.%m.%Y")
    return format_date(local, "d MMM" if same else "d MMM y", locale="en")


def long_day(moment: datetime) -> str:
    """The day in full: ``wtorek, 24 listopada``; with the year unless it is this one."""
    local = moment.astimezone(SHOP_ZONE)
    same = local.year == local_day(now()).year
    return format_date(local, "EEEE, d MMMM" if same else "EEEE, d MMMM y", locale=language())


def calendar_day(on: date | str) -> str:
    """A day of the calendar, as documents have them: ``24.11.2026`` or ``24 Nov 2026``."""
    if isinstance(on, str):
        on = date.fromisoformat(on)
    polish = language() == "pl"
    return format_date(on, "dd.MM.y" if polish else "d MMM y", locale="pl" if polish else "en")


def whole(minor: int, currency: str) -> str:
    """Money without its hundredths, for large figures: ``24 318 zł``, ``PLN 24,318``."""
    return named(number(int(from_minor(minor, currency))), currency)


def clock(moment: datetime) -> str:
    """``14:05`` in the shop's zone."""
    return f"{moment.astimezone(SHOP_ZONE):%H:%M}"


def clock_seconds(moment: datetime) -> str:
    """``12:36:04`` in the shop's zone: at the bench seconds tell one scan from the next."""
    return f"{moment.astimezone(SHOP_ZONE):%H:%M:%S}"


def when(moment: datetime | None) -> Markup:
    """Time today, day and time otherwise, inside ``<time>`` with the exact moment."""
    if moment is None:
        return Markup("")
    local = moment.astimezone(SHOP_ZONE)
    today = local_day(now()) == local.date()
    text = clock(moment) if today else f"{day(moment)} {clock(moment)}"
    full = f"{_long_date(local.date(), language())}, {local:%H:%M:%S}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), full, text
    )


def moment_title(moment: datetime) -> str:
    """The exact moment in words, for a title."""
    local = moment.astimezone(SHOP_ZONE)
    return f"{_long_date(local.date(), language())}, {local:%H:%M}"


@lru_cache(maxsize=1000)
def _long_date(on: date, reader: str) -> str:
    """``24 listopada 2026``. The rows of a list are of few days."""
    return format_date(on, "d MMMM y", locale=reader)


def span(delta: timedelta) -> str:
    """A length of time as people say it: ``38 min``, ``1 h 12``, ``3 d``."""
    minutes = max(0, int(delta.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}\N{NO-BREAK SPACE}min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}\N{NO-BREAK SPACE}h" + (f"\N{NO-BREAK SPACE}{rest:02d}" if rest else "")
    return f"{hours // 24}\N{NO-BREAK SPACE}d"


def seconds(value: float) -> str:
    """A lag: ``0.4 s``, ``41 s``, ``3 min``."""
    if value < 10:
        return format_decimal(round(value, 1), "0.#", locale=language()) + "\N{NO-BREAK SPACE}s"
    if value < 60:
        return f"{round(value)}\N{NO-BREAK SPACE}s"
    return span(timedelta(seconds=value))


def ago(moment: datetime | None) -> str:
    """How long ago, shortly."""
    if moment is None:
        return "–"
    seconds = int((now() - moment).total_seconds())
    if seconds < 60:
        return gettext("%(n)s s ago", n=max(0, seconds))
    return gettext("%(span)s ago", span=span(timedelta(seconds=seconds)))


def countdown(due: datetime | None) -> tuple[str, str]:
    """Text and tone of a deadline: ``late``, ``soon`` (under 3 h), ``later``, ``none``."""
    if due is None:
        return "–", "none"
    here = now()
    if due < here:
        return MINUS + span(here - due), "late"
    if due - here < SOON:
        return span(due - here), "soon"
    if local_day(due) == local_day(here):
        return span(due - here), "later"
    if local_day(due) == local_day(here + timedelta(days=1)):
        return gettext("tomorrow %(time)s", time=clock(due)), "later"
    return f"{day(due)}, {clock(due)}", "later"


def is_far(due: datetime) -> bool:
    """Whether a deadline's countdown is a day and an hour already, not a length of time."""
    here = now()
    return due - here >= SOON and local_day(due) > local_day(here)


def title_parts(title: str) -> tuple[str, str]:
    """A product's name in two: what may be cut, and the end that tells it from its sisters.

    The end is the last word (colour, size); a unit like ``g`` keeps its number.
    """
    words = title.split()
    at = len(words) - 1
    while at > 1 and len(" ".join(words[at:])) < 3:
        at -= 1
    return (" ".join(words[:at]), " ".join(words[at:])) if at > 1 else (title, "")


def kilos(grams: int, unit: bool = True) -> str:
    """Grams as kilograms: ``2,735 kg``, ``2.735 kg``; without the unit for fields to type in."""
    text = format_decimal(Decimal(grams) / 1000, "0.###", locale=language())
    return f"{text}\N{NO-BREAK SPACE}kg" if unit else text


def quoted(text: str) -> str:
    """Somebody's own words in quotation marks: ``„tak”``, ``“yes”``."""
    return f"„{text}”" if language() == "pl" else f"“{text}”"


# Who is no person but writes a name all the same.
_PROGRAMS: dict[str, LazyString] = {
    "shell": lazy_gettext("Command line"), "drop folder": lazy_gettext("Watched folder"),
    "visitor": lazy_gettext("Not signed in"), "buyer": lazy_gettext("Buyer"),
}


def person(name: str) -> str:
    """Who did it, where a name is kept alone: a program is called in words."""
    return str(_PROGRAMS.get(name, name))


def units(count: int) -> str:
    """``3 szt.`` / ``3 pcs``."""
    return ngettext("%(num)s pc", "%(num)s pcs", count)


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "Mac"), ("Linux", "Linux"))


def browser(agent: str) -> str:
    """What a browser calls itself, shortly: ``Chrome, Windows``."""
    parts = [next((name for sign, name in known if sign in agent), "")
             for known in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, parts)) or agent.partition(" ")[0] or gettext("unknown")


FILTERS = {
    "signed": signed, "decimal": decimal,
    "browser": browser,
    "number": number, "amount": amount, "price": price, "day": day, "calendar_day": calendar_day,
    "clock": clock, "when": when,
    "clock_seconds": clock_seconds,
    "moment_title": moment_title, "long_day": long_day, "whole": whole, "seconds": seconds,
    "span": span, "ago": ago, "units": units,
    "percent": percent, "person": person, "is_far": is_far, "title_parts": title_parts,
    "kilos": kilos, "quoted": quoted,
}
