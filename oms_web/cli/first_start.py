"""What must be there before anything is served: database, owner, demo shop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import click
from sqlalchemy import text

from oms_web.cli.database import make_ready
from oms_web.core.actor import SYSTEM
from oms_web.core.pdf_libraries import missing_packages
from oms_web.domain.users.service import first_owner
from oms_web.flows import own_shop
from oms_web.wiring import Oms

# Lies in the instance folder from the making of the owner until the demo shop is filled, so that
# a first start that was interrupted fills it at the next one, and no later start ever does.
DEMO_WANTED = "first-start-demo"

Say = Callable[[str], None]


def prepare(oms: Oms, owner: str, *, demo: bool, say: Say) -> None:
    """Bring database, owner and demo shop into being; what is there already is left alone.

    Raises:
        NotAllowedNow: the database needs an upgrade that is not made unasked.
    """
    make_ready(oms, say)
    mark = oms.settings.instance / DEMO_WANTED
    account = first_owner(oms.works, owner, first_language())
    if account is not None:
        _show_account(*account)
        if demo:
            mark.touch()
        else:
            with oms.works.writing(SYSTEM) as work:
                own_shop.open_shop(work, first_language())
    if mark.exists():
        begun = time.monotonic()
        from oms_web.demo import seed  # only a first start needs it

        seed(oms)
        mark.unlink()
        say(f"demo shop filled in {time.monotonic() - begun:.1f} s; 'Start my own shop' in the "
            "first-day guide clears it")
    absent = missing_packages()
    if absent:
        say(f"PDF documents are unavailable until: apt-get install {' '.join(absent)}")


def _show_account(email: str, password: str) -> None:
    click.echo(
        "\n    Your owner account, shown this once:\n"
        f"        e-mail    {email}\n"
        f"        password  {password}\n"
    )


def first_language() -> str:
    """The owner's language: English where this machine speaks it, else Polish."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "en" if spoken.startswith("en") else "pl"


def has_demo(oms: Oms) -> bool:
    """Whether the shop has an account at the simulated marketplace."""
    with oms.engine.connect() as connection:
        return connection.execute(text(
            "SELECT 1 FROM channel_account WHERE connector = 'demo' AND archived_at IS NULL"
        )).first() is not None
