"""``oms db`` and ``oms users`` as an operator types them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from oms_web import migrations
from oms_web.cli import COMMANDS, cli, exports
from oms_web.cli.first_start import DEMO_WANTED, first_language, prepare
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.users import service as users
from oms_web.wiring import wire
from tests import factories


@pytest.fixture
def oms_command(tmp_path, monkeypatch, make_database):
    """A function that runs ``oms`` on a fresh database; refusals are raised."""
    monkeypatch.setenv("OMS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("OMS_DATABASE", make_database("sqlite"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)

    return run


def test_every_command_of_the_help_can_be_loaded():
    said = CliRunner().invoke(cli, ["--help"]).output
    for name in COMMANDS:
        assert re.search(rf"^  {name}\s", said, re.MULTILINE)
        done = CliRunner().invoke(cli, [name, "--help"], catch_exceptions=False)
        assert done.exit_code == 0


def test_no_sentence_of_the_help_is_cut_off():
    for name in COMMANDS:
        said = CliRunner().invoke(cli, [name, "--help"], catch_exceptions=False).output
        assert "..." not in said.replace("[ARGS]...", ""), said


def test_help_names_what_only_a_checkout_can_do_and_the_market_port():
    said = CliRunner().invoke(cli, ["--help"]).output
    assert re.search(r"^  setup\s.*\n  test\s", said, re.MULTILINE)
    assert "OMS_DEMO_PORT" in CliRunner().invoke(cli, ["serve", "--help"]).output


@pytest.mark.parametrize(("typed", "meant"), [
    (("backup",), "oms db backup"), (("srve",), "oms serve"), (("db", "stauts"), "oms db status"),
    (("import", "order"), "oms import orders"),
])
def test_a_wrong_guess_hears_what_was_meant(typed, meant):
    done = CliRunner().invoke(cli, list(typed), prog_name="oms")
    assert done.exit_code == 2
    assert f"Did you mean '{meant}'?" in done.output
    assert "Did you mean" not in CliRunner().invoke(cli, ["xyzzy"]).output


def test_plain_mistakes_are_refused_before_anything_is_done(oms_command, tmp_path):
    with pytest.raises(Invalid, match=r"There is no revision zzz. There are: base, 0001"):
        oms_command("db", "downgrade", "zzz")
    assert not (tmp_path / "instance" / "backups").exists()
    for arguments in (("db", "backup"), ("export", "orders")):
        with pytest.raises(Invalid, match="There is no folder"):
            oms_command(*arguments, str(tmp_path / "nodir" / "o.csv"))
    assert not (tmp_path / "nodir").exists()


def test_the_demo_market_is_asked_where_its_channel_is(oms_command):
    oms = wire()
    with oms.works.writing(SYSTEM) as work:
        account = factories.account(work)
        account.connector, account.settings = "demo", {"url": "http://127.0.0.1:9"}
    with pytest.raises(NotAllowedNow) as refused:
        oms_command("demo", "place", "2")
    assert "does not answer at http://127.0.0.1:9." in str(refused.value)
    assert "Error" not in str(refused.value)


def test_help_is_quick_because_it_loads_nothing():
    code = ("import sys; from oms_web.cli import cli\n"
            "try: cli(['--help'])\n"
            "except SystemExit: print(sorted({m.partition('.')[0] for m in sys.modules} "
            "& {'sqlalchemy', 'flask', 'pydantic'}))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_people_are_added_listed_and_given_a_new_password(oms_command):
    assert oms_command("users", "add", "Anna@Example.test", "--role", "sales").exit_code == 0
    made = oms_command("users", "password", "anna@example.test").output
    assert re.search(r"password: \S{12,}", made)
    listed = oms_command("users", "list").output
    assert re.search(r"anna@example.test\s+sales\s+active\s+last sign-in never", listed)


def test_a_new_password_ends_sessions_and_is_the_one_that_counts(oms_command):
    oms_command("users", "add", "anna@example.test", "--password", "correct horse battery")
    oms = wire()
    with oms.works.writing(SYSTEM) as work:
        token, _ = users.sign_in(work, "anna@example.test", "correct horse battery",
                                 address="127.0.0.1", agent="test", hours=1)
    said = oms_command("users", "password", "anna@example.test").output
    new = re.search(r"password: (\S+)", said)[1]
    with oms.works.writing(SYSTEM) as work:
        assert users.find_session(work.session, token, work.now) is None
        with pytest.raises(Invalid):
            users.sign_in(work, "anna@example.test", "correct horse battery",
                          address="127.0.0.1", agent="test", hours=1)
        assert users.sign_in(work, "anna@example.test", new, address="127.0.0.1", agent="test",
                             hours=1)
    oms.engine.dispose()


def test_a_stranger_gets_no_password_and_a_short_one_is_refused(oms_command):
    with pytest.raises(NotFound, match=r"nobody@example\.test"):
        oms_command("users", "password", "nobody@example.test")
    with pytest.raises(Invalid, match="at least"):
        oms_command("users", "add", "a@example.test", "--password", "short")
    assert oms_command("users", "list").output == ""


def test_status_fails_until_the_database_fits(oms_command):
    assert oms_command("db", "status").exit_code == 0
    oms_command("db", "downgrade", "0001")
    done = oms_command("db", "status")
    assert done.exit_code == 1
    assert f"schema    0001, this version needs {migrations.head()}" in done.output
    with pytest.raises(NotAllowedNow, match="oms db upgrade"):
        oms_command("users", "list")
    oms_command("db", "upgrade")
    assert oms_command("db", "status").exit_code == 0


def test_up_and_down_copy_the_database_first(oms_command, tmp_path):
    oms_command("db", "downgrade", "0001")
    oms_command("db", "upgrade")
    copies = sorted(f.name for f in (tmp_path / "instance" / "backups").iterdir())
    assert [re.search(r"schema-(\w+)\.", name)[1] for name in copies] == [
        migrations.head(), "0001"]


def test_a_backup_holds_what_the_database_holds(oms_command, tmp_path):
    oms = wire()
    factories.shop(oms.works, {"KUBEK": 3})
    target = tmp_path / "copy.sqlite3"
    assert str(target) in oms_command("db", "backup", str(target)).output
    assert target.stat().st_mode & 0o777 == 0o600
    (tmp_path / "instance" / "oms.toml").write_text("")
    os.environ["OMS_DATABASE"] = f"sqlite:///{target}"
    copy = wire()
    with copy.works.reading(SYSTEM) as work:
        assert work.session.connection().exec_driver_sql(
            "SELECT SUM(on_hand) FROM balance").scalar_one() == 3
    copy.engine.dispose()
    oms.engine.dispose()


def test_looking_for_a_database_does_not_make_one(oms_command, tmp_path, monkeypatch):
    place = tmp_path / "none.sqlite3"
    monkeypatch.setenv("OMS_DATABASE", f"sqlite:///{place}")
    assert oms_command("db", "status").exit_code == 1
    for arguments in (("users", "list"), ("work",)):
        with pytest.raises(NotAllowedNow, match="There is no database"):
            oms_command(*arguments)
    with pytest.raises(Invalid, match="no database"):
        oms_command("db", "backup")
    assert not place.exists()


def test_a_postgresql_shop_is_sent_to_pg_dump(oms_command, make_database, monkeypatch):
    monkeypatch.setenv("OMS_DATABASE", make_database("postgresql"))
    assert oms_command("db", "status").exit_code == 0
    with pytest.raises(Invalid, match="pg_dump"):
        oms_command("db", "backup")


def test_the_address_is_shown_without_its_password(oms_command, monkeypatch):
    monkeypatch.setenv("OMS_DATABASE", "postgresql+psycopg://me:secret@127.0.0.1:9/shop")
    from oms_web.cli.database import shown

    assert shown(wire()) == "postgresql+psycopg://me:***@127.0.0.1:9/shop"


def test_a_refusal_is_one_line_and_code_1(tmp_path):
    done = subprocess.run([sys.executable, "-m", "oms_web.cli", "users", "list"],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "OMS_INSTANCE": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.startswith("oms: There is no database at sqlite:///")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("what", sorted(exports.LISTS))
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_list_can_be_written_to_a_file(oms_command, tmp_path, what, kind):
    oms = wire()
    factories.shop(oms.works, {"KUBEK": 3})
    oms.engine.dispose()
    target = tmp_path / f"list.{kind}"
    assert str(target) in oms_command("export", what, str(target)).output
    if kind == "csv":
        text = target.read_bytes().decode("utf-8-sig")
        filled = what in ("audit", "bins", "ledger", "products", "stock")
        assert text.count("\r\n") == (2 if filled else 1)
        assert ("KUBEK" in text) is (what in ("bins", "ledger", "products", "stock"))
    else:
        assert len(CalamineWorkbook.from_path(target).get_sheet_by_index(0).to_python()) >= 1
    with pytest.raises(Invalid, match="already there"):
        oms_command("export", what, str(target))
    assert oms_command("export", what, str(target), "--overwrite").exit_code == 0
    assert [f.name for f in tmp_path.glob("list*")] == [target.name]


def test_a_list_on_standard_output_is_csv_and_the_trail_knows_of_it(oms_command):
    assert oms_command("export", "stock", "-").output.startswith("\ufeffsku,")
    with wire().works.reading(SYSTEM) as work:
        acts = work.session.scalars(select(AuditEntry.act)).all()
    assert acts == ["list.export"]


def test_a_list_in_another_format_is_refused(oms_command, tmp_path):
    with pytest.raises(Invalid, match=r"\.csv or \.xlsx"):
        oms_command("export", "stock", str(tmp_path / "stock.pdf"))


@pytest.mark.parametrize(("spoken", "language"), [
    ({"LANG": "pl_PL.UTF-8"}, "pl"), ({"LANG": "en_GB.UTF-8"}, "en"), ({"LANG": "C.UTF-8"}, "pl"),
    ({}, "pl"), ({"LANG": "en_US.UTF-8", "LC_ALL": "pl_PL.UTF-8"}, "pl"),
])
def test_the_owner_gets_the_language_of_the_machine(monkeypatch, spoken, language):
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in spoken.items():
        monkeypatch.setenv(name, value)
    assert first_language() == language


@pytest.fixture
def seeds(monkeypatch):
    """How often the demo shop was filled; the first time it fails."""
    import oms_web.demo

    calls: list[Path] = []

    def seed(oms) -> None:
        calls.append(oms.settings.instance)
        if len(calls) == 1:
            raise RuntimeError("power cut")

    monkeypatch.setattr(oms_web.demo, "seed", seed)
    return calls


def test_an_interrupted_first_start_fills_the_demo_at_the_next_and_never_again(oms, seeds, capsys):
    with pytest.raises(RuntimeError):
        prepare(oms, "a@example.test", demo=True, say=print)
    assert "password" in capsys.readouterr().out
    prepare(oms, "a@example.test", demo=True, say=print)
    assert "password" not in capsys.readouterr().out
    prepare(oms, "a@example.test", demo=True, say=print)
    assert len(seeds) == 2
    assert not (oms.settings.instance / DEMO_WANTED).exists()


def test_an_empty_first_start_never_gets_a_demo(oms, seeds):
    prepare(oms, "a@example.test", demo=False, say=print)
    prepare(oms, "a@example.test", demo=True, say=print)
    assert seeds == []
