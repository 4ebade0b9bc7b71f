"""Two files that name the same orders in another sequence do not wait for each other crosswise."""

from __future__ import annotations

import threading
import time
from datetime import date

import pytest

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.bank.lines import BankLine
from oms_web.domain.payments.settling.reports import COD, Settled
from oms_web.flows import bank_in, settle_in
from oms_web.flows.order_in import take_in
from tests import factories as make

DAY = date(2026, 11, 25)


def statement(work, orders, mark):
    bank_in.take(work, "PL1", [
        (f"{mark}{n}", BankLine(DAY, 2000, "PLN", f"zam {n}")) for n in orders],
        bank_in.TakenIn())


def report(work, orders, mark):
    settle_in.take(work, "inpost", [
        (f"{mark}{n}", Settled(COD, f"A{n}", "order", DAY, 2000, "PLN")) for n in orders],
        settle_in.TakenIn())


@pytest.mark.parametrize("take", [statement, report])
def test_two_files_crosswise(both, take, monkeypatch):
    """On PostgreSQL the control is the sequence of the lines: one of the two is a deadlock's."""
    account, _ = make.shop(both.works, {"KUB": 50})
    with both.works.writing(SYSTEM) as work:
        ids = take_in(work, work.session.merge(account), [
            make.order(f"A{n}", {"KUB": 2}, state="unpaid", payment_kind="cod")
            for n in (1, 2)]).order_ids
    names = ids if take is statement else (1, 2)
    record, wrong = payments.record_new, []

    def slowly(*args):
        found = record(*args)
        time.sleep(0.15)
        return found

    monkeypatch.setattr(payments, "record_new", slowly)

    def run(order, mark):
        try:
            with both.works.writing(SYSTEM) as work:
                take(work, order, mark)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(order, mark))
               for order, mark in ((names, "a"), (names[::-1], "b"))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert wrong == []
    with both.works.reading(SYSTEM) as work:
        # of the second statement a person is asked; what a courier has collected, it has collected
        paid = 2000 if take is statement else 4000
        assert [work.session.get(Order, one).paid_total for one in ids] == [paid, paid]
