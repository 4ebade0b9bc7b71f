"""Gołąb, the carrier of the same town: parcels, scans that come with time, lockers, visits.

A label is sold once for each key. Where nobody scans a parcel (the office can), time does: it is
taken, moves, goes out and arrives within a day and a bit; one in sixteen has an adventure.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

SIZES = {"A": 990, "B": 1190, "C": 1390}
"""The locker's sizes and what each costs, in grosze."""
DOOR, CASH = 1490, 300
COUNTRIES = ("PL", "DE", "CZ")
HEAVIEST_G, LOCKER_G, MOST_CASH = 30_000, 25_000, 500_000
TOWNS = (("Łódź", "LDZ", "90-00"), ("Warszawa", "WAW", "00-95"), ("Kraków", "KRA", "30-00"),
         ("Gdańsk", "GDA", "80-00"), ("Wrocław", "WRO", "50-06"), ("Poznań", "POZ", "60-10"))
STREETS = ("Ptasia 1", "Gołębia 7", "Lotna 12", "Pocztowa 3")
_POINT = re.compile(r"[A-Z]{3}\d{1,3}[A-Z]|\d{5}")
_WAY = (("PRZYJETA", 2), ("W_DRODZE", 5), ("W_DORECZENIU", 22), ("DORECZONA", 26))
_TO_LOCKER = (("PRZYJETA", 2), ("W_DRODZE", 5), ("W_AUTOMACIE", 22), ("DORECZONA", 30))
_ADVENTURE = (("PRZYJETA", 2), ("W_DRODZE", 5), ("PROBLEM", 24), ("ZWROT", 48))


def book(db: sqlite3.Connection, at: datetime, key: str, wanted: Mapping[str, Any]
         ) -> Mapping[str, Any]:
    """Sell a label; the same key gives the same one.

    Raises:
        Refusal: the carrier does not take it; ``field`` is to blame.
    """
    known = by_key(db, key)
    if known and known[-1]["state"] != "cancelled":
        return known[-1]
    _check(wanted)
    number = db.execute("SELECT count(*) FROM carried").fetchone()[0] + 1
    found = dict(wanted) | {
        "id": f"G{number:07d}", "key": key, "state": "confirmed", "price": _price(wanted),
        "made_at": stamp(at), "tracking": [
            f"GB{number:09d}{place:02d}" for place in range(1, len(wanted["packages"]) + 1)],
    }
    db.execute("INSERT INTO carried (ref, key, state, body) VALUES (?,?,?,?)",
               (found["id"], key, "confirmed", json.dumps(found, ensure_ascii=False)))
    for tracking in found["tracking"]:
        scan(db, at, tracking, "NADANA")
    return found


def _check(wanted: Mapping[str, Any]) -> None:
    to, boxes = wanted["receiver"], wanted["packages"]
    if len(re.sub(r"\D", "", to["phone"])) < 9:
        raise Refusal("no_phone", "The receiver has no phone number.", 422, field="receiver.phone")
    if not to["street"] and not wanted["point"]:
        raise Refusal("no_street", "The receiver has no street.", 422, field="receiver.street")
    if (to["country"] or "PL") not in COUNTRIES:
        raise Refusal("too_far", "We do not fly there.", 422, field="receiver.country")
    if wanted["service"] == "automat" and not _POINT.fullmatch(wanted["point"]):
        raise Refusal("no_point", "There is no such locker.", 422, field="point")
    heaviest = LOCKER_G if wanted["service"] == "automat" else HEAVIEST_G
    for place, box in enumerate(boxes):
        if not 0 < box["weight_g"] <= heaviest:
            raise Refusal("weight", f"A parcel weighs up to {heaviest // 1000} kg.", 422,
                          field=f"packages.{place}.weight_g")
        if wanted["service"] == "automat" and box["size"] not in SIZES:
            raise Refusal("size", "Choose a size.", 422, field=f"packages.{place}.size")
    if wanted["cod"] and float(wanted["cod"]) * 100 > MOST_CASH:
        raise Refusal("cod", "At most 5000 PLN are collected.", 422, field="cod")


def _price(wanted: Mapping[str, Any]) -> str:
    boxes = wanted["packages"]
    each = [SIZES[box["size"]] for box in boxes] if wanted["service"] == "automat" \
        else [DOOR] * len(boxes)
    return f"{(sum(each) + (CASH if wanted['cod'] else 0)) / 100:.2f}"


def rates(weight_g: int) -> Mapping[str, str]:
    """What a parcel would cost by each service."""
    size = "A" if weight_g < 5000 else "C"
    return {"kurier": f"{DOOR / 100:.2f}", "automat": f"{SIZES[size] / 100:.2f}"}


def by_key(db: sqlite3.Connection, key: str) -> Sequence[Mapping[str, Any]]:
    """What was booked under a key, cancelled ones too."""
    return [_read(row) for row in db.execute(
        "SELECT * FROM carried WHERE key = ? ORDER BY ref", (key,))]


def by_ref(db: sqlite3.Connection, ref: str) -> Mapping[str, Any]:
    """One booking.

    Raises:
        Refusal: there is none.
    """
    row = db.execute("SELECT * FROM carried WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        raise Refusal("unknown_parcel", f"There is no parcel {ref}.", 404)
    return _read(row)


def _read(row: sqlite3.Row) -> Mapping[str, Any]:
    return json.loads(row["body"]) | {"state": row["state"]}


def cancel(db: sqlite3.Connection, at: datetime, ref: str) -> None:
    """Take a label back that no scan was made of; twice is once.

    Raises:
        Refusal: no such parcel, or it is on its way.
    """
    found = by_ref(db, ref)
    if found["state"] == "cancelled":
        return
    walk(db, at, found["tracking"])
    moved = db.execute(
        "SELECT 1 FROM scan WHERE tracking = ? AND code <> 'NADANA'", (found["tracking"][0],)
    ).fetchone()
    if moved:
        raise Refusal("on_its_way", "The parcel is on its way already.", 409)
    db.execute("UPDATE carried SET state = 'cancelled' WHERE ref = ?", (ref,))


def scan(db: sqlite3.Connection, at: datetime, tracking: str, code: str) -> None:
    """Somebody, or time, scans a parcel."""
    db.execute("INSERT INTO scan (tracking, at, code) VALUES (?,?,?)", (tracking, stamp(at), code))


def walk(db: sqlite3.Connection, at: datetime, trackings: Iterable[str]) -> None:
    """Let time scan what nobody else has scanned."""
    for tracking in trackings:
        rows = scans(db, tracking)
        if not rows or any(not row["by_time"] and row["code"] != "NADANA" for row in rows):
            continue
        [body] = db.execute("SELECT body FROM carried WHERE body LIKE ?",
                            (f'%"{tracking}"%',)).fetchone()
        odd = zlib.crc32(tracking.encode()) % 16 == 0
        way = _ADVENTURE if odd else _TO_LOCKER if json.loads(body)["point"] else _WAY
        begun, known = moment(rows[0]["at"]), {row["code"] for row in rows}
        for code, hours in way:
            due = begun + timedelta(hours=hours)
            if due <= at and code not in known:
                db.execute("INSERT INTO scan (tracking, at, code, by_time) VALUES (?,?,?,1)",
                           (tracking, stamp(due), code))


def scans(db: sqlite3.Connection, tracking: str) -> Sequence[sqlite3.Row]:
    """A parcel's scans, oldest first."""
    return db.execute("SELECT * FROM scan WHERE tracking = ? ORDER BY at, id",
                      (tracking,)).fetchall()


def visit(db: sqlite3.Connection, key: str, wanted: Mapping[str, Any]) -> str:
    """A courier comes; the same key is the same visit."""
    known = visits(db, key)
    if known:
        return known[0]
    count = db.execute("SELECT count(*) FROM visit").fetchone()[0]
    ref = f"V{count + 1:06d}"
    db.execute("INSERT INTO visit (ref, key, body) VALUES (?,?,?)", (ref, key, json.dumps(wanted)))
    return ref


def visits(db: sqlite3.Connection, key: str) -> Sequence[str]:
    """The visits under a key."""
    return [row["ref"] for row in db.execute("SELECT ref FROM visit WHERE key = ?", (key,))]


def points(near: str, limit: int) -> Sequence[Mapping[str, str]]:
    """Lockers by name, postcode or town."""
    wanted = near.strip().casefold()
    return [
        point for point in _all_points()
        if wanted and (point["id"].casefold().startswith(wanted)
                       or point["city"].casefold().startswith(wanted)
                       or point["postcode"].startswith(wanted))
    ][:limit]


def _all_points() -> Iterable[Mapping[str, str]]:
    for town, code, postcode in TOWNS:
        for number, street in enumerate(STREETS, start=1):
            yield {"id": f"{code}{number:02d}G", "name": f"{code}{number:02d}G", "street": street,
                   "postcode": f"{postcode}{number}", "city": town}
