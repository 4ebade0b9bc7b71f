"""``oms connectors check`` and ``new``: the conformance kit, and a package to begin with."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import click
from oms_connector import Connector

from oms_web.cli.database import opened
from oms_web.core.actor import Actor
from oms_web.core.errors import OmsError
from oms_web.sync import quality
from oms_web.sync.registry import load_registry

KEY = re.compile(r"[a-z][a-z0-9]{1,19}")
NOTHING_SAID = "It is not said why."
SHELL = Actor("cli", "shell")
SHOP, CARRIER = "leaf", "pigeon"
"""The packages that a new one is copied of: folders beside the kit, and their own names."""


@click.command("check")
@click.argument("name")
@click.option("--kit", metavar="FILE", help="The kit's file, where the package brings none.")
def check(name: str, kit: str | None) -> None:
    """Check a connector's promises; exit code 1 if one is broken."""
    found = load_registry().get(name)
    if found is None:
        raise click.ClickException(f"No connector is called {name}. See: oms connectors list")
    if importlib.util.find_spec("pytest") is None:
        raise click.ClickException("The kit needs pytest. Install it: pip install pytest")
    from oms_connector.testing import NothingChecked, module_of, run

    module = kit or module_of(found)
    if kit is None and not _exists(module):
        raise click.ClickException(
            f"{name} brings no {module}. Write one (docs/connectors/kit.md), or name a file: "
            "--kit FILE")
    try:
        report = run(module)
    except NothingChecked as error:
        raise click.ClickException(f"Nothing was checked.\n{error}") from error
    for result in report.results:
        if result.outcome != "passed":
            click.echo(f"{result.number:>3} {result.outcome:<15} {result.reason or NOTHING_SAID}")
    count = {outcome: sum(one.outcome == outcome for one in report.results)
             for outcome in ("passed", "not applicable")}
    click.echo(f"{report.connector}: {report.level or 'no level yet'}, {count['passed']} kept, "
               f"{len(report.failed)} broken")
    _keep(found, report.connector, quality.Found(
        report.level, count["passed"], count["not applicable"],
        [(one.number, one.reason or NOTHING_SAID) for one in report.failed]))
    if report.failed:
        raise SystemExit(1)


def _keep(connector: type[Connector], checked: str, found: quality.Found) -> None:
    """Let the channels' pages show it, where there is an installation."""
    if checked != connector.manifest.key:
        click.echo(f"Not kept: the kit is about {checked}.", err=True)
        return
    try:
        with opened().works.writing(SHELL) as work:
            quality.note(work, connector, found)
    except OmsError as error:
        click.echo(f"Not kept, so that the app does not show it: {error}", err=True)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@click.command("new")
@click.argument("key")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path(),
              show_default="here", help="The folder that the package's folder is made in.")
@click.option("--carrier", is_flag=True, help="It sells labels, and has no orders.")
def new(key: str, into: Path, carrier: bool) -> None:
    """Begin a connector: a package that passes the kit."""
    if not KEY.fullmatch(key):
        raise click.ClickException(
            f"{key!r} cannot be a key: 2 to 20 small letters and digits, a letter first.")
    if load_registry().get(key) is not None:
        raise click.ClickException(f"A connector is called {key} already.")
    target = into / f"oms-{key}"
    if target.exists():
        raise click.ClickException(f"{target} is there already.")
    _copy(CARRIER if carrier else SHOP, target, key)
    click.echo(f"{target}: a connector for {key.capitalize()}, and a stand-in to check it against.")
    click.echo(f"Install it   {Path(sys.executable).with_name('pip')} install -e {target}")
    click.echo(f"Check it     oms connectors check {key}")
    page = "carriers.md" if carrier else "writing.md"
    click.echo(f"Then make it yours; docs/connectors/{page} says how.")


def _copy(name: str, target: Path, key: str) -> None:
    from oms_connector import testing

    source = Path(testing.__file__).parent / name
    for file in sorted(source.rglob("*")):
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        place = target / str(file.relative_to(source)).replace(name, key)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_renamed(file.read_text("utf-8"), name, key), "utf-8")


def _renamed(text: str, name: str, key: str) -> str:
    letters = 'letters="{}"'.format
    text = text.replace(letters(name[:2].capitalize()), letters(key[:2].capitalize()))
    return text.replace(name, key).replace(name.capitalize(), key.capitalize())
