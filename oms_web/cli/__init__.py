"""The shell door: ``oms <anything>``. Each command's module is loaded when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from oms_web.cli.groups import Group
from oms_web.core.errors import OmsError
from oms_web.paths import CHECKOUT

# command -> module of oms_web.cli that holds it, and its line in the help: so that neither help
# nor a command waits for the imports of another.
COMMANDS = {
    "connectors": ("connectors", "List the connectors that are installed."),
    "db": ("database", "The database: its state, upgrades, backups."),
    "demo": ("demo", "The demo shop and its marketplace."),
    "doctor": ("doctor", "Check the machine and the books."),
    "export": ("exports", "Write a list to a CSV or XLSX file."),
    "import": ("imports", "Take in files of orders, products or stock."),
    "ksef-standin": ("ksef_standin", "Run a KSeF that does not exist, to rehearse on."),
    "serve": ("serve", "Serve the shop; make it on the first start."),
    "sync": ("sync", "Ask channels now instead of at their next turn."),
    "users": ("users", "People who may sign in."),
    "work": ("serve", "Do the background work until told to stop."),
}


# What only the script ./oms of a checkout can do: it sets up before this program is there.
IN_CHECKOUT = (
    ("setup", "Set up what is missing, and stop."),
    ("test", "Run the tests; arguments go to pytest."),
)


class LazyGroup(Group):
    """A group whose commands are looked up in ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"oms_web.cli.{COMMANDS[cmd_name][0]}")
        return getattr(module, cmd_name.replace("import", "import_").replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])
        if (CHECKOUT / "oms").is_file() and (CHECKOUT / "pyproject.toml").is_file():
            with formatter.section("Commands of ./oms in a checkout"):
                formatter.write_dl(list(IN_CHECKOUT))


@click.group(cls=LazyGroup)
@click.version_option(package_name="oms-web")
def cli() -> None:
    """Order management: every order from every channel in one place."""


def main() -> None:
    """The entry point: refusals become one line on stderr and exit code 1."""
    try:
        cli(prog_name="oms")
    except OmsError as error:
        click.echo(f"oms: {error}", err=True)
        sys.exit(1)
