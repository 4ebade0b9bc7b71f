"""Files become orders, returns, write-offs, products and counts, once each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Barcode, BundlePart, Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.returns.models import Return
from oms_web.domain.stock.models import Move, StockDocument
from oms_web.flows import stock_correction
from oms_web.inspection import ledgers
from oms_web.sync import file_profiles, file_runs
from oms_web.sync.file_import import run_import
from oms_web.sync.file_runs import Options, Progress
from oms_web.sync.models import ImportRun, Quarantine
from tests import factories as make
from tests.sync.file_shop import CLERK, HEADER, PROFILE, content, shop

BOTH = Options(create_products=True, opening_stock=True)

STORY = HEADER + """\
1,2026-03-01,KUB,Kubek,3,12.50
1,2026-03-01,TAL,Talerz,1,3.10
2,2026-03-02,KUB,Kubek,4,12.50
2,2026-03-02,POST,Przesyłka,1,9.00
C1,2026-03-03,KUB,Kubek,-2,12.50
W1,2026-03-03,TAL,zbite,-1,0
3,2026-03-04,KUB,Kubek,5,12.505
1,2026-03-01,KUB,Kubek,1,12.50
A1,2026-03-05,B,Korekta,1,99.00
4,2026-03-05,KUB,Kubek,1.5,12.50
"""


def test_a_history_comes_in_whole_with_the_stock_it_needed(both, tmp_path):
    here = shop(both, tmp_path)
    found = here.run(here.file(STORY), options=BOTH)
    assert here.counts(found) == (7, 5, 0, 0, 2)
    assert found.skipped == [("Postage", 1)]
    assert sorted(found.reasons) == [
        ("Money without goods", 1), ("quantity is not a whole number", 1)]
    assert here.rows(select(Order.external_number, Order.phase, Order.total)
                     .order_by(Order.id)) == [
        ("1", "done", 5310), ("2", "done", 5000), ("3", "done", 6253)]
    assert here.rows(select(Return.external_id, Return.total)) == [("C1", 2500)]
    # KUB: 4 + 4 + 5 out and 2 back within one page, where sales go first; TAL: 1 sold, 1 broken.
    assert here.rows(
        select(Move.reason, Variant.sku, func.sum(Move.quantity)).join(
            Variant, Variant.id == Move.variant_id)
        .group_by(Move.reason, Variant.sku).order_by(Move.reason, Variant.sku)
    ) == [
        ("correction", "KUB", 13), ("correction", "TAL", 2), ("return", "KUB", 2),
        ("sale", "KUB", 13), ("sale", "TAL", 1), ("write_off", "TAL", 1),
    ]
    assert here.stock() == {"KUB": 2, "TAL": 0}
    with both.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []
        assert {sku: title for sku, title in work.session.execute(
            select(Variant.sku, Variant.title))} == {"KUB": "Kubek", "TAL": "Talerz"}


def test_the_same_file_again_changes_nothing(both, tmp_path):
    here = shop(both, tmp_path)
    here.run(here.file(STORY), options=BOTH)
    before = content(both)
    again = here.run(here.file(STORY), options=BOTH)
    assert here.counts(again) == (7, 0, 0, 5, 2)
    assert content(both) == before
    assert Progress.of(again.run).turn == 2


def test_another_file_with_the_same_orders_and_one_more_adds_only_that(both, tmp_path):
    here = shop(both, tmp_path)
    here.run(here.file(STORY), options=BOTH)
    before = here.stock()
    longer = STORY + "5,2026-03-06,KUB,Kubek,3,12.50\n"
    found = here.run(here.file(longer, "longer.csv"), options=BOTH)
    assert here.counts(found)[1:4] == (1, 0, 5)
    # Two were left on the shelf, so one more had to be there at the opening.
    assert here.stock() == before | {"KUB": 0}
    assert len(here.rows(select(ChannelAccount.id))) == 1


def test_quarantine_keeps_the_text_of_rows_that_were_readable_but_cannot_be_stored(both, tmp_path):
    here = shop(both, tmp_path)
    here.run(here.file(HEADER + "1,2026-03-01,KUB,Kubek,1,2\n"), options=BOTH)
    rows = "8,2026-03-02,KUB,Kubek,7,2\n8,2026-03-02,KUB,Kubek,1,2\n"
    found = here.run(here.file(HEADER + rows + "9,2026-03-02,,Brak,1,2\n", "more.csv"))
    assert here.counts(found) == (2, 0, 0, 0, 2)
    waiting = {row.external_id: row for (row,) in here.rows(select(Quarantine))}
    assert waiting["8"].raw == HEADER + rows
    assert "missing in stock" in waiting["8"].reason
    assert (waiting["9"].field, waiting["9"].origin) == (
        "sku", file_runs.origin_of(found.run.id))
    assert waiting["9"].reason == "Row 4: no SKU, offer or barcode says what was sold"


def test_an_order_that_can_be_read_at_last_leaves_quarantine(oms, tmp_path):
    here = shop(oms, tmp_path)
    here.run(here.file(HEADER + "1,2026-03-01,KUB,Kubek,x,2\n"), options=BOTH)
    fixed = here.run(here.file(HEADER + "1,2026-03-01,KUB,Kubek,1,2\n", "fixed.csv"), options=BOTH)
    assert here.counts(fixed) == (1, 1, 0, 0, 0)
    assert here.rows(select(Quarantine.external_id, Quarantine.state)) == [("1", "solved")]


def test_without_opening_stock_a_history_is_only_recorded(oms, tmp_path):
    here = shop(oms, tmp_path)
    found = here.run(here.file(STORY), options=Options(create_products=True))
    assert here.counts(found)[1] == 4, "the write-off has nothing to take"
    assert here.rows(select(Move.reason, Move.quantity)) == [("return", 2)]
    assert here.rows(select(func.sum(OrderLine.shipped))) == [(14,)]


def test_open_orders_reserve_what_the_opening_brought(oms, tmp_path):
    here = shop(oms, tmp_path)
    spec = {**PROFILE, "fields": {**PROFILE["fields"], "state": {"constant": "ready"}}}
    here.run(here.file(HEADER + "1,2026-03-01,KUB,Kubek,3,2\n2,2026-03-01,KUB,Kubek,2,2\n"),
             spec=spec, options=BOTH)
    assert here.rows(select(Order.phase, OrderLine.reserved).join(
        OrderLine, OrderLine.order_id == Order.id).order_by(Order.id)) == [("open", 3), ("open", 2)]
    assert here.stock() == {"KUB": 5}


def test_opening_stock_is_in_parts_where_bundles_were_sold(oms, tmp_path):
    here = shop(oms, tmp_path)
    with oms.works.writing(CLERK) as work:
        mug = make.variant(work, "KUB")
        make.variant(work, "DUO", parts={mug: 2})
    here.run(here.file(HEADER + "1,2026-03-01,DUO,Dwa kubki,3,20\n1,2026-03-01,KUB,Kubek,1,12\n"),
             options=BOTH)
    assert here.rows(select(Move.reason, func.sum(Move.quantity)).group_by(Move.reason)
                     .order_by(Move.reason)) == [("correction", 7), ("sale", 7)]
    assert here.stock() == {"KUB": 0}


def test_opening_stock_needs_a_place_before_anything_is_begun(oms, tmp_path):
    here = shop(oms, tmp_path)
    with oms.works.writing(CLERK) as work:
        work.session.execute(make.Location.__table__.update().where(
            make.Location.kind == "bin").values(active=False))
    with pytest.raises(NotAllowedNow, match="no warehouse with a bin"):
        here.run(here.file(STORY), options=BOTH)
    assert here.rows(select(ImportRun.id)) == []


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_page_that_fails_leaves_the_run_where_it_was_and_it_goes_on(
    both, tmp_path, monkeypatch, page
):
    """Every page is tried to fail once, after it was stored and before its place was."""
    here = shop(both, tmp_path)
    monkeypatch.setattr("oms_web.sync.file_pages.RECORDS", 2)
    run_id = here.begin(here.file(STORY), options=BOTH)
    calls = []
    real = file_runs.advance

    def breaking(work, run, seen, now, counts=None):
        if counts and seen.phase == file_runs.RECORDS:
            calls.append(seen.position)
            if len(calls) == page:
                raise OSError("the machine stops")
        return real(work, run, seen, now, counts)

    monkeypatch.setattr(file_runs, "advance", breaking)
    with pytest.raises(OSError, match="stops"):
        run_import(both.importer, run_id)
    stopped = here.summary(run_id).run
    assert (stopped.state, stopped.read) == ("running", calls[-1])
    run_import(both.importer, run_id)
    assert calls.count(calls[page - 1]) == 2
    assert here.counts(here.summary(run_id)) == (7, 5, 0, 0, 2)
    assert here.stock() == {"KUB": 0, "TAL": 0}, "small pages let the return serve the next sale"
    with both.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []


def test_two_processes_at_one_file_do_not_both_go_on(both, tmp_path, monkeypatch):
    here = shop(both, tmp_path)
    monkeypatch.setattr("oms_web.sync.file_pages.RECORDS", 2)
    run_id = here.begin(here.file(STORY), options=BOTH)
    entered = []

    def overtaken(done, _total):
        # This one pauses between two pages; the other takes the run to its end meanwhile.
        phase = Progress.of(here.summary(run_id).run).phase
        if phase == file_runs.RECORDS and not entered:
            entered.append(done)
            run_import(both.importer, run_id)

    with pytest.raises(NotAllowedNow, match="Another process"):
        run_import(both.importer, run_id, overtaken)
    assert entered == [2]
    assert here.counts(here.summary(run_id)) == (7, 5, 0, 0, 2)
    with both.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []


def test_a_run_that_was_moved_on_by_a_page_is_left_to_the_other(oms, tmp_path, monkeypatch):
    """The other one is alive and in the middle: the slower one must not store its page again."""
    here = shop(oms, tmp_path)
    monkeypatch.setattr("oms_web.sync.file_pages.RECORDS", 2)
    run_id = here.begin(here.file(STORY), options=BOTH)

    class Enough(Exception):
        pass

    def one_page(_done, _total):
        if here.summary(run_id).run.read >= 4:
            raise Enough

    def overtaken(_done, _total):
        if here.summary(run_id).run.read == 2:
            with pytest.raises(Enough):
                run_import(oms.importer, run_id, one_page)

    with pytest.raises(NotAllowedNow, match="Another process"):
        run_import(oms.importer, run_id, overtaken)
    run = here.summary(run_id).run
    assert (run.state, run.read, run.added) == ("running", 4, 4)
    run_import(oms.importer, run_id)
    assert here.counts(here.summary(run_id)) == (7, 5, 0, 0, 2)


def test_units_that_are_there_already_are_not_put_there_again(oms, tmp_path):
    here = shop(oms, tmp_path)
    with oms.works.writing(CLERK) as work:
        make.put(work, make.variant(work, "KUB"), 5)
        make.put(work, make.variant(work, "TAL"), 1)
    rows = "1,2026-03-01,KUB,Kubek,3,2\n1,2026-03-01,TAL,Talerz,4,2\n"
    here.run(here.file(HEADER + rows), options=BOTH)
    assert here.rows(select(Variant.sku, Move.quantity).join(Move, Move.variant_id == Variant.id)
                     .where(Move.reason == "correction")) == [("TAL", 3)]
    assert here.stock() == {"KUB": 2, "TAL": 0}


def test_a_changed_profile_starts_the_file_anew(oms, tmp_path):
    here = shop(oms, tmp_path)
    path = here.file(STORY)
    run_id = here.begin(path, options=BOTH)
    with oms.works.writing(CLERK) as work:
        profile = file_profiles.by_name(work, oms.registry, "history")
        file_profiles.save(work, oms.registry, profile.id, "history", "orders",
                           {**PROFILE, "rules": PROFILE["rules"][:3]})
    assert run_import(oms.importer, run_id) is False
    assert "profile was changed" in here.summary(run_id).run.error
    found = here.run(path, options=BOTH)
    assert found.run.id == run_id
    assert found.skipped == []
    assert "POST" in here.stock()


def test_a_file_that_cannot_be_read_fails_in_words_and_a_good_one_follows(oms, tmp_path):
    here = shop(oms, tmp_path)
    found = here.run(here.file("Order,Date\n1,2026-03-01\n"))
    assert (found.run.state, found.run.error) == (
        "failed", "The file has no column SKU; it has: Order, Date.")
    assert found.run.finished_at is not None
    with pytest.raises(NotAllowedNow):
        run_import(oms.importer, found.run.id)
    assert here.run(here.file(STORY, "good.csv"), options=BOTH).run.state == "done"
    assert not list((oms.settings.instance / "work").iterdir()), "staged files are removed"


def test_names_are_those_that_goods_were_sold_under(oms, tmp_path):
    rows = ["W1,2026-03-01,KUB,wet damaged,-1,0", "1,2026-03-01,KUB,check,1,0",
            "2,2026-03-01,KUB,Kubek biały,1,5", "3,2026-03-01,KUB,KUBEK,1,5",
            "4,2026-03-01,KUB,Kubek biały,1,5", "5,2026-03-01,BEZ,,1,5"]
    here = shop(oms, tmp_path)
    here.run(here.file(HEADER + "\n".join(rows) + "\n"), options=BOTH)
    assert here.rows(select(Variant.sku, Variant.title).order_by(Variant.sku)) == [
        ("BEZ", "BEZ"), ("KUB", "Kubek biały")]


def test_products_already_in_the_catalogue_are_not_renamed(oms, tmp_path):
    here = shop(oms, tmp_path)
    with oms.works.writing(CLERK) as work:
        make.variant(work, "KUB")
    here.run(here.file(STORY), options=BOTH)
    assert ("KUB", "Product KUB") in here.rows(select(Variant.sku, Variant.title))


PRODUCTS = {
    "numbers": ",",
    "fields": {"sku": "Symbol", "name": "Nazwa", "eans": "EAN", "price": "Cena", "cost": "Koszt",
               "parts": "Zestaw", "opening_stock": "Stan"},
}
CATALOGUE = """\
Symbol;Nazwa;EAN;Cena;Koszt;Zestaw;Stan
DUO;Dwa kubki;;40,00;;KUB:2;
KUB;Kubek „Żółw”;5900012003196;24,90;9,1234;;7
TAL;Talerz;5900012003199;3,10;;;
SOLO;Samotny;;1,00;;BRAK:1;
;Bez symbolu;;1,00;;;
"""


def test_products_bundles_before_their_parts_and_opening_stock_once(both, tmp_path):
    here = shop(both, tmp_path)
    path = here.file(CATALOGUE, "products.csv")
    found = here.run(path, "catalogue", PRODUCTS, "products")
    assert here.counts(found) == (5, 4, 0, 0, 3)
    assert sorted(reason for reason, _ in found.reasons) == [
        "5900012003199 is not an EAN: its last digit should be 6.",
        "There is no SKU BRAK to make the bundle of.", "sku is empty",
    ]
    assert here.stock() == {"KUB": 7}
    assert here.rows(select(Variant.sku, Variant.title, Variant.price, Variant.cost)
                     .order_by(Variant.sku)) == [
        ("DUO", "Dwa kubki", 4000, None), ("KUB", "Kubek „Żółw”", 2490, 9_123_400),
        ("SOLO", "Samotny", 100, None), ("TAL", "Talerz", 310, None)]
    assert here.rows(select(BundlePart.quantity)) == [(2,)]
    with both.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []
    assert here.rows(select(Barcode.code)) == [("5900012003196",)]
    before = content(both)
    again = here.run(path, "catalogue", PRODUCTS, "products")
    assert here.counts(again) == (5, 0, 0, 4, 3)
    assert content(both) == before
    more = here.run(here.file(CATALOGUE.replace(";7\n", ";9\n"), "later.csv"), "catalogue",
                    PRODUCTS, "products")
    assert here.counts(more)[1:3] == (0, 0)
    assert here.stock() == {"KUB": 7}, "opening stock is no correction"


def test_a_mended_product_leaves_quarantine(oms, tmp_path):
    here = shop(oms, tmp_path)
    here.run(here.file(CATALOGUE, "products.csv"), "catalogue", PRODUCTS, "products")
    mended = CATALOGUE.replace("5900012003199", "5900012004858")
    here.run(here.file(mended, "mended.csv"), "catalogue", PRODUCTS, "products")
    states = dict(here.rows(select(Quarantine.external_id, Quarantine.state)))
    assert states["TAL"] == "solved"
    assert states["SOLO"] == "waiting"


COUNTS = {"fields": {"sku": "SKU", "quantity": "Qty", "warehouse": "Mag", "location": "Bin"}}


@pytest.fixture
def stocked(both, tmp_path):
    here = shop(both, tmp_path)
    with both.works.writing(CLERK) as work:
        far = make.warehouse(work, "KRA", rank=5, bins=("B-01", "B-02"))
        mug, plate = make.variant(work, "KUB"), make.variant(work, "TAL")
        make.variant(work, "DUO", parts={mug: 2})
        make.put(work, mug, 10)
        make.put(work, plate, 4, far.id)
    return here


def test_counts_are_made_true_up_and_down_by_warehouse_and_bin(stocked):
    path = stocked.file(
        "SKU,Qty,Mag,Bin\nKUB,7,,\nTAL,6,KRA,\nTAL,3,KRA,B-02\nKUB,2,KRA,B-01\n", "count.csv")
    found = stocked.run(path, "count", COUNTS, "stock")
    assert stocked.counts(found) == (4, 0, 4, 0, 0)
    assert sorted(stocked.rows(
        select(Variant.sku, make.Location.code, file_balance().on_hand)
        .join(file_balance(), file_balance().variant_id == Variant.id)
        .join(make.Location, make.Location.id == file_balance().location_id)
    )) == [("KUB", "A-01", 7), ("KUB", "B-01", 2), ("TAL", "B-01", 6), ("TAL", "B-02", 3)]
    before = content(stocked.oms)
    # TAL's 6 in the warehouse were said before 3 of them were found in another bin: told again,
    # they would be counted anew, so each is said for its own bin here.
    exact = stocked.file("SKU,Qty,Mag,Bin\nKUB,7,LDZ,\nTAL,6,KRA,B-01\nTAL,3,KRA,B-02\n", "2.csv")
    for _ in range(2):
        assert stocked.counts(stocked.run(exact, "count", COUNTS, "stock")) == (3, 0, 0, 3, 0)
    assert content(stocked.oms) == before
    documents = stocked.rows(select(StockDocument.kind, StockDocument.reason).distinct())
    assert documents == [("correction", "mistake")]


def file_balance():
    from oms_web.domain.stock.models import Balance

    return Balance


def test_counts_that_make_no_sense_wait_with_their_reason(stocked):
    path = stocked.file("SKU,Qty,Mag,Bin\nNIE,7,,\nDUO,1,,\nKUB,3,XXX,\nKUB,3,,Z-99\nKUB,-3,,\n"
                        "KUB,9,,\n", "count.csv")
    found = stocked.run(path, "count", COUNTS, "stock")
    assert stocked.counts(found) == (6, 0, 1, 0, 5)
    reasons = {reason for (reason,) in stocked.rows(select(Quarantine.reason))}
    assert "There is no SKU NIE." in reasons
    assert any("is a bundle" in reason for reason in reasons)
    assert stocked.stock()["KUB"] == 9


def test_a_count_interrupted_after_a_page_is_not_counted_twice(stocked, monkeypatch):
    """Units sold between the crash and the restart stay sold."""
    monkeypatch.setattr("oms_web.sync.file_pages.RECORDS", 1)
    path = stocked.file("SKU,Qty\nKUB,7\nTAL,4\n", "count.csv")
    spec = {"fields": {"sku": "SKU", "quantity": "Qty"}}
    run_id = stocked.begin(path, "count", spec, "stock")
    real = file_runs.advance

    def dies(work, run, seen, now, counts=None):
        if seen.position == 1:
            raise OSError("gone")
        return real(work, run, seen, now, counts)

    monkeypatch.setattr(file_runs, "advance", dies)
    with pytest.raises(OSError, match="gone"):
        run_import(stocked.oms.importer, run_id)
    monkeypatch.setattr(file_runs, "advance", real)
    with stocked.oms.works.writing(CLERK) as work:
        mug = work.session.scalar(select(Variant.id).where(Variant.sku == "KUB"))
        place = make.stock.default_bin(work.session)
        stock_correction.correct(work, mug, place, -1, "damaged", key="x")
    run_import(stocked.oms.importer, run_id)
    assert stocked.stock()["KUB"] == 6


def test_who_asked_is_in_the_trail(oms, tmp_path):
    here = shop(oms, tmp_path)
    here.run(here.file(STORY), options=BOTH)
    acts = dict(here.rows(select(AuditEntry.act, AuditEntry.actor_name)
                          .where(AuditEntry.subject.in_(("import_run", "import_profile")))))
    assert acts == {"imports.profile": "Ala", "imports.run": "Ala", "imports.done": "history"}
    assert here.rows(select(AuditEntry.actor_name).where(
        AuditEntry.act == "orders.receive").distinct()) == [("history",)]


def test_progress_survives_its_column():
    progress = Progress("s", BOTH, {"kind": "cli", "name": "x", "id": None}, 3, "records", 7,
                        {"Postage": 2}, True)
    assert Progress.of(ImportRun(cursor=progress.to_json())) == progress
    assert replace(progress, position=8) != progress
    assert file_runs.next_phase("bundles", BOTH) == file_runs.END
    assert file_runs.next_phase(None, Options()) == "records"
    assert file_runs.next_phase(None, BOTH) == "survey"
    assert file_runs.next_phase("survey", BOTH) == "records"
