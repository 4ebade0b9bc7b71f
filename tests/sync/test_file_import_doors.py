"""Bringing files in, watched folders, the background task and the shell."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import zipfile

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from oms_web.cli import cli
from oms_web.core.claims import Task, enqueue
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, drop_folder, file_profiles
from oms_web.sync.file_profiles import file_connector
from oms_web.sync.file_store import bring_in
from oms_web.sync.models import ImportProfile, ImportRun
from oms_web.sync.registry import Registry
from tests.sync.file_shop import CLERK, HEADER, PROFILE, shop

ONE = HEADER + "1,2026-03-01,KUB,Kubek,3,12.50\n"
JOINING = {
    "format": {"file": "lines*.csv"},
    "lookups": [{"name": "head", "file": "heads.csv", "key": "Id", "column": "Order"}],
}


@pytest.fixture
def here(oms, tmp_path):
    return shop(oms, tmp_path / "seller")


def test_a_file_is_stored_under_its_content(here, oms):
    stored = bring_in(oms.importer.store, [here.file(ONE)], {})
    assert stored.digest == hashlib.sha256(ONE.encode()).hexdigest()
    assert oms.importer.store.path(stored.name).read_text() == ONE
    assert stored.original_name == "orders.csv"
    left = [p for p in oms.settings.files.rglob("*") if p.is_file()]
    assert len(left) == 1


def test_files_beside_are_packed_the_same_way_every_time(here, oms):
    lines = here.file("Order\n1\n", "lines-03.csv")
    with pytest.raises(Invalid, match=r"also needs a file heads\.csv"):
        bring_in(oms.importer.store, [lines], JOINING)
    (here.folder / "heads.csv.gz").write_bytes(gzip.compress(b"Id\n1\n", mtime=1))
    here.file("not wanted", "other.csv")
    first = bring_in(oms.importer.store, [lines], JOINING)
    os.utime(lines, (1, 1))
    assert bring_in(oms.importer.store, [lines], JOINING) == first
    with zipfile.ZipFile(oms.importer.store.path(first.name)) as archive:
        assert sorted(archive.namelist()) == ["heads.csv.gz", "lines-03.csv"]
    # Any of the files may be named: the profile knows which is the main one.
    again = bring_in(oms.importer.store, [here.folder / "heads.csv.gz"], JOINING)
    assert again.digest == first.digest
    odd = bring_in(oms.importer.store, [here.file("Order\n1\n", "march.csv")],
                   {**JOINING, "format": {"file": "main.csv"}})
    with zipfile.ZipFile(oms.importer.store.path(odd.name)) as archive:
        assert sorted(archive.namelist()) == ["heads.csv.gz", "main.csv"]


def test_profiles_are_checked_named_once_and_kept_while_they_are_used(here, oms):
    with oms.works.writing(CLERK) as work:
        saved, problems = file_profiles.save(work, oms.registry, None, " Allegro  CSV ", "orders",
                                             PROFILE)
        assert (saved.name, problems) == ("Allegro CSV", ())
        for name, kind, says in (("", "orders", "name"), ("x", "people", "holds"),
                                 ("Allegro CSV", "orders", "Another profile")):
            with pytest.raises(Invalid, match=says):
                file_profiles.save(work, oms.registry, None, name, kind, PROFILE)
        nothing, problems = file_profiles.save(work, oms.registry, saved.id, "Allegro CSV",
                                               "orders", {**PROFILE, "key": ""})
        assert nothing is None
        assert [problem.field for problem in problems] == ["key"]
    with oms.works.reading(CLERK) as work:
        assert work.session.scalars(select(ImportProfile.spec)).one() == PROFILE
    here.run(here.file(ONE), "Allegro CSV")
    with oms.works.writing(CLERK) as work, pytest.raises(NotAllowedNow):
        file_profiles.delete(work, saved.id)
    with oms.works.writing(CLERK) as work:
        other, _ = file_profiles.save(work, oms.registry, None, "unused", "orders", PROFILE)
        file_profiles.delete(work, other.id)
        with pytest.raises(NotFound, match="There are: Allegro CSV, amazon-orders"):
            file_profiles.by_name(work, oms.registry, "unused")


def test_without_the_connector_there_is_a_word_and_no_fault():
    with pytest.raises(NotAllowedNow, match="not installed"):
        file_connector(Registry())


# -- watched folders ------------------------------------------------------------------------------

@pytest.fixture
def folder(here, oms):
    """A watched folder of an account whose files are orders."""
    with oms.works.writing(CLERK) as work:
        file_profiles.save(work, oms.registry, None, "hurt", "orders", PROFILE)
        account = accounts.connect(work, file_connector(oms.registry), "Hurtownia Łódź",
                                   {"folder": "1", "profile": "hurt"}, {})
        accounts.connect(work, file_connector(oms.registry), "Quiet", {}, {})
    path = drop_folder.folder_of(oms.settings.instance / "drop", account.id, account.name)
    assert path.name == f"hurtownia-lodz-{account.id}"
    path.mkdir(parents=True)
    return path


class Looks:
    """Looks into the folders, some seconds apart."""

    def __init__(self, oms):
        self.oms, self.now = oms, oms.works.clock()

    def __call__(self, seconds=11):
        from datetime import timedelta
        self.now += timedelta(seconds=seconds)
        return drop_folder.look(self.oms.importer, self.oms.settings.instance / "drop", self.now)


def inside(folder, part):
    return sorted(p.name for p in (folder / part).iterdir() if not p.name.startswith("."))


def test_a_complete_file_is_imported_and_put_aside_with_a_report(here, oms, folder):
    look = Looks(oms)
    (folder / "march.csv").write_text(ONE + "A1,2026-03-01,B,x,1,1\n")
    assert look() == {"done": 0, "failed": 0}, "seen for the first time"
    assert look() == {"done": 1, "failed": 0}
    assert inside(folder, "done") == ["march.csv", "march.csv.report.json"]
    report = json.loads((folder / "done" / "march.csv.report.json").read_text())
    assert (report["added"], report["quarantined"], report["state"]) == (1, 1, "done")
    assert report["reasons"] == {"Money without goods": 1}
    assert [p.name for p in folder.iterdir() if p.is_file()] == [".seen.json"]
    with oms.works.reading(CLERK) as work:
        account = work.session.get(ChannelAccount, work.session.scalars(
            select(Order.account_id)).one())
        assert account.name == "Hurtownia Łódź"
    assert look() == {"done": 0, "failed": 0}


def test_a_growing_or_unfinished_file_is_left_alone(here, oms, folder):
    look = Looks(oms)
    growing = folder / "big.csv"
    for part in range(4):
        growing.write_text(ONE + f"A{part},x\n" * part)
        assert look() == {"done": 0, "failed": 0}
    (folder / "later.csv.part").write_text(ONE)
    (folder / ".hidden.csv").write_text(ONE)
    (folder / "empty.csv").write_text("")
    (folder / "sub").mkdir()
    assert look(3) == {"done": 0, "failed": 0}, "not yet ten seconds unchanged"
    assert look()["done"] == 1
    for _ in range(3):
        assert look() == {"done": 0, "failed": 0}
    assert {p.name for p in folder.iterdir() if p.is_file()} == {
        ".seen.json", "later.csv.part", ".hidden.csv", "empty.csv"}


def test_what_cannot_be_read_goes_to_failed_with_the_reason(here, oms, folder):
    look = Looks(oms)
    for name in ("bad.csv", "other.csv"):
        (folder / name).write_text(f"nothing,{name}\n1,2\n")
    look()
    assert look() == {"done": 0, "failed": 2}
    (folder / "bad.csv").write_text("nothing,here at all\n1,2\n")
    look()
    look()
    assert inside(folder, "failed") == [
        "bad-2.csv", "bad-2.csv.report.json", "bad.csv", "bad.csv.report.json", "other.csv",
        "other.csv.report.json"]
    report = json.loads((folder / "failed" / "bad.csv.report.json").read_text())
    assert report["error"].startswith("The file has no column Order")


def test_a_folder_without_its_profile_says_so(here, oms, folder):
    with oms.works.writing(CLERK) as work:
        account = work.session.scalars(
            select(ChannelAccount).where(ChannelAccount.name == "Hurtownia Łódź")).one()
        account.settings = {"folder": "1", "profile": "gone"}
    look = Looks(oms)
    (folder / "x.csv").write_text(ONE)
    look()
    assert look() == {"done": 0, "failed": 1}
    assert "no profile gone" in (folder / "failed" / "x.csv.report.json").read_text()


def test_a_file_whose_process_died_is_found_again(here, oms, folder, monkeypatch):
    look = Looks(oms)
    (folder / "x.csv").write_text(ONE)
    look()

    def dies(*_args):
        raise OSError("gone")

    monkeypatch.setattr(drop_folder, "run_import", dies)
    with pytest.raises(OSError, match="gone"):
        look()
    assert inside(folder, "working") == ["x.csv"]
    monkeypatch.undo()
    assert look() == {"done": 1, "failed": 0}
    assert inside(folder, "working") == []


def test_the_clock_and_the_worker_look_by_themselves(here, oms, folder, monkeypatch):
    monkeypatch.setattr(drop_folder, "SETTLE_S", 0)
    (folder / "x.csv").write_text(ONE)
    rings.ring_drop_folders(oms)
    drain(oms)
    assert inside(folder, "done") == ["x.csv", "x.csv.report.json"]


def test_the_clock_asks_for_nothing_while_no_folder_is_watched(here, oms):
    rings.ring_drop_folders(oms)
    assert here.rows(select(Task.id)) == []


# -- background and shell -------------------------------------------------------------------------

def test_a_run_is_done_in_the_background_with_progress(here, oms):
    run_id = here.begin(here.file(ONE))
    bad = here.begin(here.file("x\n1\n", "bad.csv"))
    with oms.works.writing(CLERK) as work:
        for run in (run_id, bad):
            enqueue(work.session, "import_file", str(run), {"run_id": run}, now=work.now)
    drain(oms)
    tasks = here.rows(select(Task.state, Task.result, Task.progress, Task.progress_total)
                      .where(Task.kind == "import_file").order_by(Task.id))
    assert tasks[0][0] == tasks[1][0] == "done"
    assert tasks[0][1]["added"] == 1
    assert tasks[0][2:] == (1, 1)
    assert tasks[1][1]["state"] == "failed"
    assert here.summary(bad).run.error.startswith("The file has no column")


@pytest.fixture
def shell(here, oms, monkeypatch):
    """``oms import ...`` on this installation."""
    monkeypatch.setattr("oms_web.cli.imports.opened", lambda: oms)

    def call(*args):
        return CliRunner().invoke(cli, ["import", *map(str, args)])

    return call


ENGLISH = ("order id,order date,sku,product name,qty,unit price\n"
           "1,2026-03-01,KUB,Mug,2,12.50\n2,2026-03-01,KUB,Mug,1.5,12.50\n")


def test_orders_from_the_shell(here, oms, shell):
    path = here.folder / "orders.csv.gz"
    path.write_bytes(gzip.compress(ENGLISH.encode()))
    done = shell("orders", path, "--opening-stock", "--create-products")
    assert done.exit_code == 3, done.output  # done, and something waits in quarantine
    told = " ".join(done.output.split())
    assert "orders.csv.gz with orders-simple: done in" in told
    assert "read 2 added 1 changed 0 same 0 skipped 0 quarantined 1" in told
    assert "1 quantity is not a whole number" in told
    assert "the orders belong to the channel orders-simple" in told
    assert "look at them under Channels, Quarantine" in told
    assert here.stock() == {"KUB": 2}
    again = " ".join(shell("orders", path).output.split())
    assert "read 2 added 0 changed 0 same 1 skipped 0 quarantined 1" in again


def test_products_stock_and_profiles_from_the_shell(here, oms, shell):
    goods = here.file("sku;nazwa;cena;stan\nKUB;Kubek;12,50;5\n", "p.csv")
    assert shell("products", goods).exit_code == 0
    assert here.stock() == {"KUB": 5}
    assert shell("stock", here.file("sku,ilość\nKUB,3\n", "s.csv")).exit_code == 0
    assert here.stock() == {"KUB": 3}
    listed = shell("profiles").output
    assert "products-simple      products  ready" in listed  # used, and as it came
    with oms.works.writing(CLERK) as work:
        profile = file_profiles.by_name(work, oms.registry, "products-simple")
        profile.spec = {**profile.spec, "about": "mine"}
    listed = shell("profiles").output
    assert "products-simple      products  yours  mine" in listed
    assert "amazon-report        orders    ready" in listed


@pytest.mark.parametrize(("args", "says"), [
    (("orders", "FILE", "--profile", "nix"), "There is no profile nix"),
    (("products", "FILE", "--profile", "amazon-report"), "reads orders"),
])
def test_refusals_in_the_shell(here, shell, args, says):
    path = here.file(ENGLISH)
    done = shell(*(str(path) if arg == "FILE" else arg for arg in args))
    assert done.exit_code != 0
    assert says in str(done.exception)


def test_a_failed_import_ends_with_an_exit_code(here, shell):
    done = shell("orders", here.file("a,b\n1,2\n"))
    assert done.exit_code == 1
    assert "failed" in done.output
    assert "records/s" not in done.output
    assert "The file has none of the columns order id, order number" in done.output
    assert here.rows(select(ImportRun.state)) == [("failed",)]


def test_an_interrupted_import_says_where_it_goes_on(here, oms, shell, monkeypatch):
    monkeypatch.setattr("oms_web.sync.file_pages.RECORDS", 1)
    path = here.file(ENGLISH.replace("1.5", "1"))
    from oms_web.cli import imports

    class Stop:
        seconds = 1.0

        def __init__(self, *_):
            pass

        def show(self, done, _total):
            raise KeyboardInterrupt

        def end(self):
            pass

    monkeypatch.setattr(imports, "ProgressLine", Stop)
    assert shell("orders", path).exit_code != 0
    monkeypatch.undo()
    monkeypatch.setattr("oms_web.cli.imports.opened", lambda: oms)
    done = shell("orders", path)
    assert "goes on after 1 records" in done.output
    assert "read 2 added 2" in " ".join(done.output.split())


def test_disk_copies_survive_their_source(here, oms):
    path = here.file(ONE)
    run_id = here.begin(path)
    shutil.rmtree(here.folder)
    from oms_web.sync.file_import import run_import

    assert run_import(oms.importer, run_id)
    assert here.summary(run_id).run.added == 1
