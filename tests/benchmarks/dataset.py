"""A shop with very many plausible orders, loaded straight into the tables.

    OMS_BENCH_ORDERS=1000000 .venv/bin/python -m tests.benchmarks.dataset sqlite:////tmp/big.sqlite3

Made by this command it also has what hangs on orders (``hanging.py``). The same numbers give the
same orders. Skewed on purpose, as shops are: two of a hundred orders still have to leave, some
names and products are in every second page, some in ten orders of all, one account and one carrier
exist in the distant past only, and a block of history was imported late, so that numbers and dates
do not run in step.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from oms_web import migrations
from oms_web.core.db import Base, make_engine
from oms_web.core.text import squeeze, words
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Barcode, Product, Variant
from oms_web.domain.channels.models import ChannelAccount, Listing
from oms_web.domain.company.models import Company
from oms_web.domain.orders import filing, phases
from oms_web.domain.orders.models import (
    ChannelOrder,
    Hold,
    Order,
    OrderKey,
    OrderLine,
    OrderLink,
    OrderTag,
    Status,
    Tag,
)
from oms_web.domain.orders.service import search_keys
from oms_web.domain.orders.tally_models import OrderTally
from oms_web.domain.payments.models import Payment
from oms_web.domain.shipping.models import Parcel, Shipment
from oms_web.domain.stock.models import Balance, Location, Reservation, Warehouse
from tests.benchmarks import hanging

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
YEARS = 2
VARIANTS = 2000
BATCH = 2000
_MAILBOXES = 4000


def _names(text: str) -> list[str]:
    return text.split()


_FIRST = _names("""
    Anna Piotr Katarzyna Krzysztof Maria Andrzej Małgorzata Tomasz Agnieszka Paweł Barbara Jan Ewa
    Michał Krystyna Marcin Elżbieta Stanisław Zofia Jakub Teresa Adam Magdalena Marek Joanna Łukasz
    Janina Grzegorz Monika Mateusz Danuta Wojciech Jadwiga Mariusz Aleksandra Dariusz Halina
    Zbigniew Irena Jerzy Beata Maciej Marta Rafał Dorota Robert Helena Kamil Karolina Jacek Jolanta
    Dawid Iwona Szymon Marianna Jürgen Hélène Øystein Željko
""")
_STEM = _names("""
    Nowak Kowalczyk Wójcik Kaczmarek Mazur Krawczyk Zając Król Wróbel Wieczorek Stępień Dudek Pawlak
    Sikora Walczak Baran Michalak Szewczyk Pietrzak Duda Włodarczyk Kubiak Wilk Lis Mazurek
    Kaźmierczak Sobczak Cieślak Kołodziej Szczepaniak Błaszczyk Straßmann
    Konstantynopolitańczykiewicz Desmoulins Żółkiewski Brzęczyszczykiewicz
""")
_PLACES = (("00-001", "Warszawa"), ("30-002", "Kraków"), ("50-066", "Wrocław"), ("90-001", "Łódź"),
           ("61-001", "Poznań"), ("80-001", "Gdańsk"), ("70-001", "Szczecin"), ("15-001",
           "Białystok"), ("40-001", "Katowice"), ("35-001", "Rzeszów"))
_COUNTRIES = {"PL": 8800, "DE": 500, "CZ": 250, "SK": 150, "FR": 120, "IT": 80, "LT": 60, "NL": 30,
              "SE": 9, "IS": 1}
_CARRIERS = {"InPost": 5200, "DPD": 2000, "Orlen Paczka": 1200, "DHL": 900, "GLS": 400, "": 250,
             "FedEx": 45, "Własny": 5}
_ACCOUNTS = (("Allegro", "Al", 1, 5000), ("Sklep lesnasowa.pl", "Sk", 3, 2600),
             ("Amazon", "Az", 0, 1100), ("eBay Niemcy", "eB", 5, 500), ("eMAG", "eM", 8, 300))
_STATUSES = (("Nowe", "open"), ("Opłacone", "open"), ("Grawer: czeka na plik", "open"),
             ("Pakuje Ola", "packing"), ("Pakuje Kuba", "packing"), ("Przedsprzedaż", "open"),
             ("Hurt", "open"), ("Wysłane", "shipped"), ("Doręczone", "done"),
             ("Anulowane", "cancelled"), ("Szkic", "draft"), ("Wyjaśnione z kurierem", "done"))
_DETAILS = {"manual": {"reason": "telefon"}, "address": {"missing": "street"},
            "unmapped": {"titles": "Kubek"}, "totals": {"stated": 1000, "computed": 1200}}
_TAGS = {"pilne": 100, "prezent": 300, "adres": 20, "B2B": 200, "dzwonić": 40, "zwrot": 2}
_GOODS = ("Kubek emaliowany 0,5 l", "Koc wełniany merino", "Świeca sojowa „Las po deszczu”",
          "Termos stalowy 1 l", "Siekierka turystyczna", "Lampa naftowa mosiężna",
          "Puzzle drewniane „Mapa Tatr”", "Krzesiwo z rączką", "Tarp 3 × 3 m", "Poncho lniane")
_COLORS = ("zielony", "granatowy", "szary", "oliwkowy", "czarny", "biały", "miedziany", "piaskowy")


@dataclass(frozen=True, slots=True)
class Shop:
    """What the orders refer to."""

    accounts: Sequence[int]
    old_account: int
    statuses: dict[str, list[int]]
    tags: dict[str, int]
    variants: Sequence[tuple[int, str, str, int]]
    bins: Sequence[int]
    is_whole: bool


def fill(engine: Engine, count: int, seed: int = 7, *, whole: bool = False) -> None:
    """Migrate an empty database and load ``count`` orders; ``whole``: with all that hangs on them.
    """
    migrations.upgrade(engine)
    dice = random.Random(seed)
    with engine.execution_options(writes=True).begin() as connection:
        shop = _shop(connection, dice, whole)
        if whole:
            hanging.prepare(connection, NOW)
        counts: Counter[tuple[str, str]] = Counter()
        batch: dict[Table, list[dict[str, Any]]] = {}
        for number in range(1, count + 1):
            for model, row in _order(number, count, dice, shop, counts):
                batch.setdefault(model.__table__, []).append(row)
            if number % BATCH == 0 or number == count:
                _write(connection, batch)
                batch = {}
        _put(connection, OrderTally.__table__, [
            {"kind": kind, "name": name, "n": n} for (kind, name), n in counts.items()
        ])
        _catch_up_sequences(connection)
    if engine.dialect.name == "postgresql":  # It would do so by itself; SQLite never does.
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM ANALYZE")


def _write(connection: Connection, batch: dict[Table, list[dict[str, Any]]]) -> None:
    for table in Base.metadata.sorted_tables:
        if batch.get(table):
            _put(connection, table, batch[table])


def _put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), list(rows))
        return
    given = {
        column.name: column.default.arg if column.default.is_scalar else column.default.arg(None)
        for column in table.c if column.default is not None
    }
    names = list(given | rows[0])
    cursor = connection.connection.cursor()
    quoted = ", ".join(f'"{name}"' for name in names)
    with cursor.copy(f'COPY "{table.name}" ({quoted}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row([
                json.dumps(value) if isinstance(value, dict | list) else value
                for value in (row.get(name, given.get(name)) for name in names)
            ])


def _catch_up_sequences(connection: Connection) -> None:
    """Keys were given by hand; PostgreSQL's sequences must go on after them."""
    if connection.dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        key = table.c.get("id")
        if key is not None and (last := connection.scalar(select(func.max(key)))):
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"),
                {"name": table.name, "last": last},
            )


def _shop(connection: Connection, dice: random.Random, whole: bool) -> Shop:
    put = connection.execute
    put(insert(Company), [{"id": 1, "name": "Leśna Sowa", "address": {}, "created_at": NOW}])
    put(insert(ChannelAccount), [
        {"id": n, "connector": "demo", "name": name, "letters": letters, "hue": hue,
         "settings": {}, "created_at": NOW}
        for n, (name, letters, hue, _) in enumerate((*_ACCOUNTS, ("Stary sklep", "St", 6, 0)), 1)
    ])
    put(insert(Status), [
        {"id": n, "name": name, "phase": phase, "position": n, "color": "#64748B"}
        for n, (name, phase) in enumerate(_STATUSES, 1)
    ])
    put(insert(Tag), [{"id": n, "name": name} for n, name in enumerate(_TAGS, 1)])
    put(insert(Warehouse), [
        {"id": n, "code": code, "name": name, "rank": n, "address": {}}
        for n, (code, name) in enumerate((("LDZ", "Łódź"), ("GDY", "Gdynia")), 1)
    ])
    put(insert(Location), [
        {"id": 100 + n, "warehouse_id": 1 + n % 2, "kind": "bin", "code": f"A-{n:02}",
         "path_order": n, "sellable": True} for n in range(40)
    ])
    variants = _catalogue(connection, dice)
    statuses: dict[str, list[int]] = {phase: [] for phase in phases.PHASES}
    for n, (_, phase) in enumerate(_STATUSES, 1):
        statuses[phase].append(n)
    return Shop(
        range(1, len(_ACCOUNTS) + 1), len(_ACCOUNTS) + 1, statuses,
        {name: n for n, name in enumerate(_TAGS, 1)}, variants, range(100, 140), whole,
    )


def _catalogue(connection: Connection, dice: random.Random) -> list[tuple[int, str, str, int]]:
    variants, products, codes, listings, balances = [], [], [], [], []
    for n in range(1, VARIANTS + 1):
        name = f"{_GOODS[n % len(_GOODS)]} {n // len(_GOODS)}"
        option = _COLORS[n % len(_COLORS)]
        sku = f"{squeeze(name)[:3].upper()}-{n:05}"
        price = dice.randrange(900, 40000, 10)
        products.append({"id": n, "name": name, "created_at": NOW})
        variants.append({
            "id": n, "product_id": n, "sku": sku, "title": f"{name} {option}", "option": option,
            "search": f" {squeeze(sku)} {' '.join(words(name))} {squeeze(option)} ",
            "price": price, "created_at": NOW, "weight_g": dice.randrange(50, 3000),
        })
        codes.append({"id": n, "variant_id": n, "code": f"59012345{n:05}"})
        listings.append({
            "id": n, "account_id": 1, "offer_ref": sku, "sku": sku, "title": f"{name} {option}",
            "variant_id": n, "mapped_by": "sku", "first_seen_at": NOW, "seen_at": NOW,
        })
        balances += [
            {"variant_id": n, "location_id": 100 + at, "on_hand": 2_000_000, "reserved": 0}
            for at in {n % 40, (n + 1) % 40}
        ]
    for model, rows in ((Product, products), (Variant, variants), (Barcode, codes),
                        (Listing, listings), (Balance, balances)):
        connection.execute(insert(model.__table__), rows)
    return [(v["id"], v["sku"], v["title"], v["price"]) for v in variants]


def _weighted(dice: random.Random, weights: dict[str, int]) -> str:
    names, sums = _TABLES.get(id(weights)) or _TABLES.setdefault(
        id(weights), (list(weights), list(accumulate(weights.values()))))
    return dice.choices(names, cum_weights=sums)[0]


_TABLES: dict[int, tuple[list[str], list[int]]] = {}
_ACCOUNT_SUMS = list(accumulate(weight for *_, weight in _ACCOUNTS))
_NAME_SUMS = list(accumulate(1 / (1 + n / 6) for n in range(len(_FIRST))))
_STEM_SUMS = list(accumulate(1 / (1 + n / 6) for n in range(len(_STEM))))


def _placed(number: int, count: int, dice: random.Random) -> datetime:
    """Even over two years; the sixtieth to the sixty-fifth percent are history taken in late."""
    share = number / count
    if 0.60 <= share < 0.65:
        share = (share - 0.60) * 8
    back = timedelta(days=365 * YEARS * (1 - share), minutes=dice.randrange(0, 600))
    return NOW - back


def _phase(number: int, count: int, dice: random.Random) -> str:
    left = count - number
    if left < count * 0.02:
        return phases.OPEN if dice.random() < 0.7 else phases.PACKING
    if left < count * 0.035:
        return phases.SHIPPED
    if left == count // 2:
        return phases.DRAFT
    return phases.CANCELLED if dice.random() < 0.03 else phases.DONE


def _order(
    number: int, count: int, dice: random.Random, shop: Shop, counts: Counter[tuple[str, str]]
) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    """Every row of one order."""
    placed, phase = _placed(number, count, dice), _phase(number, count, dice)
    is_old = 0.02 < number / count < 0.10
    lines = list(_lines(number, dice, shop, phase))
    items = sum(line["total"] for line in lines)
    kind = "cod" if dice.random() < 0.12 else "prepaid"
    is_open = phase in (phases.OPEN, phases.PACKING)
    paid = items + 1200 if _is_paid(kind, phase, dice) else 0
    if paid and dice.random() < 0.002:
        paid -= 1000
    holds = _holds(is_open, dice)
    is_short = is_open and dice.random() < 0.03
    if is_short:
        lines[0]["reserved"] = 0
    row = {
        "id": number, "phase": phase, "account_id": _account(number, dice, shop, is_old),
        "external_number": f"{dice.getrandbits(48):012x}", "placed_at": placed,
        "paid_at": placed if paid else None,
        "ship_by": placed + timedelta(hours=dice.choice((6, 26, 30, 52, 76))) if is_open else None,
        "shipped_at": placed if phase in (phases.SHIPPED, phases.DONE) else None,
        "closed_at": placed if phase in phases.CLOSED else None,
        "created_at": placed, "updated_at": placed, "currency": "PLN", "items_total": items,
        "shipping_total": 1200, "discount_total": 0, "total": items + 1200, "paid_total": paid,
        "prices_include_tax": True, "payment_kind": kind,
        "payment_state": filing.payment_state(kind, items + 1200, paid),
        "units": sum(line["quantity"] for line in lines), "wants_invoice": dice.random() < 0.05,
        "carrier": "Poczta" if is_old else _weighted(dice, _CARRIERS), "pickup_point": "",
        "delivery_method": "", "buyer_note": "", "payment_method": "", "bill_to": None,
        "is_picked": is_open and dice.random() < 0.4, "is_packed": is_open and dice.random() < 0.2,
        "is_labelled": phase in (phases.SHIPPED, phases.DONE),
        "is_documented": not is_open, "is_undelivered": False, "weight_g": None,
    } | _buyer(number, dice)
    row["source"] = "channel" if row["account_id"] else "desk"
    yield from _filed(row, lines, holds, shop, dice, counts)
    yield OrderLink, {"order_id": number, "channel_order_id": number, "kind": "origin"}
    yield ChannelOrder, {
        "id": number, "account_id": row["account_id"] or 1, "external_id": f"x{number}",
        "first_seen_at": placed, "seen_at": placed, "digest": "", "told": {},
    }
    if paid:
        yield Payment, {"id": number, "order_id": number, "at": placed, "amount": paid,
                        "currency": "PLN", "source": "bench", "reference": str(number)}
    if shop.is_whole:
        yield from hanging.hung(row, lines[0], dice)
    elif phase in (phases.SHIPPED, phases.DONE):
        yield from _shipped(number, placed, row["carrier"], dice)


def _filed(
    row: dict[str, Any], lines: Sequence[dict[str, Any]], holds: Sequence[str], shop: Shop,
    dice: random.Random, counts: Counter[tuple[str, str]],
) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    """The order with its queue and strip, its lines and what marks it."""
    number, placed = row["id"], row["placed_at"]
    known = filing.Facts(
        phase=row["phase"], payment_state=row["payment_state"], holds=frozenset(holds),
        wanted=sum(line["quantity"] for line in lines),
        reserved=sum(line["reserved"] for line in lines),
        shipped=sum(line["shipped"] for line in lines), picked=row["is_picked"],
        packed=row["is_packed"], labelled=row["is_labelled"], documented=row["is_documented"],
        document_due=row["wants_invoice"],
    )
    row["queue"], row["strip"] = filing.queue(known), filing.strip(known)
    row["status_id"] = dice.choice(shop.statuses[row["phase"]][:6 if number % 500 else None])
    if row["phase"] == phases.DONE:
        row["status_id"] = shop.statuses[phases.DONE][0 if number % 1000 else 1]
    counts["queue", row["queue"]] += 1
    counts["status", str(row["status_id"])] += 1
    yield Order, row
    for line in lines:
        yield OrderLine, line
        if line["reserved"]:
            yield Reservation, {
                "id": line["id"], "demand_kind": "order_line", "demand_id": line["id"],
                "variant_id": line["variant_id"], "location_id": dice.choice(shop.bins),
                "quantity": line["reserved"], "created_at": placed, "expires_at": None,
            }
    for key in sorted(search_keys(row)):
        yield OrderKey, {"key": key, "order_id": number}
    for kind in holds:
        yield Hold, {"order_id": number, "kind": kind, "detail": _DETAILS[kind],
                     "set_at": placed, "set_by": "system"}
    for name, weight in _TAGS.items():
        if dice.random() < weight / 10000:
            yield OrderTag, {"tag_id": shop.tags[name], "order_id": number}
    yield AuditEntry, {
        "at": placed, "actor_kind": "connector", "actor_name": "Allegro", "act": "orders.receive",
        "subject": "order", "subject_id": number, "order_id": number, "change": {},
    }


def _account(number: int, dice: random.Random, shop: Shop, is_old: bool) -> int | None:
    if is_old:
        return shop.old_account
    if number % 200 == 0:
        return None
    return dice.choices(shop.accounts, cum_weights=_ACCOUNT_SUMS)[0]


def _is_paid(kind: str, phase: str, dice: random.Random) -> bool:
    if phase == phases.DONE:
        return True
    return kind == "prepaid" and dice.random() < 0.93


def _holds(is_open: bool, dice: random.Random) -> list[str]:
    if not is_open or dice.random() > 0.04:
        return []
    return [dice.choice(tuple(_DETAILS))]


def _lines(
    number: int, dice: random.Random, shop: Shop, phase: str
) -> Iterator[dict[str, Any]]:
    wanted = dice.choices((1, 2, 3, 4, 7), weights=(55, 25, 12, 6, 2))[0]
    for position in range(1, wanted + 1):
        id_, sku, title, price = shop.variants[int(VARIANTS * dice.random() ** 3)]
        quantity = dice.choices((1, 2, 3, 12), weights=(80, 13, 6, 1))[0]
        yield {
            "id": number * 8 + position, "order_id": number, "position": position,
            "line_ref": str(position), "variant_id": id_, "listing_id": id_, "sku": sku,
            "ean": "", "title": title, "quantity": quantity, "unit_price": price * 10_000,
            "total": price * quantity, "vat_rate": "23", "discount": 0,
            "reserved": quantity if phase in (phases.OPEN, phases.PACKING) else 0,
            "cancelled": quantity if phase == phases.CANCELLED else 0,
            "shipped": quantity if phase in (phases.SHIPPED, phases.DONE) else 0, "returned": 0,
        }


def _buyer(number: int, dice: random.Random) -> dict[str, Any]:
    first = dice.choices(_FIRST, cum_weights=_NAME_SUMS)[0]
    last = dice.choices(_STEM, cum_weights=_STEM_SUMS)[0]
    name = f"{first} {last}{'' if dice.random() < 0.4 else 'ski' if number % 2 else 'ska'}"
    postcode, city = _PLACES[number % len(_PLACES)]
    country = _weighted(dice, _COUNTRIES)
    phone = f"+48 {dice.randrange(500, 900)} {dice.randrange(1000):03} {dice.randrange(1000):03}"
    is_firm = dice.random() < 0.03
    email = f"{squeeze(first)}.{squeeze(last)}{dice.randrange(_MAILBOXES)}@example.test"
    return {
        "buyer_name": name, "buyer_email": email, "buyer_phone": phone, "buyer_key": email,
        "buyer_company": f"{last} i Synowie" if is_firm else "",
        "tax_id": f"{dice.randrange(10**9, 10**10)}" if is_firm else "", "country": country,
        "ship_to": {"name": name, "company": "", "street": f"Prosta {number % 97}",
                    "postcode": postcode, "city": city, "region": "", "country": country,
                    "phone": phone, "email": email},
    }





def _shipped(
    number: int, placed: datetime, carrier: str, dice: random.Random
) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    tracking = f"{dice.randrange(10**13, 10**14)}{number:08}"
    yield Shipment, {
        "id": number, "order_id": number, "warehouse_id": 1, "state": "shipped",
        "carrier": carrier, "created_at": placed, "packed_at": placed, "shipped_at": placed,
    }
    yield Parcel, {"id": number, "shipment_id": number, "position": 1, "carrier": carrier,
                   "tracking": tracking, "tracking_key": squeeze(tracking)}


if __name__ == "__main__":
    fill(make_engine(sys.argv[1]), int(os.environ.get("OMS_BENCH_ORDERS", "100000")), whole=True)
