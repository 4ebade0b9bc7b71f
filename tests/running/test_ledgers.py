"""Every check of the books finds the damage it is for, and nothing where there is none.

One small busy shop per engine; each test damages it inside a transaction that is rolled back.
Tables are first copied over themselves without their guards, since those would refuse the damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.db import make_engine
from oms_web.core.work import Works
from oms_web.domain.audit import sealing
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.cancelling import cancel_units
from oms_web.domain.orders.leaving import goods_left
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import order_pay, return_bench, return_case, return_portal, return_refund
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.order_in import take_in
from oms_web.flows.return_portal import Declared
from oms_web.inspection import ledgers
from oms_web.sync.models import ImportProfile, ImportRun
from oms_web.sync.quarantine import put, solve
from tests import factories, paper
from tests.conftest import DatabaseMaker


def fill(works: Works) -> None:
    """Orders reserved, short, unpaid, shipped, half cancelled; a bundle; invoices; quarantine."""
    account, ids = factories.shop(works, {"KUBEK": 20, "TALERZ": 9, "RZADKI": 1})
    with works.writing(SYSTEM) as work:
        paper.company(work)
        factories.variant(work, "ZESTAW", parts={ids["KUBEK"]: 2, ids["TALERZ"]: 1})
        put(work, account.id, "order", "Z-1", "{", "unreadable")
        taken = take_in(work, account, [
            factories.order("A-1", {"KUBEK": 2}),
            factories.order("A-2", {"ZESTAW": 3, "KUBEK": 1}),
            factories.order("A-3", {"RZADKI": 4}),
            factories.order("A-4", {"TALERZ": 2}, state="unpaid"),
            factories.order("Z-1", {"KUBEK": 3}),
        ])
        assert taken.added == 5
        solve(work, account.id, "order", ["Z-1"])
    first, _, _, _, last = taken.order_ids
    with works.writing(SYSTEM) as work:
        issue_invoice(work, first)
        issue_invoice(work, last)
        leaves = orders.lock_order(work.session, first)
        lines = orders.order_lines(work.session, first)
        goods_left(work, leaves, lines, {lines[0].id: 2}, "shipment:1")
        orders.set_phase(work, leaves, "ship")
        orders.refile(work, [first])
        lines = orders.order_lines(work.session, last)
        cancel_units(work, work.session.get(Order, last), {lines[0].id: 1}, by="buyer")
        profile = ImportProfile(name="p", kind="orders", spec={}, created_at=work.now,
                                updated_at=work.now)
        work.session.add(profile)
        work.session.flush()
        work.session.add(ImportRun(
            profile_id=profile.id, file="f", original_name="f.csv", digest="0", state="done",
            read=5, added=3, same=1, quarantined=1, started_by="x", created_at=work.now))
        work.session.execute(text(
            "INSERT INTO task (kind, key, args, state, not_before, created_at, attempts, fence, "
            "progress, progress_total) VALUES ('pull', 'a', '{}', 'waiting', '2026-01-01', "
            "'2026-01-01', 0, 0, 0, 0)"))
    _after_the_sale(works, first)
    later = Works(works.engine, lambda: works.clock() + timedelta(hours=1), works.ports)
    with later.writing(SYSTEM) as work:
        assert sealing.seal(work) > 0


def _after_the_sale(works: Works, order_id: int) -> None:
    """A unit comes back and is on its shelf again, some money goes back, a buyer withdraws."""
    with works.writing(SYSTEM) as work:
        [line] = orders.order_lines(work.session, order_id)
        case, _ = return_case.open_for(work, order_id, Opening("return", lines={line.id: 1}))
        [mine] = cases.lines_of(work.session, case.id)
        return_bench.judge(work, case.id, Judgement(mine.id, "A", "restock", "k"))
        order_pay.record(work, order_id, 2000, "", work.now, "p")
        return_refund.ask(work, case.id, Wish({line.id: 1}), "cash", "k")
        return_portal.withdraw(work, Declared("Anna", "anna@example.test", "X", "k"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
          ) -> Iterator[Connection]:
    """A connection to the busy shop whose changes never last."""
    make = _maker(request, tmp_path_factory)
    engine = make_engine(make)
    fill(Works(engine))
    engine.dispose()
    if engine.dialect.name == "sqlite":
        # Tables are dropped below; their children must not be looked at then.
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=OFF"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _maker(request: pytest.FixtureRequest, folder: pytest.TempPathFactory) -> str:
    import shutil

    from tests import postgres

    if request.param == "sqlite":
        file = folder.mktemp("books") / "oms.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    postgres.administer(server, f"CREATE DATABASE books TEMPLATE {template}")
    request.addfinalizer(lambda: postgres.administer(server, "DROP DATABASE books WITH (FORCE)"))
    return postgres.named(server, "books")


@pytest.fixture
def session(books: Connection) -> Iterator[Session]:
    """Reads what the test did to the books; it is undone afterwards."""
    with Session(books) as opened:
        yield opened
    books.rollback()


def unguard(session: Session, *tables: str) -> None:
    """Copy tables over themselves: the rows stay, keys, constraints and triggers go."""
    cascade = "" if session.get_bind().dialect.name == "sqlite" else "CASCADE"
    for table in tables:
        session.execute(text(f"CREATE TABLE bare AS SELECT * FROM {table}"))
        session.execute(text(f"DROP TABLE {table} {cascade}"))
        session.execute(text(f"ALTER TABLE bare RENAME TO {table}"))


def test_a_healthy_shop_has_no_findings(session):
    assert ledgers.check(session) == []


def test_a_series_may_begin_where_an_old_system_stopped(session):
    unguard(session, "document")
    session.execute(text("UPDATE document SET sequence = sequence + 128"))
    session.execute(text("UPDATE document_series_period SET last = last + 128"))
    assert ledgers.check(session, only=["I18"]) == []


Damage = tuple[str, tuple[str, ...], str]
# check -> the tables whose guards are in the way, and what somebody or something did to them.
DAMAGE: list[Damage] = [
    ("I1 nothing_below_zero", ("balance",), "UPDATE balance SET on_hand = -1 WHERE variant_id = 1"),
    ("I1 nothing_below_zero", ("balance",), "UPDATE balance SET reserved = on_hand + 1"),
    ("I2 on_hand_is_the_sum_of_moves", ("balance",), "UPDATE balance SET on_hand = on_hand + 1"),
    ("I2 on_hand_is_the_sum_of_moves", ("balance",), "DELETE FROM balance WHERE variant_id = 2"),
    ("I2 on_hand_is_the_sum_of_moves", ("move",), "DELETE FROM move WHERE reason = 'sale'"),
    ("I2 on_hand_is_the_sum_of_moves", ("move",), "UPDATE move SET quantity = quantity + 1"),
    ("I3 ledgers_refuse_change", ("move",), "SELECT 1"),
    ("I3 ledgers_refuse_change", ("audit_entry",), "SELECT 1"),
    ("I3 moves_have_a_cause", ("move",), "UPDATE move SET cause = '' WHERE id = 1"),
    ("I4 reserved_is_the_sum_of_promises", ("balance",),
     "UPDATE balance SET reserved = reserved - 1 WHERE reserved > 0"),
    ("I4 reserved_is_the_sum_of_promises", ("reservation",),
     "UPDATE reservation SET location_id = location_id + 1000"),
    ("I4 lines_count_their_promises", ("order_line",),
     "UPDATE order_line SET reserved = reserved + 1 WHERE sku = 'ZESTAW'"),
    ("I4 lines_count_their_promises", ("reservation",),
     "DELETE FROM reservation WHERE variant_id = 2"),
    ("I4 lines_count_their_promises", ("order_line",), "DELETE FROM order_line WHERE reserved > 0"),
    ("I5 promises_serve_open_lines", ("sales_order",),
     "UPDATE sales_order SET phase = 'cancelled' WHERE external_number = 'A-2'"),
    ("I5 promises_serve_open_lines", ("sales_order",),
     "DELETE FROM sales_order WHERE external_number = 'A-2'"),
    ("I5 promises_serve_open_lines", ("order_line",),
     "UPDATE order_line SET shipped = quantity WHERE sku = 'ZESTAW'"),
    ("I9 channel_orders_are_once", ("channel_order",),
     "INSERT INTO channel_order SELECT * FROM channel_order WHERE external_id = 'A-1'"),
    ("I9 channel_orders_became_one_order", (),
     "INSERT INTO order_link (order_id, channel_order_id, kind) SELECT MAX(order_id), "
     "MIN(channel_order_id), 'origin' FROM order_link"),
    ("I9 lines_stand_for_linked_channel_orders", (), "DELETE FROM order_link WHERE order_id = "
     "(SELECT MIN(order_id) FROM order_link)"),
    ("I9 channel_lines_are_once", ("order_line",),
     "INSERT INTO order_line SELECT * FROM order_line WHERE sku = 'RZADKI'"),
    ("I11 lines_stay_within_what_was_ordered", ("order_line",),
     "UPDATE order_line SET cancelled = 1 WHERE shipped > 0"),
    ("I11 lines_stay_within_what_was_ordered", ("order_line",),
     "UPDATE order_line SET returned = 1 WHERE shipped = 0"),
    ("I3 judged_units_are_in_the_ledger", ("move",),
     "DELETE FROM move WHERE cause LIKE 'return_unit:%'"),
    ("I11 lines_count_what_came_back", ("order_line",),
     "UPDATE order_line SET returned = 2, shipped = 2 WHERE returned = 1"),
    ("I11 lines_count_what_came_back", ("return_unit",), "DELETE FROM return_unit"),
    ("I16 pending_refunds_are_set_aside", (), "UPDATE refund SET state = 'refused'"),
    ("I16 pending_refunds_are_set_aside", ("sales_order",),
     "UPDATE sales_order SET refund_pending = refund_pending + 1 WHERE external_number = 'A-1'"),
    ("I16 refunds_stay_within_what_was_paid", ("refund",), "UPDATE refund SET amount = 100000"),
    ("I24 statements_are_unbroken", ("return_statement",),
     "UPDATE return_statement SET digest = 'x'"),
    ("I13 quarantine_lost_nothing", (), "UPDATE quarantine SET external_id = 'Z-2'"),
    ("I13 imports_account_for_every_record", (), "UPDATE import_run SET read = 6"),
    ("I14 totals_add_up", ("sales_order",),
     "UPDATE sales_order SET total = total + 1 WHERE external_number = 'A-1'"),
    ("I14 lines_add_up", ("order_line",), "UPDATE order_line SET total = total + 1 WHERE id = 1"),
    ("I14 lines_add_up", ("order_line",), "DELETE FROM order_line WHERE sku = 'RZADKI'"),
    ("I14 payments_add_up", ("payment",), "DELETE FROM payment WHERE id = 1"),
    ("I14 payments_add_up", ("sales_order",),
     "UPDATE sales_order SET paid_total = paid_total + 1 WHERE external_number = 'A-4'"),
    ("I18 document_numbers_have_no_gap", ("document",), "DELETE FROM document WHERE sequence = 2"),
    ("I18 document_numbers_have_no_gap", ("document",),
     "UPDATE document SET sequence = 7 WHERE sequence = 2"),
    ("I18 document_numbers_have_no_gap", ("document_series_period",),
     "DELETE FROM document_series_period"),
    ("I18 issued_documents_are_kept", ("document",), "DELETE FROM document WHERE sequence = 1"),
    ("I18 issued_documents_are_kept", ("document",), "DELETE FROM document"),
    ("I18 document_numbers_have_no_gap", ("document",), "UPDATE document SET sequence = 1"),
    ("I18 document_numbers_have_no_gap", (), "UPDATE document_series_period SET last = last + 1"),
    ("I18 documents_add_up", ("document",), "UPDATE document SET gross = gross - 1"),
    ("I21 tasks_end", (),
     "UPDATE task SET state = 'running', worker = 'w', lease_until = '2026-01-01 00:00:00'"),
    ("I21 tasks_end", (), "UPDATE task SET state = 'running', lease_until = NULL"),
    ("I21 tasks_end", (), "UPDATE task SET state = 'done', finished_at = NULL"),
    ("I21 tasks_end", (), "UPDATE task SET state = 'lost'"),
    ("I24 audit_trail_is_unbroken", ("audit_entry",),
     "UPDATE audit_entry SET actor_name = 'Nobody' WHERE id = 2"),
    ("I24 audit_trail_is_unbroken", ("audit_entry",), "DELETE FROM audit_entry WHERE id = 2"),
    ("counts queues_are_counted_right", (), "DELETE FROM order_tally WHERE kind = 'queue'"),
    ("counts queues_are_counted_right", (), "UPDATE order_tally SET n = n + 1 WHERE kind = "
                                            "'status'"),
]


@pytest.mark.parametrize(("name", "guarded", "deed"), DAMAGE,
                         ids=[f"{number}-{name}" for number, (name, _, _) in enumerate(DAMAGE)])
def test_damage_is_found(session, name, guarded, deed):
    unguard(session, *guarded)
    session.execute(text(deed))
    found = list(ledgers.CHECKS[name](session))
    assert found
    assert all(finding.unfit and finding.check == name.partition(" ")[0] for finding in found)


def test_every_check_has_its_damage():
    only_sqlite = {"I23 references_lead_somewhere", "I23 file_is_whole"}
    assert {name for name, _, _ in DAMAGE} | only_sqlite == set(ledgers.CHECKS)


def test_a_finding_shows_three_examples_and_counts_the_rest(session):
    unguard(session, "sales_order")
    session.execute(text("UPDATE sales_order SET total = total + 1"))
    (finding,) = ledgers.check(session, only=["I14"])
    assert finding.sentence.count("is not") == 3
    assert finding.sentence.endswith("(5 in all)")
    assert "order 10001: 2000 + 0 - 0 is not 2001" in finding.sentence


def test_a_row_whose_parent_is_gone_is_found(make_database: DatabaseMaker):
    engine = make_engine(make_database("sqlite"))
    fill(Works(engine))
    with engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(text("DELETE FROM warehouse"))
        with Session(connection) as session:
            (finding,) = ledgers.check(session, only=["I23"])
    assert "location" in finding.sentence
    assert "warehouse" in finding.sentence
    engine.dispose()


def test_a_damaged_file_is_found_and_the_other_checks_still_speak(make_database: DatabaseMaker):
    address = make_database("sqlite")
    engine = make_engine(address)
    fill(Works(engine))
    with engine.connect() as connection:
        page = connection.execute(text(
            "SELECT rootpage FROM sqlite_master WHERE name = 'move'")).scalar_one()
        connection.rollback()
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    with open(address.removeprefix("sqlite:///"), "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 512)
    engine = make_engine(address)
    with Session(engine) as session:
        found = ledgers.check(session)
    assert any(finding.check == "I23" and "damaged" in finding.sentence for finding in found)
    assert any(finding.check == "I2" and "cannot be read" in finding.sentence for finding in found)
    assert not any(finding.check == "I14" for finding in found)
    engine.dispose()


def test_the_list_of_guarded_ledgers_is_that_of_the_migration():
    import importlib

    guards = importlib.import_module("oms_web.migrations.versions.0002_guards")
    assert set(ledgers.stock_books.APPEND_ONLY) == set(guards.APPEND_ONLY)


