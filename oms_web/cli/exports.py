"""``oms export``: a whole list as a file. The web exports what is filtered; this is for scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import click

from oms_web.adapters import sheets
from oms_web.cli.database import check_folder, opened
from oms_web.core.actor import Actor
from oms_web.core.errors import Invalid
from oms_web.core.sheet import Sheet
from oms_web.domain.audit import exports as trail
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.queries import Filter
from oms_web.domain.catalog import exports as catalog
from oms_web.domain.channels import exports as channels
from oms_web.domain.channels.offers import OfferFilter
from oms_web.domain.documents import exports as documents
from oms_web.domain.documents.queries import Asked
from oms_web.domain.orders import exports as orders
from oms_web.domain.shipping import exports as shipping
from oms_web.domain.stock import exports as stock
from oms_web.domain.stock.ledger import LedgerFilter
from oms_web.domain.stock.overview import StockFilter
from oms_web.domain.users import exports as users
from oms_web.sync import exports as sync

SHELL = Actor("cli", "shell")

# What can be exported: name -> the sheet, at a moment.
LISTS: dict[str, Callable[[datetime], Sheet]] = {
    "audit": lambda _now: trail.trail(Filter()),
    "bins": lambda _now: stock.bins(),
    "documents": lambda _now: documents.documents(Asked()),
    "ledger": lambda _now: stock.moves(LedgerFilter()),
    "offers": lambda _now: channels.listings(OfferFilter("")),
    "orders": lambda _now: orders.orders(lambda _session: ()),
    "people": lambda _now: users.people(),
    "products": lambda _now: catalog.products(),
    "quarantine": lambda _now: sync.unread(),
    "shipments": lambda _now: shipping.shipments(),
    "stock": lambda now: stock.stock(StockFilter(), now),
    "stock-documents": lambda _now: stock.documents(),
}


@click.command()
@click.argument("what", type=click.Choice(sorted(LISTS)))
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--overwrite", is_flag=True, help="Replace TARGET if it is there.")
def export(what: str, target: Path, overwrite: bool) -> None:
    """Write the list WHAT to TARGET: a .csv or .xlsx file, or - for CSV on standard output."""
    to_screen = str(target) == "-"
    kind = "csv" if to_screen else target.suffix.lower().removeprefix(".")
    if kind not in sheets.FORMATS:
        raise Invalid("The file's name must end in .csv or .xlsx.", "target")
    if not to_screen and target.exists() and not overwrite:
        raise Invalid("%(file)s is already there.", "target", file=target)
    if not to_screen:
        check_folder(target)
    oms = opened()
    with oms.works.writing(SHELL) as work:
        sheet = LISTS[what](work.now)
        audit.record(work, "list.export", sheet.name, None, {"format": [None, kind]})
    rows = sheets.batches(oms.works, SHELL, sheet)
    content = sheets.write_csv(sheet, rows) if kind == "csv" else sheets.write_xlsx(sheet, rows)
    if to_screen:
        for chunk in content:
            click.echo(chunk, nl=False)
        return
    _write(target, content)
    click.echo(f"{target}  {target.stat().st_size:,} bytes")


def _write(target: Path, content: Iterable[bytes]) -> None:
    """Written aside first, so that a half list never looks like a whole one."""
    aside = target.with_name(f"{target.name}.part")
    try:
        with aside.open("wb") as out:
            out.writelines(content)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
