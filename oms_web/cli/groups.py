"""Groups of commands that answer a wrong guess with what was probably meant."""

from __future__ import annotations

from difflib import get_close_matches

import click

# What people type when they look for something that has another name here.
MEANT = {
    "backup": "db backup", "restore": "db backup", "upgrade": "db upgrade",
    "migrate": "db upgrade", "downgrade": "db downgrade", "status": "db status",
    "orders": "import orders", "products": "import products", "profiles": "import profiles",
    "place": "demo place", "seed": "demo seed", "market": "demo market",
    "password": "users password", "check": "doctor", "run": "serve", "start": "serve",
    "worker": "work", "pull": "sync", "push": "sync",
}


class Group(click.Group):
    """A group that says which command was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a hint when there is no such command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            meant = self._meant(ctx, args[0])
            if meant is None:
                raise
            raise click.UsageError(
                f"No such command '{args[0]}'. Did you mean '{meant}'?", ctx) from None

    def _meant(self, ctx: click.Context, typed: str) -> str | None:
        top = ctx.find_root().info_name or "oms"
        if ctx.parent is None and typed in MEANT:
            return f"{top} {MEANT[typed]}"
        near = get_close_matches(typed.lower(), self.list_commands(ctx), 1)
        return f"{ctx.command_path} {near[0]}" if near else None
