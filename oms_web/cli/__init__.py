"""The shell door: ``oms <anything>``. Each group of commands is a module, loaded when called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from oms_web.core.errors import OmsError

# command -> module of oms_web.cli that holds a click command of the same name
COMMANDS = {
    "serve": "serve", "work": "serve", "db": "database", "doctor": "doctor", "import": "imports",
    "export": "exports", "users": "users", "demo": "demo", "connectors": "connectors",
    "sync": "sync",
}


class LazyGroup(click.Group):
    """Loads a command's module only when it is used, so that ``oms --help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"oms_web.cli.{COMMANDS[cmd_name]}")
        return getattr(module, cmd_name.replace("import", "import_"))


@click.group(cls=LazyGroup)
@click.version_option(package_name="oms-web")
def cli() -> None:
    """Order management: every order from every channel in one place."""


def main() -> None:
    """The entry point: refusals become one line on stderr and exit code 1."""
    try:
        cli(standalone_mode=True)
    except OmsError as error:
        click.echo(f"oms: {error}", err=True)
        sys.exit(1)
