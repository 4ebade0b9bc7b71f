"""The last day for KSeF to have an invoice, whatever the Ministry announces; and its messages."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from oms_connector import ChannelDown, Response

from oms_web.adapters import latarnia
from oms_web.domain.einvoices import announced
from oms_web.domain.einvoices.announced import Announced, Term


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)


def event(kind, begins, ends=None, number=1):
    return Announced(number, kind, begins, ends, "", "")


ISSUED = date(2026, 11, 23), at(2026, 11, 23, 10)  # a Monday


@pytest.mark.parametrize(("events", "day", "why"), [
    ([], date(2026, 11, 24), "offline24"),
    # went on when it was issued: the next working day after its end
    ([event("maintenance", at(2026, 11, 23, 8), at(2026, 11, 23, 12))],
     date(2026, 11, 24), "maintenance"),
    ([event("maintenance", at(2026, 11, 20, 20), at(2026, 11, 27, 12))],
     date(2026, 11, 30), "maintenance"),
    ([event("maintenance", at(2026, 11, 23, 8))], None, "maintenance"),
    # neither before it was issued nor after
    ([event("maintenance", at(2026, 11, 23, 6), at(2026, 11, 23, 8))],
     date(2026, 11, 24), "offline24"),
    ([event("maintenance", at(2026, 11, 23, 12), at(2026, 11, 25, 8))],
     date(2026, 11, 24), "offline24"),
    # a failure: seven working days, also when it begins while the term runs
    ([event("failure", at(2026, 11, 23, 8), at(2026, 11, 24, 8))], date(2026, 12, 3), "failure"),
    ([event("failure", at(2026, 11, 24, 8), at(2026, 11, 24, 20))], date(2026, 12, 3), "failure"),
    ([event("failure", at(2026, 11, 23, 8))], None, "failure"),
    ([event("failure", at(2026, 11, 25, 8), at(2026, 11, 25, 9))],
     date(2026, 11, 24), "offline24"),
    ([event("failure", at(2026, 11, 22, 8), at(2026, 11, 23, 9))],
     date(2026, 11, 24), "offline24"),
    # another one while those seven days run: counted anew from the end of that one
    ([event("failure", at(2026, 11, 23, 8), at(2026, 11, 24, 8)),
      event("failure", at(2026, 12, 1, 8), at(2026, 12, 2, 8), 2)],
     date(2026, 12, 11), "failure"),
    ([event("failure", at(2026, 11, 23, 8), at(2026, 11, 24, 8)),
      event("failure", at(2026, 12, 4, 8), at(2026, 12, 5, 8), 2)],
     date(2026, 12, 3), "failure"),
    ([event("failure", at(2026, 11, 23, 8), at(2026, 11, 24, 8)),
      event("total_failure", at(2026, 11, 26, 8), at(2026, 11, 28, 8), 2)],
     None, "total_failure"),
])
def test_the_last_day(events, day, why):
    assert announced.term(*ISSUED, events) == Term(day, why)
    assert announced.term(*ISSUED, events[::-1]) == Term(day, why)


def test_the_ministrys_example():
    """"Tryby offline": issued offline24 on 8 July 2025, a failure from the 9th to Saturday the
    12th: until 22 July."""
    failure = event("failure", at(2025, 7, 9, 8), at(2025, 7, 12, 15))
    assert announced.term(date(2025, 7, 8), at(2025, 7, 8, 9), [failure]).day == date(2025, 7, 22)
    assert announced.term(date(2025, 7, 8), at(2025, 7, 8, 9), []).day == date(2025, 7, 9)


def test_what_people_are_told():
    now = at(2026, 11, 23, 10)
    later = event("maintenance", at(2026, 11, 24, 20), at(2026, 11, 25, 4), 2)
    far = event("maintenance", at(2026, 12, 24, 20), at(2026, 12, 25, 4), 3)
    failure = event("failure", at(2026, 11, 23, 9))
    assert announced.to_tell([], now) is None
    assert announced.to_tell([far], now) is None
    assert announced.to_tell([far, later], now) == later
    assert announced.to_tell([later, failure], now) == failure
    both = [event("maintenance", at(2026, 11, 23, 9)), failure]
    assert announced.current(both, now) == failure


# Latarnia's messages -----------------------------------------------------------------------------

BEGAN = {"id": "M1", "eventId": 7, "category": "FAILURE", "type": "FAILURE_START",
         "title": "Awaria", "text": "Trwa awaria", "start": "2026-11-23T08:00:00Z", "end": None,
         "version": 1, "published": "2026-11-23T08:05:00Z"}
ENDED = BEGAN | {"id": "M2", "type": "FAILURE_END", "title": "Koniec awarii",
                 "end": "2026-11-24T09:30:00.125+01:00", "published": "2026-11-24T08:40:00Z"}


class Answers:
    def __init__(self, body, status=200):
        self.body, self.status = body, status

    def request(self, method, path, **_):
        assert (method, path) == ("GET", "/messages")
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return Response(self.status, {}, body)


def test_a_failure_is_one_event_from_its_beginning_to_its_end():
    (one,) = latarnia.read(Answers([BEGAN]))
    assert (one.event, one.kind, one.begins, one.ends) == (
        7, "failure", at(2026, 11, 23, 8), None)
    for said in ([BEGAN, ENDED], [ENDED, BEGAN]):
        (one,) = latarnia.read(Answers(said))
        assert one.ends == datetime(2026, 11, 24, 8, 30, 0, 125000, UTC)
        assert one.title == "Koniec awarii"


def test_a_newer_version_replaces_the_older_and_what_is_not_known_is_left_out():
    planned = BEGAN | {"eventId": 8, "category": "MAINTENANCE",
                       "type": "MAINTENANCE_ANNOUNCEMENT", "start": "2026-11-28T20:00:00",
                       "end": "2026-11-29T04:00:00"}
    moved = planned | {"version": 2, "end": "2026-11-29T06:00:00"}
    found = latarnia.read(Answers([moved, planned, BEGAN | {"category": "PARTY"}]))
    assert [(one.event, one.begins, one.ends) for one in found] == [
        (8, at(2026, 11, 28, 19), at(2026, 11, 29, 5))]  # without a zone: the time in Warsaw
    assert latarnia.read(Answers([])) == []


@pytest.mark.parametrize("answer", [
    Answers(b"<html>"), Answers({"x": 1}), Answers([BEGAN], 503),
    Answers([{"category": "FAILURE"}]), Answers([BEGAN | {"start": "yesterday"}]),
    Answers([BEGAN | {"eventId": None}]), Answers([7]), Answers(None),
])
def test_what_is_no_list_of_messages_is_no_answer(answer):
    with pytest.raises(ChannelDown):
        latarnia.read(answer)
