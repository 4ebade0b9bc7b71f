"""Buyers on Targowisko: as many as was set, the same from the same seed, with second thoughts."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from oms_demo.market import bustle, questions
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment

from tests.demo_market import MONDAY, open_market


@pytest.fixture
def there(tmp_path):
    return open_market(tmp_path)


class TestBuyers:
    def run(self, folder, step, seconds=300, rate=60.0, seed=3, refill=False):
        there = open_market(folder, seed=seed)
        bustle.switch(there.market, on=True, per_minute=rate)
        bustle.tick(there.market)
        for _ in range(int(seconds / step)):
            there.clock.turn(seconds=step)
            bustle.tick(there.market)
            if refill:
                _fill_up(there)
        with there.market.store.transaction() as db:
            return [tuple(row) for row in db.execute(
                "SELECT ref, placed_at, status, total, buyer, payment_kind, payment_method,"
                " delivery, note FROM purchase ORDER BY seq")]

    def test_seed_and_settings_replay_the_same_purchases_however_the_ticks_fall(self, tmp_path):
        first = self.run(tmp_path / "a", 1)
        assert len(first) > 250
        assert first == self.run(tmp_path / "b", 5)
        assert first != self.run(tmp_path / "c", 1, seed=4)

    def test_who_comes_and_how_they_pay_does_not_depend_on_the_stock(self, tmp_path):
        scarce, full = self.run(tmp_path / "a", 1), self.run(tmp_path / "b", 1, refill=True)
        said = [[(row[1], row[4], row[6]) for row in rows[:150]] for rows in (scarce, full)]
        assert said[0] == said[1]

    @pytest.mark.parametrize("rate", [6, 60, 600])
    def test_they_come_as_often_as_was_set(self, tmp_path, rate):
        seconds = 30 if rate == 600 else 200
        placed = self.run(tmp_path, 1, seconds=seconds, rate=rate, refill=True)
        assert len(placed) == pytest.approx(rate * seconds / 60, rel=0.25)

    def test_black_friday_is_twenty_times_as_many_for_ten_minutes(self, there):
        bustle.switch(there.market, on=True, per_minute=6)
        bustle.tick(there.market)
        bustle.start_peak(there.market, 20, 10)

        def minutes(count):
            before = _placed(there)
            for _ in range(count * 60):
                there.clock.turn(seconds=1)
                bustle.tick(there.market)
            return _placed(there) - before

        assert 200 < minutes(2) < 280
        assert bustle.peak(there.market) == (20, MONDAY + timedelta(minutes=10))
        there.clock.turn(minutes=8)
        assert bustle.peak(there.market) is None
        # nobody has sent anything, and an ordinary crowd does not wait so long
        assert bustle.waiting(there.market) > bustle.patience(there.market)
        bustle.start_peak(there.market, 100, 1)
        assert bustle.rate_now(there.market, there.clock()) == 600

    def test_two_purchases_paid_together_replace_each_other(self, there):
        first = there.buy("KRZ-JES", payment="unpaid", plan=("join", MONDAY))
        bustle.tick(there.market)
        there.clock.turn(minutes=2)
        bustle.tick(there.market)
        with there.market.store.transaction() as db:
            rows = [dict(row) for row in db.execute("SELECT * FROM purchase ORDER BY seq")]
        assert [row["status"] for row in rows] == ["cancelled", "cancelled", "to_send"]
        assert rows[2]["items"] == rows[0]["items"] + rows[1]["items"]
        [order] = there.connector().fetch_orders([rows[2]["ref"]])
        assert list(order.replaces) == [first, rows[1]["ref"]]
        assert order.paid
        assert sum(line.unit_price * line.quantity for line in order.lines) + order.shipping \
            - order.discount == order.total

    def test_only_unpaid_orders_of_one_buyer_can_be_joined(self, there):
        unpaid, paid = there.buy(payment="unpaid"), there.buy()
        other = there.buy(payment="unpaid", buyer=there.market.invent().buyer)
        for refs in ([unpaid], [unpaid, paid], [unpaid, other], [unpaid, unpaid]):
            with pytest.raises(Refusal):
                there.market.join(refs)

    def test_somebody_buys_the_last_unit(self, there):
        bought = set()
        for offer in there.market.shelf():
            there.market.set_stock(offer.ref, 1 if offer.sku == "KRZ-JES" else 300)
        for _ in range(200):
            basket = there.market.invent()
            bought |= {ref for ref, _ in basket.lines} if len(basket.lines) == 1 else set()
        assert there.offer("KRZ-JES") in bought

    def test_gaps_are_near_the_set_pace(self, tmp_path):
        placed = [moment(row[1]) for row in self.run(tmp_path, 1, rate=6, seconds=170)]
        gaps = [(b - a).total_seconds() for a, b in pairwise(placed)]
        assert len(gaps) > 12
        assert all(6.6 <= gap <= 13.4 for gap in gaps)


class TestWhatTheyWrite:
    """Nobody writes what does not fit their order."""

    def told(self, there):
        with there.market.store.transaction() as db:
            return [dict(row) for row in db.execute(
                "SELECT talk.text, talk.at, talk.offer_ref, purchase.* FROM talk"
                " LEFT JOIN purchase ON purchase.ref = talk.purchase_ref ORDER BY talk.id")]

    def test_it_fits_the_order(self, there, monkeypatch):
        monkeypatch.setattr(questions, "OFTEN", 1)
        monkeypatch.setattr(questions, "OFTEN_AFTER", 1)
        bustle.write_history(there.market, 120)
        after = {text for row in questions.AFTER.values() for text, _ in row}
        said = [row for row in self.told(there) if row["ref"]]
        assert len({row["text"] for row in said}) > 8
        for row in said:
            assert (row["text"] in after) <= (row["delivered_at"] is not None
                                              and row["at"] >= row["delivered_at"]), row["text"]
            if "paczkomat" in row["text"]:
                assert '"pickup_point": ""' not in row["delivery"]
            if "fakturę" in row["text"]:
                assert not row["invoice"]

    def test_the_words_of_a_scene_are_about_its_goods(self, there):
        bustle.write_history(there.market, 0)
        told = self.told(there)
        [engraved] = [row for row in told if "graweru" in row["text"]]
        assert engraved["note"] == "Grawer: Zosia"
        [asked] = [row for row in told if "bezzapachowej" in row["text"]]
        skus = {offer.ref: offer.sku for offer in there.market.shelf()}
        assert skus[asked["offer_ref"]].startswith("SWI-")


def _fill_up(there):
    with there.market.store.transaction() as db:
        db.execute("UPDATE offer SET stock = 900")


def _placed(there):
    with there.market.store.transaction() as db:
        return db.execute("SELECT count(*) FROM purchase").fetchone()[0]
