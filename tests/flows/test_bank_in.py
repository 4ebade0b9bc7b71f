"""A statement taken in: each line once, sure ones booked, doubtful ones offered."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.bank import service as bank
from oms_web.domain.payments.bank.lines import BankLine, Statement
from oms_web.domain.payments.bank.models import BankEntry
from oms_web.domain.payments.models import Payment, Refund
from oms_web.flows import bank_in, order_refund, return_refund
from oms_web.flows.bank_in import TakenIn
from oms_web.flows.order_in import take_in
from tests import factories as make

ANNA = Actor("user", "Anna", 1)
DAY = date(2026, 11, 25)
IBAN = "PL61109010140000071219812874"


class Desk:
    """A shop with three unpaid orders of 10, 20 and 30."""

    def __init__(self, oms):
        self.works = oms.works
        account, _ = make.shop(self.works, {"KUB": 50})
        with self.works.writing(SYSTEM) as work:
            known = work.session.merge(account)
            self.orders = take_in(work, known, [
                make.order(f"ALLE-{n}", {"KUB": n}, state="unpaid") for n in (1, 2, 3)]).order_ids

    def take(self, *lines, account="PL1"):
        told = TakenIn()
        with self.works.writing(ANNA) as work:
            bank_in.take(work, account, list(bank.fingerprints(Statement(account, list(lines)))),
                         told)
        return told

    def do(self, act, *args):
        with self.works.writing(ANNA) as work:
            return act(work, *args)

    def entries(self):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(BankEntry).order_by(BankEntry.id)))

    def paid(self, place):
        with self.works.reading(SYSTEM) as work:
            return work.session.get(Order, self.orders[place]).paid_total


@pytest.fixture
def desk(both):
    return Desk(both)


def line(title, amount, **values):
    return BankLine(DAY, amount, "PLN", title, **values)


def test_the_same_file_twice_adds_nothing_and_twins_of_one_day_are_two(desk):
    lines = [line(f"zam {desk.orders[1]}", 2000), line("czynsz", 5000), line("czynsz", 5000),
             line("za wcześnie", 3000)]
    told = desk.take(*lines)
    assert (told.new, told.booked, told.offered, told.nobody) == (4, 1, 1, 2)
    assert (desk.paid(0), desk.paid(1), desk.paid(2)) == (0, 2000, 0)
    again = desk.take(*lines)
    assert (again.new, again.known) == (0, 4)
    more = desk.take(*lines, line("czynsz", 5000))
    assert (more.new, more.known) == (1, 4)
    with desk.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Payment.amount)).all() == [2000]


def test_a_doubtful_line_is_booked_by_a_person_taken_back_and_booked_again(desk):
    desk.take(line("prezent", 3000, party="Anna Testowa"))
    [entry] = desk.entries()
    assert entry.matches == [{"order": desk.orders[2], "reasons": ["amount", "name"]}]
    assert desk.do(bank_in.book, entry.id, desk.orders[2])
    assert not desk.do(bank_in.book, entry.id, desk.orders[2])
    with pytest.raises(NotAllowedNow, match="booked already"):
        desk.do(bank_in.book, entry.id, desk.orders[0])
    assert desk.paid(2) == 3000
    assert desk.do(bank_in.take_back, entry.id)
    assert not desk.do(bank_in.take_back, entry.id)
    assert (desk.paid(2), desk.entries()[0].state) == (0, "offered")
    assert desk.do(bank_in.book, entry.id, desk.orders[0])
    assert (desk.paid(0), desk.paid(2)) == (3000, 0)


def test_what_is_no_orders_money_is_put_aside_and_may_come_back(desk):
    desk.take(line("odsetki", 3))
    [entry] = desk.entries()
    assert desk.do(bank_in.ignore, entry.id)
    assert not desk.do(bank_in.ignore, entry.id)
    assert desk.do(bank_in.ignore, entry.id, False)
    assert desk.entries()[0].state == "unknown"
    with pytest.raises(NotFound):
        desk.do(bank_in.book, entry.id, 999)
    with pytest.raises(NotFound):
        desk.do(bank_in.book, 999, desk.orders[0])
    desk.take(BankLine(DAY, 1000, "EUR", "x"))
    with pytest.raises(Invalid):
        desk.do(bank_in.book, desk.entries()[-1].id, desk.orders[0])


def test_an_order_that_comes_later_is_found_by_looking_again(desk):
    desk.take(line("ALLE-9", 4000))
    [entry] = desk.entries()
    assert entry.state == "unknown"
    with desk.works.writing(SYSTEM) as work:
        from oms_web.domain.channels.models import ChannelAccount
        known = work.session.scalars(select(ChannelAccount)).one()
        take_in(work, known, [make.order("ALLE-9", {"KUB": 4}, state="unpaid")])
    assert desk.do(bank_in.look_again, entry.id)
    [entry] = desk.entries()
    assert (entry.state, entry.matches[0]["reasons"]) == ("offered", ["channel", "amount"])


def test_money_that_went_out_confirms_a_refund_by_transfer(desk):
    desk.take(line(f"zam {desk.orders[1]}", 2000))
    with desk.works.writing(ANNA) as work:
        made, _ = order_refund.ask(work, desk.orders[1], 500, "transfer", "k", "rysa", IBAN)
        return_refund.act(work, made.id, "approve")
    early = BankLine(date(2026, 1, 1), -500, "PLN", "zwrot", account=IBAN)
    told = desk.take(early, line("zwrot", -400, account=IBAN), line("zwrot", -500))
    assert (told.booked, desk.paid(1)) == (0, 2000)
    with desk.works.writing(ANNA) as work:
        day = local_day(work.now)
    told = desk.take(BankLine(day, -500, "PLN", "zwrot", account=IBAN))
    assert (told.booked, desk.paid(1)) == (1, 1500)
    with desk.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Refund.state)).all() == ["done"]


def test_of_two_refunds_that_a_line_fits_a_person_says_which(desk):
    for place, amount in ((1, 2000), (2, 3000)):
        desk.take(line(f"zam {desk.orders[place]}", amount))
        with desk.works.writing(ANNA) as work:
            made, _ = order_refund.ask(work, desk.orders[place], 500, "transfer", f"k{place}",
                                       "rysa", IBAN)
            return_refund.act(work, made.id, "approve")
            day = local_day(work.now)
    told = desk.take(BankLine(day, -500, "PLN", "zwrot", account=IBAN),
                     BankLine(day, -500, "PLN", "czynsz", account="PL2"))
    assert (told.booked, told.offered, told.out) == (0, 1, 1)
    fits, rent = desk.entries()[-2:]
    assert [one["order"] for one in fits.matches] == desk.orders[1:]
    with pytest.raises(NotAllowedNow, match="pays for nothing"):
        desk.do(bank_in.book, fits.id, desk.orders[0])
    assert desk.do(bank_in.ignore, fits.id)
    assert [desk.do(bank_in.look_again, one.id) for one in (fits, rent)] == [True, False]
    assert desk.entries()[-1].state == "ignored"
    assert [desk.do(bank_in.book, fits.id, desk.orders[2]) for _ in range(2)] == [True, False]
    assert (desk.paid(1), desk.paid(2)) == (2000, 2500)
    assert not desk.do(bank_in.look_again, fits.id)
    assert not desk.do(bank_in.take_back, fits.id)


def test_two_people_with_one_file_book_it_once(desk):
    """The control, without the unique mark, books it twice: each sees no line yet."""
    barrier, naive = threading.Barrier(2), []

    def take(guarded):
        barrier.wait()
        if guarded:
            desk.take(line(f"zam {desk.orders[1]}", 2000))
            return
        with desk.works.reading(SYSTEM) as work:
            known = work.session.scalars(select(BankEntry.id)).all()
        barrier.wait()
        if not known:
            naive.append(1)

    for guarded in (False, True):
        both = [threading.Thread(target=take, args=(guarded,)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join(30)
    assert naive == [1, 1]
    assert (desk.paid(1), len(desk.entries())) == (2000, 1)


def test_two_lines_of_one_file_pay_for_an_order_once_and_what_went_out_is_counted(desk):
    title = f"zam {desk.orders[1]}"
    told = desk.take(line(title, 2000), line(title, 2000, reference="b"), line("prąd", -7000))
    assert (told.new, told.booked, told.offered, told.out) == (3, 1, 1, 1)
    assert desk.paid(1) == 2000
